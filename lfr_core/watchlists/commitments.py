"""Whether somebody was on a list, answered after the list is destroyed (docs/domain.md W8; 6, the sixth idea).

At list build each entry leaves a commitment: the first 128 bits of HMAC-SHA256(k, folded subject), where k is the
vault's pseudonym of `listed:DEPLOYMENT`. Without the vault nobody can test a name against them; with it one name can be
asked about, and the list can't be read back. Test subjects leave none.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from sqlalchemy import Engine
from sqlmodel import Session

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Pseudonyms, Trail, Verb
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.domain.actors import LISTED
from lfr_core.domain.folding import fold_text
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.rights import ListedCommitmentRow

__all__ = ["commitments", "keep_commitments", "was_listed"]

_DIGEST_CHARACTERS = 32
_LONGEST_SUBJECT = 200
_MAY_ASK = frozenset({Role.COMPLIANCE})


def commitments(vault: Pseudonyms, deployment: str, subjects: Iterable[str]) -> tuple[str, ...]:
    """Return the commitments to `subjects` (nominal ids), sorted, each once.

    Asks the vault: call it before a transaction.

    The vault is asked once, whatever the length of the list. A deployment's id and a person's name have no colon, so
    the key is nobody's pseudonym on the audit trail.

    Raises:
        Retryable: the vault is away.
    """
    key = vault.pseudonym(f"{LISTED}{deployment}").encode()
    return tuple(sorted({_digest(key, subject) for subject in subjects}))


def keep_commitments(session: Session, deployment: str, digests: Iterable[str]) -> None:
    """Keep the commitments of a list in the transaction that keeps the list."""
    session.add_all([ListedCommitmentRow(deployment=deployment, digest=digest) for digest in sorted(digests)])


def was_listed(
    engine: Engine,
    vault: Pseudonyms,
    trail: Trail,
    deployment: str,
    subject: str,
    *,
    by: AuthenticatedPerson,
    purpose: str,
) -> bool:
    """Return whether `subject` (a nominal id) was on the list of a deployment that has ended.

    Compliance asks. The consultation is audited with `purpose` (stable words or a reference), the same whatever the
    answer is.

    Raises:
        Refused: as `acting`; `rights.bad-subject`, `deployment.unknown`, `rights.list-stands` (it hasn't ended: who is
            looked for there is told to nobody), `audit.bad-event`.
        Retryable: records or vault are away.
    """
    if not fold_text(subject) or len(subject) > _LONGEST_SUBJECT or not subject.isprintable():
        raise Refused("rights.bad-subject", f"give one reference of at most {_LONGEST_SUBJECT} printable characters")
    with reading(engine) as session:
        name = acting(session, by, _MAY_ASK).name
    digest = _digest(vault.pseudonym(f"{LISTED}{deployment}").encode(), subject)
    trail.prepare(name)
    with writing(engine) as session:
        acting(session, by, _MAY_ASK)
        row = session.get(DeploymentRow, deployment) if "\x00" not in deployment else None
        if row is None:
            raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
        if row.ended_at is None:
            raise Refused(
                "rights.list-stands", f"{deployment} hasn't ended: whether somebody is on its list is answered after it"
            )
        trail.append(session, AuditEvent(Verb.CONSULT, name, deployment, f"listed:{deployment}", purpose))
        return session.get(ListedCommitmentRow, (deployment, digest)) is not None


def _digest(key: bytes, subject: str) -> str:
    return hmac.new(key, fold_text(subject).encode(), hashlib.sha256).hexdigest()[:_DIGEST_CHARACTERS]
