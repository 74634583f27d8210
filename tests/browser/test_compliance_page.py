"""A compliance officer opens Great Expectations' report from the page, in a real browser, and finds what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lfr_core.publication.quality.docs import validate_with_docs
from lfr_core.publication.quality.importer import read_table
from lfr_core.records.migrate import upgrade
from lfr_core.settings import Settings
from tests.support.milvus import free_port
from tests.support.publication import modern_row, modern_table

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PLANTED = "4711"


@pytest.fixture
def compliance(tmp_path: Path) -> Iterator[str]:
    """The page's address, over a home folder with a report of a table whose total is `PLANTED`."""
    settings = Settings(home=tmp_path)
    upgrade(settings.records_url)
    table = read_table(modern_table([modern_row(0, **{"Total Alerts": PLANTED}), modern_row(1)]).encode(), "planted")
    validate_with_docs(table, tmp_path / "reports" / "records" / "dep", today=date(2026, 1, 1))
    port = free_port()
    log = (tmp_path / "page.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "apps.compliance", "--port", str(port)],
        env=os.environ | {"LFR_HOME": str(tmp_path)},
        stdout=log,
        stderr=log,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                    break
            except OSError:
                assert process.poll() is None, (tmp_path / "page.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def test_the_report_opens_in_the_page_and_its_data_docs_name_the_planted_defect(
    browser: Browser, compliance: str
) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(compliance)
        report = page.frame_locator("iframe")
        report.get_by_text("totals-add-up").first.wait_for(timeout=30_000)
        assert report.get_by_role("cell", name=PLANTED).first.is_visible()
        page.get_by_role("combobox", name="Page").click()
        page.get_by_role("option", name="Suite record").click()
        report.get_by_role("heading", name="Suite record").wait_for(timeout=30_000)
        assert report.get_by_text(PLANTED).count() > 0
        strangers = [
            url for url in asked if not url.startswith((compliance, "data:", "blob:", compliance.replace("http", "ws")))
        ]
        assert strangers == []
    finally:
        page.close()
