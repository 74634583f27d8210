"""What a browser may say to Streamlit over the pages' web socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from google.protobuf.json_format import ParseDict  # type: ignore[import-untyped]  # it comes with Streamlit
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from apps.staff.messages import OwnMessages

SAYS = {
    kind: ParseDict(said, BackMsg())
    for kind, said in {
        "rerun_script": {"rerun_script": {"query_string": "a=b"}},
        "stop_script": {"stop_script": True},
        "app_heartbeat": {"app_heartbeat": True},
        "file_urls_request": {"file_urls_request": {"request_id": "1"}},
        "deferred_file": {"backend_operation_request": {"deferred_file": {"file_id": "1"}}},
        "clear_cache": {"clear_cache": True},
        "set_run_on_save": {"set_run_on_save": True},
        "load_git_info": {"load_git_info": True},
        "install_skills": {"backend_operation_request": {"install_skills": {}}},
        "dismiss_skills_nudge": {"backend_operation_request": {"dismiss_skills_nudge": {}}},
        "dataframe_chunk": {"backend_operation_request": {"dataframe_chunk": {}}},
        "nothing": {},
    }.items()
}
TAKEN = {"rerun_script", "stop_script", "app_heartbeat", "file_urls_request", "deferred_file"}
END: Message = {"type": "websocket.disconnect"}


def heard(*said: Message, login: Mapping[str, object] | None = None) -> list[Message]:
    """What comes through of these messages, with the end of the connection."""
    waiting: list[Message] = [*said, END]
    found: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0)

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        while not found or found[-1] != END:
            found.append(await receive())

    async def send(_message: Message) -> None: ...

    asyncio.run(OwnMessages(app, lambda _: login or {})({"type": "websocket", "headers": []}, receive, send))
    return found[:-1]


@pytest.mark.parametrize("kind", SAYS)
def test_only_what_our_pages_need_is_taken(kind: str) -> None:
    message: Message = {"type": "websocket.receive", "bytes": SAYS[kind].SerializeToString()}

    assert heard(message) == ([message] if kind in TAKEN else [])


def test_who_shows_no_login_says_little_and_whoever_shows_one_as_much_as_a_form_takes() -> None:
    said = ParseDict({"rerun_script": {"query_string": "a" * 100_000}}, BackMsg()).SerializeToString()
    message: Message = {"type": "websocket.receive", "bytes": said}
    short: Message = {"type": "websocket.receive", "bytes": SAYS["rerun_script"].SerializeToString()}

    assert heard(message, short) == [short]
    assert heard(message, short, login={"sub": "7f0c"}) == [message, short]


def test_what_is_no_message_is_streamlits_to_refuse() -> None:
    broken: Message = {"type": "websocket.receive", "bytes": b"\xff\xff\xff"}

    assert heard({"type": "websocket.connect"}, broken) == [{"type": "websocket.connect"}, broken]


def test_each_kind_there_is_has_been_thought_of() -> None:
    asked = BackMsg.DESCRIPTOR.fields_by_name["backend_operation_request"].message_type.oneofs_by_name["payload"]
    kinds = {each.name for each in (*BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields, *asked.fields)}

    assert kinds - set(SAYS) == {"backend_operation_request", "debug_disconnect_websocket", "debug_shutdown_runtime"}
