"""Probes: is a child ready? Each answers soon and never raises."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from apps.supervisor.children import Probe
from lfr_core.common.errors import LfrError
from lfr_core.common.liveness import LivenessFile

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings
    from streams.broker.connection import BrokerConnection

__all__ = ["broker_answers", "http_ok", "port_answers", "says_alive", "says_ready", "vault_answers"]

_ANSWER_S = 1.0


def port_answers(port: int) -> Probe:
    """Make a probe that is ready when 127.0.0.1:`port` takes a connection."""

    def probe(_pid: int) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_S):
                return True
        except OSError:
            return False

    return probe


def http_ok(url: str) -> Probe:
    """Make a probe that is ready when `url` (a loopback http address) answers 200."""

    def probe(_pid: int) -> bool:
        try:
            with urllib.request.urlopen(url, timeout=_ANSWER_S) as answer:  # noqa: S310  our own loopback address
                return bool(answer.status == 200)  # OK
        except (OSError, urllib.error.URLError, ValueError):
            return False

    return probe


def broker_answers(connection: BrokerConnection) -> Probe:
    """Make a probe that is ready when the broker tells its version: an open port alone comes seconds earlier."""

    def probe(_pid: int) -> bool:
        from streams.topics import broker_version

        try:
            broker_version(connection)
        except LfrError:
            return False
        return True

    return probe


def vault_answers(settings: Settings) -> Probe:
    """Make a probe that is ready when the vault of these settings answers."""

    def probe(_pid: int) -> bool:
        from lfr_core.custody.installation import Installation
        from lfr_core.domain.actors import ProcessIdentity

        asks = ProcessIdentity.SUPERVISOR
        try:
            with Installation(settings, identity=asks, vault_timeout_s=_ANSWER_S) as installation:
                installation.vault.ping()
        except LfrError:
            return False
        return True

    return probe


def says_ready(path: Path) -> Probe:
    """Make a probe that is ready when the liveness file at `path` is the child's own."""
    return LivenessFile(path).is_of


def says_alive(path: Path) -> Probe:
    """Make a probe that passes while the child touches its liveness file: one that hangs or is stopped doesn't."""
    file = LivenessFile(path)
    return lambda pid: file.is_of(pid) and file.is_fresh()
