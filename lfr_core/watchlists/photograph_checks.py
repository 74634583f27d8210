"""Looks at the photographs of a list, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from lfr_core.domain.watchlists import EntryRow
from lfr_core.watchlists.entries import FaceCheck
from lfr_core.watchlists.photographs import Photograph, Unusable

__all__ = ["Looked", "Progress", "look_at_all"]

Progress = Callable[[int, int], None]
"""Told (done, total) photographs."""
Looked = tuple[EntryRow, Photograph]


def look_at_all(
    rows: Sequence[EntryRow], look: Callable[[str], Photograph], progress: Progress, *, threads: int
) -> tuple[list[Looked], list[FaceCheck]]:
    """Return what each row's photograph holds, and those that can't be used; both in the rows' order.

    look: of one photograph's name, raises Unusable; called from so many threads.
    """
    looked: list[Looked] = []
    unusable: list[FaceCheck] = []

    def one(row: EntryRow) -> Photograph | Unusable:
        try:
            return look(row.photograph)
        except Unusable as error:
            return error

    progress(0, len(rows))
    pool = ThreadPoolExecutor(threads)
    try:
        for done, (row, found) in enumerate(zip(rows, pool.map(one, rows), strict=True), start=1):
            if isinstance(found, Unusable):
                unusable.append(FaceCheck(row.line, row.subject, row.photograph, found.reason, why=str(found)))
            else:
                looked.append((row, found))
            progress(done, len(rows))
    finally:
        pool.shutdown(cancel_futures=True)
    return looked, unusable
