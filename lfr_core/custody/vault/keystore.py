"""The keystore: kept keys on disk, wrapped, so that destroying one can't be undone from a copy of the file.

Every change that destroys keys makes a new generation, in this order:

1. a new wrapping key is written to `wrapping-N.key` and synced;
2. the surviving keys, wrapped anew, are written to `keys-N.json` and synced;
3. the old generation's two files are overwritten and removed, the wrapping key first.

A key that is made is appended to `added-N.jsonl`, wrapped under the same key and sealed with its place there, so that
it costs the same however many there are; whenever the whole is written, these lines go.

Killed between 1 and 2: the old generation stands. Between 2 and 3: the start removes the old one. A key wrapped only
under an old wrapping key is gone with that, wherever copies of `keys-*.json` may lie; so back up neither file. Of one
that is bound to a TPM, keys are wrapped under the wrapping key and the TPM's secret together (`tpm_secrets.py`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from lfr_core.common.errors import Fatal, Refused
from lfr_core.custody.vault.files import append_private, remove_private, write_private
from lfr_core.custody.vault.keystore_files import (
    KeystoreFile,
    KeystoreFolder,
    added_line,
    body_of,
    open_content,
    whole_lines,
    wrap,
    wrap_key,
)
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind
from lfr_core.custody.vault.sealing import KEY_BYTES, fingerprint, new_key
from lfr_core.custody.vault.tpm_secrets import TPM_MEND, TpmSecrets

__all__ = ["Keystore"]

_OWN = ("signing", "pseudonyms", "records", "processes")
"""The installation's own secrets, 32 bytes each: the Ed25519 seed, the HMAC key of pseudonyms, and what the keys of
records on the broker are derived from, and the seed of the key that processes' certificates are signed with."""
_ADDED = frozenset({"records", "processes"})
"""Those that a keystore of an earlier version doesn't have; it is given them when it is opened."""


