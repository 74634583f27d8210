from __future__ import annotations

from tests.support.databases import sqlite_url
from tests.support.identity import identity_server

__all__ = ["identity_server", "sqlite_url"]
