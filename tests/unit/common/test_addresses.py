"""This machine's own addresses are told from all others, by number alone."""

from __future__ import annotations

import pytest

from lfr_core.common.addresses import is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "::ffff:127.0.0.1"])
def test_this_machine_is_known_by_its_number(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "localhost", "0.0.0.0", "::", "::ffff:10.0.0.5", "10.0.0.5", "127.0.0.1.example"])
def test_a_name_and_every_other_number_are_somewhere_else(host: str) -> None:
    assert not is_loopback(host)