class Keystore:
    """The kept keys, in memory and on disk. Not for several threads: the vault's lock is held around it."""

    def __init__(self, folder: Path, random_key: Callable[[], bytes] = new_key, tpm: TpmSecrets | None = None) -> None:
        """Open the folder's keystore, or begin one where there is none.

        Args:
            folder: where it lies, or is to lie.
            random_key: 32 random bytes.
            tpm: what opens one that is bound to a TPM; `bind` binds one that isn't.

        Raises:
            Fatal: it is damaged, cut short, unreadable or of a newer version, or the TPM has destroyed what opened it;
                nothing is changed then.
            Refused: `vault.keystore`: the folder can't be written; `vault.tpm`. Retryable: the TPM is away.
        """
        self._folder, self._files = folder, KeystoreFolder(folder)
        self._random_key = random_key
        self._tpm = tpm
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise Fatal(f"the keystore's folder {folder} can't be made ({error.strerror})") from error
        self._infos: dict[str, KeptKeyInfo] = {}
        self._made: dict[tuple[KeyKind, str, str], str] = {}
        self._keys: dict[str, bytes] = {}
        self._own: dict[str, bytes] = {}
        self._outdated = False
        self._head = ""
        self._generation = 0
        self._added = 0
        """Lines of keys that were added since the whole was written."""
        self._torn = False
        """Whether such a line may have been left half written."""
        newest = self._files.find_newest()
        if newest is not None:
            self._read(newest)
            self._files.remove_others(self._generation)
            self._save()  # a folder that can't be written is found now, not at the first deletion
            if self._tpm is not None:
                self._tpm.complete()
        elif any(folder.glob("wrapping-*.key")) and (folder / "installation").exists():
            raise Fatal(
                f"the keystore in {folder} has lost its keys-*.json: restore the folder, or move it away to begin anew"
            )
        else:
            self._tpm = None
            self.installation = str(uuid.uuid4())
            self._own = {name: random_key() for name in _OWN}
            self.renew()
            write_private(folder / "installation", self.installation.encode())

    @property
    def generation(self) -> int:
        """How often keys were destroyed: only a copy of an earlier time has a lower one."""
        return self._generation

    @property
    def head(self) -> str:
        """The newest head of the audit trail when it was last told, as a text; "" before that.

        It lies under the seal of the keys: who puts an older trail and its head back has to put the keys back too.
        """
        return self._head

    def remember_head(self, head: str) -> None:
        """Keep the newest head of the audit trail, beside the keys. Raises Refused `vault.keystore`."""
        before, self._head = self._head, head
        try:
            self._save()
        except Refused:
            self._head = before
            raise

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._folder

    def installation_secret(self, name: str) -> bytes:
        """Return one of the installation's own secrets: `signing`, `pseudonyms`, `records` or `processes`."""
        return self._own[name]

    def infos(self) -> tuple[KeptKeyInfo, ...]:
        """Return the keys there are, without the keys."""
        return tuple(self._infos.values())

    def find(self, key_id: str) -> tuple[KeptKeyInfo, bytes] | None:
        """Return a key, or None if there is no such, or no longer."""
        info = self._infos.get(key_id)
        return None if info is None else (info, self._keys[key_id])

    def find_made(self, kind: KeyKind, deployment: str, subject: str) -> str | None:
        """Return the id of the key that was made for that, or None if there is no such, or no longer."""
        return self._made.get((kind, deployment, subject))

    def add(self, kind: KeyKind, deployment: str, subject: str, due_ns: int) -> tuple[KeptKeyInfo, bytes]:
        """Make a key; it is on the disk before it is given. Raises Refused `vault.keystore`."""
        key = self._random_key()
        info = KeptKeyInfo(uuid.uuid4().hex, kind, deployment, subject, fingerprint(key), due_ns, held=False)
        if self._torn:
            self._save()
        try:
            append_private(self._files.added(self._generation), added_line(self._wrapping, info, key, self._added))
        except Refused:
            self._torn = True
            raise
        self._added += 1
        self._infos[info.id], self._keys[info.id] = info, key
        self._made[kind, deployment, subject] = info.id
        return info, key

    def hold(self, key_ids: tuple[str, ...], *, held: bool) -> None:
        """Mark keys as held or not. Raises Refused `vault.keystore`; then nothing is changed."""
        before = dict(self._infos)
        for key_id in key_ids:
            self._infos[key_id] = replace(self._infos[key_id], held=held)
        try:
            self._save()
        except Refused:
            self._infos = before
            raise

    def destroy(self, key_ids: tuple[str, ...]) -> tuple[KeptKeyInfo, ...]:
        """Destroy keys and renew the wrapping key.

        They are gone from memory whatever the disk says.

        Raises:
            Refused: `vault.keystore`: the disk is full or read-only; call `renew` until it works.
        """
        gone = tuple(self._infos.pop(key_id) for key_id in key_ids if key_id in self._infos)
        for info in gone:
            del self._keys[info.id]
            self._made.pop((info.kind, info.deployment, info.subject), None)
        if gone and self._tpm is not None:
            self._tpm.owe()
        if gone or self._outdated:
            self.renew()
        return gone

    @property
    def tpm(self) -> TpmSecrets | None:
        """The secrets in a TPM that it opens with; None: with none."""
        return self._tpm

    def bind(self, tpm: TpmSecrets | None) -> None:
        """Wrap every key anew, with the TPM's secret; None: without any. Raises Refused `vault.keystore`."""
        before, self._tpm = self._tpm, tpm
        try:
            self.renew()
        except Refused:
            self._tpm = before
            raise

    def turn(self) -> None:
        """Wrap every key anew, with the TPM's next secret: `complete` then overwrites the one of before.

        Raises:
            Refused: `vault.keystore`: the disk takes no write, and the secret stays the one it was.
        """
        assert self._tpm is not None, "bind() comes first"
        before = self._tpm.advance()
        try:
            self.renew()
        except Refused:
            self._tpm.binding = before
            raise

    def raise_generation(self, least: int) -> None:
        """Go on from a generation that there was already. Raises Refused `vault.keystore`."""
        if self._generation < least:
            self._renew_as(least + 1)

    def renew(self) -> None:
        """Wrap every key anew under a new wrapping key, and destroy the old one. Raises Refused `vault.keystore`."""
        self._renew_as(self._generation + 1)

    def _renew_as(self, generation: int) -> None:
        wrapping = self._random_key()
        self._outdated = True
        write_private(self._files.wrapping(generation), wrapping)
        mixed = wrapping if self._tpm is None else self._tpm.mix(wrapping)
        self._write(generation, mixed)
        self._wrapping, self._generation, self._outdated = mixed, generation, False
        self._files.remove_others(self._generation)

    @property
    def outdated(self) -> bool:
        """Whether the disk still holds keys that were destroyed: a `renew` failed and has to be repeated."""
        return self._outdated

    # -- files -----------------------------------------------------------------------------------

    def _save(self) -> None:
        self._write(self._generation, self._wrapping)
        lines = self._files.added(self._generation)
        if lines.exists():
            self._torn = True  # until they are out of the way
            left = lines.with_name(f".keys-{lines.name}")  # what a kill leaves in the middle of it, the start removes
            lines.replace(left)
            self._torn = False
            remove_private(left)

    def _write(self, generation: int, wrapping: bytes) -> None:
        content = KeystoreFile(
            version=1,
            installation=self.installation,
            generation=generation,
            own={name: wrap(wrapping, key, "own", name) for name, key in self._own.items()},
            keys=tuple(wrap_key(wrapping, info, self._keys[info.id]) for info in self._infos.values()),
            head=self._head,
            tpm=None if self._tpm is None else self._tpm.binding,
        )
        sealed = content.model_copy(update={"seal": wrap(wrapping, body_of(content), "file")})
        write_private(self._files.keys(generation), sealed.model_dump_json().encode())
        self._added, self._torn = 0, False

    def _read(self, generation: int) -> None:
        file = self._files.keys(generation)
        damaged = (
            f"the keystore {file} is damaged or not this installation's: restore the folder {self._folder} as it was"
        )
        try:
            content = KeystoreFile.model_validate_json(file.read_bytes())
            wrapping = self._files.wrapping(generation).read_bytes()
            if len(wrapping) != KEY_BYTES or content.version != 1 or content.generation != generation:
                raise Fatal(damaged)
        except (OSError, ValidationError) as error:
            raise Fatal(f"{damaged} ({type(error).__name__})") from error
        if content.tpm is None:
            self._tpm, self._wrapping = None, wrapping
        elif self._tpm is None:
            raise Fatal(f"the keystore in {self._folder} opens with a TPM only, and LFR_TPM names none: {TPM_MEND}")
        else:
            self._tpm.open(content.tpm, content.installation)
            self._wrapping = self._tpm.mix(wrapping)
        try:
            self._own, keys = open_content(content, whole_lines(self._files.added(generation)), self._wrapping)
        except (OSError, ValueError, Refused) as error:
            raise Fatal(f"{damaged} ({type(error).__name__})") from error
        if set(self._own) | _ADDED != set(_OWN):
            raise Fatal(damaged)
        self._own |= {name: self._random_key() for name in _ADDED - self._own.keys()}
        for info, key in keys:
            self._infos[info.id], self._keys[info.id] = info, key
            self._made[info.kind, info.deployment, info.subject] = info.id
        self.installation, self._generation, self._head = content.installation, generation, content.head
