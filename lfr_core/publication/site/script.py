"""The only script of the site, and how a content security policy names it. It asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

__all__ = ["SCRIPT", "SCRIPT_SOURCE"]

SCRIPT = (Path(__file__).with_name("templates") / "forgotten.js").read_text(encoding="utf-8")
SCRIPT_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()}'"
