"""At which address a camera of a deployment is, by whoever may say so: their entry on the audit trail has its digest.

An address may hold a password, so that neither is on record: the digest is scrypt's, under a salt of its own (docs/
decisions/0043-a-cameras-address-has-an-entry.md). A camera is run at the address of the newest entry alone.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from sqlalchemy import Engine

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.read import entries

__all__ = ["ADDED", "check_camera_address", "digest_of_address"]

ADDED: Final = "camera.added"
"""The rule of the entry; its fact `address` is the digest."""
_SALT_BYTES: Final = 16
_DIGEST_BYTES: Final = 32
_COST: Final = 2**14  # with r = 8: 16 MiB and some 50 ms for each guess
_MOST_ENTRIES: Final = 1_000
"""Of a deployment's cameras; one whose entry is older than these must be added again."""


def digest_of_address(address: str, salt: bytes | None = None) -> str:
    """Return `SALT:DIGEST`, hexadecimal, of an address. `salt`: a new one is drawn unless it is given."""
    used = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    digest = hashlib.scrypt(address.strip().encode(), salt=used, n=_COST, r=8, p=1, dklen=_DIGEST_BYTES)
    return f"{used.hex()}:{digest.hex()}"


def check_camera_address(engine: Engine, deployment: str, camera: str, address: str) -> None:
    """See that a camera's address is the one that somebody who may has given last.

    Raises:
        Refused: `camera.address-not-set`: nobody gave it, or another; `audit.damaged`.
        Retryable: the records are away.
    """
    found = entries(engine, deployment=deployment, words=f'"rule":"{ADDED}"', limit=_MOST_ENTRIES)
    added = [each for each in found if each.rule == ADDED and each.subject == f"camera:{camera}"]
    if not added or not _is_of(str(added[-1].facts.get("address", "")), address):
        raise Refused(
            "camera.address-not-set",
            f"this isn't the address at which camera {camera} was added, so it isn't opened: a planner or operator "
            "adds the camera again with it, on the deployment's page or with `lfr camera add`",
        )


def _is_of(written: str, address: str) -> bool:
    """Return whether a digest on record is that of an address; an entry from before this version has none."""
    salt = written.partition(":")[0]
    try:
        made = digest_of_address(address, bytes.fromhex(salt)) if salt else ""
    except ValueError:
        return False
    return bool(made) and hmac.compare_digest(made, written)
