"""Papers: the register of standing papers and impact assessments, and the printed papers of a deployment."""

from __future__ import annotations

from lfr_core.deployments.compliance_documents.kinds import Document, Paper, PaperKind, PapersStanding
from lfr_core.deployments.compliance_documents.reading import documents, paper_content, papers, papers_standing
from lfr_core.deployments.compliance_documents.register import PaperRegister, paper_folder

__all__ = [
    "Document",
    "Paper",
    "PaperKind",
    "PaperRegister",
    "PapersStanding",
    "documents",
    "paper_content",
    "paper_folder",
    "papers",
    "papers_standing",
]
