"""What may be written into the register: a name as it is kept, and why somebody is revoked."""

from __future__ import annotations

import re
import unicodedata

from lfr_core.common.errors import Refused
from lfr_core.domain.actors import LONGEST_NAME, fold_name

__all__ = ["check_name", "check_reason"]

_LONGEST_REASON = 300
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")
"""Control characters, and those that make two names look like one."""


def check_reason(why: str) -> str:
    """Return a reason in one line. Raises Refused `people.reason-missing`."""
    reason = " ".join(why.split())
    if len(reason) > _LONGEST_REASON:
        raise Refused(
            "people.reason-missing", f"the reason has {len(reason):,} characters: say it in at most {_LONGEST_REASON}"
        )
    if not reason or _UNPRINTED.search(reason):
        raise Refused("people.reason-missing", f"say why, in one line of at most {_LONGEST_REASON} characters")
    return reason


def check_name(name: str) -> str:
    """Return a name as it is kept. Raises Refused `people.bad-name`."""
    written = " ".join(unicodedata.normalize("NFKC", name).split(" ")).strip()
    if (
        not fold_name(written)
        or len(written) > LONGEST_NAME
        or _UNPRINTED.search(written)
        or not any(letter.isalpha() for letter in written)
        or ":" in written  # `system:NAME` is software
    ):
        raise Refused(
            "people.bad-name", f"give a person's name: 1 to {LONGEST_NAME} printable characters, without a colon"
        )
    return " ".join(written.split())
