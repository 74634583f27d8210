"""A whole installation whose database somebody writes in by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from apps.vault.process import build_vault
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.people import Rank, Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind
from lfr_core.deployments.attendance import Attendance
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.footage import FootageSegmentRow
from lfr_core.storage.tables.people import PersonRoleRow, PersonRow
from tests.support.each_process import EachProcess, EachTrail
from tests.support.galleries import held_by
from tests.support.overwriting import overwriting
from tests.support.people import account_row, authenticated
from tests.support.planning import OPERATOR, PlanningHarness
from tests.support.records import entry
from tests.support.vault_server import serving_vault

__all__ = ["EVE", "Home", "believed_home", "film", "insert_officer", "live_trial", "restart", "segment_of"]

EVE = "Eve Insider"


@dataclass
class Home:
    """An installation whose vault is served, with everybody of `CAST` on the register."""

    settings: Settings
    core: VaultCore
    engine: Engine
    vault: EachProcess
    planning: PlanningHarness

    def rule(self, act: Callable[[], object]) -> str:
        """The rule by which something is refused; "" when it is done."""
        try:
            act()
        except Refused as refused:
            return refused.rule
        return ""


@contextmanager
def believed_home(tmp_path: Path) -> Iterator[Home]:
    settings = Settings(home=tmp_path / "home")
    with serving_vault(settings) as core:
        engine = open_engine(settings.records_url)
        vault = EachProcess.of(settings)
        planning = PlanningHarness(engine, vault, EachTrail(vault, SystemClock()), SystemClock(), tmp_path)
        planning.settle()
        yield Home(settings, core, engine, vault, planning)
        vault.close()
        engine.dispose()


def insert_officer(engine: Engine) -> None:
    """Make Eve an authorising officer with an account, as whoever has the database's login can."""
    now = utc_from_ns(SystemClock().time_ns())
    with overwriting(engine) as session:
        person = PersonRow(folded="eve insider", name=EVE, rank=Rank.SUPERINTENDENT.value, added_at=now, added_by="x")
        session.add(person)
        session.flush()
        for role in (Role.AUTHORISING_OFFICER, Role.COMPLIANCE):
            session.add(PersonRoleRow(person=person.id or 0, role=role.value, since=now))
        session.add(account_row(person.id or 0, EVE, now))


def live_trial(home: Home) -> None:
    store = home.planning.service(compare=lambda _: "")
    store.create("trial", DeploymentKind.DEMO, name="trial")
    store.attach_watchlist("trial", "contract", "gallery_trial", [entry()], held=held_by([entry()]))
    store.open("trial")
    Attendance(home.engine, home.planning.trail, SystemClock()).record_heartbeat("trial", authenticated(OPERATOR))


def film(home: Home) -> KeptKeyInfo:
    """The key of a segment of the trial's footage."""
    due_ns = SystemClock().time_ns() + 10**12
    return home.core.make_key(
        KeyKind.FOOTAGE, "trial", "segment-1", due_ns, actor=SystemActor.CAMERA, camera="cam"
    ).info


def segment_of(key: KeptKeyInfo) -> FootageSegmentRow:
    """Its row."""
    return FootageSegmentRow(
        id=key.subject,
        deployment=key.deployment,
        camera="cam",
        session="s",
        key_id=key.id,
        key_fingerprint=key.fingerprint,
        started_ns=1,
        due_ns=key.due_ns,
    )


def restart(home: Home) -> Callable[[], tuple[str, ...]]:
    """A new vault over the same records and keystore; what compares them."""
    core, compare = build_vault(home.settings, load_policy(), home.engine, SystemClock())
    home.core = core
    return compare
