"""The address at which anybody's phone opens the public site: one that only a force's network knows is none. Pure."""

from __future__ import annotations

import re
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


_ADDRESS: Final = re.compile(r"https://[a-z0-9.:\[\]-]+(/[\w.~/%-]*)?", re.ASCII | re.IGNORECASE)
_NAME: Final = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
"""Of a host. Its last part begins with a letter: a browser takes 127.1 and 0177.0.0.1 for addresses of a machine."""


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
    if len(address) > _MOST or not _ADDRESS.fullmatch(address) or found.port == 0:  # a port that is none raises
        raise ValueError(f"the public site's address has at most {_MOST} plain letters, and no space or other sign")
    try:
        is_public = (number := ip_address(host)).is_global and not number.is_multicast
    except ValueError:
        is_public = _NAME.fullmatch(host) is not None and host.rpartition(".")[2] not in _WITHIN
    if not is_public:
        raise ValueError(f"{host} is no public site's address: a phone outside the force's network can't open it")
    return address.rstrip("/")
