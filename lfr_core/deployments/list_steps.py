"""A deployment's watchlist as it is kept: one for a trial, compiled anew for a planned deployment until approval."""

from __future__ import annotations

from collections.abc import Sequence

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Actor, AuthenticatedPerson
from lfr_core.custody.vault.watchlist_key import find_list_key, make_list_key
from lfr_core.deployments.attach_watchlist import check_list_for, composition, forget_list, write_list
from lfr_core.deployments.audited_steps import AuditedSteps
from lfr_core.deployments.entries import EntryLike
from lfr_core.deployments.gallery_binding import list_digest
from lfr_core.deployments.list_thumbnails import forget_thumbnails, keep_thumbnails
from lfr_core.deployments.locking import lock_deployment, unknown
from lfr_core.deployments.reading import read_application
from lfr_core.deployments.record import check_may_take, record_step
from lfr_core.deployments.steps import Step
from lfr_core.deployments.views import view_of
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus, DeploymentView
from lfr_core.recognition.gallery.port import StoredRow
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import PlannedDeploymentRow
from lfr_core.watchlists.commitments import commitments, keep_commitments

__all__ = ["ListSteps", "attached_error", "ended_error"]

_SHORT = 12
"""Characters of a digest that are enough to name it: 48 bits, compared with one list."""


class ListSteps(AuditedSteps):
    """Keeps a deployment's list, and has it approved. Raises Retryable when database or vault is away."""

    def check_may_attach(self, deployment_id: str, by: Actor) -> None:
        """See that the list is `by`'s to make. Raises Refused `deployment.unknown`, and as `check_may_take`."""
        with reading(self._engine) as session:
            check_may_take(session, lock_deployment(session, deployment_id), Step.COMPILE, by)

    def attach_watchlist(
        self,
        deployment_id: str,
        contract_id: str,
        gallery: str,
        entries: Sequence[EntryLike],
        by: Actor = SystemActor.LFR,
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
            row, now = lock_deployment(session, deployment_id), self._now()
            if DeploymentStatus(row.status).is_over:
                raise ended_error(deployment_id)
            if not view_of(row).awaits_list:
                raise attached_error(deployment_id)
            made = read_application(session, deployment_id)
            if made is not None:
                check_list_for(made, entries)
                forget_list(session, deployment_id)  # one that was compiled before and isn't approved
                planned = session.get_one(PlannedDeploymentRow, deployment_id)
                planned.list_last_day = min(entry.expires_on for entry in entries)
            write_list(session, row, contract_id, gallery, entries, key, held)
            if made is not None:
                keep_thumbnails(session, deployment_id, entries, key)
            session.add_all(composition(deployment_id, entries, now))
            keep_commitments(session, deployment_id, committed)
            digest = row.list_digest = list_digest(session, row)
            record_step(session, self._trail, row, Step.COMPILE, by=by, now=now, digest=digest, facts=facts)
            return view_of(row)

    def approve_list(self, id: str, digest: str, *, by: AuthenticatedPerson) -> None:
        """Approve the list whose digest is `digest`: as it was shown, not as it may be now.

        Raises:
            Refused: `deployment.list-changed`, `deployment.same-person`.
        """
        with self._audited(by) as session:
            row = lock_deployment(session, id)
            planned = session.get(PlannedDeploymentRow, id)
            if planned is not None:
                whole = planned.list_digest
                digest = whole if len(digest) >= _SHORT and whole.startswith(digest) else digest
                planned.bound_contract = row.contract_id
            self._step(session, row, Step.APPROVE_LIST, by, digest=digest)
            forget_thumbnails(session, id)

    def _list_key(self, deployment: str) -> bytes:
        """Return the key that the list's crops are sealed under.

        Raises Refused `deployment.unknown`, and as the vault.
        """
        view = self.find(deployment)
        if view is None:
            raise unknown(deployment)
        if not view.awaits_list:
            return b""  # refused in the transaction; an ended deployment gets no key again
        info = find_list_key(self._vault, deployment)  # the gallery's vectors were rotated under it
        if info is None:
            return make_list_key(self._vault, deployment, now_ns=self._clock.time_ns()).key
        return self._vault.open_kept(info.id, actor=SystemActor.ENROLMENT, purpose="seal a list's pictures").key

    def _check_entries(self, deployment_id: str, gallery: str, entries: Sequence[EntryLike]) -> None:
        if not entries or not gallery or not all(entry.references for entry in entries):
            raise Refused(
                "watchlist.empty",
                f"a deployment needs a gallery and at least one entry with a photograph; {deployment_id} has none",
            )


def ended_error(id: str) -> Refused:
    return Refused("deployment.ended", f"deployment {id} has ended and stays so: make a new one")


def attached_error(id: str) -> Refused:
    """Make the refusal that says that no list may be attached now."""
    return Refused(
        "watchlist.attached",
        f"deployment {id} waits for no list: a trial has one list, a planned one awaits it once it is authorised",
    )
