"""What compliance does on its page, each by the service that asks the register: people, documents, certificates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from apps.compliance.panels import invited
from apps.compliance.trail_words import number_in
from apps.plain_words import plain_words
from lfr_core.common.errors import LfrError
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.custody.audit.head_checkpoint import read_public_key
from lfr_core.custody.identity.invitation import Invitation, invite_person, login_of, make_password_link
from lfr_core.custody.installation import Installation
from lfr_core.custody.people import Person, Rank, Role
from lfr_core.custody.people.consultations import STAFF
from lfr_core.custody.people.on_trail import OnTrail, read_people_on_trail
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.custody.vault.port import VaultAwayError
from lfr_core.deployments.build import build_document_register
from lfr_core.deployments.compliance_documents import (
    ComplianceDocument,
    ComplianceDocumentKind,
    list_compliance_documents,
)
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.statements import PromiseStatements
from lfr_core.retention.build import build_certificate_service
from lfr_core.retention.erasure.certificate_service import CertificateFault

__all__ = ["ComplianceActions"]


@dataclass(frozen=True, slots=True)
class ComplianceActions:
    """Each method raises as the service that it asks."""

    installation: Installation

    def people(self, *, by: AuthenticatedPerson) -> tuple[Person, ...]:
        """List everybody on the register, those revoked too. The look is on the audit trail, as `lfr users list`."""
        self.installation.looks.check(by, STAFF, "people.listed")
        return self.installation.people.list()

    def people_meant(self, words: str) -> tuple[str, ...]:
        """Return as what the trail has those whose name `words` are, or with whose number they begin; () for nobody.

        Raises Retryable: records or vault are away.
        """
        found, number = self._on_trail(), number_in(words)
        meant = [
            each
            for each in found
            if each.is_called(words) or (number and any(one.startswith(number) for one in each.numbers()))
        ]
        return tuple(name for each in meant for name in (each.subject, *(f"person:{one}" for one in each.numbers())))

    def people_named(self, shown: Sequence[AuditEntry]) -> Mapping[str, Sequence[str]]:
        """Find the numbers, that of now first, of the people whom entries are about; none while the vault is away.

        Raises Retryable: the records are away.
        """
        about = {each.subject for each in shown}
        people = [each for each in self._on_trail() if each.subject in about]
        try:
            return {each.subject: each.numbers() for each in people}
        except VaultAwayError:
            return {}

    def _on_trail(self) -> tuple[OnTrail, ...]:
        return read_people_on_trail(self.installation.engine, self.installation.vault.pseudonym)

    def several_accounts(self) -> Mapping[str, int]:
        """Count the accounts in use of people who have more than one, by name."""
        return {name: len(issuers) for name, issuers in self.installation.people.with_several_accounts().items()}

    def add(
        self, name: str, roles: Collection[Role], rank: Rank, *, by: AuthenticatedPerson, again: bool = False
    ) -> str:
        """Register somebody with an account, and say what they need to log in, or why they have none yet."""
        added = self.installation.people.add(name, roles, rank, by=by, again=again)
        try:
            given = self.invite(added.name, "", by=by)
        except LfrError as error:
            why = plain_words(str(error))
            return f"{added.name} is registered, and can't log in yet: {why}. See “Account and password”."
        return f"{added.name} is registered. {invited(added.name, given)}"

    def new_password(self, name: str, *, by: AuthenticatedPerson) -> str:
        """Log a person out everywhere, and return the link at which they set another password."""
        return make_password_link(self.installation, name, by=by)

    def invite(self, name: str, login: str, *, by: AuthenticatedPerson) -> Invitation:
        """Make the account of a registered person at the identity server here; `login` may be empty."""
        return invite_person(self.installation, name, login=login or login_of(name), by=by)

    def change(self, name: str, roles: Collection[Role], rank: Rank, *, by: AuthenticatedPerson) -> Person:
        return self.installation.people.change(name, roles, rank, by=by)

    def rename(self, name: str, new_name: str, *, by: AuthenticatedPerson) -> Person:
        return self.installation.people.rename(name, new_name, by=by)

    def revoke(self, name: str, why: str, *, by: AuthenticatedPerson) -> Person:
        return self.installation.people.revoke(name, why=why, by=by)

    def verify_certificates(self) -> tuple[CertificateFault, ...]:
        """Check every certificate, its signature, its file and its place in the row; return what is wrong."""
        public_key = read_public_key(self.installation.settings.keystore_folder).hex()
        return build_certificate_service(self.installation).check(public_key)

    def documents(self) -> tuple[ComplianceDocument, ...]:
        """List the version in force of each document."""
        newest: dict[tuple[ComplianceDocumentKind, str], ComplianceDocument] = {}
        for one in list_compliance_documents(self.installation.engine):  # the newest first
            newest.setdefault((one.kind, one.deployment), one)
        return tuple(newest.values())

    def add_document(
        self,
        kind: ComplianceDocumentKind,
        file_name: str,
        content: bytes,
        *,
        title: str,
        version: str,
        review_by: date,
        deployment: str,
        by: AuthenticatedPerson,
    ) -> ComplianceDocument:
        """Register a version of a document, of which `content` is the file."""
        with TemporaryDirectory(prefix="lfr-document-") as folder:
            file = Path(folder) / (Path(file_name).name or "document")
            file.write_bytes(content)
            return build_document_register(self.installation).add(
                kind, file, title=title, version=version, review_by=review_by, deployment=deployment, by=by
            )

    def say(self, promise: str, text: str, *, by: AuthenticatedPerson) -> None:
        """Say what is being done about a broken promise, in public."""
        it = self.installation
        PromiseStatements(it.engine, it.trail, it.clock, promises(it.policy)).say(promise, text, by=by)
