"""Settings: one object, built in the entry points and passed down. Never built at import.

Everything is read from the environment (`LFR_...`) or a `.env` file in the working directory.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]

PROJECT = Path(__file__).resolve().parents[1]
_LONGEST_SOCKET_PATH = 100  # bytes; sun_path holds 108 on Linux, 104 on macOS


class Settings(BaseSettings):
    """Where things are. What is allowed lives in the policy, not here."""

    model_config = SettingsConfigDict(
        env_prefix="LFR_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    home: Path = Field(
        default=PROJECT / "var" / "lfr",
        description="Folder of everything a running system writes: broker, gallery, database, logs.",
    )
    cache: Path = Field(
        default=PROJECT / "var" / "cache",
        description="Downloads that can be fetched again: model pack, photographs, broker jars, rendered streets.",
    )
    policy_file: Path | None = Field(
        default=None, description="The force's policy; default: infra/policy/default.toml."
    )

    kafka_servers: str = Field(
        default="", description="host:port,... of a Kafka cluster. Empty: `lfr up` starts a broker of its own."
    )
    broker: Literal["auto", "kafka", "tansu"] = Field(
        default="auto", description="Which broker `lfr up` starts; auto: Apache Kafka if Java 17 is there, else Tansu."
    )
    kafka_port: int = Field(default=9392, description="Loopback port of the broker that `lfr up` starts.")
    kafka_controller_port: int = Field(default=9393, description="Its controller's loopback port.")
    frame_partitions: int = Field(
        default=8, ge=1, description="Partitions of the frames topic: at least one per worker."
    )

    milvus_uri: str = Field(default="", description="http://host:port of a Milvus. Empty: `lfr up` starts Milvus Lite.")
    milvus_port: int = Field(default=19530, description="Loopback port of the Milvus Lite that `lfr up` starts.")

    database_url: str = Field(
        default="", description="SQLAlchemy URL, e.g. postgresql+psycopg://...; empty: SQLite in the home folder."
    )

    vault_folder: Path | None = Field(
        default=None,
        description="Keystore of kept keys, outside database and backups; empty: `vault` in the home folder.",
    )
    footage_folder: Path | None = Field(
        default=None, description="Sealed footage of the cameras; empty: `footage` in the home folder."
    )

    model_pack: Path | None = Field(
        default=None, description="Folder of an InsightFace model package; empty: the open pack in the cache."
    )
    acknowledge_model_licence: bool = Field(
        default=False, description="Say yes to a pack whose licence is for non-commercial research only."
    )
    execution_providers: tuple[str, ...] = Field(
        default=("CPUExecutionProvider",), description='JSON list, e.g. ["CUDAExecutionProvider"].'
    )
    inference_threads: int = Field(default=1, ge=1, description="Threads of one inference session (FACTS.md: one).")

    workers: int = Field(default=0, ge=0, description="Recognition workers of `lfr up`; 0: one per core, less one.")
    operator_port: int = Field(default=8501, description="Loopback port of the staff's pages.")
    public_folder: Path | None = Field(
        default=None, description="Where the public site is built; a link to a sibling. Default: `public` at home."
    )
    public_port: int = Field(default=8502, description="Loopback port of the public's page.")
    prefect_url: str = Field(
        default="", description="API of a Prefect server, http://host:port/api. Empty: `lfr up` starts one."
    )
    prefect_auth_file: Path | None = Field(
        default=None, description="File with user:password of that server, 0600; or set PREFECT_API_AUTH_STRING."
    )
    prefect_port: int = Field(default=4210, description="Loopback port of the Prefect server that `lfr up` starts.")
    log_level: str = Field(default="INFO", pattern="(?i)^(debug|info|warning|error|critical)$")

    @property
    def kafka_bootstrap(self) -> str:
        """The servers every client is given."""
        return self.kafka_servers or f"127.0.0.1:{self.kafka_port}"

    @property
    def gallery_uri(self) -> str:
        """The Milvus every client is given."""
        return self.milvus_uri or f"http://127.0.0.1:{self.milvus_port}"

    @property
    def records_url(self) -> str:
        """The SQLAlchemy URL every client is given."""
        return self.database_url or f"sqlite:///{self.home / 'records.sqlite3'}"

    @property
    def keystore_folder(self) -> Path:
        """Where the vault keeps its wrapped keys."""
        return self.vault_folder or self.home / "vault"

    @property
    def footage_store(self) -> Path:
        """Where cameras write sealed segments."""
        return self.footage_folder or self.home / "footage"

    @property
    def public_site(self) -> Path:
        """The public site's folder, a link that is replaced; it isn't followed here."""
        return self.public_folder or self.home / "public"

    @property
    def vault_socket(self) -> Path:
        """The vault's Unix socket. A path of over 100 bytes, which the kernel refuses, is replaced by a short one."""
        path = (self.home / "run" / "vault.sock").resolve()
        if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
            return path
        short = hashlib.sha256(os.fsencode(path)).hexdigest()[:24]
        return Path(tempfile.gettempdir()) / f"lfr-{os.getuid()}" / f"{short}.sock"

    @property
    def prefect_api(self) -> str:
        """The Prefect API every client is given."""
        return self.prefect_url or f"http://127.0.0.1:{self.prefect_port}/api"

    @property
    def pack_folder(self) -> Path:
        """The model pack in use."""
        return self.model_pack or self.cache / "models" / "open-pack"
