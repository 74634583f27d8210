"""Looking at footage: which segments of a time can be opened, and their frames, one after the other.

Each segment's key comes from `Vault.open_kept`, which puts who looks and for what on the audit trail before it gives
the key. There is no other way to a frame, and nothing here compares, searches or keeps a face.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from lfr_core.common.counts import counted
from lfr_core.common.errors import Poison, Refused
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, principal_of
from lfr_core.custody.vault.port import Vault
from lfr_core.retention.footage.hold_approval import HOLDERS
from lfr_core.retention.footage.register import Segment, segments
from lfr_core.retention.footage.segment import index_segment, open_record, segment_file
from lfr_core.storage.engine import reading

__all__ = ["Frame", "ViewedFootage", "Viewing", "choose_footage"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of footage."""

    segment: str
    camera: str
    index: int
    """In its segment."""
    captured_ns: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class ViewedFootage:
    """What a segment gave."""

    segment: Segment
    frames: int
    """Given, of the time that was asked for."""
    damaged: int
    """Frames that don't open: changed since they were written."""
    cut_short_bytes: int
    """Of a frame whose writing was interrupted."""
    frames_lacking: int
    """On record and not in the file: it was cut since."""
    problem: str
    """Why it gave nothing; empty when it did."""


def choose_footage(
    engine: Engine,
    *,
    deployment: str,
    by: AuthenticatedPerson,
    camera: str | None = None,
    from_ns: int | None = None,
    to_ns: int | None = None,
) -> tuple[Segment, ...]:
    """Return the segments of a deployment, camera and time that aren't destroyed, for somebody who may look at them.

    Raises:
        Refused: `people.*` (compliance and authorising officers alone, as the vault says again for each key),
            `footage.unknown`: there never was any; `footage.gone`: all of it is destroyed.
        Retryable: the records are away.
    """
    with reading(engine) as session:
        acting(session, by, HOLDERS)
    found = segments(engine, deployment=deployment, camera=camera, from_ns=from_ns, to_ns=to_ns)
    if not found:
        raise Refused(
            "footage.unknown", "there is no footage of that deployment, camera and time; see `lfr footage list`"
        )
    standing = tuple(segment for segment in found if segment.purged_ns is None)
    if not standing:
        raise Refused(
            "footage.gone",
            f"nothing of that time is left, {counted(len(found), 'segment')} of footage destroyed: nobody can see them",
        )
    return standing


class Viewing:
    """One person's look at some segments. Iterate over `frames`, then ask `seen`.

    Args:
        folder: the footage store.
        vault: gives the keys.
        chosen: the segments, from `choose_footage` or `find_segments`.
        actor: who looks: compliance or an authorising officer.
        purpose: why, in a few words.
        from_ns: frames from this time on.
        to_ns: frames before this time.
    """

    def __init__(
        self,
        folder: Path,
        vault: Vault,
        chosen: tuple[Segment, ...],
        *,
        actor: AuthenticatedPerson,
        purpose: str,
        from_ns: int | None = None,
        to_ns: int | None = None,
    ) -> None:
        self._folder = folder
        self._vault = vault
        self._chosen = chosen
        self._who = (str(principal_of(actor)), purpose)
        self._from_ns = from_ns
        self._to_ns = to_ns
        self._seen: list[ViewedFootage] = []

    @property
    def seen(self) -> tuple[ViewedFootage, ...]:
        """What each segment gave, of those looked at so far."""
        return tuple(self._seen)

    def frames(self) -> Iterator[Frame]:
        """Yield the frames, in the order of segments and within them as they were written.

        Raises:
            Retryable: the vault is away, or can't put this on the audit trail; nothing more is given then.
            Refused: `vault.purpose-missing`, and what the audit trail refuses.
        """
        for segment in self._chosen:
            yield from self._segment(segment)

    def _segment(self, segment: Segment) -> Iterator[Frame]:
        file = segment_file(self._folder, segment.id)
        try:
            index = index_segment(file)
            stream = file.open("rb")
        except (Poison, OSError) as error:
            self._nothing(segment, str(error) if isinstance(error, Poison) else "its file is missing or unreadable")
            return
        with stream:
            wanted = [each for each in index.records if self._is_wanted(each.captured_ns)]
            if not wanted and index.records:
                return  # nothing of that time: the key isn't asked for, and nobody is said to have looked
            try:
                key = self._vault.open_kept(segment.key_id, actor=self._who[0], purpose=self._who[1]).key
            except Refused as error:
                if error.rule != "vault.key-gone":
                    raise
                self._nothing(segment, "its key is destroyed")
                return
            given = damaged = 0
            for record in wanted:
                try:
                    jpeg = open_record(stream, index, record, key)
                except Refused:
                    damaged += 1
                    continue
                given += 1
                yield Frame(segment.id, segment.camera, record.index, record.captured_ns, jpeg)
        lacking = max(0, segment.frames - len(index.records))
        self._seen.append(ViewedFootage(segment, given, damaged, index.cut_short_bytes, lacking, ""))

    def _is_wanted(self, captured_ns: int) -> bool:
        return (self._from_ns is None or captured_ns >= self._from_ns) and (
            self._to_ns is None or captured_ns < self._to_ns
        )

    def _nothing(self, segment: Segment, problem: str) -> None:
        self._seen.append(ViewedFootage(segment, 0, 0, 0, segment.frames, problem))
