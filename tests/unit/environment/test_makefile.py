"""`make help` names every target, and the targets a newcomer is promised exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROMISED = {
    "help",
    "setup",
    "demo",
    "test",
    "test-fast",
    "test-pages",
    "test-long",
    "check",
    "fmt",
    "bench",
    "up",
    "down",
    "clean",
}
PROMISED |= {"faults", "mutants", "fuzz"}


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_promised_targets_are_the_ones_there_are() -> None:
    assert targets() == PROMISED


def test_help_documents_every_target() -> None:
    if shutil.which("make") is None:
        pytest.skip("make isn't installed")
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)

    assert set(re.findall(r"^  make ([a-z-]+) +\S", done.stdout, re.MULTILINE)) == targets()


def test_every_target_is_phony() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)

    assert phony
    assert set(phony.group(1).split()) == targets()


def test_cleaning_never_touches_what_a_running_system_wrote() -> None:
    done = subprocess.run(["make", "--dry-run", "clean"], cwd=ROOT, capture_output=True, text=True, check=True)

    assert not re.search(r"\bvar\b", done.stdout)
