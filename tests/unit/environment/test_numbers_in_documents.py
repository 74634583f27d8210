"""Every number of time or size that the documents on deletion print is the policy's, or a constant of the code.

A number that isn't accounted for fails too, so that a new sentence can't state a rule of its own.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from apps.supervisor.workflows import _NO_PURGE_S
from flows.assembly import LONGEST_S
from flows.sweep_schedule import _PENDING_LOST
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.recognition.service import IDLE_SESSION_S
from streams.camera.footage import _PAUSE_S, MIN_FREE_BYTES

DOCS = Path(__file__).parents[3] / "docs"
QUANTITY = re.compile(
    r"\b(?:\d[\d.,]*|an?|half an?|(?:about )?(?:one|two|three|four|five|six|seven|ten|twelve|twenty|thirty))\s+"
    r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|MB|GB)\b",
    re.IGNORECASE,
)
WORDS = {1: "one", 5: "five", 6: "six"}


def n(value: float) -> str:
    return f"{value:g}"


def deletion(policy: Policy) -> list[str]:
    vault, footage = policy.vault, policy.footage
    opened = n(vault.epoch_s + vault.grace_s)
    (idle_min,) = [word for seconds, word in ((60.0, "a minute"),) if seconds == IDLE_SESSION_S]
    return [
        f"lends it for {n(vault.lease_s)} seconds; then it has to be asked again",
        # A lease that was just given runs out, and a worker's knowledge of the deployment may be that old.
        f"within {n(vault.lease_s + policy.live.deployment_check_s)} seconds on every worker",
        f"**epoch** ({n(vault.epoch_s)} seconds long, `vault.epoch_s`)",
        f"the person is in view ({idle_min}, if the camera dies meanwhile)",
        f"the epoch and {n(vault.grace_s)} seconds' grace (`vault.grace_s`)",
        f"nobody can open the frame, {opened} seconds at most after it was taken",
        f"its epoch's key, in the vault's memory only | {opened} seconds |",
        f"a key of the deployment and the hour | {policy.alerts.retention_h} hours |",
        f"the alert's own key (pictures) | {policy.alerts.retention_h} hours, no exception",
        f"a key for each segment of {n(footage.segment_s)} seconds | {footage.retention_days} days, unless held",
        f"drop their copy with its lease of {n(vault.lease_s)} seconds",
        f"has no personal data | about {WORDS[round(policy.audit.keep_days / 365.25)]} years |",
        f"after a jump of over {n(vault.clock_jump_s)} seconds",
        "leave the message broker a minute later",  # the topic's retention: streams/topics.py, tested with the broker
    ]


def retention(_policy: Policy) -> list[str]:
    assert timedelta(seconds=_NO_PURGE_S) == _PENDING_LOST == timedelta(minutes=2)
    assert timedelta(minutes=30).total_seconds() == LONGEST_S
    return [
        *("after a month of downtime", "one sweep holds a lock, a second says that another runs"),  # not quantities
        "else after two minutes (pending) or half an hour (running)",
        "a sweep that hangs for half an hour ends its own process",
        "when no sweep has ended for two minutes (or two intervals",
    ]


def footage(policy: Policy) -> list[str]:
    of = policy.footage
    return [
        f"kept for {of.retention_days} days (`footage.retention_days`)",
        f"(some {WORDS[round(policy.sampling.looks_per_second)]} a second)",
        f"**segments** of {n(of.segment_s)} seconds (`footage.segment_s`)",
        f"tried again after {n(_PAUSE_S)} seconds",
        f"the disk has less than {MIN_FREE_BYTES // 1_000_000} MB left",
        f"within {of.hold_review_days} days (`footage.hold_review_days`)",
        f"are removed when they are {of.retention_days} days old",
    ]


STATED = {"deletion.md": deletion, "retention.md": retention, "footage.md": footage}


def text_of(name: str) -> str:
    return " ".join((DOCS / name).read_text(encoding="utf-8").split())


@pytest.mark.parametrize("name", sorted(STATED))
def test_the_numbers_a_document_states_are_the_policys(name: str) -> None:
    text = text_of(name)

    assert [sentence for sentence in STATED[name](load_policy()) if sentence not in text] == []


@pytest.mark.parametrize("name", sorted(STATED))
def test_no_document_states_a_number_that_nobody_answers_for(name: str) -> None:
    text = text_of(name)
    for sentence in STATED[name](load_policy()):
        text = text.replace(sentence, " … ")

    assert [text[max(0, found.start() - 40) : found.end() + 20] for found in QUANTITY.finditer(text)] == []


@pytest.mark.parametrize(
    ("section", "key", "value", "name"),
    [
        ("footage", "retention_days", 30, "deletion.md"),
        ("footage", "retention_days", 30, "footage.md"),
        ("footage", "hold_review_days", 7, "footage.md"),
        ("alerts", "retention_h", 12, "deletion.md"),
        ("vault", "grace_s", 6.0, "deletion.md"),
    ],
)
def test_another_policy_would_make_a_document_wrong(section: str, key: str, value: float, name: str) -> None:
    policy = load_policy()
    part = getattr(policy, section).model_copy(update={key: value})
    changed = policy.model_copy(update={section: part})
    text = text_of(name)

    assert [sentence for sentence in STATED[name](changed) if sentence not in text] != []
