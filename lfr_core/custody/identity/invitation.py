"""Gives a registered person an account at the embedded provider, or one they have elsewhere."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass

from lfr_core.common.errors import LfrError, Refused
from lfr_core.custody.identity.canaille import build_account_directory
from lfr_core.custody.identity.provider import provider_of
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import Actor

__all__ = ["Invitation", "invite_person", "link_account", "login_of", "make_password_link"]

_LONGEST_LOGIN = 40


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the person is told: the name to log in with, and where they set a password, once, within a day."""

    login: str
    link: str


def invite_person(installation: Installation, name: str, *, login: str, by: Actor) -> Invitation:
    """Make the account of a registered person, link it, and return what they need to log in.

    Raises:
        Refused: `account.elsewhere`, `account.taken`, `account.bad-login`, `identity.has-one`, and as
            `People.link_identity`; no account is left behind.
        Retryable: the identity server's accounts can't be changed, or the records or the vault are away.
        Fatal: the identity server isn't installed.
    """
    issuer, people = provider_of(installation.settings).issuer, installation.people
    directory = build_account_directory(installation.settings, installation.policy.access)
    if any(known == issuer for known, _ in people.identities_of(name)):
        raise Refused("identity.has-one", f"{name} has an account: `lfr users password` makes a new link for it")
    for ended in people.ended_accounts(name, issuer):  # so that its login name is theirs again
        people.check_compliance(by=by)
        with suppress(Refused):
            directory.delete(ended)
    account, link = directory.invite(login, name)
    try:
        people.link_identity(name, issuer, account.subject, by=by)
    except LfrError:
        directory.delete(account.subject)
        raise
    return Invitation(account.login, link)


def link_account(installation: Installation, name: str, subject: str, *, by: Actor) -> None:
    """Say which account at the force's own provider is a person's. Raises as `People.link_identity`."""
    installation.people.link_identity(name, provider_of(installation.settings).issuer, subject, by=by)


def make_password_link(installation: Installation, name: str, *, by: Actor) -> str:
    """Make a new link for a person's password. It logs them out, so that they notice, and that is on the trail.

    Raises:
        Refused: `identity.unknown`, `account.elsewhere`, and as `People.end_sessions`.
        Retryable, Fatal: as `invite_person`.
    """
    people = installation.people
    people.check_may_end_sessions(name, by=by)
    directory = build_account_directory(installation.settings, installation.policy.access)
    issuer = provider_of(installation.settings).issuer
    found = [subject for known, subject in people.identities_of(name) if known == issuer]
    if not found:
        raise Refused("identity.unknown", f"{name} has no account in use: `lfr users link` makes one")
    people.end_sessions(name, by=by, gives_password_link=True)
    return directory.password_link(found[0])


def login_of(name: str) -> str:
    """Propose a login for a name: "C. Adeyemi" is c.adeyemi. Empty where nothing of it can be typed everywhere."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join(re.findall(r"[a-z0-9]+", plain))[:_LONGEST_LOGIN].rstrip(".")
