"""Prefect's schedule made equal to what should be scheduled. Again is harmless; what is missing is made up at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from flows.api import HttpWorkflows, MadeRun, Workflows
from flows.clock import now_source
from flows.schedule import FlowStep, PlannedRun, retry_after, runs_wanted, standings
from flows.transport import PrefectApi
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Retryable
from lfr_core.common.logs import get_logger
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import Policy
from lfr_core.storage.engine import open_engine, reading

__all__ = ["Changes", "NewRun", "changes", "reconcile", "schedule_now", "scheduled"]

_LOST_AFTER = {FlowStep.COMPILE: timedelta(hours=1)}
"""A run that claims to run for longer was killed. 10,000 photographs take some twenty minutes."""
_OTHERS_LOST_AFTER = timedelta(minutes=5)
_SAME = timedelta(seconds=1)
_ASK_S = 4.0
"""A person waits: the beat catches up."""
_WAITS = "SCHEDULED"
_RUNS = frozenset({"PENDING", "RUNNING", "CANCELLING", "PAUSED"})
_SUPERSEDED = "Superseded"


@dataclass(frozen=True, slots=True)
class NewRun:
    """One run to be made; `at` may be past."""

    run: PlannedRun
    attempt: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to change in Prefect: in this order."""

    drop: tuple[MadeRun, ...] = ()
    give_up: tuple[MadeRun, ...] = ()
    make: tuple[NewRun, ...] = ()

    @property
    def said(self) -> str:
        return f"{len(self.make)} scheduled, {len(self.drop)} taken off, {len(self.give_up)} given up for lost"


def changes(wanted: Sequence[PlannedRun], made: Sequence[MadeRun], now: datetime, *, real_now: datetime) -> Changes:
    """Compare what should be there with what is.

    A run that waits goes when nobody wants it any more, or at another time. One that has failed is followed by another
    attempt; one that has completed isn't, unless it found itself superseded and is wanted again.

    Args:
        wanted: for all deployments.
        made: every run of ours that hasn't ended, and those that ended for the deployments in `wanted`.
        now: aware.
        real_now: by the clock of Prefect's server, by which its states are dated.
    """
    by_name: dict[str, list[MadeRun]] = defaultdict(list)
    for each in made:
        by_name[each.planned.name].append(each)
    names = {run.name for run in wanted}
    drop = [each for each in made if each.planned.name not in names and each.state.type == _WAITS]
    lost: list[MadeRun] = []
    new: list[NewRun] = []
    for run in wanted:
        there = sorted(by_name[run.name], key=lambda each: each.attempt)
        moved = [each for each in there if _is_moved(each, run, now)]
        gone = [each for each in there if _is_lost(each, real_now)]
        drop += moved
        lost += gone
        rest = [each for each in there if each not in moved]
        if any(each.state.type in {_WAITS, *_RUNS} and each not in gone for each in rest):
            continue
        if any(each.state.type == "COMPLETED" and each.state.name != _SUPERSEDED for each in rest):
            continue
        if not rest:
            new.append(NewRun(run, 1, run.at))
            continue
        last = rest[-1]
        again = last.state.timestamp + retry_after(run.step, last.attempt)
        new.append(NewRun(run, last.attempt + 1, max(run.at, now if last in gone else again)))
    return Changes(tuple(drop), tuple(lost), tuple(new))


def _is_moved(each: MadeRun, run: PlannedRun, now: datetime) -> bool:
    """Whether its first attempt waits for a time that is no longer the right one."""
    return (
        each.state.type == _WAITS
        and each.state.name != "AwaitingRetry"  # a flow that tries again by itself
        and each.attempt == 1
        and abs(each.planned.at - run.at) > _SAME
        and (each.planned.at > now or run.at > now)
    )


def _is_lost(each: MadeRun, real_now: datetime) -> bool:
    """A time that lies so far ahead was written before the clock was set back: its age isn't known."""
    longest = _LOST_AFTER.get(each.planned.step, _OTHERS_LOST_AFTER)
    return each.state.type in _RUNS and abs(real_now - each.state.timestamp) > longest


def reconcile(
    engine: Engine, policy: Policy, api: Workflows, *, home: Path, now: datetime, real_now: datetime | None = None
) -> Changes:
    """Make the runs that are missing, take off those that nobody wants. What was changed.

    Raises:
        Retryable: records or Prefect are away; what was done stays, the next call does the rest.
    """
    with reading(engine) as session:
        standing = standings(session, policy, home, now)
    wanted = [run for each in standing for run in runs_wanted(each, policy.planning, now)]
    made = {each.id: each for each in api.waiting()}
    for deployment in sorted({run.deployment for run in wanted}):
        made |= {each.id: each for each in api.runs_of(deployment)}
    found = changes(wanted, list(made.values()), now, real_now=real_now or now)
    for each in found.drop:
        api.drop(each)
    for each in found.give_up:
        api.give_up(each, "its process is gone; another run was made")
    for new in found.make:
        api.make(new.run, new.attempt, new.at)
    return found


def schedule_now(settings: Settings, policy: Policy) -> Changes | None:
    """Reconcile at once, after somebody has changed a plan. None when Prefect is away: the beat catches up.

    Raises:
        Retryable: the records are away.
    """
    engine, now = open_engine(settings.records_url), utc_from_ns(now_source().time_ns())
    try:
        with reading(engine):  # away? that is the caller's to know
            pass
        try:
            api = HttpWorkflows(PrefectApi.of(settings, timeout_s=_ASK_S))
            return reconcile(engine, policy, api, home=settings.home, now=now)
        except Retryable as away:
            get_logger().info("schedule_waits", reason=str(away))
            return None
    finally:
        engine.dispose()


def scheduled(api: Workflows, deployment: str) -> tuple[PlannedRun, ...]:
    """What Prefect will run for a deployment, by its own account, the earliest first. Raises Retryable."""
    return tuple(each.planned for each in api.runs_of(deployment) if each.state.type == _WAITS)
