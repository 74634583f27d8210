"""The forms in which a canary's bytes could lie in a store, as needles of 32 bytes or so each.

A canary is noise: a synthetic image or a random unit vector, nobody's. Several slices are taken of each form, from
places that no other image or vector shares, so that a store that cuts values into pages is still found out.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

import cv2
import numpy as np

from lfr_core.common.errors import Fatal, Poison
from lfr_core.recognition.faces.decode import probe_size
from lfr_core.recognition.faces.types import Floats, Image
from lfr_core.recognition.selftest.face import draw_face

__all__ = ["canary_picture", "image_forms", "noise_jpeg", "random_template", "sealed_forms", "vector_forms"]

_SLICE_BYTES = 32
_SLICES = 5
_START_OF_SCAN = b"\xff\xda"
_TEXT_VALUES = 4  # numbers of a vector's text form: over 32 characters


_GRAINS = ((1, 80), (2, 80), (4, 80), (4, 50), (4, 25))
"""Pixels of a noise picture's grain, and its JPEG's quality, from the most bytes to the fewest. Coarser grain would
leave needles of which another picture may have one by chance."""
_FACE_PART = 0.7
"""Of the picture's height or width: what the drawing takes."""
_FACE_GRAIN = 6
"""Values of 255, up or down."""
_FACE_LEAVES = 0.5
"""Of the bytes of noise of that size, at least: the face takes up to 0.49 of a picture, and has fewer."""
_PATCH_PX = 128
_MOST_PIXELS = 100_000_000
"""Of a picture that is made in another's place: 8K has 33 million."""
_COMMENT_LEAST, _COMMENT_MOST = 4, 65_537
"""Bytes of a JPEG's comment with its marker: its length is two bytes, and counts itself."""


def noise_jpeg(random: np.random.Generator, width: int, height: int, *, quality: int = 80) -> bytes:
    """Make a JPEG of coloured noise, `width` x `height` pixels: an image that nobody else has."""
    return _encode(_noise(random, width, height, 1), quality)


def canary_picture(random: np.random.Generator, jpeg: bytes) -> bytes:
    """Make a picture to go in the place of another: the drawn test face, which is nobody's, with noise around it.

    So the face is found, followed, described, embedded and searched for. It has its own grain each time, so that no two
    pictures share a needle.

    Args:
        random: of the noise.
        jpeg: the other: as wide and high, and of as many bytes; of a dark or flat picture, noise is never so few.

    Raises:
        Poison: it is no picture, or says that it has more pixels than any camera's.
    """
    width, height = probe_size(jpeg)
    if not 0 < width * height <= _MOST_PIXELS:
        raise Poison(f"a camera's picture of {width} x {height} pixels")
    face = _grainy_face(random, width, height)
    made = b""
    for grain, quality in _GRAINS:
        if (grain, quality) != _GRAINS[-1] and _bytes_per_pixel(random, grain, quality) * width * height > len(jpeg):
            continue  # a camera's frames wait meanwhile: no whole picture is made only to find it too large
        pixels = _noise(random, width, height, grain)
        pixels[: face.shape[0], : face.shape[1]] = face
        made = _encode(pixels, quality)
        if len(made) <= len(jpeg):
            break
    return _pad(random, made, len(jpeg))


def _bytes_per_pixel(random: np.random.Generator, grain: int, quality: int) -> float:
    """Return about how many a picture comes to: less than its noise, for the face in it."""
    return _FACE_LEAVES * len(_encode(_noise(random, _PATCH_PX, _PATCH_PX, grain), quality)) / _PATCH_PX**2


def _pad(random: np.random.Generator, jpeg: bytes, size: int) -> bytes:
    """Bring a JPEG to `size` bytes with comments of noise, where it has fewer: a record's length doesn't tell it."""
    comments: list[bytes] = []
    while (left := size - len(jpeg) - sum(map(len, comments))) >= _COMMENT_LEAST:
        length = left if left <= _COMMENT_MOST else min(_COMMENT_MOST, left - _COMMENT_LEAST)
        noise = random.integers(0, 255, length - 4, dtype=np.uint8).tobytes()  # no 255: it would begin a marker
        comments.append(b"\xff\xfe" + (length - 2).to_bytes(2, "big") + noise)
    return jpeg[:2] + b"".join(comments) + jpeg[2:]


