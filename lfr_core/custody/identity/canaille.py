"""Accounts at the embedded identity server, through its own model of users, in a process of its own.

Its command line would take a second start for each act and shows secrets in arguments; it has no act that makes a link.
So `infra/identity/embedded.py accounts` calls what that command line calls, with the acts on standard input.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from typing import Any

from lfr_core.common.errors import Refused, Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.accounts import Account, AccountDirectory
from lfr_core.custody.identity.embedded import HOST_SCRIPT, server_python, write_config
from lfr_core.custody.identity.provider import provider_of
from lfr_core.domain.policy_sections import AccessPolicy

__all__ = ["CanailleAccounts", "build_account_directory"]

_WAIT_S = 90.0
"""An idle core needs 3 s; the first time 8, for its tables."""
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


def build_account_directory(settings: Settings, access: AccessPolicy) -> AccountDirectory:
    """Return the embedded provider's directory.

    Raises:
        Refused: `account.elsewhere`: the settings name a provider of the force's own.
    """
    if not provider_of(settings).is_embedded:
        raise Refused(
            "account.elsewhere",
            "accounts are made, locked and deleted at your force's identity provider (LFR_OIDC_ISSUER)",
        )
    return CanailleAccounts(settings, access)


class CanailleAccounts:
    """The embedded server's accounts; it may run meanwhile or not. Raises Fatal where it isn't installed."""

    def __init__(self, settings: Settings, access: AccessPolicy) -> None:
        self._settings = settings
        self._access = access

    def create(self, login: str, name: str) -> Account:
        return self.create_all([(login, name)])[0]

    def create_all(self, people: Sequence[tuple[str, str]]) -> tuple[Account, ...]:
        """Make several accounts, of login and name, in the time of one."""
        answers = self._perform([_made("create", login, name) for login, name in people])
        return tuple(_new(answer, login) for answer, (login, _) in zip(answers, people, strict=True))

    def invite(self, login: str, name: str) -> tuple[Account, str]:
        return self.invite_all([(login, name)])[0]

    def invite_all(self, people: Sequence[tuple[str, str]]) -> tuple[tuple[Account, str], ...]:
        """Make several accounts, of login and name, each with its link, in the time of one."""
        answers = self._perform([_made("invite", login, name) for login, name in people])
        return tuple((_new(answer, login), answer["link"]) for answer, (login, _) in zip(answers, people, strict=True))

    def password_link(self, subject: str) -> str:
        return self.password_links([subject])[0]

    def password_links(self, subjects: Sequence[str]) -> tuple[str, ...]:
        """Make the links of several accounts in the time of one."""
        return tuple(answer["link"] for answer in self._perform([_act("link", each) for each in subjects]))

    def lock(self, subject: str) -> None:
        self._perform([_act("lock", subject)])

    def unlock(self, subject: str) -> None:
        self._perform([_act("unlock", subject)])

    def end_sessions(self, subject: str) -> None:
        self._perform([_act("end_sessions", subject)])

    def delete(self, subject: str) -> None:
        self._perform([_act("delete", subject)])

    def accounts(self) -> tuple[Account, ...]:
        (answer,) = self._perform([{"act": "list"}])
        return tuple(
            Account(each["subject"], each["login"], is_locked=each["locked"], has_password=each["has_password"])
            for each in answer["accounts"]
        )

    def _perform(self, acts: list[dict[str, str]]) -> list[dict[str, Any]]:
        python, config = server_python(self._settings), write_config(self._settings, self._access)
        command = [str(python), "-I", str(HOST_SCRIPT), "accounts", str(config)]
        try:
            done = subprocess.run(
                command, input=json.dumps(acts).encode(), capture_output=True, check=True, timeout=_WAIT_S, cwd="/"
            )
            answers = json.loads(done.stdout)
        except (subprocess.SubprocessError, OSError, ValueError) as error:
            said = getattr(error, "stderr", None) or b""
            last = said.decode(errors="replace").strip().rpartition("\n")[2]
            raise Retryable(
                f"the identity server's accounts can't be changed: {last or type(error).__name__}"
            ) from error
        for answer in answers:
            match answer.get("error"):
                case "taken":
                    raise Refused("account.taken", "there is an account of that login name already: choose another")
                case "unknown":
                    raise Refused("account.unknown", "the identity server has no such account")
        return list(answers)


def _made(act: str, login: str, name: str) -> dict[str, str]:
    if not _LOGIN.fullmatch(login):
        raise Refused("account.bad-login", "a login is 2 to 40 letters a-z, digits, points, hyphens and underscores")
    return {"act": act, "login": login, "name": name}


def _new(answer: dict[str, Any], login: str) -> Account:
    return Account(answer["subject"], login, is_locked=False, has_password=False)


def _act(act: str, subject: str) -> dict[str, str]:
    return {"act": act, "subject": subject}
