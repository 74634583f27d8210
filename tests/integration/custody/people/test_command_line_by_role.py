"""Each command that acts for people, or shows what is personal, for each role: refused to all but those it is for.

Real sessions at a real terminal, a vault at its socket, records that each command finds its object in. What a command
does for those who may is tested where the command is; here it only has to get past the question who asks.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count

import pytest
from sqlalchemy import Engine
from typer.main import get_command
from typer.testing import CliRunner

from apps.cli.main import app
from lfr_core.alerts.decisions import DecisionService
from lfr_core.alerts.recorder import Recorder
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.read import entries
from lfr_core.custody.people import Rank, Role
from lfr_core.custody.people.roles import SERVICE_ROLES
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.announcement import ReasonClass
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind
from lfr_core.deployments.withholding import ask_to_withhold
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.rights.answering import ask_disclosure
from lfr_core.publication.rights.service import RightsService
from lfr_core.publication.rights.types import NewRequest, RequestContext, RequestKind
from lfr_core.retention.footage.register import open_row
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.footage import FootageSegmentRow
from tests.support.commands_by_role import DAY, ENDED, EXPIRED, MACHINE_TOO, MAY, NOBODY, ONLY, PEOPLE, REVOKED, C, O
from tests.support.each_process import EachProcess, EachTrail
from tests.support.galleries import held_by
from tests.support.people import authenticated, give_accounts
from tests.support.planning import (
    COMPLIANCE,
    OFFICER,
    OPERATOR,
    OTHER_OFFICER,
    PLANNER,
    PUBLISHER,
    PlanningHarness,
    form,
)
from tests.support.publishing import withhold
from tests.support.records import entry, sighting
from tests.support.sessions import session_env
from tests.support.shown_pictures import seen
from tests.support.vault_server import serving_vault
from tests.unit.cli.test_who_is_asked import ASKING, WHERE_IT_ACTS

NOT_FOR_YOU = {
    "identity.session-ended",
    "deployment.wrong-role",
    "login.expired",
    "login.none",
    "people.by",
    "people.revoked",
    "people.wrong-role",
}
"""Refusals that are about who asks."""
WRONG_USAGE = 2
"""Typer's exit code for arguments that it doesn't know: nobody was asked who they are."""
_RULE = re.compile(r"error \(([a-z.-]+)\)")


def test_every_command_that_asks_who_is_there_is_in_the_table() -> None:
    assert MAY.keys() == ASKING.keys() | WHERE_IT_ACTS


class BeforeTheShift(SystemClock):
    """When somebody logged in whose session is over by now."""

    def time_ns(self) -> int:
        return super().time_ns() - 11 * 3_600 * 10**9


@dataclass
class Terminals:
    """Records in which each command finds something, and a terminal for each kind of person."""

    engine: Engine
    vault: EachProcess
    settings: Settings

    def __post_init__(self) -> None:
        self.numbers = count(1)
        trail = EachTrail(self.vault, SystemClock())
        plan = PlanningHarness(self.engine, self.vault, trail, SystemClock(), self.settings.home)
        people, by = plan.people, authenticated(COMPLIANCE)
        people.add(COMPLIANCE, {C}, Rank.POLICE_STAFF, by=SystemActor.LFR)
        give_accounts(people, COMPLIANCE)
        plan.settle()
        for role, name in ONLY.items():
            people.add(name, {role}, Rank.SUPERINTENDENT, by=by)
            if role not in SERVICE_ROLES:
                give_accounts(people, name, by=by)
        for name in (REVOKED, ENDED, EXPIRED):
            people.add(name, PEOPLE - {Role.AUDITOR}, Rank.SUPERINTENDENT, by=by)
        self.envs = {name: session_env(name, self.settings) for name in (*ONLY.values(), REVOKED, ENDED)}
        self.envs[EXPIRED] = session_env(EXPIRED, self.settings, clock=BeforeTheShift())
        self.envs[NOBODY] = {"XDG_STATE_HOME": str(self.settings.home / "nobody")}
        people.revoke(REVOKED, why="left", by=by)
        people.end_sessions(ENDED, by=by)
        self.words = self._trials(plan) | self._requests(plan) | self._files(plan)
        self._planned(plan)

    def _trials(self, plan: PlanningHarness) -> dict[str, object]:
        """A live one with an alert that is judged, one that isn't, and footage; and two more."""
        for name in ("dep", "draft", "suspended"):
            plan.deployments.create(name, DeploymentKind.DEMO, name=name)
        for name in ("dep", "suspended"):
            listed = (entry(),)
            plan.deployments.attach_watchlist(name, "contract", f"gallery_{name}", listed, held=held_by(listed))
            plan.service(compare=lambda _: "").open(name)
        plan.deployments.suspend("suspended", "a test", by=SystemActor.LFR)
        recorder = Recorder(self.engine, plan.policy.alerts, plan.clock, self.vault, plan.trail)
        SignOns(self.engine, plan.trail, SystemClock()).sign_on("dep", authenticated(ONLY[O]))
        alert, judged = (
            recorder.record_sightings([sighting(at, vault=self.vault, sealed_ns=time.time_ns())]).opened[0]
            for at in (0.0, 900.0)
        )
        decisions = DecisionService(self.engine, plan.trail, SystemClock())
        decisions.judge(judged, Judgement.SAME, authenticated(ONLY[O]), shown=seen(self.engine, judged))
        now_ns = time.time_ns()
        due_ns = now_ns + 10**15
        key = self.vault.make_key(KeyKind.FOOTAGE, "dep", "segment-1", due_ns, actor=SystemActor.CAMERA).info
        row = FootageSegmentRow(
            id="segment-1",
            deployment="dep",
            camera="north",
            session="s1",
            key_id=key.id,
            key_fingerprint=key.fingerprint,
            started_ns=now_ns,
            due_ns=due_ns,
            ended_ns=now_ns,
        )
        open_row(self.engine, row)
        walked = dt.datetime.now(LONDON) - dt.timedelta(minutes=10)
        begins, ends = (f"{walked + dt.timedelta(seconds=after):%Y-%m-%dT%H:%M:%S}" for after in (0, 10))
        return {"alert": alert, "judged": judged, "walk_begins": begins, "walk_ends": ends}

    def _planned(self, plan: PlanningHarness) -> None:
        for name in ("applied", "given-up", "authorised", "undecided", "asked", "asked-too", "withheld"):
            plan.plan(name, place=name, cameras=(name,))
            plan.register_document(ComplianceDocumentKind.COMMUNITY, deployment=name)
            if name not in {"applied", "given-up"}:
                plan.authorise(name)
        for name in ("asked", "asked-too"):
            because, by = ReasonClass.THREAT_TO_LIFE, authenticated(PUBLISHER)
            ask_to_withhold(plan.announcements, name, because=because, by=by)
        withhold(plan.announcements, "withheld", by=PUBLISHER, approved_by=OFFICER)

    def _requests(self, plan: PlanningHarness) -> dict[str, object]:
        rights = RightsService(self.engine, self.vault, plan.trail, plan.policy, plan.clock)
        asked = NewRequest(RequestKind.ENQUIRY, "4 Rampant Horse Street", "Why me?")
        listed = NewRequest(
            RequestKind.ENQUIRY, "4 Rampant Horse Street", "Was I?", RequestContext("dep"), asks_listed=True
        )
        request, about_list = (rights.take(each, by=authenticated(PUBLISHER)).reference for each in (asked, listed))
        ask_disclosure(rights, about_list, by=authenticated(COMPLIANCE))
        return {"request": request, "listed": about_list}

    def _files(self, plan: PlanningHarness) -> dict[str, object]:
        paper = self.settings.home / "paper.md"
        paper.write_text("# An impact assessment\n\nIn order.\n", encoding="utf-8")
        said = self.settings.home / "said.txt"
        said.write_text("words", encoding="utf-8")
        made = form(plan.start(6.0), place="Cromer", cameras=("pier",)).model_dump(mode="json")
        own = {key: value for key, value in made.items() if key not in {"starts_at", "ends_at", "use_case"}}
        own |= {"kind": "operational", "name": "Pier", "use_case": 5}
        lines = [f"{key} = {json.dumps(value)}" for key, value in own.items()]
        file = self.settings.home / "form.toml"
        file.write_text("\n".join([*lines, f"date = {DAY}", "from = 10:00:00", "to = 16:00:00"]), encoding="utf-8")
        return {
            "paper": paper,
            "said": said,
            "form": file,
            "hold": "unknown",
            "day": DAY,
            "person": PLANNER,
            "other": OTHER_OFFICER,
            "third": OPERATOR,
        }

    def done_by_people(self) -> list[str]:
        """What stands on the audit trail of anybody, and not of the platform's own parts."""
        found = entries(self.engine, limit=100_000)
        return [f"{each.actor} {each.rule}" for each in found if each.actor.startswith("person:")]

    def refused(self, command: str, arguments: str, who: str) -> str:
        """The rule that refused it; "" where none did."""
        number = next(self.numbers)
        words = {**self.words, "number": number, "out": self.settings.home / f"out-{number}"}
        env = {"LFR_HOME": str(self.settings.home), **self.envs[who]}
        given = [part.format_map(words) for part in arguments.split()]
        ran = CliRunner().invoke(app, [*command.split(), *given], env=env)
        assert ran.exception is None or isinstance(ran.exception, SystemExit), (command, who, ran.exception)
        assert ran.exit_code != WRONG_USAGE, (command, ran.stderr)
        found = _RULE.search(ran.stderr)
        return found[1] if found else ""


