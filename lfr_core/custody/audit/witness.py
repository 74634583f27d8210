"""Witnesses of the trail: a folder of another machine, and a time-stamping authority, who are given heads each hour.

A witness that is away keeps nobody from anything; that it is away is logged once an hour. Nor does one that hangs, as a
folder of a machine that nobody reaches does without an end: it is asked, and given heads, by a thread of its own.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lfr_core.common.errors import LfrError, Refused
from lfr_core.common.logs import get_logger
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_checkpoint import HEAD_FILE, read_checkpoint, read_kept_head, write_checkpoint
from lfr_core.custody.audit.signed import Head
from lfr_core.custody.audit.timestamps import STAMP_SUFFIX, TimestampAuthority
from lfr_core.custody.vault.files import write_private

__all__ = ["STAMPED_HEAD", "Witness", "leave_head", "remember_witnessed"]

STAMPED_HEAD = "audit-head-stamped.json"
"""The head that was stamped last, in the keystore's folder; its time stamp lies beside it."""
_MOST_WITNESSED = 200_000
"""Files of a witness that are looked at, the newest first: twenty years of hours, so that no names of somebody else's
push ours out of sight."""
_WAIT_S = 5.0
"""[proposal] How long whoever signs waits for the folder: a few heads. What it says later counts later."""


class _Aside:
    """Does one thing at a time in a thread of its own, which nobody waits for longer than `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._under_way = threading.Thread()

    def do(self, act: Callable[[], None]) -> None:
        """Do it now; while an earlier one is under way, nothing.

        Raises:
            OSError, Refused: as `act`; `ETIMEDOUT`: it isn't done yet, or an earlier one.
        """
        if not self._under_way.is_alive():
            failures: list[OSError | Refused] = []
            self._under_way = threading.Thread(target=_try, args=(act, failures), name="audit-witness", daemon=True)
            self._under_way.start()
            self._under_way.join(self._wait_s)
            for failure in failures:
                raise failure
        if self._under_way.is_alive():
            raise TimeoutError(errno.ETIMEDOUT, "it doesn't answer")


def _try(act: Callable[[], None], failures: list[OSError | Refused]) -> None:
    try:
        act()
    except (OSError, Refused) as error:
        failures.append(error)


class Witness:
    """Who is given heads, of those that the settings name."""

    def __init__(
        self,
        own: Path,
        folder: Path | None = None,
        authority: TimestampAuthority | None = None,
        *,
        wait_s: float = _WAIT_S,
    ) -> None:
        """
        Args:
            own: the keystore's folder.
            folder: one of another machine; None: none.
            authority: who stamps heads; None: nobody.
            wait_s: how long the folder is waited for, seconds.
        """
        self._own = own
        self._folder = folder
        self._authority = authority
        self._asked = folder is None
        self._aside = _Aside(wait_s)

    @classmethod
    def of(cls, settings: Settings) -> Witness:
        """Return the settings' witnesses. Raises Fatal as `TimestampAuthority.of`."""
        return cls(settings.keystore_folder, settings.witness_folder, TimestampAuthority.of(settings))

    def ask(self, public_key: bytes) -> None:
        """Take the folder's newest head for our own where it is the later one; once, as soon as it answers.

        Raises:
            Refused: as `remember_witnessed`.
        """
        folder, asked = self._folder, list[bool]()
        if folder is not None and not self._asked:
            with suppress(OSError):
                self._aside.do(lambda: asked.append(remember_witnessed(self._own, folder, public_key)))
                self._asked = any(asked)

    def leave(self, head: Head) -> None:
        """Give a head to each; what fails is logged."""
        stamp = self._stamp(head)
        folder = self._folder
        if folder is None:
            return
        try:
            self._aside.do(lambda: leave_head(folder, head, stamp))
        except OSError as error:
            get_logger().warning("audit.witness_away", folder=str(folder), reason=error.strerror)

    def _stamp(self, head: Head) -> bytes | None:
        if self._authority is None:
            return None
        try:
            stamp = self._authority.stamp(head.as_file())
            write_private((self._own / STAMPED_HEAD).with_suffix(STAMP_SUFFIX), stamp)
            write_private(self._own / STAMPED_HEAD, head.as_file())
        except LfrError as error:
            get_logger().warning("audit.timestamp_missing", reason=str(error))
            return None
        return stamp


def leave_head(folder: Path, head: Head, stamp: bytes | None = None) -> None:
    """Leave a head in somebody else's folder, under its entry's number; what lies there is never written over.

    Raises:
        OSError: it can't be written.
    """
    file = folder / f"audit-head-{head.seq:012d}.json"
    for each, content in ((file, head.as_file()), (file.with_suffix(STAMP_SUFFIX), stamp)):
        if content is not None:
            with suppress(FileExistsError), each.open("xb") as out:
                out.write(content)


def remember_witnessed(folder: Path, witness: Path, public_key: bytes) -> bool:
    """Remember in `folder` the newest head that this installation left with the witness, where ours is older or gone.

    So trail, head and the whole home folder, put back together from an earlier copy, are damaged to everybody who
    looks. Files that hold no head of this installation change nothing.

    Returns:
        Whether the witness could be asked.

    Raises:
        Refused: `audit.head-checkpoint`, `vault.keystore`: our own file is damaged, or can't be written.
    """
    if not witness.is_dir():
        return False
    files = sorted(witness.glob("audit-head-*.json"), reverse=True)
    for file in files[:_MOST_WITNESSED]:
        with suppress(Refused):  # one that somebody else put there, or that is half written
            head = read_kept_head(file)
            if head.public_key == public_key.hex():
                break
    else:
        if len(files) > _MOST_WITNESSED:
            get_logger().error("audit.witness_unreadable", folder=str(witness), files=len(files))
        return len(files) <= _MOST_WITNESSED
    known = read_checkpoint(folder / HEAD_FILE)
    if known is None or known.seq < head.seq:
        write_checkpoint(folder / HEAD_FILE, head)
        get_logger().warning("audit.witness_knows_more", entry=head.seq, ours=0 if known is None else known.seq)
    return True
