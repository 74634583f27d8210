"""The figures of a record as pages print them: the four cells and the alerts not decided, and whose word that is."""

from __future__ import annotations

from lfr_core.publication.record import DeploymentRecord

__all__ = ["cells", "describe_not_decided"]


def cells(record: DeploymentRecord) -> tuple[tuple[str, int], ...]:
    """Return the cells of a record: every alert is counted in exactly one of them."""
    of = record.alerts
    return (
        ("true, confirmed", of.true_confirmed),
        ("true, unconfirmed", of.true_unconfirmed),
        ("false, confirmed", of.false_confirmed),
        ("false, unconfirmed", of.false_unconfirmed),
        ("not decided", of.not_decided),
    )


def describe_not_decided(record: DeploymentRecord) -> str:
    """Say what became of the alerts that are neither true nor false, in sentences; "" where all were decided."""
    return " ".join(filter(None, (_describe_unanswered(record), _describe_cant_tell(record))))


def _describe_cant_tell(record: DeploymentRecord) -> str:
    cant_tell = record.alerts.cant_tell
    return f"Of {cant_tell:,} the operator couldn't tell." if cant_tell else ""


def _describe_unanswered(record: DeploymentRecord) -> str:
    not_decided = record.not_decided
    if not_decided is None:
        return ""
    alerts = f"{not_decided.alerts:,} of these alerts" if record.alerts.total > 1 else "this alert"
    because = not_decided.because.rstrip(". ")  # who types a sentence ends it
    if not_decided.said_by == "nobody":
        return f"Nobody judged {alerts}, and nobody answers for that: {because}."
    return f"Nobody judged {alerts}. The {not_decided.said_by} says why: {because}."
