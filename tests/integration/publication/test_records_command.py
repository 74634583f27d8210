"""`lfr records` as people and programs use it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from apps.cli.main import app
from lfr_core.common.errors import Refused
from lfr_core.publication.quality.docs import validate_with_docs
from lfr_core.publication.quality.importer import read_table
from lfr_core.publication.record_builder import from_figures
from lfr_core.publication.tabular import csv_text
from tests.support.publication import ENDED, MODERN_HEADER, POLICY, alert, figures, modern_row, modern_table


def test_defects_are_reported_to_programs_and_the_report_asks_nobody_for_anything(tmp_path: Path) -> None:
    table = tmp_path / "town <b>.csv"
    table.write_text(modern_table([modern_row(0), modern_row(1, **{"Total Alerts": "9"})]), encoding="utf-8")
    docs = tmp_path / "reports" / "town"
    ran = CliRunner().invoke(app, ["records", "validate", str(table), "--docs", str(docs), "--json"])
    reported = json.loads(ran.stdout)

    assert ran.exit_code == 1
    (found,) = [each for each in reported["findings"] if each["rule"] == "totals-add-up"]
    assert (found["row"], found["printed"], found["expected"]) == (3, "9", "7")
    pages = {page.name: page.read_text(encoding="utf-8") for page in docs.iterdir()}
    assert set(pages) == {"index.html", "record.html", "series.html", "series-whole.html", "style.css"}
    assert [name for name, text in pages.items() if re.search(r"//|url\(|<script|@import", text)] == []
    assert "totals-add-up" in pages["index.html"]
    assert "town &lt;b&gt;" in pages["index.html"]
    assert "broken" in pages["record.html"]

    (docs / "index.html").write_text("somebody's own page", encoding="utf-8")
    again = CliRunner().invoke(app, ["records", "validate", str(table), "--docs", str(docs)])
    assert again.exit_code == Refused.exit_code
    assert (docs / "index.html").read_text(encoding="utf-8") == "somebody's own page"


@pytest.mark.slow
def test_our_record_passes_and_its_report_replaces_the_older_one(tmp_path: Path) -> None:
    record = from_figures(figures([alert("TC", "a", "arrest")]), policy=POLICY, published_at=ENDED)
    read = read_table(csv_text([record]).encode(), "ours")
    folder = tmp_path / "report"
    for _ in range(2):
        assert validate_with_docs(read, folder, today=ENDED.date()).passes
    assert [each.name for each in tmp_path.iterdir()] == ["report"]
    assert "No defect was found" in (folder / "index.html").read_text(encoding="utf-8")


def test_forces_are_drawn_side_by_side(tmp_path: Path) -> None:
    for name, days in (("met", range(8)), ("norfolk", (1, 2))):
        (tmp_path / f"{name}.csv").write_text(modern_table([modern_row(day) for day in days]), encoding="utf-8")
    files = [str(tmp_path / "met.csv"), str(tmp_path / "norfolk.csv")]
    drawing = tmp_path / "forces.svg"
    shown = CliRunner().invoke(app, ["records", "compare", *files, "--svg", str(drawing)], env={"COLUMNS": "160"})
    reported = json.loads(CliRunner().invoke(app, ["records", "compare", *files, "--json"]).stdout)

    assert shown.exit_code == 0
    assert "28,002" in shown.output
    assert "norfolk" in drawing.read_text(encoding="utf-8")
    assert [force["false_alerts_per_face"]["k"] for force in reported] == [2, 0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["records", "compare", "one.csv"], "at least two"),
        (["records", "validate", "gone.csv"], "can't be read"),
        (["records", "validate", "."], "can't be read"),
        (["records", "compare", "one.csv", "one.csv", "--svg", "/proc/no/f.svg"], "can't be written"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.csv").write_text(modern_table([modern_row(0)]), encoding="utf-8")
    ran = CliRunner().invoke(app, arguments)

    assert ran.exit_code not in {0, 1}
    assert says in ran.stderr.replace("\n", "")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("options", [("--json",), ()])
@pytest.mark.slow
def test_an_output_that_takes_ascii_alone_gets_escapes_and_no_traceback(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    for name in ("a", "b"):
        text = modern_table([modern_row(1), modern_row(2)]).replace("\r\n", ",Łódź\r\n")
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "apps.cli", "records", "compare", *map(str, sorted(tmp_path.iterdir())), *options]

    done = subprocess.run(command, env=os.environ | ascii_only, capture_output=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    if options:
        assert [force["unknown_columns"] for force in json.loads(done.stdout)] == [["Łódź"]] * 2
    else:
        assert b"\\u0141\\xf3d\\u017a" in done.stdout


def test_a_comparison_says_what_was_left_out_in_reading(tmp_path: Path) -> None:
    rows = [modern_row(1), modern_row(2)]
    total = dict.fromkeys(MODERN_HEADER, "") | {"Deployment Location": "2025", "Total Alerts": "15"}
    (tmp_path / "a.csv").write_text(modern_table([*rows, total]), encoding="utf-8")
    (tmp_path / "b.csv").write_text(modern_table(rows), encoding="utf-8")

    command = ["records", "compare", str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    shown = CliRunner().invoke(app, command)
    (first, second) = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)

    assert "a: row 4 is the sum of rows 2 to 3: left out" in shown.stdout
    assert (first["notes"], second["notes"]) == (["row 4 is the sum of rows 2 to 3: left out"], [])
    assert first["deployments"] == second["deployments"] == 2
