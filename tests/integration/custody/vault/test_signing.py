"""A vault signs what its records and its keystore bear out, and nothing that somebody made up."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlmodel import col, select

from apps.vault.signing import signing_checks
from lfr_core.alerts.evidence import export_trail, write_evidence
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.entry import canonical
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.port import HeadSigner, Verb
from lfr_core.custody.audit.signed import Anchor, Head
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import KeyKind, Signature, WriterKey
from lfr_core.custody.vault.signing import NOT_SIGNED
from lfr_core.deployments.store import DeploymentStore
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import load_policy
from lfr_core.domain.signatures import SignatureForm, SignatureKind, find_form
from lfr_core.publication.site.manifest import canonical as site_bytes
from lfr_core.retention.erasure.canary import CanaryKind, InjectedCanary, PositiveControl
from lfr_core.retention.erasure.certificate import Certificate, canary_line
from lfr_core.retention.erasure.certificate_service import register_canaries
from lfr_core.retention.erasure.destruction_log import ended_ns
from lfr_core.retention.erasure.verify import CanaryFinding, StoreResult, Verdict, Verification
from lfr_core.storage.engine import open_engine, reading
from lfr_core.storage.tables.audit import AuditEntryRow
from tests.support.each_process import EachProcess
from tests.support.overwriting import overwriting
from tests.support.vault_server import serving_vault

DAY_NS = 86_400 * 10**9
FORCE = load_policy().force.model_copy(
    update=dict.fromkeys(type(load_policy().force).model_fields, "here") | {"name": "Norfolk Constabulary"}
)


@dataclass
class Home:
    """A vault behind its socket, over its own records, with a deployment `d` and a canary in it."""

    core: VaultCore
    vault: EachProcess
    engine: Engine
    canary: InjectedCanary

    def rule(self, kind: SignatureKind, message: bytes) -> str:
        with pytest.raises(Refused) as refused:
            self.vault.sign(kind, message)
        return refused.value.rule

    def certificate(self, **changes: object) -> Certificate:
        """One that says "passed", as the erasure of `d` would make it once the canary's key is gone."""
        ended, now_ns = ended_ns(self.engine, "d"), SystemClock().time_ns()
        finding = CanaryFinding(canary=self.canary.id, verdict=Verdict.GONE)
        store = StoreResult(
            store="database", what="", searched=True, files=1, bytes_read=1, milliseconds=1, not_searched=(),
            unread_files=0, findings=(finding,),
        )  # fmt: skip
        search = Verification(
            at_ns=now_ns, ended_ns=ended, engine_control=True, due=(self.canary.id,), stores=(store,), failures=()
        )
        line = canary_line(self.canary, search.due)
        return Certificate(
            number=1, previous="", deployment="d", issued_ns=now_ns, destroyed=(), canaries=(line,),
            without_canary=(), search=search,
        ).model_copy(update=changes)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    settings = Settings(home=tmp_path)
    with serving_vault(settings) as core, closing(EachProcess.of(settings)) as vault:
        engine, clock = open_engine(settings.records_url), SystemClock()
        store = DeploymentStore(engine, vault, AuditTrail(vault, clock), clock)
        store.create("d", DeploymentKind.DEMO, name="d", policy=load_policy())
        key = vault.make_key(KeyKind.WATCHLIST, "d", "d", clock.time_ns() + DAY_NS, actor=SystemActor.ENROLMENT)
        canary = InjectedCanary(
            id="c1", kind=CanaryKind.REFERENCE, deployment="d", store="database", planted_ns=clock.time_ns(),
            due_ns=clock.time_ns(), key_id=key.info.id, key_fingerprint=key.info.fingerprint, clear=(b"c" * 32,),
            stored=(b"s" * 32,), control=PositiveControl.FOUND,
        )  # fmt: skip
        register_canaries(engine, [canary])
        yield Home(core, vault, engine, canary)
        engine.dispose()


