"""Who and what comes to the vault's socket: other users, junk, floods, a second vault."""

from __future__ import annotations

import errno
import os
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from apps.vault.process import build_identities
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal
from lfr_core.custody.vault import server as server_module
from lfr_core.custody.vault.connections import MOST_LOCAL
from lfr_core.custody.vault.port import Vault
from lfr_core.custody.vault.server import VaultServer
from tests.support.served_vault import Served


@pytest.fixture(params=["core", "client"])
def vault(request: pytest.FixtureRequest, served: Served) -> Vault:
    """The contract below holds for both implementations of the port."""
    return served.core if request.param == "core" else served.client


def test_the_socket_is_this_user_s_alone(served: Served) -> None:
    assert (served.path.stat().st_mode & 0o777, served.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_another_user_s_process_is_refused_and_logged(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "peer_uid", lambda _: os.getuid() + 1)

    with capture_logs() as logs, served.raw() as connection:
        answer = connection.recv(1)

    assert answer == b""
    assert [(each["event"], each["uid"]) for each in logs] == [("vault.peer-refused", os.getuid() + 1)]


@pytest.mark.root
def test_the_kernel_keeps_another_user_away(served: Served) -> None:
    code = "import socket,sys,os; os.setuid(65534); s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])"

    done = subprocess.run([sys.executable, "-c", code, str(served.path)], capture_output=True, text=True, check=False)

    assert "PermissionError" in done.stderr


def frame(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


@pytest.mark.parametrize(
    "body",
    [
        b'{"verb":"give-me-all-keys","version":1}',
        b'{"verb":"seal-key","version":2,"deployment":"d","camera":"c"}',
        b'{"verb":"seal-key","version":1,"deployment":"d"}',
        b'{"verb":"seal-key","version":1,"deployment":"d","camera":"c","and":"more"}',
        b"not json \xff",
        b"",
        b"[]",
    ],
)
def test_an_unknown_request_is_refused_and_logged_without_its_content(served: Served, body: bytes) -> None:
    with capture_logs() as logs, served.identified() as connection:
        connection.sendall(frame(body))
        answer = connection.recv(4_096)

    assert b"vault.unknown-request" in answer
    assert [each["event"] for each in logs] == ["vault.request-refused"]
    assert not any(word in str(logs) for word in ("keys", "deployment", "json"))


@pytest.mark.parametrize("sent", [b"\x00", b"\x00\x00\x00\x10half", struct.pack(">I", 2**31)])
def test_half_a_message_ends_that_connection_and_no_other(served: Served, sent: bytes) -> None:
    with capture_logs() as logs, served.identified() as connection:
        connection.sendall(sent)
        assert served.client.check_gate("d") > 0
        ended = connection.recv(1)

        assert ended == b""
        deadline = time.monotonic() + 5
        while not logs and time.monotonic() < deadline:
            time.sleep(0.01)
    assert [each["event"] for each in logs] == ["vault.connection-ended"]
    assert served.client.check_gate("d") > 0


def test_a_flood_is_ended_and_others_are_served_meanwhile(served: Served) -> None:
    ping = frame(b'{"verb":"ping","version":1}')
    with capture_logs() as logs, served.identified() as connection:
        answered = 0
        with suppress(ConnectionError):
            while answered < 20_000:
                connection.sendall(ping)
                if not connection.recv(4_096):
                    break
                answered += 1
        assert served.client.check_gate("d") > 0

    assert answered < 20_000
    assert "vault.flood" in {each["event"] for each in logs}


def test_more_connections_than_it_takes_are_turned_away_and_the_first_go_on(served: Served) -> None:
    assert served.client.check_gate("d") > 0
    many: list[socket.socket] = []
    try:
        while len(many) < MOST_LOCAL + 5:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            many.append(connection)
            connection.settimeout(5.0)
            while connection.connect_ex(str(served.path)) == errno.EAGAIN:  # the listener's queue is full for a moment
                time.sleep(0.01)
        deadline = time.monotonic() + 5
        while sum(map(_is_closed, many)) < 5:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert served.client.check_gate("d") > 0
    finally:
        for each in many:
            each.close()


def _is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0.0)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False


def test_a_second_vault_at_the_same_socket_is_refused(served: Served, tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="lfr down"):
        VaultServer(served.core, served.path, *build_identities(served.core, served.folder, 1.0, SystemClock()))
