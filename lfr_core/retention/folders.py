"""Destroying old files and folders of ours without ever leaving the folder they are in.

Links are removed as links and never followed, other file systems aren't entered, sockets are left (somebody may
listen), and what isn't ours (another owner) is left. Every step goes through file descriptors, so that a
folder swapped for a link meanwhile leads nowhere.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Tree", "entries", "measure_tree", "remove_tree"]

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class Tree:
    """What is below one name, itself included."""

    files: int = 0
    bytes: int = 0
    newest_ns: int = 0
    """Latest change of anything below, wall time."""
    sockets: int = 0
    left: list[str] = field(default_factory=list)
    """What wasn't or can't be removed, with the reason."""


def entries(root: Path, prefix: str = "") -> list[str]:
    """List the names in `root` that begin so and are ours; none without `root`. Raises OSError (it is a link, say)."""
    try:
        folder = os.open(root, _OPEN_FOLDER)
    except FileNotFoundError:
        return []
    try:
        return sorted(name for name in _names(folder) if name.startswith(prefix) and _is_ours(folder, name))
    finally:
        os.close(folder)


def measure_tree(root: Path, name: str) -> Tree:
    """Count what is below `name` in `root`, sockets and other file systems left out. Raises OSError."""
    return _walk_tree(root, name, remove=False)


def remove_tree(root: Path, name: str) -> Tree:
    """Remove `name` from `root` and all below it; what can't be removed is in `left`. Raises OSError."""
    return _walk_tree(root, name, remove=True)


def _names(folder: int) -> list[str]:
    return os.listdir(folder)  # of an open descriptor: pathlib would go by the path again


def _walk_tree(root: Path, name: str, *, remove: bool) -> Tree:
    tree = Tree()
    folder = os.open(root, _OPEN_FOLDER)
    try:
        _visit(folder, name, os.fstat(folder).st_dev, tree, remove=remove)
    finally:
        os.close(folder)
    return tree


def _is_ours(folder: int, name: str) -> bool:
    try:
        return os.lstat(name, dir_fd=folder).st_uid == os.getuid()
    except FileNotFoundError:
        return False


def _visit(folder: int, name: str, device: int, tree: Tree, *, remove: bool) -> None:
    """Visit `name` in the open `folder`. Never raises for one thing that can't go: it is noted."""
    try:
        found = os.lstat(name, dir_fd=folder)
        if found.st_dev != device:
            return
        if stat.S_ISSOCK(found.st_mode):
            tree.sockets += 1
            return
        tree.newest_ns = max(tree.newest_ns, found.st_mtime_ns)
        if stat.S_ISDIR(found.st_mode):
            _visit_folder(folder, name, device, tree, remove=remove)
            return
        if remove:
            os.unlink(name, dir_fd=folder)
        tree.files += 1
        tree.bytes += found.st_size
    except FileNotFoundError:
        return  # somebody was quicker
    except OSError as error:
        tree.left.append(f"{name} ({error.strerror})")


def _visit_folder(folder: int, name: str, device: int, tree: Tree, *, remove: bool) -> None:
    inside = os.open(name, _OPEN_FOLDER, dir_fd=folder)
    try:
        for each in _names(inside):
            _visit(inside, each, device, tree, remove=remove)
        empty = not _names(inside)
    finally:
        os.close(inside)
    if remove and empty:
        os.rmdir(name, dir_fd=folder)
