"""Connections from the network: so many of each machine, closed with its dismissal, and strangers keep nobody out."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, closing, suppress

import pytest
from structlog.testing import capture_logs

from lfr_core.common.errors import LfrError, Retryable
from lfr_core.custody.vault import server as server_module
from lfr_core.custody.vault.connections import MOST_OF_ONE_MACHINE
from lfr_core.custody.vault.key_terms import AT_ONCE
from lfr_core.custody.vault.port import KeyKind
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from tests.support.vault_core import NOW_NS
from tests.support.vault_site import CAMERA, COMPLIANCE, RECOGNISE, Site, footage, is_closed


def test_strangers_on_the_network_cost_a_line_and_keep_nobody_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_HANDSHAKE_S", 0.5)
    camera = site.there(site.admit("van-2", CAMERA))
    camera.ping()
    with capture_logs() as logs, ExitStack() as many:
        for number in range(30):
            stranger = many.enter_context(closing(socket.create_connection(("127.0.0.1", site.port), 5)))
            with suppress(OSError):
                stranger.sendall(b"GET / HTTP/1.1\r\n\r\n" if number % 2 else b"")
        camera.ping()  # an open line isn't theirs to take
        assert site.own().machines()
        time.sleep(1.0)
        assert site.there(site.folder / "van-2" / "processes").seal_key("d", "north").key

    assert {each["event"] for each in logs} <= {"vault.not-identified", "vault.peer-refused"}
    assert len(logs) <= 4


@pytest.mark.parametrize("came_before", [0, 1])
def test_silent_strangers_of_six_addresses_keep_no_machine_out(site: Site, came_before: int) -> None:
    folder = site.admit("van-2", CAMERA)
    if came_before:
        line = site.there(folder)
        line.ping()
        line.close()
    with ExitStack() as many:
        for number in range(24):
            stranger = socket.create_connection(
                ("127.0.0.1", site.port), 5, source_address=(f"127.0.0.{2 + number % 6}", 0)
            )
            many.enter_context(closing(stranger))
        time.sleep(0.5)
        assert site.there(folder).seal_key("d", "north").key


def test_a_camera_that_floods_with_new_keys_waits_and_the_vault_answers_others(site: Site) -> None:
    folder = site.admit("van-2", CAMERA)
    lines = [site.there(folder) for _ in range(4)]
    made = 0
    for line in lines * 20:
        try:
            footage(line, "north")
        except Retryable:
            continue
        made += 1

    assert made == AT_ONCE[KeyKind.FOOTAGE] == len(site.core.kept())
    site.own(ProcessIdentity.RECORD).make_key(KeyKind.ALERT, "d", "alert", NOW_NS + 10**13, actor=SystemActor.RECORDER)


def test_all_requests_of_a_machine_are_counted_together(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = site.admit("van-2", CAMERA)
    first, second = site.there(folder), site.there(folder)
    monkeypatch.setattr(server_module, "_MOST_REQUESTS_PER_S", 3)
    with capture_logs() as logs:
        for line in (first, second) * 3:
            with suppress(LfrError):
                line.ping()
        site.own().ping()

    assert "vault.flood" in {each["event"] for each in logs}


def test_a_dismissed_machine_s_connections_are_closed_at_once_and_no_other_s(site: Site) -> None:
    folder, other = site.admit("van-2", CAMERA, RECOGNISE), site.there(site.admit("van-3", CAMERA))
    lines = [site.there(folder) for _ in range(3)] + [site.there(folder, RECOGNISE)]
    for line in (*lines, other):
        line.ping()
    site.own().dismiss_machine("van-2", COMPLIANCE)

    assert all(map(is_closed, lines))
    assert other._connection is not None
    other._connection.settimeout(0.2)
    with pytest.raises(TimeoutError):
        other._connection.recv(1)


def test_a_machine_that_is_admitted_again_loses_the_connections_of_before(site: Site) -> None:
    line = site.there(site.admit("van-2", CAMERA))
    line.ping()
    site.admit("van-2", CAMERA)

    assert is_closed(line)


def test_one_machine_s_connections_keep_no_other_machine_out(site: Site) -> None:
    folder, other = site.admit("van-2", CAMERA), site.admit("van-3", CAMERA)
    lines = [site.there(folder) for _ in range(MOST_OF_ONE_MACHINE)]
    for line in lines:
        line.ping()
    with pytest.raises(Retryable, match="already"):
        site.there(folder).ping()

    site.there(other).ping()
    lines[0].close()
    deadline = time.monotonic() + 5.0
    while True:
        try:
            site.there(folder).ping()
        except Retryable:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            break


def test_a_connection_from_the_network_that_asks_nothing_ends_and_its_process_comes_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_IDLE_S", 0.3)
    camera, own = site.there(site.admit("van-2", CAMERA)), site.own()
    camera.ping()
    own.ping()

    assert is_closed(camera)
    camera.ping()
    assert own._connection is not None
    own._connection.settimeout(0.5)
    with pytest.raises(TimeoutError):
        own._connection.recv(1)


def test_a_long_message_from_the_network_ends_its_connection(site: Site) -> None:
    camera = site.there(site.admit("van-2", CAMERA))
    camera.ping()
    assert camera._connection is not None
    camera._connection.sendall((65_537).to_bytes(4, "big"))
    assert camera._connection.recv(1) == b""
