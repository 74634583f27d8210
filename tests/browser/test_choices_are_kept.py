"""What somebody has chosen and not sent is there again: after a reload and a session's end, for them alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lfr_core.custody.people import Rank, Role
from tests.support.page_login import PageLogins
from tests.support.people import authenticated

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

KIM, LEE, MAY, NED = "Kim Chooser", "Lee Other", "May Sender", "Ned Keeper"
PIA, ROB, SAM = "Pia Changer", "Rob Forger", "Sam Hasty"
"""One for each test: what one of them leaves chosen is given back in the next."""
TAB = "Take a request"
LISTED = 'An enquiry that asks "was I on a list"'
CAME = "The day it came, if it wasn't today: the month to answer begins then"
BACK = "Here again"
SENT_MS = 1_000
OUT_MS = 30_000


@pytest.fixture(autouse=True)
def people(logins: PageLogins, address: str) -> None:
    logins.add(*((each, Role.COMPLIANCE) for each in (KIM, LEE, MAY, NED, PIA, ROB, SAM)))


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def open_intake(page: Page, logins: PageLogins, address: str, name: str) -> None:
    logins.log_in(page.context, name)
    page.goto(f"{address}/enquiries")
    page.locator(".lfr-who").filter(has_text=name).wait_for()
    see_intake(page)


def see_intake(page: Page) -> None:
    page.get_by_role("tab", name=TAB).click()
    page.get_by_label("In the person's words", exact=True).wait_for()
    page.wait_for_timeout(SENT_MS)


def field(page: Page, name: str) -> Locator:
    return page.locator(f'[class*="st-key-choice-rights-take-turn-"][class*="-{name} "]')


def set_parts(page: Page, field: Locator, *parts: str) -> None:
    for part, digits in zip(field.get_by_role("spinbutton").all(), parts, strict=True):
        part.click()
        page.keyboard.type(digits, delay=20)


def choose(page: Page) -> None:
    field(page, "kind").get_by_text("Complaint").click()
    field(page, "listed").get_by_text(LISTED).click()
    set_parts(page, field(page, "came"), "02", "11", "2026")
    set_parts(page, field(page, "begin"), "09", "05")


def shown(page: Page) -> tuple[str, bool, str, str]:
    """Kind, whether it asks for a list, the day it came, from when."""
    kind = field(page, "kind").locator("label", has=page.locator("input:checked")).inner_text()
    listed = field(page, "listed").locator("input").is_checked()
    came = field(page, "came").locator('input[type="date"]').input_value()
    return kind, listed, came, field(page, "begin").locator('input[type="hidden"]').input_value()


CHOSEN = ("Complaint", True, "2026-11-02", "09:05:00")
NATURAL = ("Enquiry", False, "", "")


def test_what_was_chosen_is_there_again_after_a_reload_and_said_to_be(
    page: Page, logins: PageLogins, address: str
) -> None:
    open_intake(page, logins, address, NED)
    choose(page)
    assert shown(page) == CHOSEN
    page.reload()  # at once
    see_intake(page)

    assert shown(page) == CHOSEN
    said = page.get_by_text(BACK).inner_text()
    assert all(label in said for label in ("Kind", LISTED, CAME, "From"))
    assert "Or the deployment" not in said

    field(page, "kind").get_by_text("Enquiry").click()
    field(page, "listed").get_by_text(LISTED).click()
    page.wait_for_timeout(SENT_MS)
    page.reload()
    see_intake(page)
    assert shown(page) == ("Enquiry", False, *CHOSEN[2:])


def test_after_a_sessions_end_it_is_there_for_its_person_and_for_nobody_else(
    page: Page, logins: PageLogins, address: str
) -> None:
    open_intake(page, logins, address, KIM)
    choose(page)
    page.wait_for_timeout(SENT_MS)
    logins.people.end_sessions(KIM, by=authenticated(KIM))
    page.get_by_role("button", name="Log in").wait_for(timeout=OUT_MS)

    open_intake(page, logins, address, LEE)
    assert shown(page) == NATURAL
    assert page.get_by_text(BACK).count() == 0

    logins.cookies.pop(KIM)
    open_intake(page, logins, address, KIM)
    assert shown(page) == CHOSEN
    page.get_by_text(BACK).wait_for()


def test_what_was_given_back_is_sent_as_it_stands_and_given_back_no_more(
    page: Page, logins: PageLogins, address: str
) -> None:
    open_intake(page, logins, address, MAY)
    field(page, "kind").get_by_text("Complaint").click()
    set_parts(page, field(page, "came"), "02", "11", "2026")
    page.get_by_label("How to answer (address, e-mail)", exact=True).fill("a.b@example.test")
    page.get_by_label("In the person's words", exact=True).fill("They ask why.")
    page.reload()
    see_intake(page)
    page.get_by_role("button", name="Take it").click()
    page.get_by_text("answer by 2 December 2026").first.wait_for()  # a month from the day that was given back
    page.get_by_role("tab", name="Requests").click()
    page.get_by_text("complaint", exact=True).first.wait_for()

    see_intake(page)
    assert shown(page) == NATURAL
    page.reload()
    see_intake(page)
    assert shown(page) == NATURAL
    assert page.get_by_text(BACK).count() == 0


def test_what_was_sent_is_not_there_again_where_the_page_was_loaded_anew_before_it_knew(
    page: Page, logins: PageLogins, address: str
) -> None:
    """It would say that it wasn't sent, and whoever believes that takes the same request twice."""
    open_intake(page, logins, address, SAM)
    field(page, "kind").get_by_text("Complaint").click()
    page.get_by_label("How to answer (address, e-mail)", exact=True).fill("a.b@example.test")
    page.get_by_label("In the person's words", exact=True).fill("They ask why.")
    page.wait_for_timeout(SENT_MS)
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('away')) }")  # it can tell nothing
    page.get_by_role("button", name="Take it").click()
    page.get_by_text("Taken: ").wait_for()
    open_intake(page, logins, address, SAM)

    assert shown(page) == NATURAL
    assert page.get_by_label("In the person's words", exact=True).input_value() == ""
    assert page.get_by_text(BACK).count() == 0


