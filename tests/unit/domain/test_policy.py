"""The policy file: what is refused at load, and how it says so."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest

from lfr_core.common.errors import Fatal
from lfr_core.domain.policy import Policy, default_policy_file, load_policy
from lfr_core.domain.watchlists import Category, Response

Sections = dict[str, dict[str, Any]]


def write(folder: Path, sections: Sections) -> Path:
    """TOML of numbers, texts, booleans and lists in sections: all that a policy holds, and JSON writes alike."""
    lines = []
    for section, values in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {_toml(value)}" for key, value in values.items()]
    file = folder / "policy.toml"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def _toml(value: object) -> str:
    """JSON's way, but for numbers that JSON hasn't."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else json.dumps(value)


@pytest.fixture
def sections() -> Sections:
    return tomllib.loads(default_policy_file().read_text(encoding="utf-8"))


def test_the_default_policy_loads_and_a_rewritten_copy_is_the_same(sections: Sections, tmp_path: Path) -> None:
    assert load_policy(write(tmp_path, sections)) == load_policy()


@pytest.mark.parametrize("section", sorted(Policy.model_fields))
def test_an_unknown_key_is_refused_by_name(sections: Sections, tmp_path: Path, section: str) -> None:
    sections[section]["surprise"] = 1

    with pytest.raises(Fatal, match=rf"{section}\.surprise: Extra inputs"):
        load_policy(write(tmp_path, sections))


@pytest.mark.parametrize(
    ("section", "key"),
    [(s, k) for s, field in Policy.model_fields.items() for k in field.annotation.model_fields],  # type: ignore[union-attr]
)
def test_a_missing_key_is_refused_by_name(sections: Sections, tmp_path: Path, section: str, key: str) -> None:
    del sections[section][key]

    with pytest.raises(Fatal, match=rf"{section}\.{key}: Field required"):
        load_policy(write(tmp_path, sections))


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("live", "frame_max_age_s", 0),
        ("live", "frame_max_age_s", float("inf")),
        ("live", "frame_max_age_s", float("nan")),
        ("live", "deployment_check_s", 60),
        ("sampling", "looks_per_second", -1),
        ("sampling", "max_in_flight", 0),
        ("faces", "detector_width_px", 500),
        ("faces", "detector_min_score", 1.5),
        ("faces", "max_yaw_degrees", 120),
        ("tracking", "max_shots_per_track", 0),
        ("alerts", "threshold", 0),
        ("alerts", "threshold", 1),
        ("alerts", "threshold", float("nan")),
        ("alerts", "agreeing_shots", 0),
        ("alerts", "retention_h", 25),  # 24 hours, no exception
        ("images", "max_frame_bytes", 100_000_000),
        ("responses", "victim", "interrogate"),
        ("alerts", "threshold", "high"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(
    sections: Sections, tmp_path: Path, section: str, key: str, value: object
) -> None:
    sections[section][key] = value

    with pytest.raises(Fatal, match=rf"{section}\.{key}: "):
        load_policy(write(tmp_path, sections))


def test_a_slowest_pace_above_the_fastest_is_refused(sections: Sections, tmp_path: Path) -> None:
    sections["sampling"]["min_looks_per_second"] = sections["sampling"]["looks_per_second"] + 1

    with pytest.raises(Fatal, match="min_looks_per_second is above looks_per_second"):
        load_policy(write(tmp_path, sections))


def test_every_fault_is_named_at_once(sections: Sections, tmp_path: Path) -> None:
    sections["alerts"]["threshold"] = 2
    del sections["images"]["max_megapixels"]

    with pytest.raises(Fatal, match=r"alerts\.threshold.*images\.max_megapixels"):
        load_policy(write(tmp_path, sections))


def test_a_file_that_is_missing_or_no_toml_is_refused_by_path(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match=r"absent\.toml can't be read"):
        load_policy(tmp_path / "absent.toml")
    (tmp_path / "broken.toml").write_text("[live")
    with pytest.raises(Fatal, match=r"broken\.toml isn't TOML"):
        load_policy(tmp_path / "broken.toml")


def test_a_policy_that_is_not_utf8_is_refused_by_path(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9\n")

    with pytest.raises(Fatal, match=r"latin\.toml"):
        load_policy(tmp_path / "latin.toml")


def test_every_category_has_a_response_and_nobody_approaches_a_test_subject() -> None:
    responses = load_policy().responses

    assert all(isinstance(responses.to(category), Response) for category in Category)
    assert responses.to(Category.BLUE_LIST) is Response.RECORD_ONLY


def test_a_policy_in_use_cant_be_changed() -> None:
    policy = load_policy()

    with pytest.raises(ValueError, match="frozen"):
        policy.alerts.threshold = 0.1  # type: ignore[misc]  # that is the point
