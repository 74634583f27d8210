"""A flow that is run in the process that serves it: its runs start no process, and the server knows of them."""

from __future__ import annotations

import asyncio
import os
from uuid import UUID

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Scheduled
from prefect.types.entrypoint import EntrypointType

from flows.own_process import OwnProcessRunner
from flows.retention import retention
from tests.support.prefect import PrefectServer
from tests.support.workflows import prefect_settings

RAN_IN: list[int] = []


@flow(name="here", persist_result=False)
def here() -> None:
    RAN_IN.append(os.getpid())


@flow(name="fails", persist_result=False)
def fails() -> None:
    raise ValueError("it fails")


def states_of(server: PrefectServer, *flows: object) -> list[str]:
    """Serve the sweep's deployment, each of `flows` in its place in turn; the states that their runs ended in."""

    async def serve() -> list[str]:
        states = []
        for each in flows:
            runner = OwnProcessRunner(name="test", webserver=False, pause_on_shutdown=False)
            made = await retention.ato_deployment(name="own-process", entrypoint_type=EntrypointType.MODULE_PATH)
            deployment = str(await runner.aadd_deployment(made))
            runner.in_own_process[deployment] = each  # type: ignore[assignment]  # a flow
            async with get_client() as client:
                run = await client.create_flow_run_from_deployment(UUID(deployment), state=Scheduled())
                await runner.start(run_once=True)
                states.append((await client.read_flow_run(run.id)).state_name or "")
        return states

    with prefect_settings(server):
        return asyncio.run(serve())


def test_a_flow_runs_in_this_process_and_the_server_has_its_state_whatever_it_comes_to(
    prefect_server: PrefectServer,
) -> None:
    assert states_of(prefect_server, here, fails) == ["Completed", "Failed"]
    assert [os.getpid()] == RAN_IN
