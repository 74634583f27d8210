"""No port of ours is another user's for a moment, and nobody of ours speaks to another user's process there."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from contextlib import closing

import pytest

from flows.prefect_api import PrefectApi
from lfr_core.common.errors import Fatal, Retryable
from lfr_core.common.loopback_ports import bind_port, has_own_listener, listener_uids, reserve_port
from lfr_core.custody.identity.discovery import discover
from lfr_core.recognition.gallery.access import MilvusAccess
from lfr_core.recognition.gallery.connection import MilvusConnection
from tests.support.brokers import free_ports
from tests.support.foreign_listener import NOBODY, foreign_attempts, foreign_listener
from tests.support.identity import a_provider

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems don't say whose a port is")


@pytest.mark.root
def test_a_reserved_port_is_no_other_users_before_while_and_after_our_server_listens() -> None:
    (port,) = free_ports(1)
    assert len(foreign_attempts(port)) > 8  # whoever comes first has it
    with reserve_port(port):
        before = foreign_attempts(port)
        with closing(bind_port(port)) as server:
            bound = foreign_attempts(port)
            server.listen()
            listening = foreign_attempts(port)
            with closing(socket.create_connection(("127.0.0.1", port))):
                taken, _ = server.accept()
                taken.close()  # and the other end lingers
                server.close()
                after = foreign_attempts(port)
                with closing(bind_port(port)) as again:
                    again.listen()

    assert (before, bound, listening, after) == ([], [], [], [])


def test_a_port_that_lingers_from_the_run_before_is_reserved_at_once() -> None:
    (port,) = free_ports(1)
    with reserve_port(port), closing(bind_port(port)) as server:
        server.listen()
        asking = socket.create_connection(("127.0.0.1", port))
        taken, _ = server.accept()
        taken.close()
    with closing(asking), reserve_port(port):
        assert listener_uids(port) == frozenset()


@pytest.mark.parametrize("have", [reserve_port, bind_port])
def test_a_port_that_somebody_has_is_not_shared_and_the_sentence_says_what_to_do(have: Callable[[int], object]) -> None:
    (port,) = free_ports(1)
    with closing(bind_port(port)) as server:
        server.listen()
        with pytest.raises(Fatal, match=rf"port {port} of 127\.0\.0\.1 is taken: `lfr doctor` says by whom"):
            have(port)


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1"])
def test_our_own_listener_is_known_whatever_address_it_was_given(address: str) -> None:
    with closing(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)) as made:
        made.bind((address, 0))
        port = made.getsockname()[1]
        before = has_own_listener(port, "the test")
        made.listen()

        assert (before, has_own_listener(port, "the test")) == (False, True)


def test_one_that_no_connection_to_us_reaches_is_none() -> None:
    with closing(socket.socket(socket.AF_INET6)) as elsewhere:
        elsewhere.bind(("::1", 0))
        elsewhere.listen()

        assert listener_uids(elsewhere.getsockname()[1]) == frozenset()


@pytest.mark.root
def test_another_users_listener_is_named() -> None:
    with foreign_listener() as (port, _):
        assert listener_uids(port) == frozenset({NOBODY})
        with pytest.raises(Fatal, match=r"another user of this machine \(nobody\) listens.*the wanted one belongs"):
            has_own_listener(port, "the wanted one")


@pytest.mark.root
@pytest.mark.parametrize("client", ["identity", "prefect", "gallery"])
def test_no_client_sends_anything_to_another_users_listener(client: str) -> None:
    with foreign_listener() as (port, process):
        asks: dict[str, Callable[[], object]] = {
            "identity": lambda: discover(a_provider(issuer=f"http://127.0.0.1:{port}", is_embedded=True)),
            "prefect": lambda: PrefectApi(f"http://127.0.0.1:{port}", "user:word", own_port=port).request("GET", "/a"),
            "gallery": lambda: MilvusConnection(
                MilvusAccess(f"http://127.0.0.1:{port}", own_port=port), timeout_s=2.0
            ).call(lambda each: each),
        }
        with pytest.raises(Fatal, match="another user of this machine"):
            asks[client]()
        process.terminate()
        assert process.stdout is not None
        assert process.stdout.read() == ""


@pytest.mark.parametrize("client", ["identity", "prefect", "gallery"])
def test_where_nobody_listens_it_is_said_that_ours_does_not_run(client: str) -> None:
    (port,) = free_ports(1)
    asks: dict[str, Callable[[], object]] = {
        "identity": lambda: discover(a_provider(issuer=f"http://127.0.0.1:{port}", is_embedded=True)),
        "prefect": lambda: PrefectApi(f"http://127.0.0.1:{port}", own_port=port).request("GET", "/a"),
        "gallery": lambda: MilvusConnection(
            MilvusAccess(f"http://127.0.0.1:{port}", own_port=port), timeout_s=2.0
        ).call(lambda each: each),
    }

    with pytest.raises(Retryable, match=r"lfr (up|status|doctor)"):
        asks[client]()
