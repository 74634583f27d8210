"""What lies on disk of a keystore: the file of its kept keys, and the lines of those that were added since."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lfr_core.common.errors import Fatal
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind
from lfr_core.custody.vault.sealing import binding, seal

__all__ = ["AddedKey", "KeystoreFile", "WrappedKey", "body_of", "read_kept_key_ids", "whole_lines", "wrap", "wrap_key"]


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
    seal: str = ""
    """Of everything above: no entry can be added, removed or changed by hand."""


def wrap(wrapping: bytes, content: bytes, *bound: str | int) -> str:
    return base64.b64encode(seal(wrapping, content, binding(*bound))).decode()


def wrap_key(wrapping: bytes, info: KeptKeyInfo, key: bytes) -> WrappedKey:
    return WrappedKey(**asdict(info), wrapped=wrap(wrapping, key, "kept", info.id))


def whole_lines(file: Path) -> list[bytes]:
    """Read the lines of a file, if there is one. One that was never finished is none: nobody was given its key."""
    return file.read_bytes().split(b"\n")[:-1] if file.exists() else []


def body_of(content: KeystoreFile) -> bytes:
    """Return what the seal covers."""
    covered = content.model_dump(mode="json", exclude={"seal"} if content.head else {"seal", "head"})
    return json.dumps(covered, sort_keys=True).encode()
