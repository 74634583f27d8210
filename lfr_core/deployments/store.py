"""Deployments as they are kept: made, given a watchlist, opened, suspended, closed.

The rules are Refused with a stable word each. A trial's line: draft -> ready (watchlist attached) -> live (and
suspended, and live again) -> ended; ended stays ended, and its list is destroyed. The line of a planned deployment is
in `lfr_core.deployments`, which is asked at each step. Each step is on the audit trail in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from lfr_core.common.clock import Clock, SystemClock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.vault.lists import make_list_key
from lfr_core.custody.vault.port import KeyKind, Vault
from lfr_core.deployments.attaching import check_list_for, composition, delete_list, forget_list, write_list
from lfr_core.deployments.directory import CachedDirectory
from lfr_core.deployments.entries import EntryLike, ReferenceLike
from lfr_core.deployments.listed import list_digest
from lfr_core.deployments.locking import check_id, locked, reason_of, unknown
from lfr_core.deployments.reading import application_of
from lfr_core.deployments.record import record_step
from lfr_core.deployments.steps import Step
from lfr_core.deployments.views import DeploymentReader, view_of
from lfr_core.domain.actors import Principal, SystemActor
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON
from lfr_core.recognition.gallery.port import StoredRow
from lfr_core.storage.engine import scrub, writing
from lfr_core.storage.tables.deployments import LifeRow
from lfr_core.storage.tables.stream import DeploymentRow, WatchlistEntryRow
from lfr_core.storage.tables.vault import AttendanceRow
from lfr_core.watchlists.commitments import commitments, keep_commitments

__all__ = ["DEFAULT_HOURS", "LONGEST_HOURS", "CachedDirectory", "DeploymentStore", "EntryLike", "ReferenceLike"]

LONGEST_HOURS = 24.0
"""No deployment is open for more; the policy's max_open_h is what callers give."""
DEFAULT_HOURS = 12.0


