from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from lfr_core.common.disk_room import measure_rooms, say_too_little_room
from tests.support.disks import small_disk

GIB = 1 << 30


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("free", "stands"),
    [
        (0, "too little"),
        (GIB - 1, "too little"),
        (GIB, "little"),
        (5 * GIB - 1, "little"),
        (5 * GIB, "enough"),
    ],
)
def test_one_gigabyte_goes_on_and_five_are_enough(
    free: int, stands: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10 * GIB, 0, free))

    (room,) = measure_rooms(tmp_path / "not" / "yet" / "there")

    assert "too little" * room.is_too_little + "enough" * room.is_enough == stands.removeprefix("little")
    assert bool(say_too_little_room(tmp_path)) is (stands == "too little")


def test_each_disk_is_measured_once_and_the_one_that_is_full_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", megabytes=8) as small:
        said = say_too_little_room(tmp_path / "home", small / "footage", small)

    assert f"8 MiB free under {small / 'footage'}" in said
    assert str(tmp_path / "home") not in said
    assert said.count("free under") == 1
