"""Schedules the retention sweep: one run every so many seconds, never a queue of them, and none that never ends.

A run that waits for the process of a dead one is never begun: such runs are marked as crashed, as the reconciler does
with the flows of deployments. What Prefect can't do at all the supervisor's purge makes up for (`flows.purge`).

Which runs are ours is kept, so that another's is raised (`flows.unplanned_runs`); such a run keeps none of ours away.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine

from flows.build_sweep import LONGEST_S
from flows.prefect_api import ACTIVE, FlowRun, PrefectApi
from flows.run_register import forget_runs, forget_sweeps, plan_sweep, read_made, remember_run
from lfr_core.common.errors import LfrError
from lfr_core.common.logs import get_logger

__all__ = ["schedule_sweep"]

_WAITING = {"SCHEDULED", "PENDING"}
_PENDING_LOST = timedelta(minutes=2)
"""From the order to start its process to its first word: 3 s alone, half a minute on a busy machine."""
_RUNNING_LOST = timedelta(seconds=LONGEST_S)
_KEPT = 60  # intervals; one that was given up for lost may still run


def schedule_sweep(
    api: PrefectApi, engine: Engine, deployment: str, *, now: datetime, every_s: int, none_runs: bool = False
) -> bool:
    """Mark lost runs as crashed, and create one for now unless one of ours still waits.

    Args:
        api: of Prefect's server.
        engine: of the records, where it is kept which runs are ours.
        deployment: id of the sweep's Prefect deployment.
        now: aware.
        every_s: the time between two runs, seconds; two callers within it make one run.
        none_runs: no process of an earlier run lives: what claims to run is lost whatever its age.

    Returns:
        Whether one was created, or stood for this interval already.

    Raises:
        Retryable: the server is away.
    """
    waits, active, made = False, set[str](), _read_ours(engine)
    for run in api.read_flow_runs({"deployment_id": {"any_": [deployment]}, "state": {"type": {"any_": list(ACTIVE)}}}):
        if _is_lost(run, now, every_s, none_runs=none_runs):
            api.mark_crashed(run.id, "its process is gone")
            get_logger().warning("sweep_given_up", run=run.id)
            continue
        active.add(run.id)
        waits = waits or (run.state_type in _WAITING and (made is None or run.id in made))
    if waits:
        return False
    interval = int(now.timestamp() // every_s)
    try:
        forget_sweeps(engine, interval, reach=_KEPT, active=active)
        _create_ours(api, engine, deployment, interval, now=now, every_s=every_s)
    except LfrError as away:  # deletion waits for no records; if it was the server, it raises again
        get_logger().warning("sweep_made_without_records", reason=str(away))
        _create(api, deployment, f"sweep-{interval}")
    return True


def _read_ours(engine: Engine) -> set[str] | None:
    """Read the ids of the runs that are ours; None where the records can't say."""
    try:
        return set(read_made(engine).values())
    except LfrError:
        return None


def _create_ours(
    api: PrefectApi, engine: Engine, deployment: str, interval: int, *, now: datetime, every_s: int
) -> None:
    """Create this interval's run, and keep before and after that it is ours."""
    key = plan_sweep(engine, interval)
    created = _create(api, deployment, key)
    if _is_another_time(created, now, every_s):
        forget_runs(engine, [key])
        key = plan_sweep(engine, interval)
        created = _create(api, deployment, key)
    remember_run(engine, key, created.id)


def _create(api: PrefectApi, deployment: str, key: str) -> FlowRun:
    return api.create_flow_run(deployment, {"state": {"type": "SCHEDULED"}, "idempotency_key": key})


def _is_lost(run: FlowRun, now: datetime, every_s: int, *, none_runs: bool) -> bool:
    """Return whether it will never begin or end. A time that lies ahead was written before the clock was set back."""
    if run.state_type == "SCHEDULED":
        at = run.next_scheduled_start_time or run.expected_start_time
        return at is not None and at > now + timedelta(seconds=2 * every_s)
    if none_runs or run.state is None:
        return True
    limit = _PENDING_LOST if run.state_type == "PENDING" else _RUNNING_LOST
    return abs(now - run.state.timestamp) > limit


def _is_another_time(created: FlowRun, now: datetime, every_s: int) -> bool:
    """Return whether the key gave an old run: one that was given up, or one from before the clock was set back."""
    if created.state_type in _WAITING:
        return False
    begun = created.expected_start_time
    return created.state_type == "CRASHED" or begun is None or abs(now - begun) > timedelta(seconds=2 * every_s)
