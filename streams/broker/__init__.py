"""The broker: which one, how it starts, and what its clients must know of it."""

from __future__ import annotations

from streams.broker.traits import KAFKA, TANSU, TANSU_BANNER, BrokerKind, BrokerTraits, read_traits, remember_kind

__all__ = ["KAFKA", "TANSU", "TANSU_BANNER", "BrokerKind", "BrokerTraits", "read_traits", "remember_kind"]