@pytest.fixture(scope="module")
def terminals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminals]:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    with serving_vault(settings), pytest.MonkeyPatch.context() as patched:
        engine = open_engine(settings.records_url)
        # the tables are made, and the tree of commands is the same each time
        patched.setattr("lfr_core.storage.migrate.upgrade", lambda _url, **_: None)
        patched.setattr("typer.testing._get_command", cache(get_command))
        yield Terminals(engine, EachProcess.of(settings), settings)
        engine.dispose()


ALWAYS = {"alerts judge", "deployment authorise", "deployment create", "footage view", "publish record", "users revoke"}
"""In `make test`; the others, which ask in the same way (tests/unit/cli/test_who_is_asked.py), in the long suite."""


@pytest.mark.parametrize(
    "command", [each if each in ALWAYS else pytest.param(each, marks=pytest.mark.slow) for each in MAY]
)
def test_a_command_is_refused_to_everybody_it_is_not_for(terminals: Terminals, command: str) -> None:
    arguments, may = MAY[command]
    others = {name for role, name in ONLY.items() if role not in may} | {REVOKED, ENDED, EXPIRED}
    others |= set() if command in MACHINE_TOO else {NOBODY}
    allowed = [name for role, name in ONLY.items() if role in may] + [NOBODY] * (command in MACHINE_TOO)
    before = terminals.done_by_people()

    reported = {name: terminals.refused(command, arguments, name) for name in sorted(others)}
    assert terminals.done_by_people() == before  # nothing was done, and nothing was opened
    assert {name: rule for name, rule in reported.items() if rule not in NOT_FOR_YOU} == {}
    assert reported[REVOKED] == "people.revoked"
    assert reported[ENDED] == "identity.session-ended"
    assert reported[EXPIRED] == "login.expired"
    got_past = {name: terminals.refused(command, arguments, name) for name in allowed}

    assert {name: rule for name, rule in got_past.items() if rule in NOT_FOR_YOU} == {}
