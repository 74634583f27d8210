"""Addresses: their parts, and whether one is this machine's own, so that what is sent there never leaves it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from ipaddress import IPv6Address, ip_address
from pathlib import Path

__all__ = ["is_loopback", "shorten_socket_path", "split_address"]

_LONGEST_SOCKET_PATH = 100  # bytes; sun_path holds 108 on Linux, 104 on macOS


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine by its number (127.0.0.1, ::1); others may decide about names."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:  # ::ffff:127.0.0.1, as Java listens
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def split_address(text: str) -> tuple[str, int]:
    """Split host:port, or [IPv6]:port. Raises ValueError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:  # TCP's
        raise ValueError("write host:port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def shorten_socket_path(path: Path) -> Path:
    """Replace the path of a Unix socket that the kernel would refuse by a short one, always the same for that path."""
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    short = hashlib.sha256(os.fsencode(path)).hexdigest()[:24]
    return Path(tempfile.gettempdir()) / f"lfr-{os.getuid()}" / f"{short}.sock"
