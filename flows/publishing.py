"""Does the two duties of publishing that the sweep has, and describes what `publish_results` did, in Markdown."""

from __future__ import annotations

import time
from datetime import timedelta

import numpy as np

from lfr_core.custody.installation import Installation
from lfr_core.domain.working_days import deadline_words
from lfr_core.publication.build import build_public_site, build_results_service
from lfr_core.publication.promises.build import open_ledger
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.ledger import read_ledger
from lfr_core.publication.results import Attempt

__all__ = ["check_promises", "describe_attempt", "update_public_site"]


def describe_attempt(made: Attempt, site: str) -> str:
    """Return a table of one attempt to publish: what it came to, and its times."""
    due = made.due
    rows = {
        "outcome": f"**{made.outcome.value}**",
        "said": made.message,
        "ended": f"{due.ended_at:%Y-%m-%d %H:%M} UTC",
        "due": deadline_words(due.schedule.due_at),
        "stands": due.stands.value,
        "late because": due.late_because or "not late",
        "site": site,
    }
    lines = [f"| {name} | {text.replace('|', '/').replace(chr(10), ' ')} |" for name, text in rows.items()]
    return "\n".join(["| | |", "| --- | --- |", *lines, ""])


def check_promises(installation: Installation) -> str:
    """Check every promise, unless that was done within `promises.every_min`; return what it came to.

    Raises:
        Retryable: database or vault is away.
    """
    policy = installation.policy
    view = read_ledger(installation.engine, promises(policy), now_ns=installation.now_ns)
    last = max((each.at_ns for each in view.entries if each.at_ns is not None), default=None)
    every_ns = timedelta(minutes=policy.promises.every_min).total_seconds() * 1e9
    if last is not None and 0 <= view.read_ns - last < every_ns:
        return "looked at a while ago"
    random = np.random.default_rng(0)  # the same counts give the same bound
    with open_ledger(installation, random=random, pause=time.sleep) as ledger:
        view = ledger.check()
    return f"{len(view.broken)} broken of {len(view.entries)}"


def update_public_site(installation: Installation) -> str:
    """Publish what a flow that never ran should have, then build the public site if it changed; return what it came to.

    Raises:
        LfrError: as `ResultsService.attempt` and `PublicSite.refresh`; the next sweep tries again.
    """
    try:
        made = build_results_service(installation).publish_missed()
    finally:
        site = build_public_site(installation).refresh(installation.now)
    return ", ".join([*(f"{one.due.deployment}: {one.outcome.value}" for one in made), site.message])
