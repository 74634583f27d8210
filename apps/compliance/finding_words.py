"""Says of what a promise was broken, as people call it: a terminal has the ids (`lfr promises check`). Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from lfr_core.common.counts import counted

__all__ = ["subject_words"]

_KINDS: Final = {
    "alert": "alert",
    "audit": "entry of the audit trail",
    "class": "kind of data",
    "column": "column of the database",
    "entry": "entry of a list",
    "epoch": "key of pictures",
    "footage": "piece of footage",
    "gallery": "list",
    "ground": "ground",
    "key": "key",
    "key-fingerprint": "key of a list",
    "message": "field of a message",
    "module": "part of the program",
    "stub": "erased alert",
}
_SHOWN: Final = {"certificate": "certificate", "request": "request"}
"""Those whose number people know them by."""


def subject_words(subjects: Sequence[str], labels: Mapping[str, str]) -> str:
    """Name deployments, requests and certificates; of all else say how many of a kind. `labels`: of deployments."""
    named: list[str] = []
    others: dict[str, int] = defaultdict(int)
    for subject in subjects:
        kind, _, value = subject.partition(":")
        if kind in {"deployment", "record"}:
            deployment, _, revision = value.partition("/")
            label = labels.get(deployment, "a deployment that has gone")
            named.append(f"{label}, revision {revision}" if revision else label)
        elif kind in _SHOWN:
            named.append(f"{_SHOWN[kind]} {value}")
        else:
            others[_KINDS.get(kind, "thing")] += 1
    return ", ".join([*dict.fromkeys(named), *(_several(count, noun) for noun, count in others.items())])


def _several(count: int, noun: str) -> str:
    """Write a count before a noun whose first word is the one that changes, as "entries of a list"."""
    first, of, rest = noun.partition(" of ")
    return f"{counted(count, first)}{of}{rest}"
