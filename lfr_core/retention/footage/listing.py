"""What people are listed of footage and its holds: no frame is opened, and each look is on the audit trail."""

from __future__ import annotations

from typing import Final

from lfr_core.common.errors import Refused
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Person, Role
from lfr_core.retention.footage.hold_approval import HOLDERS
from lfr_core.retention.footage.holds import Hold, find_hold, holds
from lfr_core.retention.footage.register import Segment, find_segments, segments
from lfr_core.storage.engine import reading

__all__ = ["MAY_LIST", "list_holds", "list_segments", "show_hold", "show_segment"]

MAY_LIST: Final = HOLDERS | {Role.AUDITOR}
"""Who keeps footage or looks at it, and who looks over their shoulders."""


def list_segments(
    looks: Consultations,
    deployment: str,
    *,
    by: AuthenticatedPerson,
    camera: str | None = None,
    from_ns: int | None = None,
    to_ns: int | None = None,
    with_test_records: bool = False,
) -> tuple[Segment, ...]:
    """Return a deployment's segments, as `segments` does. Raises Refused `people.*`; Retryable."""
    person = _looking(looks, by)
    found = segments(
        looks.engine,
        deployment=deployment,
        camera=camera,
        from_ns=from_ns,
        to_ns=to_ns,
        with_test_records=with_test_records,
    )
    if found:
        looks.note(person, "footage.listed", deployment=deployment)
    return found


def show_segment(looks: Consultations, segment: str, *, by: AuthenticatedPerson) -> tuple[Segment, tuple[Hold, ...]]:
    """Return one segment, and the holds that name it. Raises Refused `people.*`, `footage.unknown`; Retryable."""
    person = _looking(looks, by)
    found = find_segments(looks.engine, [segment])
    if not found:
        raise Refused("footage.unknown", f"there is no segment {segment}; `lfr footage list` shows those there are")
    covering = tuple(hold for hold in holds(looks.engine, released=True) if segment in hold.segments)
    looks.note(person, "footage.shown", deployment=found[0].deployment, subject=f"footage:{found[0].id}")
    return found[0], covering


def list_holds(looks: Consultations, *, by: AuthenticatedPerson, released: bool = False) -> tuple[Hold, ...]:
    """Return the holds in force, as `holds` does. Raises Refused `people.*`; Retryable."""
    person = _looking(looks, by)
    found = holds(looks.engine, released=released)
    looks.note(person, "footage.holds-listed")
    return found


def show_hold(looks: Consultations, hold: str, *, by: AuthenticatedPerson) -> Hold:
    """Return one hold. Raises Refused `people.*`, `footage.hold-unknown`; Retryable."""
    person = _looking(looks, by)
    found = find_hold(looks.engine, hold)
    looks.note(person, "footage.hold-shown", subject=f"hold:{found.id}")
    return found


def _looking(looks: Consultations, by: AuthenticatedPerson) -> Person:
    with reading(looks.engine) as session:
        return acting(session, by, MAY_LIST)
