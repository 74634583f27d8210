"""Each minute has one run of the sweep: nothing that waits, claims to run or lies ahead keeps it away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.states import Cancelling, Completed, Pending, Running, Scheduled
from sqlalchemy import Engine

from flows.prefect_api import PrefectApi
from flows.run_register import plan_sweep, remember_run
from flows.sweep_schedule import schedule_sweep
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.storage.engine import open_engine
from tests.support.databases import new_sqlite
from tests.support.prefect import PrefectServer
from tests.support.workflows import prefect_settings


@flow
def nothing() -> None:
    """What is deployed here; it is never run."""


@dataclass
class Ticks:
    """A deployment on the server, whose ticks come at seconds that a test names."""

    api: PrefectApi
    engine: Engine
    client: PrefectClient
    deployment: UUID
    start: datetime

    async def tick(self, at_s: float, **more: Any) -> bool:
        now = self.start + timedelta(seconds=at_s)
        return await asyncio.to_thread(
            schedule_sweep, self.api, self.engine, str(self.deployment), now=now, every_s=60, **more
        )

    async def left(self, *states: State[Any], ours: bool = True) -> UUID:
        """A run of the minute before, left in the last of these states."""
        run = await self.client.create_flow_run_from_deployment(self.deployment, state=Scheduled())
        if ours:
            remember_run(self.engine, f"sweep-{int(self.start.timestamp()) // 60 - 1}-{run.id}", str(run.id))
        for state in states:
            await self.client.set_flow_run_state(run.id, state, force=True)
        return run.id

    async def states_of(self, *runs: UUID) -> list[str]:
        return [str((await self.client.read_flow_run(run)).state_type.value) for run in runs]  # type: ignore[union-attr]  # each has one

    async def runs(self) -> list[Any]:
        return [run for run in await self.client.read_flow_runs() if run.deployment_id == self.deployment]

    async def forget(self) -> None:
        for run in await self.runs():
            await self.client.delete_flow_run(run.id)


def play(server: PrefectServer, tmp_path: Path, played: Callable[[Ticks], Awaitable[object]]) -> object:
    """What `played` makes of a deployment of its own, with records of its own."""
    engine = open_engine(new_sqlite(tmp_path / "records.sqlite3"))

    async def play_it() -> object:
        async with get_client() as client:
            made = await client.create_deployment(await client.create_flow(nothing), name="ticks")
            ticks = Ticks(server.client, engine, client, made, utc_from_ns(SystemClock().time_ns()))
            try:
                return await played(ticks)
            finally:
                await ticks.forget()
                await client.delete_deployment(made)

    try:
        with prefect_settings(server):
            return asyncio.run(play_it())
    finally:
        engine.dispose()


@pytest.mark.slow
def test_one_run_waits_at_most_and_one_tick_makes_one_run(prefect_server: PrefectServer, tmp_path: Path) -> None:
    async def played(ticks: Ticks) -> object:
        return [await ticks.tick(0), await ticks.tick(0), await ticks.tick(60)]

    assert play(prefect_server, tmp_path, played) == [True, False, False]


@pytest.mark.fault("sweep left pending")
def test_a_run_that_somebody_else_has_made_keeps_none_of_ours_away(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    async def played(ticks: Ticks) -> object:
        await ticks.left(ours=False)
        await ticks.left(Pending(), ours=False)
        return [await ticks.tick(0), await ticks.tick(60)]

    assert play(prefect_server, tmp_path, played) == [True, False]


@pytest.mark.slow
def test_without_records_a_run_is_made_all_the_same(prefect_server: PrefectServer, tmp_path: Path) -> None:
    async def played(ticks: Ticks) -> object:
        with ticks.engine.begin() as records:
            records.exec_driver_sql("DROP TABLE scheduled_run")
        return [await ticks.tick(0), await ticks.tick(0)]

    assert play(prefect_server, tmp_path, played) == [True, False]


@pytest.mark.fault("sweep left pending")
@pytest.mark.slow
def test_a_sweep_left_pending_does_not_block_the_next_and_is_given_up(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    async def played(ticks: Ticks) -> object:
        pending = await ticks.left(Pending())
        found = [await ticks.tick(60), await ticks.states_of(pending)]  # its process may still be starting
        found += [await ticks.tick(180), await ticks.states_of(pending)]
        await ticks.forget()
        old = [await ticks.left(Running()), await ticks.left(Running(), Cancelling())]
        found += [await ticks.tick(0), await ticks.states_of(*old)]
        await ticks.tick(3600)
        return [*found, await ticks.states_of(*old)]

    assert play(prefect_server, tmp_path, played) == [
        *(False, ["PENDING"]),
        *(True, ["CRASHED"]),
        *(True, ["RUNNING", "CANCELLING"]),
        ["CRASHED", "CRASHED"],
    ]


@pytest.mark.fault("sweep left pending")
@pytest.mark.slow
def test_after_a_restart_what_claims_to_run_is_given_up_at_once_and_this_tick_has_its_run(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    async def played(ticks: Ticks) -> object:
        assert await ticks.tick(0)
        (run,) = await ticks.runs()
        await ticks.client.set_flow_run_state(run.id, Pending(), force=True)
        old = [await ticks.left(Running()), await ticks.left(Running(), Cancelling())]
        found = [await ticks.tick(0, none_runs=True), await ticks.states_of(run.id, *old)]
        return [*found, sum(each.state_type.value == "SCHEDULED" for each in await ticks.runs())]

    assert play(prefect_server, tmp_path, played) == [True, ["CRASHED", "CRASHED", "CRASHED"], 1]


@pytest.mark.slow
def test_a_clock_that_is_set_back_leaves_no_sweep_of_the_future_in_the_way(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    async def played(ticks: Ticks) -> object:
        client, start = ticks.client, ticks.start
        ahead: State[Any] = Scheduled(scheduled_time=start + timedelta(days=1))
        waits = (await client.create_flow_run_from_deployment(ticks.deployment, state=ahead)).id
        runs = await ticks.left(Running())
        found = [await ticks.tick(-86400), await ticks.states_of(waits, runs)]
        await ticks.forget()
        key = plan_sweep(ticks.engine, int(start.timestamp() + 7200) // 60)  # of a minute that comes again
        early = await client.create_flow_run_from_deployment(ticks.deployment, state=Scheduled(), idempotency_key=key)
        remember_run(ticks.engine, key, str(early.id))
        await client.set_flow_run_state(early.id, Completed(), force=True)
        return [*found, await ticks.tick(7200), await ticks.tick(7200)]

    assert play(prefect_server, tmp_path, played) == [True, ["CRASHED", "CRASHED"], True, False]
