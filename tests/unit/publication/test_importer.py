from __future__ import annotations

import tracemalloc
from datetime import date

import pytest

from lfr_core.common.errors import LfrError, Poison, Refused
from lfr_core.publication.quality.columns import MODERN, Column
from lfr_core.publication.quality.headings import column_of
from lfr_core.publication.quality.importer import MAX_BYTES, read_table
from lfr_core.publication.quality.table import PublishedTable
from lfr_core.publication.record_builder import from_figures
from lfr_core.publication.tabular import csv_text
from tests.support.publication import ENDED, MODERN_HEADER, POLICY, alert, figures, modern_row, modern_table


def read(text: str, encoding: str = "utf-8") -> PublishedTable:
    return read_table(text.encode(encoding), "table")


GENERATION_2023 = (  # docs/domain.md 2.1
    "Deployment Location,Date,Duration of Deployment,LFR Purpose Reference,Watchlist Size,Min Threshold Setting,"
    "Total Alerts,True Alerts: Confirmed,True Alerts: Unconfirmed,False Alerts: Confirmed,False Alerts: Unconfirmed,"
    "False Alert Rate,Engagement Outcomes: Arrest,Other Disposal,No Action,Faces seen (Estimate)"
)
GENERATION_2020 = (
    "Deployment,Date (DD/MM/YY),Purpose Reference,Watchlist Size,Total Alerts,True Alerts (note 1),"
    "True Alert Engagements,False Alert / Confirmed False Alerts,False Alert / Confirmed False Alert Engagements,"
    "False Alert Rate,Arrests / Disposals,Faces seen (Estimate)"
)


@pytest.mark.parametrize("header", [MODERN_HEADER, GENERATION_2023.split(",")], ids=["2025", "2023-24"])
def test_the_sixteen_columns_are_known_in_both_later_generations(header: list[str]) -> None:
    assert tuple(map(column_of, header)) == MODERN


def test_the_columns_of_2020_to_2022_keep_their_own_meaning() -> None:
    table = read(f"{GENERATION_2020}\nStratford,11/02/20,1,5000,8,7,5,1,1,0.01%,2,8600\n")

    assert table.generation == "Met 2020-22"
    assert table.unknown == ()
    assert table.rows[0].count(Column.TRUE_ALERTS) == 7
    assert table.rows[0].count(Column.FALSE_ENGAGEMENTS) == 1
    assert not table.has(Column.TRUE_CONFIRMED)


def test_our_own_records_are_read_back() -> None:
    record = from_figures(figures([alert("TC", "a", "arrest")]), policy=POLICY, published_at=ENDED)
    table = read(csv_text([record]))

    assert table.generation == "OpenLFR"
    assert table.faults == ()
    assert table.rows[0].date is not None
    assert table.rows[0].date.spelling == "ISO 8601"
    assert table.rows[0].count(Column.FACES_COMPARED) == 12_400


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16")],
)
def test_encodings_are_distinguished_and_only_others_than_utf_8_are_a_defect(encoding: str, named: str) -> None:
    table = read(modern_table([modern_row(1, **{"Deployment Location": "Ealing B’way"})]), encoding)

    assert (table.encoding, table.rows[0].location) == (named, "Ealing B’way")
    assert [fault.rule for fault in table.faults] == ([] if named == "UTF-8" else ["encoding"])


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_usual_separator_will_do(separator: str) -> None:
    assert len(read(modern_table([modern_row(1), modern_row(2)], separator)).rows) == 2


def test_empty_lines_titles_footnotes_totals_and_repeated_headers_are_no_deployments() -> None:
    text = modern_table([modern_row(1), modern_row(2)])
    header, one, two = text.splitlines()
    blank = "," * (len(MODERN_HEADER) - 1)
    total = ["Total", *[""] * 5, "15", *[""] * 9]
    lines = [
        "LFR Deployment Grid",
        blank,
        header,
        one,
        blank,
        header,
        two,
        ",".join(total),
        "",
        "* A True Alert is one",
    ]
    table = read("\r\n".join(lines))

    assert [row.number for row in table.rows] == [4, 7]
    assert table.footnotes == ("* A True Alert is one",)
    assert table.notes == ("row 6 has the header again", "row 8 is the sum of rows 4 to 7: left out")
    assert table.faults == ()


