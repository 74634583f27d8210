"""Whether an address is this machine's own, so that what is sent there never leaves it."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

__all__ = ["is_loopback"]


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by its number (127.0.0.1, ::1); what a name stands for, others may decide."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:  # ::ffff:127.0.0.1, as Java listens
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
