"""The error tree: what went wrong decides what happens next.

LfrError
├── Retryable   a service is away or busy; the same call may work later (carries `retry_after_s`)
├── Poison      this input can never be processed; dead-letter it and go on
├── Stale       too old to be live; drop it and count it
├── Refused     policy says no; carries the rule
└── Fatal       this process must not go on (wrong model hash, CUDA asked for and absent)
"""

from __future__ import annotations

__all__ = ["Fatal", "LfrError", "Poison", "Refused", "Retryable", "Stale"]


class LfrError(Exception):
    """Base of every error OpenLFR raises on purpose. The message says what to do next."""

    exit_code = 1


class Retryable(LfrError):
    """A service is away or busy; nothing was lost and the same call may be made again."""

    exit_code = 75  # EX_TEMPFAIL

    def __init__(self, message: str, *, retry_after_s: float = 0.5) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Poison(LfrError):
    """This input can never be processed, however often it is tried: dead-letter it and go on."""

    exit_code = 65  # EX_DATAERR


class Stale(LfrError):
    """A frame is older than the policy lets a live frame be: drop it and count it."""


class Refused(LfrError):
    """A rule says no.

    `rule` names the rule in stable, dotted words (`watchlist.entry-expired`), so that tests, logs and
    pages can tell refusals apart without reading the sentence.
    """

    exit_code = 77  # EX_NOPERM

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class Fatal(LfrError):
    """This process must stop: going on would be unsafe or pointless."""

    exit_code = 70  # EX_SOFTWARE
