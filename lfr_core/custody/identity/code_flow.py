"""Logs in with a code and PKCE (RFC 6749 4.1, RFC 7636, RFC 9207), as a program on a person's own machine does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, urlencode

from lfr_core.common.errors import Refused
from lfr_core.custody.identity.discovery import Endpoints
from lfr_core.custody.identity.fetching import fetch_json
from lfr_core.custody.identity.provider import IdentityProvider

__all__ = ["LoginRequest", "redeem_code"]

_LONGEST_ANSWER = 4_000  # characters of an address to come back to
_CODE = re.compile(r"[\x21-\x7e]{1,2000}")


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """One login under way. What it holds is secret until the token is there."""

    provider: IdentityProvider
    redirect_uri: str
    nonce: str
    state: str
    verifier: str

    @classmethod
    def begin(cls, provider: IdentityProvider, redirect_uri: str, nonce: str) -> Self:
        """Begin a login that comes back to `redirect_uri`; the token must hold `nonce`."""
        return cls(provider, redirect_uri, nonce, secrets.token_urlsafe(32), secrets.token_urlsafe(64))

    def address(self, endpoints: Endpoints) -> str:
        """Return the address that the person's browser opens."""
        challenge = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.provider.scope,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "prompt": "login",  # never somebody whom the browser still knows
        }
        return f"{endpoints.authorization}{'&' if '?' in endpoints.authorization else '?'}{urlencode(asked)}"

    def code_in(self, answer: str) -> str:
        """Return the code in the address that the browser came back to, or the code itself where one was pasted.

        Raises:
            Refused: `login.refused`: the provider said no; `login.answer`: it is no answer to this login.
        """
        text = answer.strip()
        if len(text) > _LONGEST_ANSWER:
            raise _no_answer()
        if "?" not in text and "://" not in text:  # PKCE and the nonce hold a code to this login
            return _checked(text)
        found = {name: each[0] for name, each in parse_qs(text.partition("?")[2]).items() if len(each) == 1}
        if not hmac.compare_digest(found.get("state", "").encode(), self.state.encode()):
            raise _no_answer()
        if found.get("iss", self.provider.issuer) != self.provider.issuer:
            raise Refused("login.answer", "another identity provider answered than the one asked: log in again")
        if "error" in found:
            raise Refused("login.refused", "the identity provider didn't log you in: try again")
        return _checked(found.get("code", ""))


def redeem_code(request: LoginRequest, endpoints: Endpoints, code: str) -> str:
    """Exchange the code for the ID token, not yet verified.

    Raises:
        Refused: `login.refused`: the code is used, too old or another login's; `login.provider`.
        Retryable: as `fetch_json`.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": request.redirect_uri,
        "client_id": request.provider.client_id,
        "code_verifier": request.verifier,
    }
    token = fetch_json(endpoints.token, request.provider, form=form).get("id_token")
    if not isinstance(token, str):
        raise Refused(
            "login.provider",
            f"the identity provider gave no ID token: is scope {request.provider.scope} allowed to us?",
        )
    return token


def _checked(code: str) -> str:
    if not _CODE.fullmatch(code):
        raise _no_answer()
    return code


def _no_answer() -> Refused:
    return Refused("login.answer", "that is no answer to this login: begin again with `lfr login`")
