"""The flow `publish_results`: scheduled at the end, on the reminder's day and before the deadline.

Its parameter is the deployment's id. It asks `lfr_core.publication.results` what there is to do, and does that.
"""

from __future__ import annotations

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.clock import now_source
from flows.publishing import artifact_key, attempt_report
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import LfrError, Refused
from lfr_core.common.logs import configure_logs
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.publication.assembly import publishing
from lfr_core.publication.results import Attempt, Outcome

__all__ = ["publish_results"]

_AGAIN_S = 60
_OVER = frozenset({"deployment.unknown", "record.not-ended", "record.never-opened"})
"""The world has moved: cancelled, or open once more."""


@flow(name="publish-results", persist_result=False, validate_parameters=False)
def publish_results(deployment: str) -> State[None]:
    """Publish the results of a deployment that has ended, or say what stands in the way."""
    settings = Settings()
    configure_logs(settings.log_level)
    policy = load_policy(settings.policy_file)
    try:
        made = publish_what_is_decided(settings, policy, deployment)
    except LfrError as error:
        return Failed(message=str(error))
    if isinstance(made, Refused):
        if made.rule in _OVER:
            return Completed(name="Superseded", message=str(made))
        leave_a_report(deployment, f"**Not published.** {made}\n")
        return Failed(message=str(made))
    try:
        site = build_the_public_site(settings, policy)
    except LfrError as error:  # the record stays published; the next sweep makes the site up
        leave_a_report(deployment, attempt_report(made, f"not built: {error}"))
        return Failed(message=f"{made.outcome.value}; the site isn't built yet: {error}")
    leave_a_report(deployment, attempt_report(made, site))
    if made.outcome is Outcome.LATE:
        return Failed(message=f"late: {made.said}")
    if made.outcome is Outcome.STANDS:
        return Completed(name="Superseded", message=made.said)
    return Completed(message=f"{made.outcome.value}: {made.said}")


@task(name="publish what is decided", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=_AGAIN_S)
def publish_what_is_decided(settings: Settings, policy: Policy, deployment: str) -> Attempt | Refused:
    """A refusal is an answer; a service that is away is asked again."""
    with publishing(settings, policy, now_source()) as here:
        try:
            return here.results.attempt(deployment)
        except Refused as refused:
            return refused


@task(name="build the public site", cache_policy=NO_CACHE)
def build_the_public_site(settings: Settings, policy: Policy) -> str:
    clock = now_source()
    with publishing(settings, policy, clock) as here:
        return here.site.refresh(utc_from_ns(clock.time_ns()), wait=False).said


@task(name="leave a report", cache_policy=NO_CACHE)
def leave_a_report(deployment: str, markdown: str) -> None:
    create_markdown_artifact(
        key=artifact_key(deployment), markdown=markdown, description="Results of a deployment, beside their deadline"
    )
