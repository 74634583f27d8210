"""Which logins on the staff's pages still count: their age, their last use, and what the register says now.

Streamlit's cookie counts for 30 days, and so does a copy of it. What it says is who logged in, and when; the rest is
asked here at each drawing. Last uses are kept in memory: after a restart of the pages, who hasn't just logged in does
so again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.counts import counted
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.identity.provider import IdentityProvider, check_group
from lfr_core.custody.identity.tokens import LEEWAY_S, Identity
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.custody.people.store import People
from lfr_core.domain.policy_sections import AccessPolicy

__all__ = ["SIGNED", "PageSessions", "read_claims"]

SIGNED = "id_token"
"""Where the signed token stands beside its claims, for the vault."""

_NS = 1_000_000_000
_LATEST_S = 1e11  # seconds since the epoch; no clock of ours gets there
WARNED_BEFORE = timedelta(minutes=2)
"""[proposal] The end of a session that nobody uses, or a quarter of the idle time where that is less."""
TYPED_AFTER = timedelta(minutes=1)
"""[proposal] A page that stands still may look for so long after its session's end as if somebody could type there."""
_ENDED_NS = 0
"""Instead of its last use, of a session that its person has ended."""
_NOBODY = "nobody is logged in here"


def read_claims(claims: Mapping[str, object], provider: IdentityProvider) -> Identity:
    """Read what Streamlit keeps of a login, which the provider signed and Streamlit verified at that login.

    Raises:
        Refused: `login.none`: nobody is logged in; `login.token`: it is no login of this provider with us;
            `login.group`.
    """
    if claims.get("is_logged_in") is not True:
        raise Refused("login.none", _NOBODY)
    subject, issued_at, audience = (claims.get(name) for name in ("sub", "iat", "aud"))
    listed = audience if isinstance(audience, list) else [audience]
    if (
        claims.get("iss") != provider.issuer
        or provider.staff_client_id not in listed
        or not isinstance(subject, str)
        or not subject
        or isinstance(issued_at, bool)
        or not isinstance(issued_at, int | float)
        or not 0 < issued_at < _LATEST_S
    ):
        raise Refused("login.token", "this login isn't one of ours")
    check_group(provider, claims)
    token = claims.get(SIGNED)
    return Identity(
        provider.issuer, subject, utc_from_ns(int(issued_at * _NS)), token if isinstance(token, str) else ""
    )


