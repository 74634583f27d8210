from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.operator import panels
from apps.operator.dashboard import dashboard_html
from apps.operator.panels import alert_card, answered, header_html, nothing_waits
from apps.operator.parts import SilentPart
from apps.operator.pictures import CHANGED
from apps.operator.view import Dashboard, Header, local_time, open_questions
from apps.staff.launch import command
from apps.staff.server import staff_options
from lfr_core.alerts.health import CameraState, Health, Recent
from lfr_core.alerts.read import (
    AlertSummary,
    AlertTally,
    Answer,
    CameraHealth,
    DeploymentCounts,
    DeploymentSummary,
    Latency,
    OpenedCrops,
    ReferenceCrop,
    RefusedRecords,
)
from lfr_core.common.biometric import Biometric
from lfr_core.common.settings import Settings
from lfr_core.custody.vault.reachability import VaultState
from lfr_core.domain.alerts import Decision, Judgement
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus, DeploymentView
from lfr_core.domain.outcomes import FrameCounts
from lfr_core.domain.thumbnails import Thumbnail
from lfr_core.domain.watchlists import Response
from tests.support.records import NOW_NS
from tests.support.unanswered_alert import ALERT

EVIL = "<script>alert(1)</script>\"'"

NO_ALERTS = AlertTally(0, 0, {}, {}, {})
CAMERA = CameraHealth(
    camera="north",
    counts=FrameCounts(captured=10, recognised=3, not_sampled=6, lost=1),
    faces=4,
    tracks_started=1,
    tracks_compared=1,
    sessions=1,
    first_seen_ns=0,
    last_seen_ns=NOW_NS,
    frames_per_second=25.0,
    looks_per_second=6.0,
    latency=Latency(100.0, 300.0),
    standing=CameraState(Health.GOOD),
    recent=(Recent(captured=25, recognised=6),) * 60,
)


def summary(status: DeploymentStatus) -> DeploymentSummary:
    view = DeploymentView("dep", DeploymentKind.DEMO, status, "", "c", 0.45, 2, live_only=True)
    return DeploymentSummary(view, "A street", 0, 1, datetime(2026, 11, 23, tzinfo=UTC), None, None, "", None)


ANSWERS = VaultState("", 0)


def dashboard(camera: CameraHealth, vault: VaultState = ANSWERS, refused: tuple[RefusedRecords, ...] = ()) -> str:
    counts = DeploymentCounts(camera.counts, 4, 1, 1, NO_ALERTS, NO_ALERTS)
    return dashboard_html(Dashboard((camera,), counts, camera.latency, 2000.0, NOW_NS, vault, refused))


def card(alert: AlertSummary, **reference: str) -> str:
    one = ReferenceCrop("r", reference.get("photograph", "p.jpg"), Biometric(b"ref"))
    return alert_card(
        alert, OpenedCrops(Biometric(b"probe"), (one,), "0" * 16, NOW_NS), Response.SAFEGUARD, now_ns=NOW_NS
    )


def test_nothing_that_came_from_outside_becomes_markup() -> None:
    pages = [
        card(replace(ALERT, subject=EVIL, camera=EVIL, legal_reference=EVIL), photograph=EVIL),
        answered("Same person?", "Same person", Answer(EVIL, datetime(2026, 11, 23, tzinfo=UTC))),
        dashboard(replace(CAMERA, camera=EVIL)),
        dashboard(CAMERA, refused=(RefusedRecords(EVIL, 1, EVIL, NOW_NS),)),
        header_html(Header(None, ((EVIL, EVIL),), datetime(2026, 11, 23, tzinfo=UTC))),
    ]

    assert [page for page in pages if "<script" in page or "\"'" in page] == []


def test_who_sends_what_nobody_can_read_is_said_with_how_many_and_not_without_end() -> None:
    senders = tuple(RefusedRecords(f"junk-{n}", 1_000 - n, "not a Sighting", NOW_NS) for n in range(9))

    output = dashboard(CAMERA, refused=senders)

    assert "8,964 records of the last two hours can't be read" in output
    assert "junk-0 1,000" in output
    assert "junk-8" not in output
    assert "can't be read" not in dashboard(CAMERA)


def test_an_operator_is_told_that_somebody_else_writes_to_the_broker() -> None:
    forged = (RefusedRecords("north", 5, "", NOW_NS, 2), RefusedRecords("south", 1, "", NOW_NS, 1))

    assert "3 forged" in dashboard(CAMERA, refused=forged)
    assert "forged" not in dashboard(CAMERA, refused=(RefusedRecords("north", 5, "", NOW_NS),))


