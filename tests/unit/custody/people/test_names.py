"""How names are compared: by everybody in the same way."""

from __future__ import annotations

import pytest

from lfr_core.common.errors import Refused
from lfr_core.domain.actors import fold_key_name, fold_name, person_name, same_person


@pytest.mark.parametrize(
    "other", ["DC Ann Ask", "  dc   ann ask ", "D\uff23 Ann Ask", "DC Ann-Ask.", "DC\u00a0ANN ASK"], ids=ascii
)
def test_one_person_under_two_spellings_is_still_one_person(other: str) -> None:
    assert same_person("DC Ann Ask", other)
    assert fold_name(other) == "dc ann ask"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("DC Ann Ask", "DC Anna Sk"),
        ("DC Ann Ask", "DC Ann Ask 2"),
        ("José", "Jose"),
        ("\u0930\u093e\u092e\u093e", "\u0930\u0940\u092e\u0940"),  # Rama and Rimi: only the vowel signs differ
    ],
    ids=ascii,
)
def test_two_people_are_not_taken_for_one(one: str, other: str) -> None:
    assert not same_person(one, other)


def test_an_accent_is_the_same_however_it_is_typed() -> None:
    assert same_person("Jos\u00e9", "Jose\u0301")


@pytest.mark.parametrize(
    "name", ["", "   ", "a\x00b", "x" * 101, "\u200b", "system:flows", "a\u202eb", "\ufeff"], ids=ascii
)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        person_name(name)

    assert refused.value.rule == "actor.not-a-person"


def test_a_name_is_kept_as_it_is_called() -> None:
    assert [person_name(name) for name in (" DC  Ann Ask", "Insp. Bo Allow", "D\uff23 Ann")] == [
        "DC Ann Ask",
        "Insp. Bo Allow",
        "DC Ann",
    ]


@pytest.mark.parametrize("key", ["audit-writer:w_1.a", "listed:high-street-0412"])
def test_a_keys_name_is_kept_apart_from_every_persons_name(key: str) -> None:
    assert fold_key_name(key) == key  # commitments and seals of older versions hang on these very bytes
    assert fold_key_name(key.replace("-", " ")) != fold_key_name(key)
    for name in (key, key.replace(":", " "), key.replace(":", "-")):
        assert ":" not in fold_name(name)


def test_a_persons_pseudonym_is_of_the_folded_name() -> None:
    assert fold_key_name("DC  Ann-Ask.") == "dc ann ask"
