"""The flow `close-deployment`: at the end of its hours it ends, its list is destroyed, and the outcome is reported."""

from __future__ import annotations

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from flows.schedule import FlowStep
from flows.services import ACTOR, Office
from flows.step_runner import End, StepResult, run_step
from lfr_core.common.errors import Fatal, Refused
from lfr_core.deployments.compliance_documents.forms import render
from lfr_core.deployments.obligations import book_obligations
from lfr_core.domain.deployments import DeploymentStatus, DeploymentView
from lfr_core.publication.closing import closing_report, closing_report_file, still_to_decide
from lfr_core.publication.closing_document import printed_report, report_table

__all__ = ["close_deployment"]

_OPENED = frozenset({DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED, DeploymentStatus.ENDED})


@flow(name=FlowStep.CLOSE.value, persist_result=False)
def close_deployment(deployment: str, revision: int) -> State[None]:
    """Destroy the list, then report forecast against outcome. One that never opened is cancelled."""

    def act(here: Office) -> StepResult:
        found = here.store.find(deployment)
        if found is None:
            raise Refused("deployment.unknown", f"there is no deployment {deployment}")
        if found.status not in _OPENED:
            return cancel_what_never_opened(here, deployment)
        drop_its_gallery(here, end_it_and_destroy_its_list(here, deployment))
        return write_the_closing_report(here, deployment)

    return run_step(FlowStep.CLOSE, deployment, revision, act)


@task(name="end it and destroy its list", cache_policy=NO_CACHE)
def end_it_and_destroy_its_list(here: Office, deployment: str) -> DeploymentView:
    return here.store.close(deployment, by=ACTOR)


@task(name="drop its gallery", cache_policy=NO_CACHE)
def drop_its_gallery(here: Office, view: DeploymentView) -> None:
    if view.gallery:
        with here.plain_gallery() as gallery:
            gallery.drop(view.gallery)


@task(name="cancel what never opened", cache_policy=NO_CACHE)
def cancel_what_never_opened(here: Office, deployment: str) -> StepResult:
    view = here.store.cancel(deployment, "its hours ended and it had never opened", by=ACTOR)
    drop_its_gallery(here, view)
    return StepResult(End.DONE, "Its hours ended and it had never opened: cancelled, and its list destroyed.")


@task(name="write the closing report", cache_policy=NO_CACHE)
def write_the_closing_report(here: Office, deployment: str) -> StepResult:
    book_obligations(here.engine, here.vault, here.now)  # the list's destruction among them
    report = closing_report(here.engine, deployment, here.policy, here.now)
    file = closing_report_file(here.settings.home, deployment)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(render(printed_report(report, force=here.policy.force.name)), encoding="utf-8")
        part.replace(file)
    except OSError as error:
        raise Fatal(f"the closing report {file} can't be written: {error.strerror}") from error
    waiting = still_to_decide(here.engine, deployment)
    said = " ".join(filter(None, ("Closed.", waiting, report.verdict)))
    return StepResult(
        End.DONE, said, "\n\n".join(filter(None, (waiting, report_table(report), f"The paper: `{file}`")))
    )
