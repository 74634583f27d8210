"""The site kept up to date: built when what is public changed, not otherwise, never worse than it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Engine

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Fatal, Refused
from lfr_core.custody.audit.port import Signer
from lfr_core.custody.people.roles import Rank, Role
from lfr_core.custody.people.store import People
from lfr_core.deployments.compliance_documents import (
    ComplianceDocumentKind,
    ComplianceDocumentRegister,
    compliance_document_folder,
)
from lfr_core.deployments.deadlines import compute_results_schedule
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.ledger import PromiseLedger
from lfr_core.publication.promises.port import PromiseFinding, Result
from lfr_core.publication.site.publisher import PublicSite, Refreshed
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.publication import ResultsRow
from tests.support.overwriting import overwriting
from tests.support.people import MACHINE, authenticated, put_accounts
from tests.support.publishing import announcing, ended_deployment, planned
from tests.support.records import NOW_NS, ManualClock
from tests.support.vault_core import site_vault
from tests.support.vaults import trail_of

NOW = utc_from_ns(NOW_NS) + timedelta(days=1)


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def site(engine: Engine, tmp_path: Path) -> PublicSite:
    policy = load_policy()
    force = policy.force.model_copy(update=dict.fromkeys(type(policy.force).model_fields, "here"))
    filled = policy.model_copy(update={"force": force})
    signer: Signer = site_vault(tmp_path, engine, filled, NOW)[0]
    return PublicSite(engine, filled, signer, tmp_path / "public", compliance_document_folder(tmp_path))


def refresh(site: PublicSite, now: datetime, *, wait: bool = True) -> Refreshed:
    """At that time, which the vault's clock shows too."""
    with TemporaryDirectory() as folder:
        signer = site_vault(Path(folder), site.engine, site.policy, now)[0]
        return replace(site, signer=signer).refresh(now, wait=wait)


@dataclass
class FixedCheck:
    """A check that says what it is told."""

    id: str
    result: Result = Result.HOLDS

    def check(self, now_ns: int) -> PromiseFinding:
        return PromiseFinding(self.result, "as it was set", {"looked_at": now_ns})


def look(engine: Engine, policy: Policy, at: datetime, broken: str = "") -> None:
    checks = [
        FixedCheck(each.check, Result.BROKEN if each.check == broken else Result.HOLDS)
        for each in promises(policy)
        if each.check
    ]
    clock = ManualClock()
    clock.advance(at.timestamp() - clock.time_ns() / 1e9)
    PromiseLedger(engine, trail_of(engine), clock, promises(policy), checks).check()


def test_it_is_built_when_something_changed_at_most_so_often_and_after_an_hour(
    engine: Engine, site: PublicSite
) -> None:
    clock = ended_deployment(engine)
    minute = timedelta(minutes=1)
    built = [refresh(site, NOW).built, refresh(site, NOW + 10 * minute).built]
    announcing(engine, clock).publish("dep", planned(), by=authenticated("A. Okafor"))
    built += [refresh(site, NOW + 11 * minute).built, refresh(site, NOW + 61 * minute).built]
    built.append(refresh(site, NOW + 63 * minute, wait=True).built)

    assert built == [True, False, True, False, False]
    assert refresh(site, NOW + 200 * minute).built
    assert (site.folder / "deployments" / "dep.html").is_file()


def test_a_published_file_that_was_altered_dropped_or_added_is_put_right_at_the_next_refresh(site: PublicSite) -> None:
    refresh(site, NOW)
    page = site.folder / "index.html"
    as_made = page.read_bytes()
    alterations: tuple[Callable[[], object], ...] = (
        lambda: page.write_bytes(as_made.replace(b"0", b"1")),
        page.unlink,
        lambda: (site.folder / "more.html").write_text("forged"),
    )
    for minute, alter in enumerate(alterations, 1):
        now = NOW + timedelta(minutes=minute)
        assert not refresh(site, now).built
        alter()
        assert refresh(site, now).built
        assert (page.stat().st_size, (site.folder / "more.html").exists()) == (len(as_made), False)


