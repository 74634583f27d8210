"""What a running system writes is its user's alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal
from lfr_core.common.private_files import close_to_others, open_to_others
from lfr_core.common.settings import Settings
from lfr_core.publication.site.atomic_publish import publish_folder


def test_what_an_earlier_version_left_open_is_closed_and_told(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", vault_folder=tmp_path / "keys")
    for folder in ("home", "home/milvus", "home/kafka", "home/log", "keys"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder).chmod(0o755)
    (tmp_path / "home" / "records.sqlite3").touch()
    (tmp_path / "home" / "records.sqlite3").chmod(0o644)

    closed = close_to_others(settings)

    names = ["home", "home/kafka", "home/log", "home/milvus", "home/records.sqlite3", "keys"]
    assert [str(path.relative_to(tmp_path)) for path in closed] == names
    assert {name: (tmp_path / name).stat().st_mode & 0o777 for name in names} == {
        name: 0o600 if name.endswith("sqlite3") else 0o700 for name in names
    }
    assert (open_to_others(settings), close_to_others(settings)) == ((), ())


def test_the_public_site_stays_readable_to_a_web_server(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    settings = Settings(home=home)

    publish_folder(settings.public_site, {"index.html": b"<p>", "deployments/one.html": b"<p>"})

    assert open_to_others(settings) == ()
    assert close_to_others(settings) == ()
    site = settings.public_site.resolve()
    assert {oct(path.stat().st_mode & 0o777) for path in (site, site / "deployments")} == {"0o755"}
    assert {oct(path.stat().st_mode & 0o777) for path in site.rglob("*.html")} == {"0o644"}


def test_a_home_that_all_users_share_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)

    with pytest.raises(Fatal, match="set LFR_HOME to one of its own"):
        close_to_others(Settings(home=tmp_path))
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


def test_a_home_keystore_or_footage_behind_a_link_is_closed_where_it_really_lies(tmp_path: Path) -> None:
    """A home that was a link stayed open: others could enter it, and read what an earlier version had left there."""
    for name in ("home", "keys", "footage"):
        (tmp_path / f"real-{name}").mkdir()
        (tmp_path / f"real-{name}").chmod(0o755)
        (tmp_path / name).symlink_to(f"real-{name}")
    settings = Settings(home=tmp_path / "home", vault_folder=tmp_path / "keys", footage_folder=tmp_path / "footage")
    publish_folder(settings.public_site, {"index.html": b"<p>"})

    closed = close_to_others(settings)

    assert sorted(path.name for path in closed) == ["real-footage", "real-home", "real-keys"]
    assert all((tmp_path / name).stat().st_mode & 0o077 == 0 for name in ("home", "keys", "footage"))
    assert settings.public_site.resolve().stat().st_mode & 0o055 == 0o055
    assert open_to_others(settings) == ()
