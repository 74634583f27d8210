"""The closing report: what it says of the limit, and that it prints."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lfr_core.custody.audit.signed import signed_head
from lfr_core.custody.people.roles import Rank
from lfr_core.deployments.application import Application, Authority
from lfr_core.deployments.compliance_documents.forms import render
from lfr_core.deployments.obligations import Obligation, ObligationKind
from lfr_core.publication.closing import ClosingReport, DeploymentOutcome
from lfr_core.publication.closing_document import printed_report, report_table
from lfr_core.publication.qr import qr_svg
from tests.support.audit import Notary
from tests.support.planning import form

END = datetime(2026, 11, 27, 16, tzinfo=UTC)


def report(*, faces: int, false: int, not_decided: int = 0) -> ClosingReport:
    asked = form(END - timedelta(hours=6))
    made = Application(**asked.model_dump(), deployment="dep", revision=1, applied_by="Pat Planner", applied_at=END)
    given = Authority(
        deployment="dep",
        revision=1,
        granted=True,
        by="Sue | <b>Perintendent</b>",
        rank=Rank.SUPERINTENDENT,
        at=END,
        reason="necessary and proportionate",
        false_alerts_one_in=1_000,
        expected_false_alerts=0.5,
        claim_not_shown=False,
    )
    outcome = DeploymentOutcome(
        END - timedelta(hours=6), END, 12, faces, false + 2 + not_decided, false, not_decided, not_decided
    )
    duties = (Obligation(ObligationKind.ALERTS_PURGED, END + timedelta(hours=24), None),)
    return ClosingReport("dep", "High Street", END, made, given, outcome, duties)


@pytest.mark.parametrize(
    ("tpm", "words"),
    [
        (True, "security chip (TPM) holds a part of what opens them: no copy of their folder"),
        (False, "No security chip (TPM) holds a part of what opens them: whoever copied their folder"),
        (None, "kept on another machine"),
    ],
)
def test_it_says_what_copies_of_the_keys_could_open(*, tpm: bool | None, words: str) -> None:
    made = replace(report(faces=1, false=0), tpm=tpm)

    assert words in render(printed_report(made, force="Norfolk"))
    assert words in report_table(made)


@pytest.mark.parametrize(
    ("faces", "false", "verdict"),
    [
        (0, 0, "0 faces are too few"),
        (2_000, 0, "too few to show it"),
        (2_995, 0, "enough to show it"),
        (2_000, 2, "too few to show it"),
        (1_999, 2, "More false alerts than the authority's 1 in 1,000"),
        (10, 11, "More false alerts"),
    ],
)
def test_the_limit_is_called_kept_only_as_far_as_the_faces_show_it(faces: int, false: int, verdict: str) -> None:
    assert verdict in report(faces=faces, false=false).verdict


def test_a_closing_report_shows_the_newest_head_of_the_trail_as_a_code_to_scan_and_nothing_of_it_to_read() -> None:
    head = signed_head(Notary(), 4_711, "ab" * 32, 1_795_000_000_000_000_000)
    page = render(printed_report(replace(report(faces=1, false=0), head=head), force="Norfolk"))

    assert qr_svg(head.as_text(), "The seal of the audit trail, as a code to scan") in page
    assert head.hash not in page
    assert "<svg" not in render(printed_report(report(faces=1, false=0), force="Norfolk"))


def test_alerts_that_nobody_decided_are_neither_called_false_nor_taken_for_right() -> None:
    made = report(faces=4_000, false=1, not_decided=137)

    assert made.verdict == "It isn't known whether the authority's 1 in 1,000 was kept: 137 alerts aren't decided."
    assert not made.limit_shown
    assert "of 4,000 faces, 140 alerts, 1 wrong, 137 not decided" in report_table(made)
    assert "| false alerts | 0.5 | 1 |" in report_table(made)
    assert "| alerts not decided, neither true nor false | none | 137 |" in report_table(made)
    assert "137 not decided" in render(printed_report(made, force="Norfolk"))


def test_what_is_owed_is_overdue_once_its_time_is_over_and_held_footage_is_named() -> None:
    made = report(faces=1, false=0)
    held = Obligation(ObligationKind.FOOTAGE_PURGED, END, END, held=2)

    assert "| alerts deleted | 28 November 2026, 16:00 | not due yet |" in report_table(made)
    assert "OVERDUE" in report_table(replace(made, made_at=END + timedelta(hours=25)))
    assert "done 27 November 2026, 16:00, 2 pieces of footage held" in report_table(replace(made, obligations=(held,)))


def test_it_prints_as_a_document_and_as_a_table_with_everything_escaped() -> None:
    made = report(faces=4_000, false=1)

    page = render(printed_report(made, force="Norfolk"))

    assert "Forecast and outcome" in page
    assert "<b>Perintendent" not in page
    assert "| false alerts | 0.5 | 1 |" in report_table(made)
    assert "| faces compared | 10,000 | 4,000 |" in report_table(made)
