"""A cluster that asks for TLS: a login, or a certificate for each user; another authority's opens nothing."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kafka import KafkaProducer
from kafka.errors import TopicAuthorizationFailedError

from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from streams.broker.connection import connect_as
from streams.broker.rights import ensure_rights
from streams.broker.traits import KAFKA
from streams.broker.users import User
from streams.topics import Topic, broker_version, ensure_topics
from tests.support.brokers import sockets_of_refused_connections
from tests.support.certificates import Authority
from tests.support.databases import make_records
from tests.support.tls_broker import TlsNode, prepare_tls
from tests.support.worker_processes import Worker

pytestmark = pytest.mark.kafka


@pytest.fixture(autouse=True)
def _sockets_of_refused_handshakes() -> Iterator[None]:
    with sockets_of_refused_connections():
        yield


@dataclass(frozen=True)
class Cluster:
    node: TlsNode

    def settings(self, home: Path, security: str, **more: object) -> Settings:
        given: dict[str, object] = {"kafka_logins": self.node.logins, "kafka_ca_file": self.node.ca_file} | more
        servers = f"127.0.0.1:{self.node.ports[security]}"
        return Settings(home=home, kafka_servers=servers, kafka_security=security, broker="kafka", **given)  # type: ignore[arg-type]  # by name


@pytest.fixture(scope="module")
def cluster(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("tls")
    made = Cluster(prepare_tls(folder, kafka_libs))
    with (folder / "kafka.log").open("wb") as log:
        process = subprocess.Popen(made.node.command, stdout=log, stderr=log, cwd=made.node.folder)
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, (folder / "kafka.log").read_text()[-2000:]
            try:
                ensure_rights(connect_as(User.ADMINISTRATION, made.settings(folder, "sasl_ssl")))
            except Retryable:
                assert time.monotonic() < deadline, (folder / "kafka.log").read_text()[-2000:]
                time.sleep(0.2)
            else:
                break
        yield made
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.slow
@pytest.mark.parametrize("security", ["sasl_ssl", "ssl"])
def test_over_tls_topics_are_made_a_worker_reads_and_a_camera_writes_frames_and_no_sightings(
    cluster: Cluster, security: str, tmp_path: Path
) -> None:
    settings = cluster.settings(tmp_path / "home", security)
    (settings.home / "run").mkdir(parents=True)
    make_records(settings.records_url)
    ensure_topics(connect_as(User.ADMINISTRATION, settings), settings, load_policy(), KAFKA)

    producer = KafkaProducer(**connect_as(User.CAMERA, settings).options(), enable_idempotence=True)
    try:
        producer.send(Topic.FRAMES, b"x", key=b"north").get(timeout=10)
        with pytest.raises(TopicAuthorizationFailedError):
            producer.send(Topic.SIGHTINGS, b"x", key=b"north").get(timeout=10)
    finally:
        producer.close()
    worker = Worker("record", 0, settings, tmp_path / "record.log").start()
    try:
        worker.wait_ready()
    finally:
        worker.end(signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # see above
@pytest.mark.parametrize("security", ["sasl_ssl", "ssl"])
def test_a_server_whose_certificate_nobody_known_signed_is_not_spoken_to(
    cluster: Cluster, security: str, tmp_path: Path
) -> None:
    other = Authority().write(tmp_path / "other.pem")

    with pytest.raises(Retryable):
        broker_version(connect_as(User.CAMERA, cluster.settings(tmp_path, security, kafka_ca_file=other)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # see above
def test_a_certificate_of_another_authority_is_no_way_in(cluster: Cluster, tmp_path: Path) -> None:
    Authority().issue("camera", tmp_path / "camera.pem")

    with pytest.raises(Retryable):
        broker_version(connect_as(User.CAMERA, cluster.settings(tmp_path, "ssl", kafka_logins=tmp_path)))
