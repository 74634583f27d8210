"""`lfr accuracy`: the laboratory. What a model, a threshold and a rule get wrong, measured on labelled faces."""

from __future__ import annotations

from apps.cli.accuracy import evaluating, passes, planning
from apps.cli.accuracy.group import app

__all__ = ["app", "evaluating", "passes", "planning"]
