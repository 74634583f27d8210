"""Decodes files from outside in a process of its own, which ends with the picture that it can't bear.

What a decoder does with a file that was made to hurt it (no end, all memory, a crash) is done to that process; the
caller gets a sentence. Frames of cameras aren't decoded here: they were looked at before they were sent, 2 ms each.
"""

from __future__ import annotations

import atexit
import os
import resource
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, Final

import numpy as np

from lfr_core.common.errors import Fatal, Poison
from lfr_core.domain.policy import ImagePolicy
from lfr_core.recognition.faces.decode import TooManyPixels, decode, probe_size
from lfr_core.recognition.faces.types import Image

__all__ = ["decode_in_child"]

CPU_S: Final = 10
"""Of one picture: five times what 60 megapixels in 25 scans take on a slow core (`scans.py`)."""
WALL_S: Final = 60.0
"""Of one picture, the start of the process with it."""
MEMORY_BYTES: Final = 4_000_000_000
"""Addresses of the process: 60 megapixels with transparency are held four times over."""
MOST_CHILDREN: Final = 8
"""[proposal] At once, on a machine with so many cores."""

_ASKED: Final = struct.Struct(">QdII")  # bytes of the file, most megapixels, most bytes of a frame, CPU seconds
_PIXELS, _REFUSED, _TOO_LARGE = b"I", b"R", b"L"
_LAST_WORDS_S: Final = 2.0
_SIZE: Final = struct.Struct(">II")
_MOST_WORDS_BYTES: Final = 20_000
_TOO_LONG: Final = (
    "the image takes too long or too much memory to decode, or breaks the decoder: save it again as an ordinary JPEG"
)


def decode_in_child(data: bytes, policy: ImagePolicy) -> Image:
    """Decode as `decode` does, in a child of this core, for several threads; another is begun where one ended.

    Raises:
        Poison: as `decode` (and `TooManyPixels`), and where the child had to end.
        Fatal: no such process can be run here.
    """
    width, height = probe_size(data)
    if width * height / 1e6 > policy.max_megapixels:
        return decode(data, policy)  # which says so, and decodes nothing
    with _SLOTS:
        child = _take_child()
        try:
            image = _ask_in_time(child, data, policy)
        except Poison:  # an answer
            _children.append(child)
            raise
        except (OSError, EOFError, ValueError) as error:
            if (code := _end_child(child)) > 0:
                raise Fatal(f"pictures can't be decoded: the process for it ended with {code}; see the log") from error
            raise Poison(_TOO_LONG) from error
        except BaseException:
            _end_child(child)  # its answer would be taken for that of the next picture
            raise
        _children.append(child)
        return image


_SLOTS = threading.BoundedSemaphore(min(os.cpu_count() or 1, MOST_CHILDREN))
_children: list[subprocess.Popen[bytes]] = []
"""Those that wait for a picture."""


def _take_child() -> subprocess.Popen[bytes]:
    while True:
        try:
            child = _children.pop()
        except IndexError:
            command = [sys.executable, "-I", "-m", __name__]
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if child.poll() is None:
            return child
        _end_child(child)


def _end_child(child: subprocess.Popen[bytes]) -> int:
    """End it, and return its exit code: negative where a signal ended it."""
    code = 0
    with child:
        stdin, child.stdin = child.stdin, None
        with suppress(OSError):  # what is left to be written goes nowhere
            assert stdin is not None
            stdin.close()
        with suppress(subprocess.TimeoutExpired):
            code = child.wait(_LAST_WORDS_S)
        child.kill()
    return code


@atexit.register
def _end_children() -> None:
    while _children:
        _end_child(_children.pop())


def _ask_in_time(child: subprocess.Popen[bytes], data: bytes, policy: ImagePolicy) -> Image:
    watch = threading.Timer(WALL_S, child.kill)
    watch.start()
    try:
        return _ask(child, data, policy)
    finally:
        watch.cancel()


def _ask(child: subprocess.Popen[bytes], data: bytes, policy: ImagePolicy) -> Image:
    assert child.stdin is not None
    assert child.stdout is not None
    asked = _ASKED.pack(len(data), policy.max_megapixels, policy.max_frame_bytes, CPU_S)
    child.stdin.write(asked + data)
    child.stdin.flush()
    if (kind := _read(child.stdout, 1)) in {_REFUSED, _TOO_LARGE}:
        (length,) = struct.unpack(">I", _read(child.stdout, 4))
        words = _read(child.stdout, min(length, _MOST_WORDS_BYTES)).decode(errors="replace")
        raise TooManyPixels(words) if kind == _TOO_LARGE else Poison(words)
    width, height = _SIZE.unpack(_read(child.stdout, _SIZE.size))
    if kind != _PIXELS or not 0 < width * height <= policy.max_megapixels * 1e6:
        raise ValueError("no answer of ours")
    pixels = bytearray(width * height * 3)
    view = memoryview(pixels)
    while view:
        if not (count := child.stdout.readinto(view)):  # type: ignore[attr-defined]  # a buffered reader has it
            raise EOFError
        view = view[count:]
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)


def _read(stream: IO[bytes], size: int) -> bytes:
    if len(data := stream.read(size)) < size:
        raise EOFError
    return data


def _serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    """Decode picture after picture until the caller is gone."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    while header := asked.read(_ASKED.size):
        length, max_megapixels, max_frame_bytes, cpu_s = _ASKED.unpack(header)
        used = resource.getrusage(resource.RUSAGE_SELF)
        most = int(used.ru_utime + used.ru_stime) + 1 + cpu_s
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))  # the kernel ends who needs more
        policy = ImagePolicy(
            max_megapixels=max_megapixels, max_frame_megapixels=max_megapixels, max_frame_bytes=max_frame_bytes
        )
        try:
            image = decode(_read(asked, length), policy)
        except (Poison, MemoryError) as error:
            words = str(error if isinstance(error, Poison) else _TOO_LONG).encode()[:_MOST_WORDS_BYTES]
            kind = _TOO_LARGE if isinstance(error, TooManyPixels) else _REFUSED
            answers.write(kind + struct.pack(">I", len(words)) + words)
        else:
            answers.write(_PIXELS + _SIZE.pack(image.shape[1], image.shape[0]))
            answers.write(np.ascontiguousarray(image).data)
        answers.flush()


if __name__ == "__main__":
    _answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    with suppress(BrokenPipeError, EOFError):
        _serve(sys.stdin.buffer, _answers)
