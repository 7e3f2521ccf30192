"""AMD devices by the amdgpu driver's files in sysfs; instruction set and compute units by KFD's topology.

An APU's carve-out (``vram``) is set in the firmware; its programs can also use GTT, which is host memory. A discrete
card's GTT is host memory behind PCIe and is never counted.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llmpick.hardware.device import Device, Found, Host, Probe
from llmpick.hardware.files import exists, join, list_dir, properties, read_bytes, read_int, read_text
from llmpick.hardware.pci import Card, card_name
from llmpick.hardware.visibility import Candidate, rocm_visible

_NODES = "/sys/class/kfd/kfd/topology/nodes"
_IDS = ("/usr/share/libdrm/amdgpu.ids", "/opt/amdgpu/share/libdrm/amdgpu.ids")
_APU_METRICS = (2, 3)
"""Format revisions of gpu_metrics that only APUs write (kgd_pp_interface.h: 1 is for discrete cards)."""


def probe_amd(root: str, environment: Mapping[str, str], host: Host, found_cards: Sequence[Card]) -> Found:
    """All AMD devices that ROCm would show, in the order of KFD's nodes (cards without a node last)."""
    nodes = _kfd_nodes(root)
    ordered = sorted(
        found_cards, key=lambda card: list(nodes).index(card.address) if card.address in nodes else len(nodes)
    )
    devices = [_device(root, card, nodes.get(card.address, {}), host) for card in ordered]
    candidates = [Candidate(position, device.uuid or "") for position, device in enumerate(devices)]
    selection = rocm_visible(environment, candidates)
    return Found(
        _report(root, devices),
        tuple(devices[position] for position in selection.positions),
        tuple(device for position, device in enumerate(devices) if position not in selection.positions),
        (selection.problem,) if selection.problem else (),
    )


def _report(root: str, devices: Sequence[Device]) -> Probe:
    """Memory is readable by everyone; ROCm itself needs /dev/kfd."""
    if not devices:
        return Probe(probe="amdgpu", status="absent", detail="no AMD card")
    silent = [device.name for device in devices if device.total is None]
    if silent:
        remedy = "Load the amdgpu driver; the older radeon driver cannot run models."
        return Probe(probe="amdgpu", status="broken", detail=f"no memory size from {', '.join(silent)}", remedy=remedy)
    if not exists(root, "/dev/kfd"):
        return Probe(probe="amdgpu", status="ok", detail="amdgpu; no /dev/kfd: ROCm is not available, Vulkan may be")
    return _kfd_access(root)


def _kfd_access(root: str) -> Probe:
    import os

    if os.access(join(root, "/dev/kfd"), os.R_OK | os.W_OK):
        return Probe(probe="amdgpu", status="ok", detail="amdgpu and ROCm's /dev/kfd")
    remedy = "Add the user to the groups render and video, then log in again; in a container pass --device /dev/kfd."
    return Probe(
        probe="amdgpu", status="denied", detail="memory is known, but /dev/kfd cannot be opened", remedy=remedy
    )


def _device(root: str, card: Card, node: Mapping[str, int], host: Host) -> Device:
    sizes = {name: read_int(root, f"{card.directory}/mem_info_{name}") for name in _SIZES}
    unified = _is_apu(root, card, node)
    memory = _shared_memory(sizes, host) if unified else _own_memory(sizes)
    unique_id = read_text(root, f"{card.directory}/unique_id")
    units = node.get("simd_count", 0) // (node.get("simd_per_cu") or 2)
    return Device(
        name=_name(root, card),
        vendor="amd",
        source="amdgpu",
        uuid=f"GPU-{unique_id}" if unique_id else None,
        unified=unified,
        architecture=gfx_name(node.get("gfx_target_version", 0)),
        cores=units or None,
        pci_bus_id=card.address,
        pci_device_id=card.pci_device_id,
        pci_revision=f"{card.revision:02x}",
        pcie_lanes=read_int(root, f"{card.directory}/max_link_width"),
        **memory,
    )


_SIZES = ("vram_total", "vram_used", "gtt_total", "gtt_used")


def _own_memory(sizes: Mapping[str, int | None]) -> dict[str, Any]:
    total, used = sizes["vram_total"], sizes["vram_used"]
    free = total - used if total is not None and used is not None else None
    return {"total": total, "usable": total, "free": free}


def _shared_memory(sizes: Mapping[str, int | None], host: Host) -> dict[str, Any]:
    """Carve-out and GTT together; the GTT part cannot exceed what the host may still give."""
    vram, gtt = sizes["vram_total"], sizes["gtt_total"]
    if vram is None or gtt is None:
        return _own_memory(sizes)
    usable = vram + (gtt if host.total is None else min(gtt, host.total))
    vram_used, gtt_used = sizes["vram_used"], sizes["gtt_used"]
    if vram_used is None or gtt_used is None or host.available is None:
        return {"total": vram + gtt, "usable": usable, "free": None}
    return {"total": vram + gtt, "usable": usable, "free": vram - vram_used + min(gtt - gtt_used, host.available)}


def _is_apu(root: str, card: Card, node: Mapping[str, int]) -> bool:
    """By the format of its metrics, or a KFD node that has both processors and SIMDs (kernels before 6.x)."""
    header = read_bytes(root, f"{card.directory}/gpu_metrics", 4) or b""
    if len(header) == 4:
        return header[2] in _APU_METRICS
    return node.get("cpu_cores_count", 0) > 0 and node.get("simd_count", 0) > 0


def _kfd_nodes(root: str) -> dict[str, dict[str, int]]:
    """PCI address -> properties of each GPU node, in node order; ``location_id`` is bus, device and function."""
    nodes = {}
    for number in sorted((name for name in list_dir(root, _NODES) if name.isdigit()), key=int):
        node = properties(read_text(root, f"{_NODES}/{number}/properties"))
        if node.get("simd_count"):
            place = node.get("location_id", 0)
            nodes[f"{node.get('domain', 0):04x}:{place >> 8 & 255:02x}:{place >> 3 & 31:02x}.{place & 7}"] = node
    return nodes


def gfx_name(target_version: int) -> str | None:
    """KFD's number as LLVM's name: 90010 -> ``gfx90a``, 110501 -> ``gfx1151`` (minor and step in hexadecimal)."""
    if not target_version:
        return None
    return f"gfx{target_version // 10000}{target_version // 100 % 100:x}{target_version % 100:x}"


def _name(root: str, card: Card) -> str:
    """What the board says, else libdrm's list by device and revision, else the PCI database, else the numbers."""
    known = read_text(root, f"{card.directory}/product_name") or _libdrm_name(root, card) or card_name(root, card)
    return known or f"AMD GPU {card.pci_device_id}"


def _libdrm_name(root: str, card: Card) -> str | None:
    """``744C,	C8,	AMD Radeon RX 7900 XTX``."""
    for path in _IDS:
        for line in (read_text(root, path) or "").splitlines():
            parts = [part.strip() for part in line.split(",", 2)]
            if len(parts) == 3 and parts[:2] == [f"{card.device:04X}", f"{card.revision:02X}"]:
                return parts[2]
    return None
