"""What may enter a gallery or be searched in it. Pure; the same for every implementation."""

from __future__ import annotations

import hashlib
import re
import sys
from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lfr_core.common.errors import Poison
from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.port import Reference, StoredRow

__all__ = [
    "DIMENSION",
    "NORM_TOLERANCE",
    "check_name",
    "check_probes",
    "check_references",
    "gallery_name",
    "is_id",
    "stored_row",
]

DIMENSION = 512
"""Length of a template (docs/design.md#the-open-model-pack; InsightFace's packs have the same)."""

NORM_TOLERANCE = 2e-4
"""How far a template's norm may be off 1 (docs/design.md#the-open-model-pack)."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
"""What Milvus takes as a collection's name."""

_ID = re.compile(r"""[^"'\\\x00-\x1f\x7f]{1,128}""")
"""Ids stand in Milvus filter expressions, so nothing that could end a string; 128 is the column's length."""

_ID_BYTES = 128


def gallery_name(deployment: str) -> str:
    """Return the name of a deployment's own collection: `lfr_` and the id, other characters as `_` and two hex digits.

    Two deployments never share a name.

    Example:
        >>> gallery_name("demo-1")
        'lfr_demo_2d1'
    """
    safe = "".join(
        chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"_{byte:02x}" for byte in deployment.encode()
    )
    return check_name(f"lfr_{safe}")


def check_name(name: str) -> str:
    """Return the name again. Raises Poison unless Milvus would take it as a collection's name."""
    if not _NAME.fullmatch(name):
        raise Poison(
            f"{name!r} can't name a gallery: letters, digits and underscores, at most 255, no digit first. "
            "Use lfr_core.recognition.gallery.gallery_name(deployment)."
        )
    return name


def check_probes(probes: npt.ArrayLike) -> Floats:
    """Check probes and return them as float32, shape (n, 512), contiguous; n may be 0.

    Raises:
        Poison: another shape, NaN or infinity, or a norm off 1 by more than 2e-4.
    """
    array = _as_floats(probes)
    if array.size == 0 and array.ndim in {1, 2}:
        return np.zeros((0, DIMENSION), np.float32)
    if array.ndim != 2 or array.shape[1] != DIMENSION:  # rows and columns
        raise Poison(f"probes of shape {array.shape} can't be searched: expected (n, {DIMENSION})")
    _check_rows(array, [f"probe {row}" for row in range(len(array))])
    return array


def check_references(references: Sequence[Reference]) -> Floats:
    """Check references and return their templates as float32, shape (n, 512), in order; n may be 0.

    Raises:
        Poison: an id or entry that is empty, too long or holds quotes or control characters; one id twice
            with another entry or template; a template of another shape, with NaN or infinity, or with a norm
            off 1 by more than 2e-4.
    """
    for reference in references:
        for what, text in (("id", reference.id), ("entry", reference.entry)):
            if not is_id(text):
                raise Poison(
                    f"a reference's {what} {text!r} is refused: 1 to {_ID_BYTES} bytes without quotes, "
                    "backslashes or control characters"
                )
    rows = []
    for reference in references:
        row = _as_floats(reference.template)
        if row.shape != (DIMENSION,):
            raise Poison(f"reference {reference.id}: template of shape {row.shape}, expected ({DIMENSION},)")
        rows.append(row)
    if not rows:
        return np.zeros((0, DIMENSION), np.float32)
    array = np.stack(rows)
    _check_rows(array, [f"reference {reference.id}" for reference in references])
    first: dict[str, int] = {}
    for index, reference in enumerate(references):
        seen = first.setdefault(reference.id, index)
        if references[seen].entry != reference.entry or not np.array_equal(array[seen], array[index]):
            raise Poison(f"reference {reference.id} is given twice with different content: each has one of its own")
    return array


def is_id(text: str) -> bool:
    """Return whether it may stand in a filter expression and fits the column."""
    return bool(_ID.fullmatch(text)) and len(text.encode()) <= _ID_BYTES


def stored_row(id: str, entry: str, vector: Floats | Sequence[float]) -> StoredRow:
    """Make a row of a store from its vector: a float32 array, or the list of numbers that Milvus gives for one.

    Numbers that Milvus gives are float32 widened, so that narrowing them is exact: bit for bit what was written
    (tests/integration/recognition/gallery pins it).
    """
    if isinstance(vector, np.ndarray):
        data = np.ascontiguousarray(vector, dtype="<f4").tobytes()
    else:  # ten times quicker than through numpy
        numbers = array("f", vector)
        if sys.byteorder == "big":
            numbers.byteswap()
        data = numbers.tobytes()
    return StoredRow(id, entry, hashlib.sha256(data).hexdigest())


def _as_floats(values: npt.ArrayLike) -> Floats:
    try:
        return np.ascontiguousarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise Poison(f"a template must be numbers: {error}") from error


def _check_rows(array: Floats, names: Sequence[str]) -> None:
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        raise Poison(f"{names[int(np.argmin(finite))]}: the template holds NaN or infinity; embed the face again")
    off = np.abs(np.linalg.norm(array.astype(np.float64), axis=1) - 1.0)
    worst = int(np.argmax(off))
    if off[worst] > NORM_TOLERANCE:
        raise Poison(
            f"{names[worst]}: the template's norm is off 1 by {off[worst]:.2g}, more than {NORM_TOLERANCE:g}; "
            "normalise it to unit length"
        )
