"""The public page's reader: shows what is as signed, and its process can reach nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette

from apps.public.app import build_app
from apps.public.launch import command
from lfr_core.common.errors import Poison, Retryable
from lfr_core.common.project import PROJECT
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from lfr_core.domain.signatures import SignatureKind, signed_bytes
from lfr_core.publication.site.atomic_publish import publish_folder
from lfr_core.publication.site.build import render_site_files
from lfr_core.publication.site.data import SiteData
from lfr_core.publication.site.folder import read_site
from lfr_core.publication.site.manifest import MANIFEST, canonical
from lfr_core.storage.engine import open_engine
from tests.support.publishing import site_of_two
from tests.support.vault_core import site_vault

KEY = Ed25519PrivateKey.generate()
FORBIDDEN = ("records", "vault.client", "vault.core", "gallery", "faces", "audit", "settings")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database file; made once, since no test changes what is published."""
    return tmp_path_factory.mktemp("published") / "records.sqlite3"


@pytest.fixture(scope="module")
def data(records: Path) -> SiteData:
    return site_of_two(records)


def test_a_signed_site_is_read_and_one_that_was_touched_is_not(data: SiteData, records: Path, tmp_path: Path) -> None:
    policy = load_policy()
    force = policy.force.model_copy(
        update=dict.fromkeys(type(policy.force).model_fields, "here") | {"name": "Norfolk Constabulary"}
    )
    folder = tmp_path / "public"
    policy = policy.model_copy(update={"force": force})
    engine = open_engine(f"sqlite:///{records}")
    vault = site_vault(tmp_path, engine, policy, data.now)[0]
    files = render_site_files(data, policy, signer=vault)
    engine.dispose()
    publish_folder(folder, files)
    site = read_site(folder, vault.public_key.hex())

    assert site.force == "Norfolk Constabulary"
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


def test_a_site_that_is_not_signed_or_by_another_key_is_shown_by_no_page_that_waits_for_a_signed_one(
    data: SiteData, tmp_path: Path
) -> None:
    folder, key_file = tmp_path / "public", tmp_path / "audit-key.pub"
    files = render_site_files(data, load_policy(), signer=None)
    page = build_app(folder, key_file)
    publish_folder(folder, files)
    (unknown,) = ask(page, "/")
    assert unknown.text.splitlines() == ["Nothing is published here just now."]  # the vault has made no key yet

    key_file.write_text(f"{KEY.public_key().public_bytes_raw().hex()}\n")
    (stripped,) = ask(page, "/")
    assert (stripped.status_code, b"signed by this key" in stripped.content) == (503, True)
    publish_folder(folder, files | {MANIFEST: signed(files, Ed25519PrivateKey.generate())})
    assert [each.status_code for each in ask(page, "/")] == [503]
    publish_folder(folder, files | {MANIFEST: signed(files, KEY)})
    assert [each.content for each in ask(page, "/")] == [files["index.html"]]
    assert [each.content for each in ask(build_app(folder), "/")] == [files["index.html"]]  # elsewhere, without a key


def signed(files: Mapping[str, bytes], key: Ed25519PrivateKey) -> bytes:
    manifest = json.loads(files[MANIFEST])["manifest"]
    made = key.sign(signed_bytes(SignatureKind.SITE, canonical(manifest)))
    whole = {"manifest": manifest, "signature": made.hex(), "public_key": key.public_key().public_bytes_raw().hex()}
    return canonical(whole) + b"\n"


def test_a_draft_is_said_to_be_one_and_a_folder_that_is_not_there_yet_is_waited_for(
    data: SiteData, tmp_path: Path
) -> None:
    folder = tmp_path / "public"
    with pytest.raises(Retryable):
        read_site(folder, "")
    publish_folder(folder, render_site_files(data, load_policy(), signer=None))

    assert read_site(folder, "00" * 32, drafts=True).key == ""
    with pytest.raises(Poison, match="isn't signed by this key"):
        read_site(folder, "00" * 32)


