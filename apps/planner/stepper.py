"""A deployment's life as eight steps: which are done, what each still lacks, who acts, which act mends it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Final

from apps.planner.remedies import NOBODY, TITLES, Act, Remedy, find_remedy, who_acts, why_words
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.readiness import DeploymentOverview, ReadinessItem
from lfr_core.deployments.steps import RULES, Step
from lfr_core.domain.deployments import DeploymentStatus as Status
from lfr_core.domain.gate import Condition

__all__ = [
    "CONDITIONS",
    "LifecycleStep",
    "RedLine",
    "StepState",
    "is_drawn",
    "lifecycle_steps",
    "nothing_to_do",
    "offered_acts",
    "red_line_html",
    "step_html",
    "steps_html",
]


class StepState(StrEnum):
    """How a step stands. The value is the word on the page."""

    DONE = "done"
    NOW = "now"
    LATER = "later"
    STOPPED = "given up"


@dataclass(frozen=True, slots=True)
class RedLine:
    """Something that a step lacks."""

    title: str
    why: str
    who: str
    """Which role acts."""
    remedy: Remedy | None
    is_missing: bool = True
    """False: it comes by itself, and may be done earlier."""


@dataclass(frozen=True, slots=True)
class LifecycleStep:
    """One step of the eight."""

    title: str
    state: StepState
    red: tuple[RedLine, ...]


_LINE: Final = list(Status)
CONDITIONS: Final[Mapping[str, tuple[Condition, ...]]] = {
    "Apply": (),
    "Authorise": (Condition.DOCUMENTS_IN_DATE, Condition.AUTHORITY),
    "List": (Condition.LIST_IN_PLACE, Condition.LIST_APPROVED, Condition.LIST_FRESH, Condition.BOUND),
    "Announce": (Condition.ANNOUNCED,),
    "Ready": (Condition.SIGNAGE, Condition.BRIEFING),
    "Live": (
        Condition.GALLERY_UNCHANGED,
        Condition.PROVEN,
        Condition.WITHIN_HOURS,
        Condition.LIVE,
        Condition.OPERATOR_ATTENDING,
        Condition.AUDIT_WRITABLE,
        Condition.RECORDS_ON_TRAIL,
    ),
    "Closing": (),
    "Published": (),
}
"""Which conditions of the gate each step shows. The vault alone looks at CLOCK_SANE, whenever it lends a key."""
_LEADS_NOWHERE: Final = frozenset({Step.CANCEL, Step.PLAN, Step.SHORTEN, Step.EXTEND})
_P, _AO, _OP = Role.PLANNER, Role.AUTHORISING_OFFICER, Role.OPERATOR


def lifecycle_steps(one: DeploymentOverview, *, published: bool) -> tuple[LifecycleStep, ...]:
    """Lay a planned deployment out as steps. `published`: whether its record has been published."""
    status, items = one.view.status, {item.finding.condition: item for item in one.readiness}
    done = _find_done_steps(one, published=published)
    found = []
    for title, conditions in CONDITIONS.items():
        red = () if status.is_over else tuple(_red(items[each], one) for each in conditions if _is_red(items.get(each)))
        red = _list_lacks(title, one, published=published) or red
        if status is Status.CANCELLED:
            state, red = StepState.DONE if done[title] else StepState.STOPPED, ()
        elif done[title]:
            state = StepState.DONE
        else:
            state = StepState.NOW if _has_begun(title, done, status) else StepState.LATER
        found.append(LifecycleStep(title, state, red))
    return tuple(found)


def _find_done_steps(one: DeploymentOverview, *, published: bool) -> Mapping[str, bool]:
    status = one.view.status
    ended, opened = status is Status.ENDED, status in {Status.LIVE, Status.SUSPENDED, Status.ENDED}
    return {
        "Apply": status is not Status.DRAFT,
        "Authorise": bool(one.planned.officer),
        "List": ended or one.planned.list_is_approved,
        "Announce": ended or one.planned.announced,
        "Ready": opened or status is Status.READY,
        "Live": ended,
        "Closing": ended,
        "Published": published,
    }


def _has_begun(title: str, done: Mapping[str, bool], status: Status) -> bool:
    """List and announcement go side by side, once it is authorised, and it closes out of being live; every other step
    follows the one before.
    """
    if title == "Closing":
        return status in {Status.LIVE, Status.SUSPENDED}
    titles = list(done)
    return all(done[each] for each in (["Authorise"] if title == "Announce" else titles[: titles.index(title)]))


def _is_red(item: ReadinessItem | None) -> bool:
    return item is not None and item.looked and not item.finding.met


def _red(item: ReadinessItem, one: DeploymentOverview) -> RedLine:
    condition = item.finding.condition
    status = one.view.status
    who = who_acts(item, status)
    return RedLine(TITLES[condition], why_words(item, one), who, find_remedy(condition, status), who != NOBODY)


def _list_lacks(title: str, one: DeploymentOverview, *, published: bool) -> tuple[RedLine, ...]:
    """List what a step lacks that is no condition of the gate."""
    status = one.view.status
    if title == "Apply" and status is Status.DRAFT:
        remedy = Remedy(Act.APPLY, "Apply for authority", frozenset({_P}))
        return (RedLine("Application", "It is a draft: nobody has applied for it yet.", _P.value, remedy),)
    if title == "Ready" and status is Status.LIST_APPROVED and one.signage_by and one.briefing_by:
        remedy = Remedy(Act.READY, "Call it ready", frozenset({_P, _OP}))
        return (RedLine("Ready", "Signs and briefing are confirmed; somebody calls it ready.", _P.value, remedy),)
    if title == "Closing" and status in {Status.LIVE, Status.SUSPENDED}:
        remedy = Remedy(Act.CLOSE, "Close it", frozenset({_P, _OP, _AO}))
        why = "It closes by itself when its hours end. It may be closed earlier."
        return (RedLine("Closing", why, _P.value, remedy, is_missing=False),)
    if title == "Published" and status is Status.ENDED and not published:
        why = (
            "Its results are published once operators have judged its alerts, on their page and before alerts are "
            "deleted, and at the latest when they are due."
        )
        return (RedLine("Results", why, Role.PUBLICATION_OFFICER.value, None),)
    return ()


def offered_acts(one: DeploymentOverview, roles: frozenset[Role]) -> frozenset[Act]:
    """Find the acts that have a button beside a red line for somebody of these roles."""
    steps = lifecycle_steps(one, published=False)
    remedies = (line.remedy for step in steps if is_drawn(step) for line in step.red)
    return frozenset(remedy.act for remedy in remedies if remedy is not None and remedy.roles & roles)


def nothing_to_do(one: DeploymentOverview) -> str:
    """Say that somebody has nothing to do here, and whose turn it is."""
    leads_on = (rule for step, rule in RULES.items() if one.view.status in rule.froms and step not in _LEADS_NOWHERE)
    waits = ", ".join(sorted({role.value for rule in leads_on for role in rule.roles}))
    return f"Nothing for you to do here now. Next: {waits}." if waits else "Nothing is left to do here."


def is_drawn(step: LifecycleStep) -> bool:
    """Return whether its lines are shown: those of steps to come aren't."""
    return step.state is StepState.NOW or bool(step.red and step.state is StepState.DONE)


