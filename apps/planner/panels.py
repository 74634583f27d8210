"""The HTML of the planner's pages, from values: pure functions. Everything from outside is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from apps.plain_words import plain_words
from apps.planner.remedies import TITLES, who_acts, why_words
from apps.planner.step_words import step_words
from apps.tables import heads_html, table_html
from lfr_core.common.counts import counted, expected_count
from lfr_core.common.quality.findings import Finding
from lfr_core.deployments.application import Application, Authority
from lfr_core.deployments.false_alert_forecast import FalseAlertForecast
from lfr_core.deployments.list_history import EarlierList
from lfr_core.deployments.readiness import CalendarEntry, DeploymentOverview, ListShare, ReadinessItem
from lfr_core.deployments.reading import TimelineEntry
from lfr_core.deployments.withholding_requests import WithholdingRequest
from lfr_core.domain.categories import category_words
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.working_days import LONDON
from lfr_core.watchlists.quality.result import ListQuality

__all__ = [
    "application_html",
    "asked_html",
    "coming_html",
    "empty",
    "fault_html",
    "forecast_html",
    "head_html",
    "list_html",
    "month",
    "quality_html",
    "readiness_html",
    "timeline_html",
]

_STATUS: Mapping[DeploymentStatus, tuple[str, str]] = {
    DeploymentStatus.DRAFT: ("draft", "its planner hasn't applied yet"),
    DeploymentStatus.APPLIED: ("wait", "waits for the authorising officer"),
    DeploymentStatus.AUTHORISED: ("wait", "waits for its list"),
    DeploymentStatus.LIST_BUILT: ("wait", "its list waits for approval"),
    DeploymentStatus.LIST_APPROVED: ("wait", "to be made ready"),
    DeploymentStatus.READY: ("good", "opens when its hours begin"),
    DeploymentStatus.LIVE: ("live", "is running"),
    DeploymentStatus.SUSPENDED: ("bad", "stands still"),
    DeploymentStatus.ENDED: ("draft", "is over"),
    DeploymentStatus.CANCELLED: ("draft", "was given up"),
}
_MOST_FINDINGS = 200
"""On one page; the report has them all."""


def fault_html(words: str) -> str:
    """Say beside a field what is wrong with it."""
    return f'<p class="pln-fault" role="alert">{escape(words)}</p>'


def empty(words: str) -> str:
    return f'<p class="pln-empty">{escape(words)}</p>'


def month(at: datetime) -> str:
    """Return the heading under which a deployment stands in the calendar."""
    return f"{at.astimezone(LONDON):%B %Y}"


def coming_html(one: CalendarEntry) -> str:
    """Show a line of the calendar."""
    made = one.application
    starts = made.starts_at.astimezone(LONDON)
    return (
        f'<div class="pln-coming"><p class="pln-day"><b>{starts:%d}</b> {starts:%a}</p>'
        f'<div><p class="pln-name">{escape(one.name)} {_pill(one.status)}</p>'
        f'<p class="pln-facts">{escape(made.place)} · {_hours(made)} · {_STATUS[one.status][1]}</p></div></div>'
    )


def head_html(one: DeploymentOverview) -> str:
    """Show which deployment it is, where it stands, whose it is."""
    made, planned = one.application, one.planned
    suspended = f" · suspended: {escape(one.suspended_why)}" if one.suspended_why else ""
    earlier = planned.ends_at.astimezone(LONDON)
    ends = f", ends earlier, at {earlier:%H:%M}" if planned.ends_at < made.ends_at else ""
    officer = f" · authorised by {escape(planned.officer)}" if planned.officer else ""
    return (
        f'<h2 class="pln-title">{escape(one.name)} {_pill(one.view.status)}</h2>'
        f'<p class="pln-facts">{escape(one.view.kind.value).capitalize()} · revision {made.revision}'
        f" · {_day(made.starts_at)}, {_hours(made)}{ends} · {escape(made.place)}"
        f" · planned by {escape(planned.planner)}{officer}{suspended}</p>"
    )


def asked_html(asked: WithholdingRequest) -> str:
    """Show that somebody asks to withhold its notice, and who answers."""
    return f'<p class="pln-facts">{_moment(asked.asked_at)}: {escape(asked.words)}.</p>'


def readiness_html(one: DeploymentOverview) -> str:
    """Show every condition of the gate, red or green in words too, and who must act."""
    readiness = one.readiness
    met = sum(line.finding.met for line in readiness)
    rows = "".join(_condition(line, one) for line in readiness)
    heads = heads_html(("Condition", "State", "Why", "Who must act"))
    words = f"{met} of {len(readiness)} conditions are met"
    return table_html(rows, heads=heads, words=words, kind="pln-table pln-readiness")


def forecast_html(found: FalseAlertForecast, *, title: str = "Forecast of the list") -> str:
    """Show expected false alerts with their interval, and whether the public claim rests on a measurement."""
    of = found.forecast
    number = "not measured" if of is None else f"about {_alerts(of.expected)}"
    span = "" if of is None else f"<p>Most likely between {expected_count(of.low)} and {expected_count(of.high)}</p>"
    more = "" if of is None else f"<p>With 1,000 more people on the list: {expected_count(of.per_1000_more)} more</p>"
    claim = ("is-good", "shown by an evaluation") if found.shown else ("is-bad", "not shown by an evaluation")
    return (
        f'<section class="pln-card pln-forecast" aria-live="polite"><h3>{escape(title)}</h3>'
        f'<p class="pln-number">{number}</p>{span}{more}'
        f"<p>The public is told under 1 in {found.one_in:,} faces, here at most {expected_count(found.allowed)} "
        f'<span class="pln-pill {claim[0]}">{claim[1]}</span></p>'
        f'<p class="pln-small">{escape(found.basis)}</p></section>'
    )


def _alerts(expected: float) -> str:
    number = expected_count(expected)
    return f"{number} false alert{'' if number == '1' else 's'}"


def application_html(made: Application, authority: Authority | None) -> str:
    """Show what was asked for, and what was decided."""
    asked = {
        "Use case": made.use_case.value,
        "Purpose": made.purpose,
        "Footprint": made.footprint,
        "Cameras": ", ".join(made.cameras),
        "Who is looked for": made.sought,
        "Necessity": made.necessity,
        "Proportionality": made.proportionality,
        "Grounds": made.grounds,
        "Threshold": f"{made.threshold:g}" + (f": {made.threshold_reason}" if made.threshold_reason else ""),
        "List, at most": f"{counted(made.list_cap, 'person')}",
        "Faces expected": f"{made.expected_faces:,}",
        "Applied": f"{made.applied_by}, {_moment(made.applied_at)}",
    }
    if authority is not None:
        word = "Authorised" if authority.granted else "Refused"
        asked[word] = f"{authority.by}, {authority.rank.value}, {_moment(authority.at)}: {authority.reason}"
        if authority.granted:
            forecast = authority.expected_false_alerts
            expected = "not measured" if forecast is None else expected_count(forecast)
            signed = "; signed that the public claim is not shown" if authority.claim_not_shown else ""
            asked["Signed for"] = (
                f"at most 1 false alert in {authority.false_alerts_one_in:,} faces; false alerts expected: "
                f"{expected}{signed}"
            )
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in asked.items())
    return f'<dl class="pln-dl">{rows}</dl>'


def list_html(one: DeploymentOverview, before: EarlierList | None = None) -> str:
    """Show the list as built: how many of each category, and what changed since the list before."""
    if not one.planned.list_digest:
        return empty("There is no list yet.")
    built = f", built {_moment(one.list_built_at)}" if one.list_built_at else ""
    rows = "".join(
        f"<tr><td>{escape(category_words(share.category))}</td>"
        f"<td>{share.people:,}</td><td>{share.images:,}</td>{_change(share, before)}</tr>"
        for share in one.composition
    )
    approved = "approved" if one.planned.list_is_approved else "not approved"
    heads = heads_html(("Category", "People", "Photographs", *_since(before)))
    words = "Composition by category, test subjects left out"
    table = table_html(rows, heads=heads, words=words, kind="pln-table")
    return (
        f"<p>People on it: {one.list_people:,} of at most {one.application.list_cap:,}{built} by "
        f"{escape(one.planned.compiler)}; {approved}.</p>{table}{_list_dropped_categories(one, before)}"
    )


def _since(before: EarlierList | None) -> tuple[str, ...]:
    if before is None:
        return ()
    built = before.built_at.astimezone(LONDON)
    return (f"Since {before.name}, {built.day} {built:%B}",)


def _change(share: ListShare, before: EarlierList | None) -> str:
    if before is None:
        return ""
    more = share.people - before.people.get(share.category, 0)
    return f"<td>{f'{more:+,}' if more else 'as many'}</td>"


def _list_dropped_categories(one: DeploymentOverview, before: EarlierList | None) -> str:
    """Name the categories that the list before had and this one hasn't."""
    here = {share.category for share in one.composition}
    gone = [] if before is None else sorted(set(before.people) - here)
    words = ", ".join(category_words(each) for each in gone)
    return f'<p class="pln-facts">No longer on it: {escape(words)}.</p>' if gone else ""


