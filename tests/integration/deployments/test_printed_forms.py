"""The printed forms: every statement, escaped, with the rules that ask for it; what isn't there is refused."""

from __future__ import annotations

import json
import re
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from apps.cli.common import console
from apps.cli.main import app
from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Rank
from lfr_core.deployments.announcement import ReasonClass
from lfr_core.deployments.compliance_documents.forms import RULES, FormKind, render
from lfr_core.deployments.evaluations import load_evaluations
from lfr_core.deployments.false_alert_forecast import forecast_false_alerts
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.figures import UseCase
from lfr_core.publication.printing import build_form
from lfr_core.publication.record_figures import gather_figures
from tests.support.people import authenticated
from tests.support.planning import OFFICER, PLANNER, PUBLISHER, PlanningHarness
from tests.support.publishing import withhold

S = DeploymentStatus
STATEMENTS: dict[str, Any] = {
    "footprint": "King's Lynn <Market>, north & south",
    "purpose": "find people <wanted> by the courts",
    "sought": "People wanted <b>by the courts</b> & nobody else.",
    "necessity": "Twelve warrants stand <unserved> after two visits.",
    "proportionality": "Six hours, one street, one list: <that> & no more.",
    "grounds": "They were seen at this market on <four> of its last five days.",
    "threshold": 0.61,
    "threshold_reason": "fewer <false> alerts wanted",
    "expected_faces": 12_345,
}


def page(harness: PlanningHarness, kind: FormKind, deployment: str = "dep") -> str:
    evaluations = load_evaluations()
    return render(build_form(harness.engine, deployment, kind, harness.policy, evaluations, now=harness.now, tpm=False))


def holds(html: str, *statements: object) -> None:
    words = " ".join(unescape(html).split())
    assert [each for each in map(str, statements) if each not in words] == []


def asks(html: str, rules: str) -> None:
    assert [
        rule
        for rule in rules.split()
        if f'data-rule="{rule}">{RULES[rule][:1].upper()}{RULES[rule][1:]}.' not in unescape(html)
    ] == []


def no_form(harness: PlanningHarness, kind: FormKind) -> str:
    with pytest.raises(Refused) as error:
        page(harness, kind)
    assert error.value.rule == "deployment.no-document"
    return str(error.value)


def test_the_application_holds_every_statement_escaped_with_its_rules_and_what_the_list_costs(
    harness: PlanningHarness,
) -> None:
    made = harness.plan(**STATEMENTS)

    html = page(harness, FormKind.APPLICATION)

    texts = [each for each in STATEMENTS.values() if isinstance(each, str)]
    holds(html, *texts, "Norwich", "north, south", UseCase.SOUGHT_PERSONS.value, PLANNER, "1,000", "12,345", "0.61")
    holds(
        html,
        "2026, 10:00",
        "2026, 16:00, 6 hours",
        forecast_false_alerts(made, load_evaluations(), harness.policy).words,
    )
    holds(html, f"<td>{PLANNER}</td><td>sergeant (register of ")
    asks(html, "W1 W2 W3 W6 W7 A4 A5 A7 M1 M3 M4 P1 P2 P4 H1 D1 D2 D3")
    assert "<b>by" not in html
    assert "<wanted>" not in html


def test_the_authority_holds_what_it_rests_on_and_is_another_document(harness: PlanningHarness) -> None:
    harness.walk(S.LIST_APPROVED, **STATEMENTS)

    html = page(harness, FormKind.AUTHORITY)

    texts = [each for each in STATEMENTS.values() if isinstance(each, str)]
    holds(html, *texts, "Norwich", UseCase.SOUGHT_PERSONS.value, OFFICER, "superintendent", "Is</dt><dd>granted")
    holds(html, "necessary and proportionate", "1 in 100,000 faces", "the officer signs that they know")
    holds(html, "that of dep, as it was built ", "1 person and 1 photograph, test subjects not counted")
    holds(html, f"by {PLANNER}, ", f"by {OFFICER}, ", "wanted by the courts", "Revision 1")
    asks(html, "A2 A3 A4 A5 A6 A7 M1 M3 M4 W1 W4 W6 P1")
    assert "subject of entry-1" not in html
    assert harness.digest()[:8] not in html
    assert "<four>" not in html


def test_before_the_list_and_the_announcement_the_authority_says_so(harness: PlanningHarness) -> None:
    harness.plan()
    harness.authorise()

    holds(page(harness, FormKind.AUTHORITY), "not yet; it can't open before", "Built</dt><dd>not yet")


def test_a_withheld_notice_is_printed_with_its_reason_and_who_approved_it(harness: PlanningHarness) -> None:
    harness.plan()
    harness.authorise()
    why = ReasonClass.THREAT_TO_LIFE
    withhold(harness.announcements, "dep", by=PUBLISHER, approved_by=OFFICER)

    holds(page(harness, FormKind.AUTHORITY), f"because: {why.value}; approved by {OFFICER}")