def ask(page: Starlette, *paths: str) -> list[httpx.Response]:
    async def get() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://localhost") as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(get())


def test_a_verified_site_is_served_as_it_is_and_what_was_touched_since_is_not(data: SiteData, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    page = build_app(folder, drafts=True)
    (nothing,) = ask(page, "/")
    assert (nothing.status_code, nothing.text.splitlines()[-1]) == (200, "Nothing is published here just now.")
    files = render_site_files(data, load_policy(), signer=None)
    publish_folder(folder, files)

    assert [one.content for one in ask(page, *(f"/{name}" for name in files))] == list(files.values())
    first, deployment = ask(page, "/", "/deployments/dep.html")
    assert first.content == files["index.html"]
    assert deployment.headers["content-type"] == "text/html; charset=utf-8"
    away = ask(page, "/none.html", "/../records.sqlite3", "/%2e%2e/records.sqlite3")
    assert [one.status_code for one in away] == [404] * 3
    publish_folder(folder, files | {"index.html": b"not as signed"})
    first, other = ask(page, "/", "/privacy.html")
    assert [first.status_code, other.status_code] == [503, 503]
    assert "index.html" in other.text


def test_an_earlier_signed_site_put_back_is_not_shown_again(data: SiteData, tmp_path: Path) -> None:
    folder, key, key_file = tmp_path / "public", Ed25519PrivateKey.generate(), tmp_path / "key.pub"
    key_file.write_text(key.public_key().public_bytes_raw().hex())
    page = build_app(folder, key_file)

    def publish(days: int) -> int:
        files = render_site_files(replace(data, now=data.now + timedelta(days=days)), load_policy(), signer=None)
        publish_folder(folder, files | {"manifest.json": signed(files, key)})
        return ask(page, "/")[0].status_code

    assert [publish(0), publish(2), publish(1), publish(3)] == [200, 200, 503, 200]


def test_its_process_imports_nothing_that_holds_data_and_needs_no_environment(data: SiteData, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    publish_folder(folder, render_site_files(data, load_policy(), signer=None))
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(PROJECT)!r})\n"
        "import apps.public.__main__\n"
        "from pathlib import Path\n"
        "from lfr_core.publication.site.folder import read_site\n"
        f"read_site(Path({str(folder)!r}), '', drafts=True)\n"
        "print('\\n'.join(sorted(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"HOME": str(tmp_path)}, cwd=tmp_path, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    ours = {name for name in loaded if name.startswith(("lfr_core.", "streams", "flows", "apps."))}

    assert "lfr_core.publication.site.folder" in ours
    assert [name for name in ours if name.startswith(tuple(f"lfr_core.{each}" for each in FORBIDDEN))] == []
    assert not ours & {"streams", "flows", "apps.operator"}
    assert not {"sqlalchemy", "pymilvus", "onnxruntime", "kafka", "faust", "streamlit"} & set(loaded)


def test_its_command_names_a_folder_and_no_database_and_its_child_gets_no_setting(tmp_path: Path) -> None:
    from apps.supervisor.plan import plan

    settings = Settings(home=tmp_path, database_url="postgresql+psycopg://someone:secret@h/db", kafka_servers="h:1")
    policy = load_policy()
    words = command(settings, drafts=True)
    (child,) = [each for each in plan(settings, policy, with_flows=True) if each.name == "public"]
    force = policy.force.model_copy(update=dict.fromkeys(type(policy.force).model_fields, "here"))
    named = plan(settings, policy.model_copy(update={"force": force}), with_flows=True)

    assert str(tmp_path / "public") in words
    assert "secret" not in " ".join(words)
    assert (dict(child.env), child.command) == ({}, tuple(words))
    assert [each.command for each in named if each.name == "public"] == [tuple(command(settings))]
    assert command(settings) == words[:-1]
    assert os.environ.get("LFR_DATABASE_URL") is None
