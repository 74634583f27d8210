"""Takes what is being typed on a page, from the page's own script: Streamlit hears of it only when a field is left."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from apps.staff.downloads import read_cookie
from apps.typed.store import MOST_CHARACTERS, TypedText, TypedTexts
from lfr_core.common.errors import LfrError, Refused
from lfr_core.custody.identity.page_sessions import PageSessions

__all__ = ["TypedEndpoint"]

_MOST_BODY: Final = 4 * MOST_CHARACTERS
_TAKEN, _REFUSED, _UNREAD = 204, 403, 400


class _Field(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    text: str
    before: str


class _Typed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    mark: str
    """For whom the page was drawn: another login of the same browser takes nothing of it."""
    fields: dict[str, _Field | None]


class TypedEndpoint:
    """Answers at `path`, and to a page of `origin` alone."""

    def __init__(self, app: ASGIApp, *, path: str, origin: str, sessions: PageSessions, texts: TypedTexts) -> None:
        self._app = app
        self._path = path
        self._origin = origin
        self._sessions = sessions
        self._texts = texts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == self._path:
            status = await self._take(Request(scope, receive))
            await Response(status_code=status)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _take(self, request: Request) -> int:
        if request.method != "POST" or request.headers.get("origin") != self._origin:
            return _REFUSED
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > _MOST_BODY:
                return _UNREAD
        try:
            typed = _Typed.model_validate_json(bytes(body))
        except ValidationError:
            return _UNREAD
        return await run_in_threadpool(self._keep, read_cookie(request, self._origin), typed)

    def _keep(self, claims: Mapping[str, object], typed: _Typed) -> int:
        with suppress(LfrError):  # whoever types uses the session
            self._sessions.use(claims)
        try:
            found = self._sessions.find_typist(claims)
        except Refused:
            return _REFUSED
        account = (found.issuer, found.subject)
        if typed.mark != self._texts.mark_of(account):
            return _REFUSED
        changes = {
            name: None if each is None else TypedText(each.text, each.before) for name, each in typed.fields.items()
        }
        self._texts.keep(account, changes)
        return _TAKEN
