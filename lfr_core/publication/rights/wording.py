"""What is written to people, word for word. No sentence depends on who is on a list, but the two that say so."""

from __future__ import annotations

from lfr_core.domain.watchlists import Category

__all__ = ["LISTED", "NEITHER", "NOT_LISTED", "REASONS", "listed_answer"]

NEITHER = (
    "We neither confirm nor deny that any person is or was on the list of a deployment of live facial recognition. "
    "We answer everybody who asks in these same words, whether or not they were on a list, so that nothing follows "
    "from them about you or anybody else.\n\n"
    "If your face was seen and matched nobody, nothing of it was kept: its biometric data was deleted at once. The "
    "list of a deployment is destroyed when the deployment ends.\n\n"
    "You may ask the data protection officer to look at this again, and complain to the Information Commissioner."
)
"""Neither confirm nor deny: R (Bridges) v South Wales Police [2020] EWCA Civ 1058, para 95."""

LISTED = (
    "The list of the deployment you ask about held an entry for you. The list, its photographs and what was computed "
    "from them were destroyed when the deployment ended; that you were on it is all that can still be established.\n\n"
    "You may ask for the grounds, complain to us, and complain to the Information Commissioner."
)
NOT_LISTED = (
    "The list of the deployment you ask about held no entry for you. The list, its photographs and what was computed "
    "from them were destroyed when the deployment ended.\n\n"
    "If your face was seen and matched nobody, nothing of it was kept: its biometric data was deleted at once."
)

REASONS: dict[Category, str] = {
    Category.WANTED_BY_FORCE: "people wanted by the police",
    Category.WANTED_BY_COURTS: "people wanted by the courts",
    Category.BREACH_OF_COURT_ORDER: "people believed to be in breach of a strict court order",
    Category.HIGH_RISK_MISSING: "people missing and at high risk of harm",
    Category.VICTIM: "victims of crime whom the police try to find",
    Category.CRUCIAL_WITNESS: "people believed to have crucial information about a serious crime",
    Category.BLUE_LIST: "volunteers who test the system",
}
"""The class of a list's entry as a person who was stopped reads it: never who it was about."""


def listed_answer(*, listed: bool) -> str:
    """Return the plain answer, once two people have decided to give it."""
    return LISTED if listed else NOT_LISTED
