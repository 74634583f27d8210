"""QR codes (ISO/IEC 18004): as cells, and as SVG."""

from __future__ import annotations

from html import escape

import numpy as np
import numpy.typing as npt

__all__ = ["QUIET", "qr_cells", "qr_svg"]

QUIET = 4
"""Modules of white around a code."""


def qr_cells(text: str) -> npt.NDArray[np.bool_]:
    """Return the dark cells of the code of a text, without the white around it; shape (n, n)."""
    import cv2

    drawn: npt.NDArray[np.bool_] = np.asarray(cv2.QRCodeEncoder.create().encode(text)) == 0
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    return drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def qr_svg(text: str, label: str) -> str:
    """Draw the code in SVG, black on white. `label` is what a reader who can't see it is told."""
    cells = qr_cells(text)
    side = len(cells) + 2 * QUIET
    dark = "".join(f"M{x + QUIET},{y + QUIET}h1v1h-1z" for y, x in np.argwhere(cells))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" role="img" aria-label="{escape(label)}">'
        f'<path fill="#fff" d="M0,0h{side}v{side}h-{side}z"/><path d="{dark}"/></svg>'
    )
