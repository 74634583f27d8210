"""The whole life of an operational deployment in the browser alone: all that is typed in a terminal is `lfr up`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.identity.invitation import login_of
from lfr_core.custody.people.roles import Rank, Role
from lfr_core.custody.vault.client import VaultClient, make_vault_client
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.engine import open_engine
from tests.support.browser_session import (
    WAIT_MS,
    BrowserSession,
    close_it,
    decide_on_the_alert,
    engage,
    find_the_phone_empty,
    listed_zip,
    publish_it,
)
from tests.support.identity import PASSWORD, IdentityServer, log_in_at
from tests.support.page_login import PageLogins
from tests.support.planning import OFFICER, OPERATOR, OTHER_OFFICER, PLANNER, PUBLISHER
from tests.support.rtsp_camera import RtspCamera
from tests.support.running_platform import running_platform, settings_of_platform, walking_pictures
from tests.support.samples import require_photos

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(3000)]

PAGES = frozenset({"vault", "identity", "page"})
COMPLIANCE = "Dana Compliance"
IN_THE_STREET = "Sam Street"
DEPLOYMENT, PLACE, CAMERA = "market-1", "Norwich", "north"
DESK = f"planning?deployment={DEPLOYMENT}"
OPENING_S = 240
"""The workflow tests the whole chain before it opens, and on a busy machine that takes minutes."""
SENTENCE = "People wanted by the courts are expected at this market on this day."
DOCUMENTS = (
    "data protection impact assessment",
    "appropriate policy document",
    "equality impact assessment",
    "community impact assessment",
)


@pytest.fixture
def settings(tmp_path: Path, kafka_libs: Path) -> Settings:
    assert kafka_libs.is_dir()
    return settings_of_platform(tmp_path / "home")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    yield page
    page.close()


@pytest.fixture
def desk(settings: Settings, page: Page) -> Iterator[tuple[BrowserSession, float, float]]:
    """With when `lfr up` was typed (monotonic), and how many seconds later the pages were there."""
    with ExitStack() as stack:
        began = stack.enter_context(running_platform(settings, until=PAGES))  # the rest starts while they are used
        up_s = time.monotonic() - began
        vault = stack.enter_context(closing(make_vault_client(settings, ProcessIdentity.COMMANDS)))
        engine = open_engine(settings.records_url)
        stack.callback(engine.dispose)
        logins = PageLogins(IdentityServer(settings), settings, engine, AuditTrail(vault, SystemClock()))
        register(
            logins,
            vault,
            (COMPLIANCE, Role.COMPLIANCE),
            (PLANNER, Role.PLANNER),
            (OFFICER, Role.AUTHORISING_OFFICER),
            (OTHER_OFFICER, Role.AUTHORISING_OFFICER),
            (PUBLISHER, Role.PUBLICATION_OFFICER),
            (OPERATOR, Role.OPERATOR),
            (IN_THE_STREET, Role.ENGAGING_OFFICER),
        )
        yield BrowserSession(page, logins, settings.page_addresses[0].rstrip("/")), began, up_s


def register(logins: PageLogins, vault: VaultClient, *people: tuple[str, Role]) -> None:
    """Register people by the first of them, who logs in: the platform's own vault asks for that."""
    server, register = logins.server, logins.people
    subjects, by = server.subjects(*(login_of(name) for name, _ in people)), None
    for name, role in people:
        register.add(name, {role}, Rank.SUPERINTENDENT, by=by or SystemActor.LFR)
        register.link_identity(name, server.provider.issuer, subjects[login_of(name)], by=by or SystemActor.LFR)
        if by is None:
            with ThreadPoolExecutor(1) as aside:  # Playwright has this thread's event loop
                shown = aside.submit(log_in_at, server.provider, login_of(name), PASSWORD).result()
            by = register.of_identity(shown.issuer, shown.subject, since=shown.issued_at, shown=shown.token)
            vault.remember(by)


def apply_for_it(desk: BrowserSession, starts: datetime) -> None:
    desk.open_as(PLANNER, "planning")
    desk.page.get_by_role("radiogroup", name="Part of the page").get_by_text("Application", exact=True).click()
    desk.clicks += 1
    for label, text in {
        "Short name": DEPLOYMENT,
        "Name": "Norwich market",
        "Place, as the public knows it": PLACE,
        "Where cameras may stand": "Gentleman's Walk, both sides",
        "Purpose, as it will be announced": "find people wanted by the courts",
        "Cameras, one a line": CAMERA,
        "Who is looked for": SENTENCE,
        "Why it is necessary": SENTENCE,
        "Why it is proportionate": SENTENCE,
        "Why listed people are expected there": SENTENCE,
    }.items():
        desk.fill(label, text)
    ends = starts + timedelta(hours=1)
    for label, at in (("First day", starts), ("Last day", ends)):
        desk.type_parts(label, f"{at:%d%m%Y}")
    for label, at in (("Begins at", starts), ("Ends at", ends)):
        desk.type_parts(label, f"{at:%H%M}")
    desk.click("Apply for authority")
    desk.see("Norwich market is applied for.")


def register_documents(desk: BrowserSession, folder: Path) -> None:
    desk.open_as(COMPLIANCE, DESK)
    desk.click("Add a document")
    for kind in DOCUMENTS:
        desk.page.get_by_text("Register the document").first.wait_for(timeout=WAIT_MS)
        if not desk.page.get_by_text(f"{kind}: missing").count():
            continue  # the force has it already
        desk.fill("Title, as the public reads it", f"{kind.capitalize()} of the force")
        desk.fill("Version", "1")
        file = folder / f"{kind.split()[0]}.md"
        file.write_text(f"# {kind}\n\nIn order.\n", encoding="utf-8")
        desk.settle()
        desk.page.locator("input[type=file]").first.set_input_files(file)
        desk.page.get_by_text(file.name).first.wait_for(timeout=WAIT_MS)
        desk.click("Register the document")
        desk.see(f"Registered: the {kind}")
        desk.settle()


