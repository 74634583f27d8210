"""Accounts at the identity provider: who can log in at all. What a person may do is the register's to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Account", "AccountDirectory"]


@dataclass(frozen=True, slots=True)
class Account:
    """One account. Its subject never changes and is never given again; its login name may."""

    subject: str
    login: str
    is_locked: bool
    has_password: bool


class AccountDirectory(Protocol):
    """Makes, locks and deletes accounts. Every method raises Retryable when the provider can't be reached.

    Acts on an account that isn't there raise Refused `account.unknown`.
    """

    def create(self, login: str, name: str) -> Account:
        """Make an account without a password. Raises Refused `account.taken`, `account.bad-login`."""
        ...

    def invite(self, login: str, name: str) -> tuple[Account, str]:
        """Make an account and, at once, the address at which its password is set. Raises as `create`."""
        ...

    def password_link(self, subject: str) -> str:
        """Make the address at which the person sets a password, once, within a day; one made before is void."""
        ...

    def lock(self, subject: str) -> None:
        """Let nobody log in to it, and end what it has open at the provider."""
        ...

    def unlock(self, subject: str) -> None: ...

    def end_sessions(self, subject: str) -> None:
        """End what it has open at the provider. Sessions with us end in the register: `People.end_sessions`."""
        ...

    def delete(self, subject: str) -> None: ...

    def accounts(self) -> tuple[Account, ...]: ...