def quality_html(found: ListQuality | None) -> str:
    """Show entries that the suite refuses, with the reason; then those to look at."""
    if found is None:
        return empty("No report on a list for this deployment.")
    refused = [each for each in found.findings if each.refuses]
    flagged = [each for each in found.findings if not each.refuses]
    looked = f"{counted(found.rows, 'row')} looked at on {found.today.day} {found.today:%B %Y}"
    parts = [f"<p>{looked}; {counted(found.minors, 'person')} under 18.</p>"]
    parts.append(_findings(refused, f"{len(refused):,} refused") if refused else empty("No entry is refused."))
    if flagged:
        parts.append(_findings(flagged, f"{len(flagged):,} to look at, not refused"))
    if found.unchecked:
        left = "; ".join(f"{each.rule.replace('-', ' ')} ({each.why})" for each in found.unchecked)
        parts.append(f'<p class="pln-small">Not checked: {escape(left)}</p>')
    return "".join(parts)


def timeline_html(entries: Sequence[TimelineEntry]) -> str:
    """Show what was done, in order."""
    if not entries:
        return empty("Nothing was done yet.")
    rows = "".join(
        f"<tr><td>{_moment(each.at)}</td><td>{escape(step_words(each.step))}</td><td>{_who(each.by)}</td>"
        f"<td>{escape(each.status)}</td><td>{each.revision}</td><td>{escape(plain_words(each.note))}</td></tr>"
        for each in entries
    )
    heads = heads_html(("When", "What was done", "By", "It is then", "Revision", "Note"))
    return table_html(rows, heads=heads, words="Times in London", kind="pln-table")


