"""The values of an application's form, and everything that is wrong with them: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta

from pydantic import ValidationError

from apps.plain_words import plain_words
from lfr_core.common.counts import counted
from lfr_core.common.errors import Refused
from lfr_core.deployments.application import Application, ApplicationForm, application_faults
from lfr_core.deployments.locking import check_id
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.figures import UseCase
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON

__all__ = ["LABELS", "CheckedForm", "FormValues", "check_values", "explanations", "first_draft", "values_of"]

LABELS: Mapping[str, str] = {
    "id": "Short name",
    "name": "Name",
    "kind": "Kind",
    "place": "Place, as the public knows it",
    "footprint": "Where cameras may stand",
    "start_day": "First day",
    "start": "Begins at",
    "end_day": "Last day",
    "end": "Ends at",
    "use_case": "Use case",
    "purpose": "Purpose, as it will be announced",
    "sought": "Who is looked for",
    "necessity": "Why it is necessary",
    "proportionality": "Why it is proportionate",
    "grounds": "Why listed people are expected there",
    "threshold": "How alike two faces must be (threshold)",
    "threshold_reason": "Why this threshold",
    "list_cap": "People on the list, at most",
    "expected_faces": "Faces expected",
    "cameras": "Cameras, one a line",
    "watchlist_folder": "Folder of the watchlist",
}


@dataclass(frozen=True, slots=True)
class FormValues:
    """What stands in the fields. Days and times are London's; None where a field is empty."""

    id: str
    name: str
    kind: DeploymentKind
    place: str
    footprint: str
    start_day: date | None
    start: time | None
    end_day: date | None
    end: time | None
    use_case: UseCase
    purpose: str
    sought: str
    necessity: str
    proportionality: str
    grounds: str
    threshold: float
    threshold_reason: str
    list_cap: int
    expected_faces: int
    cameras: str
    watchlist_folder: str


@dataclass(frozen=True, slots=True)
class CheckedForm:
    """An application, or what is wrong with what was typed: one sentence each."""

    form: ApplicationForm | None
    faults: tuple[str, ...]
    beside: Mapping[str, str] = field(default_factory=dict)
    """What stands beside a field, by its name."""


def check_values(given: FormValues, policy: Policy, *, now: datetime) -> CheckedForm:
    """Check what was typed by the application's form and the policy. `now` is aware.

    What only the records know (overlaps, roles, ids that are taken) the planning service says.
    """
    faults: list[str] = []
    beside: dict[str, str] = {}
    try:
        check_id(given.id)
    except Refused as refused:
        faults.append(f"{LABELS['id']}: {plain_words(str(refused)) if given.id.strip() else 'fill it in'}.")
        beside["id"] = faults[-1]
    starts = _moment("start", given.start_day, given.start, faults)
    ends = _moment("end", given.end_day, given.end, faults)
    beside |= {each.split(":")[0].lower(): each for each in faults if each.startswith(("Start:", "End:"))}
    times_known = starts is not None and ends is not None
    if starts is None or ends is None:
        starts, ends = now, now + timedelta(hours=1)  # so that everything else is looked at as well
    values = {name: getattr(given, name) for name in _OWN} | {
        "cameras": tuple(part for part in re.split(r"[\s,;]+", given.cameras) if part),
        "starts_at": starts,
        "ends_at": ends,
    }
    try:
        form = ApplicationForm.model_validate(values)
    except ValidationError as error:
        for each in error.errors():
            faults.append(_sentence(each["loc"], each["type"], each["msg"]))
            beside.setdefault(str(each["loc"][0]) if each["loc"] else "end", faults[-1])
        return CheckedForm(None, tuple(dict.fromkeys(faults)), beside)
    about_times = {"deployment.past-window", "deployment.too-long", "deployment.clock-change"}
    found = application_faults(form, policy, now=now)
    for fault in found:
        if times_known or fault.rule not in about_times:
            faults.append(f"{_capital(str(fault))}.")
            beside.setdefault(_FIELD_OF[fault.rule], faults[-1])
    return CheckedForm(None if faults else form, tuple(faults), beside)


def first_draft(policy: Policy, *, now: datetime) -> FormValues:
    """Return empty fields, with the policy's threshold and a day that leaves time for the notice."""
    day = (now.astimezone(LONDON) + timedelta(hours=policy.planning.notice_h, days=2)).date()
    return FormValues(
        id="",
        name="",
        kind=DeploymentKind.OPERATIONAL,
        place="",
        footprint="",
        start_day=day,
        start=time(10),
        end_day=day,
        end=time(16),
        use_case=UseCase.SOUGHT_PERSONS,
        purpose="",
        sought="",
        necessity="",
        proportionality="",
        grounds="",
        threshold=policy.alerts.threshold,
        threshold_reason="",
        list_cap=policy.accuracy.small_list_people,
        expected_faces=5_000,
        cameras="",
        watchlist_folder="",
    )


