"""Which sockets listen on a port, and whose they are, as Linux's kernel says.

It is asked over a netlink socket (sock_diag(7)), which looks at listening sockets alone: some 35 microseconds. The list
in /proc/net/tcp says the same, and is used where the kernel has no such socket; to make it the kernel goes through its
table of all connections, 6 ms a read on a machine of 24 GB and more on larger ones (docs/facts.md#the-machine).
"""

from __future__ import annotations

import socket
import struct
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Final

from lfr_core.common.errors import Fatal

__all__ = ["Listener", "listening_sockets"]

Listener = tuple[IPv4Address | IPv6Address, int]
"""Address and user."""
TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENS: Final = 10  # TCP_LISTEN of include/net/tcp_states.h
_SOCK_DIAG: Final = 4  # NETLINK_SOCK_DIAG of uapi/linux/netlink.h
_BY_FAMILY: Final = 20  # SOCK_DIAG_BY_FAMILY of uapi/linux/sock_diag.h
_DUMP: Final = 0x301  # NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH
_ERROR, _DONE = 2, 3  # NLMSG_ERROR, NLMSG_DONE
_HEADER: Final = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, sender
_ADDRESS_AT, _USER_AT = 8, 64  # in inet_diag_msg of uapi/linux/inet_diag.h
_ANSWER_S: Final = 1.0
_MOST_BYTES: Final = 65_536


def listening_sockets(port: int) -> list[Listener]:
    """Return address and user of each socket that listens on `port`.

    Raises:
        Fatal: neither way to know is open.
    """
    try:
        return [each for family in (socket.AF_INET, socket.AF_INET6) for each in _ask_kernel(family, port)]
    except (OSError, struct.error):
        return read_tables(port)


def _ask_kernel(family: socket.AddressFamily, port: int) -> list[Listener]:
    found: list[Listener] = []
    # inet_diag_req_v2: family, protocol, states; then of the sockets' id only the port, in the network's order
    body = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 0, 0, 1 << _LISTENS) + struct.pack(">H", port) + bytes(46)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
        kernel.settimeout(_ANSWER_S)
        kernel.sendto(_HEADER.pack(_HEADER.size + len(body), _BY_FAMILY, _DUMP, 1, 0) + body, (0, 0))
        while True:
            data, (sender, _) = kernel.recvfrom(_MOST_BYTES)
            if sender != 0:  # another process's word
                continue
            while data:
                length, kind, *_ = _HEADER.unpack_from(data)
                if kind == _DONE:
                    return found
                if kind == _ERROR or length < _HEADER.size:
                    raise OSError("the kernel has no such socket")
                if (one := _listener(family, port, data[_HEADER.size : length])) is not None:
                    found.append(one)
                data = data[(length + 3) & ~3 :]


def _listener(family: socket.AddressFamily, port: int, body: bytes) -> Listener | None:
    number, (user,) = struct.unpack_from(">H", body, 4)[0], struct.unpack_from("=I", body, _USER_AT)
    if number != port:
        return None
    if family == socket.AF_INET:
        return IPv4Address(body[_ADDRESS_AT : _ADDRESS_AT + 4]), int(user)
    return IPv6Address(body[_ADDRESS_AT : _ADDRESS_AT + 16]), int(user)


def read_tables(port: int) -> list[Listener]:
    """Read the same from /proc (proc_net_tcp of the kernel's documentation). Raises Fatal: it isn't there."""
    found: list[Listener] = []
    for table in TABLES:
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except FileNotFoundError:
            if table.name == "tcp6":  # no IPv6
                continue
            raise Fatal(f"whose ports are whose can't be known: {table} isn't there. Mount /proc") from None
        for line in lines:
            _, local, _, state, _, _, _, uid, *_ = line.split()
            words, _, number = local.partition(":")
            if int(state, 16) == _LISTENS and int(number, 16) == port:
                found.append((_address(words), int(uid)))
    return found


def _address(words: str) -> IPv4Address | IPv6Address:
    """Read an address as the kernel prints it: 32-bit words in the machine's own order."""
    packed = b"".join(struct.pack("=I", int(words[at : at + 8], 16)) for at in range(0, len(words), 8))
    return IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed)
