"""A vault that answers on the loopback, and other machines that compliance admits to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from lfr_core.custody.vault.admission import unpack_admission
from lfr_core.custody.vault.client import VaultClient
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import KeyKind
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from tests.support.vault_core import NOW_NS, Records, vault_core
from tests.support.vault_server import served

__all__ = ["CAMERA", "COMPLIANCE", "RECOGNISE", "Site", "footage", "is_closed", "site"]

COMPLIANCE = "A. Okafor"
CAMERA, RECOGNISE = ProcessIdentity.CAMERA, ProcessIdentity.RECOGNISE


@dataclass
class Site:
    """A vault that answers on the loopback, and the folders of other machines."""

    folder: Path
    core: VaultCore
    records: Records
    port: int
    opened: ExitStack

    def own(self, identity: ProcessIdentity = ProcessIdentity.COMMANDS) -> VaultClient:
        """A process of the vault's machine."""
        path = self.folder / "run" / "vault.sock"
        return self.opened.enter_context(closing(VaultClient(path, identity, self.folder / "processes")))

    def admit(self, name: str, *identities: ProcessIdentity, cameras: Sequence[str] = ("north",)) -> Path:
        """Admit a machine and bring it what it was given; its folder."""
        named = cameras if CAMERA in identities else ()
        file, there = self.folder / f"{name}.admission", self.folder / name / "processes"
        file.write_bytes(self.own().admit_machine(name, identities, named, COMPLIANCE))
        (self.folder / name).mkdir(exist_ok=True)
        unpack_admission(file, there)
        return there

    def there(self, folder: Path, identity: ProcessIdentity = CAMERA) -> VaultClient:
        """A process of that machine."""
        return self.opened.enter_context(closing(VaultClient(f"127.0.0.1:{self.port}", identity, folder)))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """With `d` live, and nobody admitted."""
    core, _, records = vault_core(tmp_path / "vault")
    with ExitStack() as opened:
        path = tmp_path / "run" / "vault.sock"
        server = opened.enter_context(served(core, path, tmp_path / "processes", ("127.0.0.1", 0)))
        yield Site(tmp_path, core, records, server.port, opened.enter_context(ExitStack()))


def footage(camera: VaultClient, of: str) -> None:
    """Make a key for new footage, as a camera's process does."""
    camera.make_key(
        KeyKind.FOOTAGE, "d", uuid4().hex, NOW_NS + 31 * 86_400 * 10**9, actor=SystemActor.CAMERA, camera=of
    )


def is_closed(client: VaultClient) -> bool:
    """Whether the vault has closed a connection, without asking it anything."""
    assert client._connection is not None
    client._connection.settimeout(5.0)
    try:
        return client._connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
