"""The figures of a record as pages print them: the four cells and the alerts not decided, and whose word that is."""

from __future__ import annotations

from lfr_core.publication.record import DeploymentRecord

__all__ = ["cells", "said_of_not_decided"]


def cells(record: DeploymentRecord) -> tuple[tuple[str, int], ...]:
    """Every alert, in exactly one of them."""
    of = record.alerts
    return (
        ("true, confirmed", of.true_confirmed),
        ("true, unconfirmed", of.true_unconfirmed),
        ("false, confirmed", of.false_confirmed),
        ("false, unconfirmed", of.false_unconfirmed),
        ("not decided", of.not_decided),
    )


def said_of_not_decided(record: DeploymentRecord) -> str:
    """One or two sentences on alerts that nobody judged; "" where all were judged."""
    said = record.not_decided
    if said is None:
        return ""
    alerts = f"{said.alerts:,} of these alerts" if record.alerts.total > 1 else "this alert"
    if said.said_by == "nobody":
        return f"Nobody judged {alerts}, and nobody answers for that: {said.because}."
    return f"Nobody judged {alerts}. The {said.said_by} says why: {said.because}."
