"""Small numbers that a force keeps back are neither numbers nor nothing."""

from __future__ import annotations

from datetime import date

import pytest

from lfr_core.publication.compare import figures_of
from lfr_core.publication.quality.columns import Column
from lfr_core.publication.quality.findings import validate_table
from lfr_core.publication.quality.importer import read_table
from lfr_core.publication.quality.suppressed_cells import read_suppressed
from lfr_core.publication.quality.table import PublishedTable

HEADER = "Location,Date,Watchlist size,Total Alerts,True Alerts,False Alerts,Arrests,Faces seen"


def read(*rows: str, header: str = HEADER) -> PublishedTable:
    return read_table("\n".join((header, *rows)).encode(), "table")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("<5", 0, 4),
        (" < 5 ", 0, 4),
        ("<5*", 0, 4),
        ("&lt;5", 0, 4),
        ("fewer than 5", 0, 4),
        ("Less than five", 0, 4),
        ("under 10", 0, 9),
        ("<=4", 0, 4),
        ("\u22644", 0, 4),
        ("5 or fewer", 0, 5),
        ("up to 3", 0, 3),
        ("1-4", 1, 4),
        ("1 \u2013 4", 1, 4),
        ("1 to 4", 1, 4),
        ("<1", 0, 0),
        ("*", 0, None),
        ("[c]", 0, None),
        ("[low]", 0, None),
        ("Withheld", 0, None),
    ],
)
def test_a_number_that_is_kept_back_is_read_as_what_it_may_be(text: str, low: int, high: int | None) -> None:
    cell = read_suppressed(text)

    assert cell is not None
    assert (cell.low, cell.high) == (low, high)


@pytest.mark.parametrize(
    "text", ["", "5", "5*", "0", "nil", "none", "-", "n/a", "4-1", "2024-25", "<5,000", "5 [note 1]", "11:15-12:03"]
)
def test_what_says_a_number_or_nothing_is_not_kept_back(text: str) -> None:
    assert read_suppressed(text) is None


@pytest.mark.parametrize("kept", ["<5", "fewer than 5", "1-4", "*", "[c]"])
def test_a_row_that_keeps_the_number_of_false_alerts_back_is_in_no_sum_and_is_named(kept: str) -> None:
    table = read("Stratford,2025-03-01,5000,12,10,2,3,20013", f"Romford,2025-03-02,5000,9,7,{kept},3,10007")

    figures = figures_of(table)

    assert table.rows[1].count(Column.FALSE_ALERTS) is None
    assert any(f'false_alerts is "{kept}" in row 3' in note for note in table.notes)
    assert (figures.deployments, figures.left_out, figures.suppressed) == (1, (3,), (3,))
    assert (figures.false_alerts_per_face.k, figures.false_alerts_per_face.n) == (2, 20013)


def test_a_number_kept_back_is_no_defect_and_no_rule_takes_it_for_a_number() -> None:
    table = read("Stratford,2025-03-01,5000,12,10,<5,<5,20013", "Romford,2025-03-02,<5,9,7,2,*,10007")

    report = validate_table(table, today=date(2026, 11, 28))

    assert [each for each in report.findings if each.line is not None] == []


def test_a_number_kept_back_in_a_column_of_no_rate_leaves_the_row_in_the_rates() -> None:
    table = read("Stratford,2025-03-01,5000,12,10,2,<5,20013", "Romford,2025-03-02,5000,9,7,2,<5,10007")

    figures = figures_of(table)

    assert (figures.deployments, figures.left_out, figures.suppressed) == (2, (), ())
    assert any('outcome_arrest is "<5" in rows 2, 3' in note for note in table.notes)


@pytest.mark.parametrize("total_of_kept_back", ["<10", "", "3"])
def test_a_total_is_told_by_the_columns_in_which_nothing_is_kept_back(total_of_kept_back: str) -> None:
    table = read(
        "Stratford,2025-03-01,5000,12,10,2,<5,20013",
        "Romford,2025-03-02,5000,9,7,2,1,10007",
        f"Total,,,21,17,4,{total_of_kept_back},30020",
    )

    assert table.structural_faults == ()
    assert figures_of(table).deployments == 2
    assert "row 4 is the sum of rows 2 to 3: left out" in table.notes


def test_a_total_where_every_column_keeps_something_back_is_no_sum_that_anybody_could_check() -> None:
    table = read(
        "Stratford,2025-03-01,5000,<5,<5,<5,<5,<500", "Romford,2025-03-02,5000,9,7,2,1,10007", "Total,,,9,9,9,9,10600"
    )

    assert [fault.rule for fault in table.structural_faults] == ["total-mismatch"]


def test_parts_kept_back_beside_a_printed_whole_are_no_zero_in_the_precision() -> None:
    header = (
        "Location,Date,Total Alerts,True Alerts,True Confirmed,True Unconfirmed,"
        "False Confirmed,False Unconfirmed,False Alerts,Faces seen"
    )
    table = read("Stratford,2025-03-01,12,10,8,2,2,0,2,20013", "Romford,2025-03-02,9,7,<5,3,2,0,2,10007", header=header)

    assert figures_of(table).left_out == (3,)
    assert figures_of(table).precision_confirmed.k == 8


def test_nil_is_none_of_them() -> None:
    table = read("Stratford,2025-03-01,5000,10,10,nil,None,20013")

    assert table.rows[0].count(Column.FALSE_ALERTS) == 0
    assert table.rows[0].count(Column.OUTCOME_ARREST) == 0
    assert figures_of(table).false_alerts_per_face.k == 0
