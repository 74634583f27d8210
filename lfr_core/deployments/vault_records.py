"""The vault's side of the records: facts for the gate, epochs, who people are, which installation this is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine, true, update
from sqlmodel import Session, col, select

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Fatal, Retryable
from lfr_core.custody.audit.counted_rows import digest_counted
from lfr_core.custody.audit.record_parts import Part, Where, by_key, of_deployment, of_person
from lfr_core.custody.audit.records import digest_rows, find_differences, find_lost, not_on_trail
from lfr_core.custody.audit.vault_records import TrailRecords
from lfr_core.custody.people.lookup import find_row, in_role
from lfr_core.custody.people.officer_alerts import check_judged_same
from lfr_core.custody.people.roles import Role
from lfr_core.custody.people.sign_on import check_signed_on
from lfr_core.custody.vault.epochs import Epoch
from lfr_core.deployments.gate_facts import difference_of, gather_gate_facts
from lfr_core.deployments.record import check_may_approve
from lfr_core.domain.gate import GateFacts
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.footage import FootageHoldRow, FootageHoldSegmentRow, digest_segments
from lfr_core.storage.tables.people import PersonRow, SignOnRow
from lfr_core.storage.tables.rights import ComplaintHoldRow, RightsRequestRow
from lfr_core.storage.tables.vault import EpochRow, InstallationRow

__all__ = ["VaultRecords", "bind_installation", "check_keystore_is_there"]

_MOST_DIFFERENCES = 100


class VaultRecords:
    """Implements `GateFactsSource`, `EpochLog` and `PeopleRegister` over the records; Retryable when they are away."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self.records: TrailRecords | None = None
        """The vault's: it goes by rows alone that stand on the audit trail. None where the gate is only shown."""
        self._differences: str | None = None
        """What the last comparison of all found, a line each; what the records have of it may be emptied."""

    def facts(self, deployment: str) -> GateFacts | None:
        if "\x00" in deployment:
            return None  # no database could hold it
        if self.records is None:
            with reading(self._engine) as session:
                return self._facts(session, deployment)
        with self.records.open_state() as (session, state):
            found = self._facts(session, deployment)
            if found is None:
                return None
            where = dict(of_deployment(deployment))
            if found.planned is not None and (officer := find_row(session, found.planned.authorised_by)) is not None:
                where |= of_person(officer.id or 0)
            why = next(find_differences(session, state, self.records.key, where), "")
            if not why and self._differences is not None:
                why = difference_of(deployment, self._differences)
            return replace(found, records_why=why or found.records_why)

    def _facts(self, session: Session, deployment: str) -> GateFacts | None:
        row = session.get(DeploymentRow, deployment)
        is_sealed = None if self.records is None else self.records.is_sealed
        return None if row is None else gather_gate_facts(session, row, utc_from_ns(self._clock.time_ns()), is_sealed)

    def check_person(
        self,
        name: str,
        roles: frozenset[Role],
        *,
        signed_on_to: str | None,
        alert: str = "",
        request: str = "",
        approves: str = "",
    ) -> str:
        with self._compared(name) as (session, compare):
            person = in_role(session, name, roles)
            if signed_on_to is not None:
                check_signed_on(session, signed_on_to, person.name, utc_from_ns(self._clock.time_ns()), roles)
                registered = find_row(session, person.name)
                assert registered is not None  # in_role has just found them
                compare(f"the sign-on of {person.name}", {SignOnRow: by_key(SignOnRow, signed_on_to, registered.id)})
            if alert:
                this: Where = {AlertRow: by_key(AlertRow, UUID(alert))}
                if Role.OPERATOR not in person.roles:
                    check_judged_same(session.get(AlertRow, UUID(alert)))
                    this = {**this, DeploymentRow: by_key(DeploymentRow, signed_on_to)}
                compare("this alert", this)
            if request:
                compare("this request", {RightsRequestRow: by_key(RightsRequestRow, request)})
            if approves:
                check_may_approve(session, approves, person, now=utc_from_ns(self._clock.time_ns()))
                compare("this deployment", of_deployment(approves))
            return person.name

    def check_recorded(self, name: str) -> Mapping[str, str] | None:
        with self._compared(name) as (session, _):
            if self.records is None:
                return None
            if (person := find_row(session, name)) is None:
                return {}
            return digest_rows(session, self.records.key, of_person(person.id or 0))

    @contextmanager
    def _compared(self, name: str) -> Iterator[tuple[Session, Callable[[str, Where], None]]]:
        """Open one consistent read, in which what is registered of a person was compared with the trail.

        Yields it, and a function that compares more.

        Raises:
            Refused: `records.not-on-trail`; `audit.damaged`. Retryable: the records are away.
        """
        if self.records is None:
            with reading(self._engine) as session:
                yield session, lambda _what, _where: None
            return
        key = self.records.key
        with self.records.open_state() as (session, state):

            def compare(what: str, where: Where) -> None:
                for difference in find_differences(session, state, key, where):
                    raise not_on_trail(what, difference)

            person = find_row(session, name)
            if person is None:  # or what was registered of them is gone
                compare("people", {PersonRow: Part(true(), None)})
            else:
                compare(person.name, of_person(person.id or 0))
            yield session, compare

    def held_segments(self, *, whole: bool = True) -> frozenset[str]:
        if self.records is None:
            with reading(self._engine) as session:
                return frozenset(each for hold in _unreleased(session) for each in _covered(session, hold))
        segments: set[str] = set()
        with self.records.open_state() as (session, state):
            if whole:
                lost = (
                    find_lost(session, state, self.records.key, kind) for kind in (FootageHoldRow, ComplaintHoldRow)
                )
                for name, seq in chain.from_iterable(lost):
                    raise not_on_trail("holds on footage", f"{name} isn't what entry {seq} says")
            for hold in _unreleased(session):
                covered = _covered(session, hold)
                is_as_recorded = hold.segments_sha256 == digest_segments(covered)
                this: Where = {FootageHoldRow: by_key(FootageHoldRow, hold.id)}
                is_on_trail = not any(find_differences(session, state, self.records.key, this))
                if whole and is_on_trail and not is_as_recorded:
                    raise not_on_trail("holds on footage", f"hold {hold.id} has lost footage, or been given some")
                if is_as_recorded and is_on_trail:
                    segments.update(covered)
        return frozenset(segments)

    def is_request_closed(self, reference: str) -> bool | None:
        if self.records is None:
            with reading(self._engine) as session:
                row = session.get(RightsRequestRow, reference)
                return None if row is None else row.closed_at is not None
        with self.records.open_state() as (session, state):
            where: Where = {RightsRequestRow: by_key(RightsRequestRow, reference)}
            for difference in find_differences(session, state, self.records.key, where):
                raise not_on_trail("this request", difference)
            row = session.get(RightsRequestRow, reference)
            return None if row is None else row.closed_at is not None

    def compare_all(self) -> tuple[str, ...]:
        """Compare all recorded rows with the trail, and write down which differ, for the boards. The vault's.

        Raises:
            Refused: `audit.damaged`.
            Retryable: the records are away.
        """
        assert self.records is not None, "the vault's"
        with self.records.open_state() as (session, state):
            found = tuple(islice(find_differences(session, state, self.records.key), _MOST_DIFFERENCES))
            known = session.exec(select(InstallationRow.records_why)).first()
        self._differences = "\n".join(found)
        if known != (said := self._differences):
            with writing(self._engine) as session:
                session.execute(update(InstallationRow).values(records_why=said))
        return found

    def compare_records(self, deployment: str) -> str:
        if self.records is None:
            raise Retryable("nothing is compared here: the vault does it")
        with self.records.open_state() as (session, state):
            for difference in find_differences(session, state, self.records.key, with_pictures=True):
                raise not_on_trail("this installation", difference)
            return digest_counted(session, deployment)

    def touch(self, at_ns: int) -> None:
        """Write, to show that the records, and so the audit trail, take a write. Raises Retryable when they don't."""
        with writing(self._engine) as session:
            session.execute(update(InstallationRow).values(written_ns=at_ns))

    def record_begun(self, epoch: Epoch) -> None:
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

    def record_destroyed(self, key_ids: Sequence[str], at_ns: int) -> None:
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


