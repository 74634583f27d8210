"""The register of papers, on both databases and real files."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.common.errors import Fatal, LfrError, Refused, Retryable
from lfr_core.deployments.compliance_documents import (
    ComplianceDocument,
    ComplianceDocumentKind,
    ComplianceDocumentRegister,
    compliance_document_folder,
    list_compliance_documents,
    list_public_documents,
    read_document,
    read_documents_status,
)
from lfr_core.deployments.compliance_documents.register import LARGEST_BYTES
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import reading
from tests.support.disks import fill, small_disk
from tests.support.people import authenticated, registered
from tests.support.publishing import announcing, planned, withhold
from tests.support.records import ManualClock, store_of
from tests.support.vaults import trail_of

POLICY = load_policy()
TODAY = date(2026, 11, 23)
DEE, PAT = "Dee Compliance", "Pat Planner"


class Harness:
    """A register of documents with people and a draft deployment `dep`."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.clock = ManualClock()
        self.folder = compliance_document_folder(folder / "home")
        self.people = registered(engine, self.clock)
        store_of(engine, self.clock).create("dep", DeploymentKind.DEMO, name="High Street")
        self.register = ComplianceDocumentRegister(engine, trail_of(engine), self.clock, self.folder, POLICY.documents)
        self.file = folder / "paper.pdf"
        self.file.write_bytes(b"%PDF-1.7 the document")

    def add(
        self,
        kind: ComplianceDocumentKind = ComplianceDocumentKind.DPIA,
        *,
        file: Path | None = None,
        title: str = "Data protection impact assessment",
        version: str = "1.0",
        review_by: date = TODAY + timedelta(days=90),
        by: str = DEE,
        deployment: str | None = None,
    ) -> ComplianceDocument:
        of = ("dep" if kind is ComplianceDocumentKind.COMMUNITY else "") if deployment is None else deployment
        return self.register.add(
            kind,
            file or self.file,
            title=title,
            version=version,
            review_by=review_by,
            by=authenticated(by),
            deployment=of,
        )

    def refusal(self, kind: ComplianceDocumentKind = ComplianceDocumentKind.DPIA, **changed: object) -> str:
        before = list_compliance_documents(self.engine)
        with pytest.raises(Refused) as caught:
            self.add(kind, **changed)  # type: ignore[arg-type]  # as the parameters of the test say
        assert list_compliance_documents(self.engine) == before
        return caught.value.rule

    def why(self, day: date = TODAY) -> str:
        with reading(self.engine) as session:
            return read_documents_status(session, "dep", day).why


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> Harness:
    return Harness(engine, tmp_path)


def test_documents_stand_when_all_four_are_there_and_until_their_last_day(harness: Harness) -> None:
    for number, kind in enumerate(ComplianceDocumentKind):
        assert f"there is no {kind.value}" in harness.why()
        harness.add(kind, review_by=TODAY + timedelta(days=number))

    assert harness.why() == "its documents are in date"
    assert "data protection impact assessment (version 1.0) was to be reviewed" in harness.why(
        TODAY + timedelta(days=1)
    )
    with reading(harness.engine) as session:
        elsewhere = read_documents_status(session, "another", TODAY)
    assert elsewhere.missing == (ComplianceDocumentKind.COMMUNITY,)


def test_a_new_version_supersedes_and_the_old_stays_as_it_was(harness: Harness) -> None:
    first = harness.add(review_by=TODAY)
    harness.file.write_bytes(b"%PDF-1.7 reviewed")
    second = harness.add(version="2.0")

    assert list_compliance_documents(harness.engine) == (second, first)
    assert read_document(harness.folder, first.sha256) == b"%PDF-1.7 the document"
    assert "there is no data protection" not in harness.why(TODAY + timedelta(days=1))
    assert [each.version for each in list_public_documents(harness.engine)] == ["2.0"]


def test_the_same_document_twice_is_one(harness: Harness) -> None:
    first = harness.add()
    harness.clock.advance(60)

    assert harness.add() == first
    assert list_compliance_documents(harness.engine) == (first,)
    assert [event.rule for event in trail_of(harness.engine).events].count("documents.added") == 1


def test_a_version_is_never_changed(harness: Harness) -> None:
    harness.add()
    assert harness.refusal(title="Another title") == "documents.version-taken"
    assert harness.refusal(review_by=TODAY + timedelta(days=91)) == "documents.version-taken"
    harness.file.write_bytes(b"%PDF-1.7 another content")
    assert harness.refusal() == "documents.version-taken"
    assert len(list(harness.folder.iterdir())) == 1


