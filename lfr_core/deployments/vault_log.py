"""The vault's side of the records: facts for the gate, epochs, who people are, which installation this is."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, update
from sqlmodel import col, select

from lfr_core.common.clock import Clock, SystemClock, utc_from_ns
from lfr_core.common.errors import Fatal
from lfr_core.custody.people.lookup import in_role
from lfr_core.custody.people.roles import Role
from lfr_core.custody.people.sign_on import check_signed_on
from lfr_core.custody.vault.epochs import Epoch
from lfr_core.deployments.gate_facts import gate_facts
from lfr_core.domain.gate import GateFacts
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.footage import FootageHoldRow, FootageHoldSegmentRow, FootageSegmentRow
from lfr_core.storage.tables.vault import EpochRow, InstallationRow

__all__ = ["VaultLog", "bind_installation"]


class VaultLog:
    """Implements `GateFactsSource`, `EpochLog` and `KnowsPeople` over the records; Retryable when they are away."""

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or SystemClock()

    def facts(self, deployment: str) -> GateFacts | None:
        if "\x00" in deployment:
            return None  # no database could hold it
        with reading(self._engine) as session:
            row = session.get(DeploymentRow, deployment)
            if row is None:
                return None
            return gate_facts(session, row, utc_from_ns(self._clock.time_ns()))

    def check_person(self, name: str, roles: frozenset[Role], *, signed_on_to: str | None) -> str:
        with reading(self._engine) as session:
            person = in_role(session, name, roles)
            if signed_on_to is not None:
                check_signed_on(session, signed_on_to, person.name, utc_from_ns(self._clock.time_ns()))
            return person.name

    def held_keys(self) -> frozenset[str]:
        statement = (
            select(FootageSegmentRow.key_id)
            .join(FootageHoldSegmentRow, col(FootageHoldSegmentRow.segment) == col(FootageSegmentRow.id))
            .join(FootageHoldRow, col(FootageHoldRow.id) == col(FootageHoldSegmentRow.hold))
            .where(col(FootageHoldRow.released_at).is_(None))
        )
        with reading(self._engine) as session:
            return frozenset(session.exec(statement))

    def touch(self, at_ns: int) -> None:
        """Write, to show that the records, and so the audit trail, take a write. Raises Retryable when they don't."""
        with writing(self._engine) as session:
            session.execute(update(InstallationRow).values(written_ns=at_ns))

    def began(self, epoch: Epoch) -> None:
        with writing(self._engine) as session:
            session.add(
                EpochRow(
                    id=epoch.id,
                    deployment=epoch.deployment,
                    started_ns=epoch.started_ns,
                    ended_ns=epoch.ended_ns,
                    fingerprint=epoch.fingerprint,
                )
            )

    def destroyed(self, key_ids: Sequence[str], at_ns: int) -> None:
        with writing(self._engine) as session:
            session.execute(
                update(EpochRow)
                .where(col(EpochRow.id).in_(key_ids))
                .where(col(EpochRow.destroyed_ns).is_(None))
                .values(destroyed_ns=at_ns)
            )

    def close_unfinished(self, at_ns: int) -> int:
        with writing(self._engine) as session:
            rows = session.exec(select(EpochRow).where(col(EpochRow.destroyed_ns).is_(None))).all()
            for row in rows:
                row.destroyed_ns = at_ns
            return len(rows)


def bind_installation(engine: Engine, installation: str) -> None:
    """Tie keystore and database together at the first start, and refuse another pair ever after.

    Raises:
        Fatal: the database belongs to another keystore.
        Retryable: the database is away.
    """
    with writing(engine) as session:
        known = session.exec(select(InstallationRow.id)).first()
        if known is None:
            session.add(InstallationRow(id=installation))
        elif known != installation:
            raise Fatal(
                f"this database belongs to installation {known} and the keystore to {installation}: point "
                "LFR_VAULT_FOLDER and LFR_DATABASE_URL at the same installation; a new keystore needs a new database"
            )
