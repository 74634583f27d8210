"""Finds the login for Prefect's server, without which anybody's code would run as the platform.

For the server of `lfr up`: a random secret in a file of the home folder that only its owner may read, made by whoever
needs it first. For a server elsewhere: the file that LFR_PREFECT_AUTH_FILE names, or PREFECT_API_AUTH_STRING.
It is given to processes in their environment, never as an argument, and isn't logged.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

from lfr_core.common.errors import Fatal
from lfr_core.common.files import read_bounded
from lfr_core.common.known_passwords import refuse_known_password
from lfr_core.common.owned_file import make_owned_once
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.provider import is_safe_address

__all__ = ["login_file", "login_of"]

_USER = "openlfr"
_VARIABLE = "PREFECT_API_AUTH_STRING"
_MOST_BYTES = 1024
_FORM = re.compile(r"[\x21-\x39\x3b-\x7e]+:[\x21-\x7e]+")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def login_file(home: Path) -> Path:
    """Return where the secret for our own server lies."""
    return home / "workflows.secret"


def login_of(settings: Settings) -> str:
    """Return `user:password` for the Prefect server of these settings.

    Raises:
        Fatal: the file can't be used: others may read it, it isn't ours, or holds something else; or a server elsewhere
            would be shown no login, a password that everybody knows, or one that the network can read.
        Retryable: it can't be made: the disk is full or the folder isn't writable.
    """
    if not settings.prefect_url:
        return _read_or_make(login_file(settings.home))
    if not is_safe_address(settings.prefect_url):
        raise Fatal(
            "LFR_PREFECT_URL is on another machine, not encrypted: whoever is on that network would learn its login, "
            "and run code as the platform. Put TLS before that server and write https:// (http://127.0.0.1 for one of "
            "this machine), without a login in the address"
        )
    if settings.prefect_auth_file is not None:
        where = str(settings.prefect_auth_file)
        login = _read(settings.prefect_auth_file, "write USER:PASSWORD of that server into it, mode 0600")
    else:
        where, login = _VARIABLE, os.environ.get(_VARIABLE, "")
    if not _FORM.fullmatch(login):
        raise Fatal(
            "LFR_PREFECT_URL names a server that would be shown no login, so that anybody could run code as the "
            "platform: set PREFECT_SERVER_API_AUTH_STRING there, and here LFR_PREFECT_AUTH_FILE, a file of mode 0600 "
            "with USER:PASSWORD"
        )
    user, _, password = login.partition(":")
    refuse_known_password(user, password, where)
    return login


def _read_or_make(file: Path) -> str:
    if not file.exists():
        make_owned_once(file, f"{_USER}:{secrets.token_urlsafe(32)}\n".encode())
    return _read(file, "stop the platform, delete the file and start again: another is made")


def _read(file: Path, remedy: str) -> str:
    try:
        status = file.stat()
        text = read_bounded(file, _MOST_BYTES).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it isn't text"
        raise Fatal(f"{file} can't be read: {why}. {remedy[0].upper()}{remedy[1:]}.") from error
    if status.st_mode & _OTHERS or status.st_uid != os.getuid():
        raise Fatal(f"{file} may be read by others, who may know what it holds: {remedy}.")
    if not _FORM.fullmatch(text):
        raise Fatal(f"{file} doesn't hold USER:PASSWORD: {remedy}.")
    return text
