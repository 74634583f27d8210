"""What was drawn reaches the browser in its order, also where a part of the page is drawn anew before it was sent."""

from __future__ import annotations

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from apps.staff.unsent import send_all_that_is_drawn

PART = "a-part"


@pytest.fixture(autouse=True)
def _as_the_pages_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ForwardMsgQueue, "clear", ForwardMsgQueue.clear)  # put back at the end
    send_all_that_is_drawn()


def block(*path: int, part: str = "") -> ForwardMsg:
    said = ForwardMsg()
    said.metadata.delta_path.extend(path)
    said.delta.add_block.vertical.SetInParent()
    said.delta.fragment_id = part
    return said


def words(text: str, *path: int, part: str = "") -> ForwardMsg:
    said = ForwardMsg()
    said.metadata.delta_path.extend(path)
    said.delta.new_element.text.body = text
    said.delta.fragment_id = part
    return said


def begun() -> ForwardMsg:
    said = ForwardMsg()
    said.new_session.name = "pages"
    return said


def finished(status: ForwardMsg.ScriptFinishedStatus.ValueType) -> ForwardMsg:
    said = ForwardMsg()
    said.script_finished = status
    return said


def said_of(queue: ForwardMsgQueue) -> list[str]:
    """What the browser is told, in words."""
    told = []
    for each in queue.flush():
        kind = str(each.WhichOneof("type"))
        path = list(each.metadata.delta_path)
        told.append(f"{path} {each.delta.new_element.text.body or 'block'}" if kind == "delta" else kind)
    return told


def test_a_part_that_is_drawn_anew_takes_nothing_out_of_the_page_that_waits_to_be_sent() -> None:
    queue = ForwardMsgQueue()
    whole = [begun(), block(0, 1, part=PART), words("before", 0, 1, 0, part=PART), words("below", 0, 2)]
    for each in (*whole, finished(ForwardMsg.FINISHED_SUCCESSFULLY)):
        queue.enqueue(each)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=[PART])
    for each in (begun(), block(0, 1, part=PART), words("now", 0, 1, 0, part=PART)):
        queue.enqueue(each)

    page = ["new_session", "[0, 1] block", "[0, 1, 0] before", "[0, 2] below", "script_finished"]
    assert said_of(queue) == [*page, "new_session", "[0, 1] block", "[0, 1, 0] now"]


def test_a_whole_drawing_takes_the_place_of_what_waits_to_be_sent() -> None:
    queue = ForwardMsgQueue()
    for each in (begun(), words("before", 0, 1), finished(ForwardMsg.FINISHED_SUCCESSFULLY)):
        queue.enqueue(each)
    queue.clear(retain_lifecycle_msgs=True)

    assert said_of(queue) == ["new_session", "script_finished"]


@pytest.mark.parametrize("part", [None, [PART]], ids=["the whole page", "a part of it"])
def test_an_answer_that_waits_to_be_sent_is_sent_though_the_page_is_drawn_anew(part: list[str] | None) -> None:
    """The button of a file waits for it, and heard no other press: each file after it was lost, too."""
    made, addresses = ForwardMsg(), ForwardMsg()
    made.backend_operation_response.request_id = addresses.file_urls_response.response_id = "a"
    queue = ForwardMsgQueue()
    for each in (made, addresses):
        queue.enqueue(each)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=part)

    assert said_of(queue) == ["backend_operation_response", "file_urls_response"]
    assert said_of(queue) == []
