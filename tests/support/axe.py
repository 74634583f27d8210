"""axe-core for browser tests: import the fixture `axe`, evaluate it in a page, and run it with `WCAG`."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile

import pytest

from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from lfr_core.recognition.faces.pack.fetch import find_npm

__all__ = ["SCREENS", "WCAG", "WIDTHS", "axe"]

AXE = "axe-core@4.10.3"
AXE_TARBALL = "axe-core-4.10.3.tgz"
AXE_SHA256 = "0f2b4d7dcdf7d1219df8d1959ad68e565f51d14c3f0d88bb71cd59abeb956292"
WIDTHS = (320, 768, 1280, 1920)
SCREENS = [
    pytest.param(width, scheme, marks=[] if (width, scheme) == (320, "light") else pytest.mark.slow)
    for width in WIDTHS
    for scheme in ("light", "dark")
]
"""Widths in pixels and colour schemes: a telephone in light, all others in `make test-long`."""
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core's script, from the cache or fetched by npm; nothing of it is in this repository."""
    downloads = Settings().cache / "downloads"
    tarball = downloads / AXE_TARBALL
    if not tarball.is_file():
        downloads.mkdir(parents=True, exist_ok=True)
        fetched = tmp_path_factory.mktemp("npm")
        try:
            command = [*find_npm(), "pack", AXE, "--ignore-scripts", "--fetch-retries=1", "--no-update-notifier"]
            done = subprocess.run(command, cwd=fetched, capture_output=True, timeout=60, check=False)
        except (Fatal, subprocess.TimeoutExpired) as error:
            pytest.skip(f"axe-core can't be fetched: {error}")
        if done.returncode or not (fetched / AXE_TARBALL).is_file():
            pytest.skip("axe-core can't be fetched: npm has no network")
        shutil.copy(fetched / AXE_TARBALL, tarball.with_suffix(".part"))
        tarball.with_suffix(".part").replace(tarball)
    assert hashlib.sha256(tarball.read_bytes()).hexdigest() == AXE_SHA256
    with tarfile.open(tarball) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()
