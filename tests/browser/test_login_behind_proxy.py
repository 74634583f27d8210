"""The staff's pages behind a proxy, below a path: people log in there, and the cookies stay below it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
    loop = asyncio.new_event_loop()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(pump(reader, back), pump(there, writer), return_exceptions=True)

    async def run() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", port):
            await stopped.wait()

    stopped = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


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
