"""A provider that hangs keeps nobody from what they may see, as long as its keys were known lately."""

from __future__ import annotations

import threading

import pytest
from joserfc.jwk import KeySet, OKPKey

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.identity import provider_keys
from lfr_core.custody.identity.provider import IdentityProvider
from lfr_core.custody.identity.provider_keys import ProviderKeys
from tests.support.records import ManualClock


class Provider:
    """Answers, is away, or hangs until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        self.is_away = False
        self.hangs: threading.Event | None = None
        self.is_asked = threading.Event()
        monkeypatch.setattr(provider_keys, "discover", lambda _: None)
        monkeypatch.setattr(provider_keys, "fetch_keys", lambda *_: self.answer())

    def answer(self) -> KeySet:
        self.asked += 1
        self.is_asked.set()
        if self.hangs is not None:
            self.hangs.wait(20)
        if self.is_away or self.hangs is not None:
            raise Retryable("the provider doesn't answer")
        return KeySet([OKPKey.generate_key("Ed25519")])


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    return Provider(monkeypatch)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def keys(provider: Provider, clock: ManualClock) -> ProviderKeys:
    return ProviderKeys(IdentityProvider("http://127.0.0.1:4220", "terminal", "pages", (), is_embedded=True), clock)


def test_they_are_asked_for_every_five_minutes_and_at_once_for_a_token_by_another_key(
    provider: Provider, clock: ManualClock, keys: ProviderKeys
) -> None:
    first = keys.read()
    clock.advance(299)
    assert (keys.read(), provider.asked) == (first, 1)

    newer = keys.read(newest=True)
    assert (newer != first, keys.read(newest=True), provider.asked) == (True, newer, 2)

    clock.advance(301)
    keys.read()
    assert provider.asked == 3


def test_while_one_waits_for_a_provider_that_hangs_the_others_go_by_what_is_known(
    provider: Provider, clock: ManualClock, keys: ProviderKeys
) -> None:
    known = keys.read()
    clock.advance(301)
    provider.hangs = threading.Event()
    provider.is_asked.clear()
    waits = threading.Thread(target=keys.read)
    waits.start()
    assert provider.is_asked.wait(20)

    assert keys.read() is known
    provider.hangs.set()
    waits.join(20)
    assert (keys.read(), provider.asked) == (known, 2)  # and isn't asked again at once


def test_an_hour_after_it_answered_last_nobody_is_believed(
    provider: Provider, clock: ManualClock, keys: ProviderKeys
) -> None:
    keys.read()
    provider.is_away = True
    clock.advance(3_599)
    keys.read()
    clock.advance(2)

    with pytest.raises(Refused, match="identity provider isn't there") as refused:
        keys.read()
    assert refused.value.rule == "login.provider-away"


def test_one_that_never_answered_says_why(provider: Provider, keys: ProviderKeys) -> None:
    provider.is_away = True

    with pytest.raises(Refused, match="doesn't answer"):
        keys.read()
