"""A vault signs what its records and its keystore bear out, and nothing that somebody made up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, update
from sqlmodel import col, select

from apps.vault.signing import signing_checks
from lfr_core.common.clock import SystemClock
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.signed import Anchor, Head
from lfr_core.custody.vault.signing import NOT_SIGNED
from lfr_core.domain.policy import load_policy
from lfr_core.domain.signatures import SignatureForm, SignatureKind, find_form
from lfr_core.publication.site.manifest import canonical as site_bytes
from lfr_core.retention.erasure.canary import DataClass
from lfr_core.retention.erasure.certificate import Certificate, canary_line, vouched_with
from lfr_core.retention.erasure.destruction_log import ClassDestruction
from lfr_core.retention.erasure.verify import CanaryFinding, Verdict
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.audit import AuditEntryRow
from tests.support.overwriting import overwriting
from tests.support.signing_home import DAY_NS, Home, signing_home

FORCE = load_policy().force.model_copy(
    update=dict.fromkeys(type(load_policy().force).model_fields, "here") | {"name": "Norfolk Constabulary"}
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with signing_home(tmp_path) as home:
        yield home


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One for all that is refused, which leaves nothing behind; the canary's key is destroyed."""
    with signing_home(tmp_path_factory.mktemp("refusing")) as home:
        home.core.keystore.destroy((home.canary.key_id,))
        yield home


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


def _destroyed(home: Home, **changes: object) -> tuple[ClassDestruction, ...]:
    return tuple(each.model_copy(update=changes) for each in home.certificate().destroyed)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: {"number": 2},
        lambda _: {"previous": "00" * 32},
        lambda _: {"issued_ns": SystemClock().time_ns() + DAY_NS},
        lambda _: {"issued_ns": SystemClock().time_ns() - DAY_NS},
        lambda _: {"canaries": ()},
        lambda home: {"destroyed": _destroyed(home, keys=9)},
        lambda home: {"destroyed": _destroyed(home, left={})},
        lambda home: {"destroyed": _destroyed(home, latest_after_due_ms=7)},
        lambda _: {"destroyed": ()},
        lambda _: {"without_canary": ()},
        lambda _: {"without_canary": tuple(DataClass)},
        lambda _: {"vouched": "The vault saw it all."},
        lambda _: {"vouched": vouched_with(tpm=True)},  # it has none
        lambda home: {"canaries": (canary_line(home.canary.model_copy(update={"planted_ns": 1}), ("c1",)),)},
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
def test_a_passed_certificate_that_somebody_made_up_is_refused_a_signature(refusing: Home, change: object) -> None:
    assert callable(change)
    assert refusing.rule(SignatureKind.CERTIFICATE, _bytes(refusing.certificate(**change(refusing)))) == NOT_SIGNED


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
                "documents/0000000000000000.pdf", "cy/data/x", "cy/cy/index.html", "cy/x.js", "CY/index.html",
                "cy/deployments/made-up.html", "welsh/index.html",
            )
        ),
    ],
)  # fmt: skip
def test_a_site_of_another_force_time_place_or_of_what_is_not_public_is_refused_a_signature(
    refusing: Home, change: dict[str, object]
) -> None:
    assert refusing.vault.sign(SignatureKind.SITE, _site(refusing)).signature
    assert refusing.rule(SignatureKind.SITE, _site(refusing, **change)) == NOT_SIGNED


def test_a_site_in_another_language_has_each_of_its_pages_and_no_other_file(refusing: Home) -> None:
    first = {"index.html": "00" * 32, "contact.html": "33" * 32, "data/records.csv": "11" * 32}
    second = {"cy/index.html": "22" * 32, "cy/contact.html": "44" * 32}

    assert refusing.vault.sign(SignatureKind.SITE, _site(refusing, files=first | second)).signature
    for wrong in (
        {"cy/index.html": "22" * 32},
        *(second | {name: "55" * 32} for name in ("cy/other.html", "cy/x.css")),
    ):
        assert refusing.rule(SignatureKind.SITE, _site(refusing, files=first | wrong)) == NOT_SIGNED


def test_no_site_is_signed_while_the_force_has_not_filled_in_who_it_is(home: Home) -> None:
    made = _site(home, force=load_policy().force.name)
    home.core.signing.allow(signing_checks(home.core, home.engine, load_policy(), SystemClock()))
    assert home.rule(SignatureKind.SITE, made) == NOT_SIGNED
