"""Frame keys die with their time on the real clock, while the records answer nobody and the cores are busy."""

from __future__ import annotations

import pytest

from bench.expiry import GIVE_UP_S, every_core_busy, measure

LATE_S = 4.0
"""The goal is `bench.expiry.GOAL_S`, on a machine that does nothing else; what waits for the records waits for ever."""


@pytest.mark.slow
def test_with_the_records_blocked_and_every_core_busy_keys_die_within_epoch_and_grace() -> None:
    with every_core_busy():
        late = measure(60)

    assert len(late.each) >= 60
    assert late.worst < LATE_S < GIVE_UP_S
