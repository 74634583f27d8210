"""A camera that answers with a redirect of RTSP: no other address than the one that was given is asked for anything."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.domain.policy import Policy, load_policy
from streams.camera.open_source import open_source
from streams.camera.urls import parse_source
from tests.support.answering_server import connecting


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy()


@contextmanager
def redirecting(asked: str, to: str, times: int = 1_000) -> Iterator[str]:
    """The address of a server that answers the request `asked` with a redirect to `to`, and then with "not found"."""
    left = [times]

    def answer(client: socket.socket, here: str) -> None:
        while request := client.recv(65_536).decode():
            sequence = next(line for line in request.splitlines() if line.startswith("CSeq"))
            head = f"RTSP/1.0 200 OK\r\n{sequence}\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n"
            if request.startswith(asked):
                left[0] -= 1
                head = f"RTSP/1.0 302 Found\r\n{sequence}\r\nLocation: {to.format(here=here)}\r\n\r\n"
                if left[0] < 0:
                    head = f"RTSP/1.0 404 Not Found\r\n{sequence}\r\n\r\n"
            client.sendall(head.encode())

    with connecting(answer) as here:
        yield f"rtsp://{here}/s"


@contextmanager
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """An address, and the first words of whoever connects to it."""
    heard: list[bytes] = []

    def listen(client: socket.socket, _here: str) -> None:
        client.settimeout(1)
        heard.append(b"")
        heard[-1] = client.recv(4_096)

    with connecting(listen) as here:
        yield here, heard


@pytest.mark.parametrize(
    "to",
    [
        "rtsp://{there}/s",
        "rtsp://localhost:{port}/s",
        "rtsps://{there}/s",
        "rtsps://{{here}}/s",
        "rtsp://{{here}}@{there}/s",
        "rtsp://" + "x" * 2_000 + "@{there}/s",
        "http://{there}/s",
    ],
    ids=["address", "name", "other-protocol", "this-in-another-protocol", "as-a-user", "long", "http"],
)
@pytest.mark.parametrize("asked", ["OPTIONS", "DESCRIBE"])
def test_a_camera_that_leads_to_another_address_has_it_asked_for_nothing(asked: str, to: str, policy: Policy) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with listening() as (there, heard), redirecting(asked, to.format(there=there, port=there[10:])) as url:
        with pytest.raises(Retryable, match="leads to another address"):
            open_source(parse_source(url.replace("//", "//ann:secret@")), policy.images, clock=SystemClock())

        assert heard == []
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_a_camera_that_leads_to_another_path_of_its_own_is_asked_there(policy: Policy) -> None:
    with (
        redirecting("DESCRIBE", "rtsp://{here}/elsewhere", times=2) as url,
        pytest.raises(Retryable, match="has no such stream"),
    ):
        open_source(parse_source(url), policy.images, clock=SystemClock())
