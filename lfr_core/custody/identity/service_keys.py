"""Service accounts: what a script shows instead of a login, and who that is on the register.

A service account is on the register under a name of its own, with one role of a closed list, and is revoked like a
person. Its key is 32 random bytes in a file of mode 0600; the register keeps their SHA-256 as the account's subject.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from secrets import token_hex

from lfr_core.common.errors import Fatal, Refused
from lfr_core.common.owned_file import make_owned_once, read_owned
from lfr_core.custody.people.compliance import SERVICE_ISSUER
from lfr_core.custody.people.roles import SERVICE_ROLES, AuthenticatedPerson, Person, Rank, Role
from lfr_core.custody.people.store import People

__all__ = ["add_service", "find_service_of_key", "is_service_key", "subject_of_key"]

_KEY = re.compile(r"openlfr-service-[0-9a-f]{64}\n?")
_KEY_BYTES = 200


def add_service(people: People, name: str, role: Role, file: Path, *, by: AuthenticatedPerson) -> Person:
    """Register a service account, or again one that was revoked or whose key was ended; write its new key into `file`.

    Raises:
        Refused: `people.no-service-role`, `service.file-exists`, and as `People.add` and `People.link_identity`; no
            file is left behind then.
        Retryable: the file can't be written, or the records or the vault are away.
    """
    if role not in SERVICE_ROLES:
        raise Refused("people.no-service-role", f"a service account is for one of: {', '.join(sorted(SERVICE_ROLES))}")
    key = f"openlfr-service-{token_hex(32)}"
    people.check_compliance(by=by)
    if file.exists():
        raise Refused("service.file-exists", f"{file} is there already and is left as it is: name a new file")
    make_owned_once(file, f"{key}\n".encode())
    try:
        known = people.find(name)
        if known is not None and known.may_act and known.roles == {role} and not people.identities_of(name):
            added = known  # its key was ended alone
        else:
            is_back = known is not None and not known.may_act and bool(known.roles & SERVICE_ROLES)
            added = people.add(name, {role}, Rank.POLICE_STAFF, by=by, again=is_back)
        people.link_identity(added.name, SERVICE_ISSUER, subject_of_key(key), by=by)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return added


def find_service_of_key(people: People, file: Path) -> AuthenticatedPerson:
    """Find whose key is in `file`, who may act now.

    Raises:
        Refused: `identity.unknown` (a key of no service account here), `identity.ended`, `people.revoked`.
        Fatal: the file isn't there, isn't this user's alone, or holds no key.
    """
    remedy = "name the file that `lfr users add-service` wrote, mode 0600, in LFR_SERVICE_KEY_FILE"
    try:
        key = read_owned(file, _KEY_BYTES, remedy).decode("ascii", errors="replace")
    except FileNotFoundError as error:
        raise Fatal(f"{file} isn't there: {remedy}") from error
    if not _KEY.fullmatch(key):
        raise Fatal(f"{file} holds no key of a service account: {remedy}")
    return people.of_identity(SERVICE_ISSUER, subject_of_key(key.strip()), shown=key.strip())


def is_service_key(text: str) -> bool:
    """Return whether a text has the form of a service account's key."""
    return _KEY.fullmatch(text) is not None


def subject_of_key(key: str) -> str:
    """Return the account's subject. A plain hash is enough: nobody guesses 256 random bits."""
    return hashlib.sha256(key.encode()).hexdigest()