def _bytes(certificate: Certificate) -> bytes:
    return certificate.canonical().encode()


def test_a_passed_certificate_is_signed_once_the_keys_are_gone_and_not_before(home: Home) -> None:
    made_up = _bytes(home.certificate())
    before = home.rule(SignatureKind.CERTIFICATE, made_up)
    home.core.keystore.destroy((home.canary.key_id,))

    true = _bytes(home.certificate())
    signed = home.vault.sign(SignatureKind.CERTIFICATE, true)

    assert before == NOT_SIGNED
    signature, key = signed.signature.hex(), signed.public_key.hex()
    assert find_form(SignatureKind.CERTIFICATE, true, signature=signature, public_key=key) is SignatureForm.TYPED


def _search(home: Home, **changes: object) -> dict[str, object]:
    return {"search": home.certificate().search.model_copy(update=changes)}


@pytest.mark.parametrize(
    "change",
    [
        lambda _: {"number": 2},
        lambda _: {"previous": "00" * 32},
        lambda _: {"issued_ns": SystemClock().time_ns() + DAY_NS},
        lambda _: {"issued_ns": SystemClock().time_ns() - DAY_NS},
        lambda _: {"canaries": ()},
        lambda home: {"canaries": (canary_line(home.canary.model_copy(update={"due_ns": None}), ("c1",)),)},
        lambda home: {"canaries": (canary_line(home.canary, ()),)},
        lambda home: _search(home, due=()),
        lambda home: _search(home, stores=()),
        lambda home: _search(home, engine_control=False),
        lambda home: _search(home, at_ns=SystemClock().time_ns() - DAY_NS),
        lambda home: _search(home, at_ns=SystemClock().time_ns() + DAY_NS),
        lambda home: _search(home, ended_ns=1),
        lambda home: _search(
            home,
            stores=tuple(
                each.model_copy(update={"findings": (CanaryFinding(canary="c1", verdict=Verdict.FOUND_CLEAR),)})
                for each in home.certificate().search.stores
            ),
        ),
    ],
)
def test_a_passed_certificate_that_somebody_made_up_is_refused_a_signature(home: Home, change: object) -> None:
    home.core.keystore.destroy((home.canary.key_id,))

    assert callable(change)
    assert home.rule(SignatureKind.CERTIFICATE, _bytes(home.certificate(**change(home)))) == NOT_SIGNED


def test_a_failed_search_is_certified_whatever_it_found(home: Home) -> None:
    failed = home.certificate(**_search(home, failures=("its control missed",), stores=(), due=()))

    assert home.vault.sign(SignatureKind.CERTIFICATE, _bytes(failed)).signature


def test_nothing_is_signed_as_another_kind(home: Home) -> None:
    home.core.keystore.destroy((home.canary.key_id,))
    for kind in set(SignatureKind) - {SignatureKind.CERTIFICATE}:
        assert home.rule(kind, _bytes(home.certificate())) == NOT_SIGNED


def _newest(engine: Engine) -> tuple[int, str]:
    with reading(engine) as session:
        row = session.exec(select(AuditEntryRow).order_by(col(AuditEntryRow.seq).desc()).limit(1)).one()
        return row.seq, row.hash


def test_a_head_is_signed_over_what_openlfr_wrote_and_over_nothing_else(home: Home) -> None:
    seq, hash_ = _newest(home.engine)
    now_ns = SystemClock().time_ns()
    assert home.vault.sign(SignatureKind.AUDIT_HEAD, Head(seq, hash_, now_ns, "", "").message()).signature

    for wrong in (
        Head(seq, "00" * 32, now_ns, "", ""),
        Head(seq + 1, hash_, now_ns, "", ""),
        Head(seq, hash_, now_ns + DAY_NS, "", ""),
        Head(seq, hash_, now_ns - DAY_NS, "", ""),
    ):
        assert home.rule(SignatureKind.AUDIT_HEAD, wrong.message()) == NOT_SIGNED
    with overwriting(home.engine) as session:
        session.execute(update(AuditEntryRow).where(col(AuditEntryRow.seq) == seq).values(hash="ab" * 32))
    assert home.rule(SignatureKind.AUDIT_HEAD, Head(seq, "ab" * 32, now_ns, "", "").message()) == "audit.damaged"


