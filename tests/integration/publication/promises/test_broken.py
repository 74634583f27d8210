"""Each promise is kept by the ordinary services, then broken in the real state; its check must say so.

The breakings are in `tests/support/breaking_*.py`; importing them registers them.
"""

from __future__ import annotations

import pytest

from lfr_core.domain.policy import load_policy
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.port import Result
from tests.support import breaking_alerts, breaking_lists_and_video, breaking_plans, breaking_trail  # noqa: F401  register
from tests.support.breaking_promises import BREAKINGS, Breaking
from tests.support.promise_harness import PromiseHarness

READ_ALL_SOURCE = [each for each in BREAKINGS if each[0] == "biometrics.no-export"]
"""Each reads the whole source anew, for seconds: `make test` has the first."""


@pytest.mark.parametrize(
    ("check", "breaking"),
    [
        pytest.param(
            *each, id=f"{each[0]}-{each[1].__name__}", marks=[pytest.mark.slow] * (each in READ_ALL_SOURCE[1:])
        )
        for each in BREAKINGS
    ],
)
def test_a_promise_holds_until_it_is_broken_and_then_its_check_says_so(
    harness: PromiseHarness, check: str, breaking: Breaking
) -> None:
    steps = breaking(harness)
    next(steps)
    before = harness.check(check)
    assert before.result in {Result.HOLDS, Result.NOTHING}, before

    next(steps, None)
    after = harness.check(check)

    assert after.result is Result.BROKEN, after
    assert after.message != before.message


def test_no_check_can_only_say_that_its_promise_holds() -> None:
    bound = {each.check for each in promises(load_policy()) if each.check}

    assert {check for check, _ in BREAKINGS} == bound
