"""Looks at the photographs of a list, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from lfr_core.domain.watchlists import EntryRow, Refusal
from lfr_core.watchlists.entries import FaceCheck
from lfr_core.watchlists.photographs import DigestedRows, Photograph, Unusable

__all__ = ["Looked", "Progress", "look_at_listed"]

Progress = Callable[[int, int], None]
"""Told (done, total) photographs."""
Looked = tuple[EntryRow, Photograph]


class _Listed(Protocol):
    """Where a photograph stands in the list."""

    @property
    def line(self) -> int: ...

    @property
    def subject(self) -> str: ...

    @property
    def photograph(self) -> str: ...


_Row = TypeVar("_Row", bound=_Listed)
_Seen = TypeVar("_Seen")


def _look_at_all(
    rows: Sequence[_Row], look: Callable[[str], _Seen], progress: Progress, *, threads: int
) -> tuple[list[tuple[_Row, _Seen]], list[FaceCheck]]:
    """Return what each row's photograph holds, and those that can't be used; both in the rows' order.

    look: of one photograph's name, raises Unusable; called from so many threads.
    """
    looked: list[tuple[_Row, _Seen]] = []
    unusable: list[FaceCheck] = []

    def one(row: _Row) -> _Seen | Unusable:
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


def look_at_listed(
    listed: DigestedRows,
    rows: Sequence[EntryRow],
    refusals: list[Refusal],
    look: Callable[[str], Photograph],
    check: Callable[[str], None],
    progress: Progress,
    *,
    threads: int,
) -> tuple[list[Looked], list[FaceCheck]]:
    """Return what the photographs of `rows` hold, and those that can't be used; and add a refusal for each of these.

    Those of rows that are refused already are checked too, so that all that is wrong with a list is said in one round.

    refusals: of all other rows. look, check: of one photograph's name, raise Unusable; called from so many threads.
    """
    refused = _refused_with_photograph(listed, rows, refusals)
    first, last = len(rows), len(rows) + len(refused)
    looked, unusable = _look_at_all(rows, look, lambda done, _: progress(done, last), threads=threads)
    if refused:
        _, also = _look_at_all(refused, check, lambda done, _: progress(first + done, last), threads=threads)
        unusable += also
    refusals += [
        Refusal(bad.line, bad.subject, bad.photograph, bad.refused, bad.why) for bad in unusable if bad.refused
    ]
    return looked, unusable


def _refused_with_photograph(
    listed: DigestedRows, rows: Sequence[EntryRow], refusals: Sequence[Refusal]
) -> list[Refusal]:
    """Return the refusals of rows whose photograph has a file that none of `rows` names for the same subject."""
    known = {(row.subject, row.photograph) for row in rows}
    found: dict[tuple[str, str], Refusal] = {}
    for each in sorted(refusals, key=lambda refusal: refusal.line):
        named = each.subject, each.photograph
        if named not in known and listed.digests.get(each.photograph):
            found.setdefault(named, each)
    return list(found.values())
