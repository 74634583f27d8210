from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from lfr_core.alerts.evidence import export_trail, write_evidence
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.audit.entry import canonical
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.prune import prune
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.signed import signed_head
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.vault.port import Signature
from lfr_core.domain.signatures import SignatureKind
from lfr_core.retention.erasure.certificate import SignedCertificate, untyped_message
from tests.support.audit import Notary
from tests.support.overwriting import overwriting
from tests.support.records import ManualClock

VERIFIER = Path(__file__).parents[4] / "infra" / "verify_evidence.py"


def event(number: int, dep: str = "dep", verb: Verb = Verb.CONSULT) -> AuditEvent:
    return AuditEvent(verb, "Ann Operator", dep, f"alert:{number}", rule="compare – with care", facts={"n": number})


@pytest.fixture
def filled(engine: Engine, trail: AuditTrail, notary: Notary, clock: ManualClock) -> Engine:
    """Entries of two deployments, mixed, under three heads."""
    with overwriting(engine) as session:
        session.execute(
            text(
                "INSERT INTO deployment (id, name, kind, status, contract_id, threshold, agreeing_shots, live_only, "
                "watchlist_size, blue_list_size, created_at) VALUES ('dep', 'Ann Operator''s street', 'demo', 'ended', "
                "'c', 0.45, 2, true, 3, 1, '2026-11-23 12:00:00')"
            )
        )
    for number in range(12):
        record(engine, trail, event(number, "dep" if number % 3 else "other"))
        clock.advance(1)
        if number in {3, 7}:
            sign_head(engine, notary, clock)
    return engine


_SAYS = {"issued_ns": 1_764_000_000 * 10**9, "search": {"failures": []}}


def certificate(notary: Notary, number: int = 1, deployment: str = "dep", previous: str = "") -> SignedCertificate:
    body = canonical({"version": 1, "number": number, "deployment": deployment, "previous": previous, **_SAYS})
    signature = notary.sign(SignatureKind.CERTIFICATE, body.encode()).signature.hex()
    return SignedCertificate(body, signature, notary.public_key.hex())


def evidence(
    engine: Engine, notary: Notary, clock: ManualClock, certificates: Sequence[SignedCertificate] = ()
) -> bytes:
    out = io.BytesIO()
    kept = certificates or [certificate(notary)]
    write_evidence(engine, "dep", out, signer=notary, clock=clock, certificates=kept)
    return out.getvalue()


