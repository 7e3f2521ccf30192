"""Detected devices meet their catalog rows: gaps are filled, what the driver says stands, contradictions are told."""

from typing import Any

import pytest

from llmpick.hardware.device import Device, Machine, MigSlice
from llmpick.hardware.recognition import recognised

MIB = 2**20


def one(rows: dict[str, dict[str, Any]], **facts: Any) -> tuple[Device, tuple[str, ...]]:
    """The device with these facts after recognition, and the machine's notes."""
    found = recognised(Machine(devices=(Device(source="nvml", **facts),)), rows)
    return found.devices[0], found.notes


@pytest.mark.parametrize(
    ("name", "vendor", "total_mib", "gpu_id"),
    [
        ("NVIDIA GeForce RTX 3090", "nvidia", 24576, "nvidia-rtx-3090"),
        ("NVIDIA GeForce RTX 3060", "nvidia", 12288, "nvidia-rtx-3060-12-gb"),
        ("NVIDIA GeForce RTX 3060", "nvidia", 8192, "nvidia-rtx-3060-8-gb"),
        ("NVIDIA H100 80GB HBM3", "nvidia", 81559, "nvidia-h100-sxm5-80-gb"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "nvidia", 16376, "nvidia-rtx-4090-mobile"),
        ("AMD Radeon RX 7900 XTX", "amd", 24560, "amd-radeon-rx-7900-xtx"),
        ("Prototype 9000", "nvidia", 24576, None),
    ],
)
def test_a_driver_s_name_and_memory_lead_to_one_row(rows, name, vendor, total_mib, gpu_id):
    device, _ = one(rows, name=name, vendor=vendor, total=total_mib * MIB)
    assert device.gpu_id == gpu_id


def test_gaps_are_filled_from_the_row_and_say_so(rows):
    device, _ = one(rows, name="NVIDIA GeForce RTX 3090", vendor="nvidia", total=24576 * MIB)
    assert (device.bandwidth, device.bandwidth_source, device.compute_capability) == (936_200_000_000, "catalog", "8.6")


def test_what_the_driver_says_stands(rows):
    device, notes = one(
        rows, name="NVIDIA GeForce RTX 3090", vendor="nvidia", total=24576 * MIB, bandwidth=936_096_000_000,
        bandwidth_source="nvml", compute_capability="8.6",
    )  # fmt: skip
    assert (device.bandwidth, device.bandwidth_source, notes) == (936_096_000_000, "nvml", ())


def test_a_bandwidth_far_from_the_catalog_s_is_told_and_kept(rows):
    device, notes = one(
        rows, name="NVIDIA GeForce RTX 3090", vendor="nvidia", total=24576 * MIB, bandwidth=600_000_000_000
    )
    assert device.bandwidth == 600_000_000_000
    assert any("600 GB/s" in note and "936.2 GB/s" in note for note in notes)


def test_a_slice_has_its_parent_s_row_but_not_its_bandwidth(rows):
    device, notes = one(
        rows, name="NVIDIA H100 80GB HBM3 MIG 1g.10gb", vendor="nvidia", total=9984 * MIB,
        mig=MigSlice(parent_name="NVIDIA H100 80GB HBM3", profile="1g.10gb"),
    )  # fmt: skip
    assert (device.gpu_id, device.bandwidth, device.total) == ("nvidia-h100-sxm5-80-gb", None, 9984 * MIB)
    assert device.compute_capability == "9.0"
    assert notes == ()


def test_a_card_without_a_known_name_is_found_by_pci_device_and_revision(rows):
    device, _ = one(
        rows, name="AMD GPU 1002:744c", vendor="amd", total=24560 * MIB, pci_device_id="1002:744c", pci_revision="c8"
    )
    assert device.gpu_id == "amd-radeon-rx-7900-xtx"
    assert device.architecture == "gfx1100"


def test_a_described_machine_is_left_as_it_is(rows):
    machine = Machine(devices=(Device(name="x", vendor="nvidia", source="described", gpu_id="nvidia-rtx-3090"),))
    assert recognised(machine, rows) is machine
