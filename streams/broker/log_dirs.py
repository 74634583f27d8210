"""Checks where a broker of ours really keeps its records: it is asked, and what it says is looked for on the disk.

Frames in another folder would be beyond retention, erasure and `make clean`.
"""

from __future__ import annotations

from pathlib import Path

from lfr_core.common.errors import Fatal
from streams.broker.admin import admin_client
from streams.broker.connection import BrokerConnection

__all__ = ["read_log_dirs", "refuse_other_folder"]

_MADE_BY_KAFKA = "meta.properties"


def read_log_dirs(connection: BrokerConnection) -> tuple[str, ...]:
    """Return each folder in which a broker keeps records, by its own account. Raises Retryable, Fatal."""
    with admin_client(connection) as admin:
        brokers = admin.describe_log_dirs()
    return tuple(str(each["log_dir"]) for broker in brokers for each in broker["log_dirs"])


def refuse_other_folder(connection: BrokerConnection, folder: Path) -> None:
    """Raise Fatal when the broker keeps records elsewhere than in `folder`; Retryable when it is away."""
    found = read_log_dirs(connection)
    elsewhere = [each for each in found if Path(each).resolve() != folder.resolve()]
    if elsewhere or not found:
        raise Fatal(
            f"the broker keeps its records in {', '.join(elsewhere) or 'no folder it would name'} and not in {folder}, "
            "where they are deleted in time. Delete what is there, and set LFR_HOME to a folder with a plain name."
        )
    if not (folder / _MADE_BY_KAFKA).is_file():
        raise Fatal(
            f"the broker says that it keeps its records in {folder}, and they aren't there: Java reads the folder's "
            "name in another way. Set LFR_HOME to a folder whose name has letters of ASCII only."
        )
