"""What came of a deployment, in plain sentences."""

from __future__ import annotations

from markupsafe import Markup

from lfr_core.publication.notices import NoticeStatus
from lfr_core.publication.record import DeploymentRecord, Outcomes
from lfr_core.publication.record_parts import PublishedRate
from lfr_core.publication.site.data import SiteDeployment
from lfr_core.publication.site.words import Words

__all__ = ["describe_record", "rates", "summarise"]

_RATES = (
    "false_alerts_per_face",
    "most_false_per_face",
    "false_share_of_alerts",
    "precision_confirmed",
    "precision_all",
)


def summarise(one: SiteDeployment, say: Words) -> Markup:
    """Write faces, alerts, right and wrong, arrests; or why there is nothing to tell."""
    if one.newest is not None:
        return describe_record(one.newest.record, say)
    if one.came is NoticeStatus.NOT_HELD:
        return say("result.not_held")
    if one.is_late:
        return say("result.late")
    if one.due is not None:
        return say("result.due", moment=say.deadline(one.due.schedule.due_at))
    return say("result.not_yet")


def describe_record(record: DeploymentRecord, say: Words) -> Markup:
    """Say what came of a deployment as its record has it."""
    of = record.alerts
    counts = (("right", of.decided - of.false), ("wrong", of.false), ("not_decided", of.not_decided))
    parts = Markup(", ").join(say(f"result.{name}", n=count) for name, count in counts)
    sentences = [
        say("result.compared", n=record.faces_compared, duration=_duration(record.duration_min, say)),
        say("result.alerts", n=of.total, parts=parts),
    ]
    if isinstance(record.outcomes, Outcomes):
        arrests = record.outcomes.arrest + record.outcomes.after_other_alerts_arrest
        sentences.append(say("result.arrests", n=arrests))
    elif of.total:
        sentences.append(say("result.outcomes_not_recorded"))
    return Markup(" ").join(sentences)


def _duration(minutes: int, say: Words) -> Markup:
    hours, rest = divmod(minutes, 60)
    if not hours:
        return say("result.minutes", n=rest)
    whole = say("result.hours", n=hours)
    return whole if not rest else say("result.hours_and_minutes", hours=whole, minutes=say("result.minutes", n=rest))


def rates(record: DeploymentRecord, say: Words) -> tuple[tuple[str, PublishedRate], ...]:
    """Return the rates of a record with their names."""
    return tuple((say(f"rates.{name}"), getattr(record.rates, name)) for name in _RATES)
