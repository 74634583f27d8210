"""A compliance officer opens Great Expectations' report from the page, in a real browser, and finds what is wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator
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
from lfr_core.storage.engine import open_engine
from lfr_core.storage.migrate import upgrade
from lfr_core.watchlists.list_builder import quality_pages
from lfr_core.watchlists.quality.service import ListCheck, check_list
from tests.support.defective_list import LAST_DAY, TODAY, write_defective_list
from tests.support.milvus import free_port
from tests.support.people import add_people
from tests.support.publication import modern_row, modern_table
from tests.support.staff import staff_app
from tests.support.vaults import trail_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

WRONG_TOTAL = "4711"


@pytest.fixture(scope="module")
def injected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, set[tuple[str, int]]]]:
    """Compliance's page over a home folder with two reports, and which rule is broken in which line of the list."""
    home = tmp_path_factory.mktemp("compliance")
    settings = Settings(home=home, operator_port=free_port())
    upgrade(settings.records_url)
    engine = open_engine(settings.records_url)
    add_people(engine, trail_of(engine), ("Dee Protection", Role.COMPLIANCE), ("Joe Operator", Role.OPERATOR))
    engine.dispose()
    table = read_table(
        modern_table([modern_row(0, **{"Total Alerts": WRONG_TOTAL}), modern_row(1)]).encode(), "defective"
    )
    validate_with_docs(table, home / "reports" / "records" / "dep", today=date(2026, 1, 1))
    labels = write_defective_list(home / "list", random.Random(20261123))
    asked = ListCheck(DeploymentKind.OPERATIONAL, load_policy(), TODAY, LAST_DAY, "d-1", stop_at_rows=True)
    check_list(home / "list", asked, engine=_no_engine, docs=quality_pages(home, "d-1"))
    with staff_app(settings) as address:
        yield f"{address}/compliance", labels


def _no_engine() -> FaceEngine:
    pytest.fail("a face of a list whose rows don't pass was about to be embedded")


@pytest.fixture
def compliance(injected: tuple[str, set[tuple[str, int]]]) -> str:
    return injected[0]


def sign_in(page: Page, name: str = "Dee Protection") -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Sign in").click()


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option).first.click()


def test_the_report_of_a_list_of_1000_entries_names_every_injected_defect(
    browser: Browser, injected: tuple[str, set[tuple[str, int]]]
) -> None:
    address, labels = injected
    page = browser.new_page()
    try:
        page.goto(address)
        sign_in(page)
        choose(page, "Report", "d-1")
        report = page.frame_locator("iframe")
        report.get_by_text("subject-consistent").first.wait_for(timeout=30_000)
        rows = report.locator("tr").all_inner_texts()
    finally:
        page.close()

    missing = {
        (rule, line)
        for rule, line in labels
        if not any(row.split("\t")[0].strip() == str(line) and rule in row for row in rows)
    }
    assert missing == set()
    assert len(labels) > 30


def test_the_report_opens_in_the_page_and_its_data_docs_name_the_injected_defect(
    browser: Browser, compliance: str
) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(compliance)
        sign_in(page)
        choose(page, "Report", "dep")
        report = page.frame_locator("iframe")
        report.get_by_text("totals-add-up").first.wait_for(timeout=30_000)
        assert report.get_by_role("cell", name=WRONG_TOTAL).first.is_visible()
        page.get_by_role("combobox", name="Page").click()
        page.get_by_role("option", name="Suite record").click()
        report.get_by_role("heading", name="Suite record").wait_for(timeout=30_000)
        assert report.get_by_text(WRONG_TOTAL).count() > 0
        own = compliance.removesuffix("/compliance")
        strangers = [url for url in asked if not url.startswith((own, "data:", "blob:", own.replace("http", "ws")))]
        assert strangers == []
    finally:
        page.close()


def test_nothing_is_shown_to_whom_the_page_is_not_for(browser: Browser, compliance: str) -> None:
    page = browser.new_page()
    try:
        page.goto(compliance)
        for name, why in (
            ("Joe Public", "nobody is registered as"),
            ("Joe Operator", "this needs a person registered"),
        ):
            sign_in(page, name)
            page.get_by_text(why).wait_for()
            assert page.get_by_text("Data quality").count() == 0
    finally:
        page.close()
