from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lfr_core.publication.quality.cells import DateCell, read_date
from lfr_core.publication.quality.sequence import (
    expected_date,
    is_copy,
    list_size_spikes,
    out_of_order,
    rounded_share,
)


def cells(*texts: str) -> list[DateCell]:
    return [cell for text in texts if (cell := read_date(text))]


def test_a_year_slip_is_the_one_row_named_and_its_right_year_is_reported() -> None:
    read = cells("26/06/24", "28/06/24", "11/07/23", "11/07/24", "13/07/24")
    wrong = out_of_order([cell.value for cell in read])

    assert wrong == [2]
    assert expected_date(read, 2, wrong) == date(2024, 7, 11)


def test_swapped_day_and_month_are_seen_and_put_right() -> None:
    read = cells("01/03/24", "05/03/24", "03/07/24", "12/03/24", "14/03/24")  # 7 March written the American way
    wrong = out_of_order([cell.value for cell in read])

    assert wrong == [2]
    assert expected_date(read, 2, wrong) == date(2024, 3, 7)


def test_a_date_with_no_reading_between_its_neighbours_is_not_guessed() -> None:
    read = cells("01/03/24", "05/03/24", "29/12/24", "12/03/24", "14/03/24")

    assert expected_date(read, 2, [2]) is None


@given(days=st.lists(st.dates(date(2020, 1, 1), date(2030, 1, 1)), max_size=30), newest_first=st.booleans())
def test_a_table_in_order_has_no_date_out_of_it_whichever_way_it_runs(*, days: list[date], newest_first: bool) -> None:
    assert out_of_order(sorted(days, reverse=newest_first)) == []


@given(st.lists(st.dates(date(2020, 1, 1), date(2030, 1, 1)), min_size=1, max_size=12))
def test_what_is_left_is_in_order_and_no_more_is_left_out_than_must_be(days: list[date]) -> None:
    wrong = out_of_order(days)
    left = [day for i, day in enumerate(days) if i not in wrong]
    longest = max(_longest(days), _longest([date(2060, 1, 1) - (day - date(2000, 1, 1)) for day in days]))

    assert left in (sorted(left), sorted(left, reverse=True))
    assert len(left) == longest


def _longest(days: list[date]) -> int:
    """The length of the longest part that never goes back, by the plain quadratic way."""
    best: list[int] = []
    for i, day in enumerate(days):
        best.append(1 + max((best[j] for j in range(i) if days[j] <= day), default=0))
    return max(best)


def test_a_slipped_digit_in_a_list_size_is_seen_and_the_right_size_told() -> None:
    sizes: list[int | None] = [16_110, 16_130, 16_121, 16_150, 19_199, 16_140, 16_188, 16_199, 16_210]  # Bond St, 2025
    spikes = list_size_spikes(sizes)

    assert [i for i, spike in enumerate(spikes) if spike and spike.is_implausible] == [4]
    assert spikes[4] is not None
    assert spikes[4].slip == 16_199


def test_a_list_that_grows_for_good_is_no_slip() -> None:
    sizes: list[int | None] = [9_800, 9_744, 9_816, 9_790, 12_056, 12_100, 11_980, 12_187, 12_168]

    assert not any(spike and spike.is_implausible for spike in list_size_spikes(sizes))


def test_a_force_whose_lists_vary_is_measured_by_its_own_variation() -> None:
    sizes: list[int | None] = [900, 3_100, 1_200, 2_700, 800, 3_300, 1_100, 2_600, 1_000, 3_000]

    assert not any(spike and spike.is_implausible for spike in list_size_spikes(sizes))


def test_a_few_rows_say_nothing_of_what_is_usual() -> None:
    assert list_size_spikes([100, 100, 900, 100]) == [None] * 4


def test_a_copied_column_is_seen_and_small_numbers_alike_by_chance_are_not() -> None:
    assert is_copy([0, 3, 5, 2, 7, 4, 6, 3, 0, 9], [0, 3, 5, 2, 7, 4, 6, 3, 0, 9])
    assert not is_copy([0, 3, 5, 2, 7, 4, 6, 3, 0, 9], [0, 3, 5, 2, 7, 4, 6, 3, 0, 8])
    assert not is_copy([0, 1, 0, 1, 0, 1], [0, 1, 0, 1, 0, 1])


def test_rounded_counts_are_distinguished_from_counts() -> None:
    assert rounded_share([15 * i for i in range(20, 80)]) == (1.0, True)
    assert not rounded_share([1_000 + 7 * i for i in range(60)])[1]
    assert rounded_share([]) == (0.0, False)


def test_the_order_check_is_quick_for_a_long_series() -> None:
    start = date(2020, 1, 1)
    days = [start + timedelta(days=i // 3) for i in range(20_000)]

    assert out_of_order(days) == []
