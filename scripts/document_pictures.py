"""Which pictures of `screenshots.py` the documents show, and how they are made small."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image

__all__ = ["keep_for_documents"]

NAMES: Final = (
    "planning-live-desk",
    "street-phone",
    "compliance-desk",
    "enquiries-desk",
    "public-index-phone",
    "public-forgotten-phone",
)
"""Of nobody, as every picture of that script."""
IMAGES: Final = Path(__file__).resolve().parents[1] / "docs" / "images"
TALLEST_PX: Final = 1_100
QUALITY: Final = 60  # some ten kilobytes each, and every word can be read


def keep_for_documents(pictures: Path) -> None:
    """Write the upper part of each to docs/images, as WebP."""
    for name in NAMES:
        with Image.open(pictures / f"{name}.png") as whole:
            part = whole.convert("RGB").crop((0, 0, whole.width, min(whole.height, TALLEST_PX)))
        part.save(IMAGES / f"{name}.webp", quality=QUALITY, method=6)
