"""The newest head as the keystore remembers it: trail and kept head put back together are older than the keys.

The head lies under the keystore's own seal, beside keys of which no copy is kept. So whoever puts the database and the
head beside the keystore back from a copy, and leaves the keys, is found without a witness elsewhere.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from typing import Final

from sqlmodel import Session, col, select

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.head_checkpoint import HEAD_FILE, read_checkpoint, write_checkpoint
from lfr_core.custody.audit.read import anchor_of
from lfr_core.custody.audit.signed import Head, head_from
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.storage.tables.audit import AuditEntryRow

__all__ = ["HeadMemory"]

_EVERY_S: Final = 60.0
"""[proposal] Each time the whole keystore is written."""


class HeadMemory:
    """What the keystore knows of the audit trail, and what heads say of the keystore."""

    def __init__(self, keystore: Keystore, lock: AbstractContextManager[object], clock: Clock) -> None:
        """`lock`: the keystore's; `clock`: the machine's."""
        self._keystore, self._lock, self._clock = keystore, lock, clock
        self._remembered_s = float("-inf")

    @property
    def generation(self) -> int:
        """The keystore's."""
        return self._keystore.generation

    def remember(self, head: Head, *, at_once: bool = False) -> None:
        """Keep this head in the keystore, once a minute or at once; a disk that takes no write is logged."""
        text, now = head.as_text(), self._clock.monotonic()
        if text == self._keystore.head or (now - self._remembered_s < _EVERY_S and not at_once):
            return
        try:
            with self._lock:
                self._keystore.remember_head(text)
            self._remembered_s = now
        except Refused as error:
            get_logger().warning("audit.head_not_remembered", reason=str(error))

    def restore_checkpoint(self) -> None:
        """Put the head that the keystore remembers in the place of the kept one where that is an older one.

        The trail that it isn't of is damaged to everybody who looks then. Where no head is kept, somebody has moved it
        away, as after a backup was put back: `find_gone` says so.

        Raises:
            Refused: `audit.remembered`, `vault.keystore`: the kept one is damaged, or can't be written.
        """
        head, file = self._head(), self._keystore.folder / HEAD_FILE
        kept = read_checkpoint(file)
        if head is not None and kept is not None and kept.seq < head.seq:
            get_logger().error("audit.head-put-back", entry=head.seq, kept=kept.seq)
            write_checkpoint(file, head)

    def find_gone(self, session: Session) -> Head | None:
        """Return the remembered head where the trail hasn't the entry that it signed, nor removed it in its time."""
        head, anchor = self._head(), anchor_of(session)
        if head is None or (anchor is not None and head.seq <= anchor.seq):
            return None
        found = session.exec(select(AuditEntryRow.hash).where(col(AuditEntryRow.seq) == head.seq)).first()
        return None if found == head.hash else head

    def _head(self) -> Head | None:
        with suppress(ValueError):
            return head_from(self._keystore.head.encode())
        return None
