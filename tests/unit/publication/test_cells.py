from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from lfr_core.publication.quality.cells import (
    UnreadableCell,
    clean,
    read_count,
    read_date,
    read_decimal,
    read_duration,
    read_rate,
)
from lfr_core.publication.quality.headings import column_of


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("16,199", 16_199),
        ("16 199", 16_199),
        ("16\u00a0199*", 16_199),
        ("12.0", 12),
        ("1,234.00", 1_234),
        ("1\u00ad,2\u200b34", 1_234),
        (" 7 [a]", 7),
        ("3 (note 1)", 3),
        ("-4", -4),
        ("", None),
        ("–", None),
        ("N/A", None),
    ],
)
def test_counts_are_read_however_they_are_set(text: str, count: int | None) -> None:
    assert read_count(text) == count


@pytest.mark.parametrize(
    "text", ["16.199", "20.000", "1.000", "1,23", "about 40", "1-4", "12 (7)", "12.5", "12.50", "0x1F", "١٢x"]
)
def test_what_is_no_count_is_not_guessed(text: str) -> None:
    with pytest.raises(UnreadableCell):
        read_count(text)


@pytest.mark.parametrize(
    ("text", "day", "spelling"),
    [
        ("06/04/23", date(2023, 4, 6), "day, month, two-digit year"),
        ("6.4.2023", date(2023, 4, 6), "day, month, four-digit year"),
        ("06-Apr-23", date(2023, 4, 6), "month in words"),
        ("6th April 2023", date(2023, 4, 6), "month in words"),
        ("2023-04-06", date(2023, 4, 6), "ISO 8601"),
        ("2023-04-06 00:00:00", date(2023, 4, 6), "ISO 8601"),
        ("2023-04-06 00:00", date(2023, 4, 6), "ISO 8601"),
        ("2023-04-06T00:00:00Z", date(2023, 4, 6), "ISO 8601"),
        ("20230406", date(2023, 4, 6), "ISO 8601"),
        ("2023/04/06", date(2023, 4, 6), "year, month, day"),
        ("2023-4-6", date(2023, 4, 6), "year, month, day"),
        ("06/04/2023 00:00", date(2023, 4, 6), "day, month, four-digit year"),
        ("06/04/23 10:30", date(2023, 4, 6), "day, month, two-digit year"),
        ("06\u201104\u20112023", date(2023, 4, 6), "day, month, four-digit year"),
        ("06\u201304\u20132023", date(2023, 4, 6), "day, month, four-digit year"),
        ("06/\u200b04/2023\u00ad", date(2023, 4, 6), "day, month, four-digit year"),
        ("April 6, 2023", date(2023, 4, 6), "month in words"),
        ("Thu, Apr 6th 2023", date(2023, 4, 6), "month in words"),
    ],
)
def test_dates_are_read_with_the_day_first(text: str, day: date, spelling: str) -> None:
    cell = read_date(text)

    assert cell is not None
    assert (cell.value, cell.spelling) == (day, spelling)


@pytest.mark.parametrize(
    "text",
    ["04/25/23", "31/02/24", "45022", "2023-13-01", "20231301", "Smarch 6 2023", "2023-04-06T00:00+09:00", "soon"],
)
def test_what_is_no_date_is_not_guessed(text: str) -> None:
    with pytest.raises(UnreadableCell):
        read_date(text)


@pytest.mark.parametrize(
    ("text", "minutes", "spelling"),
    [  # the three of docs/domain.md 2.3 first
        ("5h03m", 303, "5h03m"),
        ("4hr 47m", 287, "4hr 47m"),
        ("5h40", 340, "5h40"),
        ("6h 13m", 373, "6h 13m"),
        ("5:03", 303, "5:03"),
        ("2 hours 5 minutes", 125, "5 hours 3 minutes"),
        ("303", 303, "minutes"),
        ("303 mins", 303, "minutes"),
        ("5h03min", 303, "6 h 13 min"),
        ("5 h 3 m", 303, "6 h 13 min"),
        ("5 hrs, 3 minutes", 303, "4hr 47m"),
        ("5:03 hours", 303, "5:03"),
    ],
)
def test_durations_are_read_and_their_spelling_is_reported(text: str, minutes: int, spelling: str) -> None:
    cell = read_duration(text)

    assert cell is not None
    assert (cell.minutes, cell.spelling) == (minutes, spelling)


@pytest.mark.parametrize("text", ["5h72m", "all day", "5.5h"])
def test_what_is_no_duration_is_not_guessed(text: str) -> None:
    with pytest.raises(UnreadableCell):
        read_duration(text)


@pytest.mark.parametrize(("text", "minutes"), [("5", 300), ("5.5", 330), ("5h03m", 303), ("10:00-15:30", 330)])
def test_a_number_alone_is_of_hours_where_the_heading_says_so(text: str, minutes: int) -> None:
    cell = read_duration(text, in_hours=True)

    assert cell is not None
    assert cell.minutes == minutes


@pytest.mark.parametrize(
    ("text", "in_percent", "true_rate", "fits"),
    [
        ("0.01%", False, 1 / 3_940, False),  # Croydon, George Street, 07/12/23: 0.025 %
        ("0.03%", False, 1 / 3_940, True),
        ("0.025%", False, 1 / 3_940, True),
        ("0.03", True, 1 / 3_940, True),
        ("0.03", False, 1 / 3_940, False),
        ("1 in 3,940", False, 1 / 3_940, True),
        ("0%", False, 0.0, True),
        ("0.00%", False, 1 / 30_000, True),
        (f"{100 * (1 / 3_940):.17f}%", False, 1 / 3_940, True),  # a formula's
        (f"{1 / 3_940:.20f}", False, 1 / 3_940 * (1 + 1e-9), False),
    ],
)
def test_a_rate_holds_when_it_rounds_to_the_digits_printed(
    text: str, *, in_percent: bool, true_rate: float, fits: bool
) -> None:
    cell = read_rate(text, in_percent=in_percent)

    assert cell is not None
    assert (cell.low <= true_rate <= cell.high) == fits


def test_a_threshold_may_be_a_per_cent() -> None:
    assert read_decimal("64%") == pytest.approx(0.64)
    assert read_decimal("0.64 *") == pytest.approx(0.64)
    assert read_decimal("0,64") == pytest.approx(0.64)
    with pytest.raises(UnreadableCell):
        read_decimal("high")


@pytest.mark.parametrize("read", [read_count, read_decimal, read_date, read_duration])
@pytest.mark.parametrize("cell", ["9" * 5_000, "*" * 100_000 + "x", "(note" * 20_000, "[" * 100_000 + "]"])
def test_a_cell_longer_than_any_value_is_a_finding_at_once(read: Callable[[str], object], cell: str) -> None:
    with pytest.raises(UnreadableCell):
        read(cell)


def test_footnotes_by_the_thousand_are_taken_off_as_one_is() -> None:
    assert clean("7" + " [a] * (see note 3)" * 5_000) == "7"
    assert clean("7 (of which 2)") == "7 (of which 2)"


def test_a_header_longer_than_any_names_no_column() -> None:
    assert column_of("Location (note" + "(note" * 20_000) is None
