"""What a suite found, for people and programs. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding", "Unchecked"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect.

    line: of the file, the first being 1; None for the whole of it. subject, photograph: of a watchlist's row.
    value: as the file has it. refuses: False where a person should look, no more. expected: what should stand there.
    lines: of a defect of the whole, the lines concerned (() = all).
    """

    rule: str
    line: int | None
    subject: str
    photograph: str
    value: str
    message: str
    refuses: bool = True
    expected: str = ""
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A rule that wasn't checked, and why. It is not called kept."""

    rule: str
    why: str
