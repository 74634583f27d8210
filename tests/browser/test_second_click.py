"""A double click does once what one click does: on a form that is taken, and on an application."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from lfr_core.custody.people import Role
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import ApplicationRow
from lfr_core.storage.tables.rights import RightsRequestRow
from tests.support.browser_session import WAIT_MS, BrowserSession
from tests.support.page_login import PageLogins

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]

DEE, PAT = "Dee Twice", "Pat Twice"
APART_MS = (0, 60, 180, 350)
"""As quick as people are who click twice; some fall within the act, and some after it."""
SENTENCE = "People wanted by the courts are expected at this market on this day."


@pytest.fixture
def desk(context: BrowserContext, logins: PageLogins, address: str) -> BrowserSession:
    logins.add((DEE, Role.COMPLIANCE), (PAT, Role.PLANNER))
    return BrowserSession(context.new_page(), logins, address)


def click_twice(desk: BrowserSession, name: str, apart_ms: int) -> None:
    """Where the button stands, whatever is there by the second click."""
    button = desk.page.get_by_role("button", name=name, exact=True).first
    button.click(trial=True, timeout=WAIT_MS)
    box = button.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    desk.page.mouse.click(x, y)
    desk.page.wait_for_timeout(apart_ms)
    desk.page.mouse.click(x, y)


@pytest.mark.parametrize("apart_ms", APART_MS)
def test_an_enquiry_is_taken_once(desk: BrowserSession, engine: Engine, apart_ms: int) -> None:
    def taken() -> int:
        with reading(engine) as session:
            return len(session.exec(select(RightsRequestRow)).all())

    before = taken()
    desk.open_as(DEE, "enquiries")
    desk.page.get_by_role("tab", name="Take a request").click()
    desk.fill("How to answer (address, e-mail)", "4 Rampant Horse Street")
    desk.fill("In the person's words", "Was I there?")
    click_twice(desk, "Take it", apart_ms)

    desk.see("Taken: ")
    desk.settle()
    desk.see("Taken: ")
    assert taken() == before + 1


@pytest.mark.parametrize("apart_ms", APART_MS)
def test_an_application_is_made_once(desk: BrowserSession, engine: Engine, apart_ms: int) -> None:
    starts = datetime.now(LONDON) + timedelta(days=5 + apart_ms)
    desk.open_as(PAT, "planning")
    desk.page.get_by_role("radiogroup", name="Part of the page").get_by_text("Application", exact=True).click()
    for label, text in {
        "Short name": f"twice-{apart_ms}",
        "Name": f"Norwich market {apart_ms}",
        "Place, as the public knows it": "Norwich",
        "Where cameras may stand": "Gentleman's Walk, both sides",
        "Purpose, as it will be announced": "find people wanted by the courts",
        "Cameras, one a line": "north",
        "Who is looked for": SENTENCE,
        "Why it is necessary": SENTENCE,
        "Why it is proportionate": SENTENCE,
        "Why listed people are expected there": SENTENCE,
    }.items():
        desk.fill(label, text)
    for label in ("First day", "Last day"):
        desk.type_parts(label, f"{starts:%d%m%Y}")
    desk.settle()
    click_twice(desk, "Apply for authority", apart_ms)

    desk.see("is applied for.")
    desk.settle()
    with reading(engine) as session:
        rows = session.exec(select(ApplicationRow).where(ApplicationRow.deployment == f"twice-{apart_ms}")).all()
    assert [each.revision for each in rows] == [1]
