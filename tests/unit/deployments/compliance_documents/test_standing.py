from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from lfr_core.deployments.compliance_documents.kinds import ComplianceDocument, ComplianceDocumentKind, assess_documents

DAY = date(2026, 11, 23)


def document(kind: ComplianceDocumentKind, review_by: date = DAY) -> ComplianceDocument:
    of = "dep" if kind is ComplianceDocumentKind.COMMUNITY else ""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return ComplianceDocument(
        kind, of, "1.0", "A document", review_by, "Dee", at, "0" * 64, "p.pdf", "application/pdf", 7
    )


def test_all_four_on_their_last_day_are_in_date() -> None:
    found = assess_documents([document(kind) for kind in ComplianceDocumentKind], DAY)

    assert found.in_date
    assert found.why == "its documents are in date"


@pytest.mark.parametrize("kind", ComplianceDocumentKind)
def test_the_day_after_its_review_was_due_a_document_is_named(kind: ComplianceDocumentKind) -> None:
    late = [document(each, DAY - timedelta(days=each is kind)) for each in ComplianceDocumentKind]
    found = assess_documents(late, DAY)

    assert not found.in_date
    assert f"the {kind.value} (version 1.0) was to be reviewed by 2026-11-22" in found.why
    assert not any(f"the {each.value}" in found.why for each in ComplianceDocumentKind if each is not kind)


@pytest.mark.parametrize("kind", ComplianceDocumentKind)
def test_a_document_that_is_not_there_is_named(kind: ComplianceDocumentKind) -> None:
    found = assess_documents([document(each) for each in ComplianceDocumentKind if each is not kind], DAY)

    assert not found.in_date
    assert found.why.startswith(f"there is no {kind.value}: ")
    assert found.missing == (kind,)
