"""Which lines of other forces' tables are deployments, whatever words stand beside them."""

from __future__ import annotations

import csv
import io

import pytest

from lfr_core.common.errors import Poison, Refused
from lfr_core.publication.compare import figures_of
from lfr_core.publication.quality.columns import COUNTS, Column
from lfr_core.publication.quality.headings import column_of
from lfr_core.publication.quality.importer import read_table
from lfr_core.publication.quality.table import PublishedTable
from tests.support.publication import MODERN_HEADER, modern_row, modern_table
from tests.support.workbook_files import DayCell, ods, xlsx

SUMMED = ("Total Alerts", *MODERN_HEADER[7:11], *MODERN_HEADER[12:])
DAYS = range(1, 11)


def read(text: str | bytes) -> PublishedTable:
    return read_table(text.encode() if isinstance(text, str) else text, "table")


def summed(rows: list[dict[str, str]], label: str, **changes: str) -> dict[str, str]:
    """A row with the sums of `rows`, and nothing else but its label."""
    sums = {name: str(sum(int(row[name].replace(",", "")) for row in rows)) for name in SUMMED}
    return dict.fromkeys(MODERN_HEADER, "") | sums | {"Deployment Location": label} | changes


ROWS = [modern_row(day) for day in DAYS]
BASE = figures_of(read(modern_table(ROWS)))


@pytest.mark.parametrize(
    "label",
    [
        *(
            "Total 2025",
            "TOTALS (all deployments)",
            "Year to date",
            "Grand total",
            "",
            "2025",
            "Overall",
            "Sub-total April",
        ),
        *("Gesamt", "Cyfanswm", "Deployments: 10", "All of London"),  # words that we don't know
    ],
)
def test_a_row_that_is_the_sum_of_those_above_is_left_out_with_a_note_whatever_it_is_called(label: str) -> None:
    table = read(modern_table([*ROWS, summed(ROWS, label)]))

    assert len(table.rows) == len(ROWS)
    assert table.notes == ("row 12 is the sum of rows 2 to 11: left out",)
    assert (table.faults, figures_of(table).false_alerts_per_face) == ((), BASE.false_alerts_per_face)


def test_sums_of_parts_running_sums_sums_at_the_top_and_dated_sums_are_left_out() -> None:
    april, may = ROWS[:4], ROWS[4:]
    dated = summed(ROWS, "All forces", **{"Date (DD/MM/YY)": "26/01/25", "LFR Use Case": "all"})
    for lines in (
        [*april, summed(april, "April"), *may, summed(may, "May"), summed(ROWS, "Both")],
        [*april, summed(april, "to date"), *may, summed(ROWS, "to date")],
        [summed(ROWS, "2025"), *ROWS],
        [summed(april, "April"), *april, summed(may, "May"), *may],
        [*april, summed(ROWS, "Sub-total April"), *may, summed(ROWS, "Grand total")],  # a sum copied to a wrong place
        [*ROWS, dated],
    ):
        table = read(modern_table(lines))

        assert (len(table.rows), table.faults) == (len(ROWS), ())
        assert figures_of(table).false_alerts_per_face == BASE.false_alerts_per_face


PLACES = ("Westfield", "Brixton")
SPREAD = [row | {"Deployment Location": PLACES[n % 2]} for n, row in enumerate(ROWS)]


@pytest.mark.parametrize("label", ["{}", "Total {}", "{} total:"])
def test_sums_of_months_and_places_in_a_block_at_the_end_or_the_top_are_left_out(label: str) -> None:
    april, may = SPREAD[:4], SPREAD[4:]
    months = [summed(april, label.format("April")), summed(may, label.format("May"))]
    places = [summed(SPREAD[n::2], label.format(place)) for n, place in enumerate(PLACES)]
    for lines in (
        [*SPREAD, *months],
        [*SPREAD, *places],
        [*places, *SPREAD],
        [*SPREAD, *places, summed(SPREAD, "Total")],
        [*months, *SPREAD, *places],
    ):
        table = read(modern_table(lines))

        assert (len(table.rows), table.faults) == (len(ROWS), ())
        assert figures_of(table).false_alerts_per_face == BASE.false_alerts_per_face


def test_a_row_of_percentages_is_left_out_with_a_note() -> None:
    shares = dict.fromkeys(MODERN_HEADER, "") | {
        "Deployment Location": "Share",
        MODERN_HEADER[7]: "85%",
        "No action": "3 %",
    }
    table = read(modern_table([*ROWS, shares]))

    assert (len(table.rows), table.faults, table.notes) == (len(ROWS), (), ("row 12 is of percentages: left out",))


