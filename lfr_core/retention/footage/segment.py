"""The file of a segment: a header line, then sealed JPEGs one after the other.

    {"version":1,"segment":...,"key":...,"deployment":...,"camera":...,"session":...,"started_ns":...,...} newline
    4 bytes, big-endian: length of what is sealed | 8 bytes: captured_ns | nonce, ciphertext, tag
    4 bytes ...

Each record is bound to the header's exact bytes, its index and its captured_ns: none can be moved to another place,
another time, another camera or another segment. Times and lengths stand open, so that a segment whose writer was
killed can be counted without its key. A file that ends within a record was cut short; what is whole before it counts.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

from lfr_core.common.errors import Poison
from lfr_core.custody.vault.sealing import OVERHEAD_BYTES, binding, open_sealed, seal

__all__ = [
    "STORE_FILE",
    "SegmentFile",
    "SegmentHeader",
    "SegmentIndex",
    "SegmentRecord",
    "index_segment",
    "open_record",
    "segment_file",
]

STORE_FILE = "footage-store.txt"
"""It stays when all footage is gone: a store without any file is another one than the canary was put into."""
_PREFIX = struct.Struct(">Iq")
_LONGEST_HEADER = 4_096
_LONGEST_RECORD = 64_000_000
"""Bytes; four times the largest frame any policy allows. More is damage, not a frame."""
SUFFIX = ".lfrseg"


class SegmentHeader(BaseModel):
    """What a segment's file says of itself, in the open."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    segment: str
    key: str
    """Id of its key in the vault."""
    deployment: str
    camera: str
    session: str
    started_ns: int
    due_ns: int


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """Where one sealed frame lies."""

    index: int
    captured_ns: int
    offset: int
    """Of the sealed bytes in the file."""
    length: int


@dataclass(frozen=True, slots=True)
class SegmentIndex:
    """What can be known of a segment's file without its key."""

    header: SegmentHeader
    header_bytes: bytes
    records: tuple[SegmentRecord, ...]
    cut_short_bytes: int
    """Bytes after the last whole record: of a frame whose writing was interrupted."""
    size_bytes: int


def segment_file(folder: Path, segment: str) -> Path:
    """Return where the footage of a segment lies."""
    return folder / f"{segment}{SUFFIX}"


class SegmentFile:
    """A segment being written. Used by one thread. OSError comes through as it is, nothing half written stays.

    Args:
        folder: the footage store; made when it isn't there.
        header: of the new segment.
        key: 32 bytes; the segment's own.

    Raises:
        OSError: the file is there already, or can't be made.
    """

    def __init__(self, folder: Path, header: SegmentHeader, key: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.header = header
        self.frames = 0
        self.last_ns: int | None = None
        self._key = key
        self._head = header.model_dump_json().encode() + b"\n"
        self._file = segment_file(folder, header.segment)
        self._out = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.size_bytes = 0
        try:
            self._write(self._head)
        except OSError:
            self.close()
            self._file.unlink(missing_ok=True)
            raise

    def append(self, captured_ns: int, jpeg: bytes) -> None:
        """Seal one frame and add it. After an OSError the file is as it was before."""
        sealed = seal(self._key, jpeg, _bound(self._head, self.frames, captured_ns))
        self._write(_PREFIX.pack(len(sealed), captured_ns) + sealed)
        self.frames += 1
        self.last_ns = captured_ns

    def close(self) -> None:
        """Put it on the disk and let go of the key. Safe to call twice."""
        self._key = b""
        if self._out >= 0:
            out, self._out = self._out, -1
            try:
                os.fsync(out)
            finally:
                os.close(out)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._out, rest) :]
        except OSError:
            os.ftruncate(self._out, self.size_bytes)
            os.lseek(self._out, self.size_bytes, os.SEEK_SET)
            raise
        self.size_bytes += len(data)


def index_segment(file: Path) -> SegmentIndex:
    """Read where a segment's frames lie; needs no key, and reads no frame.

    Raises:
        Poison: the file doesn't begin as a segment does.
        FileNotFoundError: it isn't there. Other OSErrors come through too.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        head = stream.readline(_LONGEST_HEADER)
        try:
            header = SegmentHeader.model_validate_json(head)
        except ValidationError as error:
            raise Poison(f"{file.name} doesn't begin as a segment of footage does: its header is damaged") from error
        if header.version != 1 or not head.endswith(b"\n"):
            raise Poison(f"{file.name} is of version {header.version}, which this OpenLFR can't read")
        records = tuple(_records(stream, len(head), size))
    end = records[-1].offset + records[-1].length if records else len(head)
    return SegmentIndex(header, head, records, size - end, size)


def _records(stream: BinaryIO, start: int, size: int) -> Iterator[SegmentRecord]:
    at, index = start, 0
    while at + _PREFIX.size <= size:
        stream.seek(at)
        prefix = stream.read(_PREFIX.size)
        if len(prefix) < _PREFIX.size:
            return
        length, captured_ns = _PREFIX.unpack(prefix)
        at += _PREFIX.size
        if not OVERHEAD_BYTES < length <= _LONGEST_RECORD or at + length > size:
            return
        yield SegmentRecord(index, captured_ns, at, length)
        at, index = at + length, index + 1


def open_record(stream: BinaryIO, index: SegmentIndex, record: SegmentRecord, key: bytes) -> bytes:
    """Return the JPEG of one record of the open file.

    Raises:
        Refused: `vault.not-authentic`: it was changed or moved, or the key is another's.
    """
    stream.seek(record.offset)
    sealed = stream.read(record.length)
    return open_sealed(key, sealed, _bound(index.header_bytes, record.index, record.captured_ns))


def _bound(head: bytes, index: int, captured_ns: int) -> bytes:
    return binding("footage", hashlib.sha256(head).hexdigest(), index, captured_ns)
