"""The flow `close-deployment`: ends a deployment at the end of its hours, destroys its list, reports the outcome."""

from __future__ import annotations

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from flows.build import ACTOR
from flows.schedule import FlowStep
from flows.step_runner import End, StepResult, run_step
from lfr_core.common.errors import Fatal, Refused
from lfr_core.custody.installation import Installation
from lfr_core.custody.vault.keystore_files import has_tpm
from lfr_core.deployments.build import build_deployment_service
from lfr_core.deployments.compliance_documents.forms import render
from lfr_core.deployments.obligations import record_met_obligations
from lfr_core.domain.deployments import DeploymentStatus, DeploymentView
from lfr_core.publication.closing import build_closing_report, closing_report_file, still_to_decide
from lfr_core.publication.closing_document import printed_report, report_table
from lfr_core.recognition.build import drop_gallery

__all__ = ["close_deployment"]

_OPENED = frozenset({DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED, DeploymentStatus.ENDED})


@flow(name=FlowStep.CLOSE.value, persist_result=False)
def close_deployment(deployment: str, revision: int) -> State[None]:
    """Destroy the list, then report forecast against outcome. One that never opened is cancelled."""

    def act(installation: Installation) -> StepResult:
        found = build_deployment_service(installation).find(deployment)
        if found is None:
            raise Refused("deployment.unknown", f"there is no deployment {deployment}")
        if found.status not in _OPENED:
            return cancel_what_never_opened(installation, deployment)
        drop_its_gallery(installation, end_it_and_destroy_its_list(installation, deployment))
        return write_the_closing_report(installation, deployment)

    return run_step(FlowStep.CLOSE, deployment, revision, act)


@task(name="end it and destroy its list", cache_policy=NO_CACHE)
def end_it_and_destroy_its_list(installation: Installation, deployment: str) -> DeploymentView:
    return build_deployment_service(installation).close(deployment, by=ACTOR)


@task(name="drop its gallery", cache_policy=NO_CACHE)
def drop_its_gallery(installation: Installation, view: DeploymentView) -> None:
    drop_gallery(installation, view.gallery)


@task(name="cancel what never opened", cache_policy=NO_CACHE)
def cancel_what_never_opened(installation: Installation, deployment: str) -> StepResult:
    view = build_deployment_service(installation).cancel(
        deployment, "its hours ended and it had never opened", by=ACTOR
    )
    drop_its_gallery(installation, view)
    return StepResult(End.DONE, "Its hours ended and it had never opened: cancelled, and its list destroyed.")


@task(name="write the closing report", cache_policy=NO_CACHE)
def write_the_closing_report(installation: Installation, deployment: str) -> StepResult:
    record_met_obligations(
        installation.engine, installation.vault, installation.trail, installation.now
    )  # the list's destruction among them
    report = build_closing_report(
        installation.engine,
        deployment,
        installation.policy,
        installation.now,
        tpm=has_tpm(installation.settings),
    )
    file = closing_report_file(installation.settings.home, deployment)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(render(printed_report(report, force=installation.policy.force.name)), encoding="utf-8")
        part.replace(file)
    except OSError as error:
        raise Fatal(f"the closing report {file} can't be written: {error.strerror}") from error
    waiting = still_to_decide(installation.engine, deployment, retention_h=installation.policy.alerts.retention_h)
    summary = " ".join(filter(None, ("Closed.", waiting, report.verdict)))
    return StepResult(
        End.DONE, summary, "\n\n".join(filter(None, (waiting, report_table(report), f"The document: `{file}`")))
    )
