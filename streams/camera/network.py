"""FFmpeg's options for a network camera: one that is known, and that leads to no other address."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from lfr_core.common.errors import Fatal

__all__ = ["OpeningWatch", "Transport", "stream_options", "without_proxies"]

_RTSP_PORTS = {"rtsp": 554, "rtsps": 322}  # FFmpeg's own
_OPTIONS = {
    # sound isn't asked for
    "allowed_media_types": "video",
    # over UDP from nobody but the camera
    "rtsp_flags": "filter_src",
    # what was given is what is read: no other host by a redirect, nor by a playlist, which is no live picture anyway
    "max_redirects": "0",
    "format_whitelist": "rtsp,mpjpeg,mjpeg,jpeg_pipe,h264,hevc,m4v,mpegts,mpeg,flv,avi,matroska,mov",
    "tls_verify": "1",
    # FFmpeg would take a proxy from the environment; an empty one is none
    "http_proxy": "",
    # a playlist must not lead to files of this machine
    "protocol_whitelist": "rtsp,rtsps,rtp,udp,tcp,tls,http,https",
}


class Transport(StrEnum):
    """How an RTSP camera sends its pictures; other addresses know one way only."""

    TCP = "tcp"
    UDP = "udp"
    HTTP = "http"
    """In a tunnel of two HTTP connections to the same address and port."""

    @property
    def reordered(self) -> int:
        """How many packets wait for one that is missing: without any, FFmpeg doesn't notice a gap."""
        return 64 if self is Transport.UDP else 2

    @property
    def connections(self) -> int:
        """How many connections it has to the address that was given."""
        return 2 if self is Transport.HTTP else 1


def stream_options(ca_file: Path | None, transport: Transport = Transport.TCP) -> dict[str, str]:
    """Return FFmpeg's options; `ca_file` holds the certificates (PEM) to believe, None: the machine's own.

    Raises:
        Fatal: `ca_file` isn't there, or no certificates of the machine are found.
    """
    return _OPTIONS | {
        "rtsp_transport": transport.value,
        "reorder_queue_size": str(transport.reordered),
        "ca_file": str(_trusted(ca_file)),
    }


class OpeningWatch:
    """Watches one opening at a time: which TCP connections of this process began during it.

    FFmpeg follows redirects of RTSP, has no option against it, and doesn't tell. But then it has let go of the address
    that was given: a camera that is read has a connection to it that began with its opening.
    """

    _one_at_a_time = threading.Lock()

    def __enter__(self) -> Self:
        self._one_at_a_time.acquire()
        self._before = frozenset(_peers())
        return self

    def __exit__(self, *_: object) -> None:
        self._one_at_a_time.release()

    def leads_elsewhere(self, url: str, connections: int = 1) -> bool:
        """Return whether `url`, opened meanwhile, has fewer than its `connections` to its address.

        Without RTSP `max_redirects` holds.
        """
        parts = urlsplit(url)
        if parts.scheme not in _RTSP_PORTS:
            return False
        try:
            port = parts.port or _RTSP_PORTS[parts.scheme]
            given = {each[4][:2] for each in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)}
        except (OSError, ValueError):
            return True
        begun = sum(peer in given for inode, peer in _peers().items() if inode not in self._before)
        return begun < connections


@contextmanager
def without_proxies() -> Iterator[None]:
    """Keep FFmpeg from proxies of the environment: the connections of a tunnel don't take the option `http_proxy`."""
    before = os.environ.get("no_proxy")
    os.environ["no_proxy"] = "*"
    try:
        yield
    finally:
        if before is None:
            del os.environ["no_proxy"]
        else:
            os.environ["no_proxy"] = before


def _peers() -> dict[int, tuple[str, int]]:
    """Find address and port of whoever this process has a TCP connection to, by the inode of the socket.

    Linux counts the inodes of sockets upwards: another connection isn't taken for one that was there.
    """
    found: dict[int, tuple[str, int]] = {}
    for number in os.listdir("/dev/fd"):  # noqa: PTH208  not a folder of files
        with suppress(OSError):
            status = os.fstat(int(number))
            if not stat.S_ISSOCK(status.st_mode):
                continue
            with socket.socket(fileno=os.dup(int(number))) as connection:  # ours to close, FFmpeg's goes on
                if connection.type == socket.SOCK_STREAM and connection.family in {socket.AF_INET, socket.AF_INET6}:
                    found[status.st_ino] = connection.getpeername()[:2]
    return found


def _trusted(ca_file: Path | None) -> Path:
    """Return the file with the certificates to believe."""
    found = ca_file or Path(ssl.get_default_verify_paths().cafile or ssl.get_default_verify_paths().openssl_cafile)
    if not found.is_file():
        raise Fatal(f"there is no file {found} of certificates to know a camera by; set LFR_CAMERA_CA_FILE (PEM)")
    return found
