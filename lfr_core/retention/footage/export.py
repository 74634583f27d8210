"""Footage written out in the clear: for somebody to look at, or to be handed on as evidence.

An export (`lfr_core.retention.exports`) gets one JPEG a frame, byte for byte as the camera gave it, and a manifest with
each file's SHA-256. It appears when it is whole, and for evidence, when the disclosure is on the audit trail. It isn't
sealed, and goes at its time: what is handed on is copied from it before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.roles import AuthenticatedPerson, principal_of
from lfr_core.retention.exports import Exports, write_picture
from lfr_core.retention.footage.viewing import Frame, ViewedFootage, Viewing
from lfr_core.storage.engine import writing

__all__ = ["MANIFEST", "Written", "disclose", "write_frames"]

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Written:
    """What came out."""

    folder: Path
    frames: int
    seen: tuple[ViewedFootage, ...]
    manifest_sha256: str
    """Hexadecimal; empty where no manifest was asked for."""
    until_ns: int
    """When it goes, wall time."""


def write_frames(viewing: Viewing, exports: Exports, name: str, *, now_ns: int) -> Written:
    """Write a viewing's frames as an export of that name.

    Raises:
        Refused: `export.*`; `footage.nothing`: no frame of that time opens.
        Fatal: the folder can't be written.
        Retryable: the vault is away, or the disk is full; nothing is left behind.
    """
    with exports.make(name, now_ns=now_ns) as export:
        listed = list(_write_all(viewing, export.writing))
        _see_that_there_is_something(listed, viewing)
    return Written(export.folder, len(listed), viewing.seen, "", export.until_ns)


def disclose(
    viewing: Viewing,
    exports: Exports,
    export_name: str,
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
    with exports.make(export_name, now_ns=now_ns) as export:
        listed = list(_write_all(viewing, export.writing))
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
        write_picture(export.writing / MANIFEST, content)
        with writing(engine) as session:
            facts: dict[str, str | int] = {
                "frames": len(listed),
                "segments": sum(each.frames > 0 for each in viewing.seen),
                "manifest_sha256": digest,
            }
            subject = f"footage-export:{digest[:32]}"
            trail.append(session, AuditEvent(Verb.DISCLOSE, name, deployment, subject, purpose, facts))
    return Written(export.folder, len(listed), viewing.seen, digest, export.until_ns)


def _write_all(viewing: Viewing, folder: Path) -> Iterator[dict[str, str | int]]:
    for number, frame in enumerate(viewing.frames()):
        name = _name(number, frame)
        write_picture(folder / name, frame.jpeg)
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
