"""Rows that are written too often for an entry each: sealed with the key that their writer seals its entries with.

Whoever has the database's login alone can remove such a row, and can make none that counts.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Collection
from typing import Protocol

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.entry import seal_of
from lfr_core.custody.vault.record_keys import day_of
from lfr_core.custody.vault.writer_keys import Writer, WriterKeys
from lfr_core.domain.actors import ProcessIdentity

__all__ = ["IsSealed", "is_sealed", "seal_row", "text_of_values"]


class IsSealed(Protocol):
    """Whether one of these processes has sealed a text, with a key lent for that person ("": for none), and lately."""

    def __call__(
        self, text: str, writer: str, seal: str, processes: Collection[ProcessIdentity], person: str = "", /
    ) -> bool: ...


def text_of_values(table: str, *values: object) -> str:
    """Return what of a row is sealed: its table and some of its columns."""
    return json.dumps([table, *map(str, values)], ensure_ascii=False)


def seal_row(writer_key: bytes, text: str) -> str:
    """Return the seal of a row's text, hexadecimal; never one of an entry, whose hash has no space."""
    return seal_of(writer_key, f"row {text}")


def is_sealed(
    keys: WriterKeys,
    text: str,
    writer: str,
    seal: str,
    processes: Collection[ProcessIdentity],
    person: str = "",
    *,
    now_ns: int,
) -> bool:
    """Return whether one of `processes` has sealed that text, today or yesterday, and may write still.

    A writer without an identity is one of a test, where nobody is asked who they are.

    `person`: for whom, by name, the key must have been lent; "": for nobody.
    """
    who = Writer.parse(writer)
    if who is None or (who.identity is not None and who.identity not in processes):
        return False
    try:
        if who.person != keys.pseudonym(person):
            return False
        key = keys.key_of(who, seq=_ANY, since_day=day_of(now_ns))
    except Refused:
        return False
    return hmac.compare_digest(seal_row(key, text).encode(), seal.encode())


_ANY = 2**63
"""A later entry than any: what a dismissed machine sealed counts no more."""
