"""Lists as people have them: workbooks, separators, encodings, dates, names of files and of columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from lfr_core.common.errors import Poison
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.watchlists.column_names import NAMES_FILE
from lfr_core.watchlists.csv_file import COLUMNS, FURTHER_COLUMNS, Rows, locate, read_rows
from tests.support.workbook_files import DayCell, ods, xlsx

HEADER = [*COLUMNS, *FURTHER_COLUMNS]
ROW = "S-1,victim,WARRANT 1,Insp Müller,2027-12-31,Zoë.jpg,custody,2024-05-01,34,,,2026-11-25".split(",")  # noqa: SIM905
EXCEL_DAYS = {4: DayCell(46752), 7: DayCell(45413), 11: DayCell(46351)}  # the same days


def text_of(separator: str = ",", *, header: list[str] = HEADER, row: list[str] = ROW) -> str:
    return "\r\n".join(separator.join(cells) for cells in (header, row)) + "\r\n"


def read(folder: Path, data: bytes | str, name: str = "watchlist.csv") -> Rows:
    folder.mkdir(exist_ok=True)
    (folder / "Zoë.jpg").write_bytes(b"x")
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return read_rows(folder)


def is_whole(found: Rows) -> bool:
    (row,) = found.rows
    assert found.refusals == ()
    assert (row.subject, row.approved_by, row.photograph, row.age) == ("S-1", "Insp Müller", "Zoë.jpg", 34)
    return (row.expires_on, row.image_date, row.checked_on) == (
        date(2027, 12, 31),
        date(2024, 5, 1),
        date(2026, 11, 25),
    )


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "mac_roman", "cp850"]
)
def test_every_separator_and_code_page_of_a_spreadsheet_is_read(tmp_path: Path, separator: str, encoding: str) -> None:
    found = read(tmp_path, text_of(separator).encode(encoding))

    assert is_whole(found)
    assert ("check 'Müller'" in " ".join(found.notes)) is (encoding in {"cp1252", "mac_roman", "cp850"})
    assert any("separated by" in note for note in found.notes) is (separator != ",")


def test_the_line_sep_is_no_header_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, "sep=;\r\n" + text_of(";"))

    assert is_whole(found)
    assert found.rows[0].line == 3


@pytest.mark.parametrize("name", ["Watchlist.CSV", "WATCHLIST.TXT", "watchlist.xlsx", "Watchlist.ods", "watchlist.csv"])
def test_a_workbook_is_read_whatever_its_name_and_a_list_whatever_its_capitals(tmp_path: Path, name: str) -> None:
    days = [EXCEL_DAYS.get(i, cell) for i, cell in enumerate(ROW)]
    book = xlsx({"Read me": [["Please fill in"]], "List": [HEADER, days], "Old": [["x"]]})

    assert is_whole(
        read(tmp_path / "text", text_of(), name if name.lower().endswith((".csv", ".txt")) else "watchlist.csv")
    )
    found = read(tmp_path / "xlsx", book, name)
    assert is_whole(found)
    assert "the sheet List was read; not read: Read me, Old" in found.notes[0]
    assert is_whole(read(tmp_path / "ods", ods([HEADER, ROW]), name))


def test_a_name_of_central_europe_is_read_in_its_code_page(tmp_path: Path) -> None:
    row = [*ROW[:3], "Łukasz Wiśniewski", *ROW[4:]]
    found = read(tmp_path, text_of(row=row).replace("ü", "u").replace("ë", "e").encode("cp1250"))

    assert found.cells[0].text["approved_by"] == "Łukasz Wiśniewski"
    assert "was read as Windows-1250: check 'Łukasz', 'Wiśniewski'" in found.notes[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\x1a",
        lambda text: text + "\0" * 40,
        lambda text: "sep=;\r\n" + text,  # declared, and not so
        lambda text: text.replace("_", "."),
        lambda text: text.replace("legal_reference", "LegalReference*").replace("photograph", "Photograph (file name)"),
    ],
    ids=["end-of-file", "filled", "another-separator", "dots", "as-forms-write-them"],
)
def test_a_list_is_read_whatever_its_program_adds(tmp_path: Path, change: Callable[[str], str]) -> None:
    header, _, row = text_of().partition("\r\n")
    whole = change(f"{header}\r\n{row}")
    changed = whole if row in whole else change(f"{header}\r\n") + row  # headings alone

    assert is_whole(read(tmp_path, changed))


def test_headings_that_stand_again_on_each_printed_page_are_passed_over_with_a_note(tmp_path: Path) -> None:
    header, row, _ = text_of().split("\r\n")
    found = read(tmp_path, f"{header}\r\n{row}\r\n{header}\r\n{header}\r\n")

    assert is_whole(found)
    assert found.notes == ("line 3 repeats the headings and was not read (and 1 more of that column)",)


def test_a_time_of_another_zone_is_refused_for_nobody_can_say_which_day_it_is_here(tmp_path: Path) -> None:
    found = read(tmp_path, text_of(row=["2027-12-31T23:30:00Z" if cell == "2027-12-31" else cell for cell in ROW]))

    assert [each.reason for each in found.refusals] == [RefusalReason.BAD_DATE]


def test_a_title_above_the_headings_is_passed_over(tmp_path: Path) -> None:
    found = read(tmp_path, "Custody export;27/11/2026\r\n\r\n" + text_of(";"))

    assert is_whole(found)
    assert found.rows[0].line == 4
    assert "lines above the headings that were not read: 1" in found.notes


def test_two_lists_in_a_folder_are_refused_and_one_of_another_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "watchlist.xlsx").write_bytes(xlsx({"a": [HEADER, ROW]}))
    with pytest.raises(Poison, match=r"watchlist.csv and watchlist.xlsx: leave the one"):
        read(tmp_path, text_of())
    other = tmp_path / "other"
    other.mkdir()
    (other / "List March.csv").write_text(text_of(), encoding="utf-8")
    with pytest.raises(Poison, match=r"Is it List March.csv\? Then name it watchlist.csv"):
        read_rows(other)


@pytest.mark.parametrize(
    ("written", "how"),
    [
        ("31/12/2027", "the day first"),
        ("31.12.2027", "the day first"),
        ("31-12-2027", "the day first"),
        ("31 December 2027", "the month in words"),
        ("31-Dec-2027", "the month in words"),
        ("2027-12-31 00:00:00", "without its time"),
        ("31/12/2027 00:00", "without its time"),
        ("31/12/2027 23:59:59", "without its time"),
        ("2027-12-31T00:00:00+00:00", "without its time"),
        ("Friday 31 December 2027", "without the day of the week"),
        ("Fri 31/12/2027", "without the day of the week"),
        ("Dec 31 2027", "the month in words"),
        ("2027/12/31", "the year first"),
        ("31\u201112\u20112027", "the day first"),  # no-break hyphens
        ("20271231", "as ISO 8601"),
        ("46752", "a spreadsheet's number of a day"),
    ],
)
def test_days_as_people_and_excel_write_them_are_read_with_a_note(tmp_path: Path, written: str, how: str) -> None:
    found = read(tmp_path, text_of(row=[written if cell == "2027-12-31" else cell for cell in ROW]))

    assert is_whole(found)
    assert found.notes == (f"row 2, expires_on: {written!r} was read as 2027-12-31, {how}",)
    assert found.cells[0].text["expires_on"] == "2027-12-31"


def test_where_a_day_can_only_have_the_month_first_what_reads_both_ways_is_refused_not_guessed(tmp_path: Path) -> None:
    at = HEADER.index("expires_on")
    days = ("03/04/2027", "12/31/2027", "04/04/2027", "2027-03-04", "31/12/2027")
    lines = [[f"S-{n}", *ROW[1:at], day, *ROW[at + 1 :]] for n, day in enumerate(days)]
    found = read(tmp_path, "\n".join([",".join(HEADER), *(",".join(line) for line in lines)]))

    assert [(row.subject, row.expires_on.isoformat()) for row in found.rows] == [
        ("S-2", "2027-04-04"),
        ("S-3", "2027-03-04"),
        ("S-4", "2027-12-31"),
    ]
    assert [(refusal.line, refusal.reason) for refusal in found.refusals] == [
        (2, RefusalReason.BAD_DATE),
        (3, RefusalReason.BAD_DATE),
    ]
    assert any("has the month first" in note for note in found.notes)


def test_spaces_that_nobody_sees_are_noted_by_row_column_and_character(tmp_path: Path) -> None:
    row = ["\u00a0S-1\u200b", "victim", "WARRANT\u00a01", *ROW[3:]]
    found = read(tmp_path, text_of(row=row))

    assert is_whole(found)
    assert found.rows[0].legal_reference == "WARRANT 1"
    assert "row 2, legal_reference: a no-break space at character 8 was taken as an ordinary space" in found.notes


def test_a_character_that_cannot_be_shown_is_named_by_column_and_place(tmp_path: Path) -> None:
    (refusal,) = read(tmp_path, text_of(row=[*ROW[:2], "WAR\x07RANT", *ROW[3:]])).refusals

    assert (refusal.line, "column C, character 4: U+0007" in refusal.message) == (2, True)


def test_empty_columns_at_the_end_and_in_the_middle_are_no_columns(tmp_path: Path) -> None:
    assert is_whole(read(tmp_path, text_of(header=[*HEADER, "", " "], row=[*ROW, "", ""])))
    assert is_whole(read(tmp_path, text_of(header=[HEADER[0], "", *HEADER[1:]], row=[ROW[0], "", *ROW[1:]])))
    with pytest.raises(Poison, match=r"unknown columns \(no name, B\)"):
        read(tmp_path, text_of(header=[HEADER[0], "", *HEADER[1:]], row=[ROW[0], "x", *ROW[1:]]))


@pytest.mark.parametrize(
    ("on_disk", "in_list"),
    [
        (unicodedata.normalize("NFD", "Zoë.jpg"), unicodedata.normalize("NFD", "Zoë.jpg")),
        (unicodedata.normalize("NFD", "Zoë.jpg"), "Zoë.jpg"),
        ("Zoë.jpg", unicodedata.normalize("NFD", "Zoë.jpg")),
        ("Zoë.JPG", "zoë.jpg"),
        (unicodedata.normalize("NFD", "Fotos é/Zoë.jpg"), "fotos é\\Zoë.jpg"),
    ],
)
def test_a_file_is_found_however_its_accents_are_composed_and_its_capitals_written(
    tmp_path: Path, on_disk: str, in_list: str
) -> None:
    file = tmp_path / on_disk
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"x")
    (tmp_path / "watchlist.csv").write_text(text_of(row=[*ROW[:5], in_list, *ROW[6:]]), encoding="utf-8")

    (row,) = read_rows(tmp_path).rows
    found = locate(tmp_path, row.photograph)

    assert found is not None
    assert found.samefile(file)


def test_a_name_that_is_alike_to_two_files_is_neither(tmp_path: Path) -> None:
    for name in ("A.jpg", "a.JPG"):
        (tmp_path / name).write_bytes(b"x")

    found = locate(tmp_path, "a.jpg")

    assert found is not None
    assert not found.exists()


def test_a_forces_own_names_of_columns_are_read_by_the_file_it_keeps_and_shown(tmp_path: Path) -> None:
    theirs = ["Custody Ref", "Ground", *HEADER[2:], "Collar No"]
    kept = '[columns]\n"custody ref" = "subject"\nGround = "category"\n"Collar No" = ""\n'
    (tmp_path / NAMES_FILE).write_text(kept, encoding="utf-8")
    for folder in (tmp_path / "march", tmp_path / "april"):
        found = read(folder, text_of(header=theirs, row=[*ROW, "1234"]))

        assert is_whole(found)
        assert found.columns == set(HEADER)
        assert "'Custody Ref' is subject, 'Ground' is category" in found.notes[0]
        assert "'Collar No'" in found.notes[1]
    (tmp_path / NAMES_FILE).write_text('[columns]\n"Custody Ref" = "name"\n', encoding="utf-8")
    with pytest.raises(Poison, match="columns that a list hasn't"):
        read_rows(tmp_path / "march")
    (tmp_path / NAMES_FILE).write_text("columns = 3", encoding="utf-8")
    with pytest.raises(Poison, match="needs a part"):
        read_rows(tmp_path / "march")


def test_rows_of_a_subject_agree_however_their_days_are_written(tmp_path: Path) -> None:
    other = ["31/12/2027" if cell == "2027-12-31" else cell for cell in ROW]
    found = read(tmp_path, text_of() + ",".join([*other[:5], "b.jpg", *other[6:]]))

    assert {row.text["expires_on"] for row in found.cells} == {"2027-12-31"}


@pytest.mark.parametrize("rows", [[["x" * 40_000]], [["x" * 30_000] * 20] * 101], ids=["a long cell", "many of them"])
def test_a_workbook_that_unpacks_to_more_text_than_anybody_reads_is_refused_before_it_fills_our_memory(
    tmp_path: Path, rows: list[list[str | int | float]]
) -> None:
    data = xlsx({"list": rows})
    assert len(data) < 500_000

    with pytest.raises(Poison, match="takes too long or too much memory"):
        read(tmp_path, data, "watchlist.xlsx")
