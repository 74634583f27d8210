import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lfr_core.common.errors import Poison
from lfr_core.domain.watchlists import Category, EntryRow, RefusalReason
from lfr_core.watchlists.csv_file import COLUMNS, FURTHER_COLUMNS, locate, parse_age, read_rows

HEADER = "subject,category,legal_reference,approved_by,expires_on,photograph\n"
GOOD = "S-1,wanted by the courts,Warrant 12,Insp. Hill,2027-03-31,a.jpg\n"


def written(folder: Path, text: str | bytes) -> Path:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "watchlist.csv").write_bytes(data)
    return folder


def only_refusal(folder: Path, row: str) -> RefusalReason:
    """The reason for which `row` alone is refused; the good row beside it must still be read."""
    read = read_rows(written(folder, HEADER + GOOD + row + "\n"))
    assert [r.subject for r in read.rows] == ["S-1"]
    (refusal,) = read.refusals
    assert refusal.line == 3
    assert refusal.message
    return refusal.reason


def test_a_row_is_read_with_its_line(tmp_path: Path) -> None:
    read = read_rows(written(tmp_path, HEADER + GOOD))

    assert read.refusals == ()
    assert read.rows == (
        EntryRow(2, "S-1", Category.WANTED_BY_COURTS, "Warrant 12", "Insp. Hill", date(2027, 3, 31), "a.jpg"),
    )


@pytest.mark.parametrize(
    "text",
    [
        ("\ufeff" + HEADER + GOOD),
        (HEADER + GOOD).replace("\n", "\r\n"),
        HEADER + "\n , , \n" + GOOD + "\n\n",
        HEADER.upper() + GOOD.replace(",", ", "),
        HEADER + '"S-1","wanted by the courts","Warrant 12","Insp. Hill","2027-03-31","a.jpg"',
        ",".join(reversed(COLUMNS)) + "\n" + ",".join(reversed(GOOD.strip().split(","))),
    ],
    ids=["bom", "crlf", "blank rows", "loud header and spaces", "quoted, no last newline", "other order"],
)
def test_what_spreadsheets_write_is_read_alike(tmp_path: Path, text: str) -> None:
    (row,) = read_rows(written(tmp_path, text)).rows

    assert row.subject == "S-1"
    assert row.category is Category.WANTED_BY_COURTS
    assert row.photograph == "a.jpg"


def test_a_quoted_value_may_hold_a_comma_and_accents(tmp_path: Path) -> None:
    read = read_rows(written(tmp_path, HEADER + 'S-2,victim,"s. 1, Act",Zoë Ó,2027-01-01,"Zoë, 1.jpg"\n'))

    assert read.rows[0].legal_reference == "s. 1, Act"
    assert read.rows[0].photograph == "Zoë, 1.jpg"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("S-2,victim,x,y,2027-01-01", RefusalReason.BAD_ROW),
        ("S-2,victim,x,y,2027-01-01,b.jpg,more", RefusalReason.BAD_ROW),
        ('S-2,victim,"x"y,z,2027-01-01,b.jpg', RefusalReason.BAD_ROW),
        ('S-2,victim,"x,y,2027-01-01,b.jpg', RefusalReason.BAD_ROW),
        ("S-2,victim,x\x07,y,2027-01-01,b.jpg", RefusalReason.BAD_ROW),
        (f"S-2,victim,{'x' * 301},y,2027-01-01,b.jpg", RefusalReason.BAD_ROW),
        (f"S-2,victim,{'x' * 200_000},y,2027-01-01,b.jpg", RefusalReason.BAD_ROW),
        (GOOD.strip(), RefusalReason.BAD_ROW),
        ("S-2,intelligence interest,x,y,2027-01-01,b.jpg", RefusalReason.BAD_CATEGORY),
        ("S-2,victim,x,y,03/31/2027,b.jpg", RefusalReason.BAD_DATE),
        ("S-2,victim,x,y,31/03/27,b.jpg", RefusalReason.BAD_DATE),
        ("S-2,victim,x,y,31/03/2027 14:00,b.jpg", RefusalReason.BAD_DATE),
        ("1.23457E+15,victim,x,y,2027-01-01,b.jpg", RefusalReason.BAD_ROW),
        (
            "1914310000010100000,victim,x,y,2027-01-01,b.jpg",
            RefusalReason.BAD_ROW,
        ),  # ...100016, or any of 10,000 others
        ("S-2,victim,x,y,2027-02-30,b.jpg", RefusalReason.BAD_DATE),
        ("S-2,victim,x,y,soon,b.jpg", RefusalReason.BAD_DATE),
        ("=S-2,victim,x,y,2027-01-01,b.jpg", RefusalReason.FORMULA),
        ("S-2,victim,+x,y,2027-01-01,b.jpg", RefusalReason.FORMULA),
        ("S-2,victim,x,-y,2027-01-01,b.jpg", RefusalReason.FORMULA),
        ('S-2,victim,x,y,2027-01-01,"  @SUM(1,1).jpg"', RefusalReason.FORMULA),
        ('S-2,victim,"x\r\ny",z,2027-01-01,b.jpg', RefusalReason.BAD_ROW),
        ("S-2,victim,x,y,2027-01-01,../b.jpg", RefusalReason.OUTSIDE_FOLDER),
        ("S-2,victim,x,y,2027-01-01,photos/../../b.jpg", RefusalReason.OUTSIDE_FOLDER),
        ("S-2,victim,x,y,2027-01-01,/etc/passwd", RefusalReason.OUTSIDE_FOLDER),
        ("S-2,victim,x,y,2027-01-01,C:\\b.jpg", RefusalReason.OUTSIDE_FOLDER),
        ("S-2,victim,x,y,2027-01-01,..\\b.jpg", RefusalReason.OUTSIDE_FOLDER),
    ],
)
def test_one_bad_row_is_refused_with_its_reason_and_the_others_are_read(
    tmp_path: Path, row: str, reason: RefusalReason
) -> None:
    assert only_refusal(tmp_path, row) is reason


