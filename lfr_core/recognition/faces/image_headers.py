"""What a file says of itself before it is decoded: its kind, its pixels. For limits only: decoders judge soundness.

JPEG, PNG and WebP are followed as their decoders do. Of the others, which are decoded in a process of their own, the
kind is known here and the size by the decoder.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from lfr_core.common.errors import Poison

__all__ = ["Header", "Kind", "kind_of", "read_header", "without_metadata"]

Kind = Literal["JPEG", "PNG", "WebP", "TIFF", "BMP", "GIF", "JPEG 2000", "HEIC", "AVIF"]

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8"
_END_OF_IMAGE: Final = 0xD9
# Start-of-frame markers are C0-CF but for DHT (C4), JPG (C8) and DAC (CC): ITU-T T.81, table B.1.
_START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # TEM, RST0-7, SOI: markers without a length
_START_OF_SCAN: Final = 0xDA
_CODED: Final = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended sequential, progressive; all Huffman
_LOWEST: Final = 0xC0
_MARKER: Final = re.compile(rb"\xff+([^\x00\xff])")
"""The next marker as libjpeg looks for it: bytes between segments are passed over, and FF 00 is no marker."""
_PLAIN_JPEG_CHANNELS: Final = (1, 3)
_BITS: Final = 8
_STARTS: Final[tuple[tuple[bytes, Kind], ...]] = (
    (_JPEG, "JPEG"),
    (_PNG, "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
)
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIC_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_KEPT_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS"})
_SMALL_CHUNKS: Final = frozenset({b"eXIf", b"tEXt", b"iTXt"})
"""Where the orientation may stand; kept if they are whole and no longer than `_MOST_METADATA_BYTES`."""
_MOST_METADATA_BYTES: Final = 64_000


@dataclass(frozen=True, slots=True)
class Header:
    """width, height: as stored, before EXIF orientation; 0 where the decoder alone knows. bits: of a PNG's channel."""

    kind: Kind
    width: int = 0
    height: int = 0
    plain: bool = False
    """A JPEG of 8 bits with one or three channels."""
    bits: int = _BITS


def kind_of(data: bytes) -> Kind | None:
    """Return the kind of image that `data` begins as, whatever the file is called."""
    for start, kind in _STARTS:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp":
        brands = {data[8:12], *(data[i : i + 4] for i in range(16, min(int.from_bytes(data[:4], "big"), 200), 4))}
        return "AVIF" if brands & _AVIF_BRANDS else "HEIC" if brands & _HEIC_BRANDS else None
    return None


def read_header(data: bytes) -> Header:
    """Read the header of an image.

    Raises:
        Poison: empty, no image of a kind that is read, cut off within its header, or without pixels.
    """
    if not data:
        raise Poison("the image is empty (0 bytes); save or send it again")
    kind = kind_of(data)
    try:
        if kind == "JPEG":
            header = _jpeg_header(data)
        elif kind == "PNG":
            if data[12:16] != b"IHDR":
                raise Poison("the PNG image is damaged: its header doesn't come first; save or send it again")
            width, height, bits = struct.unpack_from(">IIB", data, 16)
            header = Header("PNG", width, height, bits=bits)
        elif kind == "WebP":
            header = Header("WebP", *_webp_size(data))
        elif kind is not None:
            return Header(kind)
        else:
            raise Poison(
                "this is not a JPEG, PNG or WebP image, nor HEIC, AVIF, TIFF, JPEG 2000, BMP or GIF; convert it to one "
                "of them"
            )
    except (struct.error, IndexError) as error:
        raise Poison("the image ends within its header: it is truncated; save or send it again") from error
    if header.width == 0 or header.height == 0:
        raise Poison(f"the image has no pixels ({header.width} x {header.height})")
    return header


def without_metadata(png: bytes) -> bytes:
    """Return a PNG without what its picture doesn't need: long or compressed text, profiles, times, damaged remarks."""
    kept = [_PNG]
    for name, chunk in _chunks(png):
        checked = zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")
        small = name in _SMALL_CHUNKS and checked and len(chunk) <= _MOST_METADATA_BYTES and not _is_packed(name, chunk)
        if name in _KEPT_CHUNKS or small:
            kept.append(chunk)
    return b"".join(kept)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG)
    while at + 8 <= len(png):
        end = at + 12 + int.from_bytes(png[at : at + 4], "big")
        name = png[at + 4 : at + 8]
        yield name, png[at:end]
        if name == b"IEND":
            return
        at = end


def _is_packed(name: bytes, chunk: bytes) -> bool:
    """Return whether an iTXt's text is compressed: the byte after its keyword says so."""
    return name == b"iTXt" and chunk[8:].partition(b"\0")[2][:1] != b"\0"


def _jpeg_header(data: bytes) -> Header:
    at = 2
    while (found := _MARKER.search(data, at)) is not None:
        marker, at = found[1][0], found.end()
        if marker in _STANDALONE:
            continue
        if marker < _LOWEST:  # libjpeg refuses it; another decoder could find another size in what follows
            raise Poison("the JPEG image is damaged: its header has no valid structure; save or send it again")
        if marker in _START_OF_FRAME:
            if marker not in _CODED:
                raise Poison(
                    "the JPEG image is arithmetic-coded, lossless or hierarchical, as no camera makes them: save it as "
                    "an ordinary JPEG"
                )
            bits, height, width, channels = struct.unpack_from(">BHHB", data, at + 2)
            return Header("JPEG", width, height, plain=bits == _BITS and channels in _PLAIN_JPEG_CHANNELS)
        if marker in {_START_OF_SCAN, _END_OF_IMAGE}:
            raise Poison("the JPEG image is damaged: its header names no size; save or send it again")
        at += int(struct.unpack_from(">H", data, at)[0])
    raise IndexError("no size before the end")


def _webp_size(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":  # 24-bit canvas size less one
        return 1 + int.from_bytes(_exactly(data, 24, 3), "little"), 1 + int.from_bytes(_exactly(data, 27, 3), "little")
    if chunk == b"VP8L":  # 14 bits each, less one, after the signature byte
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":  # a key frame: 14 bits each after the 3-byte start code
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise Poison("the WebP image is truncated or damaged within its header; save or send it again")


def _exactly(data: bytes, at: int, size: int) -> bytes:
    if len(data) < at + size:
        raise struct.error("too short")
    return data[at : at + size]
