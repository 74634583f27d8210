"""Who speaks to the broker, and with which login.

The embedded broker's logins are drawn at its first start, a file of mode 0600 for each user (`login_folder`); they are
in no arguments, environments or logs. A cluster's are its administrator's: the same files, in the folder that
`LFR_KAFKA_LOGINS` names. What each user may do: `streams.broker.rights`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lfr_core.common.errors import Fatal, Retryable
from lfr_core.common.known_passwords import refuse_known_password
from lfr_core.common.owned_file import make_owned_once, read_owned

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings

__all__ = ["BROKER_LOGIN", "BrokerLogin", "User", "login_folder", "make_logins", "parse_login", "read_login"]

BROKER_LOGIN: Final = "broker"
"""The embedded broker's own login, at its controller."""
_LONGEST_LOGIN = 4_096


class User(StrEnum):
    """A kind of process that speaks to the broker."""

    ADMINISTRATION = "administration"
    """`lfr up` makes topics and rights. The embedded broker's super user."""
    CAMERA = "camera"
    RECOGNISE = "recognise"
    RECORD = "record"
    WATCH = "watch"
    """Sends live probes; the self-test too."""
    ERASURE = "erasure"
    """Injects canaries."""
    RETENTION = "retention"
    """Deletes what is due, and says what waits; reads no record."""


@dataclass(frozen=True, slots=True)
class BrokerLogin:
    """A user's name and password at the broker."""

    name: str
    password: str

    def __repr__(self) -> str:
        return f"<BrokerLogin {self.name}>"


def login_folder(settings: Settings) -> Path:
    """Return where the logins lie: the cluster's, or those of the broker that `lfr up` starts."""
    return settings.kafka_logins or settings.home / "kafka-logins"


def make_logins(folder: Path) -> dict[str, BrokerLogin]:
    """Return the embedded broker's logins, drawn at the first call: each user's, and the broker's own.

    Raises:
        Fatal: a file there isn't ours alone.
        Retryable: they can't be written.
    """
    for name in (BROKER_LOGIN, *User):
        make_owned_once(folder / name, f"{name}:{secrets.token_urlsafe(32)}\n".encode())
    return {name: read_login(folder / name) for name in (BROKER_LOGIN, *User)}


def read_login(file: Path) -> BrokerLogin:
    """Read the login in a file, `NAME:PASSWORD`.

    Raises:
        Fatal: it isn't this user's alone, or holds no login.
        Retryable: there is none (yet).
    """
    try:
        text = read_owned(file, _LONGEST_LOGIN, "close it to others (chmod 600), or have a new login made").decode()
    except FileNotFoundError as error:
        raise Retryable(
            f"there is no login {file}: `lfr up` makes those of its own broker; for a cluster put NAME:PASSWORD there"
        ) from error
    except UnicodeDecodeError as error:
        raise Fatal(f"{file} isn't text: write NAME:PASSWORD into it") from error
    return parse_login(text, str(file))


def parse_login(text: str, where: str) -> BrokerLogin:
    """Read `NAME:PASSWORD`. Raises Fatal when it isn't one, or is everybody's; what it holds isn't in the message."""
    name, _, password = text.strip().partition(":")
    if not name or not password or len(text.strip().splitlines()) != 1:
        raise Fatal(f"{where} holds no login: one line, NAME:PASSWORD")
    refuse_known_password(name, password, where)
    return BrokerLogin(name, password)
