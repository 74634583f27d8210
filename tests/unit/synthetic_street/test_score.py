"""The score counts what happened, neither more nor less."""

from __future__ import annotations

from apps.demo.score import AlertSpan, score_alerts
from apps.synthetic_street.truth import PassTruth, StreetTruth


def walk(first: int, last: int, eyes: float, subject: str | None = "obama", camera: str = "north") -> PassTruth:
    return PassTruth(
        id=first, camera=camera, person="someone", subject=subject, photograph="obama2", kind="cross",
        first_frame=first, last_frame=last, max_eye_px=eyes, fair_frames=last - first, fair=True, faces=(),
    )  # fmt: skip


def street(*passes: PassTruth, camera: str = "north") -> StreetTruth:
    return StreetTruth(camera=camera, frames_per_second=25, width=1280, height=720, frames=1000, seed=1, passes=passes)


def alert(first: int, last: int, subject: str = "obama", camera: str = "north") -> AlertSpan:
    return AlertSpan(subject, camera, first, last, 0.6)


NORTH = street(walk(0, 100, 70.0), walk(440, 500, 28.0), walk(600, 700, 20.0), walk(200, 300, 60.0, subject=None))


def test_passes_of_24_px_and_more_of_enrolled_people_are_counted() -> None:
    score = score_alerts([NORTH], [alert(10, 90), alert(450, 460)])

    assert (score.passes, score.recognised, score.missed, score.false_alerts) == (2, 2, (), ())
    assert score.promised == 1
    assert score.promise_kept


def test_a_missed_large_pass_breaks_the_promise_and_is_named_with_its_size() -> None:
    score = score_alerts([NORTH], [alert(450, 460)])

    assert [(m.first_frame, m.max_eye_px) for m in score.missed] == [(0, 70.0)]
    assert not score.promise_kept


def test_a_missed_small_pass_is_counted_but_was_not_promised() -> None:
    score = score_alerts([NORTH], [alert(10, 90)])

    assert (score.passes, score.recognised) == (2, 1)
    assert score.promise_kept


def test_an_alert_on_somebody_who_was_not_there_then_is_false() -> None:
    wrong = [alert(220, 280), alert(10, 90, subject="biden"), alert(10, 90, camera="south")]
    score = score_alerts([NORTH, street(camera="south")], [alert(10, 90), alert(450, 460), *wrong])

    assert list(score.false_alerts) == wrong
    assert score.recognised == 2
    assert not score.promise_kept


def test_an_alert_on_a_pass_too_small_to_count_is_neither_recognised_nor_false() -> None:
    score = score_alerts([NORTH], [alert(620, 640)])

    assert (score.recognised, score.false_alerts) == (0, ())


def test_a_second_of_slack_and_no_more() -> None:
    assert not score_alerts([NORTH], [alert(125, 130)]).false_alerts
    assert score_alerts([NORTH], [alert(126, 130)]).false_alerts


def test_two_alerts_on_one_pass_recognise_it_once() -> None:
    assert score_alerts([NORTH], [alert(10, 20), alert(30, 40)]).recognised == 1
