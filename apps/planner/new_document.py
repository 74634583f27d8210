"""A version of a compliance document, as somebody fills it in on a planner's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lfr_core.deployments.compliance_documents import ComplianceDocumentKind

__all__ = ["NewDocument"]


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What is registered."""

    kind: ComplianceDocumentKind
    title: str
    version: str
    review_by: date
    file_name: str
    content: bytes
