"""What services say to programs, as officers read it: no command, no id, no time of another clock."""

from __future__ import annotations

import pytest

from apps.plain_words import plain_sentence, plain_sentences, plain_words


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (
            "the start, 2026-12-01 10:00 GMT, is past",
            "the start, 1 December 2026, 10:00, is past",
        ),
        ("it ended at 2026-07-01 10:00 UTC; see `lfr deployment list`", "it ended at 1 July 2026, 11:00"),
        ("it ended at 2026-07-01T10:00:33.123+00:00", "it ended at 1 July 2026, 11:00"),
        (
            "Ann Operator was revoked on 2026-11-02",
            "Ann Operator was revoked on 2 November 2026",
        ),
        ("the vault at /home/lfr/run/vault.sock does not answer; start it", "the vault does not answer; start it"),
        ("it has a place for all that is sent, at 127.0.0.1:57123", "it has a place for all that is sent"),
        ("from 20:42 it is at kafka.force.example:9093,b.force.example:9093 alone", "from 20:42 it is alone"),
        ("/home/lfr/tmp/list-x1/watchlist.csv lacks the columns a/b", "watchlist.csv lacks the columns a/b"),
        ("its fingerprint d78e5dacd6524197 is the list's", "its fingerprint is the list's"),
        (
            "the database sqlite:////home/lfr/records.db is busy: another process holds it; try again",
            "the database is busy: another process holds it; try again",
        ),
        (
            'the database postgresql+psycopg://lfr@db/lfr is away (connection to server at "10.0.0.3", port 1 failed)',
            "the database is away (connection failed)",
        ),
        (
            "the database's disk is full (sqlite:////home/lfr/records.db): free space; nothing was written",
            "the database's disk is full: free space; nothing was written",
        ),
        (
            "the records' database /home/lfr/r.db has gone: put it back, or see LFR_HOME (`lfr doctor`); to begin anew",
            "the records' database r.db has gone: put it back",
        ),
        (
            "accounts are made, locked and deleted at your force's identity provider (LFR_OIDC_ISSUER)",
            "accounts are made, locked and deleted at your force's identity provider",
        ),
        ("make free space, or set LFR_HOME to a larger disk", "make free space"),
        ("entry 2026-13-45 is no day", "entry 2026-13-45 is no day"),
        (
            "the pictures of alert 0a1b2c3d-0000-4000-8000-00000000000f were deleted",
            "the pictures of alert were deleted",
        ),
    ],
)
def test_a_sentence_names_days_and_times_as_people_do_and_no_command_or_id(said: str, read: str) -> None:
    assert plain_words(said) == read


def test_a_sentence_of_its_own_begins_with_a_capital_and_ends_with_a_point() -> None:
    assert plain_sentence("the deployment is over: see `lfr deployment list`") == "The deployment is over."
    assert plain_sentence("") == ""


def test_what_somebody_typed_into_a_name_is_no_link_in_a_refusal() -> None:
    name = "[Approve here](https://elsewhere.example) ![x](https://elsewhere.example/x.png)"

    assert "](" not in plain_words(f"{name} is over: its plan stays as it is")
    assert "](" not in plain_sentence(f"{name} is over")


def test_of_several_sentences_a_command_ends_its_own_alone() -> None:
    said = (
        "couldn't reach all: Alerts: the vault at /home/lfr/run/vault.sock does not answer: whoever runs the system "
        "starts it with `lfr up`, or sees `lfr status` (since 2026-11-28 22:13:13 UTC); Lists: the database "
        "sqlite:////home/lfr/records.db is busy (since 2026-11-28 22:13:13 UTC). See workflows.log"
    )

    assert plain_sentences(said) == (
        "couldn't reach all: Alerts: the vault does not answer: whoever runs the system starts it (since 28 November "
        "2026, 22:13); Lists: the database is busy (since 28 November 2026, 22:13). See workflows.log"
    )
