"""Heads are stamped by a time-stamping authority (RFC 3161): openssl's own, made here, behind a small server."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_signing import HeadSigningThread
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.timestamps import TimestampAuthority, describe_stamp, read_authorities, read_stamp_time
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.audit.witness import STAMPED_HEAD, Witness
from lfr_core.domain.actors import SystemActor
from tests.support.audit import Notary
from tests.support.records import ManualClock

pytestmark = [
    pytest.mark.openssl,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl isn't here: no authority can be made"),
]

EVENT = AuditEvent(Verb.COLLECT, SystemActor.RECOGNISER, "dep", "alert:1")
CONFIGURATION = """
[tsa]
default_tsa = ours
[ours]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
[stamping]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
"""


class Authority:
    """A time-stamping authority with a root of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        (folder / "openssl.cnf").write_text(CONFIGURATION)
        (folder / "serial").write_text("01\n")
        new = ("-newkey", "rsa:2048", "-nodes")
        self._openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Root", "-days", "2")
        self._openssl("req", *new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Stamper")
        by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "openssl.cnf")
        self._openssl("x509", "-req", "-in", "tsa.csr", *by, "-extensions", "stamping", "-days", "2", "-out", "tsa.pem")

    @property
    def root(self) -> Path:
        return self.folder / "ca.pem"

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        self._openssl("ts", "-reply", "-config", "openssl.cnf", "-queryfile", "query", "-out", "reply")
        return (self.folder / "reply").read_bytes()

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True, timeout=60)


class Serving(BaseHTTPRequestHandler):
    authority: Authority
    answer: bytes | None = None
    """Instead of a stamp."""

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["Content-Length"]))
        content = self.authority.reply(query) if self.answer is None else self.answer
        self.send_response(200)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stamping") / "ours")


@pytest.fixture
def serving(authority: Authority) -> Iterator[tuple[type[Serving], str]]:
    handler = type("Ours", (Serving,), {"authority": authority})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield handler, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def settings(authority: Authority, serving: tuple[type[Serving], str], tmp_path: Path) -> Settings:
    (tmp_path / "witness").mkdir()
    (tmp_path / "vault").mkdir()
    return Settings(
        home=tmp_path,
        witness_folder=tmp_path / "witness",
        timestamp_url=serving[1],
        timestamp_ca_file=authority.root,
    )


@pytest.fixture
def keeper(
    engine: Engine, notary: Notary, trail: AuditTrail, clock: ManualClock, settings: Settings
) -> HeadSigningThread:
    record(engine, trail, EVENT)
    return HeadSigningThread(engine, notary, clock, settings.keystore_folder, every_s=1.0, witness=Witness.of(settings))


def test_each_hour_s_head_has_a_time_stamp_that_openssl_alone_verifies(
    keeper: HeadSigningThread, settings: Settings, authority: Authority
) -> None:
    began = time.time()
    assert keeper.keep()

    (head,) = (settings.witness_folder or Path()).glob("audit-head-*.json")
    stamp = head.with_suffix(".tsr")
    said = subprocess.run(
        ["openssl", "ts", "-verify", "-data", str(head), "-in", str(stamp), "-CAfile", str(authority.root)],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    at = read_stamp_time(stamp.read_bytes(), head.read_bytes(), read_authorities(authority.root))
    own = settings.keystore_folder / STAMPED_HEAD
    assert f"{head.name} was there at {at:%Y-%m-%d %H:%M:%S}" in describe_stamp(head, authority.root)
    assert "wasn't checked" in describe_stamp(head, None)
    assert "Verification: OK" in said.stdout + said.stderr
    assert began - 1 <= at.timestamp() <= time.time() + 1
    assert (own.read_bytes(), own.with_suffix(".tsr").read_bytes()) == (head.read_bytes(), stamp.read_bytes())


def test_a_stamp_of_another_head_or_by_somebody_else_isn_t_believed(
    keeper: HeadSigningThread, settings: Settings, authority: Authority, tmp_path: Path
) -> None:
    assert keeper.keep()
    head = settings.keystore_folder / STAMPED_HEAD
    stamp, content = head.with_suffix(".tsr").read_bytes(), head.read_bytes()
    other = Authority(tmp_path / "somebody-else")

    for answer, of, root in ((stamp, content + b" ", authority.root), (stamp, content, other.root),
                             (stamp[:-9], content, authority.root), (b"", content, authority.root)):  # fmt: skip
        with pytest.raises(Refused) as refused:
            read_stamp_time(answer, of, read_authorities(root))
        assert refused.value.rule == "audit.timestamp"


@pytest.mark.parametrize("answer", [b"<html>busy</html>", b"x" * 200_000])
def test_an_authority_that_answers_nonsense_keeps_nobody_from_signing_and_is_told_once_an_hour(
    keeper: HeadSigningThread, settings: Settings, serving: tuple[type[Serving], str], answer: bytes
) -> None:
    serving[0].answer = answer
    with capture_logs() as said:
        assert [keeper.keep(), keeper.keep()] == [True, True]

    assert [line["event"] for line in said] == ["audit.timestamp_missing"]
    assert [file.suffix for file in (settings.witness_folder or Path()).iterdir()] == [".json"]


def test_an_authority_that_is_away_or_believed_by_nobody_is_named(authority: Authority, settings: Settings) -> None:
    away = settings.model_copy(update={"timestamp_url": "http://127.0.0.1:9/"})
    asked = TimestampAuthority.of(away)
    assert asked is not None
    with pytest.raises(Retryable, match="is away"):
        asked.stamp(b"head")
    with pytest.raises(Fatal, match="LFR_TIMESTAMP_CA_FILE"):
        TimestampAuthority.of(settings.model_copy(update={"timestamp_ca_file": None}))
    with pytest.raises(Fatal, match="holds no certificates"):
        TimestampAuthority.of(settings.model_copy(update={"timestamp_ca_file": authority.folder / "ca.key"}))
