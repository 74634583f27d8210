"""Temporary files of ours that nobody has touched for hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lfr_core.common.errors import Retryable
from lfr_core.retention.folders import entries, measure_tree, remove_tree
from lfr_core.retention.port import Audited, Due, PurgeResult
from lfr_core.retention.steps.removing import DueFolder, due_folders, remove_folders

__all__ = ["PREFIX", "TemporaryStep"]

PREFIX = "lfr-"
"""What our names in the system's temporary folder begin with."""
_NS_PER_H = 3_600 * 10**9


@dataclass(frozen=True, slots=True)
class _Root:
    folder: Path
    prefix: str
    """Only names that begin so."""


class TemporaryStep:
    """Everything below `home/tmp`, and `lfr-*` of our own in the system's temporary folder.

    A folder goes as one when nothing in it has changed for `keep_h` hours and no socket is in it: somebody may listen.
    """

    name = "temporary"
    audited = Audited.FREE_SPACE_FIRST

    def __init__(self, home: Path, system: Path, *, keep_h: int) -> None:
        """`home`: the installation's folder; `system`: the system's temporary folder."""
        self._roots: Sequence[_Root] = (_Root(home / "tmp", ""), _Root(system, PREFIX))
        self._keep_ns = keep_h * _NS_PER_H

    def due(self, now_ns: int) -> tuple[Due, ...]:
        """Return what is due by `now_ns`. Raises Retryable when a folder can't be read."""
        return due_folders("temporary", self._old(now_ns))

    def purge(self, now_ns: int) -> PurgeResult:
        return remove_folders("temporary", self._old(now_ns), lambda each: remove_tree(each.folder, each.name))

    def _old(self, now_ns: int) -> list[DueFolder]:
        old: list[DueFolder] = []
        for root in self._roots:
            try:
                for name in entries(root.folder, root.prefix):
                    tree = measure_tree(root.folder, name)
                    if tree.newest_ns and not tree.sockets and tree.newest_ns + self._keep_ns <= now_ns:
                        old.append(DueFolder(root.folder, name, tree.newest_ns + self._keep_ns))
            except OSError as error:
                raise Retryable(
                    f"{root.folder} can't be read for temporary files: {error.strerror}. It must be a folder of ours"
                ) from error
        return old
