"""What lies on disk of a keystore: the file of its kept keys, and the lines of those that were added since."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from lfr_core.custody.vault.files import remove_private
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind
from lfr_core.custody.vault.sealing import binding, open_sealed, seal

__all__ = [
    "AddedKey",
    "KeystoreFile",
    "KeystoreFolder",
    "TpmBinding",
    "WrappedKey",
    "added_line",
    "body_of",
    "has_tpm",
    "open_content",
    "read_kept_key_ids",
    "read_newest",
    "read_tpm_binding",
    "whole_lines",
    "wrap",
    "wrap_key",
]

_GENERATION = re.compile(r"keys-(\d{9})\.json")
_LOOKS = 5
"""At a folder of which a running vault writes the next generation."""


def read_kept_key_ids(folder: Path) -> frozenset[str]:
    """Return the ids of the keys that a keystore's files hold, of every generation there; no key is opened.

    For whoever must know while the vault isn't running.

    Raises:
        Fatal: a file can't be read, so that nothing can be said.
    """
    try:
        files = [KeystoreFile.model_validate_json(each.read_bytes()) for each in folder.glob("keys-*.json")]
        added = [
            AddedKey.model_validate_json(line) for each in folder.glob("added-*.jsonl") for line in whole_lines(each)
        ]
    except (OSError, ValidationError) as error:
        raise Fatal(f"the keystore in {folder} can't be read ({type(error).__name__})") from error
    return frozenset(key.id for file in files for key in file.keys) | {each.key.id for each in added}


def read_tpm_binding(folder: Path) -> TpmBinding | None:
    """Return where a TPM holds what opens a keystore; None: none does, or there is no keystore. Raises Fatal."""
    content = read_newest(folder)
    return None if content is None else content.tpm


def has_tpm(settings: Settings) -> bool | None:
    """Return whether a TPM holds a part of what opens the vault's keys; None: the vault is on another machine.

    Raises as `read_tpm_binding`.
    """
    return None if settings.vault_address else read_tpm_binding(settings.keystore_folder) is not None


def read_newest(folder: Path) -> KeystoreFile | None:
    """Read a keystore's newest file without opening it; None: there is none.

    Raises:
        Fatal: the file can't be read.
    """
    for _ in range(_LOOKS):
        newest = max(folder.glob("keys-*.json"), default=None)
        try:
            return None if newest is None else KeystoreFile.model_validate_json(newest.read_bytes())
        except FileNotFoundError:  # a vault that runs has just replaced it by the next
            continue
        except (OSError, ValidationError) as error:
            raise Fatal(f"the keystore in {folder} can't be read ({type(error).__name__})") from error
    raise Fatal(f"the keystore in {folder} changes at each look: try again")


class KeystoreFolder:
    """The files of a keystore, each of a generation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def wrapping(self, generation: int) -> Path:
        return self._folder / f"wrapping-{generation:09d}.key"

    def keys(self, generation: int) -> Path:
        return self._folder / f"keys-{generation:09d}.json"

    def added(self, generation: int) -> Path:
        return self._folder / f"added-{generation:09d}.jsonl"

    def find_newest(self) -> int | None:
        """Return the newest generation that was written as a whole; None: there is none."""
        found = [_GENERATION.fullmatch(each.name) for each in self._folder.glob("keys-*.json")]
        return max((int(each[1]) for each in found if each), default=None)

    def remove_others(self, generation: int) -> None:
        """Remove old generations, the wrapping keys first, and what a killed write left."""
        keep = {each(generation) for each in (self.wrapping, self.keys, self.added)}
        others = ("wrapping-*.key", "keys-*.json", "added-*.jsonl", ".*.key.*", ".keys-*")
        for file in [each for pattern in others for each in self._folder.glob(pattern)]:
            if file not in keep:
                remove_private(file)


class TpmBinding(BaseModel):
    """Where in a TPM lies what opens the keystore, and how often that was replaced."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: int
    """The counter's; the two secrets' are the next ones."""
    count: int
    """What the counter stands at, and which secret it is."""
    owed: bool = False
    """Whether keys were destroyed since: the secret is to be replaced."""


class WrappedKey(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: KeyKind
    deployment: str
    subject: str
    fingerprint: str
    due_ns: int
    held: bool
    wrapped: str


class AddedKey(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    key: WrappedKey
    seal: str
    """Of it and the line's number."""


class KeystoreFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    installation: str
    generation: int
    own: Mapping[str, str]
    keys: tuple[WrappedKey, ...]
    head: str = ""
    """The newest head of the audit trail then, as a text; "": of an earlier version, or none yet."""
    tpm: TpmBinding | None = None
    """None: no TPM holds a part of what opens it."""
    seal: str = ""
    """Of everything above: no entry can be added, removed or changed by hand."""


def wrap(wrapping: bytes, content: bytes, *bound: str | int) -> str:
    return base64.b64encode(seal(wrapping, content, binding(*bound))).decode()


def wrap_key(wrapping: bytes, info: KeptKeyInfo, key: bytes) -> WrappedKey:
    return WrappedKey(**asdict(info), wrapped=wrap(wrapping, key, "kept", info.id))


def added_line(wrapping: bytes, info: KeptKeyInfo, key: bytes, number: int) -> bytes:
    """Return the line of a key that is added, sealed with its place."""
    wrapped = wrap_key(wrapping, info, key)
    sealed = wrap(wrapping, wrapped.model_dump_json().encode(), "added", number)
    return AddedKey(key=wrapped, seal=sealed).model_dump_json().encode() + b"\n"


def whole_lines(file: Path) -> list[bytes]:
    """Read the lines of a file, if there is one. One that was never finished is none: nobody was given its key."""
    return file.read_bytes().split(b"\n")[:-1] if file.exists() else []


def body_of(content: KeystoreFile) -> bytes:
    """Return what the seal covers."""
    absent = {name for name in ("head", "tpm") if not getattr(content, name)}  # as in versions that hadn't it
    covered = content.model_dump(mode="json", exclude={"seal", *absent})
    return json.dumps(covered, sort_keys=True).encode()


def open_content(
    content: KeystoreFile, lines: Iterable[bytes], wrapping: bytes
) -> tuple[dict[str, bytes], list[tuple[KeptKeyInfo, bytes]]]:
    """Open what a keystore's file and its lines hold: the installation's own secrets, and the kept keys.

    Raises:
        Refused, ValueError: another wrapping key, or somebody changed it by hand.
    """

    def unwrap(text: str, *bound: str | int) -> bytes:
        return open_sealed(wrapping, base64.b64decode(text, validate=True), binding(*bound))

    if unwrap(content.seal, "file") != body_of(content):
        raise ValueError("what is sealed isn't what the file says")
    added = [AddedKey.model_validate_json(line) for line in lines]
    for number, line in enumerate(added):
        if unwrap(line.seal, "added", number) != line.key.model_dump_json().encode():
            raise ValueError("a line isn't what was sealed")
    there = {each.id for each in content.keys}  # the whole was written, and the lines not removed any more
    keys = [
        (
            KeptKeyInfo(each.id, each.kind, each.deployment, each.subject, each.fingerprint, each.due_ns, each.held),
            unwrap(each.wrapped, "kept", each.id),
        )
        for each in (*content.keys, *(line.key for line in added if line.key.id not in there))
    ]
    return {name: unwrap(text, "own", name) for name, text in content.own.items()}, keys
