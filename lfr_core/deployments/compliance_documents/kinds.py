"""What a paper is, and when papers stand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

__all__ = ["STANDING", "Document", "Paper", "PaperKind", "PapersStanding", "standing"]


class PaperKind(StrEnum):
    """The papers that must be in date before a deployment (docs/domain.md A6)."""

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


STANDING = (PaperKind.DPIA, PaperKind.APPROPRIATE_POLICY, PaperKind.EQUALITY)
"""One of each for the force; a community impact assessment belongs to one deployment."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One version of a paper, as it was registered. It never changes: another version supersedes it."""

    kind: PaperKind
    deployment: str
    """Of a community impact assessment; empty for the others."""
    version: str
    title: str
    review_by: date
    """Its last good day, in England."""
    approved_by: str
    added_at: datetime
    sha256: str
    """Of its file, hexadecimal; the file's name in the folder of papers."""
    file_name: str
    """As it was given."""
    media_type: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Document:
    """A paper as the public library shows it: without the name of who approved it."""

    kind: PaperKind
    deployment: str
    """The name by which the public knows the deployment; empty for the force's own papers."""
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
class PapersStanding:
    """Whether a deployment's papers are all there and in date."""

    missing: tuple[PaperKind, ...]
    expired: tuple[Paper, ...]

    @property
    def in_date(self) -> bool:
        return not self.missing and not self.expired

    @property
    def why(self) -> str:
        """One sentence: what is wanting and what to do, or that nothing is."""
        if self.in_date:
            return "its papers are in date"
        wanting = [f"there is no {kind.value}" for kind in self.missing]
        wanting += [
            f"the {paper.kind.value} (version {paper.version}) was to be reviewed by {paper.review_by:%Y-%m-%d}"
            for paper in self.expired
        ]
        return f"{'; '.join(wanting)}: `lfr papers add` registers a version in date"


def standing(newest: Collection[Paper], day: date) -> PapersStanding:
    """How the newest paper of each kind, those of one deployment among them, stand on `day` in England."""
    by_kind = {paper.kind: paper for paper in newest}
    return PapersStanding(
        missing=tuple(kind for kind in PaperKind if kind not in by_kind),
        expired=tuple(by_kind[kind] for kind in PaperKind if kind in by_kind and by_kind[kind].review_by < day),
    )
