"""What logins and signatures cost on the broker: the same records, plain, and with SCRAM and signed, turn about.

    python -m bench.logins                  # 2,000 records of 60 kB a round, 7 rounds of each
    python -m bench.logins --rounds 15

A Kafka of this script's own listens twice on loopback: as `lfr up` starts it (SASL/SCRAM, ACLs), and without a login.
A round writes all records as a camera does (idempotent, all replicas) and reads them back as a worker does; signed
ones get their HMAC before, and are verified after. Capture, recognition and SQL are left out: with them the share is
smaller. Rounds alternate, so that a noisy machine hits both alike; the cost is the median over pairs of rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from rich.console import Console

from apps.runs.run_settings import settings_for_run
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings, load_settings
from lfr_core.custody.vault.port import RecordKey, RecordUse, Vault
from lfr_core.custody.vault.record_mac import MAC_HEADER, RecordSigner, RecordVerifier
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.policy import load_policy
from streams.broker.connection import connect_as
from streams.broker.jars import libs_folder
from streams.broker.kafka import KafkaNode, java_command, prepare
from streams.broker.rights import ensure_rights
from streams.broker.traits import KAFKA
from streams.broker.users import User
from streams.topics import Topic, ensure_topics

GOAL = 0.10
"""Of the records a second without either: so much may logins and signatures cost."""
RECORD = os.urandom(60_000)
"""As large as a sealed frame of 1280 x 720."""
START_S = 60.0
TOPIC, KEY = Topic.FRAMES, b"north"


class LendsOneKey:
    """In the vault's place: asking for a key once a minute isn't what is measured."""

    def __init__(self) -> None:
        self._key = os.urandom(32)

    def record_key(self, use: RecordUse, *, day: int | None, **_: object) -> RecordKey:
        assert use is RecordUse.RESULTS
        return RecordKey(time.time_ns() // (86_400 * 10**9) if day is None else day, self._key, 60.0)


@contextmanager
def broker(folder: Path, settings: Settings) -> Iterator[int]:
    """Start Kafka as `lfr up` does, but listening without logins too; yield the port of that."""
    plain = settings.milvus_port  # free, and nobody's here
    node = KafkaNode(
        folder / "kafka",
        settings.kafka_port,
        settings.kafka_controller_port,
        libs_folder(settings.cache),
        settings.home / "kafka-logins",
    )
    java = prepare(node)
    text = node.config.read_text(encoding="ascii")
    clients = f"CLIENTS://127.0.0.1:{settings.kafka_port}"
    text = text.replace(clients, f"{clients},OPEN://127.0.0.1:{plain}")
    text = text.replace("CLIENTS:SASL_PLAINTEXT", "CLIENTS:SASL_PLAINTEXT,OPEN:PLAINTEXT")
    text = text.replace("super.users=", "super.users=User:ANONYMOUS;")
    node.config.write_text(text, encoding="ascii")
    with (folder / "kafka.log").open("wb") as log:
        process = subprocess.Popen(java_command(node, java), stdout=log, stderr=log, cwd=node.folder)
    try:
        deadline = time.monotonic() + START_S
        while True:
            try:
                ensure_rights(connect_as(User.ADMINISTRATION, settings, KAFKA))
                break
            except Retryable:
                if process.poll() is not None or time.monotonic() > deadline:
                    Console(stderr=True).print((folder / "kafka.log").read_text(errors="replace")[-2_000:])
                    raise
                time.sleep(0.2)
        yield plain
    finally:
        process.terminate()
        process.wait(30)


def play(writer: dict[str, Any], reader: dict[str, Any], records: int, lent: LendsOneKey | None) -> float:
    """Count records a second through one partition, written and read; signed and verified where `lent` gives keys."""
    vault, clock = cast("Vault", lent), SystemClock()
    signer = RecordSigner(vault, clock, SystemActor.RECOGNISER)
    verifier = RecordVerifier(vault, clock, SystemActor.RECORDER)
    place = TopicPartition(TOPIC, 0)
    with (
        closing(KafkaProducer(**writer, **KAFKA.producer_options(), max_request_size=1_000_000)) as producer,
        closing(KafkaConsumer(**reader, enable_auto_commit=False)) as consumer,
    ):
        consumer.assign([place])
        consumer.seek_to_end(place)
        consumer.position(place)
        began = time.perf_counter()
        for _ in range(records):
            headers = [] if lent is None else [(MAC_HEADER, signer.sign(TOPIC, KEY, {}, RECORD))]
            producer.send(TOPIC, key=KEY, value=RECORD, headers=headers, partition=0)
        producer.flush()
        seen = 0
        while seen < records:
            for record in consumer.poll(timeout_ms=1_000).get(place, ()):
                if lent is not None:
                    verifier.check(TOPIC, record.key, dict(record.headers), record.value, appended_ns=clock.time_ns())
                seen += 1
        return records / (time.perf_counter() - began)


def main() -> None:
    """Measure and say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    before, lent = os.getloadavg()[0], LendsOneKey()
    with tempfile.TemporaryDirectory() as name:
        settings = settings_for_run(load_settings(), Path(name) / "home", workers=1, keep_page_port=False)
        with broker(Path(name), settings) as port:
            ensure_topics(connect_as(User.ADMINISTRATION, settings, KAFKA), settings, load_policy(), KAFKA)
            anybody = {"bootstrap_servers": [f"127.0.0.1:{port}"]}
            camera, worker = (connect_as(user, settings, KAFKA).options() for user in (User.CAMERA, User.RECOGNISE))
            for each in (lent, None):  # what is made once is made
                play(anybody, anybody, 50, each)
            plain, signed = [], []
            for _ in range(given.rounds):
                plain.append(play(anybody, anybody, given.records, None))
                signed.append(play(camera, worker, given.records, lent))
    cost = statistics.median(1 - two / one for one, two in zip(plain, signed, strict=True))
    Console().print(
        f"plain {statistics.median(plain):,.0f} records/s, with logins and signatures "
        f"{statistics.median(signed):,.0f}; "
        f"goal: at most {GOAL:.0%} less; found: {cost:.1%} less ({'met' if cost <= GOAL else 'MISSED'}); "
        f"load before: {before:.1f} on {os.cpu_count()} cores",
        highlight=False,
    )


if __name__ == "__main__":
    main()
