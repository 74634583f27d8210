"""The operator's page with records of its own, for tests in a browser: import the fixtures, open `page`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from sqlmodel import text

from lfr_core.alerts.recorder import Recorder
from lfr_core.common.clock import SystemClock
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people import Role
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.custody.vault.core import VaultCore
from lfr_core.domain.watchlists import Category
from tests.support.overwriting import overwriting
from tests.support.page_alerts import REFERENCE, TellingRecorder, live_demo
from tests.support.page_login import PageLogins, forget_who_was_in
from tests.support.people import authenticated
from tests.support.records import Entry, Reference, entry

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Request

__all__ = ["ANN", "Seen", "become", "context", "no_alerts", "page", "recorder", "seen", "sign_in"]

ANN = "Ann Operator"
OPERATORS = (ANN, "Bob Sergeant", "Rex Leaving")


@dataclass(slots=True)
class Seen:
    """What the browser asked for, and what it complained of."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def recorder(engine: Engine, vault: VaultCore, logins: PageLogins) -> Recorder:
    blue = Entry(
        "blue",
        "TEST-1",
        Category.BLUE_LIST,
        "consent",
        "Insp A",
        entry().expires_on,
        (Reference("b/1", "b", REFERENCE),),
    )
    live_demo(engine, vault, "dep", (entry(crop=REFERENCE), blue))
    operators = [(name, Role.OPERATOR) for name in OPERATORS]
    logins.add(*operators, ("Pat Planner", Role.PLANNER))
    return TellingRecorder(engine, vault)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture(scope="module")
def context(kept_context: BrowserContext) -> Iterator[BrowserContext]:
    """One for the module, so that Streamlit's scripts are fetched once."""
    yield kept_context
    forget_who_was_in(kept_context)


@pytest.fixture
def page(context: BrowserContext, address: str, no_alerts: None, seen: Seen, logins: PageLogins) -> Iterator[Page]:
    """A fresh session of the page, Ann's, who hasn't signed on, with the alerts of earlier tests gone."""

    def asked(request: Request) -> None:
        seen.requests.append(request.url)

    page = context.new_page()
    page.set_viewport_size({"width": 1500, "height": 1000})
    page.on("request", asked)
    page.on("console", lambda output: seen.errors.append(output.text) if output.type == "error" else None)
    logins.log_in(context, ANN)
    page.goto(address)
    page.get_by_role("heading", name="High Street").wait_for()
    yield page
    page.close()


@pytest.fixture
def no_alerts(engine: Engine, vault: VaultCore, recorder: Recorder) -> None:
    """Nor anybody who has the deployment in hand still."""
    sign_ons = SignOns(engine, AuditTrail(vault, SystemClock()), SystemClock())
    for name in OPERATORS:
        sign_ons.sign_off("dep", authenticated(name))
    with overwriting(engine) as session:
        session.execute(text("DELETE FROM alert"))


def sign_in(page: Page, name: str = ANN) -> None:
    page.get_by_role("button", name="Start deciding").click()
    page.get_by_role("button", name="Stop deciding").wait_for()
    page.locator(".lfr-who").filter(has_text=name).wait_for()


def become(page: Page, logins: PageLogins, name: str) -> None:
    logins.log_in(page.context, name)
    page.reload()
