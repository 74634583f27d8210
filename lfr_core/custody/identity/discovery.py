"""Finds out where the identity provider does what, and with which keys it signs (OpenID Connect Discovery 1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from lfr_core.common.errors import Refused
from lfr_core.custody.identity.fetching import fetch_json
from lfr_core.custody.identity.provider import IdentityProvider, is_safe_address

__all__ = ["Endpoints", "discover", "fetch_keys", "read_endpoints", "read_keys"]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the provider does what."""

    authorization: str
    token: str
    keys: str


def discover(provider: IdentityProvider) -> Endpoints:
    """Ask the provider where it does what.

    Raises:
        Refused: `login.provider`: it names another issuer, or an address that isn't safe.
        Retryable, Refused: as `fetch_json`.
    """
    return read_endpoints(
        fetch_json(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration", provider), provider
    )


def read_endpoints(found: Mapping[str, Any], provider: IdentityProvider) -> Endpoints:
    """Read what the provider says of itself. Raises Refused `login.provider` as `discover`."""
    if found.get("issuer") != provider.issuer:
        raise Refused("login.provider", f"at {provider.issuer} answers another issuer: mend LFR_OIDC_ISSUER")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    addresses = [found.get(name) for name in names]
    for name, address in zip(names, addresses, strict=True):
        if not isinstance(address, str) or not is_safe_address(address):
            raise Refused("login.provider", f"the identity provider's {name} is no https address")
    return Endpoints(*map(str, addresses))


def fetch_keys(provider: IdentityProvider, endpoints: Endpoints) -> KeySet:
    """Get the keys the provider signs with. Raises as `fetch_json` and `read_keys`."""
    return read_keys(fetch_json(endpoints.keys, provider))


def read_keys(document: dict[str, Any]) -> KeySet:
    """Read a JSON Web Key Set; keys of kinds that we don't know are left out.

    Raises:
        Refused: `login.provider`: it has none that is left.
    """
    listed = document.get("keys")
    usable = [
        key
        for key in (listed if isinstance(listed, list) else [])
        if isinstance(key, dict) and key.get("kty") in {"RSA", "EC", "OKP"} and key.get("use", "sig") == "sig"
    ]
    try:
        found = KeySet.import_key_set({"keys": usable}) if usable else None
    except (JoseError, ValueError, TypeError, KeyError):
        found = None
    if found is None:
        raise Refused("login.provider", "the identity provider's list of keys holds none that can be used")
    return found
