"""Exports whose time is over, and what was left by an export that was killed."""

from __future__ import annotations

from lfr_core.common.errors import Retryable
from lfr_core.retention.exports import Exports
from lfr_core.retention.port import Audited, Due, PurgeResult
from lfr_core.retention.steps.removing import DueFolder, due_folders, remove_folders

__all__ = ["ExportsStep"]


class ExportsStep:
    """Pictures in the clear: they go also while the records that would say so are away."""

    name = "exports"
    audited = Audited.FREE_SPACE_FIRST

    def __init__(self, exports: Exports) -> None:
        self._exports = exports

    def due(self, now_ns: int) -> tuple[Due, ...]:
        """Return the folders of exports that are due by `now_ns`. Raises Retryable when the folder can't be read."""
        return due_folders("export", self._due(now_ns))

    def purge(self, now_ns: int) -> PurgeResult:
        return remove_folders("export", self._due(now_ns), lambda each: self._exports.remove(each.name, now_ns))

    def _due(self, now_ns: int) -> list[DueFolder]:
        folder = self._exports.folder
        try:
            return [DueFolder(folder, name, due_ns) for name, due_ns in self._exports.due(now_ns)]
        except OSError as error:
            raise Retryable(f"{folder} can't be read: {error.strerror}. It must be a folder of ours") from error
