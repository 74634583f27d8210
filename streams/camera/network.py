"""FFmpeg's options for a network camera: one that is known, and that leads to no other address."""

from __future__ import annotations

import ssl
from pathlib import Path

from lfr_core.common.errors import Fatal

__all__ = ["stream_options"]

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


def _trusted(ca_file: Path | None) -> Path:
    """The file with the certificates to believe."""
    found = ca_file or Path(ssl.get_default_verify_paths().cafile or ssl.get_default_verify_paths().openssl_cafile)
    if not found.is_file():
        raise Fatal(f"there is no file {found} of certificates to know a camera by; set LFR_CAMERA_CA_FILE (PEM)")
    return found
