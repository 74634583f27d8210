"""Finds a photograph of a list in its folder, whatever system wrote the names."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath

from lfr_core.watchlists.list_cells import plain_name

__all__ = ["locate"]


def locate(folder: Path, photograph: str, root: Path | None = None) -> Path | None:
    """Find where a photograph lies; None if that is outside `folder`, also by way of a symbolic link.

    A file is found too whose name is the same but for how its accents are composed (a Mac takes them apart), for
    capitals and for characters that aren't seen, if there is but one such.

    root: `folder` resolved, where many are asked for.
    """
    posix, windows = PurePosixPath(photograph), PureWindowsPath(photograph)
    if posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\0" in photograph:
        return None
    path = folder / posix
    if not _exists(path):
        parts = windows.parts if "\\" in photograph else posix.parts  # a list made on Windows
        path = _alike(folder, parts) or (folder / PurePosixPath(*parts) if parts else path)
    try:
        inside = path.resolve().is_relative_to(root or folder.resolve())
    except (OSError, RuntimeError):  # a loop of links
        return None
    return path if inside else None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long
        return False


def _alike(folder: Path, parts: tuple[str, ...]) -> Path | None:
    path = folder
    for part in parts:
        if _exists(path / part):
            path /= part
            continue
        try:
            names = _names(path, path.stat().st_mtime_ns).get(_key(part), ())
        except OSError:
            return None
        if len(names) != 1:
            return None
        path /= names[0]
    return path if parts else None


@lru_cache(maxsize=32)
def _names(folder: Path, changed_ns: int) -> dict[str, tuple[str, ...]]:  # noqa: ARG001  part of the key: a changed folder is read anew
    """Return the names in a folder by what is alike of them."""
    names: dict[str, tuple[str, ...]] = {}
    for path in folder.iterdir():
        names[_key(path.name)] = (*names.get(_key(path.name), ()), path.name)
    return names


def _key(name: str) -> str:
    return plain_name(name).casefold()
