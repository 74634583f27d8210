"""Which provider is asked, how far it is trusted, and for how long it is waited for."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.discovery import discover
from lfr_core.custody.identity.fetching import ANSWER_BYTES, fetch_json
from lfr_core.custody.identity.loopback import Loopback
from lfr_core.custody.identity.provider import is_safe_address, provider_of
from tests.support.brokers import free_ports
from tests.support.identity import a_provider


@contextmanager
def answering(
    body: bytes | Callable[[str], bytes], *, status: int = 200, headers: dict[str, str] | None = None
) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else body(address))

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield address
        server.shutdown()
        thread.join()


def test_without_a_setting_the_embedded_provider_is_asked() -> None:
    provider = provider_of(Settings(identity_port=4299))

    assert (provider.issuer, provider.is_embedded) == ("http://127.0.0.1:4299", True)


def test_a_force_names_its_own_provider() -> None:
    provider = provider_of(Settings(oidc_issuer="https://id.example.test/r/s", oidc_cli_client_id="lfr"))

    assert (provider.issuer, provider.client_id, provider.is_embedded) == ("https://id.example.test/r/s", "lfr", False)


@pytest.mark.parametrize(
    "address",
    [
        "http://id.example.test",
        "http://localhost:80",  # a name, that somebody may point elsewhere
        "https://",
        "https://user@id.example.test",
        "https://id.example.test:x",
        "ftp://127.0.0.1",
        "id.example.test",
        "https://id.example.test?a=b",
    ],
)
def test_a_provider_that_others_could_play_is_refused(address: str) -> None:
    with pytest.raises(Fatal, match="https address"):
        provider_of(Settings(oidc_issuer=address))


def test_http_is_taken_on_this_machine_alone() -> None:
    assert is_safe_address("http://127.0.0.1:1")
    assert is_safe_address("http://[::1]:1")
    assert not is_safe_address("http://127.0.0.1.example.test")
    assert not is_safe_address("http://10.0.0.1")


@pytest.mark.parametrize(
    ("body", "status", "rule"),
    [
        (b"{" + b" " * ANSWER_BYTES + b"}", 200, "login.provider"),
        (b"[]", 200, "login.provider"),
        (b"<html>", 200, "login.provider"),
        (b"[" * 100_000, 200, "login.provider"),
        (b'{"error": "invalid_grant"}', 400, "login.refused"),
        (b"moved", 302, "login.refused"),
    ],
    ids=["large", "list", "page", "deep", "no", "elsewhere"],
)
def test_an_answer_that_is_no_small_object_is_refused(body: bytes, status: int, rule: str) -> None:
    elsewhere = {"location": "http://127.0.0.1:9/"}
    with answering(body, status=status, headers=elsewhere) as address, pytest.raises(Refused) as caught:
        fetch_json(address, a_provider())

    assert caught.value.rule == rule


def test_a_provider_in_trouble_is_asked_again_later() -> None:
    with answering(b"{}", status=503) as address, pytest.raises(Retryable, match="can't answer now"):
        fetch_json(address, a_provider())


def test_a_provider_that_says_nothing_or_a_byte_at_a_time_is_not_waited_for() -> None:
    """Whoever asked hangs up before there is an end to it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            stream, _ = listening.accept()
            with stream, suppress(OSError):
                while True:
                    stream.sendall(b"H")
                    time.sleep(0.05)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        with pytest.raises(Retryable, match="doesn't answer"):
            fetch_json(f"http://127.0.0.1:{listening.getsockname()[1]}", a_provider(), wait_s=0.4)
        thread.join(20)
        assert not thread.is_alive()


def test_a_provider_that_is_away_is_said_so() -> None:
    (port,) = free_ports(1)

    with pytest.raises(Retryable, match="doesn't answer"):
        fetch_json(f"http://127.0.0.1:{port}", a_provider())


def test_certificates_that_cannot_be_read_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="LFR_OIDC_CA_FILE"):
        fetch_json("https://127.0.0.1:9", a_provider(ca_file=tmp_path / "none.pem"))


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://id.example.test"},
        {"issuer": None},
        {"token_endpoint": "http://id.example.test/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=str,
)
def test_a_provider_that_sends_us_elsewhere_is_refused(changes: dict[str, Any]) -> None:
    def document(issuer: str) -> bytes:
        places = {"authorization_endpoint": f"{issuer}/a", "token_endpoint": f"{issuer}/t", "jwks_uri": f"{issuer}/k"}
        return json.dumps({"issuer": issuer} | places | changes).encode()

    with answering(document) as issuer, pytest.raises(Refused) as caught:
        discover(a_provider(issuer=issuer))

    assert caught.value.rule == "login.provider"


def test_the_loopback_takes_only_the_answer_with_this_logins_state() -> None:
    (port,) = free_ports(1)
    with Loopback((port,)) as loopback:
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(loopback.wait("right", 20)))
        thread.start()
        paths = ("/", "/callback?code=a", "/callback?state=wrong&code=a", "/callback?state=right&code=a")
        statuses = [httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).status_code for path in paths]
        thread.join(20)

    assert statuses == [404, 404, 404, 200]
    assert found == ["/callback?state=right&code=a"]


def test_the_loopback_waits_no_longer_than_it_may_and_takes_another_port_if_one_is_held() -> None:
    first, second = free_ports(2)
    with Loopback((first,)), Loopback((first, second)) as other:
        assert other.port == second
        with pytest.raises(Retryable, match="LFR_LOGIN_PORTS"):
            Loopback((first, second))
        with pytest.raises(Refused) as caught:
            other.wait("state", 0.1)

    assert caught.value.rule == "login.late"
