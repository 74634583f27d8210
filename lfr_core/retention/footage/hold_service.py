"""Holds: the only way for footage to be kept beyond its 31 days.

Vault and records can't commit together. A hold is put in the vault first and on record second: a crash between the
two leaves footage that is kept without a record, which `read_due_segments` goes on reporting as overdue until somebody
holds it properly or releases it. A release is put on record first and in the vault second: a crash between them keeps
the footage until the next sweep's `reconcile_holds`. No order of events loses footage that a recorded hold covers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID, uuid4

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import Trail
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Person, principal_of
from lfr_core.custody.vault.port import KeyKind, Vault, in_parts
from lfr_core.domain.approvals import check_same_request
from lfr_core.domain.policy import FootagePolicy
from lfr_core.retention.footage.hold_approval import HOLDERS, check_two_people
from lfr_core.retention.footage.hold_reconciliation import send_holds_to_vault
from lfr_core.retention.footage.hold_writer import HoldWriter
from lfr_core.retention.footage.holds import Hold, HoldRequest, find_covered, hold_of, unknown_hold
from lfr_core.retention.footage.register import rows_of
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.footage import FootageHoldRow, FootageSegmentRow
from lfr_core.storage.tables.rights import ComplaintHoldRow

__all__ = ["HoldService"]

_LONGEST_REFERENCE = 100


class HoldService:
    """Where people place, review and release holds. Every act is audited in its own transaction.

    All methods raise Retryable when the records or the vault are away, and Refused:
    `actor.not-authenticated`, `people.*` (compliance and authorising officers alone), `footage.hold-one-person`,
    `footage.hold-review-date`, and what they name themselves.
    """

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        trail: Trail,
        policy: FootagePolicy,
        clock: Clock,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._trail = trail
        self._policy = policy
        self._clock = clock
        self._new_id = new_id

    def place(self, request: HoldRequest, *, by: AuthenticatedPerson) -> Hold:
        """Hold named segments, until another person approves or `PROVISIONAL_DAYS` pass.

        The same request again changes nothing, and mends one that was interrupted.

        Raises:
            Refused: also `footage.hold-empty`, `footage.hold-reference`, `footage.unknown`, and `footage.gone`: one of
                the segments is destroyed already; none is held then.
        """
        with reading(self._engine) as session:
            person = acting(session, by, HOLDERS)
            name = person.name
        reference = " ".join(request.reference.split())
        if not reference or len(reference) > _LONGEST_REFERENCE or "\x00" in reference:
            raise Refused(
                "footage.hold-reference",
                f"give the reference of the case, complaint or request: at most {_LONGEST_REFERENCE} characters",
            )
        wanted = tuple(sorted(set(request.segments)))
        if not wanted:
            raise Refused("footage.hold-empty", "name the segments to hold; `lfr footage list` shows them")
        asked = HoldRequest(wanted, request.ground, reference, request.review_on)
        with reading(self._engine) as session:
            _standing(session, wanted)
            same = _same(session, asked, person)
        if same is None:
            self._check_review(request.review_on)
            self._trail.prepare(name)
            with writing(self._engine) as session:
                acting(session, by, HOLDERS)
                rows = _standing(session, wanted, lock=True)
                writer = HoldWriter(session, self._trail, _deployment(rows))
                rule = f"footage.hold.{request.ground}"
                row = writer.place(asked, by=name, id=self._new_id().hex, at=self._now(), rule=rule)
                same = hold_of(row, wanted)
        try:
            for part in in_parts(self._keys_of(wanted)):  # the sweep makes up for what is interrupted
                self._vault.hold(part, held=True)
        except Refused as error:
            if error.rule != "vault.key-gone":
                raise
            self._take_back(same.id, name)
            raise _gone(()) from error
        send_holds_to_vault(self._engine, self._vault)  # a release at the same moment may have let go of them again
        return same

    def _keys_of(self, wanted: Collection[str]) -> tuple[str, ...]:
        """Return the keys of segments, by the keystore. Raises Refused `vault.key-gone` when one has none any more."""
        keys = {info.subject: info.id for info in self._vault.kept(KeyKind.FOOTAGE) if info.subject in wanted}
        if len(keys) < len(wanted):
            raise Refused("vault.key-gone", "the key of one of the segments is destroyed")
        return tuple(keys.values())

    def _take_back(self, hold: str, name: str) -> None:
        """Let go of a hold whose footage was destroyed while that person placed it: none is held then."""
        self._trail.prepare(name)
        with writing(self._engine) as session:
            row, writer = self._standing_hold(session, hold)
            writer.release(row, by=name, at=self._now(), rule="footage.hold-gone")

    def approve(self, hold: str, *, digest: str, by: AuthenticatedPerson) -> Hold:
        """Approve a hold that another person asked for: it stands until its review.

        Args:
            hold: its id.
            digest: of the hold as this person has read it (`Hold.digest`).
            by: somebody else than who asked.

        Raises:
            Refused: also `approval.other-request`, `footage.hold-unknown`, `footage.hold-released`,
                `footage.hold-approved` (already), and `footage.hold-provisional`: a complaint's is confirmed with its
                request.
        """
        with self._open_as_second_person(hold, by) as (session, row, writer, name):
            if row.approved_by:
                raise Refused("footage.hold-approved", f"{row.approved_by} has approved the hold {hold} already")
            if session.get(ComplaintHoldRow, hold) is not None:
                raise Refused("footage.hold-provisional", f"confirm its request: `lfr rights confirm {row.reference}`")
            asked = hold_of(row, find_covered(session, hold))
            check_same_request(digest, asked.digest, f"the hold {hold}")
            writer.confirm(row, by=name, review_on=row.review_on, rule=f"footage.hold.{row.ground}")
            return hold_of(row, find_covered(session, hold))

    def review(self, hold: str, *, review_on: dt.date, by: AuthenticatedPerson) -> Hold:
        """Keep an approved hold until another review: somebody else than who asked for it says so.

        Raises:
            Refused: also `footage.hold-unknown`, `footage.hold-released`, `footage.hold-provisional`.
        """
        self._check_review(review_on)
        with self._open_as_second_person(hold, by) as (session, row, writer, name):
            if not row.approved_by:  # it would lapse anyhow
                raise Refused("footage.hold-provisional", f"nobody has approved the hold {hold} yet")
            writer.confirm(row, by=name, review_on=review_on, rule="footage.hold-review")
            return hold_of(row, find_covered(session, hold))

    def release(self, hold: str, *, by: AuthenticatedPerson) -> Hold:
        """Let go of a hold: what is past its time and under no other hold goes with the next sweep.

        Raises:
            Refused: also `footage.hold-unknown`, `footage.hold-released`.
        """
        with reading(self._engine) as session:
            name = acting(session, by, HOLDERS).name
        self._trail.prepare(name)
        with writing(self._engine) as session:
            acting(session, by, HOLDERS)
            row, writer = self._standing_hold(session, hold)
            writer.release(row, by=name, at=self._now(), rule="footage.hold-release")
            released = hold_of(row, find_covered(session, hold))
        send_holds_to_vault(self._engine, self._vault)
        return released

    @contextmanager
    def _open_as_second_person(
        self, hold: str, by: AuthenticatedPerson
    ) -> Iterator[tuple[Session, FootageHoldRow, HoldWriter, str]]:
        """Open a transaction on a standing hold, for a person who may hold footage and didn't ask for this."""
        name = str(principal_of(by))
        self._trail.prepare(name)
        with writing(self._engine) as session:
            person = acting(session, by, HOLDERS)
            row, writer = self._standing_hold(session, hold)
            check_two_people(row.requested_by, person)
            yield session, row, writer, name

    def _now(self) -> dt.datetime:
        return utc_from_ns(self._clock.time_ns())

    def _check_review(self, review_on: dt.date) -> None:
        today = self._now().date()
        last = today + dt.timedelta(days=self._policy.hold_review_days)
        if not today < review_on <= last:
            raise Refused(
                "footage.hold-review-date", f"a hold is reviewed after today and by {last}; {review_on} is not"
            )

    def _standing_hold(self, session: Session, hold: str) -> tuple[FootageHoldRow, HoldWriter]:
        """Return the locked row of a hold that nobody released, and what writes it."""
        row = session.exec(select(FootageHoldRow).where(FootageHoldRow.id == hold).with_for_update()).one_or_none()
        if row is None:
            raise unknown_hold(hold)
        if row.released_at is not None:
            raise Refused(
                "footage.hold-released", f"the hold {hold} was released at {row.released_at}; place a new one"
            )
        return row, HoldWriter(session, self._trail, _deployment(rows_of(session, find_covered(session, hold))))


