"""The register of people on compliance's page: nobody is acted on by default, and nothing is taken by default."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from apps.compliance.actions import ComplianceActions
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_checkpoint import write_public_key
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.installation import Installation
from lfr_core.custody.people import Rank, Role
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.domain.policy import load_policy
from tests.support.people import authenticated, put_people
from tests.support.vault_server import serving_vault

WHO = "Dana Compliance"
OFFICER = "Rita Role"
HELD = Rank.CHIEF_SUPERINTENDENT


def panel(actions: object, engine: object, who: str) -> None:
    from apps.acts import show_result
    from apps.compliance.people_panel import draw
    from tests.support.page_session import session_of

    show_result()
    draw(actions, session_of(engine, who))  # type: ignore[arg-type]  # annotations are read where nothing is imported


@pytest.fixture
def actions(tmp_path: Path) -> Iterator[ComplianceActions]:
    settings = Settings(home=tmp_path)
    with serving_vault(settings) as core:
        write_public_key(settings.keystore_folder, core.public_key)
        installation = Installation(settings, identity=ProcessIdentity.PAGES, policy=load_policy())
        people = {WHO: ({Role.COMPLIANCE}, Rank.POLICE_STAFF), OFFICER: ({Role.AUTHORISING_OFFICER}, HELD)}
        put_people(installation.engine, people, trail=AuditTrail(core, SystemClock()))
        yield ComplianceActions(installation)
        installation.close()


def test_nobody_is_acted_on_who_was_not_chosen_and_roles_are_given_from_what_somebody_holds(
    actions: ComplianceActions,
) -> None:
    given = {"actions": actions, "engine": actions.installation.engine, "who": WHO}
    app = AppTest.from_function(panel, kwargs=given, default_timeout=30).run()

    def press(label: str) -> None:
        (button,) = [each for each in app.button if each.label == label]
        button.click().run()
        assert not app.exception

    for form in ("change", "password", "invite", "rename", "revoke"):
        assert app.selectbox(key=f"choice-people-{form}-turn-0-who").value is None
    for label in ("Change", "Make a new link", "Make the account", "Rename", "Revoke"):
        press(label)
        assert [each.value for each in app.error] == ["Not done: choose a person first."]
    app.selectbox(key="choice-people-change-turn-0-who").set_value(OFFICER).run()
    (roles,) = [each for each in app.multiselect if each.label == "All their roles from now on"]
    assert roles.value == [Role.AUTHORISING_OFFICER]
    roles.set_value([Role.AUTHORISING_OFFICER, Role.PLANNER])
    press("Change")

    (rita,) = [each for each in actions.people(by=authenticated(WHO)) if each.name == OFFICER]
    assert rita.roles == {Role.AUTHORISING_OFFICER, Role.PLANNER}
    assert rita.rank is HELD  # which was the lowest of all, with nobody having chosen it
