"""What the answers to an alert are called on every page where somebody gives or reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lfr_core.domain.alerts import Engagement, EngagementOutcome

__all__ = ["ENGAGEMENT_WORDS", "OUTCOME_WORDS"]

ENGAGEMENT_WORDS: Final[Mapping[Engagement, str]] = {
    Engagement.ENGAGED: "Engaged",
    Engagement.EVADED: "Evaded",
    Engagement.NOT_ENGAGED: "Not engaged",
}
OUTCOME_WORDS: Final[Mapping[EngagementOutcome, str]] = {
    EngagementOutcome.ARREST: "Arrest",
    EngagementOutcome.OTHER_DISPOSAL: "Other disposal",
    EngagementOutcome.NO_ACTION: "No action",
}
