"""What somebody has typed and not sent is there again: after a session's end, a reload, or records that were away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, text

from lfr_core.custody.people import Role
from tests.support.overwriting import overwriting
from tests.support.page_login import PageLogins
from tests.support.people import authenticated

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]

DEE, ADA, BEA, CY, FAY = "Dee Protection", "Ada Other", "Bea Away", "Cy Sender", "Fay Broken"
"""One for each test: what one of them leaves typed is given back in the next."""
LETTER = "They ask whether their son was looked for at the market, and why nobody wrote to them."
WORDS = "In the person's words"
BACK = "Here again"
OUT_MS = 30_000


@pytest.fixture(autouse=True)
def people(logins: PageLogins, address: str) -> None:
    logins.add(*((each, Role.COMPLIANCE) for each in (DEE, ADA, BEA, CY, FAY)))


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def open_intake(page: Page, logins: PageLogins, address: str, name: str) -> None:
    logins.log_in(page.context, name)
    page.goto(f"{address}/enquiries")
    page.locator(".lfr-who").filter(has_text=name).wait_for()
    page.get_by_role("tab", name="Take a request").click()
    page.get_by_label(WORDS, exact=True).wait_for()


def type_it(page: Page, label: str, words: str) -> None:
    """Key by key, and the field isn't left."""
    page.get_by_label(label, exact=True).click()
    page.keyboard.type(words, delay=5)


def stands(page: Page, label: str, words: str) -> None:
    page.wait_for_function(
        '([label, words]) => [...document.querySelectorAll(`[aria-label="${label}"]`)].some(e => e.value === words)',
        arg=[label, words],
        timeout=OUT_MS,
    )


def stored(page: Page) -> str:
    return str(page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"))


def test_a_page_whose_script_broke_loads_itself_anew_with_what_was_typed(
    page: Page, logins: PageLogins, address: str
) -> None:
    open_intake(page, logins, address, FAY)
    type_it(page, WORDS, LETTER)
    page.evaluate("document.getElementById('root').replaceChildren()")  # as it is left when Streamlit's script ends

    page.locator(".lfr-who").filter(has_text=FAY).wait_for()
    page.get_by_role("tab", name="Take a request").click()
    stands(page, WORDS, LETTER)


def test_after_a_sessions_end_it_is_there_for_its_person_and_for_nobody_else(
    page: Page, logins: PageLogins, address: str
) -> None:
    open_intake(page, logins, address, DEE)
    type_it(page, WORDS, LETTER)
    assert "their son" not in stored(page)
    logins.people.end_sessions(DEE, by=authenticated(DEE))
    page.get_by_role("button", name="Log in").wait_for(timeout=OUT_MS)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()  # what stood there goes then
    assert "their son" not in page.content() + stored(page)

    open_intake(page, logins, address, ADA)
    page.wait_for_timeout(1_000)
    assert page.get_by_label(WORDS, exact=True).input_value() == ""

    logins.cookies.pop(DEE)
    open_intake(page, logins, address, DEE)
    stands(page, WORDS, LETTER)
    page.get_by_text(BACK).wait_for()


def test_it_is_there_again_once_the_records_are(page: Page, logins: PageLogins, address: str, engine: Engine) -> None:
    open_intake(page, logins, address, BEA)
    type_it(page, WORDS, LETTER)
    with overwriting(engine) as session:
        session.execute(text("ALTER TABLE person RENAME TO person_away"))
    try:
        page.keyboard.type(" Written while they were away.", delay=5)
        page.get_by_text("it isn't known who is there").wait_for(timeout=OUT_MS)
    finally:
        with overwriting(engine) as session:
            session.execute(text("ALTER TABLE person_away RENAME TO person"))
    stands(page, WORDS, f"{LETTER} Written while they were away.")
    page.get_by_role("tab", name="Take a request", selected=True).wait_for(timeout=OUT_MS)
    assert page.get_by_label(WORDS, exact=True).is_visible()


def test_what_is_given_back_is_sent_as_if_it_were_typed_and_then_given_back_no_more(
    page: Page, logins: PageLogins, address: str
) -> None:
    open_intake(page, logins, address, CY)
    type_it(page, "How to answer (address, e-mail)", "a.b@example.test")
    type_it(page, WORDS, LETTER)
    page.reload()
    page.get_by_role("tab", name="Take a request").click()
    stands(page, WORDS, LETTER)
    stands(page, "How to answer (address, e-mail)", "a.b@example.test")
    page.get_by_role("button", name="Take it").click()
    page.get_by_text("Taken: ").wait_for()

    page.wait_for_timeout(1_500)
    page.reload()
    page.get_by_role("tab", name="Take a request").click()
    page.get_by_label(WORDS, exact=True).wait_for()
    page.wait_for_timeout(1_500)
    assert page.get_by_label(WORDS, exact=True).input_value() == ""
    assert page.get_by_text(BACK).count() == 0
