"""Watchlist folders for tests: a row and its photograph at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import cv2
import numpy as np

from lfr_core.recognition.faces.types import Image

__all__ = ["ListFolder"]

HEADER = "subject,category,legal_reference,approved_by,expires_on,photograph\n"


class ListFolder:
    """A watchlist's folder in the making."""

    def __init__(self, path: Path, photos: dict[str, Path]) -> None:
        self.path = path
        self.photos = photos
        self._rows: list[str] = []

    def put(
        self,
        subject: str,
        photo: str | bytes | Image,
        *,
        name: str = "",
        category: str = "blue list",
        legal: str = "Test 1",
        expires: str = "2027-03-31",
    ) -> Self:
        """Add a row with a sample photograph by its key, or with these bytes or pixels as a file."""
        name = name or f"p{len(self._rows)}.jpg"
        if isinstance(photo, str):
            photo = self.photos[photo].read_bytes()
        elif not isinstance(photo, bytes):
            photo = bytes(cv2.imencode(Path(name).suffix, photo)[1])
        (self.path / name).write_bytes(photo)
        return self.row(subject, name, category=category, legal=legal, expires=expires)

    def row(
        self,
        subject: str,
        name: str,
        *,
        category: str = "blue list",
        legal: str = "Test 1",
        expires: str = "2027-03-31",
    ) -> Self:
        """Add a row only."""
        self._rows.append(f"{subject},{category},{legal},Supt. Ward,{expires},{name}\n")
        (self.path / "watchlist.csv").write_text(HEADER + "".join(self._rows), encoding="utf-8")
        return self

    def pixels(self, key: str) -> Image:
        """A sample photograph, decoded."""
        image: Image = np.asarray(cv2.imread(str(self.photos[key]), cv2.IMREAD_COLOR), dtype=np.uint8)
        return image
