"""The audit trail as the applications have it: the vault of the settings behind it, and files to hand out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.client import vault_client

__all__ = ["trail_for", "whole_file"]


def trail_for(settings: Settings) -> AuditTrail:
    """A trail whose names and seals come from the running vault. Nothing is asked before the first entry."""
    return AuditTrail(vault_client(settings), SystemClock())


@contextmanager
def whole_file(file: Path) -> Iterator[BinaryIO]:
    """A file to write, readable by its owner alone, that is there when the block has ended well, and else isn't.

    Raises:
        Fatal: it can't be written.
    """
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError as error:
        raise Fatal(f"{file} can't be written: {error.strerror}. Nothing is left of it; give another file") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
