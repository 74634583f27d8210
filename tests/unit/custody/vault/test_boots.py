"""An admitted machine that is two is noticed by their boots; an honest one never is, whatever it does."""

from __future__ import annotations

import random

import pytest

from lfr_core.custody.vault.boots import LONGEST_BOOT, Boots, read_own_boot

VAN = "van-2 1"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def boots(clock: Clock) -> Boots:
    return Boots(clock)


def test_a_copy_that_is_used_beside_the_machine_is_noticed_once_both_showed_life(boots: Boots, clock: Clock) -> None:
    boots.note(VAN, "a", "10.0.0.2")
    boots.note(VAN, "copy", "10.0.0.9")
    clock.now = 29.0
    assert boots.note(VAN, "a", "10.0.0.2") is None
    clock.now = 31.0

    assert boots.note(VAN, "a", "10.0.0.2") == ("10.0.0.2", "10.0.0.9")


def test_a_copy_that_draws_a_boot_at_each_look_and_one_that_keeps_that_of_before_a_restart_are_noticed(
    boots: Boots, clock: Clock
) -> None:
    boots.note(VAN, "a", "10.0.0.2")
    for number in range(40):
        clock.now += 1.0
        boots.note(VAN, f"drawn {number}", "10.0.0.9")
        seen = boots.note(VAN, "a", "10.0.0.2")
    assert seen is not None

    boots.note("van-3 1", "old", "10.0.0.3")
    boots.note("van-3 1", "after a restart", "10.0.0.3")
    clock.now += 31.0
    assert boots.note("van-3 1", "old", "10.0.0.9") is not None


@pytest.mark.parametrize("seed", range(5))
def test_an_honest_machine_is_one_however_often_it_starts_from_wherever_it_comes_with_many_processes(
    boots: Boots, clock: Clock, seed: int
) -> None:
    drawn = random.Random(seed)
    for boot in range(100):
        clock.now += drawn.choice([0.0, 1.0, 100.0, 90_000.0])  # restarted at once, slept, or left for a day
        for _process in range(drawn.randint(1, 20)):
            clock.now += drawn.random()
            assert boots.note(VAN, str(boot), f"10.0.0.{drawn.randint(1, 9)}") is None


def test_what_an_ended_boot_had_sent_may_be_read_after_the_next_has_come(boots: Boots, clock: Clock) -> None:
    """The vault's machine had slept: both lay in its buffers."""
    boots.note(VAN, "a", "10.0.0.2")
    clock.now = 3_600.0
    boots.note(VAN, "b", "10.0.0.2")
    clock.now += 1.0

    assert boots.note(VAN, "a", "10.0.0.2") is None


def test_each_admission_begins_anew_and_machines_are_apart(boots: Boots, clock: Clock) -> None:
    for machine in (VAN, "van-2 2", "van-3 1"):
        boots.note(machine, "a" if machine == VAN else "b", "10.0.0.2")
    clock.now = 100.0

    assert boots.note("van-2 2", "b", "10.0.0.2") is None
    assert boots.note(VAN, "a", "10.0.0.2") is None


def test_this_machine_says_the_same_of_itself_each_time_and_short_enough() -> None:
    read_own_boot.cache_clear()
    first = read_own_boot()
    read_own_boot.cache_clear()

    assert first == read_own_boot()
    assert 8 <= len(first) <= LONGEST_BOOT
