from __future__ import annotations

import random
import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from streams.camera.frame_accounting import Counts, FrameAccounts, Picture
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
    accounts, stop_token = FrameAccounts(wait=False), StopToken()
    sent: list[Counts] = []
    for event in events:
        if event == "skip":
            accounts.skip()
        elif event == "drop":
            accounts.drop()
        elif event == "offer":
            accounts.offer(Picture(0, b""), stop_token)
        elif event == "settled":
            now = accounts.settled()
            assert explained([*sent, now])
        elif (taken := accounts.take(0)) is not None:
            if event == "take":
                sent.append(taken.counts)
            else:
                accounts.refuse()
    accounts.close()
    if (taken := accounts.take(0)) is not None:
        sent.append(taken.counts)

    end = accounts.settled()

    assert explained([*sent, end])
    assert end.sequence == end.not_sampled + end.dropped + len(sent) == accounts.totals().sequence


def test_the_counts_explain_every_gap_with_two_threads_racing() -> None:
    accounts, stop_token = FrameAccounts(wait=False), StopToken()
    sent: list[Counts] = []
    chance = random.Random(5)

    def capture() -> None:
        for _ in range(20_000):
            draw = chance.random()
            if draw < 0.5:
                accounts.skip()
            elif draw < 0.6:
                accounts.drop()
            else:
                accounts.offer(Picture(0, b""), stop_token)
        accounts.close()

    thread = threading.Thread(target=capture)
    thread.start()
    turn = 0
    while not accounts.finished:
        if (taken := accounts.take(0.01)) is not None:
            turn += 1
            if turn % 5:
                sent.append(taken.counts)
            else:
                accounts.refuse()
    thread.join()
    end = accounts.settled()

    assert explained([*sent, end])
    assert end.sequence == 20_000 == end.not_sampled + end.dropped + len(sent)


def test_the_newest_frame_wins_and_the_replaced_one_is_dropped() -> None:
    accounts, stop_token = FrameAccounts(wait=False), StopToken()
    for name in (b"old", b"new"):
        accounts.offer(Picture(0, name), stop_token)

    taken = accounts.take(0)

    assert taken is not None
    assert (taken.picture.jpeg, taken.counts) == (b"new", Counts(1, 0, 1))


def test_with_back_pressure_capture_waits_until_the_frame_is_taken() -> None:
    accounts, stop_token = FrameAccounts(wait=True), StopToken()
    accounts.offer(Picture(0, b"first"), stop_token)
    second = threading.Thread(target=accounts.offer, args=(Picture(0, b"second"), stop_token))
    second.start()
    time.sleep(0.05)

    assert second.is_alive()
    assert accounts.totals() == Counts(1, 0, 0)
    accounts.take(0)
    second.join(5)
    assert accounts.totals() == Counts(2, 0, 0)


def test_with_back_pressure_a_halt_ends_the_wait() -> None:
    accounts, stop_token = FrameAccounts(wait=True), StopToken()
    accounts.offer(Picture(0, b"first"), stop_token)
    second = threading.Thread(target=accounts.offer, args=(Picture(0, b"second"), stop_token))
    second.start()

    stop_token.set()
    second.join(5)

    assert not second.is_alive()
    assert accounts.totals() == Counts(2, 0, 1)


def test_what_a_hanging_capture_brings_after_the_end_is_not_counted() -> None:
    accounts = FrameAccounts(wait=False)
    accounts.skip()
    accounts.close()

    accounts.skip()
    accounts.drop()
    accounts.offer(Picture(0, b""), StopToken())

    assert accounts.finished
    assert accounts.totals() == Counts(1, 1, 0)
