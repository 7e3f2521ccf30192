"""The nodes of a cluster, from what its scheduler prints or from a file somebody wrote.

Read: ``kubectl get nodes -o json`` with the labels of NVIDIA GPU feature discovery, ``scontrol show nodes --json``,
``ray list nodes --format json --detail`` or ``ray.nodes()`` as JSON, and the project's own YAML::

    nodes:
    - {name: gpu, count: 4, gpus: [8x H100 SXM], ram: 1TB}

Nothing is run and nothing is asked of the cluster. Each error names the file and the place in it.
"""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmpick.errors import InvalidFile, LlmpickError
from llmpick.hardware.described_memory import reserved_bytes
from llmpick.hardware.description import GpuParser, devices_of, notes_of
from llmpick.hardware.device import Device, MigSlice
from llmpick.hardware.gpu_names import Rows
from llmpick.hardware.located import refuse_hostile
from llmpick.units import parse_bytes

MAX_FILE_BYTES = 256 * 2**20
MAX_YAML_BYTES = 2**20
MAX_NODES = 100_000
MAX_NODE_DEVICES = 1024

Devices = tuple[tuple[Device, ...], tuple[str, ...]]
"""Devices, and what the reader should know about them."""
PROFILE = re.compile(
    r"(?:(?P<parent>.*?)[-_ ](?:MIG[-_ ])?)?(?P<profile>\d{1,2}g\.(?P<gb>\d{1,3})gb)(?:[+.]\w+)*", re.I
)
"""A MIG profile with or without its parent: ``1g.5gb``, ``A100-SXM4-40GB-MIG-1g.5gb``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterNode:
    """``count`` equal nodes. ``ram_bytes`` None: not said. ``available`` false: down, drained or cordoned."""

    name: str
    count: int = 1
    devices: tuple[Device, ...] = ()
    ram_bytes: int | None = None
    available: bool = True
    notes: tuple[str, ...] = ()


class Place:
    """A value of an inventory and where it stands, for errors: ``nodes.json: items[3].metadata``."""

    __slots__ = ("file", "trail", "value")

    def __init__(self, value: Any, file: str, trail: str = "") -> None:
        self.value, self.file, self.trail = value, file, trail

    @property
    def where(self) -> str:
        """The file and the way to the value in it."""
        return f"{self.file}: {self.trail}" if self.trail else self.file

    def error(self, message: str, hint: str = "") -> InvalidFile:
        """The error for this spot."""
        return InvalidFile(f"{self.where}: {message}", hint)

    def get(self, key: str) -> "Place":
        """The member ``key`` of a mapping; its value is None where it, or the mapping, is missing."""
        return Place(self.mapping().get(key), self.file, f"{self.trail}.{key}" if self.trail else key)

    def items(self, most: int = MAX_NODES) -> list["Place"]:
        """The members of a list of at most ``most``."""
        if not isinstance(self.value, list):
            raise self.error("expected a list")
        if len(self.value) > most:
            raise self.error(f"more than {most} entries")
        return [Place(value, self.file, f"{self.trail}[{position}]") for position, value in enumerate(self.value)]

    def mapping(self) -> dict[str, Any]:
        """The value as a mapping; empty where it is missing."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.error("expected a mapping")
        return self.value

    def text(self) -> str:
        """The value as a non-empty string."""
        if not isinstance(self.value, str) or not self.value or len(self.value) > 500:
            raise self.error("expected a text")
        return self.value

    def number(self, most: int, least: int = 0) -> int:
        """The value as an integer in bounds; digits in a string count, as labels are strings."""
        value = self.value
        if isinstance(value, str) and value.isdecimal() and len(value) < 20:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.error(f"expected a number from {least} to {most}")
        return value

    def amount(self) -> int | None:
        """Bytes of ``64GB`` or ``1TB``; None where it is missing."""
        if self.value is None:
            return None
        try:
            return parse_bytes(self.text())
        except ValueError as error:
            raise self.error(str(error)) from None


