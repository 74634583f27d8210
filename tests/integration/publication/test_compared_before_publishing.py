"""Nothing is published of records that aren't on the audit trail at that very moment, as the vault finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, select, update

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.counted_rows import digest_counted
from lfr_core.custody.audit.entry import record_digest
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.read import snapshot
from lfr_core.custody.audit.recorded_state import OPENED
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.domain.figures import Figures
from lfr_core.publication.published import PublishedRecord, Publisher, read_revisions
from lfr_core.storage.engine import writing
from lfr_core.storage.recorded import sealed_text_of
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.vault import InstallationRow
from tests.support.believed_home import Home, believed_home, live_trial
from tests.support.overwriting import overwriting
from tests.support.publication import figures
from tests.support.record_publisher import POLICY


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A trial with an alert, whose vault is served and has compared nothing since."""
    with believed_home(tmp_path) as home:
        live_trial(home)
        open_alert(home, uuid4())
        yield home


def open_alert(home: Home, id_: UUID) -> None:
    trail = home.planning.trail
    trail.prepare(SystemActor.RECORDER)
    alert = AlertRow(
        id=id_, deployment="trial", camera="north", entry="e", subject="S-1", category="victim", legal_reference="-",
        opened_ns=2, first_ns=2, last_ns=2, first_session="s", first_sequence=0, last_session="s", last_sequence=0,
        similarity=0.6, threshold=0.45, sightings=1, probe_sealed=b"", key_id="k",
    )  # fmt: skip
    alert.state_digest = record_digest(trail.records_key(), sealed_text_of(alert))
    with writing(home.engine) as session:
        session.add(alert)
        trail.append(session, AuditEvent(Verb.COLLECT, SystemActor.RECORDER, "trial", f"alert:{id_}", OPENED))


def read_figures(home: Home) -> Figures:
    """As `gather_figures` reads them: with the digest of the rows that they are of."""
    with snapshot(home.engine) as session:
        return replace(figures(), rows_sha256=digest_counted(session, "trial"))


def publish(home: Home, made: Figures, compare: Callable[[str], str] | None = None) -> PublishedRecord:
    compare = compare or home.vault.process(ProcessIdentity.FLOWS).compare_records
    publisher = Publisher(home.engine, home.planning.trail, SystemClock(), POLICY.publication, compare)
    return publisher.publish("trial", made, by=SystemActor.FLOWS)


def judge(session: Session, judgement: str | None) -> None:
    session.execute(update(AlertRow).values(judgement=judgement))


def test_a_judgement_that_was_edited_seconds_before_is_not_published(home: Home) -> None:
    with overwriting(home.engine) as session:
        judge(session, "different")
        assert session.exec(select(InstallationRow.records_why)).one() == ""

    with pytest.raises(Refused) as refused:
        publish(home, read_figures(home))

    assert refused.value.rule == "records.not-on-trail"
    assert read_revisions(home.engine, "trial") == ()


@pytest.mark.parametrize(
    ("row", "edit"),
    [(AlertRow, {"judgement": "different"}), (AlertRow, {"similarity": 0.99}), (DeploymentRow, {"threshold": 0.1})],
)
def test_an_edit_that_stood_only_while_figures_were_read_is_not_published(
    home: Home, row: type[AlertRow | DeploymentRow], edit: dict[str, object]
) -> None:
    with overwriting(home.engine) as session:
        before = {name: getattr(session.exec(select(row)).one(), name) for name in edit}
        session.execute(update(row).values(**edit))
    made = read_figures(home)
    with overwriting(home.engine) as session:
        session.execute(update(row).values(**before))

    with pytest.raises(Retryable, match="changed while its figures were read"):
        publish(home, made)

    assert publish(home, read_figures(home)).revision == 1


def test_without_the_vault_nothing_is_published(home: Home) -> None:
    def away(_: str) -> str:
        raise Retryable("the vault does not answer")

    with pytest.raises(Retryable):
        publish(home, read_figures(home), away)
    assert read_revisions(home.engine, "trial") == ()
