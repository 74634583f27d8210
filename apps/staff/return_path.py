"""Leads back, after a login, to the page that somebody opened before it: Streamlit comes back to `/`.

Only to a page of ours, by its name out of a closed list, with a query of harmless characters: whatever the cookie says,
nobody is led to another address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.staff.downloads import read_cookie
from apps.staff.pages import STAFF_PAGES
from lfr_core.common.errors import LfrError

__all__ = ["BACK_TO", "COOKIE", "ReturnPath"]

COOKIE = "openlfr_return"
BACK_TO = "openlfr_back_to"
"""Of the query of the login's address: the page that stood there when its session had ended."""
_LOGIN = "auth/login"
_KEPT_S = 900
"""For so long somebody may take to log in."""
_WHERE = re.compile(rf"({'|'.join(each.path for each in STAFF_PAGES)})(\?[A-Za-z0-9._~%&=+:-]{{0,400}})?")


class ReturnPath:
    """Keeps in a cookie which page was opened without a login, and leads there once there is one.

    `base`: the pages' path at their address, "" at its root. `check`: raises LfrError where a login doesn't count.
    """

    def __init__(
        self, app: ASGIApp, *, base: str, origin: str, check: Callable[[Mapping[str, object]], object]
    ) -> None:
        self._app = app
        self._base = base
        self._origin = origin
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        path = str(scope["path"]).removeprefix(self._base).strip("/")
        query = scope["query_string"].decode("latin-1")
        asked = where_of(request.query_params.get(BACK_TO, "") if path == _LOGIN else f"{path}?{query}".rstrip("?"))
        kept = where_of(request.cookies.get(COOKIE, ""))
        if asked and not await self._is_in(request):
            await self._app(scope, receive, _setting(send, self._cookie(asked, _KEPT_S)))
        elif not path and COOKIE in request.cookies:
            forget = self._cookie("", 0)
            if kept and await self._is_in(request):
                there = RedirectResponse(f"{self._base}/{kept}", status_code=303)
                await there(scope, receive, _setting(send, forget))
            else:
                await self._app(scope, receive, _setting(send, forget))
        else:
            await self._app(scope, receive, send)

    async def _is_in(self, request: Request) -> bool:
        try:
            await run_in_threadpool(self._check, read_cookie(request, self._origin))
        except LfrError:
            return False
        return True

    def _cookie(self, value: str, age_s: int) -> str:
        return f"{COOKIE}={value}; Max-Age={age_s}; Path={self._base or '/'}; HttpOnly; SameSite=Lax"


def where_of(text: str) -> str:
    """Return one of our pages with its query, or "" for anything else."""
    return text if _WHERE.fullmatch(text) else ""


def _setting(send: Send, cookie: str) -> Send:
    async def with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("set-cookie", cookie)
        await send(message)

    return with_cookie
