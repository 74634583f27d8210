"""Files of footage that no row knows, or that came back after their end: out of a backup, or by hand.

What isn't called as a segment is removed by nobody: it is named, until a person takes it away.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from sqlalchemy import Engine

from lfr_core.common.errors import Poison, Refused, Retryable
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.vault.port import ErasureRule, KeptKeyInfo, KeyKind, Vault
from lfr_core.domain.actors import SystemActor
from lfr_core.retention.erasure.stores import MARK_FILE
from lfr_core.retention.footage.register import find_segments
from lfr_core.retention.footage.segment import STORE_FILE, SUFFIX, index_segment, segment_file
from lfr_core.storage.engine import writing

__all__ = ["LONGEST_DAYS", "find_unknown_footage", "remove_orphans"]

LONGEST_DAYS = 31
"""No policy keeps footage for longer; the age of a file that doesn't say when it is due."""
_RULE = ErasureRule.FOOTAGE_STRAY
_ID = re.compile(r"[0-9a-f]{32}")


def remove_orphans(engine: Engine, folder: Path, vault: Vault, trail: Trail, *, now_ns: int) -> tuple[str, ...]:
    """Remove what is in the folder and on no record, once its time is over; the names of the files.

    A writer puts a segment on record before it makes the file, so a file without a row is never one just begun. One
    whose row says that it was destroyed, and whose key was, goes at once. One whose key is held stays.

    Raises:
        Retryable: vault or records are away, or a file can't be removed.
    """
    there = {file.stem: file for file in _list(folder) if _is_segment(file)}
    known = {segment.id: segment for segment in find_segments(engine, there)}
    strays = {name: file for name, file in there.items() if name not in known or known[name].purged_ns is not None}
    if not strays:
        return ()
    keys = {info.subject: info for info in vault.kept(KeyKind.FOOTAGE)}
    removed = []
    for name, file in sorted(strays.items()):
        info = keys.get(name)
        is_in_time = _due_ns(file, info) > now_ns or (info is not None and info.held)
        if is_in_time and (name not in known or info is not None):  # a row says what somebody wrote there
            continue
        deployment = known[name].deployment if name in known else info.deployment if info is not None else ""
        try:
            if info is not None:
                vault.destroy([info.id], rule=_RULE)
            file.unlink(missing_ok=True)
        except (OSError, Refused) as error:
            raise Retryable(f"the stray file {file} can't be removed: {error}") from error
        with writing(engine) as session:
            trail.append(session, AuditEvent(Verb.ERASE, SystemActor.RETENTION, deployment, _subject(name), _RULE))
        get_logger().warning("footage.orphan-removed", segment=name)
        removed.append(file.name)
    return tuple(removed)


def find_unknown_footage(engine: Engine, folder: Path) -> tuple[str, ...]:
    """List what lies in the footage folder and on no record, by name: files, folders, links, whatever they are called.

    Raises:
        Retryable: the records are away, or the folder can't be read.
    """
    there = _list(folder)
    rows = find_segments(engine, {file.stem for file in there if _is_segment(file)})
    known = {STORE_FILE, MARK_FILE, *(segment_file(folder, row.id).name for row in rows if row.purged_ns is None)}
    return tuple(sorted(file.name for file in there if file.name not in known or not _is_plain(file)))


def _list(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Retryable(f"the footage folder {folder} can't be read: {error.strerror}") from error


def _is_segment(file: Path) -> bool:
    return file.suffix == SUFFIX and _is_plain(file)


def _is_plain(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()


def _subject(name: str) -> str:
    """Return a file's name for the trail, which takes no names that somebody made up."""
    return f"footage:{name}" if _ID.fullmatch(name) else f"footage:file-{hashlib.sha256(os.fsencode(name)).hexdigest()}"


def _due_ns(file: Path, info: KeptKeyInfo | None) -> int:
    """Return when it has to go: by its key, by its own header, by its age, which neither header nor date put off."""
    if info is not None:
        return info.due_ns
    try:
        found = file.stat()
        by_age_ns = min(found.st_mtime_ns, found.st_ctime_ns) + LONGEST_DAYS * 24 * 3600 * 10**9
        return min(index_segment(file).header.due_ns, by_age_ns)
    except FileNotFoundError:
        return 0
    except (OSError, Poison):
        return by_age_ns
