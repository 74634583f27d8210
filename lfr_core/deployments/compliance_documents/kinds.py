"""What a document is, and when documents stand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

__all__ = [
    "FORCE_DOCUMENTS",
    "ComplianceDocument",
    "ComplianceDocumentKind",
    "ComplianceDocumentsStatus",
    "PublicDocument",
    "assess_documents",
]


class ComplianceDocumentKind(StrEnum):
    """The documents that must be in date before a deployment (docs/domain.md A6)."""

    DPIA = "data protection impact assessment"
    """Section 64 of the Data Protection Act 2018."""
    APPROPRIATE_POLICY = "appropriate policy document"
    """Section 42 of the Data Protection Act 2018: for sensitive processing."""
    EQUALITY = "equality impact assessment"
    """The public sector equality duty: section 149 of the Equality Act 2010."""
    COMMUNITY = "community impact assessment"
    """Of one deployment."""

    @property
    def word(self) -> str:
        """As it is typed: `dpia`, `appropriate-policy`, `equality`, `community`."""
        return self.name.lower().replace("_", "-")


FORCE_DOCUMENTS = (
    ComplianceDocumentKind.DPIA,
    ComplianceDocumentKind.APPROPRIATE_POLICY,
    ComplianceDocumentKind.EQUALITY,
)
"""One of each for the force; a community impact assessment belongs to one deployment."""


@dataclass(frozen=True, slots=True)
class ComplianceDocument:
    """One version of a compliance document, as it was registered. It never changes: another version supersedes it."""

    kind: ComplianceDocumentKind
    deployment: str
    """Of a community impact assessment; empty for the others."""
    version: str
    title: str
    review_by: date
    """Its last good day, in England."""
    approved_by: str
    added_at: datetime
    sha256: str
    """Of its file, hexadecimal; the file's name in the folder of documents."""
    file_name: str
    """As it was given."""
    media_type: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class PublicDocument:
    """A document as the public library shows it: without the name of who approved it."""

    kind: ComplianceDocumentKind
    deployment: str
    """The name by which the public knows the deployment; empty for the force's own documents."""
    version: str
    title: str
    review_by: date
    added_at: datetime
    sha256: str
    file_name: str
    media_type: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class ComplianceDocumentsStatus:
    """Whether a deployment's documents are all there and in date."""

    missing: tuple[ComplianceDocumentKind, ...]
    expired: tuple[ComplianceDocument, ...]

    @property
    def in_date(self) -> bool:
        return not self.missing and not self.expired

    @property
    def why(self) -> str:
        """One sentence: what is wanting and what to do, or that nothing is."""
        if self.in_date:
            return "its documents are in date"
        wanting = [f"there is no {kind.value}" for kind in self.missing]
        wanting += [
            f"the {one.kind.value} (version {one.version}) was to be reviewed by {one.review_by:%Y-%m-%d}"
            for one in self.expired
        ]
        return f"{'; '.join(wanting)}: `lfr documents add` registers a version in date"


def assess_documents(read_newest: Collection[ComplianceDocument], day: date) -> ComplianceDocumentsStatus:
    """Assess how the newest document of each kind, those of one deployment among them, stand on `day` in England."""
    by_kind = {document.kind: document for document in read_newest}
    return ComplianceDocumentsStatus(
        missing=tuple(kind for kind in ComplianceDocumentKind if kind not in by_kind),
        expired=tuple(
            by_kind[kind] for kind in ComplianceDocumentKind if kind in by_kind and by_kind[kind].review_by < day
        ),
    )
