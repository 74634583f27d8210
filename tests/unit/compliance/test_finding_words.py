"""Compliance reads of what a promise was broken as people call it, never its id."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from apps.compliance.finding_words import _KINDS, _SHOWN, subject_words

CHECKS = Path(__file__).resolve().parents[3] / "lfr_core" / "publication" / "promises" / "checks"
LABELS = {"dep-1": "Norwich market, 4 December 2026, 10:00"}


@pytest.mark.parametrize(
    ("subjects", "said"),
    [
        (["deployment:dep-1"], LABELS["dep-1"]),
        (["record:dep-1/2", "deployment:other"], f"{LABELS['dep-1']}, revision 2, a deployment that has gone"),
        (["alert:0b2f5a0e-3d2f-4a52-9a60-3f9f60a3f1c2"], "1 alert"),
        (["entry:1", "entry:2", "audit:7"], "2 entries of a list, 1 entry of the audit trail"),
        (["key:3", "key:4"], "2 keys"),
        (["certificate:3", "request:R-2026-7QF3"], "certificate 3, request R-2026-7QF3"),
        ([], ""),
    ],
)
def test_what_is_broken_is_named_or_counted(subjects: list[str], said: str) -> None:
    assert subject_words(subjects, LABELS) == said


def test_every_kind_that_a_check_names_has_a_word() -> None:
    named = {
        kind for file in CHECKS.glob("*.py") for kind in re.findall(r'f"([a-z-]+):\{', file.read_text(encoding="utf-8"))
    }

    assert named - {*_KINDS, *_SHOWN, "deployment", "record"} == set()
