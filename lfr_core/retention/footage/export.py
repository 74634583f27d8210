"""Footage written out in the clear: for somebody to look at, or to be handed on as evidence.

A folder gets one JPEG a frame, byte for byte as the camera gave it, and a manifest with each file's SHA-256. It is
made under another name and appears under its own when it is whole, and for evidence, when the disclosure is on the
audit trail. From then on it is the receiver's to keep and to delete: it isn't sealed, and no sweep of ours knows it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.roles import AuthenticatedPerson, principal_of
from lfr_core.retention.footage.viewing import Frame, ViewedFootage, Viewing
from lfr_core.storage.engine import writing

__all__ = ["MANIFEST", "Written", "disclose", "write_frames"]

MANIFEST = "manifest.json"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Written:
    """What came out."""

    folder: Path
    frames: int
    seen: tuple[ViewedFootage, ...]
    manifest_sha256: str
    """Hexadecimal; empty where no manifest was asked for."""


def write_frames(viewing: Viewing, folder: Path) -> Written:
    """Write a viewing's frames into a new folder.

    Raises:
        Refused: `footage.output-exists`; `footage.nothing`: no frame of that time opens.
        Fatal: the folder can't be written.
        Retryable: the vault is away, or the disk is full; nothing is left behind.
    """
    with _appearing(folder) as partial:
        listed = list(_write_all(viewing, partial))
        _see_that_there_is_something(listed, viewing)
    return Written(folder, len(listed), viewing.seen, "")


def disclose(
    viewing: Viewing,
    folder: Path,
    *,
    engine: Engine,
    trail: Trail,
    deployment: str,
    actor: AuthenticatedPerson,
    purpose: str,
    now_ns: int,
) -> Written:
    """Export a viewing as evidence: frames, manifest, and an entry on the audit trail with the manifest's SHA-256.

    Raises:
        As `write_frames`; also Refused and Retryable of the audit trail: then nothing is left behind.
    """
    name = str(principal_of(actor))
    trail.prepare(name)
    with _appearing(folder) as partial:
        listed = list(_write_all(viewing, partial))
        _see_that_there_is_something(listed, viewing)
        manifest = {
            "version": 1,
            "deployment": deployment,
            "exported_at": utc_from_ns(now_ns).isoformat(),
            "exported_by": name,
            "purpose": purpose,
            "segments": [
                {
                    "id": each.segment.id,
                    "camera": each.segment.camera,
                    "session": each.segment.session,
                    "started_at": utc_from_ns(each.segment.started_ns).isoformat(),
                    "key_fingerprint": each.segment.key_fingerprint,
                    "frames_on_record": each.segment.frames,
                    "frames_missed_by_the_camera": each.segment.missed,
                    "frames_exported": each.frames,
                    "frames_damaged": each.damaged,
                    "frames_lacking": each.frames_lacking,
                    "cut_short_bytes": each.cut_short_bytes,
                    "problem": each.problem,
                }
                for each in viewing.seen
            ],
            "files": listed,
        }
        content = json.dumps(manifest, indent=2, ensure_ascii=False).encode() + b"\n"
        digest = hashlib.sha256(content).hexdigest()
        _write(partial / MANIFEST, content)
        with writing(engine) as session:
            facts: dict[str, str | int] = {
                "frames": len(listed),
                "segments": sum(each.frames > 0 for each in viewing.seen),
                "manifest_sha256": digest,
            }
            subject = f"footage-export:{digest[:32]}"
            trail.append(session, AuditEvent(Verb.DISCLOSE, name, deployment, subject, purpose, facts))
    return Written(folder, len(listed), viewing.seen, digest)


def _write_all(viewing: Viewing, folder: Path) -> Iterator[dict[str, str | int]]:
    for number, frame in enumerate(viewing.frames()):
        name = _name(number, frame)
        _write(folder / name, frame.jpeg)
        yield {
            "file": name,
            "sha256": hashlib.sha256(frame.jpeg).hexdigest(),
            "captured_at": utc_from_ns(frame.captured_ns).isoformat(),
            "captured_ns": frame.captured_ns,
            "segment": frame.segment,
            "index": frame.index,
        }


def _name(number: int, frame: Frame) -> str:
    at = utc_from_ns(frame.captured_ns).strftime("%Y%m%dT%H%M%S.%fZ")
    return f"{number:06d}-{frame.camera}-{at}.jpg"


def _see_that_there_is_something(listed: list[dict[str, str | int]], viewing: Viewing) -> None:
    if not listed:
        why = sorted({each.problem for each in viewing.seen if each.problem})
        raise Refused("footage.nothing", f"no frame of that time can be opened: {'; '.join(why) or 'there is none'}")


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A private folder that gets its name at the end, or is removed."""
    if folder.exists():
        raise Refused("footage.output-exists", f"{folder} is there already: give the name of a new folder")
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    try:
        partial.mkdir(parents=True, mode=0o700)
        yield partial
        partial.rename(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(file: Path, content: bytes) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)


def _unwritable(folder: Path, error: OSError) -> Fatal | Retryable:
    words = f"{folder} can't be written: {error.strerror}; nothing is left there"
    return Retryable(words) if error.errno in _FULL else Fatal(words)  # free space and try again
