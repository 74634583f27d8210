"""When what was destroyed is destroyed in every copy too: the TPM's secret is replaced, by a timer of its own.

A list's key asks for it at once, all others wait for the next turn: a chip's memory bears some 100,000 writes
(docs/decisions/0055-a-tpm-holds-what-a-copy-cannot.md). A TPM that goes away, is cleared or is used by something else
makes the vault refuse until it is back: what was destroyed meanwhile is gone from memory and disk, and not yet from
copies.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, suppress
from typing import Final

from lfr_core.common.clock import Clock
from lfr_core.common.errors import LfrError, Refused
from lfr_core.common.logs import get_logger
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.tpm_fault import keep_tpm_fault
from lfr_core.custody.vault.tpm_secrets import TpmSecrets

__all__ = ["KeyFinality"]

_LOOK_EVERY_S: Final = 60.0
"""[proposal] How long a TPM that was cleared goes unnoticed; a look reads three places and writes none."""
_AGAIN_S: Final = 5.0
_SHUT: Final = (
    "this machine's security chip (TPM) is away or was changed: nothing is recognised or opened until it is mended; "
    "see `lfr doctor`"
)
_HASTENED_EVERY_S: Final = 60.0
"""[proposal] Lists that are destroyed within a minute of each other cost the chip two turns at most."""
_LAST_TURN_S: Final = 3.0


class KeyFinality:
    """Turns to the TPM's next secret. Nothing of it is done where the keystore is bound to no TPM."""

    def __init__(self, keystore: Keystore, lock: AbstractContextManager[object], clock: Clock, final_s: float) -> None:
        """`lock`: the keystore's, which isn't held while the TPM is waited for; `final_s`: `vault.tpm_final_s`."""
        self._keystore, self._lock, self._clock, self._final_s = keystore, lock, clock, final_s
        self._turning = threading.Lock()
        self._is_urgent = threading.Event()
        self._fault = ""
        self._reported: str | None = None
        """The fault that was left beside the keystore; None: what the vault before this one left."""
        self._turned: float | None = None
        self._hastened = self._looked = self._failed = float("-inf")

    def check(self) -> None:
        """See that the TPM was as this vault left it when it was last asked. Waits for nothing.

        Raises:
            Refused: `vault.tpm`.
        """
        if self._fault:
            raise Refused("vault.tpm", _SHUT)

    def hasten(self) -> None:
        """Ask for a turn now: what was destroyed is to be gone from every copy at once."""
        self._is_urgent.set()

    def run(self) -> None:
        """Do what is due: a turn, the rest of one, a look. Called by a timer; raises nothing of ours."""
        tpm, now = self._keystore.tpm, self._clock.monotonic()
        if tpm is None or now - self._failed < _AGAIN_S:
            return
        if self._turned is None:
            self._turned = float("-inf") if tpm.binding.owed else now
        is_hastened = self._is_urgent.is_set() and now - self._hastened >= _HASTENED_EVERY_S
        if is_hastened or now - self._turned >= self._final_s:
            self._do(tpm, now, is_turn=True)
            if is_hastened:
                self._hastened = now
        elif not tpm.is_complete or now - self._looked >= _LOOK_EVERY_S:
            self._do(tpm, now, is_turn=False)

    def stop(self) -> None:
        """Turn once more, so that a copy of what ran is known as one; end without it when the TPM takes too long."""
        tpm = self._keystore.tpm
        if tpm is not None and not self._fault:
            turning = threading.Thread(
                target=self._do, args=(tpm, self._clock.monotonic()), kwargs={"is_turn": True}, daemon=True
            )
            turning.start()
            turning.join(_LAST_TURN_S)  # cut off anywhere, the next start does the rest

    def _do(self, tpm: TpmSecrets, now: float, *, is_turn: bool) -> None:
        try:
            with self._turning:
                tpm.complete()
                if is_turn:
                    with self._lock:
                        self._is_urgent.clear()
                        self._keystore.turn()
                    tpm.complete()
                    self._turned = now
                else:
                    tpm.look()
        except LfrError as error:
            self._failed = now
            self._tell(str(error))
        else:
            self._looked = now
            self._tell("")

    def _tell(self, fault: str) -> None:
        if fault and fault != self._fault:
            get_logger().error("vault.tpm", reason=fault)
        elif self._fault and not fault:
            get_logger().info("vault.tpm-back")
        self._fault = fault
        if fault != self._reported:
            with suppress(Refused, OSError):  # a full disk: the log has it
                keep_tpm_fault(self._keystore.folder, fault)
                self._reported = fault
