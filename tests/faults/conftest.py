"""Servers that may be killed, and kafka-python kept from leaving sockets in pytest's captured logs."""

from __future__ import annotations

import gc
import logging
import warnings
from collections.abc import Iterator

import pytest

from streams.camera.rate_limit import silence_kafka_logs


@pytest.fixture(autouse=True)
def _no_sockets_in_captured_logs() -> Iterator[None]:
    """kafka-python 3.0.12 never closes the socket of a refused connection, and logs keep it alive."""
    logger = logging.getLogger("kafka")
    before = logger.level
    silence_kafka_logs()
    yield
    logger.setLevel(before)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
