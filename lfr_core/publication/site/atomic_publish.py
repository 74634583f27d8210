"""Puts a built folder in the place of the old one at once, or not at all.

The site's folder is a symbolic link to a sibling `.NAME.<something>`, which is built in full and synchronised to the
disk before the link is replaced by one rename. Killed at any point, the old site stays; the next build removes what
was left. A folder or link of somebody else's is never touched.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.publication.site.manifest import MARKER

__all__ = ["publish_folder", "read_mark"]

_SAYS = "Built by lfr publish site."


def publish_folder(output: Path, files: Mapping[str, bytes], *, mark: str = "") -> Path:
    """Make `output` a folder of exactly `files` (paths with /, relative). Returns the folder that the link names.

    mark: a line that `read_mark` gives back.

    Raises:
        Refused: `site.foreign-folder`: something that we didn't build is there.
        Retryable: another build of the same folder is running.
        Fatal: the folder can't be written; the old site stands.
    """
    output = Path(os.path.abspath(output))  # noqa: PTH100  resolve() would follow the link that we replace
    _check_ours(output)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with _hold_lock(output):
            return _build(output, files, mark)
    except OSError as error:
        raise Fatal(
            f"{error.filename or output} can't be written: {error.strerror}. The site that was there stands; "
            "mend the folder or give another with --output"
        ) from error


def read_mark(output: Path) -> str:
    """Read the mark of the site that stands there; "" if there is none."""
    try:
        lines = (output / MARKER).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    return lines[1] if lines[1:] and lines[0] == _SAYS else ""


def _build(output: Path, files: Mapping[str, bytes], mark: str) -> Path:
    for left in output.parent.glob(f".{output.name}.part-*"):
        _remove(left)
    part = Path(tempfile.mkdtemp(prefix=f".{output.name}.part-", dir=output.parent))
    try:
        for name, content in {MARKER: f"{_SAYS}\n{mark}\n".encode(), **files}.items():
            file = part / name
            file.parent.mkdir(parents=True, exist_ok=True)
            _write(file, content)
        for folder in (part, *(path for path in part.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
            _synchronise(folder)
        old = output.resolve() if output.is_symlink() else None
        made = output.with_name(part.name.replace(".part-", ".site-"))
        part.rename(made)
    except BaseException:
        _remove(part)
        raise
    link = output.with_name(f".{output.name}.part-link")
    try:
        _remove(link)
        link.symlink_to(made.name)
        if output.is_dir() and not output.is_symlink():
            output.rmdir()  # empty, else we were refused
        link.replace(output)
    except BaseException:
        _remove(link)
        _remove(made)
        raise
    _synchronise(output.parent)
    for other in output.parent.glob(f".{output.name}.site-*"):
        if other not in (made, old) and (other / MARKER).is_file():
            _remove(other)
    return made


def _check_ours(output: Path) -> None:
    if output.is_symlink():
        to = output.resolve()
        if to.parent == output.parent.resolve() and (to / MARKER).is_file():
            return
    elif not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    raise Refused(
        "site.foreign-folder",
        f"{output} holds something that `lfr publish site` didn't build; nothing was touched: give another folder",
    )


@contextmanager
def _hold_lock(output: Path) -> Iterator[None]:
    lock = FileLock(output.parent / f".{output.name}.lock", blocking=False, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise Retryable(f"another build of {output} is running; try again when it is done") from error
    try:
        yield
    finally:
        lock.release()


def _write(file: Path, content: bytes) -> None:
    with file.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    file.chmod(0o644)


def _synchronise(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)
