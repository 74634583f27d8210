"""Makes a run's deployment, enrols its watchlist, opens it, and closes it with its gallery dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

from apps.runs.run_settings import READY_S
from apps.supervisor import ChildReport, Supervisor
from apps.supervisor.system import running_system
from lfr_core.common.settings import Settings
from lfr_core.custody.installation import Installation
from lfr_core.custody.people import AuthenticatedPerson
from lfr_core.custody.people.machine_user import act_as_machine_user
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.build import build_deployment_service
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.recognition.build import drop_gallery, open_list_gallery
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.watchlists.compile import compile_watchlist
from lfr_core.watchlists.enrol import check_watchlist
from lfr_core.watchlists.entries import WatchlistReport

__all__ = ["DeployedSystem", "checked_watchlist", "deploy_system"]


@dataclass(frozen=True, slots=True)
class DeployedSystem:
    """A running system with a live deployment."""

    system: Supervisor
    installation: Installation
    close: Callable[[], None]
    """Ends the deployment and destroys its list and its gallery; done at the latest when the block ends."""
    operator: AuthenticatedPerson
    """Who attends and has signed on: in a trial this machine's user."""


def checked_watchlist(
    folder: Path,
    deployment: str,
    kind: DeploymentKind,
    *,
    settings: Settings,
    policy: Policy,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> WatchlistReport:
    """Check the folder's watchlist, every photograph of it. Nothing is written.

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
def deploy_system(
    report: WatchlistReport,
    deployment: str,
    kind: DeploymentKind,
    *,
    name: str,
    live_only: bool,
    settings: Settings,
    policy: Policy,
    with_page: bool,
    on_change: Callable[[tuple[ChildReport, ...]], None] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[DeployedSystem]:
    """Start everything, and open a live deployment with that watchlist.

    At the end the deployment is closed, its gallery dropped, and everything is stopped in order.

    Args:
        report: what `checked_watchlist` gave for the same `deployment`.
        deployment: its id.
        kind: evaluation or demo: a run plays recordings.
        name: for people.
        live_only: drop frames that are older than the policy's limit.
        settings: those of the run (`settings_for_run`).
        policy: the force's.
        with_page: start the operator's page.
        on_change: called with the children as they start.
        say: called with what takes long.

    Raises:
        Refused: no entry is left to enrol, a rule of the deployment says no, or as `act_as_machine_user`.
        Retryable: Milvus or the records are away.
        Fatal: a child can't be started; the message names it and its log.
    """
    opened = Installation(settings, identity=ProcessIdentity.COMMANDS)
    with (
        running_system(settings, policy, opened.clock, with_page=with_page, on_change=on_change, say=say) as system,
        opened as installation,
    ):
        system.wait_ready(READY_S)
        store = build_deployment_service(installation)
        store.create(deployment, kind, name=name, live_only=live_only)
        with open_list_gallery(installation) as gallery:
            compile_watchlist(report, deployment=deployment, store=store, gallery=gallery, attempt=uuid4().hex)

        def close() -> None:
            drop_gallery(installation, store.close(deployment).gallery)

        try:
            store.open(deployment)
            operator = act_as_machine_user(installation.people, installation.engine, installation.trail)
            SignOns(installation.engine, installation.trail, installation.clock).sign_on(deployment, operator)
            attending = Attendance(installation.engine, installation.trail, installation.clock)
            with attending.keep_alive(deployment, operator):
                yield DeployedSystem(system, installation, close, operator)
        finally:
            close()
