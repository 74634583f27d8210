"""The digest of what one person asks for: who approves says it, so that nothing else than what was read is approved."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime

from lfr_core.common.errors import Refused

__all__ = ["check_same_request", "request_digest"]

_DIGITS = 16
"""Of a digest's hexadecimal digits: each request has a number, id or time of its own, which nobody chooses."""


def request_digest(*facts: str | int | date | datetime | tuple[str, ...] | None) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of what is asked for, in this order."""
    texts = [each.isoformat() if isinstance(each, date) else each for each in facts]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:_DIGITS]


def check_same_request(read: str, asked: str, about: str) -> None:
    """Raise Refused `approval.other-request` unless `read`, which the second person says, is what is asked for now."""
    if read != asked:
        raise Refused("approval.other-request", f"{about} asks for something else now, {asked}: read that first")
