"""The children of workflows: Prefect's server, the process that serves our flows, and the purge that needs neither."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

from apps.supervisor.children import ChildSpec
from apps.supervisor.probes import http_ok, says_alive, says_ready
from flows.prefect_credentials import login_of
from lfr_core.common.starting import STARTING

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings
    from lfr_core.domain.policy import Policy

__all__ = ["FLOWS", "IDLE_SERVICES", "PURGE", "WORKFLOWS", "purge_child", "workflow_children"]

WORKFLOWS, FLOWS, PURGE = "workflows", "flows", "purge"
_START_S = 120.0  # 8-13 s alone on two cores; everything else starts at the same time
_POLL_S = 5
IDLE_SERVICES = (
    "CANCELLATION_CLEANUP",  # nothing of ours is cancelled half way
    "CLEANUP_RECONCILER",
    "FOREMAN",  # marks work pools whose workers are silent
    "LATE_RUNS",  # `flows.reconcile` and `flows.sweep_schedule` see to runs that don't begin
    "PAUSE_EXPIRATIONS",
    "REPOSSESSOR",  # of limits on how many run at once
    "SCHEDULER",  # decision 0007: it creates no runs; ours are created by us
    "TRIGGERS",  # automations
)
"""Of Prefect's own server: each looks into its database every few seconds for what we have none of."""
_NO_PURGE_S = 120
"""How long no purge may have ended before the supervisor purges, seconds."""


def workflow_children(
    settings: Settings, policy: Policy, env: dict[str, str], needs: tuple[str, ...]
) -> list[ChildSpec]:
    """Specify the server, unless the settings name one, and `flows`, which starts after it and after `needs`.

    Raises:
        Fatal, Retryable: as `flows.prefect_credentials.login_of`.
    """
    login = login_of(settings)
    prefect = _prefect_env(settings, policy) | ({"PREFECT_API_AUTH_STRING": login} if login else {})
    own = () if settings.prefect_url else (_server(settings, prefect | {"PREFECT_SERVER_API_AUTH_STRING": login}),)
    # flows.serve.ready_file, without importing Prefect here; a test keeps the two equal
    liveness = settings.home.resolve() / "run" / "flows.ready"
    flows = ChildSpec(
        FLOWS,
        (sys.executable, "-m", "flows.serve"),
        env=env | prefect,
        ready=says_ready(liveness),
        alive=says_alive(liveness),
        start_deadline_s=_START_S,
        after=(*needs, *(child.name for child in own)),
        prepares=True,
    )
    return [*own, flows]


def purge_child(settings: Settings, policy: Policy, env: dict[str, str]) -> ChildSpec:
    """Specify the child that purges when no purge has ended for two minutes or two sweeps. It waits for nobody."""
    after_s = max(_NO_PURGE_S, 2 * policy.retention.sweep_s)
    # flows.purge.ready_file, without importing it here; a test keeps the two equal
    liveness = settings.home.resolve() / "run" / "purge.ready"
    return ChildSpec(
        PURGE,
        (sys.executable, "-m", "flows.purge", "--after-s", str(after_s)),
        env=env,
        ready=says_ready(liveness),
        alive=says_alive(liveness),
        stop_deadline_s=5.0,
    )


def _server(settings: Settings, prefect: dict[str, str]) -> ChildSpec:
    port = str(settings.prefect_port)
    return ChildSpec(
        WORKFLOWS,
        (sys.executable, "-m", "flows.prefect_server", "--port", port, "--cache", str(settings.cache.resolve())),
        env=prefect | {STARTING: "1"} | {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in IDLE_SERVICES},
        ready=http_ok(f"http://127.0.0.1:{port}/api/health"),
        alive=http_ok(f"http://127.0.0.1:{port}/api/health"),
        start_deadline_s=_START_S,
        ports=(settings.prefect_port,),
        shares_ports=True,
    )


def _prefect_env(settings: Settings, policy: Policy) -> dict[str, str]:
    """Return the environment of a Prefect of its own below the home folder.

    It tells nobody and keeps nothing it needn't.
    """
    home = settings.home.resolve() / "prefect"
    days = f"P{policy.retention.workflow_history_days}D"
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),  # not the person's own profile
        "PREFECT_API_URL": settings.prefect_api,
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{quote(str(home / 'prefect.db'))}",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",  # never a second server behind our back
        "PREFECT_SERVER_UI_ENABLED": "false",  # our own screens show runs
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "",  # no web page's; flows.prefect_server refuses them before that
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": days,
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        "PREFECT_TASKS_DEFAULT_PERSIST_RESULT": "false",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",  # logs stay in this machine's log folder
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_RUNNER_POLL_FREQUENCY": str(_POLL_S),
    }
