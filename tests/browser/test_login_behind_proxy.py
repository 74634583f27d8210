"""The staff's pages behind a proxy, below a path: people log in there, and the cookies stay below it."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.identity.invitation import login_of
from lfr_core.custody.people import Role
from lfr_core.storage.engine import open_engine
from tests.support.brokers import free_ports
from tests.support.identity import PASSWORD, IdentityServer
from tests.support.page_login import PageLogins
from tests.support.staff import staff_app
from tests.support.vault_server import serving_vault

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAT = "Pat Planner"


@contextmanager
def forwarding(port: int, target: int) -> Iterator[None]:
    """A proxy on the loopback `port` that hands on every byte, WebSockets among them, and the Host as it came."""

    class Forward(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", target)) as there:
                pumps = [
                    threading.Thread(target=pump, args=pair) for pair in ((self.request, there), (there, self.request))
                ]
                for each in pumps:
                    each.start()
                for each in pumps:
                    each.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Forward) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Hand on what comes until one side ends, then end both."""
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory, identity_server: IdentityServer) -> Iterator[Settings]:
    """An installation whose pages browsers open at a proxy's address; `identity_server`: or it isn't installed."""
    identity, page, proxy, *back = free_ports(4)
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        identity_port=identity,
        operator_port=page,
        login_ports=tuple(back),
        page_url=f"http://127.0.0.1:{proxy}/staff/lfr/",
        page_hosts=("127.0.0.1",),
    )
    server = IdentityServer(settings)
    server.start()
    try:
        with serving_vault(settings) as vault:
            engine = open_engine(settings.records_url)
            PageLogins(server, settings, engine, AuditTrail(vault, SystemClock())).add((PAT, Role.PLANNER))
            engine.dispose()
            with staff_app(settings), forwarding(proxy, page):
                yield settings
    finally:
        server.stop()


def test_somebody_logs_in_and_out_below_the_proxys_path(browser: Browser, behind_proxy: Settings) -> None:
    address = behind_proxy.page_addresses[0]
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/")
    page.get_by_role("button", name="Log in").click()
    page.locator("input[name=login]").fill(login_of(PAT))
    page.locator("input[name=login]").press("Enter")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.locator(".lfr-who").filter(has_text=PAT).wait_for(timeout=30_000)
    paths = {each["path"] for each in context.cookies() if each["name"].startswith("_streamlit_user")}
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in").wait_for(timeout=30_000)

    assert paths == {"/staff/lfr"}
    assert page.url.startswith(address)
    context.close()
