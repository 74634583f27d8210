"""What a second person does in their own session is seen by the first without a reload, and what they type stays."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.custody.people import Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import load_policy
from lfr_core.publication.rights import answering
from lfr_core.publication.rights.service import RightsService
from lfr_core.publication.rights.types import NewRequest, RequestContext, RequestKind
from lfr_core.storage.tables.footage import FootageHoldRow
from tests.support.deployments import deployment_service
from tests.support.overwriting import overwriting
from tests.support.page_login import PageLogins
from tests.support.people import authenticated

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]

DEE, ALAN = "Dee Protection", "Alan Approver"
SEEN_MS = 20_000
TYPED = "Case 17/4711, not sent yet"


@pytest.fixture
def page(context: BrowserContext, logins: PageLogins, vault: VaultCore, address: str) -> Page:
    """Opened by the first of two people, who asks."""
    logins.add((DEE, Role.COMPLIANCE), (ALAN, Role.AUTHORISING_OFFICER))
    store = deployment_service(logins.engine, vault, logins.trail, SystemClock())
    with contextlib.suppress(Refused):  # it is there from the test before
        store.create("dep", DeploymentKind.DEMO, name="Norwich market")
    logins.log_in(context, DEE)
    page = context.new_page()
    page.goto(f"{address}/enquiries")
    page.locator(".lfr-who").filter(has_text=DEE).wait_for()
    return page


def test_a_hold_that_another_person_approves_is_seen_while_the_next_is_being_typed(
    page: Page, logins: PageLogins
) -> None:
    page.get_by_role("tab", name="Footage that is held").click()
    page.get_by_text("Nothing is held").wait_for()
    page.get_by_text("Hold footage", exact=True).click()
    reference = page.get_by_label("Reference of the case, complaint or request")
    reference.click()
    page.keyboard.type(TYPED, delay=5)

    asked: dict[str, Any] = {"requested_by": DEE, "placed_at": datetime.now(UTC), "review_on": date(2030, 1, 1)}
    with overwriting(logins.engine) as session:
        session.add(FootageHoldRow(id="h", ground="complaint", reference="C-1", approved_by="", **asked))
    page.get_by_text("nobody yet").wait_for(timeout=SEEN_MS)
    with overwriting(logins.engine) as session:
        session.get_one(FootageHoldRow, "h").approved_by = ALAN
    page.get_by_role("cell", name=ALAN).wait_for(timeout=SEEN_MS)

    assert reference.input_value() == TYPED
    assert reference.evaluate("each => each === document.activeElement")


def test_a_plain_answer_that_another_person_approves_is_seen_by_who_asked(
    page: Page, logins: PageLogins, vault: VaultCore
) -> None:
    rights = RightsService(logins.engine, vault, logins.trail, load_policy(), SystemClock())
    about = RequestContext(deployment="dep")
    asked = rights.take(
        NewRequest(RequestKind.ENQUIRY, "a@b.example", "Was I on it?", about, asks_listed=True), by=authenticated(DEE)
    )
    request = answering.ask_disclosure(rights, asked.reference, by=authenticated(DEE))
    page.get_by_text("You asked that it is answered plainly").wait_for(timeout=SEEN_MS)

    answering.approve_disclosure(rights, asked.reference, digest=request.disclosure_digest, by=authenticated(ALAN))
    page.get_by_label("Reference of the person who asks, as lists give it").wait_for(timeout=SEEN_MS)
    page.get_by_text("You asked that it is answered plainly").wait_for(state="detached")  # with the drawing's end
