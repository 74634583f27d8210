"""A deployment's row, taken for change; and the checks of an id and of a reason that every change shares."""

from __future__ import annotations

import re

from sqlmodel import Session, select

from lfr_core.common.errors import Refused
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = ["check_id", "lock_deployment", "reason_of", "unknown"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONGEST_REASON = 1_000
"""Characters: some ten sentences, as officers write why something is necessary and proportionate."""


def check_id(id: str) -> None:
    """Raise Refused `deployment.bad-id` unless `id` can be a deployment's."""
    if not _ID.fullmatch(id):
        raise Refused(
            "deployment.bad-id",
            f"{id!r} can't be a deployment's short name: up to 64 letters, digits, dots, - and _, "
            "the first a letter or a digit",
        )


def lock_deployment(session: Session, id: str) -> DeploymentRow:
    """Lock a deployment's row: nobody else changes it within the transaction. Raises Refused `deployment.unknown`."""
    if "\x00" in id:
        raise unknown(id.replace("\x00", "?"))
    row = session.exec(
        select(DeploymentRow).where(DeploymentRow.id == id).with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        raise unknown(id)
    return row


def reason_of(why: str) -> str:
    """Return a reason as it is kept. Raises Refused `deployment.reason-missing`, `deployment.reason-too-long`."""
    reason = " ".join(why.split())
    if not reason or "\x00" in reason:
        raise Refused("deployment.reason-missing", f"say why, in at most {_LONGEST_REASON:,} characters")
    if len(reason) > _LONGEST_REASON:
        raise Refused(
            "deployment.reason-too-long",
            f"the reason has {len(reason):,} characters: say it in at most {_LONGEST_REASON:,}",
        )
    return reason


def unknown(id: str) -> Refused:
    """Make the refusal that says that there is no such deployment."""
    return Refused("deployment.unknown", f"there is no deployment {id}; `lfr deployment list` shows those there are")
