"""`LFR_REQUIRE=kafka,postgresql,browser,models,identity,openssl,gstreamer,tpm,root`: a skip of a test so marked fails.

What continuous integration promises to have run, ran. A plugin of pytest.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

__all__ = ["REQUIRABLE", "required"]

REQUIRABLE = frozenset(
    {"kafka", "postgresql", "browser", "models", "identity", "openssl", "gstreamer", "tpm", "root", "data"}
)
"""`data` is what nobody can install: .ci/run doesn't ask for it, whoever has it may."""


def required() -> frozenset[str]:
    """The markers whose tests mustn't be skipped."""
    names = os.environ.get("LFR_REQUIRE", "").split(",")
    return frozenset(name.strip() for name in names if name.strip())


def pytest_configure() -> None:
    """Refuse a name that no test has as a marker."""
    unknown = required() - REQUIRABLE
    if unknown:
        raise pytest.UsageError(
            f"LFR_REQUIRE names {', '.join(sorted(unknown))}; known: {', '.join(sorted(REQUIRABLE))}"
        )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what only root can try: to be another user of the machine, to lock memory without a limit."""
    if os.geteuid() != 0 and item.get_closest_marker("root"):
        pytest.skip("needs root")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a required test into a failure that gives the reason of the skip."""
    report = yield
    wanted = sorted(required() & {mark.name for mark in item.iter_markers()})
    if wanted and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"LFR_REQUIRE demands {', '.join(wanted)}, and this was skipped. {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips itself while it is imported hides its markers: under LFR_REQUIRE that is a failure."""
    report = yield
    if required() and report.outcome == "skipped":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} skips itself at import; skip its tests by a marker or fixture. {reason}"
    return report
