"""The retention flow: every minute, what has to go goes, and how late it is is written down.

No parameters, no results: what a run leaves in Prefect are names of steps, states, and a table of counts and lags.
"""

from __future__ import annotations

from collections.abc import Callable

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from sqlalchemy import Engine

from flows.assembly import sweep_of
from flows.erasure_tasks import book_done, certify_what_fell_due, inject_where_there_are_none, prune_the_trail
from flows.publishing import keep_the_site, look_at_the_promises
from flows.report import lag_table
from lfr_core.common.errors import LfrError, Refused
from lfr_core.common.logs import configure_logs
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.retention.ended import Purger
from lfr_core.retention.lock import SweepRuns
from lfr_core.retention.status import retention_status
from lfr_core.retention.sweep import Sweep
from lfr_core.storage.engine import open_engine

__all__ = ["retention"]


@flow(name="retention", persist_result=False, validate_parameters=False)
def retention() -> State[None]:
    """Destroy everything whose time is over. One step that fails doesn't keep the others from theirs."""
    settings = Settings()
    configure_logs(settings.log_level)
    policy = load_policy(settings.policy_file)
    try:
        with sweep_of(settings, policy, by=Purger.FLOW) as sweep:
            remove_old_temporary_files(sweep, return_state=True)
            forget_alerts_after_their_hours(sweep, return_state=True)
            destroy_lists_of_ended_deployments(sweep, return_state=True)
            drop_collections_of_ended_deployments(sweep, return_state=True)
            remove_quality_results_of_ended_deployments(sweep, return_state=True)
            delete_broker_records_of_ended_deployments(sweep, return_state=True)
            delete_broker_records_past_their_bound(sweep, return_state=True)
            destroy_footage_after_its_days(sweep, return_state=True)
            delete_old_workflow_runs(sweep, return_state=True)
            failed = [report.step for report in sweep.finish() if report.error]
    except SweepRuns as busy:
        return Completed(name="Superseded", message=str(busy))
    except Refused as untrusted:  # the clock: nothing is purged by it
        return Failed(message=str(untrusted))
    inject_canaries_in_live_deployments(settings, policy, return_state=True)
    certify_what_was_destroyed(settings, policy, return_state=True)
    book_what_is_done_after_the_end(settings, return_state=True)
    prune_the_audit_trail(settings, policy, return_state=True)
    look_whether_promises_are_kept(settings, policy, return_state=True)
    keep_the_public_site_up_to_date(settings, policy, return_state=True)
    write_down_how_late_each_class_is(settings, return_state=True)
    if failed:
        return Failed(message=f"not purged in full, tried again by the next sweep: {', '.join(failed)}")
    return Completed(message="nothing that is due is left, or a note says why")


@task(name="remove old temporary files", cache_policy=NO_CACHE)
def remove_old_temporary_files(sweep: Sweep) -> State[None]:
    return _run(sweep, "temporary")


@task(name="forget alerts after their 24 hours", cache_policy=NO_CACHE)
def forget_alerts_after_their_hours(sweep: Sweep) -> State[None]:
    return _run(sweep, "alerts")


@task(name="destroy watchlists of ended deployments", cache_policy=NO_CACHE)
def destroy_lists_of_ended_deployments(sweep: Sweep) -> State[None]:
    return _run(sweep, "lists")


@task(name="drop collections of ended deployments from the gallery", cache_policy=NO_CACHE)
def drop_collections_of_ended_deployments(sweep: Sweep) -> State[None]:
    return _run(sweep, "galleries")


@task(name="remove data-quality results of ended deployments", cache_policy=NO_CACHE)
def remove_quality_results_of_ended_deployments(sweep: Sweep) -> State[None]:
    return _run(sweep, "quality")


@task(name="delete what ended deployments left in the broker", cache_policy=NO_CACHE)
def delete_broker_records_of_ended_deployments(sweep: Sweep) -> State[None]:
    return _run(sweep, "broker")


@task(name="delete what is past its topic's bound", cache_policy=NO_CACHE)
def delete_broker_records_past_their_bound(sweep: Sweep) -> State[None]:
    return _run(sweep, "topics")


@task(name="destroy footage after its 31 days, unless held", cache_policy=NO_CACHE)
def destroy_footage_after_its_days(sweep: Sweep) -> State[None]:
    return _run(sweep, "footage")


@task(name="delete old runs and logs of workflows", cache_policy=NO_CACHE)
def delete_old_workflow_runs(sweep: Sweep) -> State[None]:
    return _run(sweep, "workflows")


@task(name="plant canaries in live deployments that have none", cache_policy=NO_CACHE)
def inject_canaries_in_live_deployments(settings: Settings, policy: Policy) -> State[None]:
    return _prove(lambda engine: inject_where_there_are_none(settings, policy, engine), settings)


@task(name="search for the canaries and certify what was destroyed", cache_policy=NO_CACHE)
def certify_what_was_destroyed(settings: Settings, policy: Policy) -> State[None]:
    return _prove(lambda engine: certify_what_fell_due(settings, policy, engine), settings)


@task(name="book what is done of each deployment's obligations", cache_policy=NO_CACHE)
def book_what_is_done_after_the_end(settings: Settings) -> State[None]:
    return _prove(lambda engine: book_done(settings, engine), settings)


@task(name="prune the audit trail", cache_policy=NO_CACHE)
def prune_the_audit_trail(settings: Settings, policy: Policy) -> State[None]:
    return _prove(lambda engine: prune_the_trail(settings, policy, engine), settings)


@task(name="look whether promises are kept", cache_policy=NO_CACHE)
def look_whether_promises_are_kept(settings: Settings, policy: Policy) -> State[None]:
    return _said(lambda: look_at_the_promises(settings, policy))


@task(name="keep the public site up to date", cache_policy=NO_CACHE)
def keep_the_public_site_up_to_date(settings: Settings, policy: Policy) -> State[None]:
    return _said(lambda: keep_the_site(settings, policy))


@task(name="write down how late each class is", cache_policy=NO_CACHE)
def write_down_how_late_each_class_is(settings: Settings) -> None:
    import time

    engine = open_engine(settings.records_url)
    try:
        policy = load_policy(settings.policy_file).retention
        standing = retention_status(engine, policy, now_ns=time.time_ns())
    finally:
        engine.dispose()
    create_markdown_artifact(key="retention-lag", markdown=lag_table(standing), description="Lag of each class of data")


def _prove(act: Callable[[Engine], object], settings: Settings) -> State[None]:
    """Done, or a failed state in one line; the next sweep tries again."""
    engine = open_engine(settings.records_url)
    try:
        done = act(engine)
    except LfrError as error:
        return Failed(message=str(error))
    finally:
        engine.dispose()
    return Completed(message=", ".join(done) if isinstance(done, tuple) else str(done))


def _said(act: Callable[[], str]) -> State[None]:
    """As `_prove`, of what opens its own connections."""
    try:
        return Completed(message=act())
    except LfrError as error:
        return Failed(message=str(error))


def _run(sweep: Sweep, step: str) -> State[None]:
    """The step as the task's state: a failure is told, not raised, so that the log has a line and not a traceback."""
    try:
        error = sweep.run(step).error
    except Refused as refusal:
        error = str(refusal)
    return Failed(message=error) if error else Completed()