def test_a_damaged_or_lost_file_is_said_and_the_same_command_mends_it(harness: Harness) -> None:
    document = harness.add()
    kept = harness.folder / document.sha256
    kept.write_bytes(b"%PDF-1.7 tampered")
    with pytest.raises(Fatal, match="isn't what was registered"):
        read_document(harness.folder, document.sha256)
    harness.add()
    assert read_document(harness.folder, document.sha256) == b"%PDF-1.7 the document"
    kept.unlink()
    with pytest.raises(Fatal, match="can't be read"):
        read_document(harness.folder, document.sha256)

    harness.add()
    assert read_document(harness.folder, document.sha256) == b"%PDF-1.7 the document"


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"title": ""}, "documents.bad-text"),
        ({"title": "a\nb"}, "documents.bad-text"),
        ({"title": "a\x00b"}, "documents.bad-text"),
        ({"title": "x" * 201}, "documents.bad-text"),
        ({"version": ""}, "documents.bad-version"),
        ({"version": "../1"}, "documents.bad-version"),
        ({"version": "1\n"}, "documents.bad-version"),
        ({"version": "x" * 31}, "documents.bad-version"),
        ({"review_by": TODAY - timedelta(days=1)}, "documents.expired"),
        ({"review_by": TODAY + timedelta(days=POLICY.documents.max_review_days + 1)}, "documents.review-too-late"),
        ({"review_by": date.max}, "documents.review-too-late"),
        ({"by": PAT}, "people.wrong-role"),
        ({"by": "Nobody"}, "people.unknown"),
        ({"by": "Ada Auditor"}, "people.wrong-role"),
        ({"deployment": "dep"}, "documents.scope"),
    ],
)
def test_what_is_wrong_with_a_document_is_refused_and_nothing_is_kept(
    harness: Harness, changed: dict[str, object], rule: str
) -> None:
    assert harness.refusal(ComplianceDocumentKind.DPIA, **changed) == rule
    assert not harness.folder.exists()


@pytest.mark.parametrize(
    ("deployment", "rule"),
    [("", "documents.scope"), ("nothing", "deployment.unknown"), ("a\x00", "deployment.unknown")],
)
def test_a_community_impact_assessment_belongs_to_a_deployment_that_there_is(
    harness: Harness, deployment: str, rule: str
) -> None:
    assert harness.refusal(ComplianceDocumentKind.COMMUNITY, deployment=deployment) == rule


def test_a_folder_an_empty_file_a_big_one_and_none_are_refused(harness: Harness, tmp_path: Path) -> None:
    empty, big = tmp_path / "empty.pdf", tmp_path / "big.pdf"
    empty.write_bytes(b"")
    with big.open("wb") as out:
        out.write(b"%PDF-1.7")
        out.truncate(LARGEST_BYTES + 1)

    assert harness.refusal(file=tmp_path) == "documents.not-a-file"
    assert harness.refusal(file=tmp_path / "absent.pdf") == "documents.not-a-file"
    assert harness.refusal(file=tmp_path / ("x" * 300)) == "documents.bad-text"
    assert harness.refusal(file=empty) == "documents.empty"
    assert harness.refusal(file=big) == "documents.too-large"


def test_a_revoked_officer_approves_nothing(harness: Harness) -> None:
    assert harness.add(by="sue perintendent").approved_by == "Sue Perintendent"
    harness.people.revoke("Sue Perintendent", why="left", by=authenticated(DEE))

    assert harness.refusal(version="2.0", by="Sue Perintendent") == "people.revoked"


def test_a_full_disk_registers_nothing_and_says_so(harness: Harness, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=2) as disk:
        register = ComplianceDocumentRegister(
            harness.engine, trail_of(harness.engine), harness.clock, disk / "papers", POLICY.documents
        )
        filler = fill(disk)
        with pytest.raises(Retryable, match=r"No space left on device\. Nothing was registered: free space"):
            register.add(
                ComplianceDocumentKind.DPIA,
                harness.file,
                title="t",
                version="1",
                review_by=TODAY,
                by=authenticated(DEE),
            )
        assert list_compliance_documents(harness.engine) == ()
        filler.unlink()
        document = register.add(
            ComplianceDocumentKind.DPIA, harness.file, title="t", version="1", review_by=TODAY, by=authenticated(DEE)
        )

        assert [each.name for each in (disk / "papers").iterdir()] == [document.sha256]


def test_what_cannot_be_audited_is_not_registered(harness: Harness) -> None:
    trail_of(harness.engine).full = True
    with pytest.raises(LfrError):
        harness.add()

    assert list_compliance_documents(harness.engine) == ()


def test_the_trail_says_which_document_and_nothing_personal(harness: Harness) -> None:
    document = harness.add(ComplianceDocumentKind.COMMUNITY)
    event = trail_of(harness.engine).events[-1]

    assert (event.rule, event.subject, event.deployment) == ("documents.added", "document:community", "dep")
    assert event.facts["sha256"] == document.sha256
    assert "Dee" not in json.dumps(dict(event.facts))


def test_the_library_shows_an_assessment_only_of_a_deployment_that_is_public(harness: Harness) -> None:
    store_of(harness.engine, harness.clock).create("undisclosed", DeploymentKind.DEMO, name="Undisclosed")
    harness.add()
    harness.add(ComplianceDocumentKind.COMMUNITY)
    harness.add(ComplianceDocumentKind.COMMUNITY, deployment="undisclosed", version="q1")
    assert [each.kind for each in list_public_documents(harness.engine)] == [ComplianceDocumentKind.DPIA]

    notices = announcing(harness.engine, harness.clock)
    notices.publish("dep", planned(), by=authenticated(PAT))
    withhold(notices, "undisclosed", planned("Thorpe Road"), by=PAT, approved_by="Supt B")
    assert [(each.kind, each.deployment) for each in list_public_documents(harness.engine)] == [
        (ComplianceDocumentKind.DPIA, ""),
        (ComplianceDocumentKind.COMMUNITY, "dep"),
    ]

    notices.release("undisclosed", by=authenticated(PAT))
    shown = list_public_documents(harness.engine)
    assert {each.deployment for each in shown} == {"", "dep", "withheld-0123456789ab"}
    assert not any("undisclosed" in repr(each) or DEE in repr(each) for each in shown)
