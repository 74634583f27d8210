"""Lets whoever started a demonstration into its pages: one link, which only they see, and a choice of five people.

Each click logs that person in with their password, at the identity server and the page as anybody is, and hands the
cookies to the browser. Nothing of it is part of the pages or of the identity server: a demonstration alone has
passwords that a program knows.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Mapping
from functools import partial
from hmac import compare_digest
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import httpx

from apps.demo.http_browser import NotLoggedInError
from apps.demo.page_login import log_in_to_page
from apps.demo.people import DemoPerson
from lfr_core.common.settings import Settings
from lfr_core.custody.people import Role

__all__ = ["VisitorLink"]

_SECRET_BYTES = 24
_READ_S = 10.0
_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>OpenLFR: demonstration</title>
<meta name="viewport" content="width=device-width"><style>body{font:18px/1.5 system-ui;max-width:40rem;margin:3rem auto}
a{display:block;padding:.7rem 1rem;margin:.5rem 0;border:1px solid #98a2b3;border-radius:.5rem;color:#1d4ed8}</style>
<h1>This is a demonstration</h1><p>Nobody is watched, and the five people are nobody's. Who will you be?</p>"""


class VisitorLink:
    """Listens on a free port of 127.0.0.1 until the block ends."""

    def __init__(self, settings: Settings, people: Iterable[DemoPerson]) -> None:
        self._secret = secrets.token_urlsafe(_SECRET_BYTES)
        handler = partial(_Handler, settings, self._secret, {each.login: each for each in people})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="visitor link", daemon=True)

    @property
    def address(self) -> str:
        """The link: who has it may be any of the five, while the demonstration runs."""
        return f"http://127.0.0.1:{self._server.server_port}/{self._secret}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    timeout = _READ_S

    def __init__(
        self, settings: Settings, secret: str, people: Mapping[str, DemoPerson], *args: object, **kwargs: object
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._people = people
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # what socketserver gives

    def do_GET(self) -> None:
        """Show the choice, or log the one who was chosen in and lead to the pages."""
        _, secret, *rest = self.path.split("/")
        if not compare_digest(secret.encode(), self._secret.encode()):
            self._answer(404)
        elif not rest:
            self._answer(200, body=_HEAD + "".join(self._choice(each) for each in self._people.values()))
        elif (chosen := self._people.get(rest[0])) is None:
            self._answer(404)
        else:
            self._let_in(chosen)

    def _choice(self, each: DemoPerson) -> str:
        roles = ", ".join(role.value for role in Role if role in each.person.roles)
        return f'<a href="/{self._secret}/{each.login}">{escape(each.person.name)}, {escape(roles)}</a>'

    def _let_in(self, chosen: DemoPerson) -> None:
        try:
            cookies = log_in_to_page(self._settings, chosen.login, chosen.password)
        except (NotLoggedInError, httpx.HTTPError):
            self._answer(503, body=f"{_HEAD}<p>The pages don't answer just now: try again.</p>")
            return
        kept = [("Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Lax") for name, value in cookies.items()]
        self._answer(302, ("Location", f"{self._settings.page_addresses[0]}/"), *kept)

    def _answer(self, status: int, *headers: tuple[str, str], body: str = "") -> None:
        self.send_response(status)
        for name, value in (
            *headers,
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body.encode()))),
            ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the address is the secret."""