@pytest.mark.parametrize("column", COLUMNS)
def test_a_missing_value_is_refused_and_named(tmp_path: Path, column: str) -> None:
    values = dict(zip(COLUMNS, ["S-2", "victim", "x", "y", "2027-01-01", "b.jpg"], strict=True)) | {column: "  "}

    read = read_rows(written(tmp_path, HEADER + ",".join(values.values())))

    assert read.rows == ()
    assert read.refusals[0].reason is RefusalReason.MISSING_VALUE
    assert column in read.refusals[0].message


def test_rows_after_a_bad_quote_are_read_and_keep_their_lines(tmp_path: Path) -> None:
    read = read_rows(written(tmp_path, HEADER + 'S-2,victim,"x"y,z,2027-01-01,b.jpg\n' + GOOD))

    assert [r.line for r in read.refusals] == [2]
    assert [r.line for r in read.rows] == [3]


def test_a_link_that_leads_out_of_the_folder_is_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(b"x")
    folder = tmp_path / "list"
    folder.mkdir()
    (folder / "link.jpg").symlink_to(outside)
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    (folder / "in.jpg").write_bytes(b"x")
    (folder / "in_link.jpg").symlink_to(folder / "in.jpg")

    assert locate(folder, "link.jpg") is None
    assert locate(folder, "in_link.jpg") is not None


def test_a_path_from_windows_is_found(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"x")

    assert locate(tmp_path, "photos\\a.jpg") == tmp_path / "photos" / "a.jpg"


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\n\n", "is empty"),
        (HEADER.encode(), "no rows"),
        (HEADER.replace(",expires_on", "").encode(), "lacks the columns expires_on"),
        (HEADER.replace("photograph", "photograph,ethnicity").encode(), "unknown columns ethnicity"),
        (HEADER.replace("photograph", "photograph,subject").encode(), "twice subject"),
        (GOOD.encode(), "first line must be"),
        (HEADER.replace(",", ";").encode(), "no rows"),
        (HEADER.replace(",", "/").encode(), "first line must be"),
        (HEADER.encode("utf-16"), "no rows"),
        (b"\xff\xfe" + HEADER.encode("utf-16-le")[:-1], "UTF-16 ends or breaks"),
        (b"PK\x03\x04" + bytes(200), "workbook"),
        (HEADER.encode() + b"\0\0,", "NUL"),
    ],
)
def test_a_file_that_is_no_watchlist_is_poison_with_advice(tmp_path: Path, content: bytes, advice: str) -> None:
    with pytest.raises(Poison, match=advice):
        read_rows(written(tmp_path, content))


def test_a_folder_without_the_csv_is_poison_with_advice(tmp_path: Path) -> None:
    with pytest.raises(Poison, match="lfr watchlist template"):
        read_rows(tmp_path)
    with pytest.raises(Poison, match="not a folder"):
        read_rows(tmp_path / "nowhere")


