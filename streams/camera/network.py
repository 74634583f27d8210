"""FFmpeg's options for a network camera: one that is known, and that leads to no other address."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import threading
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from lfr_core.common.errors import Fatal

__all__ = ["OpeningWatch", "Transport", "stream_options"]

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

    @property
    def reordered(self) -> int:
        """How many packets wait for one that is missing: without any, FFmpeg doesn't notice a gap."""
        return 2 if self is Transport.TCP else 64


def stream_options(ca_file: Path | None, transport: Transport = Transport.TCP) -> dict[str, str]:
    """FFmpeg's options; `ca_file` holds the certificates (PEM) to believe, None: the machine's own.

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

    def leads_elsewhere(self, url: str) -> bool:
        """Whether `url`, which was opened meanwhile, leads to another address. Without RTSP `max_redirects` holds."""
        parts = urlsplit(url)
        if parts.scheme not in _RTSP_PORTS:
            return False
        try:
            port = parts.port or _RTSP_PORTS[parts.scheme]
            given = {each[4][:2] for each in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)}
        except (OSError, ValueError):
            return True
        return not any(peer in given for inode, peer in _peers().items() if inode not in self._before)


def _peers() -> dict[int, tuple[str, int]]:
    """Address and port of whoever this process has a TCP connection to, by the inode of the socket.

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
    """The file with the certificates to believe."""
    found = ca_file or Path(ssl.get_default_verify_paths().cafile or ssl.get_default_verify_paths().openssl_cafile)
    if not found.is_file():
        raise Fatal(f"there is no file {found} of certificates to know a camera by; set LFR_CAMERA_CA_FILE (PEM)")
    return found