class DeploymentStore(DeploymentReader):
    """Reads and changes deployments.

    Every method raises Retryable when the database is away, and those that change anything also when the vault is:
    what can't be audited isn't done. `by` is the person who does it, or the part of the platform.
    """

    def __init__(self, engine: Engine, vault: Vault, trail: Trail, clock: Clock | None = None) -> None:
        super().__init__(engine)
        self._vault = vault
        self._trail = trail
        self._clock = clock or SystemClock()

    def create(
        self,
        id: str,
        kind: DeploymentKind,
        *,
        name: str,
        policy: Policy,
        live_only: bool = True,
        threshold: float | None = None,
        by: Principal = SystemActor.LFR,
    ) -> DeploymentView:
        """Make a draft of a trial. What takes a live camera is planned instead, by `lfr_core.deployments.service`.

        `threshold` (cosine, between 0 and 1) and the shots that must agree come from the policy unless given.
        With `live_only` off, frames are never dropped for their age: for recorded video.

        Raises:
            Refused: `deployment.bad-id`, `deployment.exists`, `deployment.bad-threshold`,
                `deployment.must-be-planned` (an operational deployment needs an authority).
        """
        check_id(id)
        limit = policy.alerts.threshold if threshold is None else threshold
        if not 0.0 < limit < 1.0:
            raise Refused("deployment.bad-threshold", f"a threshold lies between 0 and 1 (cosine); {limit} doesn't")
        if kind is DeploymentKind.OPERATIONAL:
            raise Refused(
                "deployment.must-be-planned",
                "an operational deployment takes live cameras and needs an authority: `lfr deployment plan`; what is "
                "created without one is a trial of recorded video, of kind evaluation or demo",
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
        by: Principal = SystemActor.LFR,
        *,
        held: Sequence[StoredRow] = (),
    ) -> DeploymentView:
        """Keep the list that was enrolled into `gallery` under `contract_id`, and bind it to what the gallery holds.

        `held` is what `Gallery.add` handed to the store. Without it the gate stays shut: nothing shows what the gallery
        should hold.

        A trial is then ready, with the one list it will have. A planned deployment's list waits for approval, and may
        be compiled anew until then.

        Raises:
            Refused: `deployment.unknown`, `deployment.ended`, `watchlist.attached`, `watchlist.empty`,
                `watchlist.gallery-used` (never reused), `watchlist.test-subjects-only` (an operational list of test
                subjects alone), `watchlist.over-cap`, `watchlist.entry-expired`, and as `record_step`.
        """
        self._check_entries(deployment_id, gallery, entries)
        key = self._list_key(deployment_id)  # before the transaction: the vault may be waiting for this database
        people = [entry.subject for entry in entries if not entry.category.is_test_subject]
        committed = commitments(self._vault, deployment_id, people)
        blue = len(entries) - len(people)
        facts = {
            "entries": len(entries),
            "test_subjects": blue,
            "photographs": sum(len(entry.references) for entry in entries),
        }
        with self._audited(by) as session:
            row, now = locked(session, deployment_id), self._now()
            if DeploymentStatus(row.status).is_over:
                raise _ended(deployment_id)
            if not view_of(row).awaits_list:
                raise attached(deployment_id)
            made = application_of(session, deployment_id)
            if made is not None:
                check_list_for(made, entries)
                forget_list(session, deployment_id)  # one that was compiled before and isn't approved
            write_list(session, row, contract_id, gallery, entries, key, held)
            session.add_all(composition(deployment_id, entries, now))
            keep_commitments(session, deployment_id, committed)
            if made is None:
                row.status = DeploymentStatus.READY.value
                self._append(session, Verb.COLLECT, by, deployment_id, "watchlist.attached", facts)
            else:
                life = session.get_one(LifeRow, deployment_id)
                life.list_last_day = min(entry.expires_on for entry in entries)
                digest = list_digest(session, row)
                record_step(session, self._trail, row, Step.COMPILE, by=by, now=now, digest=digest, facts=facts)
            return view_of(row)

    def _list_key(self, deployment: str) -> bytes:
        """The key that the list's crops are sealed under. Raises Refused `deployment.unknown`, and as the vault."""
        view = self.find(deployment)
        if view is None:
            raise unknown(deployment)
        if not view.awaits_list:
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
        id: str,
        today: date | None = None,
        *,
        hours: float = DEFAULT_HOURS,
        by: Principal = SystemActor.LFR,
    ) -> DeploymentView:
        """Let a trial match, for `hours` from now at most. `today` is the day in London unless given.

        A planned deployment is opened by `lfr_core.deployments.service`.

        Raises:
            Refused: `deployment.unknown`, `deployment.ended`, `deployment.no-watchlist`, `deployment.planned`,
                `watchlist.entry-expired`, `deployment.bad-hours`.
        """
        if not 0.0 < hours <= LONGEST_HOURS:
            raise Refused(
                "deployment.bad-hours", f"a deployment is open for at most {LONGEST_HOURS:g} hours; {hours:g} isn't"
            )
        day = today or self._now().astimezone(LONDON).date()
        with self._audited(by) as session:
            row = locked(session, id)
            if row.planned:
                raise Refused("deployment.planned", f"{id} is planned: its hours are those of its authority")
            if row.status in {DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED}:
                return view_of(row)
            if DeploymentStatus(row.status).is_over:
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

    def suspend(self, id: str, why: str, *, by: Principal) -> DeploymentView:
        """Stop recognition for now, for a reason that people will read.

        Raises:
            Refused: `deployment.unknown`, `deployment.not-live`, `deployment.reason-missing`, and as `record_step`.
        """
        reason = reason_of(why)
        with self._audited(by) as session:
            row = locked(session, id)
            if row.status not in {DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED}:
                raise Refused("deployment.not-live", f"deployment {id} is {row.status}: only a live one is suspended")
            row.suspended_why = reason
            if row.planned:
                record_step(session, self._trail, row, Step.SUSPEND, by=by, now=self._now(), note=reason)
            else:
                row.status = DeploymentStatus.SUSPENDED.value
                self._append(session, Verb.DECIDE, by, id, "deployment.suspended", {})
            return view_of(row)

    def resume(self, id: str, *, by: Principal) -> DeploymentView:
        """Let a suspended deployment match again, within its hours.

        Raises:
            Refused: `deployment.unknown`, `deployment.not-suspended`, and as `record_step`.
        """
        with self._audited(by) as session:
            row = locked(session, id)
            if row.status != DeploymentStatus.SUSPENDED:
                raise Refused("deployment.not-suspended", f"deployment {id} is {row.status}, not suspended")
            if row.planned:
                record_step(session, self._trail, row, Step.RESUME, by=by, now=self._now(), note=row.suspended_why)
            else:
                row.status = DeploymentStatus.LIVE.value
                self._append(session, Verb.DECIDE, by, id, "deployment.resumed", {})
            row.suspended_why = ""
            return view_of(row)

    def close(self, id: str, *, by: Principal = SystemActor.LFR) -> DeploymentView:
        """End it and destroy its watchlist's rows, crops and key; alerts keep their own copies.

        The caller drops the gallery afterwards. May be called again, so that a drop that failed can be made up.

        Raises:
            Refused: `deployment.unknown`, and as `record_step`.
            Retryable: also when the vault is away; the deployment has ended all the same if its row could be written.
        """
        return self._end(id, Step.CLOSE, by, "")

    def cancel(self, id: str, why: str, *, by: Principal) -> DeploymentView:
        """Give a planned deployment up before it opens. A list that was built is destroyed, as `close` does.

        Raises:
            Refused: `deployment.unknown`, `deployment.reason-missing`, and as `record_step`.
        """
        return self._end(id, Step.CANCEL, by, reason_of(why))

    def _end(self, id: str, step: Step, by: Principal, note: str) -> DeploymentView:
        with self._audited(by) as session:
            row, now = locked(session, id), self._now()
            delete_list(session, id)
            session.execute(delete(AttendanceRow).where(col(AttendanceRow.deployment) == id))
            facts = {"entries": row.watchlist_size + row.blue_list_size}
            if DeploymentStatus(row.status).is_over:
                pass  # asked again, to make up for what failed
            elif row.planned:
                row.ended_at = now
                record_step(session, self._trail, row, step, by=by, now=now, note=note, facts=facts)
            elif step is Step.CANCEL:
                raise Refused("life.trial", f"{id} is a trial: `lfr deployment close` ends it")
            else:
                row.status, row.ended_at = DeploymentStatus.ENDED.value, now
                self._append(session, Verb.ERASE, by, id, "deployment.closed", facts)
            view = view_of(row)
        scrub(self._engine)
        keys = [info.id for info in self._vault.kept(KeyKind.WATCHLIST, id)]
        self._vault.destroy(keys, rule="watchlist.deployment-ended")
        return view

    @contextmanager
    def _audited(self, by: Principal) -> Iterator[Session]:
        """A transaction in which `by` may be put on the trail."""
        self._trail.prepare(by)
        with writing(self._engine) as session:
            yield session

    def _append(
        self, session: Session, verb: Verb, by: Principal, deployment: str, rule: str, facts: Mapping[str, str | int]
    ) -> None:
        self._trail.append(session, AuditEvent(verb, by, deployment, f"deployment:{deployment}", rule, facts))

    def _now(self) -> datetime:
        return utc_from_ns(self._clock.time_ns())


def _ended(id: str) -> Refused:
    return Refused("deployment.ended", f"deployment {id} has ended and stays so: make a new one")


def attached(id: str) -> Refused:
    """No list may be attached now."""
    return Refused(
        "watchlist.attached",
        f"deployment {id} waits for no list: a trial has one list, a planned one awaits it once it is authorised",
    )
