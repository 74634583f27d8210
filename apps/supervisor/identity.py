"""The child that serves logins, where the settings name no provider of the force's own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from apps.supervisor.children import ChildSpec
from apps.supervisor.probes import http_ok

if TYPE_CHECKING:
    from lfr_core.common.settings import Settings

__all__ = ["IDENTITY", "identity_child"]

IDENTITY = "identity"
_START_S = 120.0  # 3 s alone, 8 s at the very first start; everything else starts at the same time


def identity_child(settings: Settings, env: dict[str, str]) -> ChildSpec:
    """Build the embedded identity server's child. It waits for nobody, and needs neither records nor vault."""
    answers = http_ok(f"http://127.0.0.1:{settings.identity_port}/.well-known/openid-configuration")
    return ChildSpec(
        IDENTITY,
        (sys.executable, "-m", "apps.identity"),
        env=env,
        ready=answers,
        alive=answers,
        stop_deadline_s=5.0,
        start_deadline_s=_START_S,
        ports=(settings.identity_port,),
        shares_ports=True,
    )