def test_when_nobody_is_recognised_the_page_says_why_and_blames_no_camera() -> None:
    counts = DeploymentCounts(CAMERA.counts, 4, 1, 1, NO_ALERTS, NO_ALERTS)
    one = Dashboard((CAMERA,), counts, CAMERA.latency, 2000.0, NOW_NS, ANSWERS)
    stopped = replace(one, silent=(SilentPart("the recogniser", NOW_NS - 12 * 10**9),))
    unattended = replace(one, shut_why="no operator attends: open the operator's page")

    assert "Not recognising" not in dashboard_html(one)
    assert "1 of 1 camera works" in dashboard_html(one)
    for shown, why in ((stopped, "the recogniser answers nothing, since"), (unattended, "no operator attends")):
        output = dashboard_html(shown)
        assert f"Nobody is recognised: {why}" in output
        assert "0 of 1 camera work" in output


def test_a_recording_s_latency_has_no_limit_that_it_could_pass() -> None:
    counts = DeploymentCounts(CAMERA.counts, 4, 1, 1, NO_ALERTS, NO_ALERTS)
    live = Dashboard((CAMERA,), counts, CAMERA.latency, 2000.0, NOW_NS, ANSWERS)

    assert "older than 2 s is dropped" in dashboard_html(live)
    assert "is dropped" not in dashboard_html(replace(live, is_live=False))


def test_the_identity_says_every_fate_in_words_and_whether_it_balances() -> None:
    good, bad = dashboard(CAMERA), dashboard(replace(CAMERA, counts=FrameCounts(captured=10, recognised=3)))

    assert "Of 10 frames captured: 3 recognised, 6 not looked at, 1 lost" in good
    assert "10 captured =" in good
    assert "10 captured ≠" in bad


@pytest.mark.parametrize(
    ("health", "word", "colour"),
    [
        (Health.SILENT, "Silent", "is-silent"),
        (Health.NO_PICTURES, "No pictures", "is-no-pictures"),
        (Health.NOT_RECOGNISING, "Not recognising", "is-not-recognising"),
        (Health.LOSING, "Losing frames", "is-losing"),
        (Health.BEHIND, "Behind", "is-behind"),
        (Health.SLOW, "Slow", "is-slow"),
        (Health.NO_KEY_FRAME, "No whole picture yet", "is-no-key-frame"),
        (Health.DAMAGED, "Damaged pictures", "is-damaged"),
        (Health.DARK, "Dark or covered", "is-dark"),
        (Health.STILL, "Still", "is-still"),
        (Health.MOVED, "Moved", "is-moved"),
    ],
)
def test_each_state_that_is_not_good_has_a_word_a_colour_and_a_time(health: Health, word: str, colour: str) -> None:
    shown = dashboard(replace(CAMERA, standing=CameraState(health, NOW_NS - 75 * 10**9)))
    style = (Path(panels.__file__).parent / "style.css").read_text()

    assert f'<span class="ops-pill {colour}">{word}</span>' in shown
    assert f"since {local_time(NOW_NS - 75 * 10**9):%H:%M:%S}, 1 min" in shown
    assert ("1 of 1 camera works" in shown) is health.works
    assert f".ops-pill.{colour}," in style or f".ops-pill.{colour} {{" in style


@pytest.mark.parametrize("health", [Health.SILENT, Health.NO_PICTURES])
def test_a_camera_that_gives_nothing_shows_no_rate(health: Health) -> None:
    assert "frames a second" not in dashboard(replace(CAMERA, standing=CameraState(health, NOW_NS)))


def test_a_vault_that_lends_no_key_is_an_alarm_with_its_time_and_no_camera_works() -> None:
    good, away = dashboard(CAMERA), dashboard(CAMERA, VaultState("it does not answer", NOW_NS - 12 * 10**9))

    assert "Pictures can be opened" in good
    assert "1 of 1 camera works" in good
    assert 'role="alert"' in away
    assert "Nobody is recognised: the vault lends no key, because it does not answer." in away
    assert f"since {local_time(NOW_NS - 12 * 10**9):%H:%M:%S}, 12 s" in away
    assert "0 of 1 camera work" in away


def test_only_an_undecided_alert_of_the_last_seconds_is_marked_as_new() -> None:
    fresh = card(ALERT)
    judged = card(replace(ALERT, decision=Decision(Judgement.SAME)))
    old = card(replace(ALERT, opened_ns=NOW_NS - 11 * 10**9))

    assert ["is-new" in page for page in (fresh, judged, old)] == [True, False, False]


