"""Keeps what each person has typed and not sent yet, in this process's memory alone.

On no disk, so that a person's letter, typed into an enquiry, has no copy that its deletion would miss; and not in the
browser, where whoever sits there next could read it. With the process it goes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from lfr_core.common.clock import Clock

__all__ = ["KEPT_H", "MOST_CHARACTERS", "MOST_FIELDS", "PATH", "Account", "TypedText", "TypedTexts"]

Account: TypeAlias = tuple[str, str]
"""Issuer and subject: whose login it is, which is known while the register of people can't be read too."""

PATH: Final = "/typed"
"""Below the pages' own, where a page's script sends it."""
KEPT_H: Final = 24
"""[proposal] For so long it waits for whoever logs in again."""
MOST_CHARACTERS: Final = 500_000
"""[proposal] Of one person; the oldest goes first."""
MOST_FIELDS: Final = 1_000
"""[proposal] Of one person, as `MOST_CHARACTERS`: more than all pages have."""
_MOST_ACCOUNTS: Final = 1_000
_NS_PER_H: Final = 3600 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class TypedText:
    """What stands in one field."""

    text: str
    before: str
    """What stood there before: it is given back only where that, or nothing, stands."""

    @property
    def size(self) -> int:
        """In characters."""
        return len(self.text) + len(self.before)


@dataclass(slots=True)
class _Desk:
    texts: dict[str, TypedText] = field(default_factory=dict)
    """By field, the one that was typed into last at the end."""
    changed_ns: int = 0


class TypedTexts:
    """Those of all who use the pages. For several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._desks: dict[Account, _Desk] = {}
        self._lock = threading.Lock()

    def mark_of(self, account: Account) -> str:
        """Return what tells a page drawn for this account from one of another, and says nobody whose it is."""
        return hmac.new(self._key, "\0".join(account).encode(), hashlib.sha256).hexdigest()[:32]

    def keep(self, account: Account, changes: Mapping[str, TypedText | None]) -> None:
        """Take what stands in these fields now; None where it was sent, or taken out."""
        with self._lock:
            self._drop_old()
            desk = self._desks.pop(account, _Desk())
            for name, typed in changes.items():
                desk.texts.pop(name, None)
                if typed is not None:
                    desk.texts[name] = typed
            room = MOST_CHARACTERS - sum(len(name) + each.size for name, each in desk.texts.items())
            for oldest in tuple(desk.texts):
                if room >= 0 and len(desk.texts) <= MOST_FIELDS:
                    break
                room += len(oldest) + desk.texts.pop(oldest).size
            if desk.texts:
                desk.changed_ns = self._clock.time_ns()
                self._desks[account] = desk
            while len(self._desks) > _MOST_ACCOUNTS:
                del self._desks[next(iter(self._desks))]

    def forget(self, account: Account, beginning: str) -> None:
        """Forget the fields whose names begin so: they were sent."""
        with self._lock:
            desk = self._desks.get(account, _Desk())
            desk.texts = {name: each for name, each in desk.texts.items() if not name.startswith(beginning)}

    def find(self, account: Account) -> dict[str, TypedText]:
        """Return what this account has typed and not sent, by field."""
        with self._lock:
            self._drop_old()
            desk = self._desks.get(account)
            return dict(desk.texts) if desk is not None else {}

    def _drop_old(self) -> None:
        oldest_ns = self._clock.time_ns() - KEPT_H * _NS_PER_H
        self._desks = {whose: desk for whose, desk in self._desks.items() if desk.changed_ns > oldest_ns}