def test_an_average_is_left_out_and_a_total_over_one_deployment_too() -> None:
    average = dict.fromkeys(MODERN_HEADER, "") | {"Deployment Location": "Average per deployment", "Total Alerts": "7"}
    table = read(modern_table([ROWS[0], summed(ROWS[:1], "January"), *ROWS[1:], average]))

    assert len(table.rows) == len(ROWS)
    assert table.notes == ("row 3 is the sum of rows 2 to 2: left out", "row 13 is an average: left out")


@pytest.mark.parametrize(
    ("label", "rule"), [("Total 2025", "total-mismatch"), ("", "row-unclear"), ("Deployments", "row-unclear")]
)
def test_a_sum_that_is_none_is_a_finding_and_nothing_is_added_up(label: str, rule: str) -> None:
    wrong = summed(ROWS, label) | {"Total Alerts": "9"}
    table = read(modern_table([*ROWS, wrong]))

    assert [(fault.rule, fault.line) for fault in table.faults] == [(rule, 12)]
    assert len(table.rows) == len(ROWS)
    with pytest.raises(Refused, match=r"row 12.*lfr records validate"):
        figures_of(table)


def test_a_second_session_like_the_first_and_places_called_total_stay_deployments() -> None:
    again = modern_row(1, **{"Date (DD/MM/YY)": "", "Watchlist Size": "", "Deployment Location": ""})
    place = modern_row(3, **{"Deployment Location": "Total Fitness, Overall Road"})
    zeros = [modern_row(day, **dict.fromkeys(SUMMED[:-1], "0")) for day in (5, 6, 7)]
    table = read(modern_table([modern_row(1), again, place, *zeros]))

    assert len(table.rows) == 6
    assert table.faults == ()


def test_a_header_that_stands_again_in_another_order_is_read_so() -> None:
    header, *lines = list(csv.reader(io.StringIO(modern_table(ROWS))))
    order = [*range(len(header) - 1, -1, -1)]
    out = io.StringIO()
    csv.writer(out).writerows(
        [header, *lines[:5], [], [header[i] for i in order], *([line[i] for i in order] for line in lines[5:])]
    )
    table = read(out.getvalue())

    assert figures_of(table) == BASE
    assert table.notes == ("row 8 has the header again in another order, and was read so",)


def test_merged_cells_do_not_reach_over_an_empty_line_a_total_or_a_header() -> None:
    first = modern_row(1)
    second = modern_row(2, **{"Date (DD/MM/YY)": "", "Watchlist Size": ""})
    header, one, two = modern_table([first, second]).splitlines()
    total = modern_table([summed([first], "Total")]).splitlines()[1]
    for between in ("," * 15, total, header, "* a footnote"):
        table = read(f"{header}\n{one}\n{between}\n{two}")

        assert table.rows[1].date is None
        assert table.rows[1].count(Column.WATCHLIST_SIZE) is None


def test_a_row_whose_comma_shifted_its_cells_is_a_finding_and_nothing_is_added_up() -> None:
    header, one, two = modern_table(ROWS[:2]).splitlines()
    table = read("\n".join([header, one, two.replace('"', "", 2)]))

    assert "row-shifted" in {fault.rule for fault in table.faults}
    with pytest.raises(Refused, match="row 3"):
        figures_of(table)


HOME_OFFICE = (
    "Deployment,Date,Deployment type,Duration of deployment,Number of cameras,Watchlist number,Threshold settings,"
    "Total alerts,Positive alerts,Positive interventions,Incorrect alerts,Incorrect interventions,"
    "Arrests or disposals,Faces seen,Incorrect alert rate\n"
    "Port A,03/11/25- 05/11/25,Proactive,3 days covering 8 sailings,1,1900,0.64,0,0,0,0,0,0,2000,0\n"
    "Port A,17/11/2025,Proactive,1958-2017,2,4800,0.64,2,1,1,1,0,0,466,0.2146%\n"
    "Port A,18/11/2025,Proactive,2351-0022,2,4800,0.64,1,1,1,0,0,1,2011,0\n"
)
"""The headings and spellings of the border deployments' table; the figures are ours."""


