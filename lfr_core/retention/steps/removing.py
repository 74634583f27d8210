"""Removes files and folders that are due, and says what couldn't go."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lfr_core.common.errors import LfrError, Retryable
from lfr_core.retention.folders import Tree
from lfr_core.retention.port import Destroyed, Due, PurgeResult, subject

__all__ = ["DueFolder", "due_folders", "remove_folders"]


@dataclass(frozen=True, slots=True)
class DueFolder:
    """A file or folder whose time is over."""

    folder: Path
    """That it lies in."""
    name: str
    due_ns: int


def due_folders(kind: str, found: Sequence[DueFolder]) -> tuple[Due, ...]:
    """Give them as what is due, of a kind as the audit trail has it."""
    return tuple(Due(_subject(kind, each), each.due_ns) for each in found)


def remove_folders(kind: str, found: Sequence[DueFolder], remove: Callable[[DueFolder], Tree]) -> PurgeResult:
    """Remove each; one that can't go doesn't keep the others."""
    gone: list[Destroyed] = []
    failures: list[LfrError] = []
    for each in found:
        try:
            tree = remove(each)
        except OSError as error:
            tree = Tree(left=[f"{each.name} ({error.strerror})"])
        if tree.left:
            words = f"{len(tree.left)} files in {each.folder} can't be removed, the first is {tree.left[0]}"
            failures.append(Retryable(f"{words}: mend their owner or mode"))
        if tree.files or not tree.left:
            facts = {"files": tree.files, "bytes": tree.bytes}
            gone.append(Destroyed(_subject(kind, each), each.due_ns, facts=facts))
    return PurgeResult(tuple(gone), tuple(failures))


def _subject(kind: str, each: DueFolder) -> str:
    """Name the folder by its hash and not by the name itself, which may be a person's."""
    return subject(kind, hashlib.sha256(f"{each.folder}/{each.name}".encode()).hexdigest()[:16])