def test_what_does_not_exist_yet_is_refused_and_says_what_comes_first(harness: PlanningHarness) -> None:
    harness.plan()

    assert "lfr deployment authorise" in no_form(harness, FormKind.AUTHORITY)
    assert "nobody has decided" in no_form(harness, FormKind.CLOSING_REPORT)
    harness.authorise()
    assert "hasn't ended" in no_form(harness, FormKind.CLOSING_REPORT)
    harness.plan(footprint="another side")

    assert "revision 2" in no_form(harness, FormKind.AUTHORITY)  # what was signed is not what is planned now


def test_a_refused_application_prints_as_refused_and_a_draft_as_a_draft(harness: PlanningHarness) -> None:
    harness.plan()
    harness.deployments.refuse("dep", by=authenticated(OFFICER), reason="the footprint takes in a school")

    html = page(harness, FormKind.AUTHORITY)

    holds(html, "Refused: this allows nothing.", "the footprint takes in a school", "Is</dt><dd>refused")
    assert "1 in 100,000" not in html
    holds(page(harness, FormKind.APPLICATION), "A draft")


def test_an_authority_that_opens_no_gate_any_more_says_so_first(harness: PlanningHarness) -> None:
    harness.plan()
    harness.authorise()
    assert "No longer in force" not in page(harness, FormKind.AUTHORITY)

    harness.people.revoke(OFFICER, why="left the force", by=authenticated("Dee Compliance"))

    holds(page(harness, FormKind.AUTHORITY), f"No longer in force: {OFFICER} may authorise nothing any more")


def test_the_record_says_when_it_was_allowed_and_by_which_rank_and_not_by_whom(harness: PlanningHarness) -> None:
    harness.walk(S.LIVE)
    harness.deployments.close("dep", by=SystemActor.FLOWS)
    given = gather_figures(harness.engine, "dep", force="Norfolk Constabulary").documents

    assert given.authorising_rank == Rank.SUPERINTENDENT.value
    assert re.fullmatch(r"given 20\d\d-\d\d-\d\d, revision 1", given.authority)


def test_the_closing_report_is_there_once_it_has_ended_and_the_authority_says_that_too(
    harness: PlanningHarness,
) -> None:
    harness.walk(S.LIVE)
    harness.deployments.close("dep", by=SystemActor.FLOWS)

    holds(page(harness, FormKind.CLOSING_REPORT), "Forecast and outcome", OFFICER, "Copies of the keys", "(TPM)")
    holds(page(harness, FormKind.AUTHORITY), "No longer in force: ended")


def test_a_trial_and_an_unknown_one_have_no_documents(harness: PlanningHarness) -> None:
    harness.deployments.create("trial", DeploymentKind.EVALUATION, name="Trial")

    for deployment, rule in (
        ("trial", "deployment.trial"),
        ("gone", "deployment.unknown"),
        ("d\x00", "deployment.unknown"),
    ):
        with pytest.raises(Refused) as error:
            page(harness, FormKind.APPLICATION, deployment)
        assert error.value.rule == rule


def test_the_command_writes_a_page_for_its_owner_and_leaves_what_is_there(
    harness: PlanningHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.plan()
    monkeypatch.setenv("LFR_DATABASE_URL", harness.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("LFR_HOME", str(tmp_path))
    file = tmp_path / "made" / "application.html"

    def lfr(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["deployment", "document", "dep", *words])
        return done.exit_code, " ".join(done.output.split())

    assert lfr("--output", str(file))[0] == 0
    first = file.read_bytes()
    assert b"<h1>Application</h1>" in first
    assert file.stat().st_mode & 0o777 == 0o600
    code, output = lfr("--output", str(file))
    assert (code != 0, "(deployment.file-exists)" in output, file.read_bytes() == first) == (True, True, True)
    for which, rule in (("authority", "deployment.no-document"), ("poster", "deployment.no-document")):
        code, output = lfr("--which", which, "--output", str(tmp_path / "new.html"))
        assert (code != 0, f"({rule})" in output, (tmp_path / "new.html").exists()) == (True, True, False)


def test_list_and_show_say_where_when_and_who_authorised_a_planned_one_and_that_a_trial_is_one(
    harness: PlanningHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.plan("asked", place="Great Yarmouth", cameras=("east",))
    made = harness.walk(S.AUTHORISED)
    harness.deployments.create("trial", DeploymentKind.EVALUATION, name="[red]Trial")
    monkeypatch.setenv("LFR_DATABASE_URL", harness.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("LFR_HOME", str(tmp_path))
    monkeypatch.setattr(console, "_width", 200)

    def lfr(*words: str) -> str:
        done = CliRunner().invoke(app, ["deployment", *words])
        assert done.exit_code == 0, done.output
        return done.output

    listed = {one["id"]: one for one in json.loads(lfr("list", "--json"))}
    assert {name: one["planned"] for name, one in listed.items()} == {"asked": True, "dep": True, "trial": False}
    assert [listed[name]["authorised_by"] for name in ("dep", "asked")] == [OFFICER, ""]
    assert "place" not in listed["trial"]
    shown = json.loads(lfr("show", "dep", "--json"))
    assert (shown["place"], datetime.fromisoformat(shown["starts_at"])) == ("Norwich", made.starts_at)
    table = lfr("list")
    assert all(words in table for words in ("Norwich", "10:00 to 16:00", OFFICER, "nobody", "trial"))
