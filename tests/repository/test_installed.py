"""What is installed in this environment: pyproject.toml's overrides use an undocumented form, so look."""

from __future__ import annotations

import importlib
from importlib.metadata import distributions

import pytest

INSTALLED = {dist.metadata["Name"].lower().replace("_", "-") for dist in distributions()}


def test_exactly_one_onnx_runtime_is_installed() -> None:
    assert len(INSTALLED & {"onnxruntime", "onnxruntime-gpu"}) == 1


def test_only_the_headless_opencv_is_installed() -> None:
    assert {name for name in INSTALLED if name.startswith("opencv")} == {"opencv-python-headless"}


@pytest.mark.parametrize("module", ["crc32c", "cv2", "onnxruntime"])
def test_what_the_installers_were_told_to_swap_still_imports(module: str) -> None:
    importlib.import_module(module)