def test_an_anchor_that_would_hide_entries_of_today_is_refused_a_signature(home: Home) -> None:
    sign_head(home.engine, home.vault, SystemClock())
    seq, hash_ = _newest(home.engine)
    now_ns = SystemClock().time_ns()
    assert home.rule(SignatureKind.AUDIT_ANCHOR, Anchor(seq, hash_, seq, now_ns, "", "").message()) == NOT_SIGNED

    class InSevenYears(SystemClock):
        def time_ns(self) -> int:
            return super().time_ns() + 7 * 365 * DAY_NS

    home.core.signing.allow(signing_checks(home.core, home.engine, load_policy(), InSevenYears()))
    then_ns = InSevenYears().time_ns()
    anchor = Anchor(seq, hash_, seq, then_ns, "", "").message()
    assert home.vault.sign(SignatureKind.AUDIT_ANCHOR, anchor).signature
    for wrong in (
        Anchor(seq, "00" * 32, seq, then_ns, "", ""),
        Anchor(seq, hash_, seq - 1, then_ns, "", ""),
        Anchor(seq, hash_, seq, now_ns, "", ""),
    ):
        assert home.rule(SignatureKind.AUDIT_ANCHOR, wrong.message()) == NOT_SIGNED


def _site(home: Home, **changes: object) -> bytes:
    files = {"index.html": "00" * 32, "data/records.csv": "11" * 32}
    made_at = datetime.now(UTC).isoformat()
    made = {"kind": "openlfr.site", "v": 1, "force": FORCE.name, "made_at": made_at, "files": files} | changes
    home.core.signing.allow(
        signing_checks(home.core, home.engine, load_policy().model_copy(update={"force": FORCE}), SystemClock())
    )
    return site_bytes(made)


@pytest.mark.parametrize(
    "change",
    [
        {"force": "Essex Police"},
        {"made_at": "2099-01-01T00:00:00+00:00"},
        {"made_at": "2020-01-01T00:00:00+00:00"},
        {"made_at": "2026-11-26T12:00:00"},
        *(
            {"files": {name: "00" * 32}}
            for name in (
                "../../etc/passwd", "/etc/passwd", "data/../../x", "data/a/b", ".htaccess", "a\\b", "data//x", "",
                "manifest.json", "deployments/made-up.html", "data/made-up-revision-1.json", "documents/00.pdf",
                "documents/0000000000000000.pdf",
            )
        ),
    ],
)  # fmt: skip
def test_a_site_of_another_force_time_place_or_of_what_is_not_public_is_refused_a_signature(
    home: Home, change: dict[str, object]
) -> None:
    assert home.vault.sign(SignatureKind.SITE, _site(home)).signature
    assert home.rule(SignatureKind.SITE, _site(home, **change)) == NOT_SIGNED


def test_no_site_is_signed_while_the_force_has_not_filled_in_who_it_is(home: Home) -> None:
    made = _site(home, force=load_policy().force.name)
    home.core.signing.allow(signing_checks(home.core, home.engine, load_policy(), SystemClock()))
    assert home.rule(SignatureKind.SITE, made) == NOT_SIGNED


class Forger:
    """Has a manifest signed that was changed on the way."""

    identity = writers = None

    def __init__(self, home: Home, change: Callable[[dict[str, Any]], None]) -> None:
        self._home, self._change = home, change
        self.public_key = home.vault.public_key

    def sign(self, kind: SignatureKind, message: bytes) -> Signature:
        if kind is SignatureKind.EVIDENCE:
            whole = json.loads(message)
            self._change(whole["manifest"])
            message = canonical(whole).encode()
        return self._home.vault.sign(kind, message)

    def pseudonym(self, name: str) -> str:
        return self._home.vault.pseudonym(name)

    def writer_key(self, name: str, person: str = "") -> WriterKey:
        return self._home.vault.writer_key(name, person)


