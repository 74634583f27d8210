"""The settings of a run: its own home folder and free ports, beside whatever `lfr up` runs."""

from __future__ import annotations

import shutil
import socket
from contextlib import ExitStack
from pathlib import Path

from lfr_core.common.settings import Settings

__all__ = ["READY_S", "settings_for_run"]

READY_S = 180.0  # until every child is ready: Kafka 4 s, workers 10 s, more on a busy machine


def settings_for_run(settings: Settings, home: Path, *, workers: int, keep_page_port: bool) -> Settings:
    """Make the settings of a run: a fresh `home`, and free ports for what it starts itself.

    A Kafka and a Milvus that the settings name are used as they are. The records are always its own: who acts in a
    run isn't registered in a force's.
    """
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    kafka, controller, milvus, page, identity = _free_ports(5)
    changes: dict[str, object] = {
        "home": home,
        "kafka_port": kafka,
        "kafka_controller_port": controller,
        "milvus_port": milvus,
        "identity_port": identity,
        "workers": workers,
        "database_url": "",
        "oidc_issuer": "",  # its people are its own
        "page_url": "",
        "tpm": "",  # its keystore goes with its home, and places in the chip would stay
        "page_hosts": ("127.0.0.1", "localhost"),
    }
    if not keep_page_port:
        changes["operator_port"] = page
    return settings.model_copy(update=changes)


def _free_ports(count: int) -> list[int]:
    """Find loopback TCP ports nobody listens on now; held together, so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
