"""Lets through to Streamlit what a browser of ours has to say to it.

It takes more from whoever opens a web socket, logged in or not: to forget what it keeps for everybody, or to
write files.
"""

from __future__ import annotations

from typing import Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it comes with Streamlit
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

__all__ = ["OwnMessages"]

_TAKEN: Final = frozenset({"rerun_script", "stop_script", "app_heartbeat", "file_urls_request"})
_ASKED: Final = "deferred_file"
"""Of what the server is asked to do aside: a document that is made at the click."""


class OwnMessages:
    """Drops each message of a web socket that isn't of a kind our pages need."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_ours() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive" or is_taken(message.get("bytes")):
                    return message

        await self._app(scope, receive_ours if scope["type"] == "websocket" else receive, send)


def is_taken(data: bytes | None) -> bool:
    """Return whether a message goes on to Streamlit: also one that isn't any, which ends the connection there."""
    try:
        said = BackMsg.FromString(data or b"")
    except DecodeError:
        return True
    kind: str | None = said.WhichOneof("type")
    if kind == "backend_operation_request":
        asked: str | None = said.backend_operation_request.WhichOneof("payload")
        return asked == _ASKED
    return kind in _TAKEN
