"""Intel cards from recorded sysfs files of the xe and i915 drivers."""

from collections.abc import Callable, Mapping

from llmpick.hardware.device import Device
from llmpick.hardware.machine import detect

Tree = Callable[[Mapping[str, str]], str]
GIB = 2**30
BASE = {
    "/proc/meminfo": f"MemTotal: {32 * GIB // 1024} kB\nMemAvailable: {30 * GIB // 1024} kB\n",
    "/sys/class/drm/card0/device/vendor": "0x8086",
    "/usr/share/hwdata/pci.ids": "8086  Intel Corporation\n\te20b  Battlemage G21 [Arc B580]\n",
}


def card(address: str, device: str) -> dict[str, str]:
    """Identity of card0."""
    return {
        "/sys/class/drm/card0/device/device": device,
        "/sys/class/drm/card0/device/uevent": f"PCI_SLOT_NAME={address}\n",
    }


def intel(root: str) -> tuple[Device, str]:
    """The one Intel device and its probe's status."""
    machine = detect(root=root, environment={})
    [device] = [each for each in machine.devices if each.vendor == "intel"]
    return device, next(probe.status for probe in machine.probes if probe.probe == "intel")


def test_xe_memory_is_the_sum_of_the_tiles(tree: Tree) -> None:
    tiles = {f"/sys/class/drm/card0/device/tile{tile}/physical_vram_size_bytes": hex(6 * GIB) for tile in (0, 1)}
    device, status = intel(tree(BASE | card("0000:03:00.0", "0xe20b") | tiles))
    assert (device.name, device.total, device.unified, status) == ("Arc B580", 12 * GIB, False, "ok")
    assert device.usable is not None
    assert 11 * GIB < device.usable < 12 * GIB
    assert device.free is None


def test_i915_memory_is_lmem(tree: Tree) -> None:
    memory = {"/sys/class/drm/card0/lmem_total_bytes": str(16 * GIB)}
    device, _ = intel(tree(BASE | card("0000:03:00.0", "0x56a0") | memory))
    assert (device.name, device.total) == ("Intel GPU 8086:56a0", 16 * GIB)


def test_integrated_graphics_get_half_of_the_hosts_memory(tree: Tree) -> None:
    device, status = intel(tree(BASE | card("0000:00:02.0", "0x7d55")))
    assert (device.unified, device.total, device.usable, status) == (True, 32 * GIB, 16 * GIB, "ok")


def test_a_card_whose_driver_tells_no_memory_is_unsupported(tree: Tree) -> None:
    device, status = intel(tree(BASE | card("0000:03:00.0", "0xe20b")))
    assert (device.total, device.usable, device.unified, status) == (None, None, False, "unsupported")
