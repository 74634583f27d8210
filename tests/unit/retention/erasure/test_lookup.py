from __future__ import annotations

from datetime import datetime

import pytest

from lfr_core.common.errors import Refused
from lfr_core.retention.erasure.destruction_log import PublicEpoch
from lfr_core.retention.erasure.lookup import epochs_at


def epoch(start: str, seconds: int = 10) -> PublicEpoch:
    started_ns = round(datetime.fromisoformat(start).timestamp()) * 10**9
    ended_ns = started_ns + seconds * 10**9
    return PublicEpoch(started_ns=started_ns, ended_ns=ended_ns, fingerprint="f", destroyed_ns=ended_ns + 5 * 10**9)


SUMMER = epoch("2026-07-04T13:32:00+00:00")
NEXT = epoch("2026-07-04T13:32:10+00:00")


def test_a_time_on_the_street_is_english_time() -> None:
    assert epochs_at([SUMMER, NEXT], "14:32:07") == (SUMMER,)


def test_the_end_of_an_epoch_belongs_to_the_next() -> None:
    assert epochs_at([SUMMER, NEXT], "14:32:10") == (NEXT,)


def test_a_date_or_a_zone_may_be_said() -> None:
    assert epochs_at([SUMMER, NEXT], "2026-07-04T14:32:07") == (SUMMER,)
    assert epochs_at([SUMMER, NEXT], "2026-07-04T13:32:07+00:00") == (SUMMER,)
    assert epochs_at([SUMMER, NEXT], "2026-07-05T14:32:07") == ()


def test_the_hour_that_comes_twice_gives_both_answers() -> None:
    first, second = epoch("2026-10-25T00:30:00+00:00"), epoch("2026-10-25T01:30:00+00:00")

    assert epochs_at([first, second], "01:30:05") == (first, second)


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(Refused, match="no time"):
        epochs_at([SUMMER], "half past two")
