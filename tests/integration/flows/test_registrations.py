"""What we registered at the workflow server and somebody deleted or changed there: found, told, registered anew."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

import pytest
from prefect.types.entrypoint import EntrypointType

from flows.announce import announce
from flows.registrations import RegistrationLostError, Registrations, watch_registrations
from flows.retention import retention
from flows.unplanned_runs import raise_lost_flows
from lfr_core.common.errors import Retryable
from lfr_core.custody.audit.read import entries
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.reading import open_calls
from tests.support.prefect import PrefectServer
from tests.support.workflows import DeploymentFlowsRunner, prefect_settings


def register(server: PrefectServer) -> dict[str, str]:
    """Two of ours under a name of this test's; their flows' names by their ids."""

    async def both() -> dict[str, str]:
        made = {}
        for flow in (announce, retention):
            deployment = await flow.ato_deployment(name="registered", entrypoint_type=EntrypointType.MODULE_PATH)
            made[str(await deployment.aapply())] = flow.name
        return made

    with prefect_settings(server):
        return asyncio.run(both())


def change(server: PrefectServer, id_: str, changed: Mapping[str, object] | None) -> None:
    """As whoever has the server's login: None deletes it."""
    if changed is None:
        server.client.request("DELETE", f"/deployments/{id_}")
    else:
        server.client.request("PATCH", f"/deployments/{id_}", dict(changed))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (None, "announce (gone)"),
        ({"paused": True}, "announce (paused)"),
        ({"parameters": {"deployment": "another"}}, "announce (parameters)"),
        ({"concurrency_limit": 1}, "announce (limit)"),
    ],
)
def test_a_flow_that_somebody_deleted_or_changed_at_the_server_is_found(
    prefect_server: PrefectServer, changed: Mapping[str, object] | None, words: str
) -> None:
    """Every part ran and answered, and nothing opened or closed a deployment any more."""
    flows = register(prefect_server)
    registrations = Registrations(prefect_server.client, flows)
    (ours,) = [id_ for id_, flow in flows.items() if flow == announce.name]
    assert registrations.find_changes() == ()

    change(prefect_server, ours, changed)

    assert registrations.find_changes() == (words,)


def test_whoever_serves_flows_begins_anew_after_telling_even_where_it_cannot_be_told(
    prefect_server: PrefectServer,
) -> None:
    told: list[str] = []

    def tell(what: str) -> None:
        told.append(what)
        raise Retryable("the records are away")

    flows = register(prefect_server)
    registrations = Registrations(prefect_server.client, flows)
    for each in flows:
        change(prefect_server, each, None)

    with pytest.raises(RegistrationLostError, match=r"announce \(gone\)"):
        asyncio.run(watch_registrations(registrations, tell, every_s=0.01))
    assert told == ["announce (gone); retention (gone)"]


def test_a_server_that_is_away_is_no_lost_registration() -> None:
    class Away:
        url = "http://127.0.0.1:9/api"

        def __init__(self) -> None:
            self.is_away = False

        def request(self, *_: object, **__: object) -> bytes:
            if self.is_away:
                raise Retryable("away")
            return json.dumps({"flow_id": "1"}).encode()

    api = Away()
    registrations = Registrations(api, {"1": "announce"})  # type: ignore[arg-type]  # a server that is away
    api.is_away = True

    async def look() -> None:
        await asyncio.wait_for(watch_registrations(registrations, pytest.fail, every_s=0.01), 0.2)

    with pytest.raises(TimeoutError):
        asyncio.run(look())


def test_it_is_on_the_trail_and_people_are_called(runner: DeploymentFlowsRunner) -> None:
    runner.harness.plan()

    raise_lost_flows(runner.installation(), "announce (gone); " * 40)

    (told,) = [each for each in entries(runner.harness.engine, limit=500) if each.rule == "flows.registered-anew"]
    assert told.actor == "system:flows"
    assert str(told.facts["changed"]).startswith("announce (gone)")
    called = [each.role for each in open_calls(runner.harness.engine) if "deleted or changed tasks" in each.why]
    assert set(called) == {Role.COMPLIANCE, Role.AUTHORISING_OFFICER}
