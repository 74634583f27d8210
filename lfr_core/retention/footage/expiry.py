"""The end of footage: what is due and not held goes, once, whatever happens on the way.

For each segment in this order: its key is destroyed; its file is removed; its row says so, and the trail with it.
Killed after the first step, the file can't be opened by anybody and the next run does the rest; after the second, the
next run records it. Two runs at once do the same to the same segment, and only one of them records it.

Removing a file leaves its blocks on the medium until they are used again, on flash for longer. Nothing is claimed of
them but this: they are sealed under a key that is no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from lfr_core.common.errors import Poison, Refused, Retryable
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.vault.port import ErasureRule, KeyKind, Vault
from lfr_core.domain.actors import SystemActor
from lfr_core.retention.footage.hold_reconciliation import reconcile_holds
from lfr_core.retention.footage.orphans import remove_orphans
from lfr_core.retention.footage.register import Segment, close_row, find_segments, read_due_segments, rows_of, unclosed
from lfr_core.retention.footage.segment import index_segment, segment_file
from lfr_core.storage.engine import writing

__all__ = ["ERASE_RULE", "PurgedSegment", "close_abandoned", "expire_segments"]

ERASE_RULE = ErasureRule.FOOTAGE_DUE
ACTOR = SystemActor.RETENTION
_AT_ONCE = 100
"""Segments in one transaction: after a long downtime a sweep writes often enough, and not for hours."""
_ABANDONED_NS = 600 * 10**9
"""Twice the longest segment: whoever wrote it is gone."""


@dataclass(frozen=True, slots=True)
class PurgedSegment:
    """What this run destroyed."""

    id: str
    deployment: str
    camera: str
    started_ns: int
    ended_ns: int | None
    due_ns: int
    purged_ns: int
    frames: int
    bytes: int
    key_id: str
    key_fingerprint: str
    file_found: bool
    """False: it had gone before, with an interrupted run or by hand."""


def expire_segments(
    engine: Engine, folder: Path, vault: Vault, trail: Trail, *, now_ns: int
) -> tuple[PurgedSegment, ...]:
    """Destroy every segment that is due and not held, and files that no row knows. Idempotent; may run twice at once.

    Args:
        engine: the records.
        folder: the footage store.
        vault: has the keys.
        trail: where each erasure is written.
        now_ns: wall time.

    Raises:
        Retryable: vault or records are away, a disk is full, or a file can't be removed. What was done is done, and
            the next run goes on from there.
    """
    trail.prepare(ACTOR)
    reconcile_holds(engine, vault)
    close_abandoned(engine, folder, now_ns=now_ns)
    due = [each.id for each in read_due_segments(engine, now_ns)]
    purged: list[PurgedSegment] = []
    stuck: list[str] = []
    for at in range(0, len(due), _AT_ONCE):
        part = find_segments(engine, due[at : at + _AT_ONCE])
        removed: dict[str, bool] = {}
        for segment in _without_key(vault, folder, part):
            try:
                removed[segment.id] = _remove(segment_file(folder, segment.id))
            except OSError as error:
                stuck.append(f"{segment_file(folder, segment.id)} ({error.strerror})")
        purged += _record_purged(engine, trail, removed, now_ns)
    if stuck:
        raise Retryable(
            f"{len(stuck)} files of footage can't be removed, the first is {stuck[0]}: give the folder write access. "
            "Their keys are destroyed: nobody can open them"
        )
    remove_orphans(engine, folder, vault, trail, now_ns=now_ns)
    return tuple(purged)


def close_abandoned(engine: Engine, folder: Path, *, now_ns: int) -> int:
    """Count the frames of segments whose camera was killed; needs no key. Returns how many. Raises Retryable."""
    left = unclosed(engine, now_ns - _ABANDONED_NS)
    for segment in find_segments(engine, left):
        try:
            index = index_segment(segment_file(folder, segment.id))
            frames, size = len(index.records), index.size_bytes
            ended_ns = index.records[-1].captured_ns if index.records else segment.started_ns
        except (OSError, Poison):  # nothing to count
            frames, size, ended_ns = 0, 0, segment.started_ns
        close_row(engine, segment.id, ended_ns=ended_ns, frames=frames, size_bytes=size, missed=segment.missed)
    return len(left)


def _without_key(vault: Vault, folder: Path, part: Sequence[Segment]) -> list[Segment]:
    """Destroy the keys of `part`; those segments that have none any more."""
    try:
        vault.destroy(_keys_of(vault, part), rule=ERASE_RULE)
        return list(part)
    except Refused as error:
        if error.rule in {"vault.key-held", "vault.not-due"}:
            if len(part) > 1:
                return [each for segment in part for each in _without_key(vault, folder, [segment])]
            why = "footage.held-without-record" if error.rule == "vault.key-held" else "footage.not-due-by-its-key"
            get_logger().warning(why, segment=part[0].id)
            return []
        _free_space(vault, folder, part)
        raise Retryable(f"the vault can't destroy keys of footage for good: {error}", retry_after_s=5.0) from error


def _keys_of(vault: Vault, part: Iterable[Segment]) -> list[str]:
    """Return the keys of segments: by the keystore, not by their rows."""
    segments = {segment.id for segment in part}
    return [info.id for info in vault.kept(KeyKind.FOOTAGE) if info.subject in segments]


def _free_space(vault: Vault, folder: Path, part: Iterable[Segment]) -> None:
    """Make room where the keystore can't be written, perhaps because footage has filled its disk.

    What the vault has no key for any more can go now. It is recorded by a later run, when the keystore is written.
    """
    kept = {info.subject for info in vault.kept(KeyKind.FOOTAGE)}
    for segment in part:
        if segment.id not in kept:
            try:
                _remove(segment_file(folder, segment.id))
            except OSError as error:
                get_logger().error("footage.not-removed", segment=segment.id, reason=error.strerror)


def _remove(file: Path) -> bool:
    """Remove a file; returns whether it was there."""
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    return True


def _record_purged(engine: Engine, trail: Trail, removed: dict[str, bool], now_ns: int) -> list[PurgedSegment]:
    """Say so in the records and on the trail; those that another run recorded meanwhile are left out."""
    purged: list[PurgedSegment] = []
    if not removed:
        return purged
    with writing(engine) as session:
        for row in rows_of(session, removed, lock=True):
            if row.purged_ns is not None:
                continue
            row.purged_ns = now_ns
            found = removed[row.id]
            trail.append(
                session,
                AuditEvent(
                    Verb.ERASE,
                    ACTOR,
                    row.deployment,
                    f"footage:{row.id}",
                    ERASE_RULE,
                    {
                        "frames": row.frames,
                        "bytes": row.bytes,
                        "due_ns": row.due_ns,
                        "key_fingerprint": row.key_fingerprint,
                        "file": "removed" if found else "absent",
                    },
                ),
            )
            purged.append(
                PurgedSegment(
                    id=row.id,
                    deployment=row.deployment,
                    camera=row.camera,
                    started_ns=row.started_ns,
                    ended_ns=row.ended_ns,
                    due_ns=row.due_ns,
                    purged_ns=now_ns,
                    frames=row.frames,
                    bytes=row.bytes,
                    key_id=row.key_id,
                    key_fingerprint=row.key_fingerprint,
                    file_found=found,
                )
            )
    return purged
