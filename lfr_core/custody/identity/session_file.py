"""Keeps a login of the command line in a file of the person's own, and reads it back as if nobody could be trusted.

The file holds the provider's signed token, so that nobody can write one for somebody else: its nonce is made from the
installation and the operating system's user, and is verified at each use (`lfr_core.custody.identity.login`).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from lfr_core.common.errors import Fatal, Refused
from lfr_core.common.files import open_atomic
from lfr_core.common.owned_file import is_own_folder, read_owned

__all__ = ["StoredSession", "forget_session", "new_salt", "nonce_of", "read_session", "session_folder", "write_session"]

_MOST_BYTES = 32_000
_AGAIN = "log in again: `lfr login`"


@dataclass(frozen=True, slots=True)
class StoredSession:
    """One login of one operating system's user at one installation."""

    issuer: str
    client_id: str
    installation: str
    uid: int
    salt: str
    ends_at_ns: int
    """Nanoseconds since the epoch; for people and early refusals. What counts is the token's own time."""
    id_token: str

    @property
    def nonce(self) -> str:
        """What the token must hold."""
        return nonce_of(self.installation, self.uid, self.salt)


def nonce_of(installation: str, uid: int, salt: str) -> str:
    """Bind a login to an installation and a user of the operating system: the provider signs this."""
    return hashlib.sha256(f"{installation}\x1f{uid}\x1f{salt}".encode()).hexdigest()


def new_salt() -> str:
    """Make what tells one login from another."""
    return secrets.token_urlsafe(24)


def session_folder() -> Path:
    """Return where a person's sessions lie: XDG_STATE_HOME, or ~/.local/state."""
    given = os.environ.get("XDG_STATE_HOME", "")
    base = Path(given) if given.startswith("/") else Path.home() / ".local" / "state"
    return base / "openlfr"


def write_session(folder: Path, session: StoredSession) -> Path:
    """Keep the session; one that was there is replaced in one go.

    Raises:
        Fatal: the folder can't be made, is a link, or others may write into it; or the file can't be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Fatal(
            f"{folder} can't be made for the login: {error.strerror}. Set XDG_STATE_HOME to a folder of yours"
        ) from error
    _check_folder(folder)
    file = _file(folder, session.installation)
    with open_atomic(file) as out:
        out.write(json.dumps(asdict(session)).encode())
    return file


def read_session(folder: Path, installation: str, now_ns: int) -> StoredSession:
    """Read the session for this installation. What it says is still to be verified.

    Raises:
        Refused: `login.none`: nobody is logged in; `login.expired`; `login.installation`: it is another installation's,
            or another user's of this machine; `login.session`: it isn't to be trusted, and why.
    """
    file = _file(folder, installation)
    try:
        if file.parent.exists():
            _check_folder(folder)
        session = StoredSession(**json.loads(read_owned(file, _MOST_BYTES, _AGAIN)))
        if [type(each) for each in asdict(session).values()] != [str, str, str, int, str, int, str]:
            raise TypeError
    except FileNotFoundError as error:
        raise Refused("login.none", "nobody is logged in here: `lfr login`") from error
    except Fatal as error:
        raise Refused("login.session", str(error)) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise Refused("login.session", f"{file} isn't used: it is damaged. Log in again: `lfr login`") from error
    if session.installation != installation:
        raise Refused("login.installation", f"{file} is a login at another installation: {_AGAIN}")
    if session.uid != os.getuid():
        raise Refused("login.installation", f"{file} is the login of another user of this machine: {_AGAIN}")
    if session.ends_at_ns <= now_ns:
        raise Refused("login.expired", "the login is over: `lfr login`")
    return session


def forget_session(folder: Path, installation: str) -> bool:
    """Remove the session; whether there was one. A file that isn't to be trusted is removed too."""
    try:
        _file(folder, installation).unlink()
    except FileNotFoundError:
        return False
    return True


def _file(folder: Path, installation: str) -> Path:
    name = hashlib.sha256(installation.encode()).hexdigest()[:24]
    return folder / f"{name}.session"


def _check_folder(folder: Path) -> None:
    if not is_own_folder(folder):
        raise Fatal(
            f"{folder} must be a folder of this user's own, which no other user may write into: mend or move it"
        )
