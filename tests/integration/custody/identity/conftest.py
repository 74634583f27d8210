from __future__ import annotations

from tests.support.identity import identity_server

__all__ = ["identity_server"]
