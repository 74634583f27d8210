"""An application's file says when in the clock times of London, and nothing else passes for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lfr_core.common.errors import Poison, Refused
from lfr_core.deployments.form_file import form_template, read_form
from lfr_core.domain.policy import load_policy


def filled(**changed: str) -> str:
    text = form_template(load_policy()).replace('"""' * 2, '""').replace('""', '"A sentence that is long enough."')
    for name, value in changed.items():
        lines = [line for line in text.splitlines() if not line.startswith(f"{name} = ")]
        text = "\n".join([f"{name} = {value}", *lines])
    return text


def written(folder: Path, **changed: str) -> Path:
    file = folder / "application.toml"
    file.write_text(filled(**changed), encoding="utf-8")
    return file


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize("value", ["4", "1600", "16.5", "true", '"16:00Z"', '"16:00+01:00"', '"four"'])
def test_what_is_no_clock_time_is_refused_by_its_field(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(Poison, match=rf"no application: {name}: "):
        read_form(written(tmp_path, **{name: value}))


@pytest.mark.parametrize("value", ["4", "20261204", '"4 December"'])
def test_what_is_no_date_is_refused_by_its_field(tmp_path: Path, value: str) -> None:
    with pytest.raises(Poison, match="no application: date: "):
        read_form(written(tmp_path, date=value))


@pytest.mark.parametrize("value", ["0001-01-01", "1999-12-31", "3000-01-01", "9999-12-31"])
def test_a_day_that_no_deployment_can_have_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(Refused, match="no day of a deployment"):
        read_form(written(tmp_path, date=value))
