"""Strangers on the network keep no machine out: a known address has places of its own, the others share theirs."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from lfr_core.custody.vault import connections as module
from lfr_core.custody.vault.certificates import Peer
from lfr_core.custody.vault.connections import MOST_HANDSHAKES, Connection, Connections
from lfr_core.domain.actors import ProcessIdentity

Add = Callable[[str], Connection | None]


@pytest.fixture
def opened() -> Iterator[tuple[Connections, Add]]:
    """Connections, and how one from an address is added: real sockets on which nobody speaks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with ExitStack() as stack:

        def secure() -> ssl.SSLSocket:
            here, there = socket.socketpair()
            stack.callback(there.close)
            secured = context.wrap_socket(here, server_side=True, do_handshake_on_connect=False)
            stack.callback(secured.close)
            return secured

        connections = Connections()
        yield connections, lambda host: connections.add(host, secure)


def peer(machine: str) -> Peer:
    return Peer(ProcessIdentity.CAMERA, machine, 1, 2e12)


def admit(connections: Connections, connection: Connection | None, machine: str) -> None:
    assert connection is not None
    assert connections.identify(connection, peer(machine))
    connections.keep_places(connection)


def fill(add: Add, addresses: int, prefix: str = "10.0.0.") -> list[Connection]:
    """Open as many silent connections as there is room for, from so many addresses in turn."""
    found = [add(f"{prefix}{number % addresses}") for number in range(2 * MOST_HANDSHAKES)]
    return [each for each in found if each is not None]


@pytest.mark.parametrize("addresses", [4, 6, 16, 32])
def test_a_machine_comes_back_however_many_strangers_are_there(opened: tuple[Connections, Add], addresses: int) -> None:
    connections, add = opened
    first = add("192.0.2.1")
    admit(connections, first, "van-2")
    assert first is not None
    connections.discard(first)
    assert fill(add, addresses)

    for _ in range(4):
        back = add("192.0.2.1")
        assert back is not None
        fill(add, addresses, "10.0.1.")  # nobody takes the place that it has
        assert connections.identify(back, peer("van-2"))


@pytest.mark.parametrize("addresses", [4, 5])
def test_a_machine_that_was_never_seen_takes_the_place_of_who_has_most(
    opened: tuple[Connections, Add], addresses: int
) -> None:
    connections, add = opened
    fill(add, addresses)
    new = add("192.0.2.1")
    assert new is not None
    fill(add, addresses)
    assert connections.identify(new, peer("van-3"))


def test_with_strangers_of_many_addresses_the_oldest_goes_once_it_has_had_its_time(
    opened: tuple[Connections, Add], monkeypatch: pytest.MonkeyPatch
) -> None:
    connections, add = opened
    oldest, *others = fill(add, 32)
    assert len(others) == MOST_HANDSHAKES - 1
    assert add("192.0.2.1") is None
    monkeypatch.setattr(module, "_HONEST_HANDSHAKE_S", 0.0)
    assert add("192.0.2.1") is not None
    assert not connections.identify(oldest, peer("van-2"))
    assert oldest.secured.fileno() >= 0
    assert socket.socket.recv(oldest.secured, 1) == b""


def test_processes_of_one_address_that_come_at_once_end_none_of_each_other(opened: tuple[Connections, Add]) -> None:
    connections, add = opened
    admit(connections, add("192.0.2.1"), "van-2")
    taken = [add("192.0.2.1") for _ in range(32)]

    assert [each is not None for each in taken] == [True] * 4 + [False] * 28
    for each in taken[:4]:
        admit(connections, each, "van-2")
    assert add("192.0.2.1") is not None


def test_a_dismissed_machine_has_no_places_any_more(opened: tuple[Connections, Add]) -> None:
    connections, add = opened
    line = add("192.0.2.1")
    admit(connections, line, "van-2")
    assert line is not None
    connections.discard(line)
    connections.close(unless=lambda _: False)
    fill(add, 32)
    assert add("192.0.2.1") is None


def test_this_machine_s_own_processes_have_places_of_their_own(opened: tuple[Connections, Add]) -> None:
    _, add = opened
    fill(add, 32)
    assert add("") is not None
