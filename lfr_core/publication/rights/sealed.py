"""The personal part of a request, sealed under the request's own key of the vault.

While it is open the key is due after the policy's `keep_open_days`. When it is closed everything is sealed anew under a
key due `keep_after_closing_days` later, and the first is destroyed: nothing has to remember to delete it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from lfr_core.common.errors import Poison
from lfr_core.custody.vault.port import KeptKey, KeyKind, Vault
from lfr_core.custody.vault.sealing import binding, open_sealed, seal
from lfr_core.domain.actors import SystemActor
from lfr_core.publication.rights.types import Opened

__all__ = [
    "RequestContent",
    "open_answer",
    "open_asked",
    "read_closing_key",
    "request_key",
    "seal_answer",
    "seal_asked",
    "together",
]

_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class RequestContent:
    """What somebody wrote, and how to reach them."""

    contact: str
    text: str
    place: str


def request_key(vault: Vault, reference: str, *, now_ns: int, keep_days: int) -> KeptKey:
    """Make the key of an open request. It belongs to no deployment: no certificate of erasure waits for it."""
    return vault.make_key(KeyKind.RIGHTS, "", reference, now_ns + keep_days * _DAY_NS, actor=SystemActor.RIGHTS)


def read_closing_key(vault: Vault, reference: str, *, now_ns: int, keep_days: int, by: str) -> KeptKey:
    """Make the key of a closed one, which `by` closes; where a closing that failed has made it, return that."""
    subject = f"{reference}/closed"
    for info in vault.kept(KeyKind.RIGHTS, ""):
        if info.subject == subject:
            return vault.open_kept(info.id, actor=by, purpose="rights.closed")
    return vault.make_key(KeyKind.RIGHTS, "", subject, now_ns + keep_days * _DAY_NS, actor=SystemActor.RIGHTS)


def seal_asked(key: KeptKey, reference: str, asked: RequestContent) -> bytes:
    return seal(key.key, json.dumps(asdict(asked), ensure_ascii=False).encode(), binding("rights", reference, "asked"))


def open_asked(key: KeptKey, reference: str, sealed: bytes) -> RequestContent:
    """Open what was asked. Raises Refused `vault.not-authentic`; Poison when it holds something else."""
    plain = open_sealed(key.key, sealed, binding("rights", reference, "asked"))
    try:
        return RequestContent(**json.loads(plain))
    except (TypeError, ValueError) as error:
        raise Poison(
            f"the request {reference} holds something else than a request: restore it from a backup"
        ) from error


def seal_answer(key: KeptKey, reference: str, answer: str) -> bytes:
    return seal(key.key, answer.encode(), binding("rights", reference, "answer"))


def open_answer(key: KeptKey, reference: str, sealed: bytes) -> str:
    """Open the answer. Raises Refused `vault.not-authentic`."""
    return open_sealed(key.key, sealed, binding("rights", reference, "answer")).decode()


def together(asked: RequestContent, answer: str) -> Opened:
    """Put a request's parts together as a person reads it."""
    return Opened(asked.contact, asked.text, asked.place, answer)