def test_times_are_those_of_london() -> None:
    summer = 1_782_000_000 * 10**9  # 21 June 2026, 00:00 UTC

    assert "<time>01:00:00</time>" in card(replace(ALERT, last_ns=summer))


def test_the_time_and_the_age_beside_it_are_of_one_sighting_and_the_first_has_its_own_name() -> None:
    shown = card(replace(ALERT, first_ns=NOW_NS - 11 * 10**9, last_ns=NOW_NS - 10**9, sightings=5))

    assert f"<dt>Last seen</dt><dd><time>{local_time(NOW_NS - 10**9):%H:%M:%S}</time>, 1 s ago</dd>" in shown
    assert f"<dd>5, the first at {local_time(NOW_NS - 11 * 10**9):%H:%M:%S}</dd>" in shown


def test_of_an_alert_whose_pair_isnt_shown_nothing_is_said_to_be_done() -> None:
    assert "is-arrest" not in alert_card(ALERT, CHANGED, Response.ARREST, now_ns=NOW_NS)


def test_the_second_and_third_question_wait_for_the_first() -> None:
    open_now = [open_questions(Decision(answer)) for answer in (None, Judgement.DIFFERENT, Judgement.SAME)]

    assert [(q.engagement, q.review) for q in open_now] == [(False, False), (False, True), (True, True)]


def test_the_page_listens_on_loopback_and_keeps_no_message_that_holds_a_crop() -> None:
    options = staff_options(Settings(operator_port=8599))

    assert options["server.address"] == "127.0.0.1"
    assert options["server.port"] == 8599
    assert options["browser.gatherUsageStats"] is False
    assert options["global.minCachedMessageSize"] == 10**12
    assert command("dep")[-3:] == ["apps.staff", "--deployment", "dep"]


def test_an_ended_deployment_promises_no_more_alerts() -> None:
    ended, live = (nothing_waits(summary(status)) for status in (DeploymentStatus.ENDED, DeploymentStatus.LIVE))

    assert "has ended" in ended
    assert "come here by themselves" not in ended
    assert "come here by themselves" in live


@pytest.mark.parametrize(("proven_s", "output"), [(184.0, "<span>tested 3 min ago</span>"), (None, "never tested")])
def test_a_planned_deployment_shows_when_its_chain_was_last_proven_and_a_trial_shows_nothing(
    proven_s: float | None, output: str
) -> None:
    trial = summary(DeploymentStatus.LIVE)
    planned = replace(trial, view=replace(trial.view, planned=True))

    texts = [header_html(Header(one, (), datetime(2026, 11, 23, tzinfo=UTC), proven_s)) for one in (planned, trial)]

    assert [output in text for text in texts] == [True, False]


@pytest.mark.parametrize(
    ("on_list", "test_subjects", "output"),
    [
        (0, 0, "<span>0 on the list</span>"),
        (0, 1, "<span>1 test subject</span>"),
        (1200, 2, "<span>1,200 on the list + 2 test subjects</span>"),
    ],
)
def test_test_subjects_are_never_counted_among_those_on_the_list(on_list: int, test_subjects: int, output: str) -> None:
    one = replace(summary(DeploymentStatus.LIVE), watchlist_size=on_list, blue_list_size=test_subjects)

    assert output in header_html(Header(one, (), datetime(2026, 11, 23, tzinfo=UTC)))


def test_a_camera_shows_what_it_sees_or_that_it_may_not_be_shown_and_nothing_for_others() -> None:
    counts = DeploymentCounts(CAMERA.counts, 4, 1, 1, NO_ALERTS, NO_ALERTS)
    board = Dashboard((CAMERA,), counts, CAMERA.latency, 2000.0, NOW_NS, ANSWERS)
    shown = dashboard_html(board, {"north": Thumbnail("north", b"a small picture", 0.1)})

    assert 'src="data:image/jpeg;base64,YSBzbWFsbCBwaWN0dXJl" alt="What camera north sees' in shown
    assert "could not be covered for certain" in dashboard_html(board, {"north": Thumbnail("north", b"", 0.1)})
    assert "<img" not in dashboard_html(board, {"south": Thumbnail("south", b"a small picture", 0.1)})


def test_other_pictures_of_the_person_stand_beside_the_pair_three_at_most() -> None:
    probe, reference = Biometric(b"probe"), ReferenceCrop("r", "r.jpg", Biometric(b"reference"))
    shots = tuple(Biometric(f"shot {n}".encode()) for n in range(5))
    pictures = OpenedCrops(probe, (reference,), "0" * 16, 0, shots)

    assert alert_card(ALERT, pictures, Response.ARREST, now_ns=NOW_NS).count("Another picture from camera north") == 3
