"""A password that everybody knows opens nothing of ours: each way to give one refuses it, and doesn't show it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url

from flows.prefect_credentials import login_of
from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.embedded import staff_secret
from lfr_core.recognition.gallery.access import milvus_access
from lfr_core.storage.postgres_tls import connection_options
from streams.broker.users import read_login


def written(folder: Path, text: str) -> Path:
    file = folder / "login"
    file.write_text(text)
    file.chmod(0o600)
    return file


def _prefect(folder: Path, login: str) -> object:
    elsewhere = {"prefect_url": "https://prefect.example/api", "prefect_auth_file": written(folder, login)}
    return login_of(Settings(home=folder, **elsewhere))  # type: ignore[arg-type]  # by name


def _milvus(folder: Path, login: str) -> object:
    return milvus_access(
        Settings(home=folder, milvus_uri="https://milvus.example:1", milvus_login_file=written(folder, login))
    )


def _kafka(folder: Path, login: str) -> object:
    return read_login(written(folder, login))


def _postgres(_folder: Path, login: str) -> object:
    return connection_options(make_url(f"postgresql+psycopg://{login}@127.0.0.1/lfr"))


WAYS = (_prefect, _milvus, _kafka, _postgres)


@pytest.mark.parametrize("login", ["admin:admin", "postgres:postgres", "admin:pass", "lfr:GUEST", "lfr:Lfr", "v4n:v4n"])
@pytest.mark.parametrize("way", WAYS)
def test_one_that_everybody_knows_or_that_is_the_name_is_refused(
    way: Callable[[Path, str], object], login: str, tmp_path: Path
) -> None:
    with pytest.raises(Fatal, match="holds a password that everybody knows") as refused:
        way(tmp_path, login)
    assert login not in str(refused.value)


@pytest.mark.parametrize("way", WAYS)
def test_another_is_taken(way: Callable[[Path, str], object], tmp_path: Path) -> None:
    way(tmp_path, "lfr:k7-thorn-Quay")


def test_a_provider_elsewhere_is_shown_no_secret_that_is_the_clients_name(tmp_path: Path) -> None:
    file = written(tmp_path, "openlfr-staff-pages")
    elsewhere = {"oidc_issuer": "https://login.example", "oidc_client_secret_file": file}
    settings = Settings(home=tmp_path, oidc_client_id="openlfr-staff-pages", **elsewhere)  # type: ignore[arg-type]  # by name

    with pytest.raises(Fatal, match="everybody knows"):
        staff_secret(settings)
