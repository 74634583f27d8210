"""Where an installation keeps things, as the stores that are searched; and the folders that never are."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine

from lfr_core.common.settings import Settings
from lfr_core.retention.erasure.stores import ClosedStore, FolderStore, Store, database_store
from lfr_core.storage.engine import is_sqlite

__all__ = ["broker_store", "canary_folder", "certificate_folder", "scratch_folder", "stores_of"]


def canary_folder(settings: Settings) -> Path:
    """Return where the needles are: searched by nothing, or every search would find them."""
    return settings.home.resolve() / "canaries"


def certificate_folder(settings: Settings) -> Path:
    """Return where certificates are handed out from."""
    return settings.home.resolve() / "certificates"


def scratch_folder(settings: Settings) -> Path:
    """Return where the search's own control is written for a moment."""
    return canary_folder(settings) / "control"


def broker_store(settings: Settings, *, has_retention: bool) -> Store:
    """Return the broker that these settings lead to.

    Args:
        settings: whose broker.
        has_retention: of its traits: false for the demonstration broker, which has its records in memory alone.
    """
    if settings.kafka_servers:
        return ClosedStore("broker", f"its disks are the cluster's at {settings.kafka_servers}, not this machine's")
    if not has_retention:
        return ClosedStore(
            "broker", "the demonstration broker (Tansu) has records in its memory alone, until it is stopped"
        )
    folder = settings.home.resolve() / "kafka"
    return FolderStore("broker", "Apache Kafka's folder: every segment, index and log file", (folder,))


def stores_of(settings: Settings, engine: Engine, broker: Store) -> tuple[Store, ...]:
    """Return every place there is, and `broker`. What lies in the home folder and in none of the others comes last."""
    home = settings.home.resolve()
    milvus = home / "milvus"
    gallery: Store = (
        ClosedStore("gallery", "its disks are the external Milvus's, not this machine's")
        if settings.milvus_uri
        else FolderStore("gallery", "Milvus Lite's folder", (milvus,))
    )
    folders = [
        FolderStore("logs", "the log of every process", (home / "log",)),
        FolderStore("workflows", "Prefect's folder: its database, results and logs", (home / "prefect",)),
        FolderStore("footage", "the footage store", (settings.footage_store.resolve(),)),
        FolderStore("keystore", "the vault's folder", (settings.keystore_folder.resolve(),)),
        _temporary(home),
    ]
    taken: list[Path] = [milvus, home / "kafka", canary_folder(settings)]
    taken += [root for store in folders for root in store.roots]
    if is_sqlite(engine):
        taken += _roots(database_store(engine))
    rest = FolderStore(
        "other files",
        "all else in the home folder: exported pictures, run files, Streamlit's, quality reports, certificates",
        (home,),
        skip=tuple(taken),
    )
    return (database_store(engine), gallery, broker, *folders, rest)


def _temporary(home: Path) -> FolderStore:
    """Return what is ours in the system's temporary folder, without the home folder where that lies inside."""
    system = Path(tempfile.gettempdir())
    return FolderStore(
        "temporary files",
        f"{home / 'tmp'} and everything named lfr-* in {system}",
        (home / "tmp", *sorted(system.glob("lfr-*"))),
        skip=(home,),
    )


def _roots(store: Store) -> Sequence[Path]:
    return store.roots if isinstance(store, FolderStore) else ()
