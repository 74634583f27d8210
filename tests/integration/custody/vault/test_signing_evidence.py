"""The vault signs no evidence and no export that says other than the records."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from apps.vault.signing import signing_checks
from lfr_core.alerts.evidence import export_trail, write_evidence
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.entry import canonical
from lfr_core.custody.audit.port import HeadSigner, Verb
from lfr_core.custody.vault.port import Signature, WriterKey
from lfr_core.custody.vault.signing import NOT_SIGNED
from lfr_core.domain.policy import load_policy
from lfr_core.domain.signatures import SignatureKind
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.audit import AuditEntryRow
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.overwriting import overwriting
from tests.support.signing_home import DAY_NS, Home, signing_home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with signing_home(tmp_path) as home:
        yield home


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One for all that is refused, which leaves nothing behind."""
    with signing_home(tmp_path_factory.mktemp("refusing")) as home:
        yield home


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
    refusing: Home, change: Callable[[dict[str, Any]], None]
) -> None:
    def write(signer: HeadSigner) -> None:
        write_evidence(refusing.engine, "d", io.BytesIO(), signer=signer, clock=SystemClock(), certificates=())

    write(refusing.vault)  # the true one is signed
    with pytest.raises(Refused) as refused:
        write(Forger(refusing, change))
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
    refusing: Home, change: Callable[[dict[str, Any]], None]
) -> None:
    export_trail(refusing.engine, io.BytesIO(), signer=refusing.vault, clock=SystemClock())
    export_trail(
        refusing.engine, io.BytesIO(), signer=refusing.vault, clock=SystemClock(), verb=Verb.ALTER, deployment="d"
    )

    with pytest.raises(Refused) as refused:
        export_trail(refusing.engine, io.BytesIO(), signer=Forger(refusing, change), clock=SystemClock())
    assert refused.value.rule == NOT_SIGNED


def test_no_evidence_is_signed_of_records_that_differ_and_the_trail_may_still_be_exported(home: Home) -> None:
    with overwriting(home.engine) as session:
        session.get_one(DeploymentRow, "d").name = "elsewhere"
    checks = signing_checks(home.core, home.engine, load_policy(), SystemClock(), lambda: ("deployment/d differs",))
    home.core.signing.allow(checks)

    with pytest.raises(Refused, match="deployment/d differs"):
        write_evidence(home.engine, "d", io.BytesIO(), signer=home.vault, clock=SystemClock(), certificates=())
    home.core.keystore.destroy((home.canary.key_id,))
    passed = home.certificate()
    assert home.rule(SignatureKind.CERTIFICATE, passed.canonical().encode()) == NOT_SIGNED
    failed = passed.model_copy(
        update={"search": passed.search.model_copy(update={"failures": ("its control missed",)})}
    )
    assert home.vault.sign(
        SignatureKind.CERTIFICATE, failed.canonical().encode()
    ).signature  # bad news is always signed
    export_trail(home.engine, io.BytesIO(), signer=home.vault, clock=SystemClock())
