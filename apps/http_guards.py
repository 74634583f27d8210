"""ASGI middleware around our pages: what every answer forbids a browser, and one address for them."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["AnswerHeaders", "HostGuard", "closed_headers", "page_headers"]

_OWN_PATHS = "/_stcore/"
"""What a page's script asks, and the supervisor."""


def page_headers(form_target: str = "") -> dict[str, str]:
    """Return the headers of every answer of a page. All is shut but what Streamlit needs.

    That is inline style, and the inline scripts of its first page, by their hashes. A report is a frame of an origin of
    its own (`data:`), the tone of an alert stands in the page itself. `form_target`: where a login may lead.
    """
    policy = {
        "default-src": "'none'",
        "script-src": " ".join(("'self'", *_inline_scripts())),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "media-src": "data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "manifest-src": "'self'",
        "frame-src": "'self' data:",
        "frame-ancestors": "'none'",
        "base-uri": "'self'",
        "form-action": f"'self' {form_target}".strip(),
    }
    return _headers(policy)


def closed_headers(script_source: str) -> dict[str, str]:
    """Return the headers of every answer of the public site: all is shut but inline style and the one script."""
    return _headers(
        {
            "default-src": "'none'",
            "script-src": script_source,
            "style-src": "'unsafe-inline'",
            "img-src": "data:",
            "frame-ancestors": "'none'",
            "base-uri": "'none'",
            "form-action": "'none'",
        }
    )


def _headers(policy: Mapping[str, str]) -> dict[str, str]:
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    }


def _inline_scripts() -> list[str]:
    """Return the hashes of the scripts in Streamlit's first page, as a policy names them (CSP 3, 2.3.1)."""
    found = find_spec("streamlit")  # not imported: the public site's process has no use for it
    assert found is not None
    assert found.origin is not None
    page = (Path(found.origin).with_name("static") / "index.html").read_text(encoding="utf-8")
    digests = (
        hashlib.sha256(script.encode()).digest() for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    )
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


class AnswerHeaders:
    """Sets headers on every answer over HTTP; cookies are for HTTPS alone where the page has such an address."""

    def __init__(self, app: ASGIApp, *, headers: Mapping[str, str], is_secure: bool) -> None:
        self._app = app
        self._headers = headers
        self._is_secure = is_secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if self._is_secure:
                    message["headers"] = [
                        (name, value + b"; Secure" if name.lower() == b"set-cookie" else value)
                        for name, value in message["headers"]
                    ]
            await send(message)

        await self._app(scope, receive, add if scope["type"] == "http" else send)


class HostGuard:
    """Sends browsers that opened a page under another of its names to the one under which people log in.

    A login's cookies are of one name: under `localhost` nobody would be logged in at `127.0.0.1`.
    """

    def __init__(self, app: ASGIApp, *, address: str) -> None:
        self._app = app
        self._address = address
        self._host = urlsplit(address).hostname

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and _OWN_PATHS not in scope["path"]:
            asked = urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname
            if asked != self._host:
                query = scope["query_string"].decode("latin-1")
                path = scope["path"].lstrip("/")  # of ours alone: two slashes would be another host's
                there = RedirectResponse(f"{self._address}/{path}{'?' if query else ''}{query}", status_code=307)
                await there(scope, receive, send)
                return
        await self._app(scope, receive, send)
