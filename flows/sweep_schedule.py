"""Schedules the retention sweep: one run every so many seconds, never a queue of them, and none that never ends.

A run that waits for the process of a dead one is never begun: such runs are marked as crashed, as the reconciler does
with the flows of deployments. What Prefect can't do at all the supervisor's purge makes up for (`flows.purge`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flows.assembly import LONGEST_S
from flows.prefect_api import ACTIVE, FlowRun, PrefectApi
from lfr_core.common.logs import get_logger

__all__ = ["schedule_sweep"]

_WAITING = {"SCHEDULED", "PENDING"}
_PENDING_LOST = timedelta(minutes=2)
"""From the order to start its process to its first word: 3 s alone, half a minute on a busy machine."""
_RUNNING_LOST = timedelta(seconds=LONGEST_S)
_KEYS_TRIED = 10  # a clock that was set back so often is set back no further


def schedule_sweep(api: PrefectApi, deployment: str, *, now: datetime, every_s: int, none_runs: bool = False) -> bool:
    """Mark lost runs as crashed, and create one for now unless one still waits.

    Args:
        api: of Prefect's server.
        deployment: id of the sweep's Prefect deployment.
        now: aware.
        every_s: the time between two runs, seconds; two callers within it make one run.
        none_runs: no process of an earlier run lives: what claims to run is lost whatever its age.

    Returns:
        Whether one was created, or stood for this interval already.

    Raises:
        Retryable: the server is away.
    """
    waits = False
    for run in api.read_flow_runs({"deployment_id": {"any_": [deployment]}, "state": {"type": {"any_": list(ACTIVE)}}}):
        if _is_lost(run, now, every_s, none_runs=none_runs):
            api.mark_crashed(run.id, "its process is gone")
            get_logger().warning("sweep_given_up", run=run.id)
        elif run.state_type in _WAITING:
            waits = True
    if waits:
        return False
    key = f"sweep-{int(now.timestamp() // every_s)}"
    for _ in range(_KEYS_TRIED):
        created = api.create_flow_run(deployment, {"state": {"type": "SCHEDULED"}, "idempotency_key": key})
        if not _is_another_time(created, now, every_s):
            return True
        key = f"sweep-after-{created.id}"  # the same for whoever makes this interval's run
    return False


def _is_lost(run: FlowRun, now: datetime, every_s: int, *, none_runs: bool) -> bool:
    """Whether it will never begin, or never end. A time that lies ahead was written before the clock was set back."""
    if run.state_type == "SCHEDULED":
        at = run.next_scheduled_start_time or run.expected_start_time
        return at is not None and at > now + timedelta(seconds=2 * every_s)
    if none_runs or run.state is None:
        return True
    limit = _PENDING_LOST if run.state_type == "PENDING" else _RUNNING_LOST
    return abs(now - run.state.timestamp) > limit


def _is_another_time(created: FlowRun, now: datetime, every_s: int) -> bool:
    """Whether the key gave an old run: one that was given up, or one from before the clock was set back."""
    if created.state_type in _WAITING:
        return False
    begun = created.expected_start_time
    return created.state_type == "CRASHED" or begun is None or abs(now - begun) > timedelta(seconds=2 * every_s)
