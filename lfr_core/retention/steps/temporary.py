"""Temporary files of ours that nobody has touched for hours."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lfr_core.common.errors import LfrError, Retryable
from lfr_core.retention.folders import Tree, entries, remove_tree, survey
from lfr_core.retention.port import Audited, Destroyed, Due, PurgeResult, subject

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
        """Raises Retryable when a folder can't be read."""
        return tuple(Due(_subject(root, name), due_ns) for root, name, due_ns in self._old(now_ns))

    def purge(self, now_ns: int) -> PurgeResult:
        gone: list[Destroyed] = []
        failures: list[LfrError] = []
        for root, name, due_ns in self._old(now_ns):
            try:
                tree = remove_tree(root.folder, name)
            except OSError as error:
                tree = Tree(left=[f"{name} ({error.strerror})"])
            if tree.left:
                failures.append(
                    Retryable(
                        f"{len(tree.left)} temporary files in {root.folder} can't be removed, the first is "
                        f"{tree.left[0]}: mend their owner or mode"
                    )
                )
            if tree.files or not tree.left:
                facts = {"files": tree.files, "bytes": tree.bytes}
                gone.append(Destroyed(_subject(root, name), due_ns, facts=facts))
        return PurgeResult(tuple(gone), tuple(failures))

    def _old(self, now_ns: int) -> list[tuple[_Root, str, int]]:
        old: list[tuple[_Root, str, int]] = []
        for root in self._roots:
            try:
                for name in entries(root.folder, root.prefix):
                    tree = survey(root.folder, name)
                    if tree.newest_ns and not tree.sockets and tree.newest_ns + self._keep_ns <= now_ns:
                        old.append((root, name, tree.newest_ns + self._keep_ns))
            except OSError as error:
                raise Retryable(
                    f"{root.folder} can't be read for temporary files: {error.strerror}. It must be a folder of ours"
                ) from error
        return old


def _subject(root: _Root, name: str) -> str:
    """Not the name itself, which may be a person's."""
    return subject("temporary", hashlib.sha256(f"{root.folder}/{name}".encode()).hexdigest()[:16])
