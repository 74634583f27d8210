"""Whether what a process shows of a person's login is one: the vault asks this before it does anything for a person.

What is shown is the provider's signed ID token, or a service account's key. A name alone is nobody, whichever process
says it (docs/decisions/0042-the-vault-is-shown-the-login.md).
"""

from __future__ import annotations

from pathlib import Path

from joserfc.jwk import KeySet
from sqlalchemy import Engine

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.records import find_lost
from lfr_core.custody.audit.vault_records import TrailRecords
from lfr_core.custody.identity.provider import IdentityProvider
from lfr_core.custody.identity.provider_keys import ProviderKeys
from lfr_core.custody.identity.service_keys import is_service_key, subject_of_key
from lfr_core.custody.identity.tokens import Identity, is_of_another_key, verify_shown_token
from lfr_core.custody.people.compliance import SERVICE_ISSUER
from lfr_core.custody.people.identities import find_person_of_identity, is_any_linked
from lfr_core.custody.people.machine_user import MACHINE_USER_ISSUER
from lfr_core.domain.actors import same_person
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.people import PersonIdentityRow

__all__ = ["ShownLogins"]


class ShownLogins:
    """Implements `lfr_core.custody.vault.logins.ChecksLogins`. For several threads."""

    def __init__(
        self,
        engine: Engine,
        provider: IdentityProvider,
        session_h: float,
        clock: Clock,
        records: TrailRecords,
        file: Path | None = None,
    ) -> None:
        """Take what a login is looked up in.

        Args:
            engine: the records.
            provider: whose tokens are shown.
            session_h: how long a session counts, hours.
            clock: the vault's.
            records: what the trail says, for where the table has no account: it may have been emptied.
            file: where the provider's public keys are kept over a restart; None: nowhere.
        """
        self._engine = engine
        self._provider = provider
        self._session_s = session_h * 3600
        self._clock = clock
        self._records = records
        self._has_accounts = False
        self._keys = ProviderKeys(provider, clock, file)

    def maintain(self) -> None:
        """Ask the provider for its keys when it is time to: the vault's timer, since no request waits for that."""
        self._keys.maintain()

    def check(self, name: str, shown: str, *, is_current: bool = False) -> None:
        """See that what is shown is a login of the person of that name, who may act now.

        `is_current`: by the name that they have now, and none of the former.
        Where nobody ever had an account at a provider, nobody can have logged in: a trial's own records.

        Raises:
            Refused: `login.not-shown`, `login.token`, `login.expired`, `login.group`, `login.not-theirs`,
                `login.provider-away`, `login.key-unknown`, `identity.*`, `people.*`; `audit.damaged`.
            Retryable: the records are away.
        """
        if not self._has_accounts:  # an account stays on record: what was found once isn't asked for again
            self._has_accounts = self._find_accounts()
            if not self._has_accounts:
                return
        if not shown:
            raise Refused("login.not-shown", f"nothing shows that {name} is logged in: log in again (`lfr login`)")
        if is_service_key(shown):
            issuer, subject, since = SERVICE_ISSUER, subject_of_key(shown), None
        else:
            identity = self._identity_of(shown)
            issuer, subject, since = identity.issuer, identity.subject, identity.issued_at
        with reading(self._engine) as session:
            person = find_person_of_identity(session, issuer, subject, self._clock, since=since, ends_at=None)
        if not (same_person(person.name, name) if is_current else person.is_called(name)):
            raise Refused("login.not-theirs", f"the login that was shown is {person.name}'s, and not {name}'s")

    def _find_accounts(self) -> bool:
        """Return whether anybody has an account at a provider, or one that the trail has is gone or another now."""
        with reading(self._engine) as session:
            if is_any_linked(session, but=MACHINE_USER_ISSUER):
                return True
        with self._records.open_state() as (session, state):
            lost = find_lost(session, state, self._records.key, PersonIdentityRow)
            return next(lost, None) is not None or is_any_linked(session, but=MACHINE_USER_ISSUER)

    def _identity_of(self, token: str) -> Identity:
        keys = self._keys.read()
        try:
            return self._verify(token, keys)
        except Refused as refused:
            # the provider may sign with another by now
            if refused.rule == "login.token" and is_of_another_key(token, keys) and self._keys.want_newer():
                raise Refused(
                    "login.key-unknown", "whose login this is is being looked up: try again in a few seconds"
                ) from refused
            raise

    def _verify(self, token: str, keys: KeySet) -> Identity:
        now_ns = self._clock.time_ns()
        return verify_shown_token(token, keys, self._provider, now_ns=now_ns, session_s=self._session_s)
