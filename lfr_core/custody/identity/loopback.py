"""Waits on a loopback port for the browser to come back from the identity provider (RFC 8252, 7.3)."""

from __future__ import annotations

import time
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from lfr_core.common.errors import Refused, Retryable

__all__ = ["WAIT_S", "Loopback"]

WAIT_S = 300.0
"""A code of the embedded provider's lives as long."""
_READ_S = 2.0
_LONGEST_PATH = 4_000  # characters
_PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>OpenLFR</title>
<p>The command line has the answer. You can close this page.</p></html>"""


class Loopback:
    """Listens on the first free one of `ports`, of 127.0.0.1 alone, from when it is made until the block ends."""

    def __init__(self, ports: Iterable[int]) -> None:
        """Listen on the first free one of `ports`. Raises Retryable when none is free."""
        self._server: _Server | None = None
        for port in ports:
            try:
                self._server = _Server(("127.0.0.1", port), _Handler)
            except OSError:
                continue
            break
        if self._server is None:
            raise Retryable(
                f"none of the ports {', '.join(map(str, ports))} is free to come back to: stop what holds them, "
                "set LFR_LOGIN_PORTS, or log in with --no-browser"
            )

    @property
    def port(self) -> int:
        """The one it listens on."""
        assert self._server is not None
        return self._server.server_port

    def wait(self, state: str, wait_s: float = WAIT_S) -> str:
        """Return the address, from its path on, that the browser came back to with this login's `state`.

        Anything else that comes is answered "not found", so that nobody ends a login by knocking.

        Raises:
            Refused: `login.late`.
        """
        assert self._server is not None
        self._server.state = state
        ends = time.monotonic() + wait_s
        while self._server.answer is None and (left := ends - time.monotonic()) > 0:
            self._server.timeout = left
            self._server.handle_request()
        if self._server.answer is None:
            raise Refused("login.late", f"nobody logged in within {wait_s:.0f} s: begin again with `lfr login`")
        return self._server.answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.server_close()


class _Server(HTTPServer):
    answer: str | None = None
    state: str = ""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a connection that sent no request."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _READ_S
    server: _Server

    def do_GET(self) -> None:
        """Take the answer, and answer nothing else."""
        parts = urlsplit(self.path[:_LONGEST_PATH])
        is_answer = parts.path == "/callback" and parse_qs(parts.query).get("state") == [self.server.state]
        body = _PAGE if is_answer else b""
        self.send_response(200 if is_answer else 404)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", "default-src 'none'"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if is_answer:
            self.server.answer = self.path

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the address holds the code."""
