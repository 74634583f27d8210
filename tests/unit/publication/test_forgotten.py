"""When faces were forgotten, by quarter of an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lfr_core.publication.site.forgotten import keys_csv, quarters
from lfr_core.retention.erasure.destruction_log import PublicEpoch

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def epoch(start_s: int, gone_s: int | None) -> PublicEpoch:
    """Ten seconds from `start_s` after noon."""
    at = round(NOON.timestamp())
    return PublicEpoch(
        started_ns=(at + start_s) * 10**9,
        ended_ns=(at + start_s + 10) * 10**9,
        fingerprint="f",
        destroyed_ns=None if gone_s is None else (at + gone_s) * 10**9,
    )


def test_a_quarter_is_forgotten_when_its_last_key_is_gone() -> None:
    found = quarters([epoch(0, 40), epoch(10, 25), epoch(900, 915)])

    assert [(one.start, one.gone) for one in found] == [
        (NOON, NOON + timedelta(seconds=40)),
        (NOON + timedelta(minutes=15), NOON + timedelta(seconds=915)),
    ]


def test_a_key_over_the_end_of_a_quarter_counts_for_both_and_one_that_stands_for_neither() -> None:
    found = quarters([epoch(0, 15), epoch(895, 910), epoch(905, None)])

    assert [one.gone for one in found] == [NOON + timedelta(seconds=910), None]
    assert quarters([]) == ()


def test_whoever_checks_finds_every_key() -> None:
    assert keys_csv([epoch(0, None)]).splitlines() == [
        "from,to,destroyed,fingerprint",
        "2026-11-23T12:00:00.000+00:00,2026-11-23T12:00:10.000+00:00,,f",
    ]
