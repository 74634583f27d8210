"""Keeps the parts of a running system running: see `supervisor.Supervisor`, and `system` for OpenLFR's own parts."""

from __future__ import annotations

from apps.supervisor.backoff import Backoff
from apps.supervisor.children import ChildSpec, ChildState, Probe
from apps.supervisor.state import ChildReport, SystemState, read_state
from apps.supervisor.supervisor import Supervisor

__all__ = ["Backoff", "ChildReport", "ChildSpec", "ChildState", "Probe", "Supervisor", "SystemState", "read_state"]
