from __future__ import annotations

import uuid

from lfr_core.domain.messages import FrameResult, OutcomeBatch
from lfr_core.domain.outcomes import FrameOutcome
from streams.camera.feedback import InFlightFrames


class HandClock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return int(self.now * 1e9)


def a_flight(*, bound: int = 3, lost_after_s: float | None = 6.0) -> tuple[InFlightFrames, HandClock]:
    clock = HandClock()
    return InFlightFrames(clock, bound=bound, lost_after_s=lost_after_s), clock


def test_there_is_no_capacity_at_the_bound_and_again_after_an_outcome() -> None:
    in_flight, _ = a_flight()
    for sequence in (0, 4, 8):
        in_flight.mark_sent(sequence)
        in_flight.mark_confirmed(sequence)

    assert not in_flight.wait_for_capacity(0)
    in_flight.mark_processed(4, 0.1)
    assert in_flight.count == 1
    assert in_flight.wait_for_capacity(0)


def test_a_frame_delivered_and_never_answered_is_given_up_so_that_the_camera_goes_on() -> None:
    in_flight, clock = a_flight(bound=1)
    in_flight.mark_sent(0)
    in_flight.mark_confirmed(0)
    clock.now += 6.1

    assert in_flight.expire() == 1
    assert in_flight.wait_for_capacity(0)
    assert in_flight.unanswered == 1


def test_a_frame_the_broker_has_not_confirmed_is_never_given_up_so_that_nothing_piles_up() -> None:
    in_flight, clock = a_flight(bound=1)
    in_flight.mark_sent(0)
    clock.now += 600

    assert in_flight.expire() == 0
    assert not in_flight.wait_for_capacity(0)


def test_with_back_pressure_nothing_is_given_up_and_the_silence_is_known() -> None:
    in_flight, clock = a_flight(lost_after_s=None)
    in_flight.mark_sent(0)
    in_flight.mark_confirmed(0)
    clock.now += 600

    assert in_flight.expire() == 0
    assert in_flight.silence_s() == 600
    in_flight.mark_processed(0, 1.0)
    assert in_flight.silence_s() == 0


def test_silence_begins_with_the_first_frame_in_flight_not_with_the_last_outcome() -> None:
    in_flight, clock = a_flight(lost_after_s=None)
    clock.now += 600
    in_flight.mark_sent(0)

    assert in_flight.silence_s() == 0


def test_a_failed_delivery_frees_capacity_and_is_counted_once() -> None:
    in_flight, _ = a_flight(bound=1)
    in_flight.mark_sent(0)

    in_flight.mark_failed(0)
    in_flight.mark_failed(0)

    assert in_flight.wait_for_capacity(0)
    assert in_flight.delivery_failed == 1


def test_the_age_is_the_newest_outcome_s_or_the_oldest_waiting_frame_s() -> None:
    in_flight, clock = a_flight()
    assert in_flight.outcome_age_s() is None
    in_flight.mark_sent(0)
    in_flight.mark_processed(0, 0.3)
    assert in_flight.outcome_age_s() == 0.3
    in_flight.mark_sent(4)
    clock.now += 2

    assert in_flight.outcome_age_s() == 2.0


def test_outcomes_delivered_again_after_a_worker_s_restart_change_nothing() -> None:
    in_flight, _ = a_flight()
    for sequence in (0, 1, 2):
        in_flight.mark_sent(sequence)
    in_flight.mark_processed(1, 0.2)

    in_flight.mark_processed(0, 9.0)

    assert in_flight.outcome_age_s() == 0.2 or in_flight.count == 1
    assert in_flight.count == 3  # none of the three is confirmed by the broker yet


def test_an_outcome_of_a_frame_that_was_not_sent_yet_changes_nothing() -> None:
    in_flight, clock = a_flight()
    for sequence in (0, 4):
        in_flight.mark_sent(sequence)
        in_flight.mark_confirmed(sequence)

    in_flight.mark_processed(10**6, 3_600.0)  # whoever may write outcomes to the broker needs no key for this
    assert (in_flight.count, in_flight.outcome_age_s()) == (2, 0.0)

    clock.now += 0.5
    in_flight.mark_processed(4, 0.3)
    assert (in_flight.count, in_flight.outcome_age_s()) == (0, 0.3)


def test_an_outcome_message_of_another_session_is_not_ours() -> None:
    from streams.camera.feedback import FeedbackReader

    in_flight, _ = a_flight()
    in_flight.mark_sent(0)
    in_flight.mark_confirmed(0)
    reader = FeedbackReader.__new__(FeedbackReader)  # without a broker: only what it does with a message
    session = str(uuid.uuid4())
    reader._mine = ("d", "c", session)
    reader._in_flight = in_flight
    result = FrameResult(sequence=0, not_sampled=0, dropped=0, outcome=FrameOutcome.RECOGNISED, latency_ms=50)
    ours = OutcomeBatch(deployment="d", camera="c", session=session, results=(result,), reported_ns=1)

    for value in (b"", b"not json", None, ours.model_copy(update={"session": "other"}).encode()):
        reader.read(value)
    assert in_flight.count == 1
    reader.read(ours.encode())
    assert in_flight.count == 0
