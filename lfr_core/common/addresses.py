"""Whether an address is this machine's own, so that what is sent there never leaves it."""

from __future__ import annotations

from ipaddress import ip_address

__all__ = ["is_loopback"]


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its number (127.0.0.1, ::1); what a name stands for, others may decide."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
