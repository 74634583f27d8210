"""An identity provider that takes connections and says nothing shuts neither deletion nor cameras out of the vault."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.client import VaultClient, make_vault_client
from lfr_core.custody.vault.connections import MOST_OF_PEOPLE
from lfr_core.domain.actors import ProcessIdentity
from tests.integration.custody.vault.test_shown_logins import DEE, Site
from tests.support import sessions
from tests.support.served_vault import Served

OWN = (ProcessIdentity.PURGE, ProcessIdentity.CAMERA, ProcessIdentity.RECOGNISE, ProcessIdentity.RECORD)


class Quieted(ThreadingHTTPServer):
    """Answers until it is told to be silent."""

    is_silent: ClassVar[threading.Event]
    taken: ClassVar[list[socket.socket]]

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if self.is_silent.is_set() and isinstance(request, socket.socket):
            self.taken.append(request)
        else:
            super().process_request(request, client_address)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(Quieted, "is_silent", threading.Event(), raising=False)
    monkeypatch.setattr(Quieted, "taken", [], raising=False)
    monkeypatch.setattr(sessions, "ThreadingHTTPServer", Quieted)
    site = Site(tmp_path)
    yield site
    site.end()
    for connection in Quieted.taken:
        connection.close()


def restart(site: Site) -> None:
    site.asks.close()
    site.vault.end()
    site.vault, site.asks = site.start()


def ask(site: Site, token: str) -> str:
    """By which rule a page's request for Dee is refused, "" if it isn't."""
    client = site.client(DEE, token, ProcessIdentity.PAGES)
    try:
        client.open_kept(site.key, actor=DEE, purpose="to answer")
        return ""
    except Refused as refused:
        return refused.rule
    finally:
        client.close()


def test_a_silent_provider_shuts_out_no_process(site: Site) -> None:
    """Nor does a request wait for one: `tests/unit/custody/identity/test_provider_keys.py`."""
    token = site.token(DEE)
    assert ask(site, token) == ""
    Quieted.is_silent.set()
    site.keys_file.unlink()  # as of an installation whose provider is silent from the first
    restart(site)
    asked: list[str] = []
    pages = [threading.Thread(target=lambda: asked.extend(ask(site, token) for _ in range(4))) for _ in range(6)]
    for page in pages:
        page.start()
    for identity in OWN:
        with_own = make_vault_client(site.vault.settings, identity, 5.0)
        assert with_own.trusted_now_ns()
        with_own.close()
    for page in pages:
        page.join(60)
    assert (len(asked), set(asked)) == (24, {"login.provider-away"})
    assert len(Quieted.taken) <= 3  # one thread asks


def client_of(served: Served, identity: ProcessIdentity) -> VaultClient:
    return VaultClient(served.path, identity, served.folder, 5.0)


def test_peoples_processes_leave_places_to_all_others(served: Served) -> None:
    many = [client_of(served, ProcessIdentity.PAGES) for _ in range(MOST_OF_PEOPLE)]
    try:
        taken = 0
        for client in many:
            try:
                client.ping()
                taken += 1
            except Retryable:
                break
        assert taken >= MOST_OF_PEOPLE - 1  # one may be the fixture's own
        for identity in (ProcessIdentity.PAGES, ProcessIdentity.COMMANDS):
            many += [client_of(served, identity) for _ in range(2)]
            with suppress(Retryable):
                many[-2].ping()
            with pytest.raises(Retryable, match="connections of that kind already"):
                many[-1].ping()
        for identity in OWN:
            many.append(client_of(served, identity))
            assert many[-1].trusted_now_ns()
    finally:
        for client in many:
            client.close()
