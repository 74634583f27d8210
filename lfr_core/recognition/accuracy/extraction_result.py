"""What extraction makes of one photograph or shot of a labelled data set."""

from __future__ import annotations

from dataclasses import dataclass

from lfr_core.recognition.faces.types import Floats

__all__ = ["ExtractionResult"]


@dataclass(frozen=True, slots=True, eq=False)
class ExtractionResult:
    """One photograph or shot, looked at."""

    digest: str
    """SHA-256 of the file, hexadecimal; of a shot with its number behind it."""
    reference_why: str
    """Why it can't be enrolled; "" if it can. A word of `quality.find_fault`, `no_face`, `two_faces`, `unreadable`."""
    probe_why: str
    """Why it can't be compared."""
    template: Floats | None
    """Shape (d,), unit length; None where neither can be."""
