"""The documents of a deployment as values: the application for it, and the authority given or refused. Checked here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from lfr_core.common.counts import agree, counted
from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Rank
from lfr_core.domain.figures import UseCase
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON

__all__ = ["Application", "ApplicationForm", "Authority", "application_faults", "check_application", "default_one_in"]

_TEXT = r"^[^\x00-\x08\x0b-\x1f\x7f]+$"  # lines may break, nothing else that controls
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=4_000, pattern=_TEXT)]
"""At least a sentence: one word is no reason."""


CameraName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ApplicationForm(_Value):
    """What is asked for (docs/domain.md A4). Every field is somebody's statement."""

    place: Line
    """The area as the public knows it, never a camera's place."""
    footprint: Line
    """Where cameras may stand: streets and sides."""
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    use_case: UseCase
    purpose: Line
    sought: Text
    """Who is looked for, by category."""
    necessity: Text
    proportionality: Text
    grounds: Text
    """Why listed people are expected there, or why the place is a hotspot (docs/domain.md A5)."""
    threshold: float = Field(gt=0.0, lt=1.0)
    """Cosine similarity."""
    threshold_reason: str = Field(default="", max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")
    """Why it isn't the policy's; the authorising officer is the second person who agrees."""
    list_cap: int = Field(ge=1)
    """Entries at most, test subjects not counted."""
    expected_faces: int = Field(ge=0)
    """Faces compared during the whole deployment, as forecast."""
    cameras: tuple[CameraName, ...] = Field(min_length=1, max_length=100)
    """Their names; no other camera may send for this deployment."""
    watchlist_folder: str = Field(default="", max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")
    """Where the flow finds the list to compile; "" when somebody compiles it by hand."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts_at >= self.ends_at:
            raise ValueError("its end is not after its start")
        if len(set(self.cameras)) < len(self.cameras):
            raise ValueError("a camera is named twice")
        return self

    @property
    def hours(self) -> float:
        """Its length."""
        return (self.ends_at - self.starts_at) / timedelta(hours=1)


class Application(ApplicationForm):
    """One revision of an application, as somebody made it."""

    deployment: str
    revision: int = Field(ge=1)
    applied_by: Line
    applied_at: AwareDatetime


class Authority(_Value):
    """What the authorising officer decided on one revision of the application."""

    deployment: str
    revision: int
    granted: bool
    by: str
    rank: Rank
    at: AwareDatetime
    reason: str
    """Why, in the officer's words: on refusal what is missing, on grant why it is necessary and proportionate."""
    false_alerts_one_in: int = Field(ge=1_000)
    """The limit signed for: at most one false alert in so many faces (docs/domain.md M3: never above 1 in 1,000)."""
    expected_false_alerts: float | None = Field(ge=0.0)
    """As forecast for this list's cap, threshold and footfall; None: no evaluation measured it."""
    claim_not_shown: bool
    """The officer knows that no evaluation shows the public claim for this threshold and list, and signs that."""


def check_application(made: ApplicationForm, policy: Policy, *, now: datetime) -> None:
    """Check what the policy asks of an application beyond its form.

    Raises:
        Refused: the first of `application_faults`.
    """
    for fault in application_faults(made, policy, now=now):
        raise fault


def _comes_twice(local: datetime) -> bool:
    """Return whether London's clocks show that time twice, or skip it."""
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def application_faults(made: ApplicationForm, policy: Policy, *, now: datetime) -> tuple[Refused, ...]:
    """Return everything that the policy has against it: `deployment.past-window`, `.too-long`, `.clock-change`,
    `.over-cap`, `.threshold-reason`.
    """
    found: list[Refused] = []
    if made.starts_at <= now:
        found.append(
            Refused(
                "deployment.past-window", f"the start, {made.starts_at:%Y-%m-%d %H:%M %Z}, is past: plan it for later"
            )
        )
    if made.hours > policy.vault.max_open_h:
        found.append(
            Refused(
                "deployment.too-long",
                f"{counted(made.hours, 'hour')} {agree(made.hours, 'is')} more than the "
                f"{policy.vault.max_open_h:g} of the policy",
            )
        )
    start, end = made.starts_at.astimezone(LONDON), made.ends_at.astimezone(LONDON)
    if start.utcoffset() != end.utcoffset() or _comes_twice(start) or _comes_twice(end):
        found.append(
            Refused(
                "deployment.clock-change",
                "the clocks change between start and end, or that day's clocks show one of the two twice: end before "
                "it, or begin after it",
            )
        )
    if made.list_cap > policy.watchlist.max_entries:
        found.append(
            Refused(
                "deployment.over-cap",
                f"a list of {made.list_cap} is over the policy's cap of {policy.watchlist.max_entries}",
            )
        )
    if made.threshold != policy.alerts.threshold and not made.threshold_reason.strip():
        found.append(
            Refused(
                "deployment.threshold-reason",
                f"faces must be {made.threshold:g} alike here, and {policy.alerts.threshold:g} by the policy: give the "
                "reason, which the authorising officer signs",
            )
        )
    return tuple(found)


def default_one_in(list_cap: int, policy: Policy) -> int:
    """Return the public claim that a list of this size has to keep.

    It is the small list's up to that list's size, else the large one's.
    """
    claims = policy.accuracy
    return claims.small_list_one_in if list_cap <= claims.small_list_people else claims.large_list_one_in
