"""Every condition of the gate, taken away on the real stream: a planned deployment, two cameras, two workers.

One deployment lives through all of them: a condition is broken, recognition ends, it is mended, recognition goes on.
The list is the gate's own, so a condition without a way to break it here fails.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select, text

from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.deployments.attendance import Attendance
from lfr_core.domain.gate import Condition
from lfr_core.storage.engine import writing
from lfr_core.storage.tables.deployments import AuthorityRow, DeploymentRow, PlannedDeploymentRow
from lfr_core.storage.tables.documents import ComplianceDocumentRow
from lfr_core.storage.tables.monitoring import LiveProbeRow
from lfr_core.storage.tables.publication import AnnouncementRow
from lfr_core.storage.tables.row import Row
from lfr_core.storage.tables.vault import InstallationRow
from lfr_core.storage.tables.watchlists import GalleryLookRow
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.planned_stream import NAME, looked_at, two_cameras_live
from tests.support.planning import OFFICER, OPERATOR, PlanningHarness
from tests.support.stream import Stream, two_workers
from tests.support.worker_processes import wait_until

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.models,
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"),  # kafka-python's, see conftest.py
]

FELT_WITHIN_S = 3.0
"""docs/design.md#fail-closed: recognition ends within 3 s on every worker."""
QUIET_S = 0.7
"""Some four looks at each camera: long enough to see that none is taken."""


@pytest.fixture(scope="module")
def stream(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stream]:
    with two_workers(tmp_path_factory.mktemp("conditions"), kafka_libs) as started:
        yield started


@pytest.fixture(scope="module")
def live(stream: Stream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlanningHarness]:
    with two_cameras_live(stream, tmp_path_factory.mktemp("harness")) as harness:
        yield harness


def changed(row: type[Row], **values: object) -> Callable[[Stream, PlanningHarness], object]:
    """A way to break a condition: a value in the records is another for a while, with its entry on the audit trail."""

    @contextmanager
    def change(stream: Stream, _harness: PlanningHarness) -> Iterator[None]:
        key = "id" if row in {DeploymentRow, LiveProbeRow} else "deployment"

        def put(new: dict[str, object]) -> dict[str, object]:
            trail = stream.trail
            trail.prepare(OFFICER)
            with writing(stream.database) as session:
                query = select(row)
                if row is not LiveProbeRow and row is not ComplianceDocumentRow:
                    query = query.where(getattr(row, key) == NAME)
                found = session.exec(query).first()
                assert found is not None
                before = {name: getattr(found, name) for name in new}
                for name, value in new.items():
                    setattr(found, name, value(before[name]) if callable(value) else value)
                session.add(found)
                trail.append(session, AuditEvent(Verb.ALTER, OFFICER, NAME, f"deployment:{NAME}", "of.a-test"))
                return before

        before = put(values)
        try:
            yield
        finally:
            put(before)

    return change


@contextmanager
def suspended(stream: Stream, _harness: PlanningHarness) -> Iterator[None]:
    stream.deployments.suspend(NAME, "a test of the gate", by=authenticated(OPERATOR))
    yield
    stream.deployments.resume(NAME, by=authenticated(OFFICER))


@contextmanager
def nobody_attends(stream: Stream, _harness: PlanningHarness) -> Iterator[None]:
    stream.stop_attending()
    Attendance(stream.database, stream.trail, SystemClock()).record_departure(NAME, authenticated(OPERATOR))
    yield
    stream.attend(NAME, OPERATOR)


@contextmanager
def records_take_no_write(stream: Stream, _harness: PlanningHarness) -> Iterator[None]:
    """As with a full disk, for the one row that the vault writes: the rest of the test has to go on."""
    with overwriting(stream.database) as session:
        session.exec(select(InstallationRow)).one().written_ns = time.time_ns() - 60 * 10**9
        session.flush()
        session.execute(text("CREATE TRIGGER full BEFORE UPDATE ON installation BEGIN SELECT RAISE(IGNORE); END"))
    yield
    with overwriting(stream.database) as session:
        session.execute(text("DROP TRIGGER full"))


