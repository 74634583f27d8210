"""Compliance documents: the register of impact assessments and policy, and the printed forms of a deployment."""

from __future__ import annotations

from lfr_core.deployments.compliance_documents.kinds import (
    ComplianceDocument,
    ComplianceDocumentKind,
    ComplianceDocumentsStatus,
    PublicDocument,
)
from lfr_core.deployments.compliance_documents.reading import (
    list_compliance_documents,
    list_public_documents,
    read_document,
    read_documents_status,
)
from lfr_core.deployments.compliance_documents.register import ComplianceDocumentRegister, compliance_document_folder

__all__ = [
    "ComplianceDocument",
    "ComplianceDocumentKind",
    "ComplianceDocumentRegister",
    "ComplianceDocumentsStatus",
    "PublicDocument",
    "compliance_document_folder",
    "list_compliance_documents",
    "list_public_documents",
    "read_document",
    "read_documents_status",
]
