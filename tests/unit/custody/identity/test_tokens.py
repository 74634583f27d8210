"""An ID token is believed only if the provider signed it, for us, for this login, and now."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, KeySet

from lfr_core.common.errors import Refused
from lfr_core.custody.identity.discovery import read_keys
from lfr_core.custody.identity.tokens import LEEWAY_S, Identity, verify_id_token
from tests.support.identity import ISSUER, Signer, a_provider, claims_of

NOW_S = 1_800_000_000
SIGNER = Signer()


def verified(
    token: str, *, keys: KeySet | None = None, at_s: float = NOW_S, session_s: float | None = None
) -> Identity:
    return verify_id_token(
        token, keys or SIGNER.keys, a_provider(), nonce="n", now_ns=int(at_s * 1e9), session_s=session_s
    )


def refused(token: str, **given: Any) -> str:
    with pytest.raises(Refused) as caught:
        verified(token, **given)
    return caught.value.rule


def test_a_good_token_names_issuer_and_subject_and_nothing_else() -> None:
    identity = verified(SIGNER.sign(claims_of(NOW_S, name="C. Adeyemi", groups=["admin"])))

    assert (identity.issuer, identity.subject, identity.issued_at.timestamp()) == (ISSUER, "7f0c", NOW_S)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://login.example.test"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"aud": "openlfr-staff"},
        {"aud": []},
        {"aud": None},
        {"aud": ["openlfr-cli", "somebody-else"]},
        {"aud": ["openlfr-cli", "somebody-else"], "azp": "somebody-else"},
        {"azp": "somebody-else"},
        {"azp": ["openlfr-cli"]},
        {"nonce": "m"},
        {"nonce": None},
        {"nonce": ["n"]},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": None},
        {"iat": NOW_S + LEEWAY_S + 60},
        {"iat": float("nan")},
        {"nbf": NOW_S + LEEWAY_S + 60},
        {"sub": None},
        {"sub": ""},
        {"sub": 4711},
        {"sub": "a" * 256},
        {"sub": "a" * 10**6},
        {"sub": "a\nb"},
    ],
    ids=str,
)
def test_a_token_with_a_wrong_claim_is_refused(changes: dict[str, Any]) -> None:
    assert refused(SIGNER.sign(claims_of(NOW_S, **changes))) == "login.token"


def test_a_token_for_several_clients_counts_if_it_was_made_for_us() -> None:
    both = claims_of(NOW_S, aud=["openlfr-cli", "somebody-else"], azp="openlfr-cli")

    assert verified(SIGNER.sign(both)).subject == "7f0c"


def test_a_token_that_is_over_is_refused_but_for_the_leeway_of_clocks() -> None:
    token = SIGNER.sign(claims_of(NOW_S))

    assert verified(token, at_s=NOW_S + 300 + LEEWAY_S - 1).subject == "7f0c"
    assert refused(token, at_s=NOW_S + 300 + LEEWAY_S) == "login.expired"


def test_a_session_ends_by_the_time_that_the_provider_signed_whatever_else_is_written() -> None:
    token = SIGNER.sign(claims_of(NOW_S))

    assert verified(token, at_s=NOW_S + 3599, session_s=3600).subject == "7f0c"
    assert refused(token, at_s=NOW_S + 3600, session_s=3600) == "login.expired"
    assert refused(token, at_s=NOW_S - LEEWAY_S - 1, session_s=3600) == "login.token"


def test_a_token_signed_by_another_key_is_refused() -> None:
    other = Signer()

    assert refused(other.sign(claims_of(NOW_S))) == "login.token"
    assert refused(other.sign(claims_of(NOW_S), kid=SIGNER.key.kid)) == "login.token"


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "claims", "signature"])
def test_a_token_that_was_changed_is_refused(part: int) -> None:
    parts = SIGNER.sign(claims_of(NOW_S)).split(".")
    parts[part] = parts[part][:-5] + ("A" if parts[part][-5] != "A" else "B") + parts[part][-4:]

    assert refused(".".join(parts)) == "login.token"


def test_a_token_without_signature_or_with_one_by_the_public_key_as_a_secret_is_refused() -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    unsigned = f"{part({'alg': 'none'})}.{part(claims_of(NOW_S))}."
    named = f"{part({'alg': 'HS256', 'kid': SIGNER.key.kid})}.{part(claims_of(NOW_S))}"
    public = SIGNER.key.as_pem(private=False)  # joserfc itself refuses to sign with it
    made = hmac.new(public, named.encode(), hashlib.sha256).digest()
    confused = f"{named}.{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"

    assert [refused(unsigned), refused(confused)] == ["login.token", "login.token"]


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "a.b.c.d.e", "\x00", "x" * 20_000], ids=len)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refused(token) == "login.token"


def test_of_the_providers_keys_only_pairs_for_signing_are_used() -> None:
    signing, other = SIGNER.keys.keys[0].as_dict(private=False), ECKey.generate_key("P-256").as_dict(private=False)
    shared = {"kty": "oct", "k": "c2VjcmV0"}

    found = read_keys({"keys": [shared, signing, other | {"use": "enc"}, {"kty": "new"}, "nonsense"]})

    assert [key.key_type for key in found.keys] == ["RSA"]
    unusable: list[dict[str, Any]] = [{}, {"keys": []}, {"keys": [shared]}, {"keys": "x"}, {"keys": [{"kty": "RSA"}]}]
    for none in unusable:
        with pytest.raises(Refused, match="holds none"):
            read_keys(none)


@pytest.mark.parametrize(("groups", "is_in"), [(["staff", "lfr"], True), (["staff"], False), (None, False)])
def test_a_group_may_be_required_beside_the_subject(groups: object, *, is_in: bool) -> None:
    provider, token = a_provider(required_group="lfr"), SIGNER.sign(claims_of(NOW_S, groups=groups))

    def verify() -> Identity:
        return verify_id_token(token, SIGNER.keys, provider, nonce="n", now_ns=NOW_S * 10**9)

    if is_in:
        assert verify().subject == "7f0c"
    else:
        with pytest.raises(Refused, match="isn't of the group lfr"):
            verify()
