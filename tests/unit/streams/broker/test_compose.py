"""infra/compose.yaml is only read here: there is no container engine to run it with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are in no dependency of ours

FILE = Path(__file__).resolve().parents[4] / "infra" / "compose.yaml"
PROPERTIES = FILE.parent / "kafka" / "server.properties"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
    return services


def test_every_image_has_a_fixed_tag(services: dict[str, Any]) -> None:
    tags = {name: service["image"].rpartition(":")[2] for name, service in services.items()}

    assert {"kafka", "milvus", "postgresql"} <= tags.keys()
    assert [name for name, tag in tags.items() if tag == "latest" or not re.search(r"\d", tag)] == []


def test_every_port_is_on_loopback(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]

    assert len(ports) == 3
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_no_password_stands_in_the_file(services: dict[str, Any]) -> None:
    secrets = [
        text
        for service in services.values()
        for name, text in service.get("environment", {}).items()
        if "PASSWORD" in name or "SECRET" in name
    ]

    assert len(secrets) == 1
    assert all(text.startswith("${") and ":?" in text for text in secrets)


def test_its_kafka_deletes_and_refuses_as_ours_does(services: dict[str, Any]) -> None:
    ours = dict(
        line.split("=", 1) for line in PROPERTIES.read_text(encoding="utf-8").splitlines() if re.match("[a-z]", line)
    )
    theirs = services["kafka"]["environment"]
    shared = [
        "auto.create.topics.enable",
        "log.retention.check.interval.ms",
        "log.segment.delete.delay.ms",
        "log.initial.task.delay.ms",
    ]

    assert {name: theirs[f"KAFKA_{name.upper().replace('.', '_')}"] for name in shared} == {
        name: ours[name] for name in shared
    }
