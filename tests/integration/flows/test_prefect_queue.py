"""Prefect's server looks into its queue of background tasks every few seconds, and is woken by what comes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from docket import Docket, Worker
from prefect.server.api import background_workers, server

from flows import prefect_queue
from flows.prefect_queue import ask_queue_less_often


async def _run_a_task(**named: Any) -> None:
    ran = asyncio.Event()

    async def note() -> None:
        ran.set()

    async with Docket(name="queue-test", url="memory://queue-test", **named) as docket:
        docket.register(note)
        async with vars(background_workers)["Worker"](docket) as worker:
            assert worker.minimum_check_interval >= timedelta(seconds=1)
            assert worker.scheduling_resolution >= timedelta(seconds=1)
            running = asyncio.create_task(worker.run_forever())
            await asyncio.sleep(0.3)  # it waits for work now
            await docket.add(note)()
            await asyncio.wait_for(ran.wait(), 60)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def test_a_task_that_comes_is_run_before_the_queue_is_looked_into_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_workers, "Worker", Worker)  # so that both are put back
    monkeypatch.setattr(server, "Docket", Docket)
    monkeypatch.setattr(prefect_queue, "_CHECK_EVERY", timedelta(hours=1))
    ask_queue_less_often()

    asyncio.run(_run_a_task())
    assert vars(server)["Docket"](name="a", url="memory://a").heartbeat_interval >= timedelta(seconds=10)
