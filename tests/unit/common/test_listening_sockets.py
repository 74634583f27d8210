"""The kernel's quick answer about who listens is that of its slow list, which is used where there is no quick one."""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from lfr_core.common import listening_sockets as module
from lfr_core.common.errors import Fatal
from lfr_core.common.listening_sockets import listening_sockets, read_tables
from tests.support.brokers import free_ports

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems don't say whose a port is")


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1"])
def test_both_ways_name_the_same_address_and_user(address: str) -> None:
    with closing(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)) as made:
        (port,) = free_ports(1)  # of both families: another test may listen on the number at the other one's address
        made.bind((address, port))
        before = listening_sockets(port), read_tables(port)
        made.listen()

        assert before == ([], [])
        assert listening_sockets(port) == read_tables(port)
        assert [user for _, user in listening_sockets(port)] == [os.geteuid()]


def test_where_the_kernel_has_no_such_socket_its_list_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError("no such socket")

    with closing(socket.create_server(("127.0.0.1", 0))) as made:
        monkeypatch.setattr(module, "_ask_kernel", none)

        assert len(listening_sockets(made.getsockname()[1])) == 1


def test_where_there_is_neither_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "_SOCK_DIAG", 31)
    monkeypatch.setattr(module, "TABLES", (tmp_path / "tcp", tmp_path / "tcp6"))

    with pytest.raises(Fatal, match="Mount /proc"):
        listening_sockets(1)


def test_asking_costs_less_than_a_read_of_the_list() -> None:
    def cost(ask: object) -> float:
        assert callable(ask)
        began = time.process_time()
        for _ in range(5):
            ask(1)
        return time.process_time() - began

    assert cost(listening_sockets) < cost(read_tables)
