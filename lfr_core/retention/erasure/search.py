"""Searching bytes: many needles at once, any number of files, in constant memory.

How: the text is read in blocks. Only every 16th position is looked at: the eight bytes there are looked up among the
eight-byte pieces of all needles. A needle of 24 bytes and more always covers a whole such piece, wherever it lies
(15 bytes to the next position looked at, and 8 for the piece), so nothing is missed; what is looked up and found is
then compared byte for byte. The time doesn't depend on the number of needles.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

__all__ = [
    "BLOCK_BYTES",
    "MIN_NEEDLE_BYTES",
    "PACKED_MARKS",
    "NeedleMatch",
    "Needles",
    "SearchResult",
    "Unreadable",
    "search_file",
    "search_files",
]

MIN_NEEDLE_BYTES = 24
"""A shorter one could be missed, and would be found by chance sooner."""
BLOCK_BYTES = 4 * 1024 * 1024
_STEP = 16
_PIECE = 8
_TABLE_BITS = 20  # 1 MiB of flags: with 5,000 pieces 0.5 % of the positions are looked at twice
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: spreads equal low bits over the high ones
PACKED_MARKS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"(\xb5/\xfd", b"PK\x03\x04", b"\x04\x22\x4d\x18")
"""How files packed by gzip, bzip2, xz, zstd, zip and lz4 begin."""
_LONGEST_MARK = 6
_PLACES = 8
"""Places kept of one needle: a certificate names some, not a million."""


@dataclass(frozen=True, slots=True)
class NeedleMatch:
    """One place where a needle lies."""

    needle: int
    """Its index."""
    where: str
    """A file, or a table and column."""
    offset: int
    """Bytes from the beginning."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that couldn't be read, and why."""

    where: str
    why: str


@dataclass(slots=True)
class SearchResult:
    """What a search read and found."""

    found: list[NeedleMatch] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    files: int = 0
    """Files, or tables."""
    bytes_read: int = 0
    seconds: float = 0.0
    packed: list[Path] = field(default_factory=list)
    """Files that begin as packed ones do: a search of their raw bytes says little."""

    @property
    def needles_found(self) -> frozenset[int]:
        return frozenset(one.needle for one in self.found)

    def add(self, other: SearchResult) -> None:
        """Take in another search's result."""
        self.found += other.found
        self.unreadable += other.unreadable
        self.files += other.files
        self.bytes_read += other.bytes_read
        self.seconds += other.seconds
        self.packed += other.packed


