"""The public page's reader: shows what is as signed, and its process can reach nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from apps.public.folder import read_site
from apps.public.launch import command
from lfr_core.common.errors import Poison, Retryable
from lfr_core.common.project import PROJECT
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from lfr_core.publication.site.atomic_publish import publish_folder
from lfr_core.publication.site.build import site_files
from lfr_core.publication.site.data import SiteData
from lfr_core.storage.engine import open_engine
from tests.support.publishing import site_of_two
from tests.support.vault_core import site_vault

FORBIDDEN = ("records", "vault.client", "vault.core", "gallery", "faces", "audit", "settings")


@pytest.fixture
def data(tmp_path: Path) -> SiteData:
    return site_of_two(tmp_path / "records.sqlite3")


def test_a_signed_site_is_read_and_one_that_was_touched_is_not(data: SiteData, tmp_path: Path) -> None:
    policy = load_policy()
    force = policy.force.model_copy(
        update=dict.fromkeys(type(policy.force).model_fields, "here") | {"name": "Norfolk Constabulary"}
    )
    folder = tmp_path / "public"
    policy = policy.model_copy(update={"force": force})
    engine = open_engine(f"sqlite:///{tmp_path / 'records.sqlite3'}")
    vault = site_vault(tmp_path, engine, policy, data.now)[0]
    files = site_files(data, policy, signer=vault)
    engine.dispose()
    publish_folder(folder, files)
    site = read_site(folder, vault.public_key.hex())

    assert site.force == "Norfolk Constabulary"
    assert [(one.id, one.place, len(one.revisions)) for one in site.deployments] == [
        ("withheld-0123456789ab", "place not released", 0),
        ("dep", "Norwich city centre", 1),
    ]
    with pytest.raises(Poison, match="isn't signed by this key"):
        read_site(folder, "00" * 32)
    (folder / "added.html").write_text("added")
    with pytest.raises(Poison, match=r"added\.html"):
        read_site(folder, vault.public_key.hex())
    (folder / "added.html").unlink()
    (folder / "secret.html").symlink_to("/etc/hostname")
    with pytest.raises(Poison, match=r"secret\.html is a link"):
        read_site(folder, vault.public_key.hex())
    (folder / "secret.html").unlink()
    (folder / "data" / "dep.csv").write_text("0")
    with pytest.raises(Poison, match=r"dep\.csv"):
        read_site(folder, vault.public_key.hex())


def test_a_draft_is_said_to_be_one_and_a_folder_that_is_not_there_yet_is_waited_for(
    data: SiteData, tmp_path: Path
) -> None:
    folder = tmp_path / "public"
    with pytest.raises(Retryable):
        read_site(folder, "")
    publish_folder(folder, site_files(data, load_policy(), signer=None))

    assert read_site(folder, "00" * 32).key == ""


@pytest.mark.slow
def test_its_process_imports_nothing_that_holds_data_and_needs_no_environment(data: SiteData, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    publish_folder(folder, site_files(data, load_policy(), signer=None))
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"sys.argv = ['app.py', '--folder', {str(folder)!r}]\n"
        f"app = AppTest.from_file({str(PROJECT / 'apps' / 'public' / 'app.py')!r}, default_timeout=60).run()\n"
        "assert not app.exception, app.exception\n"
        "assert [w.value for w in app.warning] == ['Draft: not published, not signed.']\n"
        "assert len(app.expander) == 2, app.expander\n"
        "print('\\n'.join(sorted(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"HOME": str(tmp_path)}, cwd=tmp_path, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    ours = {name for name in loaded if name.startswith(("lfr_core.", "streams", "flows", "apps."))}

    assert "apps.public.folder" in ours
    assert [name for name in ours if name.startswith(tuple(f"lfr_core.{each}" for each in FORBIDDEN))] == []
    assert not ours & {"streams", "flows", "apps.operator"}
    assert not {"sqlalchemy", "pymilvus", "onnxruntime", "kafka", "faust"} & set(loaded)


def test_its_command_names_a_folder_and_no_database_and_its_child_gets_no_setting(tmp_path: Path) -> None:
    from apps.supervisor.plan import plan

    settings = Settings(home=tmp_path, database_url="postgresql+psycopg://someone:secret@h/db", kafka_servers="h:1")
    words = command(settings)
    (child,) = [each for each in plan(settings, load_policy(), with_flows=True) if each.name == "public"]

    assert str(tmp_path / "public") in words
    assert "secret" not in " ".join(words)
    assert (dict(child.env), child.command) == ({}, tuple(words))
    assert os.environ.get("LFR_DATABASE_URL") is None
