"""What `publish_results` leaves for a reader, in Markdown; and the two duties of publishing that the sweep has."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import numpy as np

from flows.clock import now_source
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import Policy
from lfr_core.publication.assembly import publishing
from lfr_core.publication.promises.assembly import open_ledger
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.ledger import read_ledger
from lfr_core.publication.results import Attempt
from lfr_core.storage.engine import open_engine

__all__ = ["artifact_key", "attempt_report", "keep_the_site", "look_at_the_promises"]


def artifact_key(deployment: str) -> str:
    """Prefect's keys have small letters, digits and dashes only."""
    return f"results-{re.sub(r'[^a-z0-9]+', '-', deployment.lower()).strip('-')}"


def attempt_report(made: Attempt, site: str) -> str:
    """One attempt: what it came to, and its times."""
    due = made.due
    rows = {
        "outcome": f"**{made.outcome.value}**",
        "said": made.said,
        "ended": f"{due.ended_at:%Y-%m-%d %H:%M} UTC",
        "due": f"{due.moments.due_at:%Y-%m-%d %H:%M} UTC",
        "stands": due.stands.value,
        "late because": due.late_because or "not late",
        "site": site,
    }
    lines = [f"| {name} | {text.replace('|', '/').replace(chr(10), ' ')} |" for name, text in rows.items()]
    return "\n".join(["| | |", "| --- | --- |", *lines, ""])


def look_at_the_promises(settings: Settings, policy: Policy) -> str:
    """Check every promise, unless that was done within `promises.every_min`. What it came to.

    Raises:
        Retryable: database or vault is away.
    """
    clock = now_source()
    engine = open_engine(settings.records_url)
    try:
        view = read_ledger(engine, promises(policy), now_ns=clock.time_ns())
    finally:
        engine.dispose()
    last = max((each.at_ns for each in view.entries if each.at_ns is not None), default=None)
    every_ns = timedelta(minutes=policy.promises.every_min).total_seconds() * 1e9
    if last is not None and 0 <= view.read_ns - last < every_ns:
        return "looked at a while ago"
    random = np.random.default_rng(0)  # the same counts give the same bound
    with open_ledger(settings, policy, clock, random=random, pause=time.sleep) as ledger:
        view = ledger.check()
    return f"{len(view.broken)} broken of {len(view.entries)}"


def keep_the_site(settings: Settings, policy: Policy) -> str:
    """Publish what a flow that never ran should have, then build the public site if it changed. What that came to.

    Raises:
        LfrError: as `ResultsService.attempt` and `PublicSite.refresh`; the next sweep tries again.
    """
    clock = now_source()
    with publishing(settings, policy, clock) as here:
        try:
            made = here.results.make_up()
        finally:
            site = here.site.refresh(utc_from_ns(clock.time_ns()))
    return ", ".join([*(f"{one.due.deployment}: {one.outcome.value}" for one in made), site.said])
