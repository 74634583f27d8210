"""The plan of a deployment's place: a picture that its planner gave, with its cameras on it. No map server is asked."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Trail, Verb
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Role, principal_of
from lfr_core.deployments.application import CameraName
from lfr_core.deployments.locking import lock_deployment
from lfr_core.deployments.views import view_of
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.publication import PlacePlanRow

__all__ = ["MOST_BYTES", "PlacePlan", "PlacePlans", "PlanMark", "find_plan", "plan_svg"]

MOST_BYTES: Final = 400_000
"""Of the picture: it stands in a page of the public site, which is one file."""
_MOST_MARKS: Final = 100
_PLANNER: Final = frozenset({Role.PLANNER})


class PlanMark(BaseModel):
    """Where a camera stands: shares of the picture's width and height, from the left and from above."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera: CameraName
    x: float = Field(ge=0.0, le=1.0)
    y: float = Field(ge=0.0, le=1.0)


_MARKS = TypeAdapter(Annotated[tuple[PlanMark, ...], Field(max_length=_MOST_MARKS)])


@dataclass(frozen=True, slots=True)
class PlacePlan:
    """A plan as it is kept."""

    jpeg: bytes
    """Made here from what was given: nothing of a stranger's file is passed on."""
    width_px: int
    height_px: int
    marks: tuple[PlanMark, ...] = ()
    is_public: bool = False
    """Whether the public sees it with the announcement."""


class PlacePlans:
    """Keeps plans. Raises Retryable when records or vault are away."""

    def __init__(self, engine: Engine, trail: Trail, clock: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._clock = clock

    def keep(self, deployment: str, plan: PlacePlan, *, by: AuthenticatedPerson) -> None:
        """Keep it in the place of the one before, for a planner.

        Raises:
            Refused: `people.*`; `deployment.unknown`; `place.over`: the deployment is; `place.too-large`;
                `camera.not-of-deployment`: a mark of a camera that the application doesn't name.
        """
        if not plan.jpeg or len(plan.jpeg) > MOST_BYTES:
            raise Refused("place.too-large", "the plan has too much detail: give one with less")
        self._trail.prepare(principal_of(by))
        with writing(self._engine) as session:
            row = lock_deployment(session, deployment)
            person = acting(session, by, _PLANNER)
            if view_of(row).status.is_over:
                raise Refused("place.over", f"{row.name} is over: its plan stays as it is")
            others = {mark.camera for mark in plan.marks} - set(row.cameras.split("\n"))
            if others:
                raise Refused(
                    "camera.not-of-deployment",
                    f"camera {min(others)} isn't among those of the application: revise the application first",
                )
            kept = session.get(PlacePlanRow, deployment) or PlacePlanRow(deployment=deployment, jpeg=b"", sha256="")
            kept.jpeg, kept.sha256 = plan.jpeg, hashlib.sha256(plan.jpeg).hexdigest()
            kept.width_px, kept.height_px, kept.is_public = plan.width_px, plan.height_px, plan.is_public
            kept.marks = _MARKS.dump_json(plan.marks).decode()
            kept.kept_by, kept.kept_at = person.name, utc_from_ns(self._clock.time_ns())
            session.add(kept)
            session.flush()
            facts: dict[str, str | int] = {"cameras": len(plan.marks), "public": int(plan.is_public)}
            event = AuditEvent(
                Verb.ALTER, person.name, deployment, f"deployment:{deployment}", "place.plan-kept", facts
            )
            self._trail.append(session, event)

    def find(self, deployment: str) -> PlacePlan | None:
        """Read a deployment's plan."""
        with reading(self._engine) as session:
            return find_plan(session, deployment)


def find_plan(session: Session, deployment: str) -> PlacePlan | None:
    """Read a deployment's plan; None where there is none, or where its picture or marks aren't those that were kept."""
    row = session.get(PlacePlanRow, deployment)
    if row is None or hashlib.sha256(row.jpeg).hexdigest() != row.sha256:
        return None
    try:
        marks = _MARKS.validate_json(row.marks)
    except ValidationError:
        return None
    return PlacePlan(row.jpeg, row.width_px, row.height_px, marks, row.is_public)


def plan_svg(plan: PlacePlan, words: str) -> str:
    """Draw the plan with a numbered mark for each camera, in their order. `words`: what it shows, as text."""
    size = max(14.0, min(plan.width_px, plan.height_px) / 22)
    marks = "".join(
        f'<circle cx="{mark.x * plan.width_px:.0f}" cy="{mark.y * plan.height_px:.0f}" r="{size:.0f}" fill="#1d4ed8" '
        f'stroke="#ffffff" stroke-width="3"/><text x="{mark.x * plan.width_px:.0f}" '
        f'y="{mark.y * plan.height_px + size * 0.4:.0f}" font-size="{size * 1.1:.0f}" font-family="sans-serif" '
        f'font-weight="700" text-anchor="middle" fill="#ffffff">{number}</text>'
        for number, mark in enumerate(plan.marks, start=1)
    )
    data = base64.b64encode(plan.jpeg).decode("ascii")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(words, quote=True)}" '
        f'width="{plan.width_px}" height="{plan.height_px}" viewBox="0 0 {plan.width_px} {plan.height_px}">'
        f'<image href="data:image/jpeg;base64,{data}" width="{plan.width_px}" height="{plan.height_px}"/>{marks}</svg>'
    )
