"""Families of faults, and the table that `make faults` prints of them: docs/reliability.md.

A test of a family carries `@pytest.mark.fault("...")`. One that asks for the fixture `fault_seed` is run for each seed;
one that plays a stream tells `account` what came of it. A plugin of pytest.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from tests.support.oracle import Tally

__all__ = ["FAMILIES", "Account", "broken", "table"]

FAMILIES = (
    "offsets reset or out of range",
    "clock jumps, and the autumn hour",
    "every message twice",
    "rebalance storm",
    "recogniser stopped by SIGSTOP",
    "gallery emptied, altered, swapped",
    "keystore and head put back",
    "sweep left pending",
    "supervisor killed",
    "power cut",
)
FAMILY, TALLY, SEED = "fault", "fault-tally", "fault-seed"
_PASSED = frozenset({"passed"})


class Account:
    """Where a test says how many frames were accounted for, and which alerts were lost or doubled."""

    def __init__(self, properties: list[tuple[str, object]]) -> None:
        self._properties = properties

    def add(self, tally: Tally) -> None:
        """Add up what a judgement found; raise nothing."""
        self._properties.append((TALLY, (tally.frames, tally.lost, tally.doubled)))


def table(reports: Sequence[pytest.TestReport]) -> list[str]:
    """Write a line of Markdown for each family: of its tests, those that passed, and what they accounted for."""
    lines = [
        "| family | tests passed | seeds | frames accounted for | alerts lost | alerts doubled | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for family in FAMILIES:
        mine = [report for report in reports if _of(report, FAMILY) == [family]]
        tests = {report.nodeid for report in mine}
        failed = {report.nodeid for report in mine if report.outcome not in _PASSED}
        seeds = {seed for report in mine for seed in _of(report, SEED)}
        tallies = [tally for report in mine if report.when == "call" for tally in _of(report, TALLY)]
        frames, lost, doubled = (str(sum(each[n] for each in tallies)) if tallies else "-" for n in range(3))
        seconds = sum(report.duration for report in mine)
        lines.append(
            f"| {family} | {len(tests - failed)} of {len(tests)} | {len(seeds) or '-'} | {frames} | {lost} | {doubled} "
            f"| {seconds:.0f} |"
        )
    return lines


def broken(reports: Iterable[pytest.TestReport]) -> list[str]:
    """The families of which no test ran, or one didn't pass: a promise that isn't shown is none."""
    reports = list(reports)
    ran = {family: [r for r in reports if _of(r, FAMILY) == [family]] for family in FAMILIES}
    return [family for family, mine in ran.items() if not mine or any(r.outcome not in _PASSED for r in mine)]


def _of(report: pytest.TestReport, name: str) -> list[Any]:
    return [value for key, value in report.user_properties if key == name]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of a fault at random moments with each seed."""
    if "fault_seed" in metafunc.fixturenames:
        metafunc.parametrize("fault_seed", range(1, 1 + int(os.environ.get("LFR_FAULT_SEEDS", "1"))))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Note a fault's family and seed for the table."""
    for mark in item.iter_markers("fault"):
        item.user_properties.append((FAMILY, mark.args[0]))
    params = getattr(item, "callspec", None)
    if params and "fault_seed" in params.params:
        item.user_properties.append((SEED, params.params["fault_seed"]))


@pytest.fixture
def account(request: pytest.FixtureRequest) -> Account:
    """Where a test of a fault says what became of frames and alerts."""
    return Account(request.node.user_properties)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of `make faults`."""
    if "LFR_FAULT_SEEDS" in os.environ:
        terminalreporter.section("faults")
        for line in table(_reports(terminalreporter)):
            terminalreporter.write_line(line)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """`make faults` fails too when a family had no test, or one was skipped: nothing was shown of it."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if "LFR_FAULT_SEEDS" in os.environ and reporter is not None and not hasattr(session.config, "workerinput"):
        missing = broken(_reports(reporter))
        if missing:
            reporter.write_line(f"no promise shown: {', '.join(missing)}", red=True)
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def _reports(reporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    reports = {id(each): each for of in reporter.stats.values() for each in of if isinstance(each, pytest.TestReport)}
    return [each for each in reports.values() if any(name == FAMILY for name, _ in each.user_properties)]
