"""The newest head and the public key, kept as files beside the keystore, outside the database and its backups.

A database cut short together with its heads looks whole; the head kept here says that it isn't.
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import Engine

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.common.files import SETTINGS_BYTES, read_bounded
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.port import HeadSigner
from lfr_core.custody.audit.signed import HEAD_TEXT, Head, find_signed_form, head_from, signed_head
from lfr_core.custody.vault.files import write_private

__all__ = [
    "HEAD_FILE",
    "KEY_FILE",
    "keep_head",
    "keep_refusal",
    "read_checkpoint",
    "read_kept_head",
    "read_public_key",
    "read_refusal",
    "write_checkpoint",
    "write_public_key",
]

HEAD_FILE = "audit-head.json"
KEY_FILE = "audit-key.pub"
_REFUSAL_FILE = "audit-refusal.txt"
_AGAIN_AFTER_NS = 20 * 10**9
"""[proposal] A head is signed anew when nothing was written meanwhile: its time says that the vault still signs."""
_KEY = re.compile(rb"[0-9a-f]{64}\n?")


def keep_head(
    engine: Engine, signer: HeadSigner, clock: Clock, folder: Path, generation: int | None = None
) -> Head | None:
    """Sign the newest entry and remember its head in `folder`: what the vault does every few seconds.

    With nothing new the head is signed again for the folder, so that its age says when the vault last looked.
    `generation` is the keystore's, and is signed too.

    Raises:
        Refused: as `sign_head`; `audit.head-checkpoint` when the file is damaged; `audit.other-installation`;
            `vault.keystore` when the folder can't be written.
        Retryable: the database is away.
    """
    write_public_key(folder, signer.public_key)
    file = folder / HEAD_FILE
    checkpoint = read_checkpoint(file)
    head = sign_head(engine, signer, clock, checkpoint, generation)
    if head is not None:
        if checkpoint is None or head.seq != checkpoint.seq:
            write_checkpoint(file, head)
        elif (now_ns := clock.time_ns()) - checkpoint.at_ns > _AGAIN_AFTER_NS:
            write_checkpoint(file, signed_head(signer, head.seq, head.hash, now_ns, generation))
    return head


def keep_refusal(folder: Path, why: str) -> None:
    """Leave in `folder` why no head is signed, for whoever verifies; empty: one is. Raises Refused `vault.keystore`."""
    if why:
        write_private(folder / _REFUSAL_FILE, why.encode())
    else:
        (folder / _REFUSAL_FILE).unlink(missing_ok=True)


def read_refusal(folder: Path) -> str:
    """Read why the vault signs no head, in its words; empty when it does, or hasn't said."""
    try:
        return read_bounded(folder / _REFUSAL_FILE, SETTINGS_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{folder / _REFUSAL_FILE} can't be read ({error.strerror})"


def write_checkpoint(path: Path, head: Head) -> None:
    """Replace the head checkpoint, whole or not at all.

    Raises:
        Refused: `audit.head-checkpoint`: a later one is remembered, so that the trail has been cut short;
            `vault.keystore`: the file can't be written.
    """
    known = read_checkpoint(path)
    if known is not None and known.seq > head.seq:
        raise Refused(
            "audit.head-checkpoint", f"entry {known.seq} was signed and remembered, and now the newest is {head.seq}"
        )
    write_private(path, head.as_file())


def read_checkpoint(path: Path) -> Head | None:
    """Read the head kept last, with a right signature; None when there is no file.

    Whose signature it is, the caller compares.

    Raises:
        Refused: `audit.head-checkpoint`: the file is damaged or can't be read.
    """
    try:
        content = read_bounded(path, SETTINGS_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error.strerror or "unreadable") from error
    return _signed(content, path)


def read_kept_head(kept: Path) -> Head:
    """Read a head that somebody kept elsewhere, with a right signature: a file, or what the QR code of one says.

    Raises:
        Refused: `audit.head-checkpoint`: there is no such file, or it holds no head.
    """
    if str(kept).upper().startswith(HEAD_TEXT):
        return _signed(str(kept).encode(), "the text of the QR code")
    head = read_checkpoint(kept)
    if head is None:
        raise Refused(
            "audit.head-checkpoint", f"there is no file {kept}: give the head that was kept, as it was copied"
        )
    return head


def write_public_key(folder: Path, public_key: bytes) -> None:
    """Leave the installation's public key, hexadecimal, for whoever verifies.

    Raises:
        Refused: `audit.other-installation`: another key lies there; `vault.keystore`: it can't be written.
    """
    if not (folder / KEY_FILE).exists():
        write_private(folder / KEY_FILE, f"{public_key.hex()}\n".encode())
    elif read_public_key(folder) != public_key:
        raise Refused(
            "audit.other-installation",
            f"{folder / KEY_FILE} is the key of another installation: the keystore and it must stay together",
        )


def read_public_key(folder: Path) -> bytes:
    """Read the installation's public key, 32 bytes.

    Raises:
        Refused: `audit.no-key`: there is none yet, or it can't be read.
    """
    file = folder / KEY_FILE
    try:
        content = read_bounded(file, SETTINGS_BYTES)
    except OSError as error:
        raise Refused(
            "audit.no-key",
            f"without the key in {file} nothing can be verified ({error.strerror}); the vault writes it when it "
            "starts: `lfr up`",
        ) from error
    if not _KEY.fullmatch(content):
        raise Refused("audit.no-key", f"{file} holds no public key: remove it, and the vault writes it again")
    return bytes.fromhex(content.decode())


def _signed(content: bytes, source: Path | str) -> Head:
    try:
        head = head_from(content)
    except ValueError as error:
        raise _unusable(source, "it holds no head") from error
    if find_signed_form(head) is None:
        raise _unusable(source, "its signature is wrong")
    return head


def _unusable(source: Path | str, why: str) -> Refused:
    return Refused(
        "audit.head-checkpoint",
        f"the head checkpoint {source} can't be used: {why}. Restore it from where it was copied to; without it a "
        "trail that was cut short can't be told from a whole one",
    )
