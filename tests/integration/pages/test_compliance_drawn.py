"""Compliance's page, drawn over real records and a real vault: its parts, and what is done in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from apps.compliance.actions import ComplianceActions
from apps.compliance.trail_rules import RULE_WORDS
from apps.placeholders import placeholder_words
from lfr_core.custody.installation import Installation
from lfr_core.custody.people import Rank, Role
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind
from lfr_core.storage.tables.promises import PromiseStateRow
from tests.support.drawn_page import field, press, texts
from tests.support.drawn_staff import harness
from tests.support.looking import COMPLIANCE, Harness
from tests.support.overwriting import overwriting
from tests.support.people import authenticated

__all__ = ["harness"]


def compliance(view: object, desk: object, engine: object, who: str) -> None:
    from apps.compliance.page import page
    from tests.support.page_session import session_of

    page(view, desk, session_of(engine, who))  # type: ignore[arg-type]  # annotations are read where nothing is imported


def drawn(of: Harness, desk: ComplianceActions) -> AppTest:
    given = {"view": of.compliance, "desk": desk, "engine": of.engine, "who": COMPLIANCE}
    return AppTest.from_function(compliance, kwargs=given, default_timeout=30).run()


def part(app: AppTest) -> Any:
    return app.radio(key="compliance-part")


def test_compliance_says_what_is_being_done_where_a_promise_is_broken_and_finds_that_on_the_trail(
    harness: tuple[Harness, Installation],
) -> None:
    of, installation = harness
    nothing = {"said": "3 segments are late", "evidence": "{}", "subjects": "[]", "detail": ""}
    with overwriting(of.engine) as session:
        session.add(PromiseStateRow(promise="footage.gone", result="broken", at_ns=1, since_ns=1, **nothing))
    desk = ComplianceActions(installation)
    app = drawn(of, desk)
    assert "3 segments are late" in texts(app)
    assert placeholder_words(of.policy.force) in texts(app)
    captions = dict(zip(part(app).options, part(app).proto.captions, strict=True))
    assert captions["Promises"] == "1 broken promise"

    field(app, "What is being done, for the public").input("The disk is being replaced.")
    press(app, "Tell the public")
    assert "The disk is being replaced." in texts(app)
    part(app).set_value("People").run()
    assert "Promises and how they stand" not in texts(app)
    part(app).set_value("Audit trail").run()
    press(app, "Search")
    assert RULE_WORDS["promises.stated"] in texts(app)
    assert RULE_WORDS["people.listed"] in texts(app)  # who looks at the register is on the trail
    assert desk.verify_certificates() == ()


def test_no_part_is_read_that_is_not_open(
    harness: tuple[Harness, Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    of, installation = harness

    def people(_: ComplianceActions, *, by: object) -> object:
        pytest.fail(f"{by} was shown people without having asked")

    monkeypatch.setattr(ComplianceActions, "people", people)
    app = drawn(of, ComplianceActions(installation))
    for title in ("Audit trail", "Documents", "Data quality"):
        part(app).set_value(title).run()
        assert f"<h2>{title}</h2>" in texts(app)
        assert f"<h2>{title}</h2>" in texts(app.run())  # and it stays open


def test_compliance_registers_documents_and_people_and_revokes(harness: tuple[Harness, Installation]) -> None:
    of, installation = harness
    desk = ComplianceActions(installation)
    app = drawn(of, desk)
    added = desk.add_document(
        ComplianceDocumentKind.DPIA,
        "../dpia.txt",
        b"We assessed it.",
        title="Assessment",
        version="1.0",
        review_by=of.compliance.now().date() + timedelta(days=90),
        deployment="",
        by=authenticated(COMPLIANCE),
    )
    assert [each for each in desk.documents() if each.kind is ComplianceDocumentKind.DPIA] == [added]  # was 1 before
    assert added.file_name == "dpia.txt"
    part(app).set_value("People").run()
    desk.add("Nora New", {Role.ENGAGING_OFFICER}, Rank.CONSTABLE, by=authenticated(COMPLIANCE))
    assert "More than one account" not in texts(app.run())
    installation.people.link_identity("Nora New", "https://one.example", "n.new", by=authenticated(COMPLIANCE))
    assert "More than one account: Nora New (2)." in texts(app.run())
    app.selectbox(key="choice-people-rename-turn-0-who").set_value("Nora New")
    field(app, "Their name from now on").input("Nora Newly")
    press(app, "Rename")
    assert "Nora New is called Nora Newly from now on." in texts(app)
    assert "Nora Newly (before: Nora New)" in texts(app)
    app.selectbox(key="choice-people-revoke-turn-0-who").set_value("Nora Newly")
    field(app, "Why").input("left the force")
    press(app, "Revoke")
    assert "Nora Newly may do nothing from now on" in texts(app)
    field(app, "Name, with the collar number if two share it").input("Nora Newly")
    (roles, _) = app.multiselect
    roles.set_value([Role.OPERATOR])
    press(app, "Register")
    assert "Not done: Nora Newly was revoked" in texts(app)
    (again,) = [each for each in app.checkbox if each.label.startswith("It is the same person")]
    again.check()
    press(app, "Register")
    assert "Nora Newly is registered." in texts(app)


def test_who_is_looked_for_on_the_trail_is_found_by_name_or_number_also_where_others_acted_on_them(
    harness: tuple[Harness, Installation],
) -> None:
    of, installation = harness
    desk = ComplianceActions(installation)
    desk.add("Ivo Sought", {Role.OPERATOR}, Rank.CONSTABLE, by=authenticated(COMPLIANCE))
    desk.revoke("Ivo Sought", "left the force", by=authenticated(COMPLIANCE))
    number = installation.vault.pseudonym("Ivo Sought")[:8]
    app = drawn(of, desk)
    part(app).set_value("Audit trail").run()

    for words in ("ivo sought", number, f"person {number}"):
        field(app, "Words of the reason, or a person's name or number").input(words)
        press(app, "Search")
        assert RULE_WORDS["people.added"] in texts(app), words
        assert RULE_WORDS["people.revoked"] in texts(app), words
        assert RULE_WORDS["people.listed"] not in texts(app), words
        assert f"<td>person {number}</td>" in texts(app), words
        assert "Ivo Sought" not in texts(app), words
