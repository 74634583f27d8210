"""Logs a person in on the command line, and says who is logged in: verified anew at each use, never believed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.custody.identity.code_flow import LoginRequest, redeem_code
from lfr_core.custody.identity.discovery import discover, fetch_keys
from lfr_core.custody.identity.provider import IdentityProvider
from lfr_core.custody.identity.session_file import (
    StoredSession,
    forget_session,
    new_salt,
    nonce_of,
    read_session,
    write_session,
)
from lfr_core.custody.identity.tokens import Identity, verify_id_token

__all__ = ["CommandLineLogin"]

_NS = 1_000_000_000
_ASKED_AGAIN = frozenset({"login.answer", "login.refused"})

Browse = Callable[[str, LoginRequest], str]
"""Sends a person to an address; returns the address that the browser came back to, or the code."""


@dataclass(frozen=True, slots=True)
class CommandLineLogin:
    """Logins of this operating system's user at one installation."""

    provider: IdentityProvider
    installation: str
    """Its id."""
    session_h: float
    """Policy: hours until one logs in again."""
    folder: Path
    """Of the person's own, where sessions are kept."""
    clock: Clock

    def log_in(self, browse: Browse, *, redirect_uri: str, tries: int = 1) -> tuple[Identity, StoredSession]:
        """Have the person log in, and return who they are and the session, which `keep` keeps.

        `tries`: so often `browse` is asked, until what it returns is an answer to this login.

        Raises:
            Refused: `login.refused`, `login.answer`, `login.token`, `login.provider`.
            Retryable: the provider is away.
        """
        endpoints = discover(self.provider)
        salt = new_salt()
        request = LoginRequest.begin(self.provider, redirect_uri, nonce_of(self.installation, os.getuid(), salt))
        for left in reversed(range(tries)):
            try:
                code = request.code_in(browse(request.address(endpoints), request))
                token = redeem_code(request, endpoints, code)
                break
            except Refused as refused:
                if not left or refused.rule not in _ASKED_AGAIN:
                    raise
        keys = fetch_keys(self.provider, endpoints)
        now_ns = self.clock.time_ns()
        identity = verify_id_token(token, keys, self.provider, nonce=request.nonce, now_ns=now_ns)
        session = StoredSession(
            issuer=self.provider.issuer,
            client_id=self.provider.client_id,
            installation=self.installation,
            uid=os.getuid(),
            salt=salt,
            ends_at_ns=now_ns + int(self.session_h * 3600 * _NS),
            id_token=token,
        )
        return identity, session

    def keep(self, session: StoredSession) -> None:
        """Keep the session, once the register has said that the person may act. Raises Fatal."""
        write_session(self.folder, session)

    def identify(self) -> Identity:
        """Return who is logged in, from the provider's signature.

        Raises:
            Refused: `login.none`, `login.expired`, `login.installation`, `login.session`, `login.token`.
            Retryable: the provider is away: without its keys nobody is believed.
        """
        now_ns = self.clock.time_ns()
        session = read_session(self.folder, self.installation, now_ns)
        keys = fetch_keys(self.provider, discover(self.provider))
        return verify_id_token(
            session.id_token,
            keys,
            self.provider,
            nonce=session.nonce,
            now_ns=now_ns,
            session_s=self.session_h * 3600,
        )

    def log_out(self) -> bool:
        """Forget the session; whether there was one."""
        return forget_session(self.folder, self.installation)
