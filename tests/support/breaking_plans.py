"""Breaks promises of authority, notice, results and answers in time, in the real state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import update

from lfr_core.common.clock import utc_from_ns
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.figures import UseCase
from lfr_core.publication.rights.types import RequestKind
from lfr_core.storage.tables.deployments import ApplicationRow, AuthorityRow, DeploymentRow
from lfr_core.storage.tables.publication import AnnouncementRow, PublishedRecordRow
from lfr_core.storage.tables.rights import RightsRequestRow
from tests.support.breaking_promises import breaks
from tests.support.overwriting import overwriting
from tests.support.promise_harness import DAY_S, PromiseHarness

__all__ = ["asked"]


def _operational(harness: PromiseHarness, *, ended: bool = False) -> None:
    """An operational deployment `op` that opened now, and perhaps ended."""
    now = utc_from_ns(harness.clock.time_ns())
    harness.deployments.create("op", DeploymentKind.EVALUATION, name="Operational")
    status = "ended" if ended else "live"
    harness.change(
        DeploymentRow, "op", kind="operational", status=status, opened_at=now, ended_at=now if ended else None
    )


def _notice(harness: PromiseHarness, *, made_s: float, withheld_because: str = "", approved_by: str = "") -> None:
    """A notice of `op`, made so many seconds from now."""
    now = utc_from_ns(harness.clock.time_ns())
    with overwriting(harness.engine) as session:
        session.add(
            AnnouncementRow(
                deployment="op",
                revision=1,
                public_id="op",
                place="Town centre",
                starts_at=now,
                ends_at=now,
                purpose="Wanted people",
                use_case="1 Crime Hotspot",
                made_at=now + timedelta(seconds=made_s),
                made_by="Planner",
                withheld_because=withheld_because,
                approved_by=approved_by,
            )
        )


def _authority(harness: PromiseHarness) -> None:
    """`op` was applied for by "P. Lanner" and granted a minute before it opened."""
    now = utc_from_ns(harness.clock.time_ns())
    _operational(harness)
    made = {
        **dict.fromkeys(("place", "footprint", "purpose", "sought", "necessity", "proportionality", "grounds"), "said"),
        **dict.fromkeys(("threshold_reason", "cameras", "watchlist_folder"), ""),
    }
    application = ApplicationRow(
        deployment="op",
        revision=1,
        starts_at=now,
        ends_at=now + timedelta(hours=6),
        use_case=UseCase.SOUGHT_PERSONS.value,
        threshold=0.5,
        list_cap=10,
        expected_faces=100,
        applied_by="P. Lanner",
        applied_at=now - timedelta(hours=1),
        **made,
    )
    authority = AuthorityRow(
        deployment="op",
        revision=1,
        granted=True,
        by="Supt Allow",
        rank="superintendent",
        at=now - timedelta(minutes=1),
        reason="necessary",
        false_alerts_one_in=1_000,
        expected_false_alerts=None,
        claim_not_shown=True,
    )
    with overwriting(harness.engine) as session:
        session.add(application)
        session.flush()
        session.add(authority)


def _changed_authority(harness: PromiseHarness, **changes: object) -> Iterator[None]:
    _authority(harness)
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(AuthorityRow).values(**changes))


@breaks("people.authorised")
def a_deployment_opened_without_an_authority(harness: PromiseHarness) -> Iterator[None]:
    yield
    _operational(harness)


@breaks("people.authorised")
def what_was_refused_opened(harness: PromiseHarness) -> Iterator[None]:
    yield from _changed_authority(harness, granted=False)


@breaks("people.authorised")
def an_inspector_authorised_it(harness: PromiseHarness) -> Iterator[None]:
    yield from _changed_authority(harness, rank="inspector")


@breaks("people.authorised")
def its_planner_authorised_it(harness: PromiseHarness) -> Iterator[None]:
    yield from _changed_authority(harness, by="p.  lanner")


@breaks("people.authorised")
def the_authority_came_after_the_opening(harness: PromiseHarness) -> Iterator[None]:
    yield from _changed_authority(harness, at=utc_from_ns(harness.clock.time_ns() + 60 * 10**9))


@breaks("people.authorised")
def another_revision_was_authorised(harness: PromiseHarness) -> Iterator[None]:
    yield from _changed_authority(harness, revision=2)


def asked(harness: PromiseHarness, *, answered_after_days: float | None = None) -> None:
    """Put a complaint among the records, answered so many days later, or not."""
    now = utc_from_ns(harness.clock.time_ns())
    days = answered_after_days
    with overwriting(harness.engine) as session:
        session.add(
            RightsRequestRow(
                reference="R-2026-AAAA-AAAA-AAAA",
                kind=RequestKind.COMPLAINT.value,
                asks_listed=False,
                received_on=now.date(),
                taken_at=now,
                taken_by="F. Doyle",
                key_id="k",
                asked_sealed=b"sealed",
                neither_confirm_nor_deny=False,
                answered_at=None if days is None else now + timedelta(days=days),
            )
        )


@breaks("public.answers")
def nobody_answered_within_the_month(harness: PromiseHarness) -> Iterator[None]:
    asked(harness)
    harness.clock.advance(20 * DAY_S)
    yield
    harness.clock.advance(20 * DAY_S)


@breaks("public.answers")
def the_answer_came_after_the_month(harness: PromiseHarness) -> Iterator[None]:
    asked(harness, answered_after_days=20)
    harness.clock.advance(50 * DAY_S)
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(RightsRequestRow).values(answered_at=utc_from_ns(harness.clock.time_ns())))


@breaks("public.announced")
def a_deployment_opened_without_a_notice(harness: PromiseHarness) -> Iterator[None]:
    yield
    _operational(harness)


@breaks("public.announced")
def the_notice_came_after_the_opening(harness: PromiseHarness) -> Iterator[None]:
    _operational(harness)
    _notice(harness, made_s=-60)
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(AnnouncementRow).values(made_at=utc_from_ns(harness.clock.time_ns() + 10**9)))


@breaks("public.announced")
def nobody_approved_that_the_notice_was_withheld(harness: PromiseHarness) -> Iterator[None]:
    _operational(harness)
    _notice(harness, made_s=-60, withheld_because="defeats_purpose", approved_by="Supt Allow")
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(AnnouncementRow).values(approved_by=""))


@breaks("public.results")
def the_results_are_overdue(harness: PromiseHarness) -> Iterator[None]:
    _operational(harness, ended=True)
    harness.clock.advance(4 * DAY_S)
    yield
    harness.clock.advance(5 * DAY_S)


def _results(harness: PromiseHarness) -> None:
    """The results of `op` are published now."""
    at, body = utc_from_ns(harness.clock.time_ns()), "{}"
    digest = sha256(body.encode()).hexdigest()
    with overwriting(harness.engine) as session:
        session.add(
            PublishedRecordRow(
                deployment="op", revision=1, published_at=at, published_by="Press", body=body, sha256=digest
            )
        )


@breaks("public.results")
def the_results_came_late(harness: PromiseHarness) -> Iterator[None]:
    _operational(harness, ended=True)
    _results(harness)
    harness.clock.advance(9 * DAY_S)
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(PublishedRecordRow).values(published_at=utc_from_ns(harness.clock.time_ns())))


@breaks("public.results")
def published_results_were_changed_afterwards(harness: PromiseHarness) -> Iterator[None]:
    _operational(harness, ended=True)
    _results(harness)
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(PublishedRecordRow).values(body="{ }"))