class Needles:
    """Byte strings to look for, prepared once for any number of searches.

    Args:
        needles: each of at least 24 bytes; equal ones are found alike.

    Raises:
        ValueError: one is shorter.
    """

    def __init__(self, needles: Sequence[bytes]) -> None:
        if short := [len(needle) for needle in needles if len(needle) < MIN_NEEDLE_BYTES]:
            raise ValueError(f"needles have {MIN_NEEDLE_BYTES} bytes or more; one has {min(short)}")
        self._needles = tuple(needles)
        pieces: dict[int, list[tuple[int, int]]] = {}
        for index, needle in enumerate(self._needles):
            for offset in range(_STEP):
                piece = int.from_bytes(needle[offset : offset + _PIECE], "little")
                pieces.setdefault(piece, []).append((index, offset))
        self._pieces = pieces
        self._keys = np.array(sorted(pieces), dtype=np.uint64)
        self._table = np.zeros(1 << _TABLE_BITS, dtype=np.bool_)
        self._table[_hashed(self._keys)] = True
        self.longest = max(map(len, self._needles), default=0)

    def __len__(self) -> int:
        return len(self._needles)

    def length(self, index: int) -> int:
        """Return the bytes of one needle, in number."""
        return len(self._needles[index])

    def find(self, text: bytes | memoryview) -> Iterator[tuple[int, int]]:
        """Find index and offset of every needle in `text`, wherever it begins."""
        words = len(text) // _STEP
        if not words or not self._needles:
            return
        looked_at = np.frombuffer(text, dtype="<u8", count=words * (_STEP // _PIECE))[:: _STEP // _PIECE]
        yield from self._compare(text, looked_at)
        if len(text) - words * _STEP >= _PIECE:  # the last position, whose piece fits though a whole step doesn't
            last = np.frombuffer(text, dtype="<u8", count=1, offset=words * _STEP)
            yield from self._compare(text, last, first=words)

    def _compare(
        self, text: bytes | memoryview, looked_at: npt.NDArray[np.uint64], first: int = 0
    ) -> Iterator[tuple[int, int]]:
        likely = np.flatnonzero(self._table[_hashed(looked_at)])
        if not len(likely):
            return
        words = looked_at[likely]
        slots = np.minimum(np.searchsorted(self._keys, words), len(self._keys) - 1)
        for place, word in zip(likely[self._keys[slots] == words], words[self._keys[slots] == words], strict=True):
            for index, offset in self._pieces[int(word)]:
                start = (first + int(place)) * _STEP - offset
                needle = self._needles[index]
                if start >= 0 and text[start : start + len(needle)] == needle:
                    yield index, start


def _hashed(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return (words * _MIX) >> np.uint64(64 - _TABLE_BITS)


def search_file(needles: Needles, source: BinaryIO, where: str, *, block_bytes: int = BLOCK_BYTES) -> SearchResult:
    """Search one open file from where it stands to its end.

    Raises:
        OSError: it can't be read on.
    """
    result = SearchResult(files=1)
    started = time.monotonic()
    overlap = max(needles.longest - 1, 0)
    places: dict[int, int] = {}
    kept, offset = b"", 0  # `offset`: where `kept` begins
    while block := source.read(block_bytes):
        result.bytes_read += len(block)
        text = kept + block
        for needle, start in needles.find(text):
            if start + needles.length(needle) <= len(kept):
                continue  # wholly in what the last block had: found then
            places[needle] = places.get(needle, 0) + 1
            if places[needle] <= _PLACES:
                result.found.append(NeedleMatch(needle, where, offset + start))
        keep = min(overlap, len(text))
        offset += len(text) - keep
        kept = text[len(text) - keep :]
    result.seconds = time.monotonic() - started
    return result


def search_files(needles: Needles, roots: Iterable[Path], *, skip: Sequence[Path] = ()) -> SearchResult:
    """Search every file under `roots` (files or folders), but nothing under `skip`.

    A root that doesn't exist holds nothing. A file that goes away while it is looked for is gone; one that can't be
    read is named, and so is a link that leads out of the roots (none is followed).
    """
    result = SearchResult()
    avoided = tuple(path.resolve() for path in skip)
    roots = tuple(roots)
    inside = tuple(root.resolve() for root in roots)
    for root in roots:
        for file in _walk(root, avoided, inside, result):
            try:
                with file.open("rb") as source:
                    if source.read(_LONGEST_MARK).startswith(PACKED_MARKS):
                        result.packed.append(file)
                    source.seek(0)
                    result.add(search_file(needles, source, str(file)))
            except FileNotFoundError:
                continue
            except OSError as error:
                result.unreadable.append(Unreadable(str(file), error.strerror or type(error).__name__))
    return result


def _walk(root: Path, avoided: Sequence[Path], inside: Sequence[Path], result: SearchResult) -> Iterator[Path]:
    if root.resolve() in avoided:
        return
    if root.is_file():
        yield root
        return

    def failed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            result.unreadable.append(Unreadable(str(error.filename), error.strerror or type(error).__name__))

    for folder, folders, files in os.walk(root, onerror=failed):
        here = Path(folder)
        for name in (*folders, *sorted(files)):
            path = here / name
            if path.is_symlink():
                if not any(path.resolve().is_relative_to(base) for base in inside):
                    result.unreadable.append(Unreadable(str(path), "a link that leads elsewhere"))
            elif path.is_file() and path.resolve() not in avoided:
                yield path
        folders[:] = sorted(name for name in folders if (here / name).resolve() not in avoided)
