"""Takes an upload only from whose page asked for it: Streamlit takes one from whoever names an open page.

What Streamlit keeps of files and sessions has no public interface, as in `apps.staff.downloads`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.runtime import get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from apps.staff.downloads import is_of_login, read_cookie
from lfr_core.common.errors import LfrError
from lfr_core.custody.people.roles import Person
from lfr_core.watchlists.upload import MOST_BYTES

__all__ = ["LARGEST_UPLOAD_MB", "OwnUploads", "keep_uploads_below"]

LARGEST_UPLOAD_MB: Final = MOST_BYTES // 1_000_000
"""Of one file: Streamlit's own 200 would be less than the page of a list says."""


class OwnUploads:
    """Refuses a file for a page that isn't open for the login in the request's cookie, and what is too much together.

    `check`: finds whose login it is. Raises LfrError where it counts no more.
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
            page = scope["path"].removeprefix(self._path).partition("/")[0]
            try:
                await run_in_threadpool(self._check, claims)
            except LfrError:
                await PlainTextResponse("Log in, and open the page anew.", status_code=403)(scope, receive, send)
                return
            if not is_page_of(claims, page):
                await PlainTextResponse("This page isn't yours.", status_code=403)(scope, receive, send)
                return
            if scope["method"] == "PUT" and held_bytes(claims) >= MOST_BYTES:
                words = "Too much is uploaded already: take it, or load the page anew."
                await PlainTextResponse(words, status_code=413)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_page_of(claims: Mapping[str, object], page: str) -> bool:
    """Return whether that session of the pages is open, and is this login's."""
    return page in _pages_of(claims)


def held_bytes(claims: Mapping[str, object]) -> int:
    """Return how much this login's open pages hold of what was uploaded."""
    uploads = get_instance().uploaded_file_mgr
    assert isinstance(uploads, MemoryUploadedFileManager)
    return sum(
        len(file.data) for page in _pages_of(claims) for file in list(uploads.file_storage.get(page, {}).values())
    )


def keep_uploads_below(home: Path) -> None:
    """Have what is uploaded lie nowhere but in the home's own temporary folder: the larger ones wait on the disk.

    They have no name there, and go with the request.
    """
    folder = home / "tmp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    tempfile.tempdir = str(folder)


def _pages_of(claims: Mapping[str, object]) -> set[str]:
    sessions = get_instance()._session_mgr.list_active_sessions()  # noqa: SLF001
    return {each.session.id for each in sessions if is_of_login(each.session, claims)}
