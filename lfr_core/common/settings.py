"""Settings: one object, built in the entry points and passed down. Never built at import.

Everything is read from the environment (`LFR_...`), then from one file of a fixed place
(`lfr_core.common.settings_file`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args
from urllib.parse import quote

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from lfr_core.common.addresses import shorten_socket_path, split_address
from lfr_core.common.errors import Fatal
from lfr_core.common.project import PROJECT
from lfr_core.common.settings_file import read_settings_file, settings_file

__all__ = ["Settings", "load_settings"]


class Settings(BaseSettings):
    """Where things are. What is allowed lives in the policy, not here."""

    model_config = SettingsConfigDict(env_prefix="LFR_", extra="ignore", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what the call says, then the environment, then the settings file. Raises Fatal: that is refused."""
        file = settings_file()
        if file is None:
            return init_settings, env_settings
        in_file = EnvSettingsSource(settings_cls)
        in_file.env_vars = {name.lower(): value for name, value in _check_paths(read_settings_file(file), file).items()}
        return init_settings, env_settings, in_file

    @field_validator("database_url")
    @classmethod
    def _check_sqlite_path(cls, url: str) -> str:
        if url.startswith("sqlite") and url.partition(":///")[2][:1] not in {"", "/", ":"}:
            raise ValueError("an SQLite file is given by its whole path, as sqlite:////srv/lfr/records.sqlite3")
        return url

    @field_validator("vault_listen", "vault_address")
    @classmethod
    def _is_address(cls, text: str) -> str:
        if text:
            split_address(text)
        return text

    home: Path = Field(
        default=PROJECT / "var" / "lfr",
        description="Folder of everything a running system writes: broker, gallery, database, logs.",
    )
    cache: Path = Field(
        default=PROJECT / "var" / "cache",
        description="Downloads that can be fetched again: model pack, photographs, broker jars, rendered streets.",
    )
    policy_file: Path | None = Field(default=None, description="The force's; default: infra/policy/default.toml.")
    evaluations_file: Path | None = Field(default=None, description="Evaluations; default: infra/evaluations.toml.")
    kafka_servers: str = Field(
        default="", description="host:port,... of a Kafka cluster. Empty: `lfr up` starts a broker of its own."
    )
    kafka_security: Literal["", "sasl_ssl", "ssl", "sasl_plaintext"] = Field(
        default="",
        description="How that cluster is spoken to: sasl_ssl (TLS, a login), ssl (TLS, a certificate for each user), "
        "sasl_plaintext (a login, on this machine only). Empty: without either.",
    )
    kafka_logins: Path | None = Field(
        default=None,
        description="Folder with a file for each user of that cluster, 0600: NAME:PASSWORD in `camera`, or certificate "
        "and key in `camera.pem`.",
    )
    kafka_ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) of whoever signed the cluster's; empty: the machine's."
    )
    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field(
        default="SCRAM-SHA-512", description="How a login is shown to that cluster; PLAIN with sasl_ssl only."
    )
    broker: Literal["auto", "kafka", "tansu"] = Field(
        default="auto", description="Which broker `lfr up` starts; auto: Apache Kafka if Java 17 is there, else Tansu."
    )
    kafka_port: int = Field(default=9392, description="Loopback port of the broker that `lfr up` starts.")
    kafka_controller_port: int = Field(default=9393, description="Its controller's loopback port.")
    frame_partitions: int = Field(
        default=8, ge=1, description="Partitions of the frames topic: at least one per worker."
    )

    milvus_uri: str = Field(
        default="",
        description="https://host:port of a Milvus (http:// on this machine only). Empty: `lfr up` starts Milvus Lite.",
    )
    milvus_login_file: Path | None = Field(
        default=None, description="File with NAME:PASSWORD of an account of that Milvus, 0600."
    )
    milvus_ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) of whoever signed that Milvus's; empty: the machine's."
    )
    milvus_port: int = Field(default=19530, description="Loopback port of the Milvus Lite that `lfr up` starts.")

    database_url: str = Field(default="", description="SQLAlchemy URL, postgresql+psycopg://...; empty: SQLite.")

    vault_folder: Path | None = Field(
        default=None,
        description="Keystore of kept keys, outside database and backups; empty: `vault` in the home folder.",
    )
    vault_listen: str = Field(
        default="",
        description="host:port at which the vault answers machines that were admitted (`lfr vault admit-machine`). "
        "Empty: this machine's processes alone, over a socket.",
    )
    vault_address: str = Field(
        default="",
        description="host:port of the vault, on a machine that was admitted; what it was given lies in `processes` in "
        "the home folder (`lfr vault join`). Empty: the vault is on this machine.",
    )
    tpm: str = Field(
        default="",
        pattern=r"^(off|auto|release|(release:)?(device|swtpm|mssim|tabrmd):.+)?$",
        description="Security chip of the keystore (docs/running.md): auto, device:/dev/tpmrm0, release. Empty: none.",
    )
    footage_folder: Path | None = Field(default=None, description="Sealed footage; empty: `footage` in the home.")

    camera_ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) that rtsps:// and https:// cameras show; empty: the machine's."
    )
    camera_decoder: str = Field(default="software", description="Decodes pictures: software, or as `lfr doctor` says.")

    model_pack: Path | None = Field(
        default=None, description="Folder of an InsightFace model package; empty: the open pack in the cache."
    )
    acknowledge_model_licence: bool = Field(
        default=False, description="Say yes to a pack whose licence is for non-commercial research only."
    )
    execution_providers: tuple[str, ...] = Field(
        default=("CPUExecutionProvider",), description='JSON list, e.g. ["CUDAExecutionProvider"].'
    )
    inference_threads: int = Field(
        default=1, ge=1, description="Threads of one inference session (docs/facts.md#faces: one)."
    )

    workers: int = Field(default=0, ge=0, description="Recognition workers of `lfr up`; 0: one per core, less one.")
    operator_port: int = Field(default=8501, description="Loopback port of the staff's pages.")
    page_hosts: tuple[str, ...] = Field(
        default=("127.0.0.1", "localhost"),
        min_length=1,
        description="JSON list of the names under which browsers open the pages; add that of a proxy in front of them.",
    )
    page_url: str = Field(
        default="",
        description="Address of the staff's pages in browsers, where a proxy stands in front: https://host/path.",
    )
    public_folder: Path | None = Field(
        default=None, description="Where the public site is built; a link to a sibling. Default: `public` at home."
    )
    witness_folder: Path | None = Field(default=None, description="Folder elsewhere, for signed heads of the trail.")
    timestamp_url: str = Field(default="", description="Of an RFC 3161 authority that stamps these heads; empty: none.")
    timestamp_ca_file: Path | None = Field(default=None, description="Certificates (PEM) of who signed that one's.")
    public_port: int = Field(default=8502, description="Loopback port of the public's page.")
    prefect_url: str = Field(
        default="", description="API of a Prefect server, http://host:port/api. Empty: `lfr up` starts one."
    )
    prefect_auth_file: Path | None = Field(
        default=None, description="File with user:password of that server, 0600; or set PREFECT_API_AUTH_STRING."
    )
    prefect_port: int = Field(default=4210, description="Loopback port of the Prefect server that `lfr up` starts.")
    oidc_issuer: str = Field(
        default="", description="Issuer of the force's OpenID Connect provider, https://... Empty: `lfr up` starts one."
    )
    oidc_client_id: str = Field(default="openlfr-staff", description="The staff's pages as that provider knows them.")
    oidc_client_secret_file: Path | None = Field(
        default=None, description="File with that client's secret, 0600; the embedded provider's is made."
    )
    oidc_cli_client_id: str = Field(
        default="openlfr-cli", description="The command line as that provider knows it: a public client, with PKCE."
    )
    service_key_file: Path | None = Field(
        default=None, description="A script's key, 0600, which `lfr users add-service` wrote: it acts as that service."
    )
    oidc_required_group: str = Field(
        default="", description="Group that its tokens must name beside the person, in the claim `groups`; empty: none."
    )
    oidc_group_scope: str = Field(
        default="",
        pattern=r"^[!#-\[\]-~]*$",  # RFC 6749, 3.3: one scope
        description="Scope that it wants to be asked for before its tokens have the claim `groups`; empty: none.",
    )
    oidc_ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) of whoever signed that provider's; empty: the machine's."
    )
    identity_port: int = Field(default=4220, description="Loopback port of the identity server that `lfr up` starts.")
    login_ports: tuple[int, ...] = Field(
        default=(4221, 4222, 4223),
        min_length=1,
        description="JSON list of loopback ports to which `lfr login` is sent back, of which one must be free; "
        "register http://127.0.0.1:PORT/callback of each.",
    )
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
        return self.database_url or f"sqlite:///{quote(str(self.home / 'records.sqlite3'))}"

    @property
    def keystore_folder(self) -> Path:
        """Where the vault keeps its wrapped keys."""
        return self.vault_folder or self.home / "vault"

    @property
    def process_folder(self) -> Path:
        """Certificates and keys that processes show the vault, made by the vault."""
        return self.home / "processes"

    @property
    def footage_store(self) -> Path:
        """Where cameras write sealed segments."""
        return self.footage_folder or self.home / "footage"

    @property
    def public_site(self) -> Path:
        """The public site's folder, a link that is replaced; it isn't followed here."""
        return self.public_folder or self.home / "public"

    @property
    def page_addresses(self) -> tuple[str, ...]:
        """Under which browsers open the staff's pages, without a slash at the end."""
        here = tuple(f"http://{host}:{self.operator_port}" for host in self.page_hosts)
        return (self.page_url.rstrip("/"),) if self.page_url else here

    @property
    def vault_socket(self) -> Path:
        """The vault's Unix socket. A path of over 100 bytes, which the kernel refuses, is replaced by a short one."""
        return shorten_socket_path((self.home / "run" / "vault.sock").resolve())

    @property
    def prefect_api(self) -> str:
        """The Prefect API every client is given."""
        return self.prefect_url or f"http://127.0.0.1:{self.prefect_port}/api"

    @property
    def pack_folder(self) -> Path:
        """The model pack in use."""
        return self.model_pack or self.cache / "models" / "open-pack"


_PATHS = [
    name for name, field in Settings.model_fields.items() if Path in (field.annotation, *get_args(field.annotation))
]


def _check_paths(given: dict[str, str], file: Path) -> dict[str, str]:
    """Return `given`, once none of its paths depends on the folder one stands in. Raises Fatal."""
    for name in (f"LFR_{path.upper()}" for path in _PATHS):
        if given.get(name) and not Path(given[name]).is_absolute():
            raise Fatal(f"{name} in {file} isn't a whole path: begin it with /")
    return given


def load_settings() -> Settings:
    """Read the settings, as every entry point takes them.

    Raises:
        Fatal: one is unusable (its variable is named), or the settings file is refused.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(f"LFR_{'_'.join(map(str, f['loc'])).upper()}: {f['msg']}" for f in error.errors())
        raise Fatal(f"the settings are refused: {faults}") from error
    except SettingsError as error:  # a list that isn't JSON; it names the field and not the variable
        field = str(error).partition('"')[2].partition('"')[0]
        raise Fatal(
            f'the settings are refused: LFR_{field.upper()} must be JSON, as ["CPUExecutionProvider"]'
        ) from error
