"""A compliance officer opens Great Expectations' report from the page, in a real browser, and finds what is wrong."""

from __future__ import annotations

import random
from datetime import date
from typing import TYPE_CHECKING

import pytest

from lfr_core.common.settings import Settings
from lfr_core.custody.people import Role
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import load_policy
from lfr_core.publication.quality.docs import validate_with_docs
from lfr_core.publication.quality.importer import read_table
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.storage.tables.promises import PromiseStateRow
from lfr_core.watchlists.list_builder import quality_pages
from lfr_core.watchlists.quality.service import ListCheck, check_list
from tests.support.defective_list import LAST_DAY, TODAY, write_defective_list
from tests.support.overwriting import overwriting
from tests.support.page_login import PageLogins
from tests.support.publication import modern_row, modern_table

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WRONG_TOTAL = "4711"


DEE = "Dee Protection"


@pytest.fixture(scope="module")
def injected(settings: Settings, logins: PageLogins, address: str) -> tuple[str, set[tuple[str, int]]]:
    """Compliance's page over a home folder with two reports, and which rule is broken in which line of the list."""
    home = settings.home
    logins.add((DEE, Role.COMPLIANCE), ("Joe Operator", Role.OPERATOR))
    table = read_table(
        modern_table([modern_row(0, **{"Total Alerts": WRONG_TOTAL}), modern_row(1)]).encode(), "defective"
    )
    validate_with_docs(table, home / "reports" / "records" / "dep", today=date(2026, 1, 1))
    labels = write_defective_list(home / "list", random.Random(20261123))
    asked = ListCheck(DeploymentKind.OPERATIONAL, load_policy(), TODAY, LAST_DAY, "d-1", stop_at_rows=True)
    check_list(home / "list", asked, engine=_no_engine, docs=quality_pages(home, "d-1"))
    return f"{address}/compliance", labels


def _no_engine() -> FaceEngine:
    pytest.fail("a face of a list whose rows don't pass was about to be embedded")


@pytest.fixture
def compliance(injected: tuple[str, set[tuple[str, int]]]) -> str:
    return injected[0]


@pytest.fixture
def page(context: BrowserContext, logins: PageLogins, compliance: str) -> Page:
    """Opened by somebody of compliance."""
    logins.log_in(context, DEE)
    return context.new_page()


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).wait_for()
    # a list that is opened while the page is still drawn shuts again, and is opened again as a person would
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()
    found = page.get_by_role("option", name=option).first
    for _ in range(3):
        page.get_by_role("combobox", name=label).click()
        page.wait_for_timeout(1_000)
        if found.is_visible():
            break
    found.click()


def test_the_report_of_a_list_of_1000_entries_names_every_injected_defect(
    page: Page, injected: tuple[str, set[tuple[str, int]]]
) -> None:
    address, labels = injected
    page.goto(f"{address}?compliance-part=Data+quality")
    choose(page, "Report", "List of")
    report = page.frame_locator("iframe")
    report.get_by_text("subject consistent").first.wait_for(timeout=30_000)
    rows = report.locator("tr").all_inner_texts()

    missing = {
        (rule, line)
        for rule, line in labels
        if not any(row.split("\t")[0].strip() == str(line) and rule.replace("-", " ") in row for row in rows)
    }
    assert missing == set()
    assert len(labels) > 30


def test_the_report_opens_in_the_page_and_its_data_docs_name_the_injected_defect(page: Page, compliance: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{compliance}?compliance-part=Data+quality")
    choose(page, "Report", "Published record of")
    report = page.frame_locator("iframe")
    report.get_by_text("totals add up").first.wait_for(timeout=30_000)
    assert report.get_by_role("cell", name=WRONG_TOTAL).first.is_visible()
    choose(page, "Page", "Published results, row by row")
    report.get_by_role("heading", name="Published results, row by row").wait_for(timeout=30_000)
    assert report.get_by_text(WRONG_TOTAL).count() > 0
    own = compliance.removesuffix("/compliance")
    strangers = [url for url in asked if not url.startswith((own, "data:", "blob:", own.replace("http", "ws")))]
    assert strangers == []


def test_the_page_has_parts_that_say_what_waits_and_the_one_that_is_open_stays_open_and_can_be_linked_to(
    page: Page, compliance: str, logins: PageLogins
) -> None:
    nothing = {"said": "3 segments are late", "evidence": "{}", "subjects": "[]", "detail": ""}
    with overwriting(logins.engine) as session:
        session.add(PromiseStateRow(promise="footage.gone", result="broken", at_ns=1, since_ns=1, **nothing))
    page.goto(compliance)
    parts = page.get_by_role("radiogroup", name="Part of the page")
    parts.get_by_text("1 broken promise", exact=True).wait_for()
    page.get_by_role("heading", name="Promises", exact=True).wait_for()
    page.get_by_text("3 segments are late").first.wait_for()
    assert page.locator("h2").all_inner_texts() == ["Promises"]

    parts.get_by_text("Audit trail", exact=True).click()
    page.get_by_role("heading", name="Audit trail", exact=True).wait_for()
    page.get_by_text("3 segments are late").first.wait_for(state="detached")
    page.reload()
    page.get_by_role("heading", name="Audit trail", exact=True).wait_for()
    page.goto(f"{compliance}?compliance-part=Data+quality")
    page.get_by_role("combobox", name="Report").wait_for()
    assert page.locator("h2").all_inner_texts() == ["Data quality"]


def test_nothing_is_shown_to_whom_the_page_is_not_for(page: Page, logins: PageLogins, compliance: str) -> None:
    logins.log_in(page.context, "Joe Operator")
    page.goto(compliance)
    page.get_by_text("This page is for the role compliance or auditor").wait_for()

    assert page.get_by_text("Data quality").count() == 0