def choose_who(page: Page, part: str, name: str) -> Locator:
    page.get_by_role("tab", name=part).click()
    box = page.locator('[class*="st-key-choice-people-"]:visible').get_by_role("combobox").first
    box.click()
    page.get_by_role("option", name=name).click()
    return box


def open_people(page: Page, logins: PageLogins, address: str, name: str) -> None:
    logins.log_in(page.context, name)
    page.goto(f"{address}/compliance?compliance-part=People")
    page.get_by_role("tab", name="Revoke").wait_for()


def roles_of_ned(page: Page) -> list[str]:
    return page.locator('[class*="-Ned-Keeper-roles"] [data-tag]').all_inner_texts()


def test_roles_chosen_of_somebody_are_there_again_and_an_option_that_has_gone_is_not_chosen(
    page: Page, logins: PageLogins, address: str
) -> None:
    gone = "Olga Gone"
    logins.add((gone, Role.OPERATOR))
    open_people(page, logins, address, PIA)
    who = choose_who(page, "Revoke", gone)
    page.get_by_label("Why", exact=True).fill("left")
    choose_who(page, "Give other roles", NED)
    roles = page.locator('[class*="-Ned-Keeper-roles"]')
    roles.get_by_role("combobox").click()
    page.get_by_role("option", name="auditor").click()
    page.keyboard.press("Escape")
    page.wait_for_timeout(SENT_MS)
    page.get_by_text("Deletion", exact=True).click()
    page.get_by_text("How long the oldest of each kind").wait_for()
    page.get_by_text("People", exact=True).click()
    page.get_by_text(BACK).wait_for()
    assert roles_of_ned(page) == ["compliance", "auditor"]
    page.reload()
    page.get_by_text(BACK).wait_for()
    assert roles_of_ned(page) == ["compliance", "auditor"]
    page.get_by_role("tab", name="Revoke").click()
    assert who.input_value() == gone

    logins.people.revoke(gone, why="left", by=authenticated(KIM))
    logins.people.change(NED, {Role.COMPLIANCE, Role.PLANNER}, Rank.POLICE_STAFF, by=authenticated(KIM))
    page.reload()
    page.get_by_label("Why", exact=True).wait_for()
    page.wait_for_timeout(SENT_MS)
    assert who.input_value() == ""
    assert roles_of_ned(page) == ["planner", "compliance"]


FORGED = {
    "kind": "Removal",
    "listed": "true",
    "came": "9999-12-31",
    "begin": "09:05:30",
    "of": "<img src=x onerror=document.title='in'>",
}
"""Offered by no field of the form."""


def test_what_a_forged_post_says_that_was_chosen_is_not_chosen_unless_it_is_offered(
    page: Page, logins: PageLogins, address: str
) -> None:
    sent: list[str] = []
    page.on("request", lambda each: sent.append(each.post_data or "") if each.url.endswith("/typed") else None)
    open_intake(page, logins, address, ROB)
    field(page, "listed").get_by_text(LISTED).click()
    page.wait_for_timeout(SENT_MS)
    told = json.loads(sent[-1])
    assert told["fields"] == {"rights-take-listed": {"text": "yes", "before": "no"}}

    def post(fields: object, mark: str = told["mark"], origin: str = address) -> int:
        answer = page.context.request.post(
            f"{address}/typed", data=json.dumps({"mark": mark, "fields": fields}), headers={"Origin": origin}
        )
        return answer.status

    ticked = {"rights-take-kind": {"text": "Complaint", "before": "Enquiry"}}
    assert post(ticked, mark="0" * 32) == 403
    assert post(ticked, origin="https://elsewhere.test") == 403
    assert post({"rights-take-kind": {"text": ["Complaint"], "before": "Enquiry"}}) == 400
    assert post({"rights-take-kind": {"text": "C" * 3_000_000, "before": "Enquiry"}}) == 400
    before = {"kind": "Enquiry", "listed": "no", "came": "", "begin": "", "of": "Not known"}
    assert post({f"rights-take-{name}": {"text": text, "before": before[name]} for name, text in FORGED.items()}) == 204
    page.reload()
    see_intake(page)

    assert shown(page) == NATURAL
    assert field(page, "of").get_by_role("combobox").input_value() == "Not known"
    assert page.get_by_text(BACK).count() == 0
