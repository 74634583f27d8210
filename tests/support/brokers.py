"""Real brokers for tests: Apache Kafka on free ports in a folder of its own, and Tansu.

A test that needs one is marked `kafka` and asks for the fixture `kafka_broker` (one per session, shared: use
topics of your own or `fresh_topics`) or builds one with `new_kafka` to kill and restart. Import the fixtures in a
conftest.py: `from tests.support.brokers import kafka_broker, kafka_libs`.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lfr_core.common.errors import Fatal, LfrError, Retryable
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import Policy, load_policy
from streams.broker.connection import BrokerConnection, connect_as
from streams.broker.jars import MIN_JAVA, ensure_jars, has_jars, java_major, libs_folder
from streams.broker.kafka import KafkaNode, broker_command
from streams.broker.rights import ensure_rights
from streams.broker.tansu import tansu_binary, tansu_command
from streams.broker.traits import KAFKA, TANSU, BrokerTraits
from streams.broker.users import User
from streams.camera.rate_limit import silence_kafka_logs
from streams.topics import broker_version, ensure_topics

__all__ = [
    "RunningBroker",
    "free_ports",
    "kafka_broker",
    "kafka_libs",
    "new_kafka",
    "new_tansu",
    "sockets_of_refused_connections",
    "tansu_broker",
]

READY_S = 60.0
STOP_S = 20.0


def free_ports(count: int) -> list[int]:
    """`count` different loopback ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


class RunningBroker:
    """A broker process that a test may stop, kill and start again on the same folder and port."""

    def __init__(
        self,
        command: tuple[str, ...],
        port: int,
        log: Path,
        traits: BrokerTraits,
        data: Path,
        logins: Path | None = None,
    ) -> None:
        self.servers = f"127.0.0.1:{port}"
        self.logins = logins
        """Where its users' logins lie (Kafka only)."""
        self.traits = traits
        self.data = data
        """Where the bytes of records lie (Kafka only)."""
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert self._process is None, "it runs already"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + READY_S
        while True:
            if self._process.poll() is not None:
                raise AssertionError(f"the broker ended: {self._log.read_text()[-2000:]}")
            try:
                self._try()
            except Retryable:
                if time.monotonic() > deadline:
                    self.kill()
                    raise AssertionError(f"the broker isn't ready: {self._log.read_text()[-2000:]}") from None
                time.sleep(0.1)
            else:
                return

    def _try(self) -> None:
        broker_version(self.connection())
        if self.logins is not None:
            ensure_rights(self.connection())

    def connection(self, user: User = User.ADMINISTRATION) -> BrokerConnection:
        """The way to it as one of its users."""
        return connect_as(user, self.settings(Path("/nonexistent")))

    def options(self, user: User = User.ADMINISTRATION) -> dict[str, Any]:
        """Options of a client of kafka-python that connects as that user."""
        return self.connection(user).options()

    def stop(self) -> None:
        """SIGTERM, and wait; SIGKILL when it takes too long."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def restart(self, *, kill: bool = False) -> None:
        """Stop (or kill) it and start it again on the same data."""
        self._end(signal.SIGKILL if kill else signal.SIGTERM)
        self.start()

    def wait_for_its_end(self, within_s: float) -> int:
        """Wait until it ends by itself; its exit code."""
        assert self._process is not None, "it doesn't run"
        code = self._process.wait(within_s)
        self._process = None
        return code

    def settings(self, home: Path, **more: object) -> Settings:
        """Settings that lead to this broker, with `home` as the home folder."""
        kind = self.traits.kind.value
        logins = {} if self.logins is None else {"kafka_security": "sasl_plaintext", "kafka_logins": self.logins}
        return Settings(home=home, kafka_servers=self.servers, broker=kind, **logins, **more)  # type: ignore[arg-type]  # by name

    def fresh_topics(self, home: Path, policy: Policy | None = None, **more: object) -> Settings:
        """Delete the project's topics, make them again, and give settings that lead here."""
        from kafka import KafkaAdminClient

        admin = KafkaAdminClient(**self.options())
        try:
            deadline = time.monotonic() + READY_S
            while ours := [topic["name"] for topic in admin.describe_topics() if topic["name"].startswith("lfr.")]:
                # until they are out of sight, they would look as if they existed
                admin.delete_topics(ours, raise_errors=False)
                assert time.monotonic() < deadline, f"{ours} can't be deleted"
                time.sleep(0.1)
        finally:
            admin.close()
        settings = self.settings(home, **more)
        deadline = time.monotonic() + READY_S
        while True:  # a topic just deleted may still be known for a moment
            try:
                ensure_topics(self.connection(), settings, policy or load_policy(), self.traits)
            except LfrError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return settings

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)


def _absent(what: str) -> None:
    """Skip, or fail where LFR_REQUIRE says that this must not be skipped."""
    if "kafka" in os.environ.get("LFR_REQUIRE", ""):
        pytest.fail(f"LFR_REQUIRE names kafka, but {what}")
    pytest.skip(what)


def new_kafka(folder: Path, libs: Path, *, forgets_topics: bool = True) -> RunningBroker:
    """An Apache Kafka in `folder` on free ports, not started yet. `forgets_topics`: they can be deleted, as nobody can
    at the one that `lfr up` starts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, controller = free_ports(2)
    node = KafkaNode(folder / "kafka", port, controller, libs, folder / "kafka-logins")
    command = broker_command(node)
    if forgets_topics:
        command = (*command[:2], "tests.support.forgetting_kafka", *command[3:])
    return RunningBroker(command, port, folder / "kafka.log", KAFKA, node.log_dir, node.logins)


@contextmanager
def new_tansu(folder: Path) -> Iterator[RunningBroker]:
    """A Tansu on a free port, started; stopped at the end."""
    binary = tansu_binary(Settings().cache)
    if binary is None:
        pytest.skip("the extra `demo-broker` isn't installed")
    (port,) = free_ports(1)
    folder.mkdir(parents=True, exist_ok=True)
    broker = RunningBroker(tansu_command(binary, port), port, folder / "tansu.log", TANSU, folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def kafka_libs() -> Path:
    """Kafka's verified jars; the test is skipped without Java or jars (failed under LFR_REQUIRE=kafka)."""
    cache = Settings().cache
    if (java_major() or 0) < MIN_JAVA:
        _absent("there is no Java 17")
    if not has_jars(libs_folder(cache)) and "kafka" not in os.environ.get("LFR_REQUIRE", ""):
        pytest.skip("Kafka's jars aren't in the cache: `make setup` gets them")
    try:
        return ensure_jars(cache)
    except (Fatal, Retryable) as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def kafka_broker(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """One Apache Kafka for the session. Leave it running; kill a broker of your own instead."""
    broker = new_kafka(tmp_path_factory.mktemp("kafka"), kafka_libs)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()  # nobody needs its records


@pytest.fixture(scope="session")
def tansu_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """One Tansu for the session."""
    with new_tansu(tmp_path_factory.mktemp("tansu")) as broker:
        yield broker


@contextmanager
def sockets_of_refused_connections() -> Iterator[None]:
    """Warn of no open socket: kafka-python 3.0.12 never closes that of a refused connection, and logs keep it alive."""
    logger = logging.getLogger("kafka")
    before = logger.level
    silence_kafka_logs()
    yield
    logger.setLevel(before)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
