"""Prints at the end of a run what tests measured, those that passed too, in whichever process. A plugin of pytest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

__all__ = ["measured"]

_NAME = "measured"


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Where a test says what it measured and holds against no bound."""

    def note(line: str) -> None:
        request.node.user_properties.append((_NAME, line))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print it, a line a measurement."""
    reports = {id(each): each for of in terminalreporter.stats.values() for each in of}
    lines = [
        str(line)
        for each in reports.values()
        if isinstance(each, pytest.TestReport) and each.when == "call"
        for name, line in each.user_properties
        if name == _NAME
    ]
    if lines:
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.write_line(line)