def test_a_promise_that_breaks_is_on_the_site_at_the_next_refresh_and_a_look_alone_builds_nothing(
    engine: Engine, site: PublicSite
) -> None:
    look(engine, site.policy, NOW)
    refresh(site, NOW)
    look(engine, site.policy, NOW + timedelta(minutes=10))
    assert not refresh(site, NOW + timedelta(minutes=10)).built
    look(engine, site.policy, NOW + timedelta(minutes=20), broken="alerts.gone")
    assert refresh(site, NOW + timedelta(minutes=20)).built

    ledger = json.loads((site.folder / "data" / "promises.json").read_bytes())["promises"]
    assert {each["promise"] for each in ledger if each["status"] == "broken"} == {"alerts.gone"}
    assert {each["status"] for each in ledger} == {"holds", "broken", "no automatic check"}
    page = (site.folder / "promises.html").read_text(encoding="utf-8")
    assert "Broken: 1" in page
    assert page.count("As it was set") == sum(bool(each.check) for each in promises(site.policy))


def register_document(engine: Engine, site: PublicSite, document: Path, kind: ComplianceDocumentKind) -> None:
    """Put a document on the register, as somebody of compliance does."""
    people, by = People(engine, trail_of(engine), ManualClock()), authenticated("E. Compliance")
    if not people.list():
        people.add("E. Compliance", {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=MACHINE)
        put_accounts(engine)
    register = ComplianceDocumentRegister(
        engine, trail_of(engine), ManualClock(), site.documents_folder, site.policy.documents
    )
    register.add(kind, document, version="2", title=f"{kind.name} <of> LFR", review_by=date(2027, 1, 1), by=by)


def test_documents_lie_in_the_library_as_they_were_registered(engine: Engine, site: PublicSite, tmp_path: Path) -> None:
    document = tmp_path / "dpia.txt"
    document.write_text("what could go wrong")
    register_document(engine, site, document, ComplianceDocumentKind.DPIA)
    refresh(site, NOW)
    page = (site.folder / "documents.html").read_text(encoding="utf-8")
    (file,) = (site.folder / "documents").iterdir()

    assert file.read_text() == "what could go wrong"
    assert f'href="documents/{file.name}" download="dpia.txt"' in page
    assert "DPIA &lt;of&gt; LFR" in page
    assert f"documents/{file.name}" in json.loads((site.folder / "manifest.json").read_bytes())["manifest"]["files"]


def test_a_document_that_cannot_be_cleaned_is_left_out_and_the_rest_of_the_site_is_built(
    engine: Engine, site: PublicSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, text = tmp_path / "eia.html", tmp_path / "dpia.txt"
    page.write_text("<!doctype html><p>nested")
    text.write_text("what could go wrong")
    register_document(engine, site, page, ComplianceDocumentKind.EQUALITY)
    register_document(engine, site, text, ComplianceDocumentKind.DPIA)

    def refuse(_content: bytes, _title: str) -> bytes:
        raise Refused("documents.too-complicated", "it takes too long")

    monkeypatch.setattr("lfr_core.publication.site.data.clean_document", refuse)
    refresh(site, NOW)

    assert [each.suffix for each in (site.folder / "documents").iterdir()] == [".txt"]


def test_late_results_stand_on_the_index_without_the_name_of_a_deployment_nobody_announced(
    engine: Engine, site: PublicSite
) -> None:
    ended_deployment(engine, "thorpe-road")
    due_at = compute_results_schedule(NOW, site.policy.publication).due_at
    with overwriting(engine) as session:
        session.add(
            ResultsRow(deployment="thorpe-road", due_at=due_at, late_at=NOW, late_because="nobody announced it")
        )
    refresh(site, NOW)
    index = (site.folder / "index.html").read_text(encoding="utf-8")

    assert "nobody announced it" in index
    assert "thorpe" not in index.lower()


def test_a_draft_never_replaces_a_signed_site_and_a_folder_that_cannot_be_written_leaves_the_old_one(
    engine: Engine, site: PublicSite, tmp_path: Path
) -> None:
    draft = replace(site, policy=load_policy())
    assert refresh(draft, NOW).draft
    assert not refresh(site, NOW + timedelta(hours=1)).draft
    with pytest.raises(Refused, match="signed site stays"):
        refresh(draft, NOW + timedelta(hours=3))
    assert json.loads((site.folder / "manifest.json").read_bytes())["signature"]

    (tmp_path / "file").write_text("")
    with pytest.raises(Fatal, match="can't be written"):
        refresh(replace(site, folder=tmp_path / "file" / "public"), NOW)
