"""Makes Prefect's schedule equal to the plan. Repeating it is harmless; a run that is missing is created at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from flows.flow_runs import ExistingRun, FlowRuns, open_flow_runs
from flows.run_register import forget_runs, is_sweep_key, read_made, remember_run
from flows.schedule import (
    FlowStep,
    PlannedRun,
    RunKey,
    key_of_run,
    parse_run_key,
    plan_runs,
    read_all_schedule_facts,
    retry_after,
)
from lfr_core.common.errors import Retryable
from lfr_core.common.logs import get_logger
from lfr_core.custody.installation import Installation
from lfr_core.domain.policy import Policy
from lfr_core.storage.engine import reading

__all__ = ["Changes", "NewRun", "compute_changes", "read_scheduled", "reconcile", "schedule_now"]

_LOST_AFTER = {FlowStep.COMPILE: timedelta(hours=1)}
"""A run that claims to run for longer was killed. 10,000 photographs take some twenty minutes."""
_OTHERS_LOST_AFTER = timedelta(minutes=5)
_SAME_TIME = timedelta(seconds=1)
_TIMEOUT_S = 4.0
"""A person waits; the next reconciliation catches up."""
_SCHEDULED = "SCHEDULED"
_RUNNING = frozenset({"PENDING", "RUNNING", "CANCELLING", "PAUSED"})
_SUPERSEDED = "Superseded"


@dataclass(frozen=True, slots=True)
class NewRun:
    """One run to be created; `at` may be past."""

    run: PlannedRun
    attempt: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to change in Prefect: in this order."""

    delete: tuple[ExistingRun, ...] = ()
    mark_crashed: tuple[ExistingRun, ...] = ()
    create: tuple[NewRun, ...] = ()

    @property
    def summary(self) -> str:
        return f"{len(self.create)} scheduled, {len(self.delete)} taken off, {len(self.mark_crashed)} given up for lost"


def compute_changes(
    planned: Sequence[PlannedRun], existing: Sequence[ExistingRun], now: datetime, *, real_now: datetime
) -> Changes:
    """Compare the runs that should exist with those that do.

    A run that waits is deleted when it is no longer planned, or planned for another time. One that has failed is
    followed by another attempt; one that has completed isn't, unless it ended as superseded and is planned again.

    Args:
        planned: of all deployments.
        existing: every run of ours that hasn't ended, and those that ended for the deployments in `planned`.
        now: aware.
        real_now: by the clock of Prefect's server, by which its states are dated.
    """
    by_name: dict[str, list[ExistingRun]] = defaultdict(list)
    for each in existing:
        by_name[each.planned.name].append(each)
    names = {run.name for run in planned}
    delete = [each for each in existing if each.planned.name not in names and each.state.type == _SCHEDULED]
    crashed: list[ExistingRun] = []
    create: list[NewRun] = []
    for run in planned:
        attempts = sorted(by_name[run.name], key=lambda each: each.attempt)
        rescheduled = [each for each in attempts if _is_rescheduled(each, run, now)]
        lost = [each for each in attempts if _is_lost(each, real_now)]
        delete += rescheduled
        crashed += lost
        kept = [each for each in attempts if each not in rescheduled]
        if any(_is_active(each) and each not in lost for each in kept) or any(_is_done(each) for each in kept):
            continue
        if not kept:
            create.append(NewRun(run, 1, run.at))
            continue
        last = kept[-1]
        again = last.state.timestamp + retry_after(run.step, last.attempt)
        create.append(NewRun(run, last.attempt + 1, max(run.at, now if last in lost else again)))
    return Changes(tuple(delete), tuple(crashed), tuple(create))


def _is_active(each: ExistingRun) -> bool:
    return each.state.type in {_SCHEDULED, *_RUNNING}


def _is_done(each: ExistingRun) -> bool:
    return each.state.type == "COMPLETED" and each.state.name != _SUPERSEDED


def _is_rescheduled(each: ExistingRun, run: PlannedRun, now: datetime) -> bool:
    """Return whether its first attempt waits for a time that is no longer the planned one."""
    return (
        each.state.type == _SCHEDULED
        and each.state.name != "AwaitingRetry"  # a flow that tries again by itself
        and each.attempt == 1
        and abs(each.planned.at - run.at) > _SAME_TIME
        and (each.planned.at > now or run.at > now)
    )


def _is_lost(each: ExistingRun, real_now: datetime) -> bool:
    """Say whether a run is lost. A time so far ahead was written before the clock was set back: its age isn't known."""
    longest = _LOST_AFTER.get(each.planned.step, _OTHERS_LOST_AFTER)
    return each.state.type in _RUNNING and abs(real_now - each.state.timestamp) > longest


def reconcile(
    engine: Engine, policy: Policy, runs: FlowRuns, *, home: Path, now: datetime, real_now: datetime | None = None
) -> Changes:
    """Create the runs that are missing, delete those that are no longer planned. Returns what was changed.

    Raises:
        Retryable: records or Prefect are away; what was done stays, the next call does the rest.
    """
    with reading(engine) as session:
        facts = read_all_schedule_facts(session, policy, home, now)
    planned = [run for each in facts for run in plan_runs(each, policy.planning, now)]
    made, there = read_made(engine), {each.id: each for each in runs.read_active()}
    for deployment in sorted({run.deployment for run in planned}):
        there |= {each.id: each for each in runs.list_runs(deployment)}
    # a run that somebody else made says nothing of ours: when it begins it is refused
    existing = [each for each in there.values() if made.get(each.key) in {each.id, ""}]
    found = compute_changes(planned, existing, now, real_now=real_now or now)
    for each in found.delete:
        runs.delete(each)
    for each in found.mark_crashed:
        runs.mark_crashed(each, "its process is gone; another run was made")
    for new in found.create:
        key = key_of_run(new.run, new.attempt)
        remember_run(engine, key)
        remember_run(engine, key, runs.create(new.run, new.attempt, new.at))
    left = {run.name for run in planned} | {each.planned.name for each in existing}
    lives = [key for key in made if not is_sweep_key(key)]
    over = [key for key in lives if (of := parse_run_key(key)) is None or _name_of(of) not in left]
    if over:
        forget_runs(engine, over)
    return found


def _name_of(key: RunKey) -> str:
    return f"{key.deployment}:{key.step}:{key.occasion}:{key.revision}"


def schedule_now(installation: Installation) -> Changes | None:
    """Reconcile at once, after somebody has changed a plan. None when Prefect is away: `flows.serve` catches up.

    Raises:
        Retryable: the records are away.
    """
    engine, settings = installation.engine, installation.settings
    with reading(engine):  # away? that is the caller's to know
        pass
    try:
        runs = open_flow_runs(settings, timeout_s=_TIMEOUT_S)
        return reconcile(engine, installation.policy, runs, home=settings.home, now=installation.now)
    except Retryable as away:
        get_logger().info("schedule_waits", reason=str(away))
        return None


def read_scheduled(runs: FlowRuns, deployment: str) -> tuple[PlannedRun, ...]:
    """Return what Prefect will run for a deployment, by its own account, the earliest first. Raises Retryable."""
    return tuple(each.planned for each in runs.list_runs(deployment) if each.state.type == _SCHEDULED)
