"""A deployment's whole life without services, step by step, which a power cut may end anywhere: it is begun again.

What has been done stands in a file, as a consumer's offset does: written after the step, so that a step may come twice.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from lfr_core.custody.vault.port import Vault
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.storage.engine import open_engine
from tests.support.galleries import held_by
from tests.support.people import authenticated
from tests.support.records import NOW_NS, alerts_of, entry
from tests.support.retention import DAY_S, RetentionHarness
from tests.support.shown_pictures import seen
from tests.support.street_log import ENTRIES, Messages, StreetLog, record
from tests.support.vault_core import TwoClocks

__all__ = ["CLOSED", "Life", "live"]

OPERATOR = "Ann Operator"
CHUNK = 16  # messages
CLOSED = "closed"
"""The step after which the alerts are judged by the oracle; what follows destroys them."""


@dataclass(frozen=True)
class _Step:
    name: str
    after_s: float
    """When it is taken, after the deployment's beginning."""
    take: Callable[[], object]


class Life(RetentionHarness):
    """`RetentionHarness`, whose things are made in steps that may each be taken again."""

    def __init__(self, url: str, home: Path, seed: int, now_ns: int = NOW_NS) -> None:  # not the dataclass's
        self.engine, self.home, self.more = open_engine(url), home, []
        self.entries = tuple(entry(each) for each in ENTRIES)
        self.clock = TwoClocks(now_ns)
        self.system, self.gallery = home / "system-tmp", ExactGallery()
        self.system.mkdir(parents=True, exist_ok=True)
        self._seed = seed

    def log(self, vault: Vault | None = None) -> StreetLog:
        """The same at each call, but for the keys of its sightings."""
        return StreetLog(random.Random(self._seed), vault=vault)

    @cached_property
    def _messages(self) -> Messages:
        """What stands in the broker; sealed once the deployment has keys."""
        return tuple(each for part in self.log(self.vault).partitions.values() for each in part)

    def steps_of_life(self) -> list[_Step]:
        """Everything a deployment is, in its order. The vault must have been started."""
        messages = sum(len(part) for part in self.log().partitions.values())
        return [
            _Step("deploy", 0.0, self._deploy_once),
            *(_Step(f"record {at}", 100.0, partial(self._record, at)) for at in range(0, messages, CHUNK)),
            _Step("film", 100.0, self.film),
            _Step("files", 100.0, self.leave_files),
            _Step("decide", 200.0, self._decide),
            _Step("close", 300.0, partial(self.deployments.close, "dep")),
            _Step(CLOSED, 301.0, lambda: None),
            _Step("purge", 32 * DAY_S, self._purge),
        ]

    def _deploy_once(self) -> None:
        view = self.deployments.find("dep")
        if view is None:
            view = self.deployments.create("dep", DeploymentKind.DEMO, name="High Street")
        if view.awaits_list:
            self.deployments.attach_watchlist(
                "dep", "contract", "gallery_dep", self.entries, held=held_by(self.entries)
            )
        self.deployments.open("dep", hours=24.0)
        self.sign_on(OPERATOR)

    def _record(self, at: int) -> None:
        record(self.recorder(), self._messages[at : at + CHUNK])

    def _decide(self) -> None:
        for alert in alerts_of(self.engine, "dep", judged=False):
            self.decisions.judge(alert.id, Judgement.SAME, authenticated(OPERATOR), shown=seen(self.engine, alert.id))

    def _purge(self) -> None:
        self.vault.run_timers()
        reports = self.sweep()
        assert [report.error for report in reports.values() if report.error] == []


def live(url: str, home: str, seed: int, until: str) -> None:
    """Live on from the last step that was done, in a process that may be killed at any moment.

    The machine is switched on: its clock shows the time of the last step at least, and the vault starts anew.
    """
    done = Path(home) / "steps-done"
    life = Life(url, Path(home), seed)
    taken = done.read_text().splitlines() if done.exists() else []
    life.start_vault()
    for number, step in enumerate(life.steps_of_life()):
        life.clock.advance(max(0.0, step.after_s - (life.clock.time_ns() - NOW_NS) / 1e9))
        if number >= len(taken):
            step.take()
            with done.open("a") as out:
                out.write(f"{step.name}\n")
        if step.name == until:
            break
    life.engine.dispose()
