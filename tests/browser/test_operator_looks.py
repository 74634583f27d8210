"""How the operator's page looks, and what it shows and asks for, in a real browser over real records."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import text

from lfr_core.alerts.recorder import Recorder
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import KeyKind
from tests.support.operator_page import ANN, Seen, context, no_alerts, page, recorder, seen, sign_in
from tests.support.overwriting import overwriting
from tests.support.page_alerts import PROBE, live_demo
from tests.support.page_login import PageLogins
from tests.support.records import NOW_NS, entry, outcomes, sighting

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
__all__ = ["context", "no_alerts", "page", "recorder", "seen"]


@pytest.mark.slow
def test_on_a_telephone_pictures_words_and_buttons_of_an_alert_stand_within_the_screen(
    page: Page, recorder: Recorder
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    recorder.record_sightings([sighting(0.0, similarity=0.71, probe=PROBE)])
    sign_in(page)
    card = page.locator(".ops-alert")
    card.locator("img").nth(1).wait_for()

    heading = page.locator(".ops-h2", has_text="wait").first
    subject, same = card.locator(".ops-subject"), page.get_by_role("button", name="Same person")
    boxes = [part.bounding_box() for part in (heading, subject, same, *card.locator("img").all())]
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    assert all(box and box["height"] < 60 for box in boxes[:3])  # no letter below another
    assert boxes[1]
    assert boxes[1]["width"] > 200


@pytest.mark.slow
def test_crops_come_inside_the_page_and_nothing_is_asked_of_another_host(
    page: Page, recorder: Recorder, seen: Seen, address: str
) -> None:
    recorder.record_sightings([sighting(0.0, probe=PROBE), sighting(0.0, entry="blue", face=1, probe=PROBE)])
    sign_in(page)
    page.locator(".ops-alert img").nth(1).wait_for()
    page.reload()  # who loads the page anew goes on
    page.locator(".ops-alert img").nth(1).wait_for()

    sources = [picture.get_attribute("src") or "" for picture in page.locator("img").all()]
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    web = [url for url in seen.requests if urlsplit(url).scheme in {"http", "https", "ws", "wss"}]
    assert web  # the listener listens
    assert {urlsplit(url).netloc for url in web} == {urlsplit(address).netloc}
    assert [url for url in web if urlsplit(url).path.startswith(("/media", "/_stcore/message"))] == []
    assert seen.errors == []


def _consulted(engine: Engine, alert: UUID) -> int:
    with engine.connect() as connection:
        wanted = text("SELECT count(*) FROM audit_entry WHERE verb = 'consult' AND body LIKE :alert")
        return int(connection.execute(wanted, {"alert": f"%alert:{alert}%"}).scalar_one())


@pytest.mark.slow
def test_pictures_wait_for_a_name_and_are_consulted_once_however_often_the_page_is_drawn(
    page: Page, recorder: Recorder, engine: Engine
) -> None:
    (alert,) = recorder.record_sightings([sighting(0.0, probe=PROBE)]).opened
    page.get_by_text("Start deciding, at the top of the page, to see alerts").wait_for()
    before = (page.locator(".ops-alert img").count(), _consulted(engine, alert))

    sign_in(page)
    page.locator(".ops-alert img").nth(1).wait_for()
    time.sleep(3.5)  # three refreshes

    assert before == (0, 0)
    assert _consulted(engine, alert) == 1


@pytest.mark.slow
def test_pictures_whose_key_is_gone_are_said_to_be_deleted_on_schedule(
    page: Page, recorder: Recorder, vault: VaultCore
) -> None:
    recorder.record_sightings([sighting(0.0, probe=PROBE)])
    vault.keystore.destroy(tuple(info.id for info in vault.kept(KeyKind.ALERT)))

    sign_in(page)
    page.get_by_text("Deleted on schedule.").wait_for()

    assert page.locator(".ops-alert img").count() == 0
    assert page.get_by_text("error").count() == 0


@pytest.mark.slow
def test_cameras_show_the_frame_identity_and_their_latency(page: Page, recorder: Recorder) -> None:
    now = time.time_ns()
    recorder.record_outcomes(
        [outcomes(*((4 * i, 3 * i, 0) for i in range(5)), camera="identity", reported_ns=now - 2 * 10**9)]
    )

    camera = page.locator(".ops-camera").filter(has_text="identity")
    camera.get_by_text("17 captured =").wait_for()

    output = camera.inner_text()
    for known in ("5 recognised", "12 not looked at", "Good"):
        assert known in output
    assert camera.locator(".ops-identity").get_attribute("aria-label") == (
        "Of 17 frames captured: 5 recognised, 12 not looked at"
    )


@pytest.mark.slow
def test_records_away_are_said_and_no_old_figure_stays(page: Page, recorder: Recorder, engine: Engine) -> None:
    recorder.record_sightings([sighting(0.0, probe=PROBE)])
    sign_in(page)
    page.locator(".ops-alert").wait_for()
    with overwriting(engine) as session:
        session.execute(text("ALTER TABLE deployment RENAME TO gone"))
    try:
        page.get_by_text("would not be current").first.wait_for()
        page.locator(".ops-alert").wait_for(state="detached")
    finally:
        with overwriting(engine) as session:
            session.execute(text("ALTER TABLE gone RENAME TO deployment"))
    page.locator(".ops-alert").wait_for()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground_in_both_themes(
    browser: Browser, address: str, recorder: Recorder, logins: PageLogins, no_alerts: None, scheme: str
) -> None:
    recorder.record_sightings([sighting(0.0, probe=PROBE)])
    recorder.record_outcomes([outcomes((0, 0, 0), session=f"contrast-{scheme}", reported_ns=NOW_NS)])
    context = browser.new_context(color_scheme="light" if scheme == "light" else "dark")
    logins.log_in(context, ANN)
    page = context.new_page()
    page.goto(address)
    sign_in(page)
    page.locator(".ops-alert").wait_for()
    page.locator(".ops-camera").first.wait_for()

    ratios = {
        selector: page.evaluate(CONTRAST, selector)
        for selector in (".ops-subject", ".ops-dl dt", ".ops-pill.is-arrest", ".ops-pill.is-live", ".ops-numbers")
    }
    context.close()

    assert {selector: ratio for selector, ratio in ratios.items() if ratio < 4.5} == {}


CONTRAST = """selector => {
  const luminance = ([r, g, b]) => {
    const f = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
  };
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const element = document.querySelector(selector);
  let ground = element;
  while (ground && (parse(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
  const pair = [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor]
    .map(c => luminance(parse(c)));
  return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}"""


@pytest.mark.slow
def test_the_page_follows_the_deployment_that_goes_live(page: Page, engine: Engine, vault: VaultCore) -> None:
    store = live_demo(engine, vault, "next", (entry(),), called="Market Place")
    with overwriting(engine) as session:
        session.execute(text("UPDATE deployment SET opened_at = '2030-01-01 00:00:00' WHERE id = 'next'"))

    page.get_by_role("heading", name="Market Place").wait_for()
    page.get_by_text("also live: High Street").wait_for()
    store.close("next")
    page.get_by_role("heading", name="High Street").wait_for()
