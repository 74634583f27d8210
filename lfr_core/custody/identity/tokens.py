"""Reads ID tokens: believed is only one that the provider signed, for us, for this login, and now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import KeySet

from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.identity.provider import IdentityProvider, check_group

__all__ = ["LEEWAY_S", "Identity", "is_of_another_key", "verify_id_token", "verify_shown_token"]

LEEWAY_S: Final = 30
"""Seconds by which the provider's clock may differ from ours."""
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
"""Signatures by a key pair only: never `none`, never a shared secret."""
_LONGEST_TOKEN: Final = 16_000  # characters
_LONGEST_SUBJECT: Final = 255  # OpenID Connect Core, 2
_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider says it has in front of it. `issuer` and `subject` together are one account for ever."""

    issuer: str
    subject: str
    issued_at: datetime
    """Aware; when the login was."""
    token: str = field(default="", repr=False, compare=False)
    """What the provider signed, which is shown to the vault."""


def verify_id_token(
    token: str,
    keys: KeySet,
    provider: IdentityProvider,
    *,
    nonce: str,
    now_ns: int,
    session_s: float | None = None,
) -> Identity:
    """Check an ID token (OpenID Connect Core, 3.1.3.7) and return whom it names.

    Args:
        token: as it came.
        keys: the provider's, as it publishes them now.
        provider: who must have made it, and for which client.
        nonce: what this login, or the session's, was begun with.
        now_ns: nanoseconds since the epoch.
        session_s: how long the login counts, where it was verified at login already; the token's own end, minutes
            later, is for that first time.

    Raises:
        Refused: `login.token`, or `login.expired`: log in again.
    """
    return _verify(
        token, keys, provider, nonce=nonce, audiences={provider.client_id}, now_ns=now_ns, session_s=session_s
    )


def verify_shown_token(
    token: str, keys: KeySet, provider: IdentityProvider, *, now_ns: int, session_s: float
) -> Identity:
    """Check an ID token that a process of ours shows, of a login at the command line or at the pages.

    Which process began the login is that process's to check (nonce). Raises as `verify_id_token`.
    """
    ours = {provider.client_id, provider.staff_client_id}
    return _verify(token, keys, provider, nonce=None, audiences=ours, now_ns=now_ns, session_s=session_s)


def is_of_another_key(token: str, keys: KeySet) -> bool:
    """Return whether what is written as a token names none of these keys as the one that it is signed with."""
    try:
        if len(token) > _LONGEST_TOKEN:
            return False
        named = jws.extract_compact(token.encode()).headers().get("kid")
    except (JoseError, ValueError, TypeError):
        return False
    return named not in {key.kid for key in keys.keys}


def _verify(
    token: str,
    keys: KeySet,
    provider: IdentityProvider,
    *,
    nonce: str | None,
    audiences: Collection[str],
    now_ns: int,
    session_s: float | None,
) -> Identity:
    now = now_ns / _NS
    try:
        if len(token) > _LONGEST_TOKEN:
            raise Refused("login.token", "the provider's token is longer than any of a person")
        claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
        _check(claims, provider, nonce, audiences, now, with_end=session_s is None)
        check_group(provider, claims)
        issued_at = float(claims["iat"])
        if session_s is not None and not issued_at - LEEWAY_S <= now < issued_at + session_s:
            raise ExpiredTokenError("exp")
        return Identity(provider.issuer, _subject(claims), utc_from_ns(int(issued_at * _NS)), token)
    except ExpiredTokenError as error:
        raise Refused("login.expired", "the login is over: `lfr login`") from error
    except (JoseError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise Refused(
            "login.token", f"the provider's token isn't believed ({type(error).__name__}: {error}): log in again"
        ) from error


def _check(
    claims: Mapping[str, Any],
    provider: IdentityProvider,
    nonce: str | None,
    audiences: Collection[str],
    now: float,
    *,
    with_end: bool,
) -> None:
    registry = jwt.JWTClaimsRegistry(
        now=int(now),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "values": sorted(audiences)},
        sub={"essential": True},
        iat={"essential": True},
        exp={"essential": True},
        nonce={"essential": True} if nonce is None else {"essential": True, "value": nonce},
    )
    wanted = dict(claims)
    if not with_end and isinstance(wanted.get("exp"), int | float):
        wanted["exp"] = int(now) + 1
    registry.validate(wanted)
    if nonce is not None and claims["nonce"] != nonce:  # joserfc takes a list that holds it too
        raise ValueError("it was made for another login")
    audience = claims["aud"]
    is_for_several = isinstance(audience, list) and len(audience) > 1
    if (is_for_several or "azp" in claims) and claims.get("azp") not in audiences:
        raise ValueError("it was made for another client")


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise ValueError("it names nobody")
    return subject
