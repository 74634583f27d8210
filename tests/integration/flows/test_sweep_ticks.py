"""Each minute has one run of the sweep: nothing that waits, claims to run or lies ahead keeps it away."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lfr_core.common.settings import Settings
from tests.support.milvus import free_port
from tests.support.prefect import PrefectServer, environment


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Neither broker nor Milvus answers there."""
    return Settings(home=tmp_path / "home", kafka_port=free_port(), milvus_port=free_port(), broker="kafka")


TICKS = """
import asyncio
from datetime import timedelta
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Cancelling, Completed, Pending, Running, Scheduled
from flows.run_register import plan_sweep, remember_run
from flows.prefect_api import PrefectApi
from flows.sweep_schedule import schedule_sweep
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.logs import configure_logs
from lfr_core.common.settings import Settings
from lfr_core.storage.engine import open_engine
from lfr_core.storage.migrate import upgrade

configure_logs("ERROR")
upgrade(Settings().records_url)
engine = open_engine(Settings().records_url)

@flow
def nothing() -> None: ...

async def main():
    api = PrefectApi.from_settings(Settings())
    async with get_client() as client:
        deployment = await client.create_deployment(await client.create_flow(nothing), name="ticks")
        start = utc_from_ns(SystemClock().time_ns())

        async def tick(at_s, **more):
            now = start + timedelta(seconds=at_s)
            return await asyncio.to_thread(schedule_sweep, api, engine, str(deployment), now=now, every_s=60, **more)

        async def left(*states, ours=True):
            run = await client.create_flow_run_from_deployment(deployment, state=Scheduled())
            if ours:
                remember_run(engine, f"sweep-{int(start.timestamp()) // 60 - 1}-{run.id}", str(run.id))
            for state in states:
                await client.set_flow_run_state(run.id, state, force=True)
            return run.id

        async def state_of(run):
            return (await client.read_flow_run(run)).state_type.value

        async def forget():
            for run in await client.read_flow_runs():
                if run.deployment_id == deployment:
                    await client.delete_flow_run(run.id)

        try:
            await play(client, deployment, start, tick, left, state_of, forget)
        finally:
            await forget()
            await client.delete_deployment(deployment)
"""


def play(server: PrefectServer, tmp_path: Path, code: str) -> list[str]:
    """What `code` prints, in a process of its own: Prefect's client reads its settings at import."""
    reported = f"{TICKS}\nasync def play(client, deployment, start, tick, left, state_of, forget):\n"
    reported += textwrap.indent(textwrap.dedent(code), "    ") + "\nasyncio.run(main())\n"
    env = environment(server, Settings(home=tmp_path / "home"), tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", reported], env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


@pytest.mark.slow
def test_one_run_waits_at_most_and_one_tick_makes_one_run(prefect_server: PrefectServer, tmp_path: Path) -> None:
    code = """
    print(await tick(0), await tick(0), await tick(60))
    """
    assert play(prefect_server, tmp_path, code) == ["True False False"]


@pytest.mark.fault("sweep left pending")
def test_a_run_that_somebody_else_has_made_keeps_none_of_ours_away(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    code = """
    await left(ours=False)
    await left(Pending(), ours=False)
    print(await tick(0), await tick(60))
    """
    assert play(prefect_server, tmp_path, code) == ["True False"]


@pytest.mark.slow
def test_without_records_a_run_is_made_all_the_same(prefect_server: PrefectServer, tmp_path: Path) -> None:
    code = """
    with engine.begin() as records:
        records.exec_driver_sql("DROP TABLE scheduled_run")
    print(await tick(0), await tick(0))
    """
    assert play(prefect_server, tmp_path, code) == ["True False"]


@pytest.mark.fault("sweep left pending")
@pytest.mark.slow
def test_a_sweep_left_pending_does_not_block_the_next_and_is_given_up(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    code = """
    pending = await left(Pending())
    print(await tick(60), await state_of(pending))  # its process may still be starting
    print(await tick(180), await state_of(pending))
    await forget()
    old = [await left(Running()), await left(Running(), Cancelling())]
    print(await tick(0), [await state_of(run) for run in old])
    await tick(3600)
    print([await state_of(run) for run in old])
    """
    assert play(prefect_server, tmp_path, code) == [
        "False PENDING",
        "True CRASHED",
        "True ['RUNNING', 'CANCELLING']",
        "['CRASHED', 'CRASHED']",
    ]


@pytest.mark.fault("sweep left pending")
@pytest.mark.slow
def test_after_a_restart_what_claims_to_run_is_given_up_at_once_and_this_tick_has_its_run(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    code = """
    print(await tick(0))
    (run,) = [run for run in await client.read_flow_runs() if run.deployment_id == deployment]
    await client.set_flow_run_state(run.id, Pending(), force=True)
    old = [await left(Running()), await left(Running(), Cancelling())]
    print(await tick(0, none_runs=True), [await state_of(each) for each in (run.id, *old)])
    print(sum(each.state_type.value == "SCHEDULED" for each in await client.read_flow_runs()
              if each.deployment_id == deployment))
    """
    assert play(prefect_server, tmp_path, code) == ["True", "True ['CRASHED', 'CRASHED', 'CRASHED']", "1"]


@pytest.mark.slow
def test_a_clock_that_is_set_back_leaves_no_sweep_of_the_future_in_the_way(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    code = """
    ahead = Scheduled(scheduled_time=start + timedelta(days=1))
    waits = (await client.create_flow_run_from_deployment(deployment, state=ahead)).id
    runs = await left(Running())
    print(await tick(-86400), await state_of(waits), await state_of(runs))
    await forget()
    key = plan_sweep(engine, int(start.timestamp() + 7200) // 60)  # of a minute that comes again
    early = await client.create_flow_run_from_deployment(deployment, state=Scheduled(), idempotency_key=key)
    remember_run(engine, key, str(early.id))
    await client.set_flow_run_state(early.id, Completed(), force=True)
    print(await tick(7200), await tick(7200))
    """
    assert play(prefect_server, tmp_path, code) == ["True CRASHED CRASHED", "True False"]
