"""What Streamlit's login on the staff's pages is given: provider, our client there, a secret for its cookies."""

from __future__ import annotations

import secrets
from typing import Any

from lfr_core.common.errors import Fatal
from lfr_core.common.owned_file import make_owned_once, read_owned
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.embedded import identity_folder, staff_secret
from lfr_core.custody.identity.fetching import ANSWER_S
from lfr_core.custody.identity.provider import provider_of

__all__ = ["cookie_secret", "page_auth"]

_SECRET_BYTES = 32
_MOST_BYTES = 200
_REMEDY = "delete it and start again: everybody logs in anew"


def page_auth(settings: Settings) -> dict[str, Any]:
    """Return Streamlit's `[auth]` section for the pages under the first of their addresses.

    Raises:
        Fatal: the client's secret or the cookies' can't be used, or LFR_OIDC_ISSUER is no safe address.
        Retryable: a secret can't be made.
    """
    provider = provider_of(settings)
    client: dict[str, Any] = {
        "scope": provider.scope,
        "prompt": "login",  # never somebody whom the provider still knows
        "code_challenge_method": "S256",  # PKCE, whether or not the provider speaks of it
        "trust_env": False,  # no proxy
        "timeout": ANSWER_S,
    }
    if provider.ca_file is not None:
        client["verify"] = str(provider.ca_file)
    return {
        "redirect_uri": f"{settings.page_addresses[0]}/oauth2callback",
        "cookie_secret": cookie_secret(settings),
        "client_id": provider.staff_client_id,
        "client_secret": staff_secret(settings),
        "server_metadata_url": f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration",
        "client_kwargs": client,
        "expose_tokens": ["id"],  # to this process, which shows it to the vault
    }


def cookie_secret(settings: Settings) -> str:
    """Return what the pages sign their cookies with, drawn at the first start, 0600. Raises Fatal, Retryable."""
    file = identity_folder(settings) / "page-cookie"
    if not file.exists():
        make_owned_once(file, secrets.token_urlsafe(_SECRET_BYTES).encode())
    try:
        found = read_owned(file, _MOST_BYTES, _REMEDY).decode().strip()
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise Fatal(f"{file} can't be read: {_REMEDY}") from error
    if len(found) < _SECRET_BYTES:
        raise Fatal(f"{file} holds no secret: {_REMEDY}")
    return found
