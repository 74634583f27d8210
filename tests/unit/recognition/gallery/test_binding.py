"""What differs between what a gallery must hold and what it holds: every kind of change, and no order matters."""

from __future__ import annotations

import pytest

from lfr_core.recognition.gallery.binding import Difference, compare_rows, gallery_digest
from lfr_core.recognition.gallery.port import StoredRow

A, B, C = (StoredRow(f"r{n}", f"e{n}", f"{n}" * 64) for n in (1, 2, 3))
SWAPPED = (StoredRow(A.id, A.entry, B.sha256), StoredRow(B.id, B.entry, A.sha256), C)


@pytest.mark.parametrize(
    ("held", "difference", "words"),
    [
        ((C, A, B), Difference(), ""),
        ((), Difference(missing=("r1", "r2", "r3")), "3 photographs are missing"),
        ((A, B), Difference(missing=("r3",)), "1 photograph is missing"),
        ((A, B, C, StoredRow("r4", "e1", "4" * 64)), Difference(extra=("r4",)), "1 photograph is there that isn't on"),
        ((A, B, C, C), Difference(extra=("r3",)), "1 photograph is there"),
        ((A, B, StoredRow(C.id, "e1", C.sha256)), Difference(altered=("r3",)), "1 photograph isn't the one that was"),
        (SWAPPED, Difference(altered=("r1", "r2")), "2 photographs aren't those that were enrolled"),
    ],
)
def test_each_change_is_named(held: tuple[StoredRow, ...], difference: Difference, words: str) -> None:
    found = compare_rows((A, B, C), held)

    assert found == difference
    assert found.words.startswith(words)
    assert bool(found) == (gallery_digest(held) != gallery_digest((A, B, C)))


def test_what_is_allowed_may_be_there_as_it_is_and_not_otherwise() -> None:
    canary = StoredRow("canary-1", "canary", "9" * 64)

    assert not compare_rows((A,), (A,), allowed=(canary,))
    assert not compare_rows((A,), (A, canary), allowed=(canary,))
    assert compare_rows((A,), (A, StoredRow("canary-1", "canary", "8" * 64)), allowed=(canary,)).altered == (
        "canary-1",
    )
