"""Who gets in at Prefect's server as `lfr up` starts it: neither another user's program, nor a web page."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
from pathlib import Path

import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from apps.doctor import Level
from apps.doctor.services import workflows
from flows.prefect_server import ENTRY_POINTS
from flows.retention import retention
from flows.serve import DEPLOYMENT_FLOWS
from lfr_core.common.settings import Settings
from tests.support.foreign_listener import is_shared
from tests.support.prefect import PrefectServer

SHELL = {"pull_steps": [{"prefect.deployments.steps.run_shell_script": {"script": "id > /tmp/owned"}}]}
JSON = {"content-type": "application/json"}


def ask(
    server: PrefectServer, method: str, path: str, body: object = None, below: str = "/api", **headers: str
) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer to exactly these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        data = None if body is None else json.dumps(body).encode()
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        connection.request(method, f"{below}{path}", data, sent)
        answer = connection.getresponse()
        answer.read()
        return answer.status, {name.lower(): text for name, text in answer.getheaders()}
    finally:
        connection.close()


def basic(login: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def test_its_port_can_be_reserved_for_it(prefect_server: PrefectServer) -> None:
    assert is_shared(prefect_server.port)


@pytest.fixture
def deployment(prefect_server: PrefectServer) -> str:
    flow = prefect_server.ask("POST", "/flows/", {"name": "filtered"})
    assert isinstance(flow, dict)
    made = prefect_server.ask("POST", "/deployments/", {"name": "filtered", "flow_id": flow["id"]})
    assert isinstance(made, dict)
    return str(made["id"])


def test_without_the_login_nothing_is_changed_started_or_read(prefect_server: PrefectServer, deployment: str) -> None:
    asked = [
        ("PATCH", f"/deployments/{deployment}", {"paused": True}),
        ("POST", f"/deployments/{deployment}/create_flow_run", {}),
        ("POST", "/flow_runs/filter", {}),
        ("GET", f"/deployments/{deployment}", None),
        ("GET", "/admin/settings", None),
    ]
    for method, path, body in asked:
        for login in ({}, basic("openlfr:guess"), {"authorization": "Bearer x"}, {"authorization": "nonsense"}):
            assert ask(prefect_server, method, path, body, **JSON, **login)[0] == 401, (method, path, login)
    assert ask(prefect_server, "GET", "/health")[0] == 200
    for page in ("/docs", "/openapi.json", "/ui-settings", "/", "/api", "//api/health"):
        assert ask(prefect_server, "GET", page, below="")[0] == 404, page
    assert ask(prefect_server, "GET", f"/deployments/{deployment}", **basic(prefect_server.login))[0] == 200


def test_a_body_that_is_not_declared_as_json_is_refused_whoever_sends_it(
    prefect_server: PrefectServer, deployment: str
) -> None:
    login = basic(prefect_server.login)
    for kind in ({"content_type": "text/plain"}, {"content_type": "application/x-www-form-urlencoded"}, {}):
        assert ask(prefect_server, "PATCH", f"/deployments/{deployment}", SHELL, **kind, **login)[0] == 415
    good = {"content-type": "application/json; charset=utf-8"}
    assert ask(prefect_server, "PATCH", f"/deployments/{deployment}", {"paused": False}, **good, **login)[0] == 204


def test_no_web_page_gets_an_answer_and_no_preflight_a_permission(
    prefect_server: PrefectServer, deployment: str
) -> None:
    login = basic(prefect_server.login)
    path = f"/deployments/{deployment}"
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{prefect_server.port}"):
        page = {"origin": origin}
        wants = {"access_control_request_method": "PATCH", "access_control_request_headers": "content-type"}
        for method, more in (("OPTIONS", wants), ("GET", login), ("PATCH", login | JSON)):
            status, headers = ask(prefect_server, method, path, {} if method == "PATCH" else None, **page, **more)
            assert status == 403, (origin, method)
            assert not [name for name in headers if name.startswith("access-control")]
    assert ask(prefect_server, "GET", path, sec_fetch_site="cross-site", **login)[0] == 403


def test_a_name_that_was_made_to_point_here_leads_nowhere(prefect_server: PrefectServer, deployment: str) -> None:
    login, path = basic(prefect_server.login), f"/deployments/{deployment}"
    for host in (f"evil.example:{prefect_server.port}", "127.0.0.1", "127.0.0.1:1", ""):
        assert ask(prefect_server, "GET", path, host=host, **login)[0] == 421, host
    assert ask(prefect_server, "GET", path, host=f"localhost:{prefect_server.port}", **login)[0] == 200


def test_no_socket_of_events_is_open_to_a_stranger_or_a_page(prefect_server: PrefectServer) -> None:
    async def knock(origin: str | None, token: str) -> str:
        url = f"ws://127.0.0.1:{prefect_server.port}/api/events/in"
        try:
            async with connect(url, subprotocols=["prefect"], origin=origin, proxy=None) as socket:  # type: ignore[list-item,arg-type]  # their own string types
                await socket.send(json.dumps({"type": "auth", "token": token}))
                return str(json.loads(await socket.recv())["type"])
        except InvalidStatus:
            return "refused"
        except ConnectionClosed:
            return "closed"

    assert asyncio.run(knock(None, "openlfr:guess")) == "closed"
    assert asyncio.run(knock("http://evil.example", prefect_server.login)) == "refused"
    assert asyncio.run(knock(None, prefect_server.login)) == "auth_success"


def test_the_login_is_in_no_process_list_and_no_log(prefect_server: PrefectServer) -> None:
    words = [word for each in psutil.process_iter(["cmdline"]) for word in each.info["cmdline"] or ()]
    secret = prefect_server.login.partition(":")[2]

    assert any("flows.prefect_server" in word for word in words)
    assert not [word for word in words if secret in word]
    for file in prefect_server.home.rglob("*.log"):
        assert secret not in Path(file).read_text(errors="replace")


def test_the_look_at_the_machine_says_whether_the_server_knows_us(
    prefect_server: PrefectServer, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("openlfr:guess")
    wrong.chmod(0o600)
    ours = Settings(home=tmp_path / "home", **prefect_server.settings)

    assert "with a login" in workflows(ours, running=True).says
    refused = workflows(ours.model_copy(update={"prefect_auth_file": wrong}), running=True)
    assert (refused.level, "LFR_PREFECT_AUTH_FILE" in refused.says) == (Level.FAIL, True)


@pytest.mark.parametrize(
    "body",
    [
        SHELL,
        {"entrypoint": "/tmp/owned.py:flow"},
        {"entrypoint": "os.system"},
        {"entrypoint": ["flows.announce.announce"]},
        {"storage_document_id": "00000000-0000-0000-0000-000000000001"},
        {"infrastructure_document_id": "00000000-0000-0000-0000-000000000001"},
        {"parameters": {"deeper": [SHELL]}},
    ],
)
def test_whoever_has_the_login_gives_no_flow_other_code(
    prefect_server: PrefectServer, deployment: str, body: dict[str, object]
) -> None:
    login = basic(prefect_server.login)
    flow = prefect_server.ask("GET", f"/deployments/{deployment}")
    assert isinstance(flow, dict)
    made = {"name": "other", "flow_id": flow["flow_id"], **body}

    assert ask(prefect_server, "PATCH", f"/deployments/{deployment}", body, **JSON, **login)[0] == 403
    assert ask(prefect_server, "POST", "/deployments/", made, **JSON, **login)[0] == 403
    after = prefect_server.ask("GET", f"/deployments/{deployment}")
    assert isinstance(after, dict)
    assert not any(after[name] for name in ("pull_steps", "entrypoint", "storage_document_id"))


def test_the_flows_that_are_served_are_those_whose_code_the_server_takes(prefect_server: PrefectServer) -> None:
    served = {f"{flow.fn.__module__}.{flow.fn.__name__}" for flow in (*DEPLOYMENT_FLOWS, retention)}
    assert served == ENTRY_POINTS
    login, path = basic(prefect_server.login), "/deployments/filter"
    for body in (b"{", b'{"entrypoint": null}', b"[" * 100_000):
        connection = http.client.HTTPConnection("127.0.0.1", prefect_server.port, timeout=20)
        connection.request("POST", f"/api{path}", body, {**JSON, **login})
        assert connection.getresponse().status in {200, 400, 422}
        connection.close()
