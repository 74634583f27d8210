"""The address at which anybody's phone opens the public site: one that only a force's network knows is none. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

__all__ = ["check_public_address"]

_WITHIN: Final = frozenset(
    {"localhost", "local", "localdomain", "internal", "intranet", "lan", "corp", "home", "private", "arpa", "invalid"}
)
"""Last parts of names that only machines within some network know (RFC 2606, 6761, 6762, 8375; ICANN's `internal`)."""
_MOST: Final = 120
"""[proposal] Characters: a code of more is hard to scan off a phone's screen."""


def check_public_address(address: str) -> str:
    """Return the address without a slash at its end; "" is none.

    Raises:
        ValueError: it isn't `https://` with a name that everybody's phone can find.
    """
    if not address:
        return ""
    found = urlsplit(address)
    host = (found.hostname or "").rstrip(".")
    if found.scheme != "https" or found.username is not None or found.query or found.fragment:
        raise ValueError("the public site's address begins with https:// and has neither a login, ? nor #")
    if len(address) > _MOST or not address.isascii() or any(each.isspace() for each in address):
        raise ValueError(f"the public site's address has at most {_MOST} plain letters, and no space")
    try:
        is_public = ip_address(host).is_global
    except ValueError:
        is_public = "." in host and host.rpartition(".")[2] not in _WITHIN
    if not is_public:
        raise ValueError(f"{host} is no public site's address: a phone outside the force's network can't open it")
    return address.rstrip("/")
