"""How a process of ours reaches Milvus: where, with what login, and by which certificates the server is known.

Milvus Lite, which `lfr up` starts, listens on loopback and knows neither. A Milvus on another machine is reached over
TLS and with a login only: templates pass between it and us.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from lfr_core.common.addresses import is_loopback
from lfr_core.common.errors import Fatal
from lfr_core.common.known_passwords import refuse_known_password
from lfr_core.common.owned_file import read_owned
from lfr_core.common.settings import Settings

__all__ = ["LOGIN_VARIABLE", "MilvusAccess", "milvus_access"]

LOGIN_VARIABLE: Final = "LFR_MILVUS_LOGIN"
"""NAME:PASSWORD of a process that is started by hand or in a container, instead of a file."""
_LONGEST_LOGIN = 1_024
_PORT = 19_530


@dataclass(frozen=True, slots=True)
class MilvusAccess:
    """Where Milvus is, and what is shown to it.

    Raises:
        Fatal: `uri` is none of a Milvus server.
    """

    uri: str
    """http://host:port or https://host:port, without a login."""
    login: str = field(default="", repr=False)
    """NAME:PASSWORD; "" for none."""
    ca_file: Path | None = None
    """Who signed its certificate (PEM); None: whom this machine trusts."""
    own_port: int | None = None
    """Where the Milvus Lite of `lfr up` listens; None for another server."""

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.uri)
            usable = parts.scheme in {"http", "https", "tcp"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise Fatal("LFR_MILVUS_URI is no address of a Milvus server: write http://host:port")
        if parts.username is not None or parts.password is not None:
            raise Fatal("LFR_MILVUS_URI holds a login, which logs would show: write it into LFR_MILVUS_LOGIN_FILE")

    @property
    def where(self) -> str:
        """The address for messages."""
        parts = urlsplit(self.uri)
        return f"{parts.scheme}://{parts.hostname}:{parts.port or _PORT}"

    def options(self) -> dict[str, Any]:
        """Return keywords of pymilvus's client. Certificate and name of a server over https are always checked."""
        options: dict[str, Any] = {"token": self.login} if self.login else {}
        if self.uri.startswith("https:"):
            # pymilvus's name of it: the certificates by which the server is believed; without any, gRPC has its own
            options |= {"secure": True, "server_pem_path": str(self.ca_file or ssl.get_default_verify_paths().cafile)}
        return options


def milvus_access(settings: Settings) -> MilvusAccess:
    """Return the access to these settings' Milvus. Nothing is connected yet.

    Raises:
        Fatal: the settings contradict each other, the login can't be used or is a fresh server's, or templates or a
            password would cross a network unencrypted or unasked.
    """
    if not settings.milvus_uri:
        if settings.milvus_login_file or settings.milvus_ca_file:
            raise Fatal(
                "LFR_MILVUS_LOGIN_FILE and LFR_MILVUS_CA_FILE are for a Milvus of your own: name it in LFR_MILVUS_URI, "
                "or leave them out"
            )
        return MilvusAccess(settings.gallery_uri, own_port=settings.milvus_port)
    access = MilvusAccess(settings.milvus_uri, _login_of(settings), settings.milvus_ca_file)
    is_encrypted = urlsplit(access.uri).scheme == "https"
    if access.ca_file and not is_encrypted:
        raise Fatal("LFR_MILVUS_CA_FILE is given and no TLS is asked for: write https:// in LFR_MILVUS_URI")
    if access.ca_file:
        try:
            ssl.create_default_context(cafile=access.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise Fatal(f"LFR_MILVUS_CA_FILE: {access.ca_file} holds no certificates in PEM: {error}") from error
    if not is_loopback(urlsplit(access.uri).hostname or ""):
        if not is_encrypted:
            raise Fatal(
                f"{access.where} is on another machine, and faces would cross the network unencrypted: switch on TLS "
                "at that Milvus and write https:// in LFR_MILVUS_URI (127.0.0.1 for one of this machine)"
            )
        if not access.login:
            raise Fatal(
                f"{access.where} is on another machine and is shown no login: switch on authorization at that Milvus "
                "and set LFR_MILVUS_LOGIN_FILE"
            )
    return access


def _login_of(settings: Settings) -> str:
    if settings.milvus_login_file is None:
        text, where = os.environ.get(LOGIN_VARIABLE, ""), LOGIN_VARIABLE
        if not text:
            return ""
    else:
        where = str(settings.milvus_login_file)
        try:
            remedy = "close it to others (chmod 600)"
            text = read_owned(settings.milvus_login_file, _LONGEST_LOGIN, remedy).decode().strip()
        except FileNotFoundError as error:
            raise Fatal(f"there is no {where}: LFR_MILVUS_LOGIN_FILE is one line, NAME:PASSWORD, mode 0600") from error
        except UnicodeDecodeError as error:
            raise Fatal(f"{where} isn't text: write NAME:PASSWORD into it") from error
    name, _, password = text.partition(":")
    if not name or not password or len(text.splitlines()) != 1:
        raise Fatal(f"{where} holds no login: one line, NAME:PASSWORD")
    refuse_known_password(name, password, where)
    return text
