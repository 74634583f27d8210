"""A person's login at a terminal, without an identity server of its own for each test.

The session is what `lfr login` keeps: a token with a real signature, verified over HTTP against its issuer's keys. Only
the issuer is ours: it serves discovery and keys, and asks nobody for a password (`tests/support/identity.py` has the
real server, for tests of logging in).
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from dataclasses import replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sqlmodel import select

from lfr_core.common.clock import Clock, SystemClock, utc_from_ns
from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.identity.session_file import StoredSession, new_salt, nonce_of, write_session
from lfr_core.custody.people.lookup import find_row
from lfr_core.custody.vault.client import VaultClient, make_vault_client
from lfr_core.domain.actors import Principal, ProcessIdentity, SystemActor, fold_name
from lfr_core.storage.engine import open_engine, writing
from lfr_core.storage.tables.people import PersonIdentityRow
from lfr_core.storage.tables.vault import InstallationRow
from tests.support.identity import Signer, claims_of
from tests.support.overwriting import overwriting
from tests.support.people import authenticated, registrar

__all__ = ["LocalIssuer", "issuer_address", "session_env", "token_in"]

_HOURS_NS = 10 * 3_600 * 10**9


class LocalIssuer:
    """Publishes keys made here, as an OpenID Connect provider does, on the loopback."""

    def __init__(self) -> None:
        self.signer = Signer()
        documents: dict[str, object] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = documents.get(self.path)
                body = json.dumps(found).encode()
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        documents["/keys"] = self.signer.keys.as_dict(private=False)
        documents["/.well-known/openid-configuration"] = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        self._folder = tempfile.TemporaryDirectory(prefix="tests-sessions-")
        self.folder = Path(self._folder.name)

    def close(self) -> None:
        self._folder.cleanup()


@cache
def _issuer() -> LocalIssuer:
    return LocalIssuer()


def issuer_address() -> str:
    """Return whose tokens the sessions hold: a vault in a process of its own is told it (LFR_OIDC_ISSUER)."""
    return _issuer().url


def token_in(env: dict[str, str]) -> str:
    """Return the token in a session of `session_env`."""
    (file,) = Path(env["XDG_STATE_HOME"], "openlfr").iterdir()
    token: str = json.loads(file.read_text(encoding="utf-8"))["id_token"]
    return token


class _VaultsClock(SystemClock):
    """The vault's own time: whatever clock a test gave it."""

    def __init__(self, vault: VaultClient) -> None:
        self._vault = vault

    def time_ns(self) -> int:
        return self._vault.trusted_now_ns()


def _trail_of(settings: Settings, by: Principal) -> AuditTrail | None:
    """The trail of a vault that runs: the real one goes by no account that has no entry there.

    `by`: who links an account, and has logged in.
    """
    vault = make_vault_client(settings, ProcessIdentity.COMMANDS)
    trail = AuditTrail(vault, _VaultsClock(vault))
    try:
        trail.prepare(SystemActor.LFR)
    except Retryable:
        return None
    if not isinstance(by, SystemActor):
        now_s = SystemClock().time_ns() // 10**9
        shown = _issuer().signer.sign(claims_of(now_s, iss=_issuer().url, sub=f"account of {fold_name(by)}"))
        person = authenticated(by)
        vault.remember(replace(person, login=replace(person.login, shown=shown)))
        trail.prepare(by)
    return trail


def session_env(name: str, settings: Settings | None = None, *, clock: Clock | None = None) -> dict[str, str]:
    """Log the registered person of that name in, and return the environment of their terminal.

    Somebody who isn't registered has an account that is nobody's.
    """
    issuer, settings = _issuer(), settings or Settings()
    now_ns = (clock or SystemClock()).time_ns()
    subject = f"account of {fold_name(name)}"
    engine = open_engine(settings.records_url)
    by = registrar(engine)
    trail = _trail_of(settings, by)
    with (overwriting if trail is None else writing)(engine) as session:
        installation = session.exec(select(InstallationRow.id)).first()
        if installation is None:
            installation = "an installation of tests"
            session.add(InstallationRow(id=installation))
        known = session.exec(select(PersonIdentityRow).where(PersonIdentityRow.subject == subject)).first()
        person = find_row(session, name)
        if person is not None and person.id is not None and known is None:
            now = utc_from_ns(now_ns).replace(microsecond=0)
            session.add(
                PersonIdentityRow(
                    person=person.id,
                    issuer=issuer.url,
                    subject=subject,
                    linked_at=now,
                    linked_by="a test",
                    sessions_from=now,
                )
            )
            if trail is not None:
                linked = AuditEvent(Verb.ALTER, by, "", "person:all", "people.identity-linked")
                trail.append(session, linked)
    engine.dispose()
    salt = new_salt()
    claims = claims_of(now_ns // 10**9, iss=issuer.url, sub=subject, nonce=nonce_of(installation, os.getuid(), salt))
    state = Path(tempfile.mkdtemp(dir=issuer.folder))
    stored = StoredSession(
        issuer=issuer.url,
        client_id=settings.oidc_cli_client_id,
        installation=installation,
        uid=os.getuid(),
        salt=salt,
        ends_at_ns=now_ns + _HOURS_NS,
        id_token=issuer.signer.sign(claims),
    )
    write_session(state / "openlfr", stored)
    return {"LFR_OIDC_ISSUER": issuer.url, "XDG_STATE_HOME": str(state)}
