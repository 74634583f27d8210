"""Lets through to Streamlit what a browser of ours has to say to it.

It takes more from whoever opens a web socket, logged in or not: to forget what it keeps for everybody, or to
write files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it comes with Streamlit
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

__all__ = ["OwnMessages"]

_TAKEN: Final = frozenset({"rerun_script", "stop_script", "app_heartbeat", "file_urls_request"})
_MOST_OF_STRANGERS: Final = 64_000
"""Bytes of a message of who shows no login of ours: to be shown the way in takes hundreds, and what a page was told is
kept in memory with its session."""
_ASKED: Final = "deferred_file"
"""Of what the server is asked to do aside: a document that is made at the click."""


class OwnMessages:
    """Drops each message of a web socket that isn't of a kind our pages need, and long ones of strangers.

    `read_login`: what the cookie of a connection says of a login that we signed; nothing without one.
    """

    def __init__(self, app: ASGIApp, read_login: Callable[[HTTPConnection], Mapping[str, object]]) -> None:
        self._app = app
        self._read_login = read_login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        is_stranger = not self._read_login(HTTPConnection(scope))

        async def receive_ours() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive" or is_taken(message.get("bytes"), is_stranger=is_stranger):
                    return message

        await self._app(scope, receive_ours, send)


def is_taken(data: bytes | None, *, is_stranger: bool) -> bool:
    """Return whether a message goes on to Streamlit: also one that isn't any, which ends the connection there."""
    if is_stranger and len(data or b"") > _MOST_OF_STRANGERS:
        return False
    try:
        said = BackMsg.FromString(data or b"")
    except DecodeError:
        return True
    kind: str | None = said.WhichOneof("type")
    if kind == "backend_operation_request":
        asked: str | None = said.backend_operation_request.WhichOneof("payload")
        return asked == _ASKED
    return kind in _TAKEN
