"""The error tree as the command line shows it, and time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from apps.cli.common import guard
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.errors import Fatal, LfrError, Poison, Refused, Retryable, Stale
from lfr_core.common.settings import load_settings

ERRORS = [Retryable("away"), Poison("broken"), Stale("old"), Refused("a.rule", "no"), Fatal("stop")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_of_ours_becomes_one_sentence_and_a_failing_exit_code(
    error: LfrError, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as caught, guard():
        raise error

    output = capsys.readouterr()
    assert caught.value.exit_code == error.exit_code != 0
    assert output.out == ""
    assert str(error) in output.err
    assert "Traceback" not in output.err


def test_a_refusal_names_its_rule(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), guard():
        raise Refused("watchlist.entry-expired", "too late")

    assert "watchlist.entry-expired" in capsys.readouterr().err


def test_markup_in_an_error_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), guard():
        raise Poison("no such subject: [red]O'Brien[/red]")

    assert "[red]O'Brien[/red]" in capsys.readouterr().err


def test_a_bug_is_not_dressed_up_as_an_error_of_ours() -> None:
    with pytest.raises(ZeroDivisionError), guard():
        raise ZeroDivisionError


def test_an_interrupt_ends_quietly_with_its_own_code() -> None:
    with pytest.raises(typer.Exit) as caught, guard():
        raise KeyboardInterrupt

    assert caught.value.exit_code == 130


def test_every_kind_of_error_is_distinguished_by_its_exit_code() -> None:
    kinds: list[type[LfrError]] = [Retryable, Poison, Refused, Fatal, LfrError]

    assert len({kind.exit_code for kind in kinds}) == len(kinds)


def test_settings_that_cant_be_used_are_fatal_and_named_as_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LFR_WORKERS", "few")

    with pytest.raises(Fatal, match="LFR_WORKERS"):
        load_settings()


def test_an_away_service_says_when_to_ask_again() -> None:
    assert Retryable("away", retry_after_s=3.0).retry_after_s == 3.0


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_nanoseconds_become_a_utc_time_exact_to_the_microsecond(time_ns: int) -> None:
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_ns // 1_000)

    assert utc_from_ns(time_ns) == expected


def test_the_machines_clock_goes_on() -> None:
    clock = SystemClock()
    wall, ticks = clock.time_ns(), clock.monotonic()

    assert abs(datetime.now(UTC) - utc_from_ns(clock.time_ns())) < timedelta(seconds=5)
    assert clock.time_ns() >= wall
    assert clock.monotonic() >= ticks
