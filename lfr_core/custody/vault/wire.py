"""Messages on the vault's socket: four bytes of length, big-endian, then at most `LONGEST` bytes of UTF-8."""

from __future__ import annotations

import socket
import struct

from pydantic import BaseModel

__all__ = ["LONGEST", "read_frame", "send", "write_frame"]

LONGEST = 16 * 1024 * 1024
"""Bytes of one message: more than `MOST_IDS` keys with the longest names there may be, and so than any request."""
_LENGTH = struct.Struct(">I")


def write_frame(connection: socket.socket, body: bytes) -> None:
    """Send one message. Raises OSError, and ValueError when it is longer than `LONGEST`."""
    if len(body) > LONGEST:
        raise ValueError(f"a message of {len(body):,} bytes is longer than the vault takes")
    connection.sendall(_LENGTH.pack(len(body)) + body)


def send(connection: socket.socket, answer: BaseModel) -> None:
    """Send an answer. Raises as `write_frame`."""
    write_frame(connection, answer.model_dump_json().encode())


def read_frame(connection: socket.socket, first: bytes = b"", longest: int = LONGEST) -> bytes:
    """Receive one message of at most `longest` bytes, whose `first` byte may have been received already.

    Raises:
        EOFError: the other side closed before a message began.
        ValueError: it closed in the middle of one, or announced one longer than `LONGEST`.
        OSError: also TimeoutError.
    """
    head = first + _receive(connection, _LENGTH.size - len(first))
    if not head:
        raise EOFError
    if len(head) < _LENGTH.size:
        raise ValueError("half a message")
    (length,) = _LENGTH.unpack(head)
    if length > longest:
        raise ValueError("a message longer than the vault takes")
    body = _receive(connection, length)
    if len(body) < length:
        raise ValueError("half a message")
    return body


def _receive(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(min(65_536, count - len(parts)))
        if not part:
            break
        parts += part
    return bytes(parts)
