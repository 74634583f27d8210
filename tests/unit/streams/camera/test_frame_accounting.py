from __future__ import annotations

import random
import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from streams.camera.frame_accounting import Counts, Ledger, Picture
from streams.camera.stop_token import StopToken

EVENTS = st.lists(st.sampled_from(["skip", "drop", "offer", "take", "take-refuse", "settled"]), max_size=200)


def explained(records: list[Counts]) -> bool:
    """Whether the counts explain each gap: b - a - 1 = d(not_sampled) + d(dropped)."""
    sequence, known = -1, 0
    for record in records:
        if record.sequence - sequence - 1 != record.not_sampled + record.dropped - known:
            return False
        sequence, known = record.sequence, record.not_sampled + record.dropped
    return True


@given(EVENTS)
def test_the_counts_in_sent_headers_explain_every_gap_whatever_the_order_of_events(events: list[str]) -> None:
    ledger, stop_token = Ledger(wait=False), StopToken()
    sent: list[Counts] = []
    for event in events:
        if event == "skip":
            ledger.skip()
        elif event == "drop":
            ledger.drop()
        elif event == "offer":
            ledger.offer(Picture(0, b""), stop_token)
        elif event == "settled":
            now = ledger.settled()
            assert explained([*sent, now])
        elif (taken := ledger.take(0)) is not None:
            if event == "take":
                sent.append(taken.counts)
            else:
                ledger.refuse()
    ledger.close()
    if (taken := ledger.take(0)) is not None:
        sent.append(taken.counts)

    end = ledger.settled()

    assert explained([*sent, end])
    assert end.sequence == end.not_sampled + end.dropped + len(sent) == ledger.totals().sequence


def test_the_counts_explain_every_gap_with_two_threads_racing() -> None:
    ledger, stop_token = Ledger(wait=False), StopToken()
    sent: list[Counts] = []
    chance = random.Random(5)

    def capture() -> None:
        for _ in range(20_000):
            draw = chance.random()
            if draw < 0.5:
                ledger.skip()
            elif draw < 0.6:
                ledger.drop()
            else:
                ledger.offer(Picture(0, b""), stop_token)
        ledger.close()

    thread = threading.Thread(target=capture)
    thread.start()
    turn = 0
    while not ledger.finished:
        if (taken := ledger.take(0.01)) is not None:
            turn += 1
            if turn % 5:
                sent.append(taken.counts)
            else:
                ledger.refuse()
    thread.join()
    end = ledger.settled()

    assert explained([*sent, end])
    assert end.sequence == 20_000 == end.not_sampled + end.dropped + len(sent)


def test_the_newest_frame_wins_and_the_replaced_one_is_dropped() -> None:
    ledger, stop_token = Ledger(wait=False), StopToken()
    for name in (b"old", b"new"):
        ledger.offer(Picture(0, name), stop_token)

    taken = ledger.take(0)

    assert taken is not None
    assert (taken.picture.jpeg, taken.counts) == (b"new", Counts(1, 0, 1))


def test_with_back_pressure_capture_waits_until_the_frame_is_taken() -> None:
    ledger, stop_token = Ledger(wait=True), StopToken()
    ledger.offer(Picture(0, b"first"), stop_token)
    second = threading.Thread(target=ledger.offer, args=(Picture(0, b"second"), stop_token))
    second.start()
    time.sleep(0.05)

    assert second.is_alive()
    assert ledger.totals() == Counts(1, 0, 0)
    ledger.take(0)
    second.join(5)
    assert ledger.totals() == Counts(2, 0, 0)


def test_with_back_pressure_a_halt_ends_the_wait() -> None:
    ledger, stop_token = Ledger(wait=True), StopToken()
    ledger.offer(Picture(0, b"first"), stop_token)
    second = threading.Thread(target=ledger.offer, args=(Picture(0, b"second"), stop_token))
    second.start()

    stop_token.set()
    second.join(5)

    assert not second.is_alive()
    assert ledger.totals() == Counts(2, 0, 1)


def test_what_a_hanging_capture_brings_after_the_end_is_not_counted() -> None:
    ledger = Ledger(wait=False)
    ledger.skip()
    ledger.close()

    ledger.skip()
    ledger.drop()
    ledger.offer(Picture(0, b""), StopToken())

    assert ledger.finished
    assert ledger.totals() == Counts(1, 1, 0)
