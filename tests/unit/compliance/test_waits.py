"""A part's label says in words, and with a number, what waits there."""

from __future__ import annotations

import pytest

from apps.compliance.waits import promise_words
from lfr_core.publication.promises.ledger import LedgerEntry
from lfr_core.publication.promises.port import Promise, PromiseFinding, Result


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], ""),
        ([Result.HOLDS, Result.NOTHING], ""),
        ([Result.BROKEN, Result.HOLDS], "1 broken promise"),
        ([Result.BROKEN, Result.BROKEN, Result.UNCHECKED], "2 broken promises, 1 can't be checked"),
    ],
)
def test_broken_promises_are_counted_before_those_that_cant_be_checked(results: list[Result], expected: str) -> None:
    promise = Promise("a", "A sentence.", "A source.", check="a")
    entries = tuple(LedgerEntry(promise, PromiseFinding(each, "Seen.")) for each in results)

    assert promise_words((LedgerEntry(promise), *entries)) == expected
