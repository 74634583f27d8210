"""`make help` names every target, and the targets a newcomer is promised exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_every_target_that_a_document_names_is_there() -> None:
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")]
    named = {
        name
        for each in texts
        if each.name != "CHANGELOG.md"
        for name in re.findall(r"`make ([a-z-]+)", each.read_text(encoding="utf-8"))
    }
    assert len(named) > 5

    assert named <= targets()


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
