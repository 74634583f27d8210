"""Every function that takes who acts is in a table that tries it as everybody: one that is new fails here."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.integration.custody.people.test_who_may_act import ACTS, OF_COMPLIANCE
from tests.integration.custody.people.test_who_may_see import READS
from tests.support.commands_by_role import MAY
from tests.support.texts import ROOT

CORE = ROOT / "lfr_core"
WHO = {"AuthenticatedPerson", "AuthenticatedPerson | None", "Actor"}
TRIED = {
    "watchlists.choosing.FaceChooser.check": "face of a photograph",
    "watchlists.choosing.FaceChooser.choose": "face of a photograph",
    "alerts.blue_list.BlueList.enter": "pass of the blue list",
    "alerts.blue_list.BlueList.plan": "passes planned",
    "alerts.decisions.DecisionService.engage": "engage",
    "alerts.decisions.DecisionService.judge": "judge",
    "alerts.decisions.DecisionService.outcome": "outcome",
    "alerts.decisions.DecisionService.review": "review",
    "alerts.decisions.DecisionService.undo": "undo",
    "alerts.read._alerts.alert": "alert",
    "alerts.read._alerts.alerts": "alerts",
    "alerts.read._alerts.console_alerts": "page",
    "alerts.read._engaging.alert_to_engage": "alert to engage",
    "alerts.read._engaging.alerts_to_engage": "alerts to engage",
    "alerts.read.crops.AlertCrops.open": "pictures",
    "custody.identity.invitation.invite_person": "users add",
    "custody.identity.invitation.link_account": "users link",
    "custody.identity.invitation.new_password_link": "users password",
    "custody.identity.service_keys.add_service": "users add-service",
    "custody.people.sign_on.SignOns.check": "page, attended",
    "custody.people.sign_on.SignOns.sign_off": "operator sign-off",
    "custody.people.sign_on.SignOns.sign_on": "operator sign-on",
    "custody.people.sign_on.signed_on": "page",
    "custody.people.store.People.add": "register",
    "custody.people.store.People.change": "change",
    "custody.people.store.People.check_compliance": "users add-service",
    "custody.people.accounts.Accounts.check_may_end_sessions": "users password",
    "custody.people.accounts.Accounts.end_identity": "end the account",
    "custody.people.accounts.Accounts.end_sessions": "end the sessions",
    "custody.people.accounts.Accounts.link_identity": "link",
    "custody.people.store.People.rename": "rename",
    "custody.people.store.People.revoke": "revoke",
    "deployments.announcement.AnnouncementStore.publish": "announce",
    "deployments.announcement.AnnouncementStore.release": "release the place",
    "deployments.announcement.announce": "deployment announce",
    "deployments.attendance.Attendance.keep_alive": "operator attend",
    "deployments.attendance.Attendance.record_departure": "operator attend",
    "deployments.attendance.Attendance.record_heartbeat": "attend",
    "deployments.authorisation.keep_decision": "deployment authorise",
    "deployments.camera_sources.CameraSources.check": "camera, added",
    "deployments.camera_sources.CameraSources.keep": "camera, added",
    "deployments.camera_sources.CameraSources.start": "camera, started",
    "deployments.camera_sources.CameraSources.stop": "camera, stopped",
    "deployments.compliance_documents.register.ComplianceDocumentRegister.add": "papers add",
    "deployments.drafting.draft": "deployment plan",
    "deployments.hours.DeploymentHours.extend": "hours given back",
    "deployments.hours.DeploymentHours.shorten": "hours shortened",
    "deployments.list_store.ListStore.attach_watchlist": "deployment compile",
    "deployments.list_store.ListStore.check_may_attach": "deployment compile",
    "deployments.record.actor_of": "deployment open",
    "deployments.record.check_may_take": "deployment open",
    "deployments.record.check_step": "deployment open",
    "deployments.record.record_step": "deployment open",
    "deployments.service.PlanningService.approve_list": "deployment approve-list",
    "deployments.service.PlanningService.authorise": "deployment authorise",
    "deployments.service.PlanningService.confirm": "deployment ready",
    "deployments.service.PlanningService.open": "deployment open",
    "deployments.service.PlanningService.plan": "deployment plan",
    "deployments.service.PlanningService.ready": "deployment ready",
    "deployments.service.PlanningService.refuse": "deployment refuse",
    "deployments.service.PlanningService.submit": "deployment apply",
    "deployments.store.DeploymentStore.cancel": "deployment cancel",
    "deployments.store.DeploymentStore.close": "close a trial",
    "deployments.store.DeploymentStore.create": "create a trial",
    "deployments.store.DeploymentStore.open": "open a trial",
    "deployments.trials.open_trial": "open a trial",
    "deployments.store.DeploymentStore.resume": "resume a trial",
    "deployments.store.DeploymentStore.suspend": "suspend a trial",
    "deployments.withholding.approve_withholding": "withhold, approved",
    "deployments.withholding.ask_to_withhold": "withhold, asked for",
    "deployments.withholding.refuse_withholding": "withhold, refused",
    "publication.explaining.Explanations.explain": "publish explain",
    "publication.promises.statements.PromiseStatements.say": "say of a broken promise",
    "publication.published.Publisher.correct": "correct",
    "publication.published.Publisher.publish": "publish",
    "publication.results.ResultsService.attempt": "publish what is due",
    "publication.results.ResultsService.correct": "correct",
    "publication.results.ResultsService.publish": "publish",
    "publication.rights.answering.answer": "request, answered",
    "publication.rights.answering.answer_listed": "rights answer",
    "publication.rights.answering.approve_disclosure": "disclosure, approval",
    "publication.rights.answering.ask_disclosure": "disclosure, asked for",
    "publication.rights.answering.close": "request, closed",
    "publication.rights.receipts.issue_receipt": "receipt",
    "publication.rights.service.RightsService.assign": "request, assigned",
    "publication.rights.service.RightsService.confirm": "rights confirm",
    "publication.rights.service.RightsService.open": "request, opened",
    "publication.rights.service.RightsService.take": "request, taken",
    "retention.footage.export.disclose": "footage export",
    "retention.footage.hold_service.HoldService.approve": "hold, approval",
    "retention.footage.hold_service.HoldService.place": "hold, asked for",
    "retention.footage.hold_service.HoldService.release": "hold's release",
    "retention.footage.hold_service.HoldService.review": "hold's review",
    "retention.footage.viewing.choose": "footage view",
    "watchlists.compile.compile_watchlist": "deployment compile",
    "watchlists.list_builder.ListBuilder.build": "deployment compile",
    "watchlists.listing.list_entries": "entries",
}
"""By which line of which table a function is tried; a word with a command's name is a line of the command line's."""
ASKS_THE_REGISTER = {
    "custody.people.compliance.check_by",
    "custody.people.compliance.check_other",
    "custody.people.compliance.person_to_log_out",
    "custody.people.lookup.acting",
    "custody.people.roles.principal_of",
}
"""What they all ask."""


def taking_who_acts() -> Iterator[str]:
    """Every public function and method of the core with a parameter for a person who acts or looks; no protocols."""

    def below(node: ast.AST, path: tuple[str, ...]) -> Iterator[str]:
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.ClassDef) and not any(ast.unparse(base) == "Protocol" for base in each.bases):
                yield from below(each, (*path, each.name))
            elif isinstance(each, ast.FunctionDef) and not each.name.startswith("_"):
                given = (*each.args.posonlyargs, *each.args.args, *each.args.kwonlyargs)
                if any(one.annotation is not None and ast.unparse(one.annotation) in WHO for one in given):
                    yield ".".join((*path, each.name))

    for file in sorted(CORE.rglob("*.py")):
        module = file.relative_to(CORE).with_suffix("").parts
        yield from below(ast.parse(file.read_text(encoding="utf-8")), module)


def test_every_function_that_takes_who_acts_is_tried_as_everybody() -> None:
    assert set(taking_who_acts()) == TRIED.keys() | ASKS_THE_REGISTER

    assert {*TRIED.values()} <= {*MAY, *ACTS, *OF_COMPLIANCE, *READS}
