"""Which identity provider says who somebody is: the embedded one, or the force's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from lfr_core.common.addresses import is_loopback
from lfr_core.common.errors import Fatal, Refused
from lfr_core.common.settings import Settings

__all__ = ["IdentityProvider", "check_group", "is_safe_address", "provider_of"]


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """An OpenID Connect provider, and what it calls us."""

    issuer: str
    """As its tokens name it: compared letter by letter."""
    client_id: str
    """The command line, a public client."""
    staff_client_id: str
    """The staff's pages, which have a secret."""
    login_ports: tuple[int, ...]
    """Loopback ports that are registered as addresses to come back to."""
    is_embedded: bool
    ca_file: Path | None = field(default=None)
    required_group: str = ""
    """What the claim `groups` must name; empty: nothing is asked of it."""
    group_scope: str = ""
    """What it must be asked for before its tokens have that claim."""

    @property
    def own_port(self) -> int | None:
        """The loopback port where the embedded provider listens; None for the force's own, wherever it is."""
        return urlsplit(self.issuer).port if self.is_embedded else None

    @property
    def scope(self) -> str:
        """What is asked of it: the subject alone, and the required group. Names and roles are our register's."""
        return " ".join(filter(None, ("openid", self.group_scope if self.required_group else "")))

    def redirect_uri(self, port: int) -> str:
        """Return the registered address to come back to (RFC 8252, 7.3: the loopback's number, never a name)."""
        return f"http://127.0.0.1:{port}/callback"


def provider_of(settings: Settings) -> IdentityProvider:
    """Return the provider of these settings.

    Raises:
        Fatal: LFR_OIDC_ISSUER is no https address (or http on this machine).
    """
    issuer = settings.oidc_issuer or f"http://127.0.0.1:{settings.identity_port}"
    if not is_safe_address(issuer) or urlsplit(issuer).query or urlsplit(issuer).fragment:
        raise Fatal("LFR_OIDC_ISSUER must be an https address, as https://login.example.police.uk/realms/staff")
    return IdentityProvider(
        issuer=issuer,
        client_id=settings.oidc_cli_client_id,
        staff_client_id=settings.oidc_client_id,
        login_ports=settings.login_ports,
        is_embedded=not settings.oidc_issuer,
        ca_file=settings.oidc_ca_file,
        required_group=settings.oidc_required_group if settings.oidc_issuer else "",
        group_scope=settings.oidc_group_scope,
    )


def check_group(provider: IdentityProvider, claims: Mapping[str, object]) -> None:
    """Check that the provider counts the account to the group it must be of. What somebody may do is the register's.

    Raises:
        Refused: `login.group`.
    """
    named = claims.get("groups")
    listed = named if isinstance(named, list) else [named]
    if provider.required_group and provider.required_group not in listed:
        raise Refused("login.group", f"your account isn't of the group {provider.required_group}: ask your force's IT")


def is_safe_address(address: str) -> bool:
    """Return whether nobody reads or changes what is sent there: https, or http to this machine by its number."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
