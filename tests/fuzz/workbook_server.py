"""As a program: `lfr_core/common/workbook_cells.py` for many workbooks, each in a process of its own with its bounds.

What costs time in the platform's own way is the start of Python and of the library, not the reading: here both are
started once, and each workbook has a fork of it. In: the length in eight bytes, and the workbook. Out: the status as
`subprocess` says it and the lengths of what was written to output and errors, eight bytes each, then both.
"""

from __future__ import annotations

import importlib.util
import os
import struct
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType
from typing import IO


def main() -> None:
    """Answer until there is no more."""
    program = _load(sys.argv[1])
    sys.argv = sys.argv[1:]
    while length := sys.stdin.buffer.read(8):
        data = sys.stdin.buffer.read(struct.unpack("<Q", length)[0])
        status, *written = _read_in_fork(data, program)
        sys.stdout.buffer.write(struct.pack("<qQQ", status, *map(len, written)) + b"".join(written))
        sys.stdout.buffer.flush()


def _load(file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("program", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # as where it is imported: dataclasses look there
    spec.loader.exec_module(module)
    return module


def _read_in_fork(data: bytes, program: ModuleType) -> tuple[int, bytes, bytes]:
    ends = [os.fdopen(os.memfd_create(name), "w+b") for name in ("input", "output", "errors")]
    given, output, errors = ends
    given.write(data)
    given.seek(0)
    child = os.fork()
    if child == 0:
        _run(ends, program)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    found = status, _content_of(output), _content_of(errors)
    for end in ends:
        end.close()
    return found


def _run(ends: Sequence[IO[bytes]], program: ModuleType) -> None:
    for number, end in enumerate(ends):
        os.dup2(end.fileno(), number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115  closed at its end
    status = 1
    try:
        program._main()
        status = 0
    except BaseException:  # noqa: BLE001  a panic of the library is one, and ends the platform's own process too
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _content_of(end: IO[bytes]) -> bytes:
    end.seek(0)
    return end.read()


if __name__ == "__main__":
    main()
