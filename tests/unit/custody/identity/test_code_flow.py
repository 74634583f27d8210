"""The answer that a browser brings back is taken only if it is the one to this login."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from lfr_core.common.errors import Refused
from lfr_core.custody.identity.code_flow import LoginRequest
from lfr_core.custody.identity.discovery import Endpoints
from tests.support.identity import ISSUER, a_provider

BACK = "http://127.0.0.1:4221/callback"
ENDPOINTS = Endpoints(f"{ISSUER}/authorize", f"{ISSUER}/token", f"{ISSUER}/keys")


@pytest.fixture
def request_() -> LoginRequest:
    return LoginRequest.begin(a_provider(), BACK, "the nonce")


def answer(request: LoginRequest, **changes: str) -> str:
    return f"{BACK}?{urlencode({'code': 'c0de', 'state': request.state} | changes)}"


def refusal(request: LoginRequest, text: str) -> str:
    with pytest.raises(Refused) as caught:
        request.code_in(text)
    return caught.value.rule


def test_the_address_asks_for_the_subject_alone_and_for_the_password_anew(request_: LoginRequest) -> None:
    asked = {name: value for name, (value,) in parse_qs(urlsplit(request_.address(ENDPOINTS)).query).items()}
    digest = hashlib.sha256(request_.verifier.encode()).digest()

    assert asked == {
        "response_type": "code",
        "client_id": "openlfr-cli",
        "redirect_uri": BACK,
        "scope": "openid",
        "state": request_.state,
        "nonce": "the nonce",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "prompt": "login",
    }


def test_a_provider_that_names_groups_only_when_asked_is_asked_where_a_group_is_required() -> None:
    asked = [
        parse_qs(urlsplit(LoginRequest.begin(provider, BACK, "n").address(ENDPOINTS)).query)["scope"]
        for provider in (a_provider(group_scope="groups"), a_provider(group_scope="groups", required_group="lfr"))
    ]

    assert asked == [["openid"], ["openid groups"]]


def test_no_two_logins_share_a_secret() -> None:
    made = [LoginRequest.begin(a_provider(), BACK, "n") for _ in range(50)]

    assert len({each.state for each in made} | {each.verifier for each in made}) == 100
    assert all(43 <= len(each.verifier) <= 128 for each in made)  # RFC 7636, 4.1


def test_the_answer_to_this_login_is_taken_whole_or_as_its_path_or_as_the_bare_code(request_: LoginRequest) -> None:
    whole = answer(request_)

    assert [request_.code_in(text) for text in (whole, f" {whole}\n", whole.removeprefix(BACK), "c0de")] == ["c0de"] * 4


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"state": "another"}, "login.answer"),
        ({"state": ""}, "login.answer"),
        ({"iss": "https://login.example.org"}, "login.answer"),
        ({"code": ""}, "login.answer"),
        ({"code": "c\x00de"}, "login.answer"),
        ({"error": "access_denied"}, "login.refused"),
    ],
    ids=str,
)
def test_another_answer_is_refused(request_: LoginRequest, changes: dict[str, str], rule: str) -> None:
    assert refusal(request_, answer(request_, **changes)) == rule


@pytest.mark.parametrize(
    "text", ["", " ", "c de", "\ud800", "x" * 5_000, "?", "http://[", "http://[?a=b", BACK], ids=len
)
def test_what_is_no_answer_is_refused(request_: LoginRequest, text: str) -> None:
    assert refusal(request_, text) == "login.answer"


def test_a_state_or_code_that_is_given_twice_is_refused(request_: LoginRequest) -> None:
    assert refusal(request_, f"{answer(request_)}&state={request_.state}") == "login.answer"
    assert refusal(request_, f"{answer(request_)}&code=other") == "login.answer"
