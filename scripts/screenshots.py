"""Picture every page at the size of a desk and of a phone, every face blurred, and say what overlaps or is cut off.

python scripts/screenshots.py --out /tmp/pages      # some minutes; exits with 1 where something is cut off
python scripts/screenshots.py --only street
python scripts/screenshots.py --out /tmp/pages --docs   # those of the documents anew, small, in docs/images

An identity server, a vault, records, the staff's pages and a Chromium of this script's own, and the tests' people;
no broker, no camera and no face: the pictures of alerts are plain grey.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from document_pictures import keep_for_documents
from page_faults import FAULTS
from rich.console import Console
from screenshot import CHROMIUM, blur_faces

from apps.demo.deployment import write_demo_policy
from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people import Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.deployments.compliance_documents import compliance_document_folder
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.policy import load_policy
from lfr_core.publication.rights.service import RightsService
from lfr_core.publication.rights.types import NewRequest, RequestKind
from lfr_core.publication.site.atomic_publish import publish_folder
from lfr_core.publication.site.build import render_site_files
from lfr_core.publication.site.data import gather_site_data
from lfr_core.storage.engine import open_engine
from tests.support.brokers import free_ports
from tests.support.identity import IdentityServer
from tests.support.page_alerts import PROBE, REFERENCE, TellingRecorder
from tests.support.page_login import PageLogins
from tests.support.people import authenticated
from tests.support.planning import COMPLIANCE, OFFICER, OPERATOR, PLANNER, PUBLISHER, PlanningHarness, form
from tests.support.records import NOW_NS, entry, outcomes, sighting
from tests.support.shown_pictures import seen
from tests.support.staff import staff_app
from tests.support.vault_server import serving_vault

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__: list[str] = []

SIZES: Final = {"desk": (1366, 768), "phone": (390, 844)}
TALLEST_PX: Final = 14_000
WAIT_MS: Final = 120_000
STREET: Final = "Sam Street"
JUDGED: Final = "An operator says it is the same person"
LEAD_S: Final = 30.0
"""Until the hours begin: all before has to be done by then."""


@dataclass(frozen=True, slots=True)
class View:
    """A page to picture."""

    name: str
    person: str
    """Who is logged in; "" for the public."""
    path: str
    words: str
    """What stands on it once it is drawn."""
    act: Callable[[Page], None] = lambda _page: None
    """What the person does there first."""


def press(label: str, words: str) -> Callable[[Page], None]:
    """Return what presses a button, unless `words` are there without: who loads a page anew goes on."""

    def act(page: Page) -> None:
        button = page.get_by_role("button", name=label, exact=True)
        button.or_(page.get_by_text(words)).first.wait_for()
        if button.count():
            button.first.click()

    return act


def part(label: str) -> Callable[[Page], None]:
    """Return what turns to a part of the planner's page."""

    def act(page: Page) -> None:
        page.get_by_role("radiogroup", name="Part of the page").get_by_text(label, exact=True).click()

    return act


STAFF: Final = (
    View("login", "", "", "Log in with your own account"),
    View("operator", OPERATOR, "operator?deployment=market", "Same person?", press("Start deciding", "Same person?")),
    View("street", STREET, "street", JUDGED, press("Start", JUDGED)),
    View("planning-calendar", PLANNER, "planning", "Those that are over"),
    View("planning-waiting", OFFICER, "planning", "for the", part("Waiting for you")),
    View("planning-deployment", PLANNER, "planning?deployment=square", "What is missing, and who acts"),
    View("planning-live", PLANNER, "planning?deployment=market", "What is missing, and who acts"),
    View("planning-application", PLANNER, "planning", "Apply for authority", part("Application")),
    View("publication", PUBLISHER, "publication", "Publication"),
    View("compliance", COMPLIANCE, "compliance", "Certificates of erasure"),
    View("enquiries", COMPLIANCE, "enquiries", "Enquiries"),
)
WHOLE: Final = """() =>
  (document.querySelector('[data-testid=stApp]')?.dataset.testScriptState ?? 'notRunning') === 'notRunning'
  && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
  && [...document.images].every((each) => each.complete)"""
"""The public's pages have no script, and nothing to wait for but pictures."""
PUBLIC: Final = ("index", "privacy", "forgotten", "contact", "form", "promises", "documents", "downloads")


