from __future__ import annotations

import random
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from lfr_core.alerts.accounting import SessionTally, record_batch
from lfr_core.alerts.latency import bucket_of, milliseconds
from lfr_core.domain.messages import FrameResult, OutcomeBatch
from lfr_core.domain.outcomes import FrameCounts, FrameOutcome

FATES = ("not_sampled", "dropped_at_camera", "lost", *(outcome.value for outcome in FrameOutcome))


@dataclass(frozen=True, slots=True)
class Run:
    """What truly became of each frame of a session, and the messages that told of it."""

    fates: tuple[str, ...]
    batches: tuple[OutcomeBatch, ...]


def batch(*results: FrameResult, **named: object) -> OutcomeBatch:
    values = {"deployment": "d", "camera": "c", "session": "s", "reported_ns": 0, "results": results}
    return OutcomeBatch.model_validate(values | named)


def results_of(fates: tuple[str, ...]) -> list[FrameResult]:
    """The results of the frames that were recognised or refused, with the camera's running counts before each."""
    return [
        FrameResult(
            sequence=i,
            not_sampled=fates[:i].count("not_sampled"),
            dropped=fates[:i].count("dropped_at_camera"),
            outcome=FrameOutcome(fate),
        )
        for i, fate in enumerate(fates)
        if fate in FrameOutcome.__members__.values()
    ]


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Any schedule of sends, drops and losses; then batches split anywhere, some told again in an order kept.

    Redelivery is Kafka's: from some record on, everything comes again, in order.
    """
    fates = tuple(draw(st.lists(st.sampled_from(FATES), max_size=40)))
    results = results_of(fates)
    stream: list[FrameResult | int] = list(results)
    last = [r.sequence for r in results]
    # STATUS records stand anywhere between frames: captured so far.
    for at in draw(st.lists(st.integers(0, len(fates)), max_size=3)):
        stream.insert(sum(s < at for s in last) + sum(isinstance(x, int) and x <= at for x in stream), at)
    ordered = sorted(stream, key=lambda x: x if isinstance(x, int) else x.sequence + 0.5)
    ordered.append(len(fates))  # END
    told_again = list(ordered)
    for start in draw(st.lists(st.integers(0, len(ordered) - 1), max_size=3)):
        told_again += ordered[start:]
    rng = random.Random(draw(st.integers(0, 2**16)))
    return Run(fates, tuple(split(told_again, fates, rng)))


def split(stream: list[FrameResult | int], fates: tuple[str, ...], rng: random.Random) -> list[OutcomeBatch]:
    batches: list[OutcomeBatch] = []
    pending: list[FrameResult] = []
    for each in stream:
        if isinstance(each, int):
            batches.append(batch(*pending))
            pending = []
            before = fates[:each]
            batches.append(
                batch(
                    captured=each,
                    not_sampled=before.count("not_sampled"),
                    dropped=before.count("dropped_at_camera"),
                    ended=each == len(fates),
                )
            )
            continue
        if pending and (each.sequence <= pending[-1].sequence or rng.random() < 0.3):
            batches.append(batch(*pending))
            pending = []
        pending.append(each)
    return [*batches, batch(*pending)]


@given(runs())
def test_any_schedule_gives_a_balanced_count_equal_to_the_truth(run: Run) -> None:
    tally = SessionTally()
    for each in run.batches:
        tally = record_batch(tally, each).tally

        assert tally.counts.balanced
        assert tally.counts.captured == tally.next_sequence

    truth = FrameCounts(captured=len(run.fates), **{fate: run.fates.count(fate) for fate in FATES})
    assert tally.counts == truth
    assert tally.ended


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60)), max_size=6), max_size=8),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=3),
)
def test_a_camera_that_contradicts_itself_never_unbalances_the_count(
    lies: list[list[tuple[int, int, int]]], statuses: list[tuple[int, int]]
) -> None:
    tally = SessionTally()
    batches = [
        batch(*(FrameResult(sequence=s, not_sampled=n, dropped=d, outcome=FrameOutcome.RECOGNISED) for s, n, d in each))
        for each in lies
    ]
    for each in [*batches, *(batch(captured=c, not_sampled=n, dropped=0) for c, n in statuses)]:
        before = tally
        recorded = record_batch(tally, each)
        tally = recorded.tally

        assert tally.counts.balanced
        assert min(tally.counts.as_tuple()) >= 0
        assert before.counts + recorded.added == tally.counts


def test_what_comes_again_adds_no_figures() -> None:
    once = batch(FrameResult(sequence=0, not_sampled=0, dropped=0, outcome=FrameOutcome.RECOGNISED, latency_ms=80.0))
    first = record_batch(SessionTally(), once)

    again = record_batch(first.tally, once)

    assert (first.changed, first.latency_total_ms) == (True, 80.0)
    assert (again.changed, again.latency_total_ms, dict(again.latency)) == (False, 0.0, {})


def result(sequence: int, latency_ms: float = 0.0, outcome: FrameOutcome = FrameOutcome.RECOGNISED) -> FrameResult:
    return FrameResult(
        sequence=sequence,
        not_sampled=0,
        dropped=0,
        outcome=outcome,
        latency_ms=latency_ms,
        faces=3,
        tracks_started=2,
        tracks_compared=1,
    )


def test_faces_and_tracks_are_counted_with_their_frames_and_only_once() -> None:
    first = record_batch(SessionTally(), batch(result(0), result(1, outcome=FrameOutcome.DROPPED_STALE)))
    both = record_batch(first.tally, batch(result(1), result(2)))

    assert (first.faces, both.faces) == (6, 3)
    assert (both.tally.faces, both.tally.tracks_started, both.tally.tracks_compared) == (9, 6, 3)
    assert (both.added.captured, both.added.recognised, both.tally.counts.dropped_stale) == (1, 1, 1)


def test_latency_is_that_of_recognised_frames_each_within_what_a_clock_can_have_said() -> None:
    results_of = [result(0, 80.0), result(1, 40.0), result(2, -5.0), result(3, 1e12)]
    counted = record_batch(SessionTally(), batch(*results_of, result(4, 7.0, FrameOutcome.DEAD_LETTERED)))
    longest = milliseconds(bucket_of(1e12) + 1)

    assert counted.latency_total_ms == 80.0 + 40.0 + 0.0 + longest
    assert dict(counted.latency) == {bucket_of(80.0): 1, bucket_of(40.0): 1, 0: 1, bucket_of(1e12): 1}
    twice = record_batch(SessionTally(), batch(result(0, 80.0), result(1, 80.0)))
    assert dict(twice.latency) == {bucket_of(80.0): 2}


def test_results_are_counted_in_the_order_of_their_sequences_however_they_lie_in_a_batch() -> None:
    assert (
        record_batch(SessionTally(), batch(result(1), result(0))).tally
        == record_batch(SessionTally(), batch(result(0), result(1))).tally
    )


def test_a_camera_s_status_explains_the_gap_before_it_and_without_running_counts_the_gap_is_lost() -> None:
    results_of = record_batch(SessionTally(), batch(captured=10, not_sampled=4, dropped=3))
    assert results_of.added == FrameCounts(captured=10, not_sampled=4, dropped_at_camera=3, lost=3)
    assert (results_of.tally.next_sequence, results_of.tally.running_not_sampled, results_of.tally.running_dropped) == (
        10,
        4,
        3,
    )
    untold = record_batch(results_of.tally, batch(captured=12))
    assert untold.added == FrameCounts(captured=2, lost=2)
    assert (untold.tally.running_not_sampled, untold.tally.running_dropped, untold.changed) == (4, 3, True)
    again = record_batch(untold.tally, batch(captured=12, not_sampled=9, dropped=9))
    assert (again.tally, again.changed) == (untold.tally, False)


def test_a_camera_whose_running_counts_go_back_explains_nothing_and_what_it_said_before_stands() -> None:
    before = record_batch(SessionTally(), batch(captured=10, not_sampled=4, dropped=3)).tally
    after = record_batch(before, batch(captured=15, not_sampled=2, dropped=1))

    assert after.added == FrameCounts(captured=5, lost=5)
    assert (after.tally.running_not_sampled, after.tally.running_dropped) == (4, 3)


def test_a_session_that_ended_stays_ended() -> None:
    ended = record_batch(SessionTally(), batch(captured=1, ended=True)).tally

    assert (SessionTally().ended, ended.ended, record_batch(ended, batch(result(1))).tally.ended) == (False, True, True)