def run_verifier(content: bytes, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """As somebody else would: another folder, nothing of ours to import."""
    folder.mkdir(exist_ok=True)
    file = folder / "evidence.jsonl"
    file.write_bytes(content)
    return subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(file), *options],
        cwd=folder,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def checked(content: bytes, public_key: str) -> str:
    """The verifier's answer in this process, for many files."""
    import contextlib
    import importlib.util

    spec = importlib.util.spec_from_file_location("verify_evidence", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            module.verify(content, public_key)
        except module.Wrong as wrong:
            return f"wrong: {wrong}"
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            return f"damaged: {error!r}"
    return "verified"


def test_the_evidence_verifies_in_an_empty_folder_without_openlfr(
    filled: Engine, notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    content = evidence(filled, notary, clock)
    done = run_verifier(content, tmp_path / "empty", "--public-key", notary.public_key.hex())

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("VERIFIED\n")
    assert "8 entries hang together under 3 signed heads" in done.stdout
    assert "NOT CHECKED" not in done.stdout


def test_the_evidence_holds_no_name_and_nothing_of_another_deployment(
    filled: Engine, notary: Notary, clock: ManualClock
) -> None:
    lines = evidence(filled, notary, clock).decode().splitlines()

    assert not any("Ann" in line or "other" in line for line in lines)
    bodies = [json.loads(line)["body"] for line in lines if line.startswith('{"body"')]
    assert [body["facts"]["n"] for body in bodies] == [n for n in range(12) if n % 3]
    authority = json.loads(lines[lines.index('{"part":"authority"}') + 1])
    assert (authority["deployment"], authority["watchlist_size"]) == ("dep", 3)


@pytest.mark.slow
def test_a_changed_byte_anywhere_is_found(filled: Engine, notary: Notary, clock: ManualClock, tmp_path: Path) -> None:
    content = evidence(filled, notary, clock)
    key = notary.public_key.hex()
    assert checked(content, key) == "verified"
    chance = random.Random(4)

    for at in sorted({*chance.sample(range(len(content)), 400), 0, len(content) - 1}):
        for change in (1, 32):  # 32: a letter's case, which hexadecimal forgives
            damaged = content[:at] + bytes([content[at] ^ change]) + content[at + 1 :]
            assert checked(damaged, key) != "verified", (at, content[at : at + 1])
    for damaged in (content + b"\n", content + b"{}\n", content[:-1], b"\n" + content, content[: len(content) // 2]):
        assert checked(damaged, key) != "verified"
    changed = content.replace(b'"watchlist_size":3', b'"watchlist_size":2')
    done = run_verifier(changed, tmp_path / "empty")
    assert (done.returncode, done.stderr) == (1, "")
    assert "WRONG part authority: was changed" in done.stdout


def test_lines_swapped_removed_or_doubled_are_found(filled: Engine, notary: Notary, clock: ManualClock) -> None:
    lines = evidence(filled, notary, clock).splitlines(keepends=True)
    key = notary.public_key.hex()

    for at in range(len(lines)):
        without = [*lines[:at], *lines[at + 1 :]]
        doubled = [*lines[:at], lines[at], *lines[at:]]
        swapped = [*lines[:at], *reversed(lines[at : at + 2]), *lines[at + 2 :]]
        for damaged in (without, doubled, *([swapped] if swapped != lines else [])):
            assert checked(b"".join(damaged), key) != "verified", at


def test_evidence_signed_by_somebody_else_is_distinguished_from_the_published_key(
    filled: Engine, notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    content = evidence(filled, notary, clock)
    unsaid = run_verifier(content, tmp_path / "empty")
    other = run_verifier(content, tmp_path / "empty", "--public-key", Notary("other").public_key.hex())

    assert (unsaid.returncode, "NOT VERIFIED  whose file it is" in unsaid.stdout) == (3, True)
    assert "\nVERIFIED" not in unsaid.stdout  # whoever makes one up signs it with a key of their own
    assert other.returncode == 1
    assert "another installation" in other.stdout


def test_no_evidence_without_the_vault_or_of_an_unknown_deployment(
    filled: Engine, notary: Notary, clock: ManualClock
) -> None:
    with pytest.raises(Refused) as caught:
        write_evidence(filled, "nowhere", io.BytesIO(), signer=notary, clock=clock, certificates=[])
    assert caught.value.rule == "deployment.unknown"
    notary.away = True
    with pytest.raises(Retryable):
        evidence(filled, notary, clock)


def test_a_damaged_trail_is_not_handed_out(filled: Engine, notary: Notary, clock: ManualClock) -> None:
    with overwriting(filled) as session:
        session.execute(text("UPDATE audit_entry SET body = replace(body, 'alert:4', 'alert:5') WHERE seq = 5"))

    with pytest.raises(Refused) as caught:
        evidence(filled, notary, clock)
    assert caught.value.rule == "audit.damaged"
    with pytest.raises(Refused, match="entry 5 was changed"):
        export_trail(filled, io.BytesIO(), signer=None, clock=clock)


def test_an_export_verifies_also_filtered_pruned_and_made_while_the_vault_was_away(
    filled: Engine, notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    key = notary.public_key.hex()
    sign_head(filled, notary, clock)
    early = signed_head(notary, 1, entries(filled)[0].hash, clock.now_ns)  # of an entry that goes
    prune(filled, notary, clock, clock.now_ns - 10 * 10**9)
    filtered = io.BytesIO()
    export_trail(filled, filtered, signer=notary, clock=clock, deployment="dep", since_ns=clock.now_ns - 5 * 10**9)
    unsigned = io.BytesIO()
    export_trail(filled, unsigned, signer=None, clock=clock)

    lines = filtered.getvalue().decode().splitlines()
    assert [json.loads(line)["body"]["facts"]["n"] for line in lines if line.startswith('{"body"')] == [7, 8, 10, 11]
    assert checked(filtered.getvalue(), key) == "verified"
    assert json.loads(lines[1])["anchor"]["seq"] == 2
    done = run_verifier(unsigned.getvalue(), tmp_path / "empty", "--public-key", key)
    assert done.returncode == 0
    assert "nobody signed it" in done.stdout
    assert "NOT CHECKED  the newest 1 entries" in done.stdout  # the pruning's own
    kept = tmp_path / "kept.json"
    kept.write_bytes(early.as_file())
    uncompared = run_verifier(unsigned.getvalue(), tmp_path / "empty", "--public-key", key, "--against", str(kept))
    assert (uncompared.returncode, "NOT VERIFIED  against the kept head" in uncompared.stdout) == (3, True)
    missing = b"".join(line for line in unsigned.getvalue().splitlines(keepends=True) if b'"seq":4' not in line)
    assert checked(missing, key) != "verified"


def test_signatures_of_an_earlier_version_verify_and_are_told_apart(
    filled: Engine, notary: Notary, clock: ManualClock, tmp_path: Path
) -> None:
    key = notary.public_key.hex()

    class Earlier(Notary):
        def sign(self, kind: SignatureKind, message: bytes) -> Signature:
            is_certificate = kind is SignatureKind.CERTIFICATE
            return self.sign_untyped(untyped_message(sha256(message).hexdigest()) if is_certificate else message)

    now = run_verifier(evidence(filled, notary, clock), tmp_path / "empty", "--public-key", key)
    old = run_verifier(evidence(filled, Earlier(), clock), tmp_path / "empty", "--public-key", key)

    taken = run_verifier(evidence(filled, Earlier(), clock), tmp_path / "empty", "--public-key", key, "--old-form")

    assert (now.returncode, old.returncode, taken.returncode) == (0, 3, 0)
    assert "OLD FORM" not in now.stdout
    assert "OLD FORM  2 signatures" in old.stdout


@pytest.mark.parametrize("kind", SignatureKind)
def test_a_signature_of_another_kind_is_wrong(
    filled: Engine, notary: Notary, clock: ManualClock, kind: SignatureKind
) -> None:
    class Elsewhere(Notary):
        def sign(self, wanted: SignatureKind, message: bytes) -> Signature:  # always the same
            return super().sign(kind, message)

    found = checked(evidence(filled, Elsewhere(), clock), notary.public_key.hex())

    assert found.startswith("wrong: ")


def test_evidence_with_certificates_of_another_deployment_doubled_or_out_of_order_is_wrong(
    filled: Engine, notary: Notary, clock: ManualClock
) -> None:
    """Also where the vault was made to sign it: whoever holds its keys, or a vault of an earlier version."""
    key = notary.public_key.hex()
    first = certificate(notary, 4)
    second = certificate(notary, 5, previous=first.digest)
    for kept, found in (
        ([first, second], "verified"),
        ([first, certificate(notary, 9)], "verified"),  # those between are other deployments'
        ([certificate(notary, 4, "other")], "wrong: certificate 4 is of another deployment"),
        ([first, first], "wrong: certificate 4 doesn't follow 4"),
        ([second, first], "wrong: certificate 4 doesn't follow 5"),
        ([first, certificate(notary, 5)], "wrong: certificate 5 doesn't follow 4"),
    ):
        assert checked(evidence(filled, notary, clock, kept), key) == found
