"""A toy package and the pack installed from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from lfr_core.recognition.faces.pack import ModelPack, PackPins, install_pack
from tests.support.toy_pack import toy_pins, toy_tarball


@dataclass(frozen=True)
class Toy:
    """Everything an install needs."""

    tarball: Path
    pins: PackPins
    downloads: Path
    folder: Path

    def install(self, *, force: bool = False) -> ModelPack:
        return install_pack(
            self.folder,
            self.pins,
            downloads=self.downloads,
            progress=lambda _what, _share: None,
            from_file=self.tarball,
            force=force,
        )


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    tarball = toy_tarball(tmp_path)
    return Toy(tarball, toy_pins(tarball), tmp_path / "cache" / "downloads", tmp_path / "cache" / "models" / "toy")
