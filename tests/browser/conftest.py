"""The operator's page, started as the supervisor starts it, and a Chromium that looks at it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine

from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.core import VaultCore
from lfr_core.storage.engine import open_engine
from tests.support.identity import IdentityServer
from tests.support.page_login import PageLogins, forget_who_was_in
from tests.support.staff import staff_app
from tests.support.vault_server import serving_vault

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def settings(identity_server: IdentityServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation of this module's own, whose people log in at the identity server of the whole run."""
    return identity_server.settings_at(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def vault(settings: Settings) -> Iterator[VaultCore]:
    """The vault that this module's page asks, and shows its logins to: without one nothing is decided."""
    with serving_vault(settings, asks_for_logins=True) as core:
        yield core


@pytest.fixture(scope="module")
def engine(settings: Settings, vault: VaultCore) -> Iterator[Engine]:
    """The records of this module's page."""
    engine = open_engine(settings.records_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def logins(identity_server: IdentityServer, settings: Settings, engine: Engine, vault: VaultCore) -> PageLogins:
    """This module's people."""
    return PageLogins(identity_server, settings, engine, AuditTrail(vault, SystemClock()))


@pytest.fixture(scope="module")
def address(settings: Settings, engine: Engine) -> Iterator[str]:
    """The operator's page's address, once it answers."""
    with staff_app(settings) as address:
        yield address


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Chromium keeps the pages' scripts as it compiled them: without them a page takes 3 s of processor time."""
    return tmp_path_factory.mktemp("chromium")


@pytest.fixture(scope="session")
def kept_context(profile: Path) -> Iterator[BrowserContext]:
    """One for all these files, and none beyond: while Playwright runs, nothing else here may run an event loop."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"{CHROMIUM} isn't installed (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(profile, executable_path=CHROMIUM, args=FLAGS)
        yield context
        context.close()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End the browser with the last of its files: see `kept_context`."""
    if nextitem is None or not nextitem.nodeid.startswith("tests/browser/"):
        for fixture in item.session._fixturemanager.getfixturedefs("kept_context", item) or ():
            fixture.finish(item._request)  # type: ignore[attr-defined]  # every item of ours has one


@pytest.fixture(scope="session")
def browser(kept_context: BrowserContext) -> Browser:
    """For contexts of a test's own, which compile each script anew: see `context`."""
    assert kept_context.browser is not None
    return kept_context.browser


@pytest.fixture
def context(kept_context: BrowserContext) -> Iterator[BrowserContext]:
    """A browser that knows the pages' scripts, and nothing of who was in before: no cookie, store or header."""
    yield kept_context
    forget_who_was_in(kept_context)


@pytest.fixture
def log_of_page(settings: Settings) -> Path:
    return settings.home / "page.log"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say beside a failure what its page showed and logged: a browser's time-out names only what it waited for."""
    report = yield
    parts = getattr(item, "funcargs", {})
    if report.when == "call" and report.failed and "page" in parts:
        page: Page = parts["page"]
        with contextlib.suppress(Exception):  # the page may be what failed
            report.sections.append(("What the page showed", f"{page.url}\n{page.inner_text('body')[:4000]}"))
        with contextlib.suppress(OSError, KeyError, StopIteration):
            home: Path = parts["settings"].home
            log = next(each for each in (home / "page.log", home / "log" / "page.log") if each.exists())
            report.sections.append(("What the page logged", log.read_text(errors="replace")[-4000:]))
    return report
