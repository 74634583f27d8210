"""A browser at the staff's pages, whoever is logged in in it, as tests of a whole deployment use it."""

from __future__ import annotations

import io
import os
import re
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lfr_core.domain.working_days import LONDON
from tests.support.page_login import PageLogins

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = [
    "WAIT_MS",
    "BrowserSession",
    "close_it",
    "decide_on_the_alert",
    "engage",
    "find_the_phone_empty",
    "listed_zip",
    "publish_it",
]

WAIT_MS = 60_000
HEADER = (
    "subject,category,legal_reference,approved_by,expires_on,photograph,image_source,image_date,age,minor_rationale,"
    "second_approver,checked_on"
)


@dataclass
class BrowserSession:
    """One browser, whoever is logged in in it; counts what a person would do."""

    page: Page
    logins: PageLogins
    address: str
    clicks: int = 0
    typed: int = 0

    def open_as(self, name: str, path: str) -> None:
        self.logins.log_in(self.page.context, name)
        self.page.goto(f"{self.address}/{path}")
        self.page.locator(".lfr-who").filter(has_text=name).wait_for(timeout=WAIT_MS)

    def click(self, name: str, *, exact: bool = True) -> None:
        self.page.get_by_role("button", name=name, exact=exact).first.click(timeout=WAIT_MS)
        self.clicks += 1

    def unfold(self, name: str) -> None:
        """Open an expander that isn't open yet."""
        summary = self.page.locator("summary").filter(has_text=name).first
        summary.wait_for(timeout=WAIT_MS)
        if summary.evaluate("each => !each.parentElement.open"):
            summary.click()
            self.clicks += 1

    def fill(self, label: str, text: str, *, exact: bool = True) -> None:
        field = self.page.get_by_label(label, exact=exact).first
        field.fill(text, timeout=WAIT_MS)
        field.press("Tab")
        self.typed += 1
        self.settle()

    def settle(self) -> None:
        """Wait until the page has drawn what was typed last: what it is drawing anew takes nothing."""
        self.page.wait_for_timeout(300)
        self.page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for(timeout=WAIT_MS)

    def keep_picture(self, name: str) -> None:
        """Keep a picture of the page in the folder that `PICTURES_OF_TESTS` names; none without it."""
        folder = os.environ.get("PICTURES_OF_TESTS")
        if folder:
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def see(self, words: str) -> None:
        self.page.get_by_text(words).first.wait_for(timeout=WAIT_MS)

    def type_parts(self, label: str, digits: str) -> None:
        """Type a day or a time into the parts of its field, as a person does."""
        field = self.page.get_by_role("group", name=label, exact=True).get_by_role("spinbutton").first
        field.click(timeout=WAIT_MS)
        self.page.keyboard.type(digits, delay=30)
        self.page.keyboard.press("Tab")
        self.typed += 1


def listed_zip(photo: Path) -> bytes:
    """A list of one person, checked today."""
    today = datetime.now(LONDON).date()
    last = today + timedelta(days=30)
    row = f"S-1,wanted_by_courts,W/1,Insp. A,{last},s1{photo.suffix},custody,2024-01-01,40,,,{today}"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("list/watchlist.csv", f"{HEADER}\n{row}\n")
        archive.write(photo, f"list/s1{photo.suffix}")
    return out.getvalue()


def decide_on_the_alert(desk: BrowserSession) -> None:
    """Answer; and again for the picture that came between the look and the click, as the page asks for."""
    refused = desk.page.get_by_text("nothing was recorded")
    recorded = desk.page.get_by_text("Recorded at")
    for _ in range(5):
        desk.click("Same person", exact=False)
        recorded.or_(refused).first.wait_for(timeout=WAIT_MS)
        if recorded.count():
            return
        desk.settle()
    desk.see("Recorded at")


def engage(desk: BrowserSession, officer: str) -> None:
    """What the officer in the street sees and says, on a phone."""
    desk.page.set_viewport_size({"width": 390, "height": 844})
    desk.open_as(officer, "street")
    desk.click("Start")
    desk.see("An operator says it is the same person")
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 390
    desk.keep_picture("street")
    desk.click("Engaged")
    desk.see("What came of it?")
    desk.click("No action")
    desk.see("No action")
    desk.click("Receipt for the person")
    desk.see("Where to ask and complain stands in the PDF.")
    assert desk.page.locator(".officer-qr").count() == 0  # no public address is set here that a code could lead to
    left, right = (each.bounding_box() for each in desk.page.locator(".officer-pair figure").all())
    assert left is not None
    assert right is not None
    assert (left["y"], left["x"] < right["x"]) == (right["y"], True)  # side by side: its style is there
    desk.keep_picture("receipt")


def find_the_phone_empty(desk: BrowserSession, officer: str) -> None:
    """Once the deployment is over nothing of it is on the phone."""
    desk.page.set_viewport_size({"width": 390, "height": 844})
    desk.open_as(officer, "street")
    desk.see("No deployment is live.")
    assert desk.page.locator("img").count() == 0


def close_it(desk: BrowserSession, planner: str, deployment: str) -> None:
    desk.page.set_viewport_size({"width": 1366, "height": 768})
    desk.open_as(planner, f"planning?deployment={deployment}")
    desk.click("Close it")
    desk.settle()
    desk.click("Close it for good")
    desk.page.get_by_text(re.compile("has ended|is over")).first.wait_for(timeout=WAIT_MS)  # the gallery may be away


def publish_it(desk: BrowserSession, publisher: str) -> None:
    desk.page.set_viewport_size({"width": 1366, "height": 768})
    desk.open_as(publisher, "publication")
    desk.see("What would be published now")
    desk.keep_picture("publication")
    desk.settle()
    why = "Why nobody judged them (published)"
    if desk.page.get_by_label(why, exact=True).count():  # of somebody who crosses the view again and again
        desk.fill(why, "They are of the same person, minutes apart.")
    desk.click("Publish")
    desk.see("It is published.")
