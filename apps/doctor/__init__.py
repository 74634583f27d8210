"""`lfr doctor`: looks at everything OpenLFR needs and says how to mend what is wrong. Changes nothing."""

from __future__ import annotations

from apps.doctor.checks import Check, Level
from apps.doctor.examine import examine

__all__ = ["Check", "Level", "examine"]
