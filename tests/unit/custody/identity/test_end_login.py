"""`lfr logout` says that a session is over only where a copy of it counts for nothing."""

from __future__ import annotations

from typing import cast
from unittest.mock import Mock

import pytest

from lfr_core.common.errors import LfrError, Refused, Retryable
from lfr_core.custody.identity.login import CommandLineLogin
from lfr_core.custody.identity.terminal import end_login
from lfr_core.custody.people.store import People


def end(error: LfrError) -> Mock:
    """Log out where asking who it is ends with `error`; return the login, whose file is forgotten all the same."""
    login = Mock(spec=CommandLineLogin)
    login.identify.side_effect = error
    login.log_out.return_value = True
    try:
        assert end_login(cast("CommandLineLogin", login), cast("People", Mock(spec=People)))
    finally:
        login.log_out.assert_called_once_with()
    return login


@pytest.mark.parametrize(
    "rule", ["login.none", "login.expired", "login.token", "identity.ended", "identity.session-ended", "people.revoked"]
)
def test_a_login_that_counts_no_more_is_only_forgotten(rule: str) -> None:
    end(Refused(rule, "it is over"))


@pytest.mark.parametrize(
    "error",
    [
        Refused("login.refused", "the identity provider refuses (403)"),
        Refused("login.provider", "it answers with something else"),
        Refused("login.session", "the file is damaged"),
        Refused("records.not-on-trail", "the register differs"),
        Retryable("the provider is away"),
    ],
)
def test_where_it_cant_be_told_whether_a_copy_counts_nobody_is_told_that_it_doesnt(error: LfrError) -> None:
    with pytest.raises(type(error), match=str(error).replace("(", r"\(").replace(")", r"\)")):
        end(error)
