"""The thread that signs: every few seconds the newest head, and once more at the end; and that compares the records.

A thread of its own, because signing waits for the database, and the vault's timer that destroys keys waits for nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Refused, Retryable
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.head_checkpoint import keep_head, keep_refusal
from lfr_core.custody.audit.head_memory import HeadMemory
from lfr_core.custody.audit.port import HeadSigner
from lfr_core.custody.audit.signed import Head
from lfr_core.custody.audit.witness import Witness

__all__ = ["COMPARED_EVERY_S", "HeadSigningThread"]

_HOUR_NS = 3_600 * 10**9
COMPARED_EVERY_S = 30.0
"""[proposal] How long a record that was written past the platform stands before it is named to everybody. The vault
itself looks at those that it goes by each time."""


class HeadSigningThread:
    """Calls `keep_head` every `every_s` seconds from `start` to `stop`. A fault is logged once, until it changes.

    A refusal is left beside the head too: `lfr audit verify` and the promise `audit.verifies` say it.
    """

    def __init__(
        self,
        engine: Engine,
        signer: HeadSigner,
        clock: Clock,
        folder: Path,
        every_s: float,
        compare: Callable[[], tuple[str, ...]] = tuple,
        *,
        witness: Witness | None = None,
        memory: HeadMemory | None = None,
    ) -> None:
        """
        Args:
            engine: the records.
            signer: the vault.
            clock: the vault's.
            folder: the keystore's.
            every_s: the policy's `audit.head_every_s`.
            witness: who is given a head each hour; None: nobody.
            memory: the keystore's, of the newest head; None: it has none (tests).
            compare: compares the records with the trail, and returns what differs; every `COMPARED_EVERY_S`.
        """
        self._memory = memory
        self._compare = compare
        self._witness = witness or Witness(folder)
        self._left: int | None = None
        """The hour whose head was left with the witness."""
        self._compared = float("-inf")
        self._differences: tuple[str, ...] = ()
        self._engine = engine
        self._signer = signer
        self._clock = clock
        self._folder = folder
        self._every_s = every_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit-heads", daemon=True)
        self._last_error = ""
        self._reported: str | None = None
        """The refusal that was left beside the head; None: what the vault before this one left."""

    def start(self) -> None:
        """Begin; the first head is signed at once."""
        self._thread.start()

    def stop(self) -> None:
        """Sign what is left and end. Returns when that is done, at the latest after the database's own timeout."""
        self._ending.set()
        self._thread.join()
        self.keep()

    def keep(self) -> bool:
        """Sign now. False when it could not be done, which is logged."""
        try:
            self._witness.ask(self._signer.public_key)  # before anything is signed
            generation = None if self._memory is None else self._memory.generation
            head = keep_head(self._engine, self._signer, self._clock, self._folder, generation)
        except LfrError as error:
            if str(error) != self._last_error:
                log = get_logger().warning if isinstance(error, Retryable) else get_logger().error
                log("audit.head_not_signed", reason=str(error), rule=getattr(error, "rule", ""))
            self._last_error = str(error)
            if isinstance(error, Refused):
                self._tell(str(error))
            return False
        self._last_error = ""
        self._tell("")
        if head is not None:
            self._leave_with_witness(head)
            if self._memory is not None:
                self._memory.remember(head, at_once=self._ending.is_set())
        return True

    def _leave_with_witness(self, head: Head) -> None:
        """Leave a head each hour, and the last one."""
        hour = self._clock.time_ns() // _HOUR_NS
        if hour != self._left or self._ending.is_set():
            self._left = hour
            self._witness.leave(head)

    def _look_at_records(self) -> None:
        now = self._clock.monotonic()
        if now - self._compared < COMPARED_EVERY_S:
            return
        self._compared = now
        with suppress(Retryable, Refused):  # a trail that is damaged is told by `keep`
            found = self._compare()
            if found and found != self._differences:
                get_logger().error("records.not_on_trail", first=found[0], count=len(found))
            self._differences = found

    def _tell(self, refusal: str) -> None:
        if refusal == self._reported:
            return
        with suppress(Refused, OSError):  # what can't be written there, the age of the head there says
            keep_refusal(self._folder, refusal)
            self._reported = refusal

    def _run(self) -> None:
        while True:
            if self.keep():
                self._look_at_records()
            if self._ending.wait(self._every_s):
                return
