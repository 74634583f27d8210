"""A whole installation whose database somebody writes in by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.people import Rank, Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRoleRow, PersonRow
from tests.support.each_process import EachProcess, EachTrail
from tests.support.overwriting import overwriting
from tests.support.planning import PlanningHarness
from tests.support.vault_server import serving_vault

__all__ = ["EVE", "Home", "believed_home", "insert_officer"]

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
        session.add(
            PersonIdentityRow(
                person=person.id or 0, issuer="i", subject="eve", linked_at=now, linked_by="x", sessions_from=now
            )
        )
