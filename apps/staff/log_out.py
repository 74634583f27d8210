"""Takes Streamlit's address for a log-out only once the person's sessions have ended: their button ends those first.

Whoever opened it alone was out in that browser, and a copy of the cookie counted on; a web page elsewhere could lead
somebody there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from apps.staff.downloads import read_cookie
from lfr_core.common.errors import LfrError, Refused

__all__ = ["LogOutByButton"]


class LogOutByButton:
    """Leads whoever is still logged in from `base` + `/auth/logout` to the pages, where the button is.

    `check`: finds whose login it is. Raises Refused where it counts no more, another LfrError where nobody knows.
    """

    def __init__(
        self, app: ASGIApp, *, base: str, origin: str, check: Callable[[Mapping[str, object]], object]
    ) -> None:
        self._app = app
        self._base = base
        self._origin = origin
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_asked = scope["type"] == "http" and scope["path"].rstrip("/") == f"{self._base}/auth/logout"
        if is_asked and await self._counts(read_cookie(Request(scope), self._origin)):
            await RedirectResponse(f"{self._base}/", status_code=303)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _counts(self, claims: Mapping[str, object]) -> bool:
        try:
            await run_in_threadpool(self._check, claims)
        except Refused:
            return False
        except LfrError:  # the records are away: it counts again when they are back
            return True
        return True