def test_the_home_offices_border_deployments_are_read() -> None:
    table = read(HOME_OFFICE)
    first, second, third = table.rows

    assert (table.unknown, table.faults, table.generation) == ((), (), "Home Office border deployments")
    assert first.date is not None
    assert (first.date.value.isoformat(), first.date.last and first.date.last.isoformat()) == (
        "2025-11-03",
        "2025-11-05",
    )
    assert [row.duration and row.duration.minutes for row in table.rows] == [None, 19, 31]
    assert (second.count(Column.TRUE_ALERTS), second.count(Column.FALSE_ALERTS)) == (1, 1)
    assert third.count(Column.ARRESTS_AND_DISPOSALS) == 1
    assert figures_of(table).in_words == "of 4,477 faces, 3 alerts, 1 wrong"


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Possible matches", Column.TOTAL_ALERTS),
        ("True", Column.TRUE_ALERTS),
        ("Correct identifications", Column.TRUE_ALERTS),
        ("False match", Column.FALSE_ALERTS),
        ("Misidentifications", Column.FALSE_ALERTS),
        ("Approx. no. of faces scanned", Column.FACES_SEEN),
        ("False positive identification rate (%)", Column.FALSE_ALERT_RATE),
        ("Arrests made following an alert", Column.OUTCOME_ARREST),
        ("No action taken", Column.OUTCOME_NO_ACTION),
        ("Number of persons on watchlist", Column.WATCHLIST_SIZE),
        ("Threshold used", Column.THRESHOLD),
        ("Time commenced", Column.START),
        ("Time concluded", Column.END),
        ("Footfall", None),  # people who passed, not faces
        ("Released", None),
    ],
)
def test_further_words_name_columns_and_others_none(header: str, column: Column | None) -> None:
    assert column_of(header) is column


@pytest.mark.parametrize(
    "header",
    [  # words that South Wales, Essex and Norfolk use of their deployments (docs/domain.md 2.1), in a table's headings
        (
            "Location,Date,Start time,End time,Watch list size,Number of faces scanned,Number of alerts,True alerts,"
            "False alerts,Interventions,Number of arrests"
        ),
        (
            "Event,Event date,Start,Finish,Watchlist,Faces seen (estimated),Total number of alerts,Correct alerts,"
            "Incorrect alerts,Engagements,Arrests"
        ),
        (
            "Deployment location,Date of deployment,Start time,Finish time,Number on watchlist,Total faces,"
            "Alerts (total),Positive alerts,No. of false positive alerts,Number of interventions,Arrests made"
        ),
    ],
)
def test_the_words_of_other_forces_name_the_same_columns(header: str) -> None:
    table = read(f"{header}\nHigh Street,Saturday 3 May 2025,10:00,3.30pm,1200,9000,7,6,1,5,2\n")
    (row,) = table.rows

    assert (table.unknown, table.faults) == ((), ())
    assert row.duration is not None
    assert row.duration.minutes == 330
    assert {column.value: row.count(column) for column in COUNTS if row.count(column) is not None} == {
        "watchlist_size": 1200,
        "faces_seen": 9000,
        "total_alerts": 7,
        "true_alerts": 6,
        "false_alerts": 1,
        "engagements_total": 5,
        "outcome_arrest": 2,
    }


def test_a_workbook_is_read_as_its_table_and_other_sheets_are_named() -> None:
    lines: list[list[str | int]] = [["A title"], *csv.reader(io.StringIO(modern_table(ROWS)))]
    with_day = [*lines]
    with_day[2] = [lines[2][0], DayCell(45665), *lines[2][2:]]
    book = read(xlsx({"Notes": [["x"]], "2025": with_day}))
    sheet = read(ods(lines))

    assert (
        figures_of(book).false_alerts_per_face == figures_of(sheet).false_alerts_per_face == BASE.false_alerts_per_face
    )
    assert book.notes == ("the sheet 2025 was read; not read: Notes",)
    assert book.rows[0].date is not None
    assert (book.rows[0].date.value.isoformat(), book.rows[0].number) == ("2025-01-08", 3)


def test_a_rate_that_programs_write_in_powers_of_ten_is_read_from_a_workbook() -> None:
    header, line, *_ = csv.reader(io.StringIO(modern_table(ROWS)))
    cells = [0.00002 if name == "False Alert Rate" else cell for name, cell in zip(header, line, strict=True)]
    table = read(xlsx({"2025": [header, cells]}))
    rate = table.rows[0].rate

    assert table.faults == ()
    assert rate is not None
    assert rate.low <= 0.00002 <= rate.high


def test_a_workbook_that_names_a_cell_far_out_or_is_damaged_is_refused() -> None:
    with pytest.raises(Poison, match="too much memory"):
        read(xlsx({"a": [["x"]]}, far_cell=True))
    with pytest.raises(Poison, match="save it again"):
        read(b"PK\x03\x04" + bytes(200))
