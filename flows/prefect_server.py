"""Prefect's server behind a request filter of ours: `python -m flows.prefect_server --port PORT`, a child of `lfr up`.

The server itself asks for a login (PREFECT_SERVER_API_AUTH_STRING), but answers every web page's preflight and reads
JSON out of posts that don't claim to be JSON. Nobody but our own processes has business here, so the filter refuses:

* whatever a browser sends for a page (it has an `Origin`, or a `Sec-Fetch-Site`), preflights among it: no CORS at all;
* a `Host` other than this machine's own address: a name that was made to point here (DNS rebinding);
* a body that isn't declared as JSON, which a page may send without a preflight;
* any path but the API's, which asks for the login: pages and their settings don't;
* whatever gives a flow other code than ours, from whoever has the login: pull steps, storage, another entry point.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from flows.prefect_database import kept_database, migrate_database, prepare_database
from lfr_core.common.errors import Fatal, LfrError
from lfr_core.common.loopback_ports import bind_port
from lfr_core.common.starting import end_start

__all__ = ["ENTRY_POINTS", "RequestFilter", "main"]

_Scope = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_App = Callable[[_Scope, _Receive, _Send], Awaitable[None]]

_HOST = "127.0.0.1"
_SECRET = "PREFECT_SERVER_API_AUTH_STRING"  # noqa: S105  a variable's name
_POLICY_VIOLATION = 1008
_MOST_BYTES = 16_000_000
_FLOWS = ("announce", "close_deployment", "compile_watchlist", "open_deployment", "publish_results", "retention")
ENTRY_POINTS = frozenset(f"flows.{name}.{name}" for name in _FLOWS)
"""Of the flows that `flows.serve` registers; no other is run."""


class RequestFilter:
    """An ASGI application in front of another. HTTP and WebSockets are looked at; the rest goes through."""

    def __init__(self, app: _App, *, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}".encode() for name in (_HOST, "localhost")}

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        status, why = self._fault(scope)
        if not status and scope["type"] == "http":
            body = await _read_body(receive)
            if body is None:
                return  # whoever asked has gone
            status, why = _find_body_fault(body)
            receive = _Again(body, receive)
        if not status:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": why})
        else:
            head = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": status, "headers": head})
            await send({"type": "http.response.body", "body": f"{why}\n".encode()})

    def _fault(self, scope: _Scope) -> tuple[int, str]:
        """Return the status to refuse it with, and why; 0 to let it in."""
        headers: list[tuple[bytes, bytes]] = list(scope["headers"])
        values = {name: [value for each, value in headers if each == name] for name, _ in headers}
        if values.get(b"host", []) == [] or not self._hosts.issuperset(values[b"host"]):
            return 421, "this server has another name"
        if b"origin" in values or b"sec-fetch-site" in values:
            return 403, "web pages have no business here"
        if not str(scope["path"]).startswith("/api/"):
            return 404, "there is nothing but the API here"
        has_body = b"transfer-encoding" in values or values.get(b"content-length", [b"0"]) != [b"0"]
        kinds = [each.partition(b";")[0].strip().lower() for each in values.get(b"content-type", [])]
        if scope["type"] == "http" and has_body and kinds != [b"application/json"]:
            return 415, "bodies are application/json"
        return 0, ""


class _Again:
    """Gives a body that was read, and then what comes after it."""

    def __init__(self, body: bytes, receive: _Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> MutableMapping[str, Any]:
        body, self._body = self._body, None
        if body is None:
            return await self._receive()
        return {"type": "http.request", "body": body, "more_body": False}


async def _read_body(receive: _Receive) -> bytes | None:
    """Read the request's body, a byte more than the most at most; None where the connection ended before."""
    body = bytearray()
    while len(body) <= _MOST_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)


def _find_body_fault(body: bytes) -> tuple[int, str]:
    """Return the status to refuse a body with, and why; 0 to let it in. It is read as the server reads it."""
    if len(body) > _MOST_BYTES:
        return 413, "that is too long"
    try:
        if body and _names_code(json.loads(body)):
            return 403, "flows run the code that is installed, and no other"
    except RecursionError:
        return 400, "that is too deep"
    except ValueError:
        return 0, ""  # the server says what is wrong with it
    return 0, ""


def _names_code(value: object) -> bool:
    """Return whether somewhere in a body code is named that isn't ours."""
    if isinstance(value, list):
        return any(map(_names_code, value))
    if not isinstance(value, dict):
        return False
    entry_point = value.get("entrypoint")
    return (
        any(value.get(name) for name in ("pull_steps", "storage_document_id", "infrastructure_document_id"))
        or not (entry_point is None or (isinstance(entry_point, str) and entry_point in ENTRY_POINTS))
        or any(map(_names_code, value.values()))
    )


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m flows.prefect_server", description="Prefect's server, requests filtered."
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--cache", type=Path, help="where a migrated database is kept for the next home")
    given = parser.parse_args(arguments)
    port: int = given.port
    if ":" not in os.environ.get(_SECRET, ""):
        sys.stderr.write(f"error {_SECRET} isn't set: without it anybody could run code here. `lfr up` sets it.\n")
        return Fatal.exit_code
    try:
        listening = bind_port(port)
    except LfrError as error:
        sys.stderr.write(f"error {error}\n")
        return error.exit_code

    if given.cache is not None and (home := os.environ.get("PREFECT_HOME")):
        prepare_database(Path(home) / "prefect.db", kept_database(given.cache), migrate_database)
    import uvicorn
    from prefect.server.api.server import create_app

    from flows.prefect_queue import ask_queue_less_often

    ask_queue_less_often()
    from prefect.settings import get_current_settings

    api = get_current_settings().server.api
    config = uvicorn.Config(
        RequestFilter(create_app(final=True), port=port),
        access_log=False,
        log_level="warning",
        proxy_headers=False,  # nobody forwards to it
        server_header=False,
        timeout_keep_alive=api.keepalive_timeout,
        ws_ping_interval=api.websocket_ping_interval,
        ws_ping_timeout=api.websocket_ping_timeout,
    )
    server = uvicorn.Server(config)
    end_start()
    server.run(sockets=[listening])
    return 0 if server.started else 1


if __name__ == "__main__":
    raise SystemExit(main())
