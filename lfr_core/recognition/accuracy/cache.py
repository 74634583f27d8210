"""Templates of a data set between two runs, by photograph, model and quality gate.

Templates are biometric data. They lie in `tmp` of the home folder, readable by its owner alone; none is kept for longer
than `keep_h` hours (`retention.temporary_files_h`): older ones go when the cache is opened, and the sweep of retention
removes the whole folder when nothing has changed in it for so long (decision 0032).
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from lfr_core.common.errors import Fatal
from lfr_core.domain.policy import FacePolicy
from lfr_core.recognition.accuracy.extraction_result import ExtractionResult

__all__ = ["TemplateCache", "quality_gate_id"]

_NS_PER_H = 3_600 * 10**9
_TABLE = """CREATE TABLE IF NOT EXISTS seen (digest TEXT PRIMARY KEY, made_ns INTEGER NOT NULL,
reference_why TEXT NOT NULL, probe_why TEXT NOT NULL, template BLOB)"""


def quality_gate_id(policy: FacePolicy) -> str:
    """Name a quality gate: SHA-256 (hex) of everything that decides which faces are found and compared."""
    return hashlib.sha256(policy.model_dump_json().encode()).hexdigest()


class TemplateCache:
    """What was seen in photographs, for a model and a quality gate. Use it as a context manager."""

    def __init__(self, folder: Path | None, contract_id: str, gate_id: str, *, now_ns: int, keep_h: int) -> None:
        """Open it, and remove what is too old.

        Args:
            folder: `tmp` of the home folder; None: nothing is kept.
            contract_id: of the model.
            gate_id: `quality_gate_id`.
            now_ns: wall time.
            keep_h: how long a template may be kept.

        Raises:
            Fatal: it can't be written.
        """
        self._now_ns = now_ns
        self._since_commit = 0
        name = hashlib.sha256(f"{contract_id} {gate_id}".encode()).hexdigest()[:32]
        try:
            if folder is not None:
                mine = folder / f"accuracy-{name}"
                mine.mkdir(parents=True, exist_ok=True, mode=0o700)
                file = mine / "templates.sqlite3"
                os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
            self._store = sqlite3.connect(":memory:" if folder is None else file)
            self._store.execute("PRAGMA secure_delete = ON")
            self._store.execute(_TABLE)
            self._store.execute(
                "DELETE FROM seen WHERE made_ns <= ? OR made_ns > ?", (now_ns - keep_h * _NS_PER_H, now_ns)
            )
            self._store.commit()
        except (OSError, sqlite3.Error) as error:
            raise Fatal(
                f"the cache of templates in {folder} can't be written ({error}): free space, or use --no-cache"
            ) from error
        self._keeps = folder is not None

    def get(self, digest: str) -> ExtractionResult | None:
        """Return what was seen in a photograph before; None if it has to be looked at."""
        row = self._store.execute(
            "SELECT reference_why, probe_why, template FROM seen WHERE digest = ?", (digest,)
        ).fetchone()
        if row is None:
            return None
        template = None if row[2] is None else np.frombuffer(row[2], dtype=np.float32)
        return ExtractionResult(digest, row[0], row[1], template)

    def put(self, seen: ExtractionResult) -> None:
        """Keep it; a disk that is full costs the cache and not the run."""
        if not self._keeps:
            return
        template = None if seen.template is None else seen.template.astype(np.float32).tobytes()
        row = (seen.digest, self._now_ns, seen.reference_why, seen.probe_why, template)
        with suppress(sqlite3.Error):
            self._store.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?)", row)
            self._since_commit += 1
            if self._since_commit % 200 == 0:
                self._store.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(sqlite3.Error):
            self._store.commit()
        self._store.close()
