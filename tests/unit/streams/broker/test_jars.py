from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal
from streams.broker.jars import check_jars, find_jar_faults, read_list


@pytest.fixture
def libs(tmp_path: Path) -> Path:
    folder = tmp_path / "libs"
    folder.mkdir()
    for name in ("a.jar", "b.jar"):
        (folder / name).write_bytes(name.encode())
    return folder


EXPECTED = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a.jar", "b.jar")}


def test_the_pinned_jars_pass(libs: Path) -> None:
    check_jars(libs, EXPECTED)

    assert find_jar_faults(libs, EXPECTED) == []


def test_a_changed_jar_is_refused(libs: Path) -> None:
    (libs / "b.jar").write_bytes(b"something else")

    with pytest.raises(Fatal, match=r"b\.jar isn't the file we pinned.*make setup"):
        check_jars(libs, EXPECTED)


def test_a_missing_and_an_unknown_jar_are_refused(libs: Path) -> None:
    (libs / "a.jar").rename(libs / "c.jar")

    with pytest.raises(Fatal, match=r"a\.jar is missing; c\.jar is unknown"):
        check_jars(libs, EXPECTED)


def test_our_list_pins_the_broker_itself() -> None:
    assert "kafka_2.13-4.1.1.jar" in read_list()


@pytest.mark.parametrize("text", ["abc  a.jar\n", "0" * 64 + "\n"])
def test_a_damaged_list_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "list").write_text(text)

    with pytest.raises(Fatal, match="restore it"):
        read_list(tmp_path / "list")
