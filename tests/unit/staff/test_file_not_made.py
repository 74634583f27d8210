"""Why a file that is made at a click isn't made is said as all else on a page is."""

from __future__ import annotations

import asyncio

import pytest
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, DeferredFileRequestPayload
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from apps.staff.made_files import OwnFileHandler
from lfr_core.common.errors import Refused, Retryable


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Retryable("the vault does not answer: start it"), "the vault does not answer"),
        (Refused("rights.unanswered", "R-1 isn't answered: answer it first"), "R-1 isn't answered: answer it first."),
        (RuntimeError("secret"), "tell whoever runs the system"),
    ],
)
def test_why_a_file_is_not_made_is_said_in_words_with_what_to_do(error: Exception, said: str) -> None:
    def fail() -> str:
        raise error

    manager = MediaFileManager(MemoryMediaFileStorage("/media"))
    file = manager.add_deferred(fail, "text/html", "place")
    request = BackendOperationRequest(request_id="r", deferred_file=DeferredFileRequestPayload(file_id=file))
    answer = asyncio.run(OwnFileHandler(lambda: manager).make(request))

    assert answer.error_msg.startswith("Not made: ")
    assert said in answer.error_msg
    assert "secret" not in answer.error_msg