class PageSessions:
    """The logins of all who use the pages. For several threads."""

    def __init__(
        self,
        provider: IdentityProvider,
        people: People,
        access: AccessPolicy,
        clock: Clock,
        record: Callable[[AuthenticatedPerson], None],
        remember: Callable[[AuthenticatedPerson], None] = lambda _: None,
    ) -> None:
        """
        Args:
            provider: who says who somebody is.
            people: the register.
            access: the policy of sessions.
            clock: now.
            record: puts a login on the audit trail. Raises Retryable: what can't be audited isn't done.
            remember: keeps what shows the login, for the vault (`VaultClient.remember`).
        """
        self._remember = remember
        self._record = record
        self._provider = provider
        self._people = people
        self._access = access
        self._clock = clock
        self._used_ns: dict[Identity, int] = {}
        self._seen_ns: dict[Identity, int] = {}
        """When each login counted last."""
        self._lock = threading.Lock()

    def find(self, claims: Mapping[str, object]) -> AuthenticatedPerson:
        """Find who is logged in, for what refreshes by itself: it is no use.

        Raises:
            Refused: `login.none`, `login.token`, `login.expired`: the session is over, or was left idle; and as
                `People.of_identity`.
            Retryable: the records are away.
        """
        identity = read_claims(claims, self._provider)
        ends_at = self._check_age(identity)
        person = self._people.of_identity(
            identity.issuer, identity.subject, since=identity.issued_at, ends_at=ends_at, shown=identity.token
        )
        self._remember(person)
        self._note_seen(identity)
        return person

    def _note_seen(self, identity: Identity) -> None:
        now_ns, longest_ns = self._clock.time_ns(), int(self._access.session_h * 3600 * _NS)
        with self._lock:
            if identity not in self._seen_ns:
                self._seen_ns = {each: at for each, at in self._seen_ns.items() if now_ns - at < longest_ns}
            self._seen_ns[identity] = now_ns

    def use(self, claims: Mapping[str, object]) -> AuthenticatedPerson:
        """Find who is logged in and has just done something; a login's first use is on the audit trail.

        Raises as `find`.
        """
        person, identity = self.find(claims), read_claims(claims, self._provider)
        with self._lock:
            is_known = identity in self._used_ns
        if not is_known:
            self._record(person)
        now_ns, longest_ns = self._clock.time_ns(), int(self._access.session_h * 3600 * _NS)
        with self._lock:
            self._used_ns = {each: at for each, at in self._used_ns.items() if now_ns - at < longest_ns}
            self._used_ns[identity] = now_ns
        return person

    def is_about_to_end(self, claims: Mapping[str, object]) -> bool:
        """Return whether a login soon counts no more unless somebody does something. Raises Refused as `find`."""
        identity = read_claims(claims, self._provider)
        ends_at = min(self._check_age(identity), self._idle_at(identity))
        warned = min(WARNED_BEFORE, timedelta(minutes=self._access.idle_min / 4))
        return ends_at - utc_from_ns(self._clock.time_ns()) < warned

    def find_typist(self, claims: Mapping[str, object]) -> Identity:
        """Find whose login it is that typed something: also just after its end, and while the register is away.

        Raises Refused as `find`: they ended it themselves, or it ended longer ago, wherever: who has a copy of its
        cookie puts no words into the fields of its person.
        """
        identity = read_claims(claims, self._provider)
        now_ns = self._clock.time_ns()
        now = utc_from_ns(now_ns)
        with self._lock:
            used_ns, seen_ns = self._used_ns.get(identity), self._seen_ns.get(identity, 0)
        ends_at = min(identity.issued_at + timedelta(hours=self._access.session_h), self._idle_at(identity))
        if used_ns == _ENDED_NS or now >= ends_at + TYPED_AFTER:
            raise Refused("login.expired", "the session is over: log in again")
        try:
            self._people.of_identity(identity.issuer, identity.subject, since=identity.issued_at, shown=identity.token)
        except Retryable:
            pass
        except Refused:
            if now - utc_from_ns(seen_ns) >= TYPED_AFTER:
                raise
        return identity

    def end(self, claims: Mapping[str, object]) -> None:
        """Log the person out everywhere, so that a copy of the cookie is worth nothing.

        Raises:
            Refused: as `find`: there is nothing to end.
            Retryable: it can't be written to the register and the trail; on these pages it is ended all the same.
        """
        person = self.find(claims)
        with self._lock:
            self._used_ns[read_claims(claims, self._provider)] = _ENDED_NS
        self._people.end_sessions(person.name, by=person)

    def holders(self, role: Role) -> tuple[str, ...]:
        """Name those who hold a role now. Raises Retryable."""
        return tuple(each.name for each in self._people.list() if each.may_act and role in each.roles)

    def _check_age(self, identity: Identity) -> datetime:
        """Return when the session ends. Raises Refused `login.token`, `login.expired`."""
        now_ns = self._clock.time_ns()
        now = utc_from_ns(now_ns)
        with self._lock:
            used_ns = self._used_ns.get(identity)
        if identity.issued_at - timedelta(seconds=LEEWAY_S) > now:
            raise Refused("login.token", "this login is of a time to come: mend the clocks")
        ends_at = identity.issued_at + timedelta(hours=self._access.session_h)
        if now >= ends_at:
            raise Refused("login.expired", "the session is over: log in again")
        if used_ns == _ENDED_NS:
            raise Refused("login.expired", "you are logged out: this was done on another page, or at a terminal")
        if now >= self._idle_at(identity):
            raise Refused(
                "login.expired", f"Nobody has done anything here for {counted(self._access.idle_min, 'minute')}"
            )
        return ends_at

    def _idle_at(self, identity: Identity) -> datetime:
        """Return when it was left idle for too long, if nobody does anything."""
        with self._lock:
            used_ns = self._used_ns.get(identity)
        used = identity.issued_at if used_ns is None else utc_from_ns(used_ns)
        return used + timedelta(minutes=self._access.idle_min)
