"""No export path: the source itself is read for modules that could send something outside."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from lfr_core.common.errors import Fatal
from lfr_core.publication.promises.port import PromiseFinding, finding

__all__ = ["SENDERS", "NoExportPath"]

_PACKAGES = ("lfr_core", "streams", "flows", "apps")
_OUTWARD = (
    *("smtplib", "ftplib", "imaplib", "poplib", "telnetlib", "http.client", "urllib.request", "xmlrpc.client"),
    *("requests", "httpx", "aiohttp", "urllib3", "websockets", "paramiko", "boto3", "azure", "google.cloud", "twilio"),
    *("pycurl", "dropbox", "slack_sdk", "webbrowser"),
)
"""Clients of the outside: mail, files, web, clouds. Broker, gallery, database and vault are this installation's own."""
SENDERS: dict[str, str] = {
    "apps.supervisor.probes": "asks its own children on 127.0.0.1 whether they are well",
    "apps.demo.http_browser": "logs the demonstration's people in at its own identity server on 127.0.0.1",
    "apps.demo.visitor": "the same, for whoever follows the demonstration's one link",
    "apps.cli.login": "opens the login page in this person's browser",
    "lfr_core.custody.audit.timestamps": "asks an authority for a time stamp of the digest of the trail's newest head",
    "lfr_core.custody.identity.fetching": "asks the identity provider who has logged in",
    "flows.prefect_api": "Prefect's own API: which runs are scheduled; ids only",
}
"""The modules that may open such a connection, and what for."""
_BIOMETRIC = (
    "lfr_core.custody.crops",
    "lfr_core.recognition.faces",
    "lfr_core.recognition.gallery",
    "lfr_core.retention.footage",
    "lfr_core.alerts.read.crops",
)
"""What gives out pictures and templates."""


class NoExportPath:
    """No module but the few that are named can send outside, and none of those has pictures or templates at hand."""

    id = "biometrics.no-export"

    def __init__(self, root: Path) -> None:
        """`root`: the folder that holds the packages."""
        self._root = root

    def check(self, now_ns: int) -> PromiseFinding:  # the source has no time
        digest = hashlib.sha256()
        broken: list[str] = []
        modules = senders = 0
        for name, source in self._sources():
            modules += 1
            digest.update(f"{name}\n".encode() + hashlib.sha256(source).digest())
            if not self.reaches_outside(source, name):
                continue
            senders += 1
            if name not in SENDERS or any(_within(each, _BIOMETRIC) for each in _imports(source, name)):
                broken.append(f"module:{name}")
        if not modules:
            raise Fatal("no source was found to read: install OpenLFR from its source tree")
        return finding(
            broken,
            holds=f"{senders} of {modules} modules can reach outside, none of which has a picture or a template",
            breaks=f"{len(broken)} of {modules} modules could send data outside",
            evidence={"modules": modules, "senders": senders, "source_sha256": digest.hexdigest()},
        )

    @staticmethod
    def reaches_outside(source: bytes, name: str) -> bool:
        """Return whether the module imports a client of the outside. Raises Fatal when it isn't Python."""
        return any(_within(each, _OUTWARD) for each in _imports(source, name))

    def _sources(self) -> Iterator[tuple[str, bytes]]:
        try:
            for package in _PACKAGES:
                for file in sorted((self._root / package).rglob("*.py")):
                    yield ".".join(file.relative_to(self._root).with_suffix("").parts), file.read_bytes()
        except OSError as error:
            raise Fatal(f"the source can't be read: {error.strerror}") from error


@lru_cache(maxsize=4096)  # by the source itself: a ledger that is looked at again parses only what has changed
def _imports(source: bytes, name: str) -> frozenset[str]:
    """List every module that `source` imports anywhere, also by `importlib`. Raises Fatal when it isn't Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise Fatal(f"the module {name} can't be read as Python") from error
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and _loads_by_name(node.func):
            found |= {
                each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            }
    return frozenset(found)


def _loads_by_name(function: ast.expr) -> bool:
    """Return whether it is `import_module` or `importlib.import_module`."""
    match function:
        case ast.Name(id="import_module"):
            return True
        case ast.Attribute(value=ast.Name(id="importlib"), attr="import_module"):
            return True
    return False


def _within(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == each or module.startswith(f"{each}.") for each in packages)