def _grainy_face(random: np.random.Generator, width: int, height: int) -> Image:
    drawn = draw_face()
    scale = _FACE_PART * min(height / drawn.shape[0], width / drawn.shape[1])
    size = (round(drawn.shape[1] * scale), round(drawn.shape[0] * scale))
    resized = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC)
    grain = random.integers(-_FACE_GRAIN, _FACE_GRAIN + 1, resized.shape)
    return np.asarray(np.clip(resized + grain, 0, 255), dtype=np.uint8)


def _noise(random: np.random.Generator, width: int, height: int, grain: int) -> Image:
    patches = random.integers(0, 256, (-(-height // grain), -(-width // grain), 3), dtype=np.uint8)
    if grain == 1:
        return patches
    return np.asarray(cv2.resize(patches, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _encode(pixels: Image, quality: int) -> bytes:
    done, jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise Fatal("OpenCV can't write a JPEG: see `lfr doctor`")
    return jpeg.tobytes()


def random_template(random: np.random.Generator, dimension: int = 512) -> Floats:
    """Make a random unit vector, shape (dimension,): it resembles nobody (cosine 0 +- 0.044 with any other)."""
    vector = random.normal(size=dimension)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def image_forms(jpeg: bytes) -> tuple[bytes, ...]:
    """Make needles for an image in the clear: its JPEG, that in Base64 and hexadecimal, its pixels (BGR, RGB, grey)."""
    scan = jpeg.index(_START_OF_SCAN) + 16  # the headers before it are the same in every JPEG
    raw = _slices(jpeg, start=scan)
    needles = [*raw]
    for piece in _slices(jpeg, start=scan, size=48):
        for shift in range(3):  # where the image begins within what was encoded isn't known
            whole = piece[shift : shift + 36]
            needles += {base64.b64encode(whole), base64.urlsafe_b64encode(whole)}
        needles += [piece[:24].hex().encode(), piece[:24].hex().upper().encode()]
    pixels: Image = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    for row in np.linspace(0, len(pixels) - 1, _SLICES).astype(int):
        for picture in (pixels[row], pixels[row, :, ::-1], grey[row]):
            line = np.ascontiguousarray(picture).tobytes()
            middle = max(0, (len(line) - _SLICE_BYTES) // 6 * 3)
            needles.append(line[middle : middle + _SLICE_BYTES])
    return tuple(needles)


def vector_forms(vector: Floats) -> tuple[bytes, ...]:
    """Make needles for a vector in the clear: float32 and float64, little-endian, and JSON's texts."""
    single, double = vector.astype("<f4"), vector.astype("<f8")
    needles = [*_slices(single.tobytes(), align=4), *_slices(double.tobytes(), align=8)]
    for start in np.linspace(0, len(vector) - _TEXT_VALUES, _SLICES).astype(int):
        part = vector[start : start + _TEXT_VALUES]
        exact = [float(value) for value in part]  # what JSON writes of a float32 made a Python float
        short = [str(value) for value in part]  # numpy's shortest text of a float32
        for separator in (",", ", "):
            needles.append(json.dumps(exact, separators=(separator, ":"))[1:-1].encode())
            needles.append(separator.join(short).encode())
    return tuple(needles)


def sealed_forms(sealed: bytes | Iterable[bytes]) -> tuple[bytes, ...]:
    """Make needles for stored bytes as they are: ciphertext, or a rotated vector as float32.

    Raises:
        ValueError: there is too little of them.
    """
    parts = [sealed] if isinstance(sealed, bytes) else list(sealed)
    if any(len(part) < _SLICE_BYTES for part in parts):
        raise ValueError(f"a stored form has {_SLICE_BYTES} bytes or more")
    return tuple(piece for part in parts for piece in _slices(part))


def _slices(
    data: bytes, *, start: int = 0, size: int = _SLICE_BYTES, count: int = _SLICES, align: int = 1
) -> list[bytes]:
    """Cut `count` slices spread evenly over `data[start:]`; fewer where it is short."""
    last = max(start, len(data) - size)
    places = sorted({int(place) // align * align for place in np.linspace(start, last, count)})
    return [data[place : place + size] for place in places]
