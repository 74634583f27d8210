"""What the embedded identity server is given: its folder, its secrets, made once, and its settings, written anew.

Everything lies in `identity` in the home folder, which is closed to others. Nothing is a default: a secret is drawn at
the first start.
"""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from typing import Any

from joserfc.jwk import RSAKey

from lfr_core.common.errors import Fatal
from lfr_core.common.files import open_atomic
from lfr_core.common.known_passwords import refuse_known_password
from lfr_core.common.owned_file import make_owned_once, read_owned
from lfr_core.common.project import PROJECT
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.provider import provider_of
from lfr_core.domain.policy_sections import AccessPolicy

__all__ = ["HOST_SCRIPT", "config_file", "identity_folder", "server_python", "staff_secret", "write_config"]

HOST_SCRIPT = PROJECT / "infra" / "identity" / "embedded.py"
_KEY_BITS = 3072
_SECRET_BYTES = 32
_MOST_BYTES = 20_000
_REMEDY = "stop the platform, delete the file and start again: everybody logs in anew"


def identity_folder(settings: Settings) -> Path:
    """Return the identity server's folder."""
    return settings.home.resolve() / "identity"


def config_file(settings: Settings) -> Path:
    """Return the file of settings that the identity server is started with."""
    return identity_folder(settings) / "config.json"


def server_python(settings: Settings) -> Path:
    """Return the interpreter of the identity server's own environment.

    Raises:
        Fatal: there is none.
    """
    ours = f"identity-{sys.version_info.major}.{sys.version_info.minor}"  # as in scripts/steps.py
    python = settings.cache.absolute() / ours / "bin" / "python"
    if not python.exists():
        raise Fatal(
            "the identity server isn't installed: `make setup` does it. Or set LFR_OIDC_ISSUER to your force's provider"
        )
    return python


def staff_secret(settings: Settings) -> str:
    """Return the secret of the staff's pages at the provider of these settings.

    Raises:
        Fatal: none is set for a provider elsewhere; or the file isn't ours alone, or holds nothing usable.
        Retryable: the embedded provider's can't be made.
    """
    if provider_of(settings).is_embedded:
        return str(_secrets(settings)["staff_secret"])
    file = settings.oidc_client_secret_file
    if file is None:
        raise Fatal("set LFR_OIDC_CLIENT_SECRET_FILE to the file with the client's secret, mode 0600")
    remedy = "write the client's secret into it, mode 0600"
    try:
        secret = read_owned(file, _MOST_BYTES, remedy).decode().strip()
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise Fatal(f"{file} can't be read: {remedy}") from error
    if not secret.isprintable() or len(secret) < 16:  # shorter ones are defaults and words
        raise Fatal(f"{file} holds no secret of 16 characters or more: {remedy}")
    refuse_known_password(settings.oidc_client_id, secret, str(file))
    return secret


def write_config(settings: Settings, access: AccessPolicy) -> Path:
    """Write the server's settings, 0600, and return the file.

    Raises:
        Fatal, Retryable: a secret is damaged or can't be made, or the file can't be written.
    """
    folder, kept, provider = identity_folder(settings), _secrets(settings), provider_of(settings)
    address = provider.issuer.removeprefix("http://")
    # where Streamlit has browsers sent after a login, and after a logout too
    back = [f"{page}/oauth2callback" for page in settings.page_addresses]
    config = {
        "secret_key": kept["secret_key"],
        "signing_key": kept["signing_key"],
        "database": str(folder / "accounts.sqlite3"),
        "address": address,
        "page": settings.page_addresses[0],
        "page_hosts": list(settings.page_hosts),
        "second_factor": access.second_factor,
        "clients": [
            {
                "client_id": provider.client_id,
                "client_name": "OpenLFR at a terminal",
                "client_secret": None,
                "client_uri": provider.issuer,
                "redirect_uris": [provider.redirect_uri(port) for port in provider.login_ports],
                "post_logout_redirect_uris": [],
            },
            {
                "client_id": provider.staff_client_id,
                "client_name": "OpenLFR",
                "client_secret": kept["staff_secret"],
                "client_uri": provider.issuer,
                "redirect_uris": back,
                "post_logout_redirect_uris": back,
            },
        ],
    }
    file = config_file(settings)
    with open_atomic(file) as out:
        out.write(json.dumps(config, indent=1).encode())
    return file


def _secrets(settings: Settings) -> dict[str, Any]:
    """Return what is drawn once. Raises Fatal, Retryable."""
    file = identity_folder(settings) / "secrets.json"
    if not file.exists():
        key = RSAKey.generate_key(_KEY_BITS, auto_kid=True).as_dict(private=True)
        drawn = {
            "secret_key": secrets.token_urlsafe(_SECRET_BYTES),
            "staff_secret": secrets.token_urlsafe(_SECRET_BYTES),
            "signing_key": key,
        }
        make_owned_once(file, json.dumps(drawn).encode())
    try:
        found = json.loads(read_owned(file, _MOST_BYTES, _REMEDY))
        if {name: type(found[name]) for name in found} != {"secret_key": str, "staff_secret": str, "signing_key": dict}:
            raise TypeError
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise Fatal(f"{file} is damaged: {_REMEDY}") from error
    return dict(found)
