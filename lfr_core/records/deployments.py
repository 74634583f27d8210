"""Deployments as they are kept: made, given a watchlist, opened, suspended, closed.

The rules are Refused with a stable word each. A deployment's line, as far as it exists: draft -> ready (watchlist
attached) -> live (and suspended, and live again) -> ended; ended stays ended, and its list is destroyed. Each step is
on the audit trail in the same transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from lfr_core.audit.port import AuditEvent, Trail, Verb
from lfr_core.clock import Clock, SystemClock, utc_from_ns
from lfr_core.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.errors import Refused
from lfr_core.policy import Policy
from lfr_core.publication.tables import WatchlistCompositionRow
from lfr_core.records.directory import CachedDirectory
from lfr_core.records.engine import scrub, writing
from lfr_core.records.entries import EntryLike, ReferenceLike, entry_row, reference_rows
from lfr_core.records.reading import DeploymentReader, view_of
from lfr_core.records.tables import DeploymentRow, WatchlistEntryRow, WatchlistReferenceRow
from lfr_core.rights.commitments import commitments, keep_commitments
from lfr_core.vault.lists import make_list_key
from lfr_core.vault.port import KeyKind, Vault
from lfr_core.vault.tables import AttendanceRow

__all__ = ["DEFAULT_HOURS", "LONGEST_HOURS", "CachedDirectory", "DeploymentStore", "EntryLike", "ReferenceLike"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONDON = ZoneInfo("Europe/London")  # an entry's last day is a day in England
_LONGEST_REASON = 200
LONGEST_HOURS = 24.0
"""No deployment is open for more; the policy's max_open_h is what callers give."""
DEFAULT_HOURS = 12.0


