"""The operator's page in a real browser, over real records."""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import Engine

from apps.operator.page import REFRESH_S
from lfr_core.alerts.recorder import Recorder
from lfr_core.domain.alerts import Engagement, Judgement
from tests.support.operator_page import become, context, no_alerts, page, recorder, seen, sign_in
from tests.support.page_alerts import PROBE
from tests.support.page_login import PageLogins
from tests.support.people import authenticated
from tests.support.records import alerts_of, outcomes, sighting

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
__all__ = ["context", "no_alerts", "page", "recorder", "seen"]


CHANGES = """() => {
  // Each time the document changes, and each time it is painted: the alerts of a card's picture and of its buttons.
  window.mixed = [];
  const look = () => {
    for (const card of document.querySelectorAll('[class*="st-key-ops-wait-"], [class*="st-key-ops-done-"]')) {
      const pictured = [...card.querySelectorAll('[data-alert]')].map(e => e.dataset.alert);
      const keys = [...card.querySelectorAll('[class*="st-key-judge-"]')].map(e => e.className);
      const asked = keys.map(k => (k.match(/[0-9a-f]{8}-[0-9a-f-]{27}/) || ['?'])[0]);
      const all = new Set([...pictured, ...asked]);
      if (asked.length && all.size > 1) window.mixed.push([...all].join(' '));
    }
  };
  new MutationObserver(look).observe(document.body, {childList: true, subtree: true, attributes: true});
  const frame = () => { look(); requestAnimationFrame(frame); }; frame();
}"""
"""Puts into `mixed` what was ever on the screen together and belongs to different alerts."""


PLACES = """() => {
  // At each painted frame from now on: where the first of an alert's buttons stands.
  window.places = new Set();
  const frame = () => {
    const button = document.querySelector('[class*="st-key-judge-same"] button');
    if (button) { const box = button.getBoundingClientRect(); window.places.add(`${box.x} ${box.y}`); }
    requestAnimationFrame(frame);
  };
  frame();
}"""
"""Puts into `places` each place on the screen at which a person could have pressed the button."""


@pytest.mark.slow
def test_while_alerts_come_several_a_second_each_click_decides_the_alert_whose_picture_is_shown(
    page: Page, recorder: Recorder, engine: Engine
) -> None:
    recorder.record_sightings([sighting(0.0, probe=PROBE)])
    sign_in(page)
    page.evaluate(CHANGES)
    waiting = page.locator('[class*="st-key-ops-wait-"]').first
    stop = threading.Event()
    coming = threading.Thread(target=_alerts_without_end, args=(recorder, stop))
    coming.start()
    labels = {"Same person": Judgement.SAME, "Different": Judgement.DIFFERENT, "Can't tell": Judgement.CANT_TELL}
    given: dict[UUID, Judgement] = {}
    try:
        for label, answer in (*labels.items(), *labels.items()):
            button = waiting.get_by_role("button", name=label)
            button.wait_for()
            box = button.bounding_box()
            shown = waiting.locator("[data-alert]").get_attribute("data-alert")
            assert box is not None
            assert shown is not None
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            time.sleep(0.3)  # a person looks, while alerts come
            page.mouse.down()
            time.sleep(0.3)  # and a finger rests
            page.mouse.up()
            given[UUID(shown)] = answer
            page.get_by_text(f"{label}, subject of").first.wait_for()
            page.locator(f'[class*="st-key-ops-wait-{shown}"]').wait_for(state="detached")
    finally:
        stop.set()
        coming.join()

    recorded = {one.id: one.decision.judgement for one in alerts_of(engine, "dep", judged=True)}
    assert recorded == given
    assert len(given) == 6
    assert page.evaluate("window.mixed") == []


def _alerts_without_end(recorder: Recorder, stop: threading.Event) -> None:
    """Four a second."""
    for n in itertools.count():
        if stop.wait(0.25):
            return
        recorder.record_sightings([sighting(600.0 * n, camera=f"camera {n}", probe=PROBE)])


TONES = """() => {
  window.tones = [];
  document.addEventListener('play', event => window.tones.push(event.target.dataset.tone), true);
}"""
"""Puts into `tones` each tone that begins to play."""