def decide_on_it(desk: BrowserSession) -> None:
    desk.open_as(OFFICER, DESK)
    desk.click("Decide on it")
    desk.fill("Your reason", "Necessary and proportionate for this market.", exact=False)
    desk.page.get_by_text("I know that no evaluation shows").click()
    desk.clicks += 1
    desk.click("Authorise")
    desk.see("Norwich market is authorised.")


def tell_the_public(desk: BrowserSession) -> None:
    desk.open_as(PUBLISHER, DESK)
    desk.click("Preview the announcement")
    desk.see("find people wanted by the courts")
    desk.click("Announce it now")
    desk.see("It is announced.")


def compile_the_list(desk: BrowserSession) -> None:
    from playwright.sync_api import Error

    desk.open_as(PLANNER, DESK)
    desk.click("Upload the list")
    field = desk.page.locator("[data-testid='stFileUploader']").filter(has_text="The list").locator("input[type=file]")
    file: FilePayload = {
        "name": "list.zip",
        "mimeType": "application/zip",
        "buffer": listed_zip(require_photos()["obama"]),
    }
    for _ in range(3):  # a field that is drawn anew at that moment takes no file
        desk.settle()
        field.first.set_input_files(file)
        with suppress(Error):
            desk.page.get_by_text(file["name"]).first.wait_for(timeout=WAIT_MS / 3)
            break
    desk.see(file["name"])
    desk.click("Take this upload")
    desk.click("Check and compile")
    desk.page.get_by_text("The list is compiled.").first.wait_for(timeout=300_000)

    desk.open_as(OTHER_OFFICER, DESK)
    desk.click("Look at the list")
    desk.click("Approve the list", exact=False)
    desk.see("The list is approved.")


def make_ready(desk: BrowserSession, camera: RtspCamera) -> None:
    desk.open_as(PLANNER, DESK)
    desk.unfold("Cameras")
    desk.fill(f"Address of camera {CAMERA}", camera.url)
    desk.click("Keep and try")
    desk.see("It works:")
    assert desk.page.locator(".pln-still img").count() == 1
    desk.click(f"Start camera {CAMERA}")
    for label, said in (
        ("Confirm the signs", "The signs are confirmed."),
        ("Confirm the briefing", "The briefing is confirmed."),
        ("Call it ready", "It is ready."),
    ):
        desk.click(label)
        desk.see(said)


def run_the_self_test(desk: BrowserSession) -> None:
    desk.click("Run the self-test")
    tested = desk.page.locator(".pln-tested, .pln-facts[role=status]", has_text="elf-test").filter(
        has_not_text="The self-test runs"
    )
    tested.first.wait_for(timeout=180_000)
    desk.keep_picture("self-test")
    assert re.search(r"Self-test of .*: in order", tested.first.inner_text())


def open_it(desk: BrowserSession, starts: datetime) -> None:
    while datetime.now(LONDON) < starts + timedelta(seconds=1):
        time.sleep(0.5)
    desk.open_as(PLANNER, DESK)
    tries = 0
    while not desk.page.locator(".pln-pill.is-live").count():  # the flow may be quicker, or be testing it first
        assert tries < OPENING_S, "it isn't opened"
        if tries % 30 == 0 and desk.page.get_by_role("button", name="Open it", exact=True).count():
            desk.click("Open it")
        desk.page.wait_for_timeout(1_000)
        tries += 1


def test_an_operational_deployment_lives_from_application_to_publication_in_the_browser_alone(
    desk: tuple[BrowserSession, float, float], page: Page, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    at, began, up_s = desk
    assert at.page is page  # whose words stand beside a failure
    lead_s = min(max(300.0, 8 * up_s), 720.0)  # a slow machine needs longer for all else too
    starts = (datetime.now(LONDON) + timedelta(seconds=lead_s)).replace(second=0, microsecond=0)
    apply_for_it(at, starts)
    register_documents(at, tmp_path)
    decide_on_it(at)
    tell_the_public(at)
    compile_the_list(at)

    with closing(RtspCamera(walking_pictures("obama2", 6, times=200))) as camera:
        make_ready(at, camera)
        if starts > datetime.now(LONDON):  # else the flow tests it, and opens it
            run_the_self_test(at)
        ready_s = time.monotonic() - began
        open_it(at, starts)

        at.open_as(OPERATOR, f"operator?deployment={DEPLOYMENT}")
        at.click("Start deciding")
        at.page.locator("[data-alert]").first.wait_for(timeout=120_000)
        alert_s, clicks, typed = time.monotonic() - began, at.clicks, at.typed
        measured(  # and held against no bound here: this machine is shared
            f"from `lfr up` to the pages {up_s:.0f} s, to a deployment that waits for its hours {ready_s:.0f} s, to "
            f"the first alert {alert_s:.0f} s (goal: under 600 s, no terminal), of which "
            f"{max(0.0, starts.timestamp() - (time.time() - (time.monotonic() - began)) - ready_s):.0f} s were "
            f"waited for its hours; {clicks} clicks, {typed} fields"
        )
        at.keep_picture("operator")
        decide_on_the_alert(at)
        engage(at, IN_THE_STREET)
        close_it(at, PLANNER, DEPLOYMENT)

    find_the_phone_empty(at, IN_THE_STREET)
    publish_it(at, PUBLISHER)
