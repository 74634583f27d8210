"""A TPM's own memory, in which the vault keeps what no copy of a disk holds: the Protocol, and what reaches a real one.

The programs of tpm2-tools do it (`docs/decisions/0055-a-tpm-holds-what-a-copy-cannot.md`): one process for each
command, which can be ended when the chip doesn't answer. Secrets pass through pipes, never as an argument, nor a file.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from typing import Final, Protocol

from lfr_core.common.errors import Refused, Retryable

__all__ = ["COUNT_BYTES", "Tpm", "TpmTools"]

COUNT_BYTES: Final = 8
_COMMAND_S: Final = 5.0
"""[proposal] How long one command may take. A write takes a chip 34 to 82 ms (superymk/tpmdos, which cites it)."""
_THROTTLED_S: Final = 15.0
"""[proposal] For how long a chip that asks for patience is asked again."""
_PAUSE_S: Final = 0.25
_CODE: Final = re.compile(r"\(0x([0-9A-Fa-f]{1,8})\)")
_NV_SPACE, _NV_UNINITIALIZED, _NV_DEFINED = 0x14B, 0x14A, 0x14C
_LOCKOUT: Final = 0x921
_NOT_NOW: Final = frozenset({0x908, 0x90A, 0x920, 0x922})
"""TPM_RC_YIELDED, TESTING, NV_RATE, RETRY: the TPM 2.0 Library, Part 2, 6.6.3: try the command again."""
_TCTI_LAYER, _HANDLE, _AUTH = 0xA, 0x0B, frozenset({0x0E, 0x22})
_ATTRIBUTES: Final = "authread|authwrite|no_da"
"""Whoever may use the device may use a place, with no password: one would lie in the keystore's folder, as in each of
its copies. `no_da`: no wrong password of others locks it."""
RUNBOOK: Final = "docs/runbooks/tpm-away.md"


class Tpm(Protocol):
    """Places in a TPM, each of a number.

    Raises:
        Retryable: it doesn't answer, or asks for more patience than there is.
        Refused: `vault.tpm`: it says no.
    """

    def read(self, place: int, size: int) -> bytes | None:
        """Return what lies at a place; empty: nothing was written there yet; None: there is no such place."""
        ...

    def write(self, place: int, content: bytes) -> None:
        """Replace the whole of what lies there, or nothing of it."""
        ...

    def define(self, place: int, size: int) -> None:
        """Make a place of so many bytes; one that is there is left as it is."""
        ...

    def define_counter(self, place: int) -> None:
        """Make a counter, which goes on from the highest that any counter of this TPM ever stood at."""
        ...

    def count_up(self, place: int) -> None:
        """Raise a counter by one."""
        ...

    def remove(self, place: int) -> None:
        """Give a place back."""
        ...


class TpmTools:
    """Implements `Tpm` with the programs of tpm2-tools."""

    def __init__(
        self,
        way: str,
        *,
        patience_s: float = _THROTTLED_S,
        command_s: float = _COMMAND_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`way`: to the TPM, as TSS2 names it (a TCTI): `device:/dev/tpmrm0`."""
        self._way, self._patience_s, self._command_s, self._sleep = way, patience_s, command_s, sleep

    def read(self, place: int, size: int) -> bytes | None:
        try:
            return self._run("tpm2_nvread", _name(place), "-s", str(size))
        except _Answer as answer:
            if answer.code == _NV_UNINITIALIZED:
                return b""
            if answer.is_unknown_place:
                return None
            raise answer.refusal() from answer

    def write(self, place: int, content: bytes) -> None:
        self._order("tpm2_nvwrite", _name(place), "-i", "-", given=content)

    def define(self, place: int, size: int) -> None:
        self._define(place, size, _ATTRIBUTES)

    def define_counter(self, place: int) -> None:
        self._define(place, COUNT_BYTES, f"nt=counter|{_ATTRIBUTES}")

    def count_up(self, place: int) -> None:
        self._order("tpm2_nvincrement", _name(place))

    def remove(self, place: int) -> None:
        try:
            self._run("tpm2_nvundefine", "-C", "o", _name(place))
        except _Answer as answer:
            if not answer.is_unknown_place:
                raise answer.refusal() from answer

    def _define(self, place: int, size: int, attributes: str) -> None:
        try:
            self._run("tpm2_nvdefine", _name(place), "-C", "o", "-s", str(size), "-a", attributes)
        except _Answer as answer:
            if answer.code != _NV_DEFINED:
                raise answer.refusal() from answer

    def _order(self, *command: str, given: bytes = b"") -> None:
        try:
            self._run(*command, given=given)
        except _Answer as answer:
            raise answer.refusal() from answer

    def _run(self, *command: str, given: bytes = b"") -> bytes:
        """Run one command; while the chip asks for patience, again.

        Raises:
            _Answer: the TPM says no. Retryable, Refused: as `Tpm`.
        """
        until = time.monotonic() + self._patience_s
        while True:
            try:
                return self._run_once(command, given)
            except _Answer as answer:
                if answer.code not in _NOT_NOW:
                    raise
                if time.monotonic() >= until:
                    raise Retryable(
                        f"the TPM asks for patience for over {self._patience_s:.0f} s ({answer}): see {RUNBOOK}"
                    ) from answer
            self._sleep(_PAUSE_S)

    def _run_once(self, command: tuple[str, ...], given: bytes) -> bytes:
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        environment = {**kept, "TPM2TOOLS_TCTI": self._way, "TSS2_LOG": "all+none", "LC_ALL": "C"}
        try:
            done = subprocess.run(
                command, input=given, capture_output=True, env=environment, timeout=self._command_s, check=False
            )
        except FileNotFoundError as error:
            raise Refused(
                "vault.tpm", f"{command[0]} isn't installed: install tpm2-tools (apt-get install tpm2-tools)"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise Retryable(
                f"the TPM at {self._way} doesn't answer within {self._command_s:.0f} s: see {RUNBOOK}"
            ) from error
        except OSError as error:
            raise Retryable(f"{command[0]} can't be run ({error.strerror}): see {RUNBOOK}") from error
        if done.returncode == 0:
            return done.stdout
        said = done.stderr.decode(errors="replace")
        codes = [int(each, 16) for each in _CODE.findall(said)]
        if not codes or codes[0] >> 16 == _TCTI_LAYER:
            raise Retryable(f"the TPM at {self._way} can't be reached: see {RUNBOOK}")
        raise _Answer(command[0], codes[0] & 0xFFFF)


class _Answer(Exception):
    """What a TPM answered that isn't success: TPM 2.0 Library, Part 2, 6.6."""

    def __init__(self, command: str, code: int) -> None:
        super().__init__(f"{command}: 0x{code:03x}")
        self.code = code

    @property
    def is_unknown_place(self) -> bool:
        return bool(self.code & 0x80) and self.code & 0x3F == _HANDLE

    def refusal(self) -> Refused:
        """Say what to do about it."""
        if self.code == _LOCKOUT:
            what = "it is locked after wrong passwords (`tpm2_dictionarylockout --clear-lockout`)"
        elif self.code == _NV_SPACE:
            what = "it has no room: `tpm2_getcap handles-nv-index` lists what is in it"
        elif self.code & 0x80 and self.code & 0x3F in _AUTH:
            what = "its owner has a password: places are made and given back with none (`tpm2_changeauth -c owner`)"
        elif self.is_unknown_place:
            what = "the place in it has gone"
        else:
            what = "see what it means with `tpm2_rc_decode`"
        return Refused("vault.tpm", f"the TPM refuses ({self}): {what}; see {RUNBOOK}")


def _name(place: int) -> str:
    return f"0x{place:08x}"
