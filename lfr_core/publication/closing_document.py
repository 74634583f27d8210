"""The closing report: as the printed form, and as the table that the flow leaves."""

from __future__ import annotations

from datetime import datetime

from lfr_core.common.counts import counted, expected_count
from lfr_core.deployments.compliance_documents.forms import (
    FormCode,
    FormKind,
    FormSection,
    FormSignature,
    Line,
    PrintedForm,
    Table,
)
from lfr_core.deployments.obligations import Obligation
from lfr_core.domain.rates import natural_frequency
from lfr_core.domain.working_days import deadline_words
from lfr_core.publication.closing import ClosingReport
from lfr_core.publication.document_words import when
from lfr_core.publication.qr import qr_svg

__all__ = ["printed_report", "report_table"]


def printed_report(report: ClosingReport, *, force: str) -> PrintedForm:
    """Build the document; `force` is the force's name."""
    given = report.authority
    return PrintedForm(
        kind=FormKind.CLOSING_REPORT,
        deployment=report.deployment,
        title=f"{report.name}, {report.application.place}",
        force=force,
        revision=report.application.revision,
        made_at=when(report.made_at),
        sections=(
            FormSection(
                "What happened",
                ("A7",),
                (
                    Line("Authorised hours", f"{when(report.application.starts_at)} to "
                         f"{when(report.application.ends_at)}"),
                    Line("Opened", when(report.outcome.opened_at)),
                    Line("Ended", when(report.outcome.ended_at)),
                ),
            ),
            FormSection(
                "Forecast and outcome",
                ("M1", "M3"),
                (Line("In whole people", _in_people(report)), Line("The limit", report.verdict)),
                (Table("What was forecast beside what came of it", ("", "forecast", "outcome"), _rows(report)),),
            ),
            FormSection(
                "What becomes of the data",
                ("W7", "D2", "D3", "P2"),
                (Line("Copies of the keys", report.copies),),
                (Table("The obligations after the end", ("obligation", "due", "stands"), _duties(report)),),
            ),
        ),
        signed=(FormSignature("authorising officer", given.by, given.rank.value, when(given.at)),),
        code=None if report.head is None else FormCode(
            "Check later that nothing was changed since",
            "The seal of the audit trail as it was when this was written. Scan it and keep what it says, or keep this "
            "paper: with it anybody can later find out whether the trail was changed or cut short since.",
            qr_svg(report.head.as_text(), "The seal of the audit trail, as a code to scan"),
        ),
    )  # fmt: skip


def report_table(report: ClosingReport) -> str:
    """Write the report's tables in Markdown."""
    lines = [f"{report.verdict} {_in_people(report)}.", "", "| | forecast | outcome |", "| --- | --- | --- |"]
    lines += [_row(row) for row in _rows(report)]
    lines += ["", "| after the end | due | stands |", "| --- | --- | --- |"]
    lines += [_row(row) for row in _duties(report)]
    lines += ["", f"Copies of the keys: {report.copies}"]
    return "\n".join(lines) + "\n"


def _rows(report: ClosingReport) -> tuple[tuple[str, str, str], ...]:
    made, given, came = report.application, report.authority, report.outcome
    expected = given.expected_false_alerts
    forecast = "not measured" if expected is None else expected_count(expected)
    return (
        ("faces compared", f"{made.expected_faces:,}", f"{came.faces_compared:,}"),
        ("people on the list", f"at most {made.list_cap:,}", f"{came.list_size:,}"),
        ("alerts", "not forecast", f"{came.alerts:,}"),
        ("false alerts", forecast, f"{came.false_alerts:,}"),
        ("limit of false alerts", f"1 in {given.false_alerts_one_in:,} faces", report.verdict),
        ("alerts not decided, neither true nor false", "none", f"{came.not_decided:,}"),
        ("of them: nobody has judged them", "none", f"{came.undecided:,}"),
        ("test subjects recognised (blue list)", "not forecast", came.blue_list),
    )


def _duties(report: ClosingReport) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (
            each.owed.value,
            "nothing is due" if each.due_at is None else deadline_words(each.due_at),
            _stands(each, report.made_at),
        )
        for each in report.obligations
    )


def _stands(each: Obligation, now: datetime) -> str:
    held = f", {counted(each.held, 'piece')} of footage held" if each.held else ""
    if each.done_at is not None:
        return f"done {when(each.done_at)}{held}"
    return f"{'OVERDUE' if each.is_late(now) else 'not due yet'}{held}"


def _in_people(report: ClosingReport) -> str:
    came = report.outcome
    return natural_frequency(
        faces=came.faces_compared,
        alerts=came.alerts,
        false_alerts=came.false_alerts,
        not_decided=came.not_decided,
    )


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
