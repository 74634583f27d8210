"""`python -m apps.cli`: `lfr` without the console script."""

from __future__ import annotations

from apps.cli.main import run

run()
