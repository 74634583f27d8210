"""The flow `compile-watchlist`: builds the list of a planned deployment from the folder that its application names."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from flows.build import ACTOR, call_role
from flows.schedule import FlowStep
from flows.step_runner import End, StepResult, run_step
from lfr_core.common.errors import Poison, Refused
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.application import Application
from lfr_core.deployments.reading import read_application, read_state
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.deployments import DeploymentRow

if TYPE_CHECKING:
    from lfr_core.watchlists.quality.service import CheckedList

__all__ = ["compile_watchlist"]


@flow(name=FlowStep.COMPILE.value, persist_result=False)
def compile_watchlist(deployment: str, revision: int) -> State[None]:
    """Check the folder, refuse the list or enrol it, and ask the authorising officer to approve it as built."""

    def act(installation: Installation) -> StepResult:
        with reading(installation.engine) as session:
            made = read_application(session, deployment)
        if made is None or not made.watchlist_folder:
            return ask_the_planner_to_compile_it(installation, deployment)
        return check_and_enrol_the_list(installation, made)

    return run_step(FlowStep.COMPILE, deployment, revision, act)


@task(name="ask the planner to compile it by hand", cache_policy=NO_CACHE)
def ask_the_planner_to_compile_it(installation: Installation, deployment: str) -> StepResult:
    call_role(installation, Role.PLANNER, deployment, "compile its list: the application names no folder")
    return StepResult(
        End.DONE,
        "The application names no folder: its planner compiles the list by hand.",
        f"`lfr deployment compile {deployment} FOLDER`",
    )


@task(name="check and enrol the list", cache_policy=NO_CACHE)
def check_and_enrol_the_list(installation: Installation, made: Application) -> StepResult:
    from lfr_core.deployments.build_lists import build_list_builder

    seen: list[CheckedList] = []
    try:
        build_list_builder(installation, actor=ACTOR).build(
            Path(made.watchlist_folder),
            made.deployment,
            today=_london_day(installation.now),
            last_day=_london_day(made.ends_at),
            by=ACTOR,
            attempt=uuid4().hex,
            show=seen.append,
        )
    except (Refused, Poison) as refused:
        call_role(installation, Role.PLANNER, made.deployment, "mend its list: the flow that compiles it was refused")
        return StepResult(
            End.FAILED,
            str(refused),
            _describe_check(installation, made.deployment, seen) + "\nMend the folder; it is tried again.",
        )
    call_role(installation, Role.AUTHORISING_OFFICER, made.deployment, "approve its list as built")
    return StepResult(
        End.DONE, _describe_list(installation, made.deployment), _describe_check(installation, made.deployment, seen)
    )


def _describe_list(installation: Installation, deployment: str) -> str:
    with reading(installation.engine) as session:
        row = session.get_one(DeploymentRow, deployment)
        planned = read_state(session, row)
        size, blue = row.watchlist_size, row.blue_list_size
    digest = planned.list_digest if planned else ""
    return (
        f"The list is built: {size} people, {blue} test subjects, digest {digest[:16]}. An officer has to approve it."
    )


def _describe_check(installation: Installation, deployment: str, seen: list[CheckedList]) -> str:
    """Write counts by category and where the report lies: no reference and no name goes to Prefect."""
    from lfr_core.watchlists.list_builder import quality_pages

    if not seen:
        return "Nothing could be checked."
    quality = seen[0].quality
    refusing = sum(finding.refuses for finding in quality.findings)
    pages = quality_pages(installation.settings.home, deployment) / "index.html"
    return (
        f"{quality.rows} rows, {quality.photographs_looked_at} photographs looked at, {refusing} defects, "
        f"{len(quality.findings) - refusing} flags.\n\nThe data-quality report: `{pages}`"
    )


def _london_day(at: datetime) -> date:
    return at.astimezone(LONDON).date()