def _unreleased(session: Session) -> Sequence[FootageHoldRow]:
    return session.exec(select(FootageHoldRow).where(col(FootageHoldRow.released_at).is_(None))).all()


def _covered(session: Session, hold: FootageHoldRow) -> Sequence[str]:
    """Return the segments that a hold covers. Which keys are theirs the keystore says."""
    return session.exec(select(FootageHoldSegmentRow.segment).where(FootageHoldSegmentRow.hold == hold.id)).all()


def check_keystore_is_there(engine: Engine, folder: Path) -> None:
    """See that no keystore is begun in the place of one that has gone, before one is.

    Raises:
        Fatal: the records are of an installation, and its keystore isn't in `folder`.
        Retryable: the database is away.
    """
    if any(folder.glob("keys-*.json")) or any(folder.glob("wrapping-*.key")):
        return
    with reading(engine) as session:
        known = session.exec(select(InstallationRow.id)).first()
    if known is not None:
        raise Fatal(
            f"the keystore of installation {known}, whose records these are, isn't in {folder}: it has gone, or "
            "LFR_VAULT_FOLDER or LFR_DATABASE_URL names another's. Put it back; nothing was made in its place. Without "
            "it nothing that is sealed opens any more, and whoever begins anew needs new records too"
        )


def bind_installation(engine: Engine, installation: str, had_by: Path | None = None) -> None:
    """Tie keystore and database together at the first start, and refuse another pair ever after.

    `had_by`: a file that shows, where it is, that this keystore has had records.

    Raises:
        Fatal: the database belongs to another keystore; or to none, and there have been records.
        Retryable: the database is away.
    """
    with writing(engine) as session:
        known = session.exec(select(InstallationRow.id)).first()
        if known is None and had_by is not None and had_by.exists():
            raise Fatal(
                f"these records are empty, and {had_by} shows that this keystore has had others: see LFR_DATABASE_URL, "
                "or put them back. To begin anew without them, move that file away first"
            )
        if known is None:
            session.add(InstallationRow(id=installation))
        elif known != installation:
            raise Fatal(
                f"this database belongs to installation {known} and the keystore to {installation}: point "
                "LFR_VAULT_FOLDER and LFR_DATABASE_URL at the same installation; a new keystore needs a new database"
            )
