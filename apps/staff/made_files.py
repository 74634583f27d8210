"""Has a file that is made at a click made for nobody but the page that offers it, and remembers whose it is.

Streamlit makes it for whoever names it, and keeps it as no page's. And it forgets at each drawing what the one before
offered, though that is what somebody is pressing just then.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import streamlit as st
import streamlit.runtime.app_session
import structlog
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest
from streamlit.proto.ForwardMsg_pb2 import BackendOperationResponse, DeferredFileResponsePayload
from streamlit.runtime import get_instance
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.backend_operation_handler import DeferredFileHandler
from streamlit.runtime.media_file_manager import DeferredCallableEntry, MediaFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from apps.plain_words import plain_words
from apps.sign_in import DRAWN_FOR
from lfr_core.common.errors import LfrError

__all__ = ["list_made_files", "make_files_for_their_page", "note_drawn", "read_drawn_for"]

_FAULT: Final = "Not made: something went wrong. Press again; if it stays so, tell whoever runs the system."
_log: Final = structlog.get_logger(__name__)
_made: Final[dict[str, dict[str, float]]] = {}
"""Which files were made for each session, and when, monotonic seconds; a session's go when another makes one after its
end."""
_OFFERED_S: Final = 10.0
"""[proposal] So long after its page was drawn without it, or with another in its place, a file is still made for who
pressed what they had before them, and so long is it there once it was made."""
_offered: Final[dict[str, object]] = {}
"""For which roles the page was drawn that offered a file."""
_missed_at: Final[dict[str, float]] = {}
"""When an offer was first on its page no more, monotonic seconds. A drawing that was cut short before it came to the
offer tells nothing: the browser shows what it had."""
_add: Final = MediaFileManager.add_deferred
_find_unshown: Final = MediaFileManager._get_inactive_file_ids  # noqa: SLF001


class OwnFileHandler(DeferredFileHandler):
    """Makes a file for the session that was offered it."""

    async def handle(self, request: BackendOperationRequest, session_id: str) -> BackendOperationResponse:
        """Make the file that the request names, and return its address; an error to whom it wasn't offered."""
        offered = get_instance().media_file_mgr._deferred_callables.get(request.deferred_file.file_id)  # noqa: SLF001
        if offered is None or offered["session_id"] != session_id or not _is_offered_still(session_id, request):
            return BackendOperationResponse(request_id=request.request_id, error_msg="Open the page anew.")
        made = await self.make(request)
        if url := made.deferred_file.url:
            keep_made_file(session_id, url)
        return made

    async def make(self, request: BackendOperationRequest) -> BackendOperationResponse:
        """Make the file, or say below its button why it isn't, in the page's own words."""
        file = request.deferred_file.file_id
        try:
            url = await asyncio.to_thread(self._get_media_file_mgr().execute_deferred, file)
        except Exception as error:  # noqa: BLE001  no fault of one file may end a page
            if not isinstance(error.__cause__, LfrError):
                _log.error("page.file-not-made", exc_info=error)
                return BackendOperationResponse(request_id=request.request_id, error_msg=_FAULT)
            why = f"Not made: {plain_words(str(error.__cause__))}."
            return BackendOperationResponse(request_id=request.request_id, error_msg=why)
        return BackendOperationResponse(
            request_id=request.request_id, deferred_file=DeferredFileResponsePayload(url=url)
        )


def make_files_for_their_page() -> None:
    """Have each session that begins from now on make its files by OwnFileHandler."""
    streamlit.runtime.app_session.DeferredFileHandler = OwnFileHandler  # type: ignore[attr-defined]  # it takes none else
    MediaFileManager.add_deferred = _note_offer  # type: ignore[assignment,method-assign]
    MediaFileManager._remove_orphaned_deferred_callables = _drop_old_offers  # type: ignore[assignment,method-assign]  # noqa: SLF001
    MediaFileManager._get_inactive_file_ids = _find_old_files  # type: ignore[assignment,method-assign]  # noqa: SLF001


def note_drawn() -> None:
    """Note that this page was drawn to its end: what it offered before, and not now, goes a little later."""
    context = get_script_run_ctx()
    if context is None:
        return
    manager, now = get_instance().media_file_mgr, time.monotonic()
    there = dict(manager._files_by_session_and_coord.get(context.session_id, {})).values()  # noqa: SLF001
    for file, offer in list(manager._deferred_callables.items()):  # noqa: SLF001
        if offer["session_id"] == context.session_id and file not in there:
            _missed_at.setdefault(file, now)


def keep_made_file(session: str, url: str) -> None:
    """Remember that the file at an address was made for a session."""
    there = {each.session.id for each in get_instance()._session_mgr.list_active_sessions()}  # noqa: SLF001
    for gone in _made.keys() - there:
        del _made[gone]
    if session in there:
        _made.setdefault(session, {})[url.rpartition("/")[2].partition(".")[0]] = time.monotonic()


def list_made_files(session: str) -> frozenset[str]:
    """Return the files that were made for a session so far, by the digests that are their addresses."""
    return frozenset(_made.get(session, ()))


def read_drawn_for(session: AppSession) -> object:
    """Return the roles for which an open page was drawn last; None before that."""
    try:
        return session.session_state[DRAWN_FOR]
    except KeyError:
        return None


def _is_offered_still(session: str, request: BackendOperationRequest) -> bool:
    """Return whether the page is drawn for the same roles as when it offered the file."""
    there = [each.session for each in get_instance()._session_mgr.list_active_sessions() if each.session.id == session]  # noqa: SLF001
    return bool(there) and read_drawn_for(there[0]) == _offered.get(request.deferred_file.file_id)


def _note_offer(manager: MediaFileManager, *args: Any, **options: Any) -> str:
    """Note for which roles the page is drawn that offers a file, and that it stands in the place of another.

    Called in the thread that draws it.
    """
    file = _add(manager, *args, **options)
    _offered[file] = st.session_state.get(DRAWN_FOR)
    offers = manager._deferred_callables  # noqa: SLF001
    place, now = _place_of(offers[file]), time.monotonic()
    for other, offer in list(offers.items()):
        if other != file and _place_of(offer) == place:
            _missed_at.setdefault(other, now)
    return file


def _place_of(offer: DeferredCallableEntry) -> tuple[str, str]:
    return offer["session_id"], offer["coordinates"]


def _drop_old_offers(manager: MediaFileManager) -> None:
    """Forget what no page offers any more: at once where its page has gone, else a little later.

    Streamlit's own forgets it at the end of each drawing, and calls this with the manager's lock held: no other is
    taken here.
    """
    now, offers = time.monotonic(), manager._deferred_callables  # noqa: SLF001
    there = {each.session.id for each in get_instance()._session_mgr.list_active_sessions()}  # noqa: SLF001
    for file, offer in list(offers.items()):
        if offer["session_id"] not in there or now - _missed_at.get(file, now) > _OFFERED_S:
            manager._drop_deferred_id(file)  # noqa: SLF001
    for noted in (_missed_at, _offered):
        for gone in noted.keys() - offers.keys():
            noted.pop(gone, None)


def _find_old_files(manager: MediaFileManager) -> set[str]:
    """Return the files that are on no page and weren't made just now. Streamlit forgets them, with the lock held."""
    now = time.monotonic()
    fresh = {file for files in _made.values() for file, at in files.items() if now - at <= _OFFERED_S}
    return _find_unshown(manager) - fresh
