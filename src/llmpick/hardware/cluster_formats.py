"""Telling the inventories apart, and what Slurm and Ray print about their nodes.

Formats: ``gres`` and ``real_memory`` of ``scontrol show nodes --json``; Ray's NodeState (``ray list nodes``) and
``ray.nodes()``.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from llmpick.hardware.cluster_kubernetes import kubernetes
from llmpick.hardware.clusters import MAX_NODE_DEVICES, PROFILE, ClusterNode, Context, Devices, Place, mig_slice
from llmpick.hardware.device import Device

_MIB = 2**20
_UNUSABLE = frozenset(
    {"DOWN", "DRAIN", "DRAINED", "DRAINING", "FAIL", "FAILING", "ERROR", "MAINT", "NOT_RESPONDING"}
    | {"POWERED_DOWN", "POWERING_DOWN", "INVALID_REG"}
)
_GRES = re.compile(r"gpu(?::(?P<type>[^:(]*[^:(\d][^:(]*))?(?::(?P<count>\d{1,6}))?(?:\([^)]*\))?")


def kind_of(document: Any) -> str | None:
    """``kubernetes``, ``slurm``, ``ray`` or ``own``; None if it is none of these."""
    if isinstance(document, dict):
        if document.get("kind") == "Node" or isinstance(document.get("items"), list):
            return "kubernetes"
        nodes = document.get("nodes")
        if isinstance(nodes, list):
            keys = {key for node in nodes[:50] if isinstance(node, dict) for key in node}
            return "slurm" if keys & {"gres", "real_memory", "hostname"} else "own"
        return "ray" if "result" in document or "data" in document else None
    if isinstance(document, list) and document and isinstance(document[0], dict):
        return "ray" if document[0].keys() & {"resources_total", "Resources", "node_id", "NodeID"} else None
    return None


def slurm(place: Place, context: Context) -> tuple[ClusterNode, ...]:
    """``scontrol show nodes --json``; ``real_memory`` is in MiB."""
    return tuple(_slurm_node(node, context) for node in place.get("nodes").items())


def _slurm_node(place: Place, context: Context) -> ClusterNode:
    gres = place.get("gres")
    devices: tuple[Device, ...] = ()
    notes: tuple[str, ...] = ()
    for entry in re.split(r",(?![^(]*\))", gres.text()) if gres.value else ():
        more, said = _slurm_gres(gres, entry.strip(), context)
        devices, notes = devices + more, notes + said
    if len(devices) > MAX_NODE_DEVICES:
        raise gres.error(f"more than {MAX_NODE_DEVICES} GPUs in one node")
    memory = _set_number(place.get("real_memory"))
    state = place.get("state").value
    words = set(state) if isinstance(state, list) else set(re.split(r"[+*~#!%$@^]", str(state or "")))
    return ClusterNode(
        name=place.get("name").text(),
        devices=devices,
        ram_bytes=None if memory.value is None else memory.number(2**33) * _MIB or None,
        available=not {str(word).upper() for word in words} & _UNUSABLE,
        notes=tuple(dict.fromkeys(notes)),
    )


def _slurm_gres(place: Place, entry: str, context: Context) -> Devices:
    """One generic resource: ``gpu:a100:8(S:0-1)``, ``gpu:8``, ``gpu:nvidia_a100_80gb_pcie_3g.40gb:4``, or no GPU."""
    if entry != "gpu" and not entry.startswith(("gpu:", "gpu(")):
        return (), ()
    found = _GRES.fullmatch(entry)
    if found is None:
        raise place.error(f"cannot read {entry!r}", "Expected gpu:TYPE:COUNT")
    count, name = int(found["count"] or 1), found["type"] or "gpu"
    if count > MAX_NODE_DEVICES:
        raise place.error(f"more than {MAX_NODE_DEVICES} GPUs in one node")
    sliced = PROFILE.fullmatch(name)
    if sliced and name.lower() not in context.gpu_names:
        # A profile is named by rounded decimals: 1g.5gb of an A100 holds 4864 MiB, 95 % of 5 GiB.
        total = int(sliced["gb"]) * 1024 * 95 // 100 * _MIB
        return (mig_slice(sliced["parent"] or "", sliced["profile"], total),) * count, ()
    return context.described(place, name, count) if count else ((), ())


def _set_number(place: Place) -> Place:
    """Newer Slurm wraps numbers: ``{"set": true, "infinite": false, "number": 1031000}``."""
    if not isinstance(place.value, Mapping):
        return place
    return Place(place.value.get("number") if place.value.get("set") else None, place.file, f"{place.trail}.number")


def ray(place: Place, context: Context) -> tuple[ClusterNode, ...]:
    """``ray list nodes --format json`` (with ``--detail``), ``ray.nodes()``, or the state API's answer."""
    while isinstance(place.value, dict):
        place = place.get("data" if "data" in place.value else "result")
    return tuple(_ray_node(node, context) for node in place.items())


def _ray_node(place: Place, context: Context) -> ClusterNode:
    node = place.mapping()
    resources = place.get("resources_total" if "resources_total" in node else "Resources")
    amounts = resources.mapping()
    count = resources.get("GPU").number(MAX_NODE_DEVICES) if amounts.get("GPU") else 0
    types = [name.partition(":")[2] for name in sorted(amounts) if name.startswith("accelerator_type:")]
    labels = place.get("labels" if "labels" in node else "Labels").mapping()
    kind = labels.get("ray.io/accelerator-type") or (types[0] if types else "gpu")
    devices, notes = context.described(resources, str(kind), count) if count else ((), ())
    sizes = [amounts.get(name) for name in ("memory", "object_store_memory")]
    known = [round(size) for size in sizes if isinstance(size, int | float) and 0 < size < 2**53]
    state = node.get("state", "ALIVE" if node.get("Alive", True) else "DEAD")
    names = [place.get(key) for key in ("node_name", "NodeName", "node_id", "NodeID") if node.get(key)]
    return ClusterNode(
        name=(names[0] if names else place.get("node_name")).text(),
        devices=devices,
        ram_bytes=sum(known) or None,
        available=state == "ALIVE",
        notes=notes,
    )


READERS: dict[str, Callable[[Place, Context], tuple[ClusterNode, ...]]] = {
    "kubernetes": kubernetes,
    "slurm": slurm,
    "ray": ray,
}
