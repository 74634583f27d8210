"""Whether what the platform keeps on the disk is still there, while it runs.

A process goes on with a file that it has open, or with what it has in memory, when somebody deletes the file or puts
another in its place; what is missing is found at the next start, when nothing can be put back from memory any more.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings

__all__ = ["KeptFiles"]

_KEYSTORE = ("installation", "audit-key.pub", "wrapping-*.key", "keys-*.json")


class KeptFiles:
    """The files of one home, and the broker's and the gallery's folders, held against how they were found first.

    What was never there isn't missed.
    """

    def __init__(self, settings: Settings) -> None:
        """Connect to nothing. What `settings` name elsewhere is kept by others."""
        home = settings.home.resolve()
        self._home = home
        self._databases = [] if settings.database_url else [home / "records.sqlite3"]
        self._databases += [] if settings.prefect_url else [home / "prefect" / "prefect.db"]
        self._databases += [] if settings.oidc_issuer else [home / "identity" / "accounts.sqlite3"]
        self._folders = [] if settings.kafka_servers else [home / "kafka"]
        self._folders += [] if settings.milvus_uri else [home / "milvus"]
        self._replaced = [(settings.process_folder.resolve(), "*.pem")]
        if not settings.vault_address:
            self._replaced += [(settings.keystore_folder.resolve(), each) for each in _KEYSTORE]
        self._seen: dict[Path, tuple[int, int]] = {}

    def find_differences(self) -> tuple[str, ...]:
        """Return in words what has gone, or isn't the file that was there."""
        found = [*map(self._look_at_open, (*self._databases, *self._folders))]
        found += [self._look_for(folder, pattern) for folder, pattern in self._replaced]
        return tuple(filter(None, found))

    def _look_at_open(self, file: Path) -> str:
        """See that a database or folder, which processes have open, is the same one."""
        try:
            stat = file.stat()
        except OSError:
            return f"{self._name(file)} has gone" if file in self._seen else ""
        found = (stat.st_dev, stat.st_ino)
        is_it = self._seen.setdefault(file, found) == found
        what = "folder" if file in self._folders else "file"
        return "" if is_it else f"another {what} lies in the place of {self._name(file)}"

    def _look_for(self, folder: Path, pattern: str) -> str:
        """See that there still is a file of that name, which is replaced at times."""
        file = folder / pattern
        if next(iter(folder.glob(pattern)), None) is not None:
            self._seen[file] = (0, 0)
            return ""
        return f"{self._name(file)} has gone" if file in self._seen else ""

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._home)) if path.is_relative_to(self._home) else str(path)
