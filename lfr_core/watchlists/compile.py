"""A deployment gets its watchlist: all of it, or nothing that could be used."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from lfr_core.common.errors import LfrError, Refused
from lfr_core.custody.people.roles import Actor
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentView
from lfr_core.recognition.gallery.checks import gallery_name
from lfr_core.recognition.gallery.port import Gallery, StoredRow
from lfr_core.watchlists.enrol import enrol
from lfr_core.watchlists.entries import Entry, WatchlistReport

__all__ = ["WatchlistStore", "check_open_for_watchlist", "compile_watchlist"]


class WatchlistStore(Protocol):
    """What is asked of the records: `lfr_core.deployments.service.DeploymentService` has it."""

    def find(self, deployment: str, /) -> DeploymentView | None: ...

    def check_may_attach(self, deployment_id: str, by: Actor, /) -> None:
        """See that the list is `by`'s to make. Raises Refused."""
        ...

    def attach_watchlist(
        self,
        deployment_id: str,
        contract_id: str,
        gallery: str,
        entries: Sequence[Entry],
        /,
        by: Actor,
        *,
        held: Sequence[StoredRow],
    ) -> DeploymentView:
        """Attach the list in one transaction: keep the entries, name the gallery, bind what it holds, make the
        deployment ready.
        """
        ...


def check_open_for_watchlist(store: WatchlistStore, deployment: str) -> DeploymentView:
    """Return the deployment, if it still waits for its list.

    Raises:
        Refused: `deployment.unknown`, `watchlist.attached`.
    """
    found = store.find(deployment)
    if found is None:
        raise Refused(
            "deployment.unknown", f"there is no deployment {deployment}; `lfr deployment list` shows those there are"
        )
    if not found.awaits_list:
        raise Refused(
            "watchlist.attached",
            f"deployment {deployment} is {found.status.value} and waits for no list: a trial has one list, a planned "
            "deployment awaits its list once it is authorised",
        )
    return found


def compile_watchlist(
    report: WatchlistReport,
    *,
    deployment: str,
    store: WatchlistStore,
    gallery: Gallery,
    attempt: str,
    by: Actor = SystemActor.LFR,
) -> DeploymentView:
    """Enrol a checked list into a gallery of this attempt's own, then attach it to the deployment.

    1. The gallery is filled under a name that no other attempt has.
    2. The records name it and make the deployment ready, in one transaction. Until then nothing searches it.
    3. What earlier attempts left behind is dropped; one that still runs will fail at its own step 2.

    A failure in 1 or 2 drops this attempt's gallery.

    Args:
        report: of `check_watchlist` with the same `deployment`.
        deployment: its id.
        store: the records.
        gallery: where the templates go.
        attempt: letters and digits, different for each call, as `uuid4().hex`.
        by: who compiles it; of a planned deployment a planner, or `SystemActor.FLOWS`.

    Raises:
        Refused: `deployment.unknown`, `watchlist.attached`, `watchlist.empty`, or what the store refuses.
        Retryable: Milvus or the records are away; nothing usable is left and it may be tried again.
    """
    check_open_for_watchlist(store, deployment)
    # gallery_name writes an underscore as `_5f`, so `__` ends the deployment's part of the name.
    prefix = f"{gallery_name(deployment)}__"
    name = prefix + attempt
    held = enrol(report, gallery, name, report.contract_id)
    try:
        view = store.attach_watchlist(deployment, report.contract_id, name, report.entries, by=by, held=held)
    except BaseException:
        with suppress(LfrError):  # the first failure is the one to tell
            gallery.drop(name)
        raise
    with suppress(LfrError):  # what is left is dropped when the deployment ends
        for left in gallery.names():
            if left.startswith(prefix) and left != name:
                gallery.drop(left)
    return view
