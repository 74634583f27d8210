"""A planner sees how long a list takes yet."""

from __future__ import annotations

import pytest

from apps.planner.jobs import words_of_time_left


@pytest.mark.parametrize(
    ("done", "total", "elapsed_s", "said"),
    [
        (0, 10_000, 60, ""),
        (10, 10_000, 1, ""),  # the models were being loaded
        (1_000, 10_000, 60, ", about 9 minutes left"),
        (5_000, 10_000, 20, ", less than a minute left"),
        (10_000, 10_000, 600, ""),
    ],
)
def test_the_time_left_is_told_at_the_pace_so_far(done: int, total: int, elapsed_s: float, said: str) -> None:
    assert words_of_time_left(done, total, elapsed_s) == said
