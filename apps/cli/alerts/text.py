"""Finds alerts for the commands of `lfr alerts`, and words them for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output
from apps.cli.common import find_alert, print_fields

if TYPE_CHECKING:
    from enum import StrEnum
    from uuid import UUID

    from lfr_core.alerts.read import AlertSummary, Answer
    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import AuthenticatedPerson

__all__ = ["Alert", "alert_output", "as_dict", "find", "word_of"]

Alert = Annotated[str, typer.Argument(metavar="ALERT", help="Id of the alert, or its first characters.")]


def find(installation: Installation, start: str) -> UUID:
    """Find the one alert whose id starts so. Raises Refused `alert.unknown`, `alert.ambiguous`."""
    return find_alert(installation.engine, start, advice="see `lfr alerts list --deployment ID`")


def alert_output(installation: Installation, alert: UUID, *, by: AuthenticatedPerson) -> Output:
    """Read an alert as `by` may see it. Raises Refused as `lfr_core.alerts.read.alert`."""
    from lfr_core.alerts import read

    found = read.alert(installation.looks, alert, by=by, now_ns=installation.now_ns)
    assert found is not None  # `find` has just seen it
    values = as_dict(found)
    return Output(values, lambda: print_fields(((name, _as_text(each)) for name, each in values.items()), width=16))


def _as_text(value: object) -> str:
    return f"{value['by']}, {value['at']}" if isinstance(value, dict) else "—" if value is None else str(value)


def as_dict(one: AlertSummary) -> dict[str, object]:
    """Describe an alert for programs."""
    from lfr_core.common.clock import utc_from_ns

    def who(answer: Answer | None) -> dict[str, str] | None:
        return None if answer is None else {"by": answer.by, "at": answer.at.isoformat()}

    return {
        "id": str(one.id),
        "deployment": one.deployment,
        "camera": one.camera,
        "entry": one.entry,
        "subject": one.subject,
        "category": one.category.value,
        "legal_reference": one.legal_reference,
        "first_seen": utc_from_ns(one.first_ns).isoformat(),
        "last_seen": utc_from_ns(one.last_ns).isoformat(),
        "first_sequence": one.first_sequence,
        "last_sequence": one.last_sequence,
        "similarity": round(one.similarity, 4),
        "threshold": one.threshold,
        "sightings": one.sightings,
        "judgement": one.decision.judgement,
        "judged": who(one.judged),
        "engagement": one.decision.engagement,
        "engaged": who(one.engaged),
        "review": one.decision.review,
        "reviewed": who(one.reviewed),
        "outcome": one.decision.outcome,
        "minutes": one.minutes,
        "resulted": who(one.resulted),
        "cell": one.cell.value,
    }


def word_of(answer: StrEnum | None) -> str:
    """Return an answer in words for people."""
    return "—" if answer is None else answer.value.replace("_", " ")