@pytest.mark.slow
def test_a_new_alert_sounds_once_by_its_response_and_not_at_all_once_the_page_is_muted(
    page: Page, recorder: Recorder
) -> None:
    page.evaluate(TONES)
    sign_in(page)
    page.get_by_role("status").filter(has_text="No alert waits").wait_for()
    recorder.record_sightings([sighting(0.0, probe=PROBE)])
    page.locator(".ops-alert").wait_for()
    page.wait_for_timeout(3_000)  # it is drawn twice more
    assert page.evaluate("window.tones") == ["arrest"]

    page.get_by_role("button", name="Sound").click()
    page.get_by_role("button", name="Test: safeguard").click()
    page.locator('audio[data-tone="safeguard"]').wait_for(state="attached")
    page.get_by_text("Mute").click()
    recorder.record_sightings([sighting(0.0, camera="south", probe=PROBE)])
    page.get_by_text("1 new").wait_for()
    page.wait_for_timeout(1_500)

    assert page.evaluate("window.tones") == ["arrest", "safeguard"]


@pytest.mark.slow
def test_an_alert_comes_onto_the_page_by_itself_and_is_looked_for_each_second(page: Page, recorder: Recorder) -> None:
    """How soon it is there is measured by `bench/pages.py`."""
    sign_in(page)
    page.get_by_role("status").filter(has_text="No alert waits").wait_for()
    for n, camera in enumerate(("north", "south", "east")):
        recorder.record_sightings([sighting(0.0, camera=camera, probe=PROBE)])
        reported = page.locator(".ops-alert").filter(has_text=camera) if n == 0 else page.get_by_text(f"{n} new")
        reported.wait_for(timeout=10_000)

    assert REFRESH_S < 1.0
    assert page.locator(".ops-alert").count() == 1  # the first stands still; the others wait


@pytest.mark.slow
def test_probe_and_reference_stand_side_by_side_with_what_is_known(page: Page, recorder: Recorder) -> None:
    recorder.record_sightings([sighting(0.0, similarity=0.71, probe=PROBE)])
    sign_in(page)
    card = page.locator(".ops-alert")
    card.locator("img").nth(1).wait_for()

    shades = [
        page.evaluate(
            "img => { const c = document.createElement('canvas'); const x = c.getContext('2d');"
            " x.drawImage(img, 0, 0); return x.getImageData(5, 5, 1, 1).data[0]; }",
            picture.element_handle(),
        )
        for picture in card.locator("img").all()
    ]
    assert [round(shade, -1) for shade in shades] == [40, 200]
    output = card.inner_text()
    for known in (
        "subject of entry-1",
        "Arrest",
        "wanted by the courts",
        "0.71",
        "needed: 0.45",
        "north",
        "Bail Act",
    ):
        assert known in output
    probe, reference = (picture.bounding_box() for picture in card.locator("img").all())
    assert probe is not None
    assert reference is not None
    assert probe["y"] == reference["y"]
    assert probe["x"] + probe["width"] <= reference["x"]
    assert all(picture.get_attribute("alt") for picture in card.locator("img").all())


@pytest.mark.slow  # `test_main_way.py` decides by a click too
def test_a_decision_by_click_is_in_the_database_with_who_and_when(
    page: Page, recorder: Recorder, engine: Engine
) -> None:
    recorder.record_sightings([sighting(0.0, probe=PROBE)])
    sign_in(page)
    before = time.time()

    page.get_by_role("button", name="Same person").click()
    page.get_by_role("heading", name="1 judged").wait_for()
    page.get_by_role("button", name="Not engaged").click()
    page.locator(".ops-answer").filter(has_text="Not engaged").wait_for()

    (alert,) = alerts_of(engine, "dep")
    assert alert.judged is not None
    assert alert.engaged is not None
    assert alert.decision.judgement is Judgement.SAME
    assert alert.decision.engagement is Engagement.NOT_ENGAGED
    assert alert.judged.by == alert.engaged.by == "Ann Operator"
    assert before <= alert.judged.at.timestamp() <= alert.engaged.at.timestamp() <= time.time()


