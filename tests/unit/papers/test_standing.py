from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from lfr_core.deployments.compliance_documents.kinds import Paper, PaperKind, standing

DAY = date(2026, 11, 23)


def paper(kind: PaperKind, review_by: date = DAY) -> Paper:
    of = "dep" if kind is PaperKind.COMMUNITY else ""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Paper(kind, of, "1.0", "A paper", review_by, "Dee", at, "0" * 64, "p.pdf", "application/pdf", 7)


def test_all_four_on_their_last_day_are_in_date() -> None:
    found = standing([paper(kind) for kind in PaperKind], DAY)

    assert found.in_date
    assert found.why == "its papers are in date"


@pytest.mark.parametrize("kind", PaperKind)
def test_the_day_after_its_review_was_due_a_paper_is_named(kind: PaperKind) -> None:
    late = [paper(each, DAY - timedelta(days=each is kind)) for each in PaperKind]
    found = standing(late, DAY)

    assert not found.in_date
    assert f"the {kind.value} (version 1.0) was to be reviewed by 2026-11-22" in found.why
    assert not any(f"the {each.value}" in found.why for each in PaperKind if each is not kind)


@pytest.mark.parametrize("kind", PaperKind)
def test_a_paper_that_is_not_there_is_named(kind: PaperKind) -> None:
    found = standing([paper(each) for each in PaperKind if each is not kind], DAY)

    assert not found.in_date
    assert found.why.startswith(f"there is no {kind.value}: ")
    assert found.missing == (kind,)
