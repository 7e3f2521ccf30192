"""What ``kubectl get nodes -o json`` tells: the labels of GPU feature discovery, and the node's memory.

Labels: NVIDIA/k8s-device-plugin docs/gpu-feature-discovery/README.md. Where only GKE's or AMD's label names the GPU,
that name is looked up and the resource gives the count.
"""

import re
from collections.abc import Iterator

from llmpick.hardware.clusters import MAX_NODE_DEVICES, PROFILE, ClusterNode, Context, Devices, Place, mig_slice
from llmpick.hardware.described_memory import reserved_bytes
from llmpick.hardware.description import described_device
from llmpick.hardware.device import Device

_MIB = 2**20
_GPU, _MIG = "nvidia.com/gpu", "nvidia.com/mig-"
_QUANTITY = re.compile(r"(\d{1,20})(?:\.\d+)?([KMGT]i|[kMGT]|m)?")
_SCALE = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SCALE |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def kubernetes(place: Place, context: Context) -> tuple[ClusterNode, ...]:
    """``kubectl get nodes -o json``, or one node."""
    nodes = [place] if place.mapping().get("kind") == "Node" else place.get("items").items()
    return tuple(_kubernetes_node(node, context) for node in nodes)


def _kubernetes_node(place: Place, context: Context) -> ClusterNode:
    metadata, status = place.get("metadata"), place.get("status")
    labels = metadata.get("labels")
    resources = status.get("allocatable" if status.get("allocatable").value else "capacity")
    devices, notes = _kubernetes_devices(labels, resources, context)
    conditions = status.get("conditions").items() if status.get("conditions").value else []
    ready = [entry.get("status").value for entry in conditions if entry.get("type").value == "Ready"]
    cordoned = place.get("spec").mapping().get("unschedulable") is True
    return ClusterNode(
        name=metadata.get("name").text(),
        devices=devices,
        ram_bytes=_quantity(resources.get("memory")),
        available=not cordoned and ready in ([], ["True"]),
        notes=notes,
    )


def _kubernetes_devices(labels: Place, resources: Place, context: Context) -> Devices:
    """Whole GPUs, MIG devices under both strategies; GPUs without labels are told, not guessed."""
    found = labels.mapping()
    product = found.get(f"{_GPU}.product")
    devices: tuple[Device, ...] = ()
    notes: tuple[str, ...] = ()
    if product is not None:
        devices, notes = _product(labels, resources, str(product), context)
    elif found.get("cloud.google.com/gke-accelerator"):
        count = resources.get(_GPU).number(MAX_NODE_DEVICES)
        name = labels.get("cloud.google.com/gke-accelerator")
        devices, notes = context.described(name, name.text(), count)
    elif found.get("amd.com/gpu.product-name"):
        name = labels.get("amd.com/gpu.product-name")
        count = resources.get("amd.com/gpu").number(MAX_NODE_DEVICES)
        devices, notes = context.described(name, name.text(), count)
    slices = tuple(_mixed_slices(labels, str(product or "")))
    unlabelled = [name for name in resources.mapping() if "/gpu" in name and not devices and not slices]
    missing = tuple(f"{name}: no labels say which GPUs, so none are counted" for name in unlabelled)
    return devices + slices, notes + missing


def _product(labels: Place, resources: Place, product: str, context: Context) -> Devices:
    """The GPUs of the ``nvidia.com/gpu`` labels: ``count`` devices of ``memory`` MiB, MIG slices if it says so."""
    count = labels.get(f"{_GPU}.count").number(MAX_NODE_DEVICES)
    if labels.mapping().get("nvidia.com/mig.strategy") == "mixed" and count:
        # Under this strategy the label counts GPUs that are cut into slices too; the resource does not.
        replicas = str(labels.mapping().get(f"{_GPU}.replicas", 1))
        whole = _quantity(resources.get(_GPU)) or 0
        count = min(count, whole // (int(replicas) if replicas.isdecimal() and int(replicas) else 1))
    memory = labels.get(f"{_GPU}.memory")
    name = re.sub(r"-SHARED$", "", product)
    sliced = PROFILE.fullmatch(name)
    if sliced and sliced["parent"]:
        total = memory.number(2**23, 1) * _MIB
        return (mig_slice(sliced["parent"], sliced["profile"], total),) * count, ()
    if memory.value is None:
        return context.described(labels.get(f"{_GPU}.product"), name, count)
    device, notes = _whole(labels, name, memory.number(2**23, 1) * _MIB, context)
    return (device,) * count, notes if count else ()


def _whole(labels: Place, name: str, total: int, context: Context) -> tuple[Device, tuple[str, ...]]:
    """A GPU of which the label tells the total: the catalog's row if it has one, else what the labels tell."""
    usable = total - reserved_bytes(total)
    known = context.gpu_names.get(name.lower(), name)
    match = context.parser.names.reported(known.replace("-", " "), total)
    if match is not None:
        measured = match.row.get("usable_memory_mib")
        if measured is not None and not any("refitted" in note for note in match.notes):
            usable = min(usable, measured * _MIB)
        return described_device(match.gpu_id, match.row, total, usable), match.notes
    major, minor = (labels.mapping().get(f"{_GPU}.compute.{part}") for part in ("major", "minor"))
    device = Device(
        name=name.replace("-", " "),
        vendor="nvidia",
        source="described",
        total=total,
        reserved=total - usable,
        usable=usable,
        compute_capability=f"{major}.{minor}" if major and minor else None,
    )
    return device, (f"{name} is not in the catalog: no bandwidth known",)


def _mixed_slices(labels: Place, product: str) -> Iterator[Device]:
    """MIG devices under the mixed strategy: ``nvidia.com/mig-3g.20gb.count`` and ``.memory``."""
    for label in sorted(labels.mapping()):
        if not (label.startswith(_MIG) and label.endswith(".count")):
            continue
        prefix = label[: -len(".count")]
        count = labels.get(label).number(MAX_NODE_DEVICES)
        memory = labels.get(f"{prefix}.memory")
        if count:
            total = memory.number(2**23, 1) * _MIB
            yield from (mig_slice(product, prefix[len(_MIG) :], total),) * count


def _quantity(place: Place) -> int | None:
    """A Kubernetes quantity such as ``1056270632Ki``; None where it is missing. Milli-units round down."""
    if place.value is None:
        return None
    found = _QUANTITY.fullmatch(str(place.value))
    if found is None:
        raise place.error(f"{str(place.value)[:50]!r} is not a quantity")
    return int(found[1]) // 1000 if found[2] == "m" else int(found[1]) * _SCALE[found[2] or ""]
