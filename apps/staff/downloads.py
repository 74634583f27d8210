"""Gives a download to whom it was shown, while they are logged in and hold the roles that it was shown for.

Streamlit gives it to whoever knows its address.

What Streamlit keeps of files and sessions has no public interface: its version is pinned, and what isn't as expected
here is refused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime import get_instance
from streamlit.runtime.app_session import AppSession
from streamlit.web.server.starlette import starlette_websocket
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from apps.staff.made_files import list_made_files, read_drawn_for
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import Person, Role

__all__ = ["OwnDownloads", "is_of_login", "read_cookie"]

_DRAW_S = 3.0
"""A click on a download draws its page anew, and until it is drawn it has shown nothing."""
_LOOK_S = 0.1
_WHOSE = ("iss", "sub", "iat")


class OwnDownloads:
    """Refuses a file that no open page of the login in the request's cookie has drawn; no browser keeps what it got.

    `check`: finds whose login it is, with their roles of now. Raises LfrError where it counts no more.
    """

    def __init__(
        self, app: ASGIApp, *, path: str, origin: str, check: Callable[[Mapping[str, object]], Person]
    ) -> None:
        self._app = app
        self._path = path
        self._origin = origin
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(self._path):
            claims = read_cookie(Request(scope), self._origin)
            file = scope["path"].removeprefix(self._path).partition(".")[0]
            if not await self._may_have(claims, file):
                await PlainTextResponse("Log in, and open the page anew.", status_code=403)(scope, receive, send)
                return
            await self._app(scope, receive, keep_nowhere(send))
            return
        await self._app(scope, receive, send)

    async def _may_have(self, claims: Mapping[str, object], file: str) -> bool:
        try:
            person = await run_in_threadpool(self._check, claims)
        except LfrError:
            return False
        ends = time.monotonic() + _DRAW_S
        while not (shown := was_shown(claims, file, person.roles)) and time.monotonic() < ends:  # noqa: ASYNC110  Streamlit tells nobody
            await asyncio.sleep(_LOOK_S)
        return shown


def keep_nowhere(send: Send) -> Send:
    """Have the browser keep no copy of an answer: Streamlit says nothing of it, and browsers keep what they get."""

    async def say_so(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["cache-control"] = "no-store"
        await send(message)

    return say_so


def read_cookie(request: HTTPConnection, origin: str) -> Mapping[str, object]:
    """Return what the request's cookie says of a login; nothing where there is none that we signed for `origin`."""
    signed = starlette_websocket._get_signed_cookie_with_chunks(request.cookies, USER_COOKIE_NAME)  # noqa: SLF001
    if not signed:
        return {}
    found: dict[str, Any] = starlette_websocket._parse_decoded_user_cookie(signed, origin)  # noqa: SLF001
    return found


def was_shown(claims: Mapping[str, object], file: str, roles: frozenset[Role]) -> bool:
    """Return whether an open page of this login has drawn the download, or had it made, for just these roles."""
    runtime = get_instance()
    drawn = runtime.media_file_mgr._files_by_session_and_coord  # noqa: SLF001
    return any(
        file in list_made_files(info.session.id) or file in dict(drawn.get(info.session.id, {})).values()
        for info in runtime._session_mgr.list_active_sessions()  # noqa: SLF001
        if is_of_login(info.session, claims) and read_drawn_for(info.session) == roles
    )


def is_of_login(session: AppSession, claims: Mapping[str, object]) -> bool:
    """Return whether an open page is of the login that a request's cookie shows."""
    user = session._user_info  # noqa: SLF001
    return all(user.get(name) == claims.get(name) for name in _WHOSE)
