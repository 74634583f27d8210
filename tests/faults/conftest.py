"""Servers that may be killed, and kafka-python kept from leaving sockets in pytest's captured logs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.brokers import sockets_of_refused_connections


@pytest.fixture(autouse=True)
def _no_sockets_in_captured_logs() -> Iterator[None]:
    with sockets_of_refused_connections():
        yield
