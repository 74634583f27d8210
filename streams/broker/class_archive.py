"""Java's own archive of the broker's classes (application class-data sharing), kept in the cache beside the jars.

With it a broker starts with two thirds of the processor time (docs/facts.md#brokers). The JVM writes it once, as it
ends; it holds classes only, nothing of a running broker. An archive of other jars, or another JVM, is left aside by
the JVM itself, and one that somebody else may have written isn't used: it is code.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from lfr_core.common.owned_file import is_trusted
from streams.broker.jars import KAFKA_FOLDER

__all__ = ["archive_options", "kept_archive", "read_options"]

_QUIET = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off")
"""An archive that can't be used or written is no fault: the JVM goes on without."""


def kept_archive(libs: Path, java: Path, options: tuple[str, ...]) -> Path:
    """Return where the archive of these jars lies, for this Java and its options; `libs` is their folder."""
    made_for = [str(libs), str(java.resolve()), *options, (KAFKA_FOLDER / "jars.sha256").read_text(encoding="ascii")]
    try:
        built = java.resolve().stat()
        made_for.append(f"{built.st_size} {built.st_mtime_ns}")
    except OSError:
        pass  # then its path alone names it, and the JVM compares its own version
    return libs.parent / f"classes-{hashlib.sha256(repr(made_for).encode()).hexdigest()[:16]}.jsa"


def read_options(kept: Path) -> tuple[str, ...]:
    """Return the options by which Java reads the archive; none where there is none, or another may have written it."""
    return (f"-XX:SharedArchiveFile={kept}", *_QUIET) if kept.exists() and is_trusted(kept) else ()


def archive_options(kept: Path) -> tuple[str, ...]:
    """Return the options by which Java reads the archive, or writes one as it ends where there is none yet."""
    _keep_written(kept)
    if kept.exists():
        return read_options(kept)
    if not os.access(kept.parent, os.W_OK):
        return ()
    return (f"-XX:ArchiveClassesAtExit={kept.with_suffix(f'.{os.getpid()}.new')}", *_QUIET)


def _keep_written(kept: Path) -> None:
    """Move into place what an earlier broker has written, and remove what one was kept from finishing.

    The process that becomes the JVM names it: while that runs it may still be written.
    """
    for written in kept.parent.glob(f"{kept.stem}.*.new"):
        number = written.suffixes[-2].removeprefix(".")
        if number.isdigit() and Path(f"/proc/{number}").exists() and int(number) != os.getpid():
            continue
        try:
            if kept.exists() or not written.stat().st_size:
                written.unlink()
            else:
                written.replace(kept)
        except OSError:
            continue  # another broker was quicker, or may write there and we may not