def _who(by: str) -> str:
    """Return who did it, for people: software's name on the audit trail, as system:flows, is nobody's word."""
    return "the platform itself" if by.startswith("system:") else escape(by)


def _condition(line: ReadinessItem, of: DeploymentOverview) -> str:
    one = line.finding
    state = (
        ("is-unseen", "not known here")
        if not line.looked
        else ("is-met", "met")
        if one.met
        else ("is-missing", "missing")
    )
    who = "" if one.met else escape(who_acts(line, of.view.status))
    return (
        f'<tr class="{state[0]}"><th scope="row">{escape(TITLES[one.condition])}</th>'
        f'<td><span class="pln-state">{state[1]}</span></td><td>{escape(why_words(line, of))}</td><td>{who}</td></tr>'
    )


def _findings(found: Sequence[Finding], caption: str) -> str:
    rows = "".join(
        f"<tr><td>{'list' if each.line is None else each.line}</td>"
        f"<td>{escape(each.message)}</td><td>{escape(each.rule.replace('-', ' '))}</td></tr>"
        for each in found[:_MOST_FINDINGS]
    )
    more = "" if len(found) <= _MOST_FINDINGS else f"; the first {_MOST_FINDINGS}, the report has all"
    return table_html(rows, heads=heads_html(("Line", "Why", "Rule")), words=caption + more, kind="pln-table")


def _pill(status: DeploymentStatus) -> str:
    return f'<span class="pln-pill is-{_STATUS[status][0]}">{escape(status.value)}</span>'


def _hours(made: Application) -> str:
    starts, ends = made.starts_at.astimezone(LONDON), made.ends_at.astimezone(LONDON)
    return f"{starts:%H:%M} to {ends:%H:%M}" + ("" if starts.date() == ends.date() else f" on {ends.day} {ends:%B}")


def _day(at: datetime) -> str:
    local = at.astimezone(LONDON)
    return f"{local:%A} {local.day} {local:%B %Y}"


def _moment(at: datetime) -> str:
    local = at.astimezone(LONDON)
    return f"{local.day} {local:%B %Y, %H:%M}"
