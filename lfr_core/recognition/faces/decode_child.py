"""Decodes files from outside in a process of its own, which ends with the picture that it can't bear.

What a decoder does with a file that was made to hurt it (no end, all memory, a crash) is done to that process; the
caller gets a sentence. Frames of cameras aren't decoded here: they were looked at before they were sent, 2 ms each.
"""

from __future__ import annotations

import atexit
import os
import resource
import select
import struct
import subprocess
import sys
import threading
import time
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
            image = _ask(child, data, policy)
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
            return _start_child()
        if child.poll() is None:
            return child
        _end_child(child)


def _start_child() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-m", __name__]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    for pipe in (child.stdin, child.stdout):
        assert pipe is not None
        os.set_blocking(pipe.fileno(), False)  # of our ends: `_Talk` waits, and no longer than it may
    return child


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


def _ask(child: subprocess.Popen[bytes], data: bytes, policy: ImagePolicy) -> Image:
    """Hand it a picture and take its answer; it is killed where that takes longer than `WALL_S`."""
    talk = _Talk(child, time.monotonic() + WALL_S)
    talk.write(_ASKED.pack(len(data), policy.max_megapixels, policy.max_frame_bytes, CPU_S) + data)
    if (kind := bytes(talk.read(1))) in {_REFUSED, _TOO_LARGE}:
        (length,) = struct.unpack(">I", talk.read(4))
        words = talk.read(min(length, _MOST_WORDS_BYTES)).decode(errors="replace")
        raise TooManyPixels(words) if kind == _TOO_LARGE else Poison(words)
    width, height = _SIZE.unpack(talk.read(_SIZE.size))
    if kind != _PIXELS or not 0 < width * height <= policy.max_megapixels * 1e6:
        raise ValueError("no answer of ours")
    return np.frombuffer(talk.read(width * height * 3), np.uint8).reshape(height, width, 3)


class _Talk:
    """Writes to a child and reads from it until a moment of the monotonic clock: a thread for its time would cost
    0.3 ms a picture.
    """

    def __init__(self, child: subprocess.Popen[bytes], until: float) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._child, self._until = child, until
        self._to, self._from = child.stdin.fileno(), child.stdout.fileno()

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._to, view) :]
            except BlockingIOError:
                self._wait(self._to, select.POLLOUT)

    def read(self, size: int) -> bytearray:
        """Read so many bytes. Raises EOFError: it ended before."""
        data = bytearray(size)
        view = memoryview(data)
        while view:
            try:
                if not (count := os.readv(self._from, [view])):
                    raise EOFError
                view = view[count:]
            except BlockingIOError:
                self._wait(self._from, select.POLLIN)
        return data

    def _wait(self, pipe: int, event: int) -> None:
        poll = select.poll()
        poll.register(pipe, event)
        if not poll.poll(1e3 * max(self._until - time.monotonic(), 0.0)):
            self._child.kill()
            raise TimeoutError


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
