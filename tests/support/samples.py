"""The model pack and the sample photographs for tests: a clean skip where they aren't installed.

With LFR_REQUIRE naming `models` a test that would skip fails instead. Mark tests that use these `models`.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

from lfr_core.common.errors import LfrError
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from lfr_core.recognition.faces.decode import decode
from lfr_core.recognition.faces.pack import ModelPack, open_pack
from lfr_core.recognition.faces.types import Image
from lfr_core.recognition.samples import sample_photos

__all__ = ["cpu", "require_image", "require_pack", "require_photos"]

cpu = ("CPUExecutionProvider",)
"""The execution providers of tests."""


def require_pack() -> ModelPack:
    """The open pack as installed in the cache; skips the test where it isn't."""
    try:
        return _pack()
    except LfrError as error:
        _give_up(error)


def require_photos() -> dict[str, Path]:
    """The sample photographs by key; skips the test where they aren't installed."""
    try:
        return _photos()
    except LfrError as error:
        _give_up(error)


def require_image(name: str) -> Image:
    """A sample photograph, decoded: H x W x 3, BGR; skips the test where there is none."""
    return decode(require_photos()[name].read_bytes(), load_policy().images)


@cache
def _pack() -> ModelPack:
    return open_pack(Settings().cache / "models" / "open-pack")


@cache
def _photos() -> dict[str, Path]:
    return sample_photos(Settings().cache)


def _give_up(error: LfrError) -> NoReturn:
    if "models" in os.environ.get("LFR_REQUIRE", "").split(","):
        pytest.fail(f"LFR_REQUIRE names models: {error}")
    pytest.skip(str(error))