def test_a_folder_in_the_place_of_the_csv_is_poison(tmp_path: Path) -> None:
    (tmp_path / "watchlist.csv").mkdir()

    with pytest.raises(Poison, match="can't be read"):
        read_rows(tmp_path)


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_no_text_raises_anything_but_poison_and_the_good_row_is_read(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    lone_surrogates_out = text.encode("utf-8", "ignore").decode()

    try:
        read = read_rows(written(folder, HEADER + GOOD + lone_surrogates_out))
    except Poison:
        assert "\0" in lone_surrogates_out
    else:
        assert read.rows[0].subject == "S-1"


FURTHER = HEADER.strip() + "," + ",".join(FURTHER_COLUMNS) + "\n"


def test_the_further_columns_are_read_and_what_they_may_lack_is_no_refusal(tmp_path: Path) -> None:
    read = read_rows(
        written(tmp_path, FURTHER + GOOD.strip() + ",custody,2026-01-02,17,at risk,Supt. Ward,2026-11-20\n")
    )
    adult = read_rows(written(tmp_path, FURTHER + GOOD.strip() + ",custody,2026-01-02,18,,,2026-11-20\n"))

    (row,) = read.rows
    assert (row.image_source, row.image_date, row.age) == ("custody", date(2026, 1, 2), 17)
    assert (row.minor_rationale, row.second_approver, row.checked_on) == ("at risk", "Supt. Ward", date(2026, 11, 20))
    assert adult.refusals == ()


@pytest.mark.parametrize(
    ("more", "reason", "named"),
    [
        (",,2026-01-02,40,,,2026-11-20", RefusalReason.MISSING_VALUE, "image_source"),
        (",custody,,40,,,2026-11-20", RefusalReason.MISSING_VALUE, "image_date"),
        (",custody,2026,40,,,2026-11-20", RefusalReason.BAD_DATE, "image_date"),
        (",custody,2026-01-02,,,,2026-11-20", RefusalReason.MISSING_VALUE, "age"),
        (",custody,2026-01-02,young,,,2026-11-20", RefusalReason.BAD_AGE, "young"),
        (",custody,2026-01-02,40,,,today", RefusalReason.BAD_DATE, "checked_on"),
    ],
)
def test_a_bad_value_in_a_further_column_is_refused_and_named(
    tmp_path: Path, more: str, reason: RefusalReason, named: str
) -> None:
    (refusal,) = read_rows(written(tmp_path, FURTHER + GOOD.strip() + more + "\n")).refusals

    assert (refusal.line, refusal.reason) == (2, reason)
    assert named in refusal.message


def test_a_line_break_in_quotes_is_refused_by_the_line_where_its_row_begins_and_the_next_keeps_its_own(
    tmp_path: Path,
) -> None:
    read = read_rows(written(tmp_path, HEADER + 'S-2,victim,"x\ny",z,2027-01-01,b.jpg\n' + GOOD))

    assert [(r.line, "legal_reference holds a line break" in r.message) for r in read.refusals] == [(2, True)]
    assert [r.line for r in read.rows] == [4]


@pytest.mark.parametrize("text", ["", "-1", "121", "17.5", "٣٠", "0x10", "1_0"])
def test_what_is_no_number_of_years_is_no_age(text: str) -> None:
    assert parse_age(text) is None


def test_a_pipe_a_device_or_a_list_that_lies_elsewhere_is_refused_at_once(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(HEADER + GOOD)
    for name, target, why in (
        ("pipe", None, "no regular file"),
        ("zero", Path("/dev/zero"), "outside the folder"),
        ("other", other, "outside the folder"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        if target is None:
            os.mkfifo(folder / "watchlist.csv")
        else:
            (folder / "watchlist.csv").symlink_to(target)

        with pytest.raises(Poison, match=f"{why}.*Put the list itself into the folder"):
            read_rows(folder)


def test_a_list_of_a_million_rows_is_refused_before_any_row_is_looked_at(tmp_path: Path) -> None:
    row = "S-1,victim,x,y,2027-01-01,a\n"  # 28 MB

    with pytest.raises(Poison, match="more than 100,000 lines: split the list"):
        read_rows(written(tmp_path, HEADER + row * 1_000_000))
    with pytest.raises(Poison, match="more than 100,000 lines"):
        read_rows(written(tmp_path, HEADER + GOOD + "\n" * 1_000_000))


def test_a_list_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "watchlist.csv").open("wb") as file:
        file.truncate(33_000_000)

    with pytest.raises(Poison, match="larger than 32 MB"):
        read_rows(tmp_path)


def test_giant_cells_and_thousands_of_cells_refuse_their_row_alone(tmp_path: Path) -> None:
    accents = "a" + "\u0315\u0300" * 60_000  # normalising takes quadratic time
    giant = f"{accents},victim,x,y,2027-01-01,b.jpg\n"
    wide = "," * 1_000_000 + "\n"
    vast = "b" * 200_000 + "\n"

    read = read_rows(written(tmp_path, HEADER + giant * 20 + wide + vast + GOOD))

    assert [row.subject for row in read.rows] == ["S-1"]
    assert len(read.refusals) == 22
    assert {refusal.reason for refusal in read.refusals} == {RefusalReason.BAD_ROW}
