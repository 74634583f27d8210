"""Has all that was drawn reach the browser, in its order: Streamlit leaves out some of it, and the page there breaks.

A page is drawn as messages that wait to be sent. When a part that refreshes by itself is drawn anew, Streamlit (1.67,
`runtime/forward_msg_queue.py`) takes that part's messages out of those that still wait, also where they belong to a
drawing of the whole page, of which it sends the rest and that it is finished. The browser then takes the part away with
whatever is of an earlier drawing, all below it moves up by one, and the next message to a place below meets another
thing there: "'setIn' cannot be called on an ElementNode", and the page is blank.

And when the whole page is drawn anew, it forgets the answers that still wait. The button of a file that is made at a
click waits for its answer, and takes no other press meanwhile: with that answer lost it brought nothing any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

__all__ = ["send_all_that_is_drawn"]

_ANSWERS: Final = frozenset({"backend_operation_response", "file_urls_response", "heartbeat_ack", "auth_redirect"})
"""What the browser is told because it asked, or somebody pressed "Log in" or "Log out": no drawing says it again."""
_clear: Final = ForwardMsgQueue.clear


def send_all_that_is_drawn() -> None:
    """Have every session send what it drew of a page also where a part of it is drawn anew meanwhile."""
    ForwardMsgQueue.clear = _keep_what_waits  # type: ignore[assignment,method-assign]


def _keep_what_waits(
    queue: ForwardMsgQueue,
    retain_lifecycle_msgs: bool = False,  # noqa: FBT001, FBT002  as Streamlit has it
    fragment_ids_this_run: Sequence[str] | None = None,
) -> None:
    """Drop from it what Streamlit does, but nothing of a part that is about to be drawn anew: the newer follows."""
    parts: list[str] | None = None if fragment_ids_this_run is None else []
    is_whole = retain_lifecycle_msgs and parts is None
    answers = [each for each in queue._queue if each.WhichOneof("type") in _ANSWERS] if is_whole else []  # noqa: SLF001
    _clear(queue, retain_lifecycle_msgs=retain_lifecycle_msgs, fragment_ids_this_run=parts)
    queue._queue += answers  # noqa: SLF001