@contextmanager
def clock_went_back(stream: Stream, _harness: PlanningHarness) -> Iterator[None]:
    """The vault has seen a later time than the clock now has."""
    file = stream.settings.keystore_folder / "latest-time.json"
    stream.stop_vault()
    kept = file.read_text()
    later = {key: value + 3_600 * 10**9 for key, value in json.loads(kept).items() if isinstance(value, int)}
    file.write_text(json.dumps(json.loads(kept) | later))
    stream.start_vault()
    yield
    stream.stop_vault()
    file.write_text(kept)
    stream.start_vault()


@contextmanager
def written_past_the_platform(stream: Stream, _harness: PlanningHarness) -> Iterator[None]:
    """Somebody with the database's login takes part in the authority."""
    with overwriting(stream.database) as session:
        row = session.exec(select(AuthorityRow).where(AuthorityRow.deployment == NAME)).one()
        before, row.false_alerts_one_in = row.false_alerts_one_in, 1
    yield
    with overwriting(stream.database) as session:
        session.exec(select(AuthorityRow).where(AuthorityRow.deployment == NAME)).one().false_alerts_one_in = before


def earlier(days: float) -> Callable[[object], object]:
    """The same time, days before."""
    return lambda at: at - timedelta(days=days) if not isinstance(at, int) else at - round(days * 86_400e9)  # type: ignore[operator]  # times and days


BREAK = {
    Condition.AUTHORITY: changed(AuthorityRow, granted=False),
    Condition.DOCUMENTS_IN_DATE: changed(ComplianceDocumentRow, review_by=earlier(1_000)),
    Condition.LIST_IN_PLACE: changed(DeploymentRow, gallery=None),
    Condition.LIST_APPROVED: changed(PlannedDeploymentRow, approved_digest="of another list"),
    Condition.LIST_FRESH: changed(PlannedDeploymentRow, list_built_at=earlier(2)),
    Condition.GALLERY_UNCHANGED: changed(GalleryLookRow, why="it is empty"),
    Condition.BOUND: changed(DeploymentRow, threshold=0.2),
    Condition.ANNOUNCED: changed(AnnouncementRow, starts_at=earlier(1)),
    Condition.SIGNAGE: changed(PlannedDeploymentRow, signage_by=""),
    Condition.BRIEFING: changed(PlannedDeploymentRow, briefing_by=""),
    Condition.PROVEN: changed(LiveProbeRow, sent_ns=earlier(1)),
    Condition.AUDIT_WRITABLE: records_take_no_write,
    Condition.RECORDS_ON_TRAIL: written_past_the_platform,
    Condition.CLOCK_SANE: clock_went_back,
    Condition.WITHIN_HOURS: changed(DeploymentRow, closes_at=lambda _at: utc_from_ns(time.time_ns())),
    Condition.LIVE: suspended,
    Condition.OPERATOR_ATTENDING: nobody_attends,
}


@pytest.mark.slow
@pytest.mark.parametrize("condition", list(Condition))
def test_without_any_one_condition_the_real_stream_recognises_nothing(
    stream: Stream, live: PlanningHarness, condition: Condition
) -> None:
    before = looked_at(stream)

    def both_went_on() -> bool:
        return all(now > then + 2 for now, then in zip(looked_at(stream), before, strict=True))

    wait_until(both_went_on, within_s=60, what="both workers recognise")
    with BREAK[condition](stream, live):  # type: ignore[attr-defined]  # each is a context
        time.sleep(FELT_WITHIN_S)
        felt = looked_at(stream)
        time.sleep(QUIET_S)
        assert looked_at(stream) == felt


def test_every_condition_that_the_gate_lists_is_taken_away_here() -> None:
    assert set(BREAK) == set(Condition)
