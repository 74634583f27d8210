"""Every function that takes who acts is in a table that tries it as everybody: one that is new fails here.

So does one that takes a person as a text: it stands here with the reason why a name is enough.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.integration.custody.people.test_who_may_see import READS
from tests.support.acts import ACTS, OF_COMPLIANCE
from tests.support.commands_by_role import MAY
from tests.support.sealed_by_name import BY_NAME
from tests.support.texts import ROOT

CORE = "lfr_core."
WHO = {"AuthenticatedPerson", "AuthenticatedPerson | None", "Actor"}
TRIED = {
    "watchlists.choosing.FaceChooser.check": "face of a photograph",
    "watchlists.choosing.FaceChooser.choose": "face of a photograph",
    "alerts.blue_list.BlueList.enter": "pass of the blue list",
    "alerts.blue_list.BlueList.plan": "passes planned",
    "alerts.decisions.DecisionService.engage": "engage",
    "alerts.decisions.DecisionService.judge": "judge",
    "alerts.decisions.DecisionService.record_outcome": "outcome",
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
    "custody.identity.invitation.make_password_link": "users password",
    "custody.identity.service_keys.add_service": "users add-service",
    "custody.people.consultations.Consultations.admit_trail_reader": "audit show",
    "custody.people.consultations.Consultations.check": "audit trail",
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
    "deployments.list_thumbnails.ListThumbnails.open_page": "photographs of a list that waits for approval",
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
    "deployments.compliance_documents.register.ComplianceDocumentRegister.add": "documents add",
    "deployments.drafting.draft": "deployment plan",
    "deployments.ending_steps.EndingSteps.extend": "hours given back",
    "deployments.ending_steps.EndingSteps.shorten": "hours shortened",
    "deployments.list_steps.ListSteps.attach_watchlist": "deployment compile",
    "deployments.list_steps.ListSteps.check_may_attach": "deployment compile",
    "deployments.place_plan.PlacePlans.keep": "plan of the place",
    "deployments.reading.show_timeline": "timeline",
    "deployments.record.actor_of": "deployment open",
    "deployments.record.check_may_take": "deployment open",
    "deployments.record.check_step": "deployment open",
    "deployments.record.record_step": "deployment open",
    "deployments.list_steps.ListSteps.approve_list": "deployment approve-list",
    "deployments.application_steps.ApplicationSteps.authorise": "deployment authorise",
    "deployments.opening_steps.OpeningSteps.confirm": "deployment ready",
    "deployments.opening_steps.OpeningSteps.open": "deployment open",
    "deployments.application_steps.ApplicationSteps.plan": "deployment plan",
    "deployments.opening_steps.OpeningSteps.mark_ready": "deployment ready",
    "deployments.application_steps.ApplicationSteps.refuse": "deployment refuse",
    "deployments.application_steps.ApplicationSteps.submit": "deployment apply",
    "deployments.ending_steps.EndingSteps.cancel": "deployment cancel",
    "deployments.ending_steps.EndingSteps.close": "close a trial",
    "deployments.application_steps.ApplicationSteps.create": "create a trial",
    "deployments.opening_steps.OpeningSteps.resume": "resume a trial",
    "deployments.opening_steps.OpeningSteps.suspend": "suspend a trial",
    "deployments.withholding.approve_withholding": "withhold, approved",
    "deployments.withholding.ask_to_withhold": "withhold, asked for",
    "deployments.withholding.refuse_withholding": "withhold, refused",
    "publication.explaining.Explanations.explain": "publish explain",
    "publication.printing.print_form": "printed form",
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
    "publication.rights.letter.print_letter": "letter, printed",
    "publication.rights.receipts.issue_receipt": "receipt",
    "publication.rights.service.RightsService.assign": "request, assigned",
    "publication.rights.service.RightsService.confirm": "rights confirm",
    "publication.rights.service.RightsService.find": "request, found",
    "publication.rights.service.RightsService.list": "requests",
    "publication.rights.service.RightsService.open": "request, opened",
    "publication.rights.service.RightsService.take": "request, taken",
    "retention.footage.export.disclose": "footage export",
    "retention.footage.hold_service.HoldService.approve": "hold, approval",
    "retention.footage.hold_service.HoldService.place": "hold, asked for",
    "retention.footage.hold_service.HoldService.release": "hold's release",
    "retention.footage.hold_service.HoldService.review": "hold's review",
    "retention.footage.listing.list_holds": "holds",
    "retention.footage.listing.list_segments": "segments",
    "retention.footage.listing.show_hold": "hold",
    "retention.footage.listing.show_segment": "segment",
    "retention.footage.viewing.choose_footage": "footage view",
    "watchlists.commitments.was_listed": "on a list",
    "watchlists.compile.compile_watchlist": "deployment compile",
    "watchlists.list_builder.ListBuilder.build": "deployment compile",
    "watchlists.listing.list_entries": "entries",
}
"""By which line of which table a function is tried; a word with a command's name is a line of the command line's."""
TRIED_IN_APPS = {
    "apps.compliance.actions.ComplianceActions.add": "register",
    "apps.compliance.actions.ComplianceActions.add_document": "documents add",
    "apps.compliance.actions.ComplianceActions.change": "change",
    "apps.compliance.actions.ComplianceActions.invite": "users add",
    "apps.compliance.actions.ComplianceActions.new_password": "users password",
    "apps.compliance.actions.ComplianceActions.people": "audit trail",
    "apps.compliance.actions.ComplianceActions.rename": "rename",
    "apps.compliance.actions.ComplianceActions.revoke": "revoke",
    "apps.compliance.actions.ComplianceActions.say": "say of a broken promise",
    "apps.compliance.view.ComplianceView.page": "list's report",
    "apps.compliance.view.ComplianceView.reports": "reports",
    "apps.compliance.view.ComplianceView.title": "list's report",
    "apps.compliance.view.ComplianceView.trail": "audit trail",
    "apps.officer.view.OfficerView.alerts": "the phone's list",
    "apps.officer.view.OfficerView.in_hand": "the phone's list",
    "apps.officer.view.OfficerView.engage": "engage",
    "apps.officer.view.OfficerView.record_outcome": "outcome",
    "apps.officer.view.OfficerView.receipt": "receipt",
    "apps.officer.view.OfficerView.sign_off": "operator sign-off",
    "apps.officer.view.OfficerView.sign_on": "operator sign-on",
    "apps.operator.pictures.Pictures.of": "pictures",
    "apps.operator.view.OperatorView.attend": "attend",
    "apps.operator.view.OperatorView.check_signed_on": "page, attended",
    "apps.operator.view.OperatorView.poll": "page",
    "apps.operator.view.OperatorView.receipt": "receipt",
    "apps.operator.view.OperatorView.resumes": "page, attended",
    "apps.operator.view.OperatorView.sign_off": "operator sign-off",
    "apps.operator.view.OperatorView.sign_on": "operator sign-on",
    "apps.planner.plan_pictures.use_plan": "plan of the place",
    "apps.planner.camera_control.CameraControl.add": "camera, added",
    "apps.planner.camera_control.CameraControl.attempt": "camera, tried",
    "apps.planner.camera_control.CameraControl.look_for_cameras": "cameras, looked for",
    "apps.planner.camera_control.CameraControl.start": "camera, started",
    "apps.planner.camera_control.CameraControl.stop": "camera, stopped",
    "apps.planner.uploaded_lists.UploadedLists.check": "list, checked",
    "apps.planner.uploaded_lists.UploadedLists.choose": "list, face chosen",
    "apps.planner.uploaded_lists.UploadedLists.compile": "list, compiled",
    "apps.planner.uploaded_lists.UploadedLists.faces": "list, faces shown",
    "apps.planner.uploaded_lists.UploadedLists.stage": "list, uploaded",
    "apps.planner.view.PlannerView.add_document": "documents add",
    "apps.planner.view.PlannerView.announce": "announce",
    "apps.planner.view.PlannerView.approve_withholding": "withhold, approved",
    "apps.planner.view.PlannerView.ask_to_withhold": "withhold, asked for",
    "apps.planner.view.PlannerView.authorise": "deployment authorise",
    "apps.planner.view.PlannerView.cancel": "deployment cancel",
    "apps.planner.view.PlannerView.close": "close a trial",
    "apps.planner.view.PlannerView.extend": "hours given back",
    "apps.planner.uploaded_lists.UploadedLists.take_refused": "list, refused entries taken",
    "apps.planner.view.PlannerView.print_form": "printed form",
    "apps.planner.view.PlannerView.open": "deployment open",
    "apps.planner.view.PlannerView.refuse_withholding": "withhold, refused",
    "apps.planner.view.PlannerView.shorten": "hours shortened",
    "apps.planner.view.PlannerView.start_self_test": "probe self-test",
    "apps.planner.view.PlannerView.timeline": "timeline",
    "apps.publication.view.PublicationView.correct": "correct",
    "apps.publication.view.PublicationView.explain": "publish explain",
    "apps.publication.view.PublicationView.publish": "publish",
    "apps.rights.holds_view.HoldsView.list": "holds",
    "apps.rights.holds_view.HoldsView.place": "hold, asked for",
    "apps.rights.view.RightsView.answer": "request, answered",
    "apps.rights.view.RightsView.approve_disclosure": "disclosure, approval",
    "apps.rights.view.RightsView.ask_disclosure": "disclosure, asked for",
    "apps.rights.view.RightsView.assign": "request, assigned",
    "apps.rights.view.RightsView.close": "request, closed",
    "apps.rights.view.RightsView.confirm": "rights confirm",
    "apps.rights.view.RightsView.open": "request, opened",
    "apps.rights.view.RightsView.print_letter": "letter, printed",
    "apps.rights.view.RightsView.requests": "requests",
    "apps.rights.view.RightsView.receive": "request, taken",
    "apps.runs.report.measure": "alerts",
    "streams.live_probe_selftest.SelfTester.test": "probe self-test",
    "streams.live_probe_selftest.run_self_test": "probe self-test",
}
"""The same, of what pages and runs are made of: each hands the person on to a service that asks the register."""
OWN_UPLOAD = {
    "apps.planner.uploaded_lists.UploadedLists.job",
    "apps.planner.uploaded_lists.UploadedLists.several_faces",
    "apps.planner.uploaded_lists.UploadedLists.staged",
}
"""Says what stands in this process's memory of an upload, and only to the person whose it is (test_uploaded_lists)."""
DRAWS = (
    "apps.planner.actions.show_actions",
    "apps.planner.camera_panel.show_camera_panel",
    "apps.planner.document_panel.show_document_panel",
    "apps.planner.photographs_panel.show_photographs_panel",
    "apps.planner.place_panel.show_place_panel",
    "apps.planner.face_dialog.show_face_questions",
    "apps.planner.form.show",
    "apps.planner.list_panel.show_list_panel",
)
"""Draws what these views say, for whoever `apps.sign_in` has let in."""
OFFERS = {"apps.rights.view.RightsView.may_answer"}
"""Says which buttons a page draws, by the roles of whoever has logged in: reads nothing, and each button asks again."""
COMMAND_LINE = "apps.cli."
"""Each is a line of the command line's table (tests/unit/cli/test_who_is_asked.py)."""
NAMES = {"actor", "approved_by", "by", "operator", "person", "requested_by", "who"}
"""What a parameter for a person is called."""
ASKS_THE_REGISTER = {
    "custody.people.compliance.check_by",
    "custody.people.compliance.check_other",
    "custody.people.compliance.find_person_to_log_out",
    "custody.people.lookup.acting",
    "custody.people.roles.principal_of",
}
"""What they all ask."""
TOLD_TO_THE_VAULT = {"custody.vault.client.VaultClient.remember"}
"""Does nothing for anybody: keeps the login that the vault is shown, and verifies (test_shown_logins.py)."""


