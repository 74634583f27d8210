"""The suites on real tables: the Met's rows against their labels, and tables made with known defects."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal
from lfr_core.common.quality import suites
from lfr_core.domain.figures import CameraFigures
from lfr_core.publication.quality.findings import QualityReport, validate_table
from lfr_core.publication.quality.importer import read_table
from lfr_core.publication.record_builder import corrected, from_figures
from lfr_core.publication.tabular import csv_text
from tests.support.publication import ENDED, MET_ROWS, POLICY, alert, figures, modern_row, modern_table

TRUTH = Path(__file__).parents[2] / "data" / "publication" / "met_2023_2024_truth.json"
TODAY = date(2026, 11, 23)


def needs_the_met(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that asks for the Met's figures."""
    marked: Callable[..., None] = pytest.mark.skipif(not MET_ROWS.is_file(), reason=f"{MET_ROWS} isn't here")(test)
    pytest.mark.data(marked)
    return marked


def checked(text: str) -> QualityReport:
    return validate_table(read_table(text.encode(), "table"), today=TODAY)


def short(report: QualityReport) -> list[tuple[str, int | None]]:
    return [(each.rule, each.line) for each in report.findings]


@needs_the_met
def test_the_mets_rows_have_the_labelled_defects_and_no_other() -> None:
    truth = json.loads(TRUTH.read_text(encoding="utf-8"))
    report = checked(MET_ROWS.read_text(encoding="utf-8"))

    assert sorted(short(report), key=str) == sorted(((each["rule"], each["row"]) for each in truth), key=str)
    for each in truth:
        (found,) = [finding for finding in report.findings if finding.rule == each["rule"]]
        assert each["printed"] in found.value
        assert found.expected == each["expected"]
        assert list(found.lines) == each["rows"]
        assert (found.line is None) is (each["row"] is None)
    unchecked = {each.rule for each in report.unchecked}
    assert {"rate-as-printed", "outcomes-reconcile"} <= unchecked  # not called right


@needs_the_met
def test_with_the_rates_printed_croydons_is_the_one_that_does_not_hold() -> None:
    """The extract lacks the rate; here each is printed to two decimals, and Croydon's as the Met printed it."""
    rows = list(csv.DictReader(io.StringIO(MET_ROWS.read_text(encoding="utf-8"))))
    for row in rows:
        false = int(row["false_confirmed"]) + int(row["false_unconfirmed"])
        row["False Alert Rate"] = f"{100 * false / int(row['faces_seen_estimate']):.2f}%"
        if (row["location_as_extracted"], row["date_ddmmyy"]) == ("Croydon GeorgeSt ,", "07/12/23"):
            row["False Alert Rate"] = "0.01%"  # docs/domain.md 2.3
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    found = [each for each in checked(out.getvalue()).findings if each.rule == "rate-as-printed"]

    assert [(each.line, each.value, each.expected) for each in found] == [(19, "0.01%", "0.0254%")]


def test_a_table_without_a_defect_but_its_format_gets_no_other_finding() -> None:
    report = checked(modern_table([modern_row(day) for day in range(60)]))

    assert short(report) == [("date-format", None), ("faces-counted", None)]


def test_each_injected_defect_is_found_in_its_row_and_no_other() -> None:
    rows = [modern_row(day) for day in range(30)]
    rows[3]["Watchlist Size"] = "19,121"
    rows[5]["Total Alerts"] = "99"
    rows[8]["False Alert Rate"] = "0.05%"
    rows[10]["Outcome - Arrest"] = "3"
    rows[12]["Min Threshold Setting"] = "64"
    rows[14]["Duration"] = "0h 00m"
    rows[17]["Faces seen (estimate)"] = "2"
    rows[18]["Date (DD/MM/YY)"] = rows[18]["Date (DD/MM/YY)"].replace("/25", "/24")
    rows[20]["No action"] = "-1"
    rows[22]["Deployment Location"] = ""
    rows[24]["True Alerts Confirmed"] = "x"
    rows[26]["Duration"] = "6h13"
    rows[29] |= {name: rows[28][name] for name in ("Deployment Location", "Date (DD/MM/YY)")}
    report = checked(modern_table(rows))

    assert set(short(report)) == {
        ("date-format", None),
        ("duration-format", None),
        ("faces-counted", None),
        ("session-missing", None),
        ("list-size-plausible", 5),
        ("totals-add-up", 7),
        ("rate-as-printed", 10),
        ("outcomes-reconcile", 12),
        ("threshold-range", 14),
        ("duration-plausible", 16),
        ("alerts-within-faces", 19),
        ("date-order", 20),
        ("count-negative", 22),
        ("outcomes-reconcile", 22),
        ("cell-empty", 24),
        ("cell-unreadable", 26),
    }
    by_rule = {each.rule: each for each in report.findings}
    assert (by_rule["list-size-plausible"].value, by_rule["list-size-plausible"].expected) == ("19,121", "16121")
    assert (by_rule["totals-add-up"].value, by_rule["totals-add-up"].expected) == ("99", "8")
    assert by_rule["date-order"].expected == "2025-02-11"
    assert by_rule["duration-format"].value == "5h40; 6h 13m"


def test_a_rule_that_most_rows_break_is_one_finding() -> None:
    rows = [modern_row(day, **{"Total Alerts": "99"}) for day in range(12)]
    (found,) = [each for each in checked(modern_table(rows)).findings if each.rule == "totals-add-up"]

    assert found.line is None
    assert found.lines == tuple(range(2, 14))
    assert "12 of 12 rows" in found.message


def test_our_own_records_and_their_corrections_pass() -> None:
    records = []
    for day in range(12):
        ended = ENDED + timedelta(days=day)
        figured = figures(
            [alert("TC", "a", "arrest"), alert("TC", "a"), alert("FC", "b", "none"), alert("unanswered", "c")],
            session=f"high-street-{day}",
            started_at=ended - timedelta(hours=5 + day % 2),
            ended_at=ended,
            cameras=CameraFigures(2, 13_000 + 7 * day, 12_400 + 6 * day, "tracks", "1"),
        )
        records.append(from_figures(figured, policy=POLICY, published_at=ended))
    changed = figures([alert("TC", "a", "arrest")], session="high-street-0")
    later = datetime(2026, 12, 24, tzinfo=UTC)
    records.append(corrected(records[0], changed, policy=POLICY, corrected_at=later, reason="reviewed"))
    report = validate_table(read_table(csv_text(records).encode(), "ours"), today=date(2026, 12, 31))

    assert report.findings == ()
    assert report.unchecked == ()

    twice = csv_text([*records, records[-1]])
    again = validate_table(read_table(twice.encode(), "ours"), today=date(2026, 12, 31))
    assert short(again) == [("session-unique", 14), ("session-unique", 15)]


def test_a_rule_that_cannot_be_evaluated_stops_the_check_and_is_not_called_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = suites._arguments
    monkeypatch.setattr(
        suites, "_arguments", lambda rule: arguments(rule) | ({"column": "gone"} if rule.low == 1 else {})
    )

    with pytest.raises(Fatal, match="couldn't be evaluated"):
        checked(modern_table([modern_row(1)]))