def _change_part(name: str) -> Callable[[dict[str, Any]], None]:
    def change(manifest: dict[str, Any]) -> None:
        for part in manifest["parts"]:
            if part["name"] == name:
                part["sha256"] = "ab" * 32

    return change


FORGED: list[Callable[[dict[str, Any]], object]] = [
    lambda manifest: manifest.update(made_at_ns=manifest["made_at_ns"] + DAY_NS),
    lambda manifest: manifest.update(made_at_ns=1),
    lambda manifest: manifest.update(entries=manifest["entries"] - 1),
    lambda manifest: manifest.update(last_seq=manifest["last_seq"] - 1),
    lambda manifest: manifest.update(last_hash="00" * 32),
    lambda manifest: manifest.update(parts=manifest["parts"] * 2),
]


@pytest.mark.parametrize(
    "change",
    [
        *FORGED,
        *map(_change_part, ("authority", "counts", "certificates")),
        lambda manifest: manifest.update(deployment="nowhere"),
        lambda manifest: manifest.update(parts=manifest["parts"][:2]),
    ],
)
def test_evidence_that_says_other_than_the_records_is_refused_a_signature(
    home: Home, change: Callable[[dict[str, Any]], None]
) -> None:
    def write(signer: HeadSigner) -> None:
        write_evidence(home.engine, "d", io.BytesIO(), signer=signer, clock=SystemClock(), certificates=())

    write(home.vault)  # the true one is signed
    with pytest.raises(Refused) as refused:
        write(Forger(home, change))
    assert refused.value.rule == NOT_SIGNED


def test_an_export_that_leaves_out_the_newest_entries_is_refused_a_signature_also_with_everything_else_right(
    home: Home,
) -> None:
    with reading(home.engine) as session:
        hashes = dict(session.exec(select(AuditEntryRow.seq, AuditEntryRow.hash)).all())
    newest = max(hashes)

    def shorten(manifest: dict[str, Any]) -> None:
        manifest.update(last_seq=newest - 1, last_hash=hashes.get(newest - 1, ""), entries=manifest["entries"] - 1)

    export_trail(home.engine, io.BytesIO(), signer=Forger(home, shorten), clock=SystemClock())  # it may just be new

    class Later(SystemClock):
        def time_ns(self) -> int:
            return super().time_ns() + 16 * 60 * 10**9

    home.core.signing.allow(signing_checks(home.core, home.engine, load_policy(), Later()))
    export_trail(home.engine, io.BytesIO(), signer=home.vault, clock=Later())
    with pytest.raises(Refused) as refused:
        export_trail(home.engine, io.BytesIO(), signer=Forger(home, shorten), clock=Later())
    assert refused.value.rule == NOT_SIGNED


@pytest.mark.parametrize(
    "change",
    [
        *FORGED,
        lambda manifest: manifest.update(left_out=manifest["left_out"] + 1),
        lambda manifest: manifest.update(filter=manifest["filter"] | {"deployment": "elsewhere"}),
        lambda manifest: manifest.update(deployment="d"),
    ],
)
def test_an_export_that_hides_entries_or_says_another_filter_is_refused_a_signature(
    home: Home, change: Callable[[dict[str, Any]], None]
) -> None:
    export_trail(home.engine, io.BytesIO(), signer=home.vault, clock=SystemClock())
    export_trail(home.engine, io.BytesIO(), signer=home.vault, clock=SystemClock(), verb=Verb.ALTER, deployment="d")

    with pytest.raises(Refused) as refused:
        export_trail(home.engine, io.BytesIO(), signer=Forger(home, change), clock=SystemClock())
    assert refused.value.rule == NOT_SIGNED
