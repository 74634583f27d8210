"""The part of what opens the keystore that lies in a TPM and nowhere else, and is replaced when keys are destroyed.

Three places: a counter, which can only go up, and two for secrets, in turn. Secret `n` opens the keystore that says
`count: n`, and lies at `place + 1 + n % 2` with its number; the other place has secret `n + 1` already. To replace it:

1. the keystore is written anew under secret `n + 1`, and says so (`Keystore.turn`);
2. the counter is raised to `n + 1`;
3. secret `n` is overwritten by a new one, `n + 2`. From now on no copy of before opens, whoever has it.

Cut off after 1 or 2: secret `n + 1` is still there, and the next start does the rest. The secret in use is never
written over: a write that is cut off in the chip harms only one that nothing is sealed with. Places of which one has no
number yet are of a binding that was cut off (or of one that is being ended): both are done again from the beginning.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lfr_core.common.errors import Fatal, Refused
from lfr_core.custody.vault.keystore_files import TpmBinding
from lfr_core.custody.vault.sealing import KEY_BYTES, binding, new_key
from lfr_core.custody.vault.tpm import COUNT_BYTES, Tpm

__all__ = ["FIRST_PLACE", "TPM_MEND", "TpmSecrets"]

TPM_MEND: Final = "see docs/runbooks/tpm-away.md"
FIRST_PLACE: Final = 0x01A0_0000
_PLACES, _EACH, _TRIES = 0x1_FFFF, 16, 8
"""Among those that the owner may give (0x01800000 to 0x01bfffff: TCG's registry of handles, 2.2.3)."""
_MARK: Final = b"LFR1"
_OWNER_BYTES: Final = 8
_SLOT_BYTES: Final = len(_MARK) + COUNT_BYTES + _OWNER_BYTES + KEY_BYTES


@dataclass(frozen=True, slots=True)
class _Slot:
    number: int
    """0: of no secret yet."""
    owner: bytes
    secret: bytes

    def packed(self) -> bytes:
        return _MARK + self.number.to_bytes(COUNT_BYTES, "big") + self.owner + self.secret


class TpmSecrets:
    """The two secrets of one keystore. `complete`, `look` and `open` wait for the TPM; nothing else does."""

    def __init__(self, tpm: Tpm, random_key: Callable[[], bytes] = new_key, *, is_ending: bool = False) -> None:
        """`is_ending`: whether the binding is to end, so that a counter that was raised elsewhere doesn't matter."""
        self._tpm, self._random_key, self._is_ending = tpm, random_key, is_ending
        self._using = threading.Lock()
        self.binding = TpmBinding(place=0, count=0)
        self._owner = b""
        self._installation = ""
        self._secrets: dict[int, bytes] = {}

    # -- what waits for nothing: the keystore's lock is held -----------------------------------------

    @property
    def is_complete(self) -> bool:
        """Whether the secret of before is overwritten."""
        return self.binding.count + 1 in self._secrets

    def mix(self, wrapping: bytes) -> bytes:
        """Return what the keystore's keys are wrapped under, with HKDF-SHA256 (RFC 5869)."""
        info = binding("openlfr keystore", self._installation, self.binding.count)
        secret = self._secrets[self.binding.count]
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(wrapping + secret)

    def owe(self) -> None:
        """Note that keys were destroyed under this secret."""
        self.binding = self.binding.model_copy(update={"owed": True})

    def advance(self) -> TpmBinding:
        """Go on to the next secret, and return how it was, for whoever can't write the keystore under it."""
        before = self.binding
        assert self.is_complete, "complete() comes first"
        self.binding = TpmBinding(place=before.place, count=before.count + 1)
        return before

    # -- what waits for the TPM ------------------------------------------------------------------------

    def open(self, found: TpmBinding, installation: str) -> None:
        """Take from the TPM what opens a keystore that says so.

        Raises:
            Fatal: what opened it was destroyed, or isn't in this TPM. Retryable, Refused: as `Tpm`.
        """
        self.binding, self._installation, self._owner = found, installation, _owner(installation)
        count, slots = self._read_count(found.place), self._read_slots(found.place)
        if count is None and not slots:
            raise Fatal(
                "the TPM holds nothing of this keystore: it is another machine's, or was cleared. Without it nothing "
                f"that is sealed opens any more; {TPM_MEND}"
            )
        mine = {slot.number: slot.secret for slot in slots.values() if slot.owner == self._owner and slot.number}
        if found.count not in mine:
            raise Fatal(
                f"this keystore was put back from a copy: it is of turn {found.count} and the TPM stands at {count}, "
                "and what opened it was destroyed there. Put back the folder as it was when the vault last ran; "
                f"{TPM_MEND}"
            )
        if count not in (found.count, found.count - 1) and not self._is_ending:
            raise Fatal(
                f"the TPM's counter stands at {count} and this keystore is of turn {found.count}: the keystore was "
                f"put back from a copy, or something else raised the counter; {TPM_MEND}"
            )
        self._secrets = {number: mine[number] for number in (found.count, found.count + 1) if number in mine}
        if count != found.count:
            self._secrets.pop(found.count + 1, None)  # `complete` looks at all of it again

    def begin(self, installation: str) -> None:
        """Make the places for a keystore that is bound to no TPM yet; `complete` comes once it is written.

        Raises:
            Fatal: it was bound to this TPM already, so that it is a copy of before. Retryable, Refused: as `Tpm`.
        """
        self._installation, self._owner = installation, _owner(installation)
        with self._using:
            place = self._find_place()
            self._tpm.define(place + 1, _SLOT_BYTES)
            self._tpm.write(place + 1, self._unnumbered().packed())  # whose it is, from now on
            self._tpm.define(place + 2, _SLOT_BYTES)
            self._tpm.write(place + 2, self._unnumbered().packed())
            self._tpm.define_counter(place)
            self._tpm.count_up(place)
            count = self._read_count(place)
            if not count:
                raise Refused("vault.tpm", f"the TPM's counter doesn't count; {TPM_MEND}")
            self.binding = TpmBinding(place=place, count=count)
            self._secrets = {count: self._random_key()}
            self._put(count)

    def complete(self) -> None:
        """Raise the counter and overwrite the secret of before, as far as that isn't done. May be called again.

        Raises:
            Fatal: the TPM isn't as this vault has left it. Retryable, Refused: as `Tpm`.
        """
        with self._using:
            now = self.binding
            if self.is_complete or self._is_ending:
                return
            found = self._read_count(now.place)
            self._check_count(found, now.count, or_before=True)
            if found == now.count - 1:
                self._tpm.count_up(now.place)
            if self._secret_at(now.count) != self._secrets[now.count]:
                self._put(now.count)  # written over by a command of a vault that was killed, and that was still running
            following = self._random_key()
            self._tpm.write(self._place_of(now.count + 1), _Slot(now.count + 1, self._owner, following).packed())
            if self._secret_at(now.count + 1) != following:
                raise Refused("vault.tpm", f"the TPM doesn't hold what was written into it; {TPM_MEND}")
            self._secrets = {now.count: self._secrets[now.count], now.count + 1: following}

    def look(self) -> None:
        """See that the TPM is there, and as this vault has left it. Raises as `complete`."""
        with self._using:
            now = self.binding
            self._check_count(self._read_count(now.place), now.count, or_before=not self.is_complete)
            for number, secret in self._secrets.items():
                if self._secret_at(number) != secret:
                    raise Fatal(f"the TPM's places were written over by something else; {TPM_MEND}")

    def end(self, *, is_written: bool) -> None:
        """Give the places back: before the keystore is written without them, what marks them; then the places.

        Raises as `Tpm`.
        """
        with self._using:
            place = self.binding.place
            if not is_written:
                self._secrets.pop(self.binding.count + 1, None)
                self._tpm.write(self._place_of(self.binding.count + 1), self._unnumbered().packed())
                return
            for each in (self._place_of(self.binding.count), self._place_of(self.binding.count + 1), place):
                self._tpm.remove(each)

    def give_back(self, installation: str) -> None:
        """Give back the places of a binding whose end was cut off, if there are any. Raises as `Tpm`."""
        self._installation, self._owner = installation, _owner(installation)
        with self._using:
            place = self._find_place()
            for each in (place + 1, place + 2, place):
                self._tpm.remove(each)

    def _find_place(self) -> int:
        """Return the first of three places that are free, or of a binding of this keystore that was cut off."""
        start = int.from_bytes(self._owner[:4], "big")
        for number in range(_TRIES):
            place = FIRST_PLACE + (start + number) % (_PLACES // _EACH) * _EACH
            try:
                slots = self._read_slots(place)
                is_free = all(self._tpm.read(each, 1) is None for each in (place, place + 1, place + 2))
            except Refused:  # another program's, which isn't read with no password
                continue
            if any(slot.owner != self._owner for slot in slots.values()):
                continue
            if len(slots) == 2 and all(slot.number for slot in slots.values()):
                raise Fatal(
                    "this keystore was put back from a copy of before it was bound to this TPM. Put back the folder "
                    f"as it was when the vault last ran; {TPM_MEND}"
                )
            if slots or is_free:
                return place
        raise Refused("vault.tpm", f"the TPM has no free place for this keystore; {TPM_MEND}")

    def _read_slots(self, place: int) -> dict[int, _Slot]:
        found = {each: self._tpm.read(each, _SLOT_BYTES) for each in (place + 1, place + 2)}
        return {each: _slot(content) for each, content in found.items() if content}

    def _read_count(self, place: int) -> int | None:
        content = self._tpm.read(place, COUNT_BYTES)
        return int.from_bytes(content, "big") if content else None

    def _secret_at(self, number: int) -> bytes | None:
        content = self._tpm.read(self._place_of(number), _SLOT_BYTES)
        slot = _slot(content) if content else None
        return slot.secret if slot is not None and (slot.number, slot.owner) == (number, self._owner) else None

    def _put(self, number: int) -> None:
        self._tpm.write(self._place_of(number), _Slot(number, self._owner, self._secrets[number]).packed())
        if self._secret_at(number) != self._secrets[number]:
            raise Refused("vault.tpm", f"the TPM doesn't hold what was written into it; {TPM_MEND}")

    def _place_of(self, number: int) -> int:
        return self.binding.place + 1 + number % 2

    def _unnumbered(self) -> _Slot:
        return _Slot(0, self._owner, bytes(KEY_BYTES))

    def _check_count(self, found: int | None, count: int, *, or_before: bool) -> None:
        if found == count or (or_before and found == count - 1):
            return
        raise Fatal(
            f"the TPM's counter stands at {found} where this vault left it at {count}: it was cleared, or something "
            f"else uses it; {TPM_MEND}"
        )


def _owner(installation: str) -> bytes:
    return hashlib.sha256(installation.encode()).digest()[:_OWNER_BYTES]


def _slot(content: bytes) -> _Slot:
    number, rest = content[len(_MARK) : len(_MARK) + COUNT_BYTES], content[len(_MARK) + COUNT_BYTES :]
    if content[: len(_MARK)] != _MARK or len(content) != _SLOT_BYTES:
        return _Slot(0, b"", b"")  # another program's
    return _Slot(int.from_bytes(number, "big"), rest[:_OWNER_BYTES], rest[_OWNER_BYTES:])
