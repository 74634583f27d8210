"""Holds the pages' login to what a terminal's is held to: Streamlit and its library believe more of a provider.

They go by the signatures that the provider itself says it makes, `none` among them, and by what it says beside a token
when it gives none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from streamlit.web.server.starlette import starlette_auth_routes

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.custody.identity.discovery import read_endpoints, read_keys
from lfr_core.custody.identity.provider import IdentityProvider
from lfr_core.custody.identity.tokens import verify_id_token

__all__ = ["StrictClient", "make_login_strict"]


class _Client(Protocol):
    """Authlib's client of one provider, as far as Streamlit uses it."""

    client_id: str

    async def load_server_metadata(self) -> dict[str, Any]: ...
    async def fetch_jwk_set(self) -> dict[str, Any]: ...
    async def authorize_redirect(self, request: Request, redirect_uri: str) -> Response: ...
    async def authorize_access_token(self, request: Request) -> dict[str, Any]: ...


def make_login_strict(ours: IdentityProvider, clock: Clock) -> None:
    """Have every login of the pages from now on go by a `StrictClient`. `ours`: the provider that people log in at."""
    make = starlette_auth_routes._create_oauth_client  # noqa: SLF001  it takes no client of ours

    def make_strict(provider: str) -> tuple[Any, str]:
        client, redirect_uri = make(provider)
        return StrictClient(client, ours, clock), redirect_uri

    starlette_auth_routes._create_oauth_client = make_strict  # noqa: SLF001


class StrictClient:
    """Authlib's client, which does nothing before the provider's addresses are safe, and takes only a signed token.

    Every method raises Refused `login.provider` where the provider names another issuer, or an address that isn't safe.
    """

    def __init__(self, client: _Client, provider: IdentityProvider, clock: Clock) -> None:
        self._client = client
        self._provider = provider
        self._clock = clock

    @property
    def client_id(self) -> str:
        """Ours at the provider."""
        return self._client.client_id

    async def load_server_metadata(self) -> dict[str, Any]:
        """Return what the provider says of itself."""
        found = await self._client.load_server_metadata()
        read_endpoints(found, self._provider)
        return found

    async def authorize_redirect(self, request: Request, redirect_uri: str) -> Response:
        """Send the browser to the provider."""
        await self.load_server_metadata()
        return await self._client.authorize_redirect(request, redirect_uri)

    async def authorize_access_token(self, request: Request) -> dict[str, Any]:
        """Exchange the code for a token. Raises Refused also as `verify_id_token`; `login.token`: there is none."""
        await self.load_server_metadata()
        answer = await self._client.authorize_access_token(request)
        token, said = answer.get("id_token"), answer.get("userinfo")
        if not isinstance(token, str) or not isinstance(said, Mapping):
            raise Refused("login.token", "the identity provider gave no token: log in again")
        keys = read_keys(await self._client.fetch_jwk_set())
        # who isn't of the group that somebody must be of is told so on the page
        pages = replace(self._provider, client_id=self._provider.staff_client_id, required_group="")
        # that the nonce is this login's was seen before: the client remembers it
        verify_id_token(token, keys, pages, nonce=str(said.get("nonce")), now_ns=self._clock.time_ns())
        return answer
