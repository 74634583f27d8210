"""The clock's rules: a jump shuts the vault and destroys nothing that isn't due; a clock set back is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal, Refused
from lfr_core.custody.vault.clockguard import ClockGuard
from tests.support.vault_core import TwoClocks

DAY_S = 86_400.0


def guard(clock: TwoClocks, folder: Path) -> ClockGuard:
    return ClockGuard(clock, folder / "latest-time.json", jump_s=2.0)


def test_time_that_passes_is_no_jump_nor_is_a_night_in_which_the_machine_slept(tmp_path: Path) -> None:
    clock = TwoClocks()
    looks = guard(clock, tmp_path)

    for seconds in (0.1, 5.0, 3_600.0, DAY_S):
        clock.advance(seconds)

        assert looks.now_ns() == clock.time_ns()


@pytest.mark.parametrize("step_s", [DAY_S, 3.0, -3.0, -DAY_S])
def test_a_stepped_clock_is_refused_from_then_on_even_when_it_is_stepped_back(tmp_path: Path, step_s: float) -> None:
    clock = TwoClocks()
    looks = guard(clock, tmp_path)
    clock.step(step_s)

    for _ in range(2):
        with pytest.raises(Refused) as refused:
            looks.now_ns()
        clock.step(-step_s)

    assert refused.value.rule == "vault.clock"
    assert "restart the vault" in str(refused.value)


def test_a_step_forward_and_a_restart_leave_no_latest_time_that_was_never_true(tmp_path: Path) -> None:
    clock = TwoClocks()
    looks = guard(clock, tmp_path)
    looks.now_ns()
    clock.step(DAY_S)
    with pytest.raises(Refused):
        looks.now_ns()
    clock.step(-DAY_S)

    assert guard(clock, tmp_path).now_ns() == clock.time_ns()


def test_a_clock_that_is_earlier_after_a_restart_is_refused_until_it_has_caught_up(tmp_path: Path) -> None:
    clock = TwoClocks()
    guard(clock, tmp_path).now_ns()
    clock.step(-DAY_S)
    restarted = guard(clock, tmp_path)
    with pytest.raises(Refused) as refused:
        restarted.now_ns()
    clock.advance(DAY_S)

    assert refused.value.rule == "vault.clock"
    assert restarted.now_ns() == clock.time_ns()


def test_a_damaged_file_of_the_latest_time_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latest-time.json").write_text("{")

    with pytest.raises(Fatal):
        guard(TwoClocks(), tmp_path)
