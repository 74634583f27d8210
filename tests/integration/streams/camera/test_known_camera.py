"""A network camera is the one whose address was given: its certificate is checked, and it leads nowhere else."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal, Retryable
from lfr_core.domain.policy import load_policy
from streams.camera.open_source import open_source
from streams.camera.sources import Source
from streams.camera.urls import parse_source
from tests.support.rtsp_camera import FPS, Habits, RtspCamera, encoded

IMAGES = load_policy().images
PICTURE = bytes(cv2.imencode(".jpg", np.zeros((90, 160, 3), np.uint8))[1])
PART = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(PICTURE) + PICTURE + b"\r\n"


class Camera(ThreadingHTTPServer):
    """Motion JPEG at /live, the same as a finished recording at /recorded; /moved and /list.m3u8 lead to `other`."""

    daemon_threads = True

    def __init__(self, certificate: Path | None = None, other: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.other = other
        self.asked: list[str] = []
        self.scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
            self.scheme = "https"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no error here."""


class _Handler(BaseHTTPRequestHandler):
    server: Camera

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", self.server.other)
            self.end_headers()
            return
        body = PART * 50
        if self.path == "/list.m3u8":
            body = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{self.server.other}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        if self.path != "/live":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        while self.path == "/live":
            self.wfile.write(PART)
            time.sleep(0.04)
        self.wfile.write(body)


@pytest.fixture
def serve() -> Iterator[Callable[..., Camera]]:
    made: list[Camera] = []

    def start(**changes: object) -> Camera:
        made.append(Camera(**changes))  # type: ignore[arg-type]  # by name
        return made[-1]

    yield start
    for each in made:
        each.shutdown()
        each.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 with its key, which signed itself, as cameras have them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "camera.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return file


def opened(url: str, ca_file: Path | None = None) -> Source:
    return open_source(parse_source(url), IMAGES, ca_file=ca_file, clock=SystemClock())


def test_a_camera_that_is_given_and_known_is_read(serve: Callable[..., Camera], certificate: Path) -> None:
    for url, ca_file in ((serve().url("/live"), None), (serve(certificate=certificate).url("/live"), certificate)):
        source = opened(url, ca_file)
        assert (source.info.live, source.grab() is not None, len(source.jpeg())) == (True, True, len(PICTURE))
        source.close()


def test_an_rtsp_camera_that_speaks_tls_and_is_known_is_read(certificate: Path) -> None:
    pictures = encoded((320, 240), 6 * FPS)
    with closing(RtspCamera(pictures, Habits(certificate=certificate))) as camera:
        url = camera.url.replace("rtsp://", "rtsps://")
        with closing(opened(url, certificate)) as source:
            assert source.grab() is not None
        with pytest.raises(Retryable, match="certificate that nobody known has signed"):
            opened(url)


def test_a_camera_whose_certificate_nobody_known_signed_is_not_read(
    serve: Callable[..., Camera], certificate: Path
) -> None:
    camera = serve(certificate=certificate)

    for scheme in ("https", "rtsps"):
        with pytest.raises(Retryable):
            opened(camera.url("/live").replace("https", scheme))

    assert camera.asked == []


def test_a_redirect_and_a_playlist_lead_to_no_other_address(serve: Callable[..., Camera]) -> None:
    other = serve()
    camera = serve(other=other.url("/live"))

    for path in ("/moved", "/list.m3u8"):
        with pytest.raises(Retryable):
            opened(camera.url(path))

    assert (camera.asked, other.asked) == (["/moved", "/list.m3u8"], [])


def test_a_finished_recording_that_is_served_is_no_live_camera(serve: Callable[..., Camera]) -> None:
    source = opened(serve().url("/recorded"))

    assert not source.info.live
    source.close()


def test_a_missing_file_of_certificates_is_named(serve: Callable[..., Camera], tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="LFR_CAMERA_CA_FILE"):
        opened(serve().url("/live"), tmp_path / "none.pem")
