"""The card that is being decided stands still, and no click is lost without a word."""

from __future__ import annotations

import base64
import re
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from apps.operator.snapshot import SETTLE_S, AlertSnapshot
from apps.operator.view import OperatorView
from lfr_core.custody.people import People
from lfr_core.domain.alerts import Engagement, Judgement
from lfr_core.domain.policy import load_policy
from tests.support.alert_harness import AlertHarness
from tests.support.operator_app import ANN, BOB, again, buttons, drawn, judged, page, pictured, press, settled, words
from tests.support.people import authenticated
from tests.support.records import ManualClock, alert_of, sighting
from tests.support.shown_pictures import seen

JUDGING = ["Same person", "Different", "Can't tell"]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough for what a page does."""
    return sqlite_url


def better(harness: AlertHarness, at_s: float = 1.0) -> None:
    """A better picture of the person of the alert at 0 s."""
    one = sighting(at_s, similarity=0.9, probe=b"a better probe", vault=harness.vault)
    assert harness.recorder().record_sightings([one]).opened == ()


def test_what_comes_meanwhile_changes_neither_picture_nor_button(harness: AlertHarness) -> None:
    first = harness.alert()
    app = page(harness)
    before = (pictured(app), buttons(app))

    for n in range(1, 4):
        harness.clock.advance(1.0)
        harness.alert(600.0 * n, camera=f"camera {n}")
        again(app)

        assert (pictured(app), buttons(app)) == before
    assert [label for label, _ in before[1]] == JUDGING
    assert f"-{first}-" in before[1][0][1]
    assert "4 alerts wait for a person" in words(app)
    assert "3 new" in words(app)


def test_a_click_decides_the_alert_that_is_shown_and_the_next_comes_after_a_second_without_buttons(
    harness: AlertHarness,
) -> None:
    first = harness.alert()
    app = page(harness)
    harness.clock.advance(1.0)
    second = harness.alert(600.0)

    press(app, "Different")
    between = (pictured(app)[:1], buttons(app))
    settled(harness, app)

    assert (judged(harness, first), judged(harness, second)) == (Judgement.DIFFERENT, None)
    assert between == ([str(first)], [])
    assert pictured(app) == [str(second), str(first)]
    assert "Different, subject of entry-1." in words(app)
    assert all(f"-{second}-" in key for _, key in buttons(app))


def test_a_double_click_reaches_no_second_alert(harness: AlertHarness) -> None:
    first, second = harness.alert(), harness.alert(600.0)
    app = page(harness)
    shown = pictured(app)[0]
    button = next(each for each in app.button if each.label == "Same person")

    button.click().run()
    button.click().run()

    assert not app.exception
    assert {str(alert): judged(harness, alert) for alert in (first, second)} == {
        shown: Judgement.SAME,
        next(str(alert) for alert in (first, second) if str(alert) != shown): None,
    }


PICTURE = re.compile(r'src="data:image/jpeg;base64,([^"]*)" alt="Probe from')


def test_the_pair_that_is_looked_at_stays_until_it_is_decided_and_that_one_is_decided(harness: AlertHarness) -> None:
    alert = harness.alert()
    app = page(harness)
    before = PICTURE.findall(words(app))
    better(harness)
    reported = words(again(app))
    harness.clock.advance(601.0)  # what the page keeps of pictures is over by now: they are opened anew
    stands = PICTURE.findall(words(again(app)))

    press(app, "Same person")

    assert "A newer picture has come: “Look again” shows it." in reported
    assert stands == before
    assert judged(harness, alert) is Judgement.SAME
    assert "Recorded at" in words(app)
    opened = harness.crops.open(alert, authenticated(ANN), "look").probe.reveal()
    assert base64.b64encode(opened).decode() == before[0]


def test_a_newer_picture_is_shown_once_it_is_asked_for_with_the_one_before_at_its_side(harness: AlertHarness) -> None:
    harness.alert()
    app = page(harness)
    (before,) = PICTURE.findall(words(app))
    better(harness)

    press(again(app), "Look again")
    settled(harness, app)

    assert PICTURE.findall(words(app)) == [base64.b64encode(b"a better probe").decode()]
    assert f'base64,{before}" alt="Another picture from camera' in words(app)
    assert [label for label, _ in buttons(app)] == JUDGING


def test_after_a_drawing_that_was_cut_short_the_next_alert_waits(harness: AlertHarness) -> None:
    """Picture and buttons of two alerts stood together under load: Streamlit leaves the buttons of a run cut short."""
    clock = ManualClock()
    snapshot = AlertSnapshot(clock)
    first, second = (alert_of(harness.engine, harness.alert(600.0 * n)) for n in range(2))
    assert first is not None
    assert second is not None
    snapshot.show(lambda _: (first,))
    snapshot.note_drawn()
    snapshot.release()

    def look() -> UUID:
        (shown,) = snapshot.show(lambda _: (second,))
        assert shown is not None
        clock.advance(SETTLE_S)
        return shown.id

    assert [look(), look()] == [first.id, first.id]  # neither was drawn to its end
    snapshot.note_drawn()
    assert look() == second.id


def test_the_pair_is_enlarged_by_a_click_and_whole_by_another(harness: AlertHarness) -> None:
    harness.alert()
    app = page(harness)

    assert 'class="ops-pair is-large"' in words(press(app, "Zoom"))
    assert 'class="ops-pair is-large"' not in words(press(app, "Whole pictures"))


def test_the_second_of_two_operators_is_told_and_goes_on_with_the_next(harness: AlertHarness) -> None:
    older = harness.alert()
    harness.clock.advance(1.0)
    newer = harness.alert(600.0)
    app = page(harness)
    harness.decisions.judge(newer, Judgement.DIFFERENT, authenticated(BOB), shown=seen(harness.engine, newer))
    stands = (pictured(again(app))[0], "Bob Operator has answered this alert meanwhile." in words(app))

    press(app, "Same person")
    reported = "Not recorded: Bob Operator has answered different already" in words(app)
    settled(harness, app)

    assert stands == (str(newer), True)
    assert reported
    assert (judged(harness, newer), pictured(app)[0]) == (Judgement.DIFFERENT, str(older))


def test_the_list_of_those_judged_stands_still_while_others_answer(harness: AlertHarness) -> None:
    first = harness.alert()
    harness.decisions.judge(first, Judgement.SAME, authenticated(BOB), shown=seen(harness.engine, first))
    app = page(harness)
    engaging = [each.key for each in app.button if each.label == "Engaged"]
    harness.clock.advance(1.0)
    second = harness.alert(600.0)
    harness.decisions.judge(second, Judgement.SAME, authenticated(BOB), shown=seen(harness.engine, second))
    harness.decisions.engage(first, Engagement.NOT_ENGAGED, authenticated(BOB))

    again(app)
    stands = (pictured(app), [each.key for each in app.button if each.label == "Engaged"])
    press(app, "Engaged")
    refused = "Not recorded: Bob Operator has answered not engaged already" in words(app)
    settled(harness, app)

    assert stands == ([str(first)], engaging)
    assert refused
    assert pictured(app) == [str(second), str(first)]


def test_nothing_is_kept_of_an_alert_that_is_deleted_while_it_is_shown(harness: AlertHarness) -> None:
    harness.decisions.judge(
        alert := harness.alert(), Judgement.SAME, authenticated(BOB), shown=seen(harness.engine, alert)
    )
    harness.alert(600.0)
    app = page(harness)
    assert "subject of entry-1" in words(app)
    harness.after_retention()
    harness.sign_on(ANN)
    harness.expire()

    again(app)
    settled(harness, app)

    assert "subject of entry-1" not in words(again(app))
    assert buttons(app) == []


def test_pictures_that_are_not_shown_are_not_compared(harness: AlertHarness) -> None:
    harness.alert()
    harness.vault.keystore.destroy(tuple(info.id for info in harness.vault.kept("alert")))  # type: ignore[arg-type]  # a StrEnum's word

    (same,) = [each for each in page(harness).button if each.label == "Same person"]

    assert same.disabled


def test_what_stands_still_is_not_shown_to_an_operator_who_was_revoked_meanwhile(harness: AlertHarness) -> None:
    harness.alert()
    app = page(harness)
    assert "subject of entry-1" in words(app)

    People(harness.engine, harness.trail, harness.clock).revoke(
        ANN, why="left the force", by=authenticated("Dana Compliance")
    )
    app.run()

    assert "subject of entry-1" not in words(app)
    assert buttons(app) == []


@pytest.mark.parametrize("operator", ["", "Joe Public"])
def test_nothing_is_drawn_for_nobody_and_for_who_is_not_registered(harness: AlertHarness, operator: str) -> None:
    harness.alert()
    view = OperatorView(harness.engine, load_policy(), harness.vault, harness.trail, harness.clock)

    app = AppTest.from_function(
        drawn, kwargs={"view": view, "operator": authenticated(operator)}, default_timeout=20
    ).run()

    assert words(app) == ""
    assert buttons(app) == []
