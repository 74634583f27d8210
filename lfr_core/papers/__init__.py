"""Papers: the register of standing papers and impact assessments, and the printed papers of a deployment."""

from __future__ import annotations

from lfr_core.papers.kinds import Document, Paper, PaperKind, PapersStanding
from lfr_core.papers.reading import documents, paper_content, papers, papers_standing
from lfr_core.papers.register import PaperRegister, paper_folder

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