@pytest.mark.slow
def test_the_buttons_of_an_alert_stand_still_from_the_moment_they_are_drawn(page: Page, recorder: Recorder) -> None:
    """Found by a click that was lost: the page moved up between the press of a button and its release."""
    recorder.record_sightings([sighting(0.0, probe=PROBE)])
    page.evaluate(PLACES)

    sign_in(page)
    page.get_by_role("button", name="Same person").wait_for()
    time.sleep(2 * REFRESH_S)

    assert len(page.evaluate("[...window.places]")) == 1
    for n in range(1, 30):  # the second alert begins a queue, the twentieth is beyond the page's edge, a camera speaks
        recorder.record_sightings([sighting(600.0 * n, camera=f"camera {n}", probe=PROBE)])
    recorder.record_outcomes([outcomes((1_000, 0, 0), captured=1, reported_ns=time.time_ns())])
    page.get_by_text("30 alerts wait").wait_for()
    time.sleep(2 * REFRESH_S)
    assert len(page.evaluate("[...window.places]")) == 1


@pytest.mark.slow
def test_an_answer_is_corrected_under_the_correctors_name(
    page: Page, recorder: Recorder, engine: Engine, logins: PageLogins
) -> None:
    from playwright.sync_api import expect

    recorder.record_sightings([sighting(0.0, probe=PROBE)])
    become(page, logins, "Bob Sergeant")
    sign_in(page, "Bob Sergeant")
    page.get_by_role("button", name="Same person").click()
    page.get_by_role("button", name="Correct an answer").click()

    page.get_by_role("button", name="Different").click()
    page.locator(".ops-answer").filter(has_text="Different").wait_for()

    (alert,) = alerts_of(engine, "dep")
    assert alert.decision.judgement is Judgement.DIFFERENT
    expect(page.get_by_role("button", name="Engaged")).to_have_count(0)  # once the page has drawn itself anew


def test_an_operator_who_has_not_signed_on_sees_no_picture_subject_or_ground(page: Page, recorder: Recorder) -> None:
    recorder.record_sightings([sighting(0.0, probe=PROBE), sighting(0.0, entry="blue", face=1, probe=PROBE)])
    page.get_by_role("status").filter(has_text="2 alerts wait").wait_for()
    page.get_by_text("Start deciding, at the top of the page, to see alerts").wait_for()
    time.sleep(2 * REFRESH_S)

    html = page.content()
    for secret in (*SECRETS, "Same person"):
        assert secret not in html
    assert "Good" in html or "Cameras" in html  # counts and the cameras' health are for every operator


SECRETS = ("data:image", "subject of", "TEST-1", "Bail Act", "consent", "wanted by", "Arrest")


@pytest.mark.slow
def test_an_operator_who_is_revoked_sees_nothing_more(page: Page, recorder: Recorder, logins: PageLogins) -> None:
    recorder.record_sightings([sighting(0.0, probe=PROBE)])
    become(page, logins, "Rex Leaving")
    sign_in(page, "Rex Leaving")
    page.locator(".ops-alert img").nth(1).wait_for()

    logins.people.revoke("Rex Leaving", why="left the force", by=authenticated("Dana Compliance"))
    page.locator(".ops-alert").wait_for(state="detached")
    page.get_by_role("button", name="Log in").wait_for()

    assert "may do nothing since" in page.content()
    assert [secret for secret in (*SECRETS, "High Street", "Cameras") if secret in page.content()] == []


def test_a_decision_can_be_made_with_the_keyboard_alone(page: Page, recorder: Recorder, engine: Engine) -> None:
    recorder.record_sightings([sighting(0.0, probe=PROBE)])
    page.get_by_role("button", name="Start deciding").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Stop deciding").wait_for()
    page.get_by_role("button", name="Can't tell").wait_for()

    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").startswith("Can't tell"):  # then its key
            break
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="1 judged").wait_for()

    assert alerts_of(engine, "dep")[0].decision.judgement is Judgement.CANT_TELL