def values_of(made: Application, name: str, kind: DeploymentKind) -> FormValues:
    """Return an application's fields, to be revised."""
    starts, ends = made.starts_at.astimezone(LONDON), made.ends_at.astimezone(LONDON)
    return FormValues(
        id=made.deployment,
        name=name,
        kind=kind,
        start_day=starts.date(),
        start=starts.time(),
        end_day=ends.date(),
        end=ends.time(),
        cameras="\n".join(made.cameras),
        **{each: getattr(made, each) for each in _OWN},
    )


def explanations(policy: Policy) -> Mapping[str, str]:
    """Say what the policy asks of each field, to stand beside it."""
    claims, planning = policy.accuracy, policy.planning
    return {
        "id": "For files and records: letters, digits, dots, - and _, never used again. One that is planned already is "
        "revised.",
        "kind": "Whatever takes a live camera is planned. Test subjects alone: evaluation or demo.",
        "place": "An area, never where a camera stands. It is published.",
        "start": f"Announced at least {counted(planning.notice_h, 'hour')} before, unless the notice is "
        "withheld for a reason.",
        "end": f"At most {counted(policy.vault.max_open_h, 'hour')}, and not across a change of the clocks. "
        f"The list is compiled {counted(planning.compile_before_h, 'hour')} before the start and good for "
        f"{planning.list_age_h:g}.",
        "use_case": "The national table's. It is published.",
        "sought": "By category. At least a sentence.",
        "grounds": "Reasonable grounds that they will be there, or why the place is a hotspot. At least a sentence.",
        "necessity": "Why nothing less would do. At least a sentence.",
        "proportionality": "Why it is worth what it costs everybody who walks past. At least a sentence.",
        "threshold": f"The policy's is {policy.alerts.threshold:g}. Another one needs a reason, and the authorising "
        "officer signs it.",
        "list_cap": f"Never more than {policy.watchlist.max_entries:,}. Up to {claims.small_list_people:,} the public "
        f"is promised under 1 false alert in {claims.small_list_one_in:,} faces, above it under 1 in "
        f"{claims.large_list_one_in:,}.",
        "expected_faces": "Faces compared during the whole deployment, as forecast.",
        "cameras": "No other camera may send for this deployment. One camera is in one deployment at a time.",
        "watchlist_folder": "Where the list is compiled from by itself; empty if somebody compiles it by hand.",
    }


_FIELD_OF: Mapping[str, str] = {
    "deployment.past-window": "start",
    "deployment.too-long": "end",
    "deployment.clock-change": "end",
    "deployment.over-cap": "list_cap",
    "deployment.threshold-reason": "threshold_reason",
}
"""Beside which field each of `application_faults` stands."""
_OWN = tuple(
    name for each in fields(FormValues) if (name := each.name) in ApplicationForm.model_fields and name != "cameras"
)
"""Fields that the form has under the same name and in the same shape."""


def _moment(which: str, day: date | None, at: time | None, faults: list[str]) -> datetime | None:
    label = "Start" if which == "start" else "End"
    if day is None or at is None:
        faults.append(f"{label}: give a day and a time.")
        return None
    local = datetime.combine(day, at, tzinfo=LONDON)
    if local.utcoffset() != local.replace(fold=1).utcoffset():  # skipped in spring, twice in autumn
        changes = f"{day.day} {day:%B %Y}"
        faults.append(f"{label}: the clocks change on {changes}, {at:%H:%M} isn't one moment: give another time.")
        return None
    return local


def _sentence(loc: tuple[int | str, ...], kind: str, message: str) -> str:
    """Say a fault of the form in a sentence for people."""
    name = str(loc[0]) if loc else ""
    label = LABELS.get(name, "Hours and cameras").split(",")[0]
    if name == "cameras":
        return f"{label}: " + (
            "name at least one." if kind == "too_short" else "letters, digits, dots, - and _, up to 64 of them each."
        )
    if kind == "string_too_short":
        return f"{label}: " + ("say it in a sentence at least." if name in _SENTENCES else "fill it in.")
    if kind == "string_too_long":
        return f"{label}: too long. {_capital(message)}."
    if kind == "string_pattern_mismatch":
        return f"{label}: it holds characters that can't be printed."
    words = message.removeprefix("Value error, ")
    return f"{label}: {words}."


_SENTENCES = frozenset({"sought", "necessity", "proportionality", "grounds"})


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
