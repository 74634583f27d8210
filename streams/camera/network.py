"""FFmpeg's options for a network camera: one that is known, and that leads to no other address."""

from __future__ import annotations

import os
import socket
import ssl
import stat
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from lfr_core.common.errors import Fatal

__all__ = ["leads_elsewhere", "stream_options"]

_RTSP_PORTS = {"rtsp": 554, "rtsps": 322}  # FFmpeg's own
_OPTIONS = {
    "rtsp_transport": "tcp",
    # what was given is what is read: no other host by a redirect, nor by a playlist, which is no live picture anyway
    "max_redirects": "0",
    "format_whitelist": "rtsp,mpjpeg,mjpeg,jpeg_pipe,h264,hevc,m4v,mpegts,mpeg,flv,avi,matroska,mov",
    "tls_verify": "1",
    # FFmpeg would take a proxy from the environment; an empty one is none
    "http_proxy": "",
    # a playlist must not lead to files of this machine
    "protocol_whitelist": "rtsp,rtsps,rtp,udp,tcp,tls,http,https",
}


def stream_options(ca_file: Path | None) -> dict[str, str]:
    """FFmpeg's options; `ca_file` holds the certificates (PEM) to believe, None: the machine's own.

    Raises:
        Fatal: `ca_file` isn't there, or no certificates of the machine are found.
    """
    return _OPTIONS | {"ca_file": str(_trusted(ca_file))}


def leads_elsewhere(url: str) -> bool:
    """Whether FFmpeg, which has just opened `url`, was led to another address by an RTSP redirect.

    It follows redirects of RTSP, has no option against it, and doesn't tell. But then it has let go of the address that
    was given: a camera that is read has a connection of this process to it.
    """
    parts = urlsplit(url)
    if parts.scheme not in _RTSP_PORTS:
        return False  # `max_redirects` holds
    try:
        port = parts.port or _RTSP_PORTS[parts.scheme]
        given = {each[4][:2] for each in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)}
    except (OSError, ValueError):
        return True
    return not any(peer in given for peer in _peers())


def _peers() -> list[tuple[str, int]]:
    """Address and port of whoever this process has a TCP connection to."""
    found: list[tuple[str, int]] = []
    for number in os.listdir("/dev/fd"):  # noqa: PTH208  not a folder of files
        with suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(int(number)).st_mode):
                continue
            with socket.socket(fileno=os.dup(int(number))) as connection:  # ours to close, FFmpeg's goes on
                if connection.type == socket.SOCK_STREAM and connection.family in {socket.AF_INET, socket.AF_INET6}:
                    found.append(connection.getpeername()[:2])
    return found


def _trusted(ca_file: Path | None) -> Path:
    """The file with the certificates to believe."""
    found = ca_file or Path(ssl.get_default_verify_paths().cafile or ssl.get_default_verify_paths().openssl_cafile)
    if not found.is_file():
        raise Fatal(f"there is no file {found} of certificates to know a camera by; set LFR_CAMERA_CA_FILE (PEM)")
    return found
