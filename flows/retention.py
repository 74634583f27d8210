"""The flow `retention`: every minute, destroys what is due, does what else is due, and reports how late each class is.

No parameters, no results: what a run leaves in Prefect are names of steps, states, and a table of counts and lags.
"""

from __future__ import annotations

from collections.abc import Callable

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.build_sweep import open_sweep
from flows.erasure_tasks import (
    certify_due_deployments,
    inject_missing_canaries,
    prune_audit_trail,
    report_obligations,
)
from flows.opening import open_for_flow
from flows.publishing import check_promises, update_public_site
from flows.retention_lag import lag_table
from flows.unplanned_runs import raise_strange_sweep
from lfr_core.common.errors import LfrError, Refused
from lfr_core.custody.installation import Installation
from lfr_core.retention.last_purge import Purger
from lfr_core.retention.lock import SweepIsRunning
from lfr_core.retention.status import read_retention_status
from lfr_core.retention.sweep import Sweep

__all__ = ["PURGE_TASKS", "SWEEP_TASKS", "retention"]

PURGE_TASKS = {
    "temporary": "remove old temporary files",
    "exports": "remove exported pictures",
    "alerts": "forget alerts after their time",
    "hours": "end deployments whose hours are over",
    "lists": "destroy watchlists of ended deployments",
    "galleries": "drop collections of ended deployments from the gallery",
    "quality": "remove data-quality results of ended deployments",
    "broker": "delete what ended deployments left in the broker",
    "topics": "delete what is past its topic's bound",
    "footage": "destroy footage after its time, unless held",
    "workflows": "delete old runs and logs of workflows",
}
"""What the task of each purge is called in Prefect, by the purge's name."""


@flow(name="retention", persist_result=False, validate_parameters=False)
def retention() -> State[None]:
    """Destroy everything whose time is over. One step that fails doesn't keep the others from theirs."""
    with open_for_flow() as installation:
        ended = _purge_all(installation)
        run_sweep_task.with_options(name="look whether this run is ours")(
            installation, raise_strange_sweep, return_state=True
        )
    return ended


def _purge_all(installation: Installation) -> State[None]:
    """Run each purge, then what else is due. Purging comes first, whoever made the run."""
    try:
        with open_sweep(installation, by=Purger.FLOW) as sweep:
            for step in sweep.names:
                purge.with_options(name=PURGE_TASKS[step])(sweep, step, return_state=True)
            failed = [report.step for report in sweep.finish() if report.error]
    except SweepIsRunning as busy:
        return Completed(name="Superseded", message=str(busy))
    except Refused as untrusted:  # the clock: nothing is purged by it
        return Failed(message=str(untrusted))
    for name, act in SWEEP_TASKS.items():
        run_sweep_task.with_options(name=name)(installation, act, return_state=True)
    if failed:
        return Failed(message=f"not purged in full, tried again by the next sweep: {', '.join(failed)}")
    return Completed(message="nothing that is due is left, or a note says why")


@task(name="purge", cache_policy=NO_CACHE)
def purge(sweep: Sweep, step: str) -> State[None]:
    """Run one purge. A failure is the task's state, not raised, so that the log has a line and not a traceback."""
    try:
        error = sweep.run(step).error
    except Refused as refusal:
        error = str(refusal)
    return Failed(message=error) if error else Completed()


@task(name="sweep task", cache_policy=NO_CACHE)
def run_sweep_task(installation: Installation, act: Callable[[Installation], object]) -> State[None]:
    """Do what else is due: completed, or failed in one line; the next sweep tries again."""
    try:
        done = act(installation)
    except LfrError as error:
        return Failed(message=str(error))
    return Completed(message=", ".join(done) if isinstance(done, tuple) else str(done))


def report_lag(installation: Installation) -> str:
    """Write down how late each class of data is, as a table in Prefect. Raises Retryable: the database is away."""
    status = read_retention_status(installation.engine, installation.policy.retention, now_ns=installation.now_ns)
    create_markdown_artifact(key="retention-lag", markdown=lag_table(status), description="Lag of each class of data")
    return f"{sum(each.is_alarm for each in status)} alarms"


SWEEP_TASKS: dict[str, Callable[[Installation], object]] = {
    "inject canaries in live deployments that have none": inject_missing_canaries,
    "search for the canaries and certify what was destroyed": certify_due_deployments,
    "record what is done of each deployment's obligations": report_obligations,
    "prune the audit trail": prune_audit_trail,
    "look whether promises are kept": check_promises,
    "keep the public site up to date": update_public_site,
    "write down how late each class is": report_lag,
}
"""What the sweep does beside purging, by the name of its task in Prefect, in this order."""
