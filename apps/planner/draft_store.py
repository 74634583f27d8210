"""Keeps what somebody has typed into the application's form, so that neither a reload nor a new login loses it."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from apps.planner.drafts import FormValues
from lfr_core.common.files import open_atomic, read_bounded
from lfr_core.domain.actors import fold_name

__all__ = ["DraftStore"]

_BYTES: Final = 200_000
_VALUES = TypeAdapter(FormValues)


class DraftStore:
    """One draft a person, in a file that only this user can read. A disk that refuses loses the draft, no more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, *names: str) -> dict[str, object] | None:
        """Return the fields as they were typed last, by a person of any of these names; None where nothing was."""
        for name in names:
            with suppress(OSError, ValidationError):
                return asdict(_VALUES.validate_json(read_bounded(self._file(name), _BYTES, inside=self._folder)))
        return None

    def keep(self, name: str, values: FormValues) -> None:
        """Keep them in the place of those before."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open_atomic(self._file(name)) as out:
                os.fchmod(out.fileno(), 0o600)
                out.write(_VALUES.dump_json(values))

    def forget(self, *names: str) -> None:
        """Delete them: the application was taken, or its fields were emptied."""
        for name in names:
            with suppress(OSError):
                self._file(name).unlink()

    def _file(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(fold_name(name).encode()).hexdigest()[:32]}.json"