def _standing(session: Session, wanted: Sequence[str], *, lock: bool = False) -> list[FootageSegmentRow]:
    """Return the rows of all of `wanted`, none of them purged."""
    rows = rows_of(session, wanted, lock=lock)
    unknown = sorted(set(wanted) - {row.id for row in rows})
    if unknown:
        raise Refused(
            "footage.unknown",
            f"there is no segment {', '.join(unknown)}; `lfr footage list` shows those there are. Nothing is held",
        )
    gone = [row.id for row in rows if row.purged_ns is not None]
    if gone:
        raise _gone(gone)
    return rows


def _gone(segments: Sequence[str]) -> Refused:
    which = f"of {', '.join(segments)} " if segments else "of one of these segments "
    return Refused(
        "footage.gone",
        f"the footage {which}is destroyed and can't be held any more. Nothing is held: leave it out and hold the rest",
    )


def _same(session: Session, asked: HoldRequest, by: Person) -> Hold | None:
    """Return the very same hold, if it is in force: the request came again."""
    statement = (
        select(FootageHoldRow)
        .where(col(FootageHoldRow.released_at).is_(None))
        .where(FootageHoldRow.ground == asked.ground.value)
        .where(FootageHoldRow.reference == asked.reference)
    )
    for row in session.exec(statement).all():
        if by.is_called(row.requested_by) and find_covered(session, row.id) == asked.segments:
            return hold_of(row, asked.segments)
    return None


def _deployment(rows: Sequence[FootageSegmentRow]) -> str:
    """Return the deployment they belong to; empty when there are several."""
    ids = {row.deployment for row in rows}
    return ids.pop() if len(ids) == 1 else ""
