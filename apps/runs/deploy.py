"""A run's deployment: made, its watchlist enrolled, opened; and closed with its gallery dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine

from lfr_core.deployments import DeploymentKind, DeploymentView
from lfr_core.faces.engine import build_engine
from lfr_core.gallery.milvus import MilvusGallery
from lfr_core.policy import Policy
from lfr_core.records.deployments import DeploymentStore
from lfr_core.settings import Settings
from lfr_core.watchlists.compile import compile_watchlist
from lfr_core.watchlists.enrol import check_watchlist
from lfr_core.watchlists.entries import WatchlistReport

__all__ = ["checked_watchlist", "open_deployment"]


def checked_watchlist(
    folder: Path,
    deployment: str,
    kind: DeploymentKind,
    *,
    settings: Settings,
    policy: Policy,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> WatchlistReport:
    """The folder's watchlist, every photograph looked at. Nothing is written.

    Raises:
        Poison: there is no watchlist.csv, or it can't be read.
        Fatal: the model pack is missing or damaged.
    """
    return check_watchlist(
        folder,
        kind=kind,
        engine=build_engine(settings, policy),
        policy=policy,
        today=date.today(),  # noqa: DTZ011  an expiry is a day where the deployment is
        progress=progress,
        deployment=deployment,
    )


@contextmanager
def open_deployment(
    report: WatchlistReport,
    deployment: str,
    kind: DeploymentKind,
    *,
    name: str,
    live_only: bool,
    database: Engine,
    settings: Settings,
    policy: Policy,
) -> Iterator[DeploymentView]:
    """A live deployment with that watchlist; at the end it is closed and its gallery dropped.

    Raises:
        Refused: no entry is left to enrol, or a rule of the deployment says no.
        Retryable: Milvus or the records are away.
    """
    store, gallery = DeploymentStore(database), MilvusGallery(settings.gallery_uri)
    store.create(deployment, kind, name=name, policy=policy, live_only=live_only)
    compile_watchlist(report, deployment=deployment, store=store, gallery=gallery, attempt=uuid4().hex)
    try:
        yield store.open(deployment)
    finally:
        closed = store.close(deployment)
        gallery.drop(closed.gallery)
