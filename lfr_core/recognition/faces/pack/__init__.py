"""Model packs: installing the open one, opening any, and the sessions that run them."""

from __future__ import annotations

from lfr_core.recognition.faces.pack.install import find_installed_pack, install_pack
from lfr_core.recognition.faces.pack.network import LoadedGraph
from lfr_core.recognition.faces.pack.opening import ModelPack, open_pack
from lfr_core.recognition.faces.pack.pins import PackPins, Task, load_pins

__all__ = [
    "LoadedGraph",
    "ModelPack",
    "PackPins",
    "Task",
    "find_installed_pack",
    "install_pack",
    "load_pins",
    "open_pack",
]