@contextmanager
def staff_pages() -> Iterator[tuple[str, PageLogins, Path]]:
    """Start the pages: yields their address, the people who may log in there, and the folder of the public site."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lfr-screenshots-")))
        port, page_port, *back = free_ports(4)
        server = IdentityServer(
            Settings(home=folder / "identity", identity_port=port, operator_port=page_port, login_ports=tuple(back))
        )
        server.settings.home.mkdir()
        server.start()
        stack.callback(server.stop)
        settings = write_demo_policy(server.settings_at(folder / "home"))
        vault = stack.enter_context(serving_vault(settings))
        engine = open_engine(settings.records_url)
        stack.callback(engine.dispose)
        trail, clock = AuditTrail(vault, SystemClock()), SystemClock()
        policy = load_policy(settings.policy_file)
        harness = PlanningHarness(engine, vault, trail, clock, settings.home, policy)
        harness.settle()
        logins = PageLogins(server, settings, engine, trail)
        logins.give_accounts(COMPLIANCE, PLANNER, OFFICER, OPERATOR, PUBLISHER)
        logins.add((STREET, Role.ENGAGING_OFFICER))
        deploy(harness, vault)
        rights = RightsService(engine, vault, trail, policy, clock)
        rights.take(
            NewRequest(RequestKind.ENQUIRY, "4 Rampant Horse Street", "Why was I stopped?"), by=authenticated(PLANNER)
        )
        site = folder / "public"
        data = gather_site_data(
            engine, policy, documents_folder=compliance_document_folder(settings.home), now=utc_from_ns(clock.time_ns())
        )
        publish_folder(site, render_site_files(data, policy, signer=None))
        yield stack.enter_context(staff_app(settings)), logins, site


def deploy(harness: PlanningHarness, vault: VaultCore) -> None:
    """Have one deployment live with alerts, and one that waits for its list."""
    soon = harness.now + timedelta(seconds=LEAD_S)
    harness.walk(DeploymentStatus.READY, "market", (entry(crop=REFERENCE),), wanted=form(soon, hours=3.0))
    later = harness.now + timedelta(days=3)
    harness.walk(DeploymentStatus.AUTHORISED, "square", wanted=form(later, place="Tombland", cameras=("east",)))
    week = harness.now + timedelta(days=7)
    harness.plan("riverside", wanted=form(week, place="Riverside", cameras=("west",)))
    harness.wait_until(soon)
    harness.touch()
    harness.prove("market")
    harness.service(compare=lambda _: harness.compare("market")).open("market", by=authenticated(OPERATOR))
    recorder, since_s = TellingRecorder(harness.engine, vault), (time.time_ns() - NOW_NS) / 1e9
    first, _ = (
        alert
        for camera in ("north", "south")
        for alert in recorder.record_sightings(
            [sighting(since_s, deployment="market", camera=camera, probe=PROBE)]
        ).opened
    )
    recorder.record_outcomes([outcomes((0, 0, 0), deployment="market", reported_ns=time.time_ns())])
    decisions = DecisionService(harness.engine, harness.trail, SystemClock())
    decisions.judge(first, Judgement.SAME, authenticated(OPERATOR), shown=seen(harness.engine, first))


def wait_until_whole(page: Page) -> None:
    """Wait until all is drawn, and each picture on it is there: what refreshes by itself draws again soon after."""
    page.wait_for_function(WHOLE)


def picture(page: Page, file: Path, width: int, height: int) -> Sequence[str]:
    """Picture the whole page; return what is wrong with it."""
    inner = (
        "Math.max(document.documentElement.scrollHeight, "
        "document.querySelector('[data-testid=stMain]')?.scrollHeight || 0)"
    )
    for _ in range(2):  # what is drawn once there is room for it makes the page taller
        page.wait_for_timeout(1_000)
        tall = min(TALLEST_PX, max(height, int(page.evaluate(inner))))
        page.set_viewport_size({"width": width, "height": tall})
    page.wait_for_timeout(1_000)
    wait_until_whole(page)
    found: Sequence[str] = page.evaluate(FAULTS)
    page.screenshot(path=file)
    return found


def photograph(browser: Browser, out: Path, only: str) -> dict[str, Sequence[str]]:
    """Picture all; return the faults of each."""
    faults: dict[str, Sequence[str]] = {}
    with staff_pages() as (address, logins, site):
        for size, (width, height) in SIZES.items():
            context = browser.new_context(viewport={"width": width, "height": height})
            context.set_default_timeout(WAIT_MS)
            page = context.new_page()
            for view in STAFF:
                if only not in view.name:
                    continue
                page.set_viewport_size({"width": width, "height": height})
                logins.log_out(context)
                if view.person:
                    logins.log_in(context, view.person)
                page.goto(f"{address.rstrip('/')}/{view.path}")
                blur_faces(page)
                view.act(page)
                page.get_by_text(view.words).first.wait_for()
                wait_until_whole(page)
                faults[f"{view.name}-{size}"] = picture(page, out / f"{view.name}-{size}.png", width, height)
            pages = [*PUBLIC, *(f"deployments/{each.stem}" for each in sorted((site / "deployments").glob("*.html")))]
            for name in pages:
                label = f"public-{name.replace('deployments/', 'deployment-')}"
                if only not in label:
                    continue
                page.set_viewport_size({"width": width, "height": height})
                page.goto((site.resolve() / f"{name}.html").as_uri())
                faults[f"{label}-{size}"] = picture(page, out / f"{label}-{size}.png", width, height)
            context.close()
    return faults


def main() -> None:
    """Picture, and say."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--only", default="", help="pages whose name has this in it")
    parser.add_argument("--docs", action="store_true", help="also write those of the documents to docs/images")
    options = parser.parse_args()
    if options.docs and options.only:
        parser.error("--docs needs every page: leave --only out")
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        faults = photograph(browser, options.out, options.only)
        browser.close()
    if options.docs:
        keep_for_documents(options.out)
    for name, found in faults.items():
        lines = "\n".join(f"    {each}" for each in found)
        Console().print(f"{name}: {lines and chr(10)}{lines or 'in order'}", highlight=False, markup=False)
    if any(faults.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