def test_a_header_of_two_lines_under_merged_cells_is_read() -> None:
    above = "Deployment Location,Date,Watchlist Size,Total Alerts,True Alerts,,False Alerts,,Faces seen"
    below = ",,,,Confirmed,Unconfirmed,Confirmed,Unconfirmed,"
    table = read(f"{above}\n{below}\nCamden,06/04/23,9764,3,1,1,1,0,5460\n")

    assert table.rows[0].number == 3
    assert [table.rows[0].count(column) for column in MODERN[7:11]] == [1, 1, 1, 0]


def test_a_cell_merged_over_the_sessions_of_a_day_is_filled_and_noted_and_never_into_another_day() -> None:
    first = modern_row(1)
    second = modern_row(1, **{"Date (DD/MM/YY)": "", "Watchlist Size": "", "Deployment Location": "Elsewhere"})
    third = modern_row(3, **{"Watchlist Size": ""})
    table = read(modern_table([first, second, third]))

    assert table.rows[1].date == table.rows[0].date
    assert table.rows[1].count(Column.WATCHLIST_SIZE) == table.rows[0].count(Column.WATCHLIST_SIZE)
    assert table.rows[1].location == "Elsewhere"
    assert table.rows[2].count(Column.WATCHLIST_SIZE) is None
    assert len(table.notes) == 1


def test_a_cell_that_cannot_be_read_is_a_finding_and_the_rest_of_its_row_is_kept() -> None:
    table = read(modern_table([modern_row(1, **{"Total Alerts": "some", "Date (DD/MM/YY)": "31/02/25"})]))

    assert [(f.rule, f.line, f.value) for f in table.faults] == [
        ("cell-unreadable", 2, "some"),
        ("cell-unreadable", 2, "31/02/25"),
    ]
    assert table.rows[0].count(Column.FACES_SEEN) == 14_001


def test_line_breaks_within_cells_do_not_shift_rows() -> None:
    text = modern_table([modern_row(1, **{"Deployment Location": "High\nStreet"}), modern_row(2)])

    assert [(row.number, row.location) for row in read(text).rows] == [(2, "High Street"), (3, "Place 2, Town")]


def test_an_unknown_column_is_named() -> None:
    header, row = modern_table([modern_row(1)]).splitlines()

    assert read(f"{header},Weather\n{row},fine\n").unknown == ("Weather",)


@pytest.mark.parametrize(
    ("heading", "minutes"),
    [("Duration (hours)", 300), ("Hours deployed", 300), ("Duration (mins)", 5), ("Duration (hours and mins)", 5)],
)
def test_a_heading_says_whether_a_number_alone_is_of_hours_or_minutes(heading: str, minutes: int) -> None:
    table = read(modern_table([modern_row(1, Duration="5")]).replace("Duration", heading, 1))

    assert table.unknown == ()
    assert table.rows[0].duration is not None
    assert table.rows[0].duration.minutes == minutes


def test_two_digit_years_are_of_this_century() -> None:
    cell = read(modern_table([modern_row(1)])).rows[0].date

    assert cell is not None
    assert cell.value == date(2025, 1, 8)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no table"),
        (b"name,age\nx,3\n", "no header with|no table"),
        (b"Date,Total Alerts\n01/01/24,3\n", "location"),
        (modern_table([]).encode(), "no deployment below"),
        (b"PK\x03\x04....", "spreadsheet"),
        (b"%PDF-1.7\x00\x01", "isn't a text file"),
        (b"\x81\x8d\xff,", "no table"),
        (b"\xff\xfe\x00", "damaged"),
        (b"a" * (MAX_BYTES + 1), "split it"),
    ],
    ids=["empty", "other table", "columns missing", "no rows", "spreadsheet", "pdf", "bytes", "half utf-16", "large"],
)
def test_what_is_no_table_is_refused_with_what_to_do(data: bytes, says: str) -> None:
    with pytest.raises(LfrError, match=says):
        read_table(data, "table")


def test_a_table_of_endless_lines_is_read_no_further_than_it_is_taken() -> None:
    header = modern_table([])
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match="more than 100,000 lines"):
            read_table(header.encode() + b"\n" * (MAX_BYTES - 10_000), "table")
        with pytest.raises(Poison):
            read_table(b"\n" * 10_000_000 + header.encode(), "table")
        assert tracemalloc.get_traced_memory()[1] < 20 * MAX_BYTES
    finally:
        tracemalloc.stop()


def test_an_overlong_cell_is_refused() -> None:
    with pytest.raises(Poison):
        read(modern_table([modern_row(1, **{"Deployment Location": "x" * 200_000})]))
