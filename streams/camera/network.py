"""FFmpeg's options for a network camera: one that is known, and that leads to no other address."""

from __future__ import annotations

import os
import re
import resource
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from lfr_core.common.errors import Fatal

__all__ = ["OneAddress", "Transport", "stream_options", "without_proxies"]

_RTSP_PORTS = {"rtsp": 554, "rtsps": 322}  # FFmpeg's own
_STANDARD_STREAMS = 3
"""How many descriptors every process of ours has. A limit of 0 would end poll(2) of other threads too."""
_REDIRECT = re.compile(r"Redirecting to (.*)", re.DOTALL)
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


class OneAddress:
    """Keeps one opening at the scheme, host and port that were given; one opening at a time in this process.

    FFmpeg follows redirects of RTSP and has no option against it, but says where to before it connects. From then on
    the process may open neither connection nor file, until the opening has failed of it, which it does at once.
    """

    _one_at_a_time = threading.Lock()

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        scheme, host = parts.scheme.lower(), parts.netloc.rpartition("@")[2]
        self._here = tuple(f"{scheme}://{host}{port}/" for port in ("", f":{_RTSP_PORTS.get(scheme)}"))
        self.led_elsewhere = False
        """Whether another address was the answer; it hasn't been asked for anything."""

    def __enter__(self) -> Self:
        self._one_at_a_time.acquire()
        self._limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        return self

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, self._limits)
        self._one_at_a_time.release()

    def read_line(self, line: str) -> None:
        """Read a line that FFmpeg says in the opening's own thread, before it does what the line says."""
        found = _REDIRECT.search(line)
        if found is None or found[1].startswith(self._here):
            return
        self.led_elsewhere = True
        resource.setrlimit(resource.RLIMIT_NOFILE, (_STANDARD_STREAMS, self._limits[1]))


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


def _trusted(ca_file: Path | None) -> Path:
    """Return the file with the certificates to believe."""
    found = ca_file or Path(ssl.get_default_verify_paths().cafile or ssl.get_default_verify_paths().openssl_cafile)
    if not found.is_file():
        raise Fatal(f"there is no file {found} of certificates to know a camera by; set LFR_CAMERA_CA_FILE (PEM)")
    return found