class DeploymentStore(DeploymentReader):
    """Reads and changes deployments.

    Every method raises Retryable when the database is away, and those that change anything also when the vault is:
    what can't be audited isn't done. `by` is the person who does it, or `system:NAME`.
    """

    def __init__(self, engine: Engine, vault: Vault, trail: Trail, clock: Clock | None = None) -> None:
        super().__init__(engine)
        self._vault = vault
        self._trail = trail
        self._clock = clock or SystemClock()

    def create(
        self,
        id: str,  # noqa: A002  the field's own word
        kind: DeploymentKind,
        *,
        name: str,
        policy: Policy,
        live_only: bool = True,
        threshold: float | None = None,
        by: str = "system:lfr",
    ) -> DeploymentView:
        """Make a draft.

        `threshold` (cosine, between 0 and 1) and the shots that must agree come from the policy unless given.
        With `live_only` off, frames are never dropped for their age: for recorded video.

        Raises:
            Refused: `deployment.bad-id`, `deployment.exists`, `deployment.bad-threshold`,
                `deployment.recorded-source` (an operational deployment takes live cameras only).
        """
        if not _ID.fullmatch(id):
            raise Refused(
                "deployment.bad-id",
                f"{id!r} can't be a deployment's id: up to 64 letters, digits, dots, - and _, "
                "the first a letter or a digit",
            )
        limit = policy.alerts.threshold if threshold is None else threshold
        if not 0.0 < limit < 1.0:
            raise Refused("deployment.bad-threshold", f"a threshold lies between 0 and 1 (cosine); {limit} doesn't")
        if kind is DeploymentKind.OPERATIONAL and not live_only:
            raise Refused(
                "deployment.recorded-source",
                "an operational deployment takes live cameras only; recorded video needs kind evaluation or demo",
            )
        with self._audited(by) as session:
            if session.get(DeploymentRow, id) is not None:
                raise Refused("deployment.exists", f"there is a deployment {id} already; ids are never used again")
            row = DeploymentRow(
                id=id,
                name=name.strip() or id,
                kind=kind.value,
                status=DeploymentStatus.DRAFT.value,
                threshold=limit,
                agreeing_shots=policy.alerts.agreeing_shots,
                live_only=live_only,
                created_at=self._now(),
            )
            session.add(row)
            session.flush()
            self._append(session, Verb.AUTHORISE, by, id, "deployment.created", {"kind": kind.value})
            return view_of(row)

    def attach_watchlist(
        self,
        deployment_id: str,
        contract_id: str,
        gallery: str,
        entries: Sequence[EntryLike],
        by: str = "system:lfr",
    ) -> DeploymentView:
        """Keep the list that was enrolled into `gallery` under `contract_id`; the deployment is then ready.

        Raises:
            Refused: `deployment.unknown`, `deployment.ended`, `watchlist.attached` (a list is compiled once
                for each deployment), `watchlist.empty`, `watchlist.gallery-used` (never reused),
                `watchlist.test-subjects-only` (an operational list of test subjects alone).
        """
        self._check_entries(deployment_id, gallery, entries)
        key = self._list_key(deployment_id)  # before the transaction: the vault may be waiting for this database
        people = [entry.subject for entry in entries if not entry.category.is_test_subject]
        committed = commitments(self._vault, deployment_id, people)
        with self._audited(by) as session:
            row = _locked(session, deployment_id)
            if row.status == DeploymentStatus.ENDED:
                raise _ended(deployment_id)
            if row.status != DeploymentStatus.DRAFT:
                raise Refused(
                    "watchlist.attached",
                    f"deployment {deployment_id} has its watchlist; a new list needs a new deployment",
                )
            if session.exec(select(DeploymentRow.id).where(DeploymentRow.gallery == gallery)).first() is not None:
                raise Refused("watchlist.gallery-used", f"gallery {gallery} belongs to another deployment")
            blue = sum(entry.category.is_test_subject for entry in entries)
            if row.kind == DeploymentKind.OPERATIONAL and blue == len(entries):
                raise Refused(
                    "watchlist.test-subjects-only",
                    "a list of test subjects alone belongs to an evaluation or a demo",
                )
            for entry in entries:
                session.add(entry_row(deployment_id, entry))
            session.flush()
            for entry in entries:
                session.add_all(reference_rows(deployment_id, entry, key))
            row.gallery, row.contract_id = gallery, contract_id
            row.blue_list_size, row.watchlist_size = blue, len(entries) - blue
            row.status = DeploymentStatus.READY.value
            references = sum(len(entry.references) for entry in entries)
            session.add_all(self._composition(deployment_id, entries))
            keep_commitments(session, deployment_id, committed)
            self._append(
                session,
                Verb.COLLECT,
                by,
                deployment_id,
                "watchlist.attached",
                {"entries": len(entries), "test_subjects": blue, "photographs": references},
            )
            return view_of(row)

    def _composition(self, deployment: str, entries: Sequence[EntryLike]) -> list[WatchlistCompositionRow]:
        """What the published record says of the list once it is destroyed. Test subjects are no part of it."""
        by_category: dict[str, list[int]] = {}
        for entry in entries:
            if not entry.category.is_test_subject:
                by_category.setdefault(entry.category.value, []).append(len(entry.references))
        now = self._now()
        return [
            WatchlistCompositionRow(
                deployment=deployment, category=category, people=len(images), images=sum(images), built_at=now
            )
            for category, images in sorted(by_category.items())
        ]

    def _list_key(self, deployment: str) -> bytes:
        """The key that the list's crops are sealed under. Raises Refused `deployment.unknown`, and as the vault."""
        view = self.find(deployment)
        if view is None:
            raise _unknown(deployment)
        if view.status is not DeploymentStatus.DRAFT:
            return b""  # refused in the transaction; an ended deployment gets no key again
        return make_list_key(self._vault, deployment, now_ns=self._clock.time_ns()).key

    def _check_entries(self, deployment_id: str, gallery: str, entries: Sequence[EntryLike]) -> None:
        if not entries or not gallery or not all(entry.references for entry in entries):
            raise Refused(
                "watchlist.empty",
                f"a deployment needs a gallery and at least one entry with a photograph; {deployment_id} has none",
            )

    def open(
        self,
        id: str,  # noqa: A002  the field's own word
        today: date | None = None,
        *,
        hours: float = DEFAULT_HOURS,
        by: str = "system:lfr",
    ) -> DeploymentView:
        """Let it match, for `hours` from now at most. `today` is the day in London unless given.

        Raises:
            Refused: `deployment.unknown`, `deployment.ended`, `deployment.no-watchlist`,
                `watchlist.entry-expired`, `deployment.bad-hours`.
        """
        if not 0.0 < hours <= LONGEST_HOURS:
            raise Refused(
                "deployment.bad-hours", f"a deployment is open for at most {LONGEST_HOURS:g} hours; {hours:g} isn't"
            )
        day = today or self._now().astimezone(_LONDON).date()
        with self._audited(by) as session:
            row = _locked(session, id)
            if row.status in {DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED}:
                return view_of(row)
            if row.status == DeploymentStatus.ENDED:
                raise _ended(id)
            if row.status != DeploymentStatus.READY:
                raise Refused(
                    "deployment.no-watchlist", f"deployment {id} has no watchlist: `lfr watchlist enrol` makes it"
                )
            expired = session.exec(
                select(WatchlistEntryRow.subject)
                .where(WatchlistEntryRow.deployment == id)
                .where(col(WatchlistEntryRow.expires_on) < day)
                .order_by(WatchlistEntryRow.subject)
            ).all()
            if expired:
                raise Refused(
                    "watchlist.entry-expired",
                    f"{len(expired)} entries of deployment {id} have expired by {day.isoformat()} "
                    f"({', '.join(expired[:5])}): compile a new list in a new deployment",
                )
            now = self._now()
            row.status, row.opened_at = DeploymentStatus.LIVE.value, now
            row.opens_at, row.closes_at = now, now + timedelta(hours=hours)
            self._append(session, Verb.AUTHORISE, by, id, "deployment.opened", {"hours": f"{hours:g}"})
            return view_of(row)

    def suspend(self, id: str, why: str, *, by: str) -> DeploymentView:  # noqa: A002  the field's own word
        """Stop recognition for now, for a reason that people will read.

        Raises:
            Refused: `deployment.unknown`, `deployment.not-live`, `deployment.reason-missing`.
        """
        reason = " ".join(why.split())
        if not reason or len(reason) > _LONGEST_REASON or "\x00" in reason:
            raise Refused("deployment.reason-missing", f"say why, in at most {_LONGEST_REASON} characters")
        with self._audited(by) as session:
            row = _locked(session, id)
            if row.status not in {DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED}:
                raise Refused("deployment.not-live", f"deployment {id} is {row.status}: only a live one is suspended")
            row.status, row.suspended_why = DeploymentStatus.SUSPENDED.value, reason
            self._append(session, Verb.DECIDE, by, id, "deployment.suspended", {})
            return view_of(row)

    def resume(self, id: str, *, by: str) -> DeploymentView:  # noqa: A002  the field's own word
        """Let a suspended deployment match again, within its hours.

        Raises:
            Refused: `deployment.unknown`, `deployment.not-suspended`.
        """
        with self._audited(by) as session:
            row = _locked(session, id)
            if row.status != DeploymentStatus.SUSPENDED:
                raise Refused("deployment.not-suspended", f"deployment {id} is {row.status}, not suspended")
            row.status, row.suspended_why = DeploymentStatus.LIVE.value, ""
            self._append(session, Verb.DECIDE, by, id, "deployment.resumed", {})
            return view_of(row)

    def close(self, id: str, *, by: str = "system:lfr") -> DeploymentView:  # noqa: A002  the field's own word
        """End it and destroy its watchlist's rows, crops and key; alerts keep their own copies.

        The caller drops the gallery afterwards. May be called again, so that a drop that failed can be made up.

        Raises:
            Refused: `deployment.unknown`.
            Retryable: also when the vault is away; the deployment has ended all the same if its row could be written.
        """
        with self._audited(by) as session:
            row = _locked(session, id)
            session.execute(delete(WatchlistReferenceRow).where(col(WatchlistReferenceRow.deployment) == id))
            session.execute(delete(WatchlistEntryRow).where(col(WatchlistEntryRow.deployment) == id))
            session.execute(delete(AttendanceRow).where(col(AttendanceRow.deployment) == id))
            if row.status != DeploymentStatus.ENDED:
                row.status, row.ended_at = DeploymentStatus.ENDED.value, self._now()
                facts = {"entries": row.watchlist_size + row.blue_list_size}
                self._append(session, Verb.ERASE, by, id, "deployment.closed", facts)
            view = view_of(row)
        scrub(self._engine)
        keys = [info.id for info in self._vault.kept(KeyKind.WATCHLIST, id)]
        self._vault.destroy(keys, rule="watchlist.deployment-ended")
        return view

    @contextmanager
    def _audited(self, by: str) -> Iterator[Session]:
        """A transaction in which `by` may be put on the trail."""
        self._trail.prepare(by)
        with writing(self._engine) as session:
            yield session

    def _append(
        self, session: Session, verb: Verb, by: str, deployment: str, rule: str, facts: Mapping[str, str | int]
    ) -> None:
        self._trail.append(session, AuditEvent(verb, by, deployment, f"deployment:{deployment}", rule, facts))

    def _now(self) -> datetime:
        return utc_from_ns(self._clock.time_ns())


def _locked(session: Session, id: str) -> DeploymentRow:  # noqa: A002  the field's own word
    row = session.exec(
        select(DeploymentRow).where(DeploymentRow.id == id).with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        raise _unknown(id)
    return row


def _unknown(id: str) -> Refused:  # noqa: A002  the field's own word
    return Refused("deployment.unknown", f"there is no deployment {id}; `lfr deployment list` shows those there are")


def _ended(id: str) -> Refused:  # noqa: A002  the field's own word
    return Refused("deployment.ended", f"deployment {id} has ended and stays so: make a new one")
