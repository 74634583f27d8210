"""A web socket to the staff's pages, as a browser opens it, through which a test says what no browser would."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.sync.connection import Connection

__all__ = ["XSRF", "draw", "get_token", "opened", "read_message"]

XSRF = "_streamlit_xsrf"


def get_token(address: str) -> str:
    """Streamlit's token against requests of other sites, which anybody is given."""
    answer = httpx.get(f"{address}/_stcore/health", trust_env=False)
    return answer.headers["set-cookie"].split(";")[0].removeprefix(f"{XSRF}=")


@contextmanager
def opened(address: str, token: str, cookies: Mapping[str, str]) -> Iterator[tuple[Connection, str]]:
    """A web socket as a browser with these cookies opens it, and its session once the page was drawn."""
    kept = "; ".join(f"{name}={value}" for name, value in {**cookies, XSRF: token}.items())
    with connect(
        f"{address.replace('http', 'ws')}/_stcore/stream",
        origin=address,  # type: ignore[arg-type]  # a text, as others are
        subprotocols=["streamlit", token],  # type: ignore[list-item]
        additional_headers={"Cookie": kept},
        max_size=None,
        proxy=None,
    ) as socket:
        yield socket, draw(socket)


def draw(socket: Connection) -> str:
    """Have the page drawn; returns its session."""
    socket.send(BackMsg(rerun_script=ClientState()).SerializeToString())
    session, ends = "", time.monotonic() + 30
    while time.monotonic() < ends:
        message = read_message(socket)
        if message.WhichOneof("type") == "new_session":
            session = message.new_session.initialize.session_id
        elif message.WhichOneof("type") == "script_finished":
            return session
    raise AssertionError("the page isn't drawn")


def read_message(socket: Connection, *, timeout: float = 30) -> ForwardMsg:
    """The next message of the server. Raises TimeoutError where none comes in so many seconds."""
    message: ForwardMsg = ForwardMsg.FromString(socket.recv(timeout=timeout, decode=False))
    return message
