"""A flow that is run in the process that serves it: its runs start no process, and the server knows of them."""

from __future__ import annotations

import asyncio
import os
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.states import Failed, Scheduled
from prefect.types.entrypoint import EntrypointType

from flows.announce import announce
from flows.own_process import OwnProcessRunner, takes
from flows.retention import retention
from tests.support.prefect import PrefectServer
from tests.support.workflows import prefect_settings

RAN_IN: list[int] = []
REFUSED: list[tuple[str, str]] = []


@flow(name="here", persist_result=False)
def here() -> None:
    RAN_IN.append(os.getpid())


@flow(name="fails", persist_result=False)
def fails() -> None:
    raise ValueError("it fails")


def refuse(flow: str, run: str) -> State[None]:
    REFUSED.append((flow, run))
    return Failed(name="Refused")


def states_of(server: PrefectServer, *flows: object) -> list[str]:
    """Serve the sweep's deployment, each of `flows` in its place in turn; the states that their runs ended in."""

    async def serve() -> list[str]:
        states = []
        for each in flows:
            runner = OwnProcessRunner(refuse, name="test", webserver=False, pause_on_shutdown=False)
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


def test_a_run_with_parameters_that_its_flow_does_not_take_is_refused_before_it_begins(
    prefect_server: PrefectServer,
) -> None:
    """Prefect begins it in a process of its own, where it ends before a word of ours is heard."""

    async def serve() -> str:
        runner = OwnProcessRunner(refuse, name="test", webserver=False, pause_on_shutdown=False)
        made = await announce.ato_deployment(name="unfit", entrypoint_type=EntrypointType.MODULE_PATH)
        deployment = str(await runner.aadd_deployment(made))
        runner.served[deployment] = announce
        server = prefect_server.client
        body: dict[str, object] = {"deployment": "dep", "revision": 1, "command": "rm -r /"}
        run = server.create_flow_run(deployment, {"state": {"type": "SCHEDULED"}, "parameters": body})
        await runner.start(run_once=True)
        async with get_client() as client:
            ended = await client.read_flow_run(UUID(run.id))
        assert [("announce", run.id)] == REFUSED
        return ended.state_name or ""

    with prefect_settings(prefect_server):
        assert asyncio.run(serve()) == "Refused"


@pytest.mark.parametrize(
    ("parameters", "is_taken"),
    [
        ({"deployment": "dep", "revision": 1}, True),
        ({"deployment": "dep", "revision": "one"}, False),
        ({"deployment": ["dep"], "revision": 1}, False),
        ({"revision": 1}, False),
        ({"deployment": "dep", "revision": 1, "by": "system:flows"}, False),
    ],
)
def test_which_parameters_a_flow_takes(parameters: dict[str, object], is_taken: bool) -> None:  # noqa: FBT001  a parameter
    assert takes(announce, parameters) is is_taken
    assert takes(retention, {}) is True
    assert takes(retention, parameters) is False
