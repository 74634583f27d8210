"""Runs `streams.broker.kafka` as it is, but that topics can be deleted: the tests of a session share one broker."""

from __future__ import annotations

from streams.broker import kafka

_java_command = kafka.java_command


def _with_deletion(node: kafka.KafkaNode, java: str) -> tuple[str, ...]:
    return (*_java_command(node, java), "--override", "delete.topic.enable=true")


if __name__ == "__main__":
    kafka.java_command = _with_deletion
    raise SystemExit(kafka.main())
