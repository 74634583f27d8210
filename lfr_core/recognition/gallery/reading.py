"""Reading a whole collection of Milvus back, page by page."""

from __future__ import annotations

from typing import Any

import numpy as np

from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.checks import DIMENSION, stored_row
from lfr_core.recognition.gallery.port import StoredRow

__all__ = ["read_all"]


def read_all(client: Any, name: str, page_rows: int, timeout_s: float) -> tuple[tuple[StoredRow, ...], Floats]:
    """Read all rows, and their vectors as stored, shape (n, 512), in the same order.

    Args:
        client: pymilvus's, which ships no types that pass strict mode. What it raises comes through.
        name: the collection's.
        page_rows: rows a request.
        timeout_s: of a request.
    """
    pages = client.query_iterator(
        name,
        batch_size=page_rows,
        output_fields=["id", "entry", "template"],
        consistency_level="Strong",
        timeout=timeout_s,
    )
    rows: list[StoredRow] = []
    vectors = [np.zeros((0, DIMENSION), np.float32)]
    try:
        while page := pages.next():
            rows += [stored_row(row["id"], row["entry"], row["template"]) for row in page]
            vectors.append(np.array([row["template"] for row in page], np.float32))
    finally:
        pages.close()
    return tuple(rows), np.concatenate(vectors)