def functions() -> Iterator[tuple[str, dict[str, str]]]:
    """Every public function and method with what its parameters are annotated as; no protocols."""

    def below(node: ast.AST, path: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.ClassDef):
                if any(ast.unparse(base) == "Protocol" for base in each.bases):
                    continue
                yield from below(each, (*path, each.name))
            elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and not each.name.startswith("_"):
                given = (*each.args.posonlyargs, *each.args.args, *each.args.kwonlyargs)
                yield (
                    ".".join((*path, each.name)),
                    {one.arg: ast.unparse(one.annotation) for one in given if one.annotation is not None},
                )

    for folder in ("lfr_core", "flows", "streams", "apps"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            yield from below(ast.parse(file.read_text(encoding="utf-8")), parts)


def test_every_function_that_takes_who_acts_is_tried_as_everybody() -> None:
    taking = {name for name, parameters in functions() if WHO & {*parameters.values()}}
    of_core = {name.removeprefix(CORE) for name in taking if name.startswith(CORE)}
    elsewhere = {name for name in taking if not name.startswith((CORE, COMMAND_LINE))}
    assert of_core == TRIED.keys() | ASKS_THE_REGISTER | TOLD_TO_THE_VAULT
    assert elsewhere == TRIED_IN_APPS.keys() | OWN_UPLOAD | OFFERS | {*DRAWS}
    assert {*TRIED.values(), *TRIED_IN_APPS.values()} <= {*MAY, *ACTS, *OF_COMPLIANCE, *READS}


def test_no_function_takes_a_person_as_a_text_but_where_a_name_is_enough() -> None:
    taking = {
        name.removeprefix(CORE)
        for name, parameters in functions()
        if any(each in NAMES and "str" in kind.split(" | ") for each, kind in parameters.items())
    }

    assert taking == BY_NAME.keys()
