"""The flow `publish_results`: scheduled at the end, on the reminder's day and before the deadline.

Its parameter is the deployment's id. It asks `lfr_core.publication.results` what there is to do, and does that.
"""

from __future__ import annotations

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.opening import open_for_flow
from flows.publishing import describe_attempt
from flows.schedule import FlowStep
from flows.step_runner import make_artifact_key
from flows.unplanned_runs import refuse_strange_run
from lfr_core.common.errors import LfrError, Refused
from lfr_core.custody.installation import Installation
from lfr_core.publication.build import build_public_site, build_results_service
from lfr_core.publication.results import Attempt, PublicationOutcome

__all__ = ["publish_results"]

_RETRY_DELAY_S = 60
_OVER = frozenset({"deployment.unknown", "record.not-ended", "record.never-opened"})
"""Rules whose refusal means that the run is superseded: the deployment was cancelled, or is open once more."""


@flow(name="publish-results", persist_result=False, validate_parameters=False)
def publish_results(deployment: str) -> State[None]:
    """Publish the results of a deployment that has ended, or say what stands in the way."""
    with open_for_flow() as installation:
        return _publish(installation, deployment)


def _publish(installation: Installation, deployment: str) -> State[None]:
    try:
        refused = refuse_strange_run(installation, FlowStep.PUBLISH, deployment)
        if refused is not None:
            return refused
        made = publish_what_is_decided(installation, deployment)
    except LfrError as error:
        return Failed(message=str(error))
    if isinstance(made, Refused):
        if made.rule in _OVER:
            return Completed(name="Superseded", message=str(made))
        leave_a_report(deployment, f"**Not published.** {made}\n")
        return Failed(message=str(made))
    try:
        site = build_the_public_site(installation)
    except LfrError as error:  # the record stays published; the next sweep makes the site up
        leave_a_report(deployment, describe_attempt(made, f"not built: {error}"))
        return Failed(message=f"{made.outcome.value}; the site isn't built yet: {error}")
    leave_a_report(deployment, describe_attempt(made, site))
    if made.outcome is PublicationOutcome.LATE:
        return Failed(message=f"late: {made.message}")
    if made.outcome is PublicationOutcome.STANDS:
        return Completed(name="Superseded", message=made.message)
    return Completed(message=f"{made.outcome.value}: {made.message}")


@task(name="publish what is decided", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=_RETRY_DELAY_S)
def publish_what_is_decided(installation: Installation, deployment: str) -> Attempt | Refused:
    """Return a refusal as an answer; a service that is away is asked again."""
    try:
        return build_results_service(installation).attempt(deployment)
    except Refused as refused:
        return refused


@task(name="build the public site", cache_policy=NO_CACHE)
def build_the_public_site(installation: Installation) -> str:
    return build_public_site(installation).refresh(installation.now, wait=False).message


@task(name="leave a report", cache_policy=NO_CACHE)
def leave_a_report(deployment: str, markdown: str) -> None:
    create_markdown_artifact(
        key=make_artifact_key("results", deployment),
        markdown=markdown,
        description="Results of a deployment, beside their deadline",
    )