def steps_html(steps: tuple[LifecycleStep, ...]) -> str:
    """Show all steps in one line, with the word of each."""
    cells = "".join(
        f'<li class="is-{_CLASS[each.state]}"{" aria-current=step" if each.state is StepState.NOW else ""}>'
        f"<b>{number}</b> {each.title}<small>{each.state.value}</small></li>"
        for number, each in enumerate(steps, start=1)
    )
    return f'<ol class="pln-steps" aria-label="Steps of the deployment">{cells}</ol>'


def step_html(step: LifecycleStep) -> str:
    """Draw the heading above what a step lacks."""
    missing = sum(line.is_missing for line in step.red)
    count = f"{missing} missing" if missing else "nothing missing"
    return f'<h4 class="pln-step">{escape(step.title)} <small>{count}</small></h4>'


def red_line_html(line: RedLine, names: str) -> str:
    """Show what is missing, or may be done, why, and who acts. `names`: of those who hold the role."""
    who = f"Who acts: {line.who}{f' ({names})' if names else ''}."
    if line.who == NOBODY:
        who = "Nobody has to act: it comes by itself."
    kind = "pln-red" if line.is_missing else "pln-open"
    return (
        f'<p class="{kind}"><strong>{escape(line.title)}</strong> {escape(line.why)} '
        f'<span class="pln-small">{escape(who)}</span></p>'
    )


_CLASS: Final = {StepState.DONE: "done", StepState.NOW: "now", StepState.LATER: "later", StepState.STOPPED: "stopped"}
