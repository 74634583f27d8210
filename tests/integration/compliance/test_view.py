"""Compliance's read model: reports with real Data Docs, in one piece, and nothing that isn't a report of ours."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from apps.compliance import panels
from apps.compliance.view import ComplianceView, ReportKind
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.people import Role
from lfr_core.custody.people.consultations import Consultations
from lfr_core.domain.policy import load_policy
from lfr_core.publication.quality.docs import validate_with_docs
from lfr_core.publication.quality.importer import read_table
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.promises import PromiseStateRow
from tests.support.overwriting import overwriting
from tests.support.people import add_people, authenticated
from tests.support.publication import modern_row, modern_table
from tests.support.records import ManualClock
from tests.support.texts import drawings_in
from tests.support.vaults import trail_of

DPO = "Dee Compliance"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of records with one defect, made once: Great Expectations takes seconds for each."""
    table = read_table(modern_table([modern_row(0, **{"Total Alerts": "99"}), modern_row(1)]).encode(), "defective")
    folder = tmp_path_factory.mktemp("report") / "dep"
    validate_with_docs(table, folder, today=date(2026, 1, 1))
    return folder


@pytest.fixture
def view(sqlite_url: str, report: Path, tmp_path: Path) -> Iterator[ComplianceView]:
    shutil.copytree(report, tmp_path / "home" / "reports" / "records" / "dep")
    stranger = tmp_path / "home" / "quality" / "letter"
    stranger.mkdir(parents=True)
    (stranger / "index.html").write_text("<p>dear</p>")
    engine = open_engine(sqlite_url)
    add_people(engine, (DPO, Role.COMPLIANCE), ("Ada Auditor", Role.AUDITOR), ("Pat", Role.PLANNER))
    looks = Consultations(engine, trail_of(engine), ManualClock())
    yield ComplianceView(looks, load_policy(), ManualClock(), tmp_path / "home")
    engine.dispose()


def test_a_report_is_shown_in_one_piece_with_the_injected_defect_and_asks_nobody(view: ComplianceView) -> None:
    (report,) = view.reports(authenticated(DPO))
    index, suite = (
        view.page(report, "index.html", authenticated(DPO)),
        view.page(report, "record.html", authenticated(DPO)),
    )

    assert (report.kind, report.deployment) == (ReportKind.RECORD, "dep")
    assert report.pages == ("index.html", "record.html", "series-whole.html", "series.html")
    assert "totals-add-up" in index
    assert "99" in index
    assert view.title(report, "record.html", authenticated(DPO)) == "Published results, row by row"
    assert "Checked on 1 January 2026: 22 of 23 rules are kept. Not kept: totals add up." in suite
    for text in (index, suite):
        assert "Published record of a deployment that has gone; this report was made " in text
        headings = " ".join(re.findall(r"<h\d.*?</h\d>", text, re.DOTALL))
        assert not re.search(r"\bdep\b|_|Expectation |[0-9a-f]{8}", re.sub(r"<[^>]+>", "", headings))
        assert "<style>" in text
        assert text.count("Content-Security-Policy") == 1
        assert not re.search(r"<script|https?://|<a href|style\.css|<img", text)


def test_no_page_is_shown_that_the_report_does_not_list(view: ComplianceView) -> None:
    (report,) = view.reports(authenticated(DPO))
    for name in ("../../../quality/letter/index.html", "style.css", "/etc/passwd"):
        with pytest.raises(Refused):
            view.page(report, name, authenticated(DPO))
    (view.home / "reports" / "records" / "dep" / "record.html").unlink()
    with pytest.raises(Retryable):
        view.page(report, "record.html", authenticated(DPO))


def test_an_empty_installation_has_no_reports_no_certificates_and_every_promise(
    view: ComplianceView, tmp_path: Path
) -> None:
    empty = ComplianceView(view.looks, view.policy, view.clock, tmp_path / "nowhere")

    assert (empty.reports(authenticated(DPO)), empty.certificates(), empty.due()) == ((), (), ())
    assert {each.finding for each in empty.ledger().entries} == {None}


def test_a_lists_report_is_for_compliance_and_no_report_for_who_is_not_registered(view: ComplianceView) -> None:
    shutil.copytree(view.home / "reports" / "records" / "dep", view.home / "quality" / "dep")
    (of_list,) = [report for report in view.reports(authenticated(DPO)) if report.kind is ReportKind.WATCHLIST]

    assert [report.kind for report in view.reports(authenticated("Ada Auditor"))] == [ReportKind.RECORD]
    assert view.page(of_list, "index.html", authenticated(DPO))
    for name, rule in (
        ("Ada Auditor", "people.wrong-role"),
        ("Pat", "people.wrong-role"),
        ("Joe Public", "people.unknown"),
    ):
        with pytest.raises(Refused) as refused:
            view.page(of_list, "index.html", authenticated(name))
        assert refused.value.rule == rule
    for name in ("Pat", "Joe Public", ""):
        with pytest.raises(Refused):
            view.reports(authenticated(name))


def test_broken_promises_stand_first_and_the_retention_clock_is_bars_beside_words(view: ComplianceView) -> None:
    nothing = {"said": "3 segments are late", "evidence": "{}", "subjects": "[]", "detail": ""}
    with overwriting(view.engine) as session:
        session.add(PromiseStateRow(promise="footage.gone", result="broken", at_ns=1, since_ns=1, **nothing))
    rows = panels.promise_rows(view.ledger().entries, view.labels())
    picture = panels.clock_html(view.retention(), view.policy.retention.overdue_after_s)

    assert [row[1] for row in rows].index("Broken") == 0
    assert rows[0][2:] == ("3 segments are late", "", "nothing yet")
    assert "Footage: not looked at yet" in picture
    assert "5 minutes late" in picture
    assert not any(
        "<text" in each for each in drawings_in(picture)
    )  # its letters would shrink with it, on a phone to half
