"""The spreadsheet of what was refused names every fault of a row, not its first alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from lfr_core.common.quality.suites import SuiteRunner
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.watchlists.csv_file import COLUMNS, FURTHER_COLUMNS, read_rows
from lfr_core.watchlists.quality.dataframes import rows_frame
from lfr_core.watchlists.quality.findings import findings_of
from lfr_core.watchlists.quality.refused_rows import refused_rows
from lfr_core.watchlists.quality.rules import row_rules

TODAY = date(2026, 11, 23)
ROWS = (
    "S-1,no ground,,Insp. A,2026-01-01,a.jpg,custody,2027-01-01,40,,,2026-11-01",
    "S-2,wanted by the courts,W/1,Insp. A,soon,b.jpg,custody,lately,old,,,2026-11-01",
    "S-3,wanted by the courts,W/1,Insp. A,2027-03-31,c.jpg,custody,2024-01-01,40,,,",
)


def test_each_fault_of_a_refused_row_is_refused_by_itself_and_none_twice(tmp_path: Path) -> None:
    head = ",".join((*COLUMNS, *FURTHER_COLUMNS))
    (tmp_path / "watchlist.csv").write_text("\n".join((head, *ROWS)), encoding="utf-8")
    read = read_rows(tmp_path)
    frame = rows_frame(read, {"a.jpg": "1a", "b.jpg": "2b"})
    findings = findings_of(SuiteRunner().run("rows", row_rules(TODAY, TODAY), frame), frame, read.refusals)

    found = refused_rows(read.refusals, findings)

    assert sorted((each.line, each.reason.value) for each in found if each.reason is not RefusalReason.BAD_DATE) == [
        (2, "bad_category"),
        (2, "expired"),
        (2, "missing_value"),
        (3, "bad_age"),
        (4, "file_missing"),
        (4, "missing_value"),
    ]
    assert {each.line for each in found if each.reason is RefusalReason.BAD_DATE} == {2, 3}
    said = [each.message for each in found if each.line == 3]
    assert any("expiry" in each for each in said)
    assert any("photograph's date" in each for each in said)
    assert [each.line for each in found] == sorted(each.line for each in found)