class Context:
    """What the readers of all formats need: the names of GPUs, and what this cluster calls them.

    ``gpu_names`` maps a cluster's own word (``a100``; ``gpu`` where it has none) to a name the catalog knows.
    """

    def __init__(self, rows: Rows, gpu_names: Mapping[str, str] | None = None) -> None:
        self.parser = GpuParser(rows)
        self.gpu_names = {word.lower(): name for word, name in (gpu_names or {}).items()}

    def described(self, place: Place, name: str, count: int) -> Devices:
        """(devices, notes) of ``count`` GPUs that the cluster calls ``name``."""
        if count > MAX_NODE_DEVICES:
            raise place.error(f"more than {MAX_NODE_DEVICES} GPUs in one node")
        try:
            gpu = self.parser.parse(self.gpu_names.get(name.lower(), name))
        except LlmpickError as error:
            hint = f"{error.hint}; then give that name for {name!r} (gpu names of the cluster)"
            raise type(error)(f"{place.where}: {error.message}", hint) from None
        return gpu.devices() * count, gpu.notes


def mig_slice(parent: str, profile: str, total: int) -> Device:
    """A MIG device; what of its parent's bandwidth it has is not told."""
    name = re.sub(r"[-_]+", " ", parent).strip() or "NVIDIA GPU"
    usable = total - reserved_bytes(total)
    return Device(
        name=f"{name} MIG {profile}",
        vendor="nvidia",
        source="described",
        total=total,
        reserved=total - usable,
        usable=usable,
        mig=MigSlice(parent_name=name, profile=profile),
    )


def read_inventory(path: str, rows: Rows, gpu_names: Mapping[str, str] | None = None) -> tuple[ClusterNode, ...]:
    """The nodes in the file ``path`` (``-``: standard input), of whichever format.

    Raises InvalidFile (unreadable, malformed, out of bounds), UnknownName or UsageError (a GPU's name is unknown or
    can be several: ``gpu_names`` settles it).
    """
    return parse_inventory(_load(path), rows, gpu_names, path)


def parse_inventory(
    document: Any, rows: Rows, gpu_names: Mapping[str, str] | None = None, where: str = "inventory"
) -> tuple[ClusterNode, ...]:
    """The nodes of a parsed document; ``where`` begins the errors."""
    from llmpick.hardware import cluster_formats

    place, context = Place(document, where), Context(rows, gpu_names)
    kind = cluster_formats.kind_of(document)
    if kind == "own":
        nodes = tuple(_own_node(node, context) for node in place.get("nodes").items())
    elif kind is not None:
        nodes = cluster_formats.READERS[kind](place, context)
    else:
        formats = "kubectl get nodes -o json, scontrol show nodes --json, ray list nodes --format json, or nodes: [...]"
        raise place.error("not an inventory that is known", f"Give the output of {formats}")
    if sum(node.count for node in nodes) > MAX_NODES:
        raise place.error(f"more than {MAX_NODES} nodes")
    return nodes


def _own_node(place: Place, context: Context) -> ClusterNode:
    unknown = sorted(set(place.mapping()) - {"name", "count", "gpus", "ram"})
    if unknown:
        raise place.error(f"unknown key {unknown[0]!r}", "A node has name, count, gpus and ram")
    specs = place.get("gpus")
    texts = [specs] if isinstance(specs.value, str) else specs.items(MAX_NODE_DEVICES) if specs.value else []
    described = []
    for text in texts:
        try:
            described += [context.parser.parse(item) for item in text.text().split(",")]
        except LlmpickError as error:
            raise type(error)(f"{text.where}: {error.message}", error.hint) from None
    if sum(gpu.count for gpu in described) > MAX_NODE_DEVICES:
        raise specs.error(f"more than {MAX_NODE_DEVICES} GPUs in one node")
    count = place.get("count")
    return ClusterNode(
        name=place.get("name").text(),
        count=1 if count.value is None else count.number(MAX_NODES, 1),
        devices=devices_of(described),
        ram_bytes=place.get("ram").amount(),
        notes=notes_of(described),
    )


def _load(path: str) -> Any:
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InvalidFile(f"{path}: {error.strerror or error}") from None
    if len(data) > MAX_FILE_BYTES:
        raise InvalidFile(f"{path}: larger than {MAX_FILE_BYTES // 2**20} MiB")
    if data.lstrip()[:1] in (b"{", b"["):
        return _json(path, data)
    return _yaml(path, data)


def _json(path: str, data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidFile(f"{path}: not JSON: {error}") from None


def _yaml(path: str, data: bytes) -> Any:
    import yaml

    if len(data) > MAX_YAML_BYTES:
        raise InvalidFile(f"{path}: larger than {MAX_YAML_BYTES // 2**20} MiB", "Give the scheduler's JSON output")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        refuse_hostile(yaml, data, loader, path)
        return yaml.load(data, Loader=loader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidFile(f"{path}: not YAML: {str(error).splitlines()[0]}") from None
