"""What a card can do, as its catalog row or the driver says, and the groups under which cards like it were measured."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from llmpick.hardware.device import Device

SHORT_ACCUMULATION = frozenset({"llama.cpp", "ollama", "mlx"})


class DeviceSpeed(NamedTuple):
    """``bandwidth`` in bytes per second, ``flops`` of dense 16-bit matrix products with FP32 accumulation.

    ``short_flops``: with FP16 accumulation, which GeForce cards do twice as fast. ``groups``: from the narrowest to
    ``any``; constants are looked up in this order. ``gpu_id``: its catalog row.
    """

    name: str
    bandwidth: float
    flops: float | None
    groups: tuple[str, ...]
    gpu_id: str | None = None
    short_flops: float | None = None
    linked: bool = False
    """Whether several of them always have a fast link to each other (SXM, OAM, superchips)."""

    def rate(self, engine: str) -> float | None:
        """The FLOPS that an engine's share of them was fitted on: llama.cpp's kernels accumulate in FP16 or INT8."""
        return self.short_flops if engine in SHORT_ACCUMULATION else self.flops


def device_speed(device: Device, rows: Mapping[str, Mapping[str, Any]]) -> DeviceSpeed | None:
    """Speed data of a device: its catalog row where it has one, else what the driver reports. None: not known."""
    row = rows.get(device.gpu_id) if device.gpu_id else None
    if row is not None and device.mig is None:
        return row_speed(device.gpu_id or "", row, device.name, device.bandwidth)
    if device.bandwidth is None or device.mig is not None:
        return None
    return DeviceSpeed(device.name, float(device.bandwidth), None, (f"{device.vendor}", "any"))


def row_speed(gpu_id: str, row: Mapping[str, Any], name: str | None = None,
              bandwidth: float | None = None) -> DeviceSpeed:  # fmt: skip
    """Speed data of a catalog row; ``bandwidth`` where the driver knows better."""
    flops = row.get("bf16_tflops") or row.get("fp16_tflops") or row.get("fp32_tflops")
    short = row.get("fp16_accumulate_tflops") or flops
    return DeviceSpeed(
        name or row["name"], float(bandwidth or row["bandwidth_gbs"] * 1e9), flops * 1e12 if flops else None,
        groups_of(row), gpu_id, short * 1e12 if short else None,
        row.get("module") in ("sxm", "oam", "superchip"),
    )  # fmt: skip


def groups_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """``Ada GDDR``, then ``nvidia GDDR``, then ``nvidia``, then ``any``: the kind of memory tells as much as the chip."""
    vendor, memory = row["vendor"], memory_kind(row)
    generation = "Apple" if vendor == "apple" else row["architecture"]
    names = (f"{generation} {memory}", f"{vendor} {memory}", vendor, "any")
    return tuple(dict.fromkeys(names))


def memory_kind(row: Mapping[str, Any]) -> str:
    """``HBM``, ``GDDR`` or ``shared`` (the computer's own memory)."""
    if row.get("unified_memory") or row["form"] == "soc":
        return "shared"
    memory = row.get("memory_type")
    if memory is None:
        memory = "HBM" if row["form"] == "datacenter" and row["bandwidth_gbs"] > 1200 else "GDDR"
    return "HBM" if memory.startswith("HBM") else "GDDR"


def speeds_of(devices: Sequence[Device], rows: Mapping[str, Mapping[str, Any]]) -> tuple[DeviceSpeed | None, ...]:
    """One entry for each device, in order."""
    return tuple(device_speed(device, rows) for device in devices)
