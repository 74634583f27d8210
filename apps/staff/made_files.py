"""Has a file that is made at a click made for nobody but the page that offers it, and remembers whose it is.

Streamlit makes it for whoever names it, and keeps it as no page's.
"""

from __future__ import annotations

from typing import Final

import streamlit.runtime.app_session
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest
from streamlit.proto.ForwardMsg_pb2 import BackendOperationResponse
from streamlit.runtime import get_instance
from streamlit.runtime.backend_operation_handler import DeferredFileHandler

__all__ = ["list_made_files", "make_files_for_their_page"]

_made: Final[dict[str, set[str]]] = {}
"""Which files were made for each session; a session's go when another makes one after its end."""


class OwnFileHandler(DeferredFileHandler):
    """Makes a file for the session that was offered it."""

    async def handle(self, request: BackendOperationRequest, session_id: str) -> BackendOperationResponse:
        """Make the file that the request names, and return its address; an error to whom it wasn't offered."""
        offered = get_instance().media_file_mgr._deferred_callables.get(request.deferred_file.file_id)  # noqa: SLF001
        if offered is None or offered["session_id"] != session_id:
            return BackendOperationResponse(request_id=request.request_id, error_msg="Open the page anew.")
        made = await super().handle(request, session_id)
        if url := made.deferred_file.url:
            keep_made_file(session_id, url)
        return made


def make_files_for_their_page() -> None:
    """Have each session that begins from now on make its files by OwnFileHandler."""
    streamlit.runtime.app_session.DeferredFileHandler = OwnFileHandler  # type: ignore[attr-defined]  # it takes none else


def keep_made_file(session: str, url: str) -> None:
    """Remember that the file at an address was made for a session."""
    there = {each.session.id for each in get_instance()._session_mgr.list_active_sessions()}  # noqa: SLF001
    for gone in _made.keys() - there:
        del _made[gone]
    if session in there:
        _made.setdefault(session, set()).add(url.rpartition("/")[2].partition(".")[0])


def list_made_files(session: str) -> frozenset[str]:
    """Return the files that were made for a session so far, by the digests that are their addresses."""
    return frozenset(_made.get(session, ()))
