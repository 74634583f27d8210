"""A deployment's watchlist as it is kept, for showing it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date

from sqlmodel import col, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.custody.people.sign_on import signed_on
from lfr_core.domain.reserved import CANARY_ENTRY
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow, WatchlistReferenceRow

__all__ = ["ListedEntry", "list_entries"]


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """One entry, without its pictures."""

    id: str
    subject: str
    category: str
    legal_reference: str
    approved_by: str
    expires_on: date
    photographs: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the entry as a mapping, for JSON."""
        return asdict(self)


def list_entries(looks: Consultations, deployment: str, *, by: AuthenticatedPerson, now_ns: int) -> list[ListedEntry]:
    """List the entries by subject; none before a list is enrolled, and none after the deployment ended.

    Args:
        looks: of the records; puts this one on the trail.
        deployment: its id.
        by: who looks: an operator who has signed on to it.
        now_ns: wall time.

    Raises:
        Refused: `deployment.unknown`, and as `lfr_core.custody.people.sign_on.signed_on`.
        Retryable: the records are away.
    """
    reference, entry = WatchlistReferenceRow, WatchlistEntryRow
    with reading(looks.engine) as session:
        if session.get(DeploymentRow, deployment) is None:
            raise Refused(
                "deployment.unknown",
                f"there is no deployment {deployment}; `lfr deployment list` shows those there are",
            )
        person = signed_on(session, deployment, by, utc_from_ns(now_ns))
        photographs: dict[str, list[str]] = defaultdict(list)
        for id_, name in session.exec(
            select(reference.entry, reference.photograph)
            .where(reference.deployment == deployment)
            .where(reference.entry != CANARY_ENTRY)
            .order_by(reference.photograph)
        ):
            photographs[id_].append(name)
        rows = session.exec(
            select(entry)
            .where(entry.deployment == deployment)
            .where(entry.id != CANARY_ENTRY)  # injected for the proof of deletion: nobody's
            .order_by(col(entry.subject))
        )
        found = [
            ListedEntry(
                id=row.id,
                subject=row.subject,
                category=row.category,
                legal_reference=row.legal_reference,
                approved_by=row.approved_by,
                expires_on=row.expires_on,
                photographs=tuple(photographs[row.id]),
            )
            for row in rows
        ]
    looks.note(person, "watchlist.shown", deployment=deployment)
    return found
