"""A server on loopback that answers each connection as a test says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

__all__ = ["connecting", "serving"]


@contextmanager
def connecting(answer: Callable[[socket.socket, str], None]) -> Iterator[str]:
    """The address (`127.0.0.1:PORT`) of a server that does this with each connection, given its own address too."""
    server = socket.create_server(("127.0.0.1", 0))
    here = f"127.0.0.1:{server.getsockname()[1]}"

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    def serve(client: socket.socket) -> None:
        with suppress(OSError), client:
            answer(client, here)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield here
    finally:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of a server that does this with each connection, once it has read the request's head."""

    def serve(client: socket.socket, _here: str) -> None:
        request = b""
        while b"\r\n\r\n" not in request and (got := client.recv(4_096)):
            request += got
        answer(client)

    with connecting(serve) as here:
        yield f"http://{here}/video"
