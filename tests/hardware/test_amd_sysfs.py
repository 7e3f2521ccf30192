"""AMD cards and APUs from recorded sysfs files."""

from collections.abc import Callable, Mapping

import pytest

from llmpick.hardware.amd import gfx_name
from llmpick.hardware.device import Device, Machine
from llmpick.hardware.machine import detect

Tree = Callable[[Mapping[str, str | bytes]], str]
GIB = 2**30
PROC = {
    "/proc/meminfo": f"MemTotal: {64 * GIB // 1024} kB\nMemAvailable: {20 * GIB // 1024} kB\n",
    "/proc/self/status": "Cpus_allowed_list: 0-31\n",
}


def card(number: int, address: str, **files: str | bytes) -> dict[str, str | bytes]:
    """The sysfs files of one amdgpu card."""
    directory = f"/sys/class/drm/card{number}/device"
    base: dict[str, str | bytes] = {"vendor": "0x1002\n", "uevent": f"DRIVER=amdgpu\nPCI_SLOT_NAME={address}\n"}
    return {f"{directory}/{name}": content for name, content in {**base, **files}.items()}


def node(number: int, **properties: int) -> dict[str, str | bytes]:
    """One KFD topology node."""
    text = "".join(f"{name} {value}\n" for name, value in properties.items())
    return {f"/sys/class/kfd/kfd/topology/nodes/{number}/properties": text}


RX_7900_XTX = card(
    0,
    "0000:03:00.0",
    device="0x744c",
    revision="0xc8",
    unique_id="a1b2c3d4e5f60718",
    mem_info_vram_total=str(25753026560),
    mem_info_vram_used=str(1 * GIB),
    mem_info_gtt_total=str(32 * GIB),
    mem_info_gtt_used="0",
    gpu_metrics=bytes([0x78, 0, 1, 3]),
    max_link_width="16",
)
RX_NODE = node(1, simd_count=192, simd_per_cu=2, gfx_target_version=110000, location_id=0x300, domain=0)
STRIX_HALO = card(
    1,
    "0000:c4:00.0",
    device="0x1586",
    revision="0xc1",
    mem_info_vram_total=str(8 * GIB),
    mem_info_vram_used=str(2 * GIB),
    mem_info_gtt_total=str(56 * GIB),
    mem_info_gtt_used=str(1 * GIB),
    gpu_metrics=bytes([0x78, 0, 3, 0]),
)
STRIX_NODE = node(2, cpu_cores_count=0, simd_count=80, simd_per_cu=2, gfx_target_version=110501, location_id=0xC400)
LIBDRM = "# List\n1.0.0\n744C,\tC8,\tAMD Radeon RX 7900 XTX\n1586,\tC1,\tRadeon 8060S Graphics\n"
IDS = {"/usr/share/libdrm/amdgpu.ids": LIBDRM}


def look(tree: Tree, *files: Mapping[str, str | bytes], **environment: str) -> Machine:
    """Detect in a tree of these files; NVIDIA is left out, as the test machine may have one."""
    merged: dict[str, str | bytes] = dict(PROC)
    for each in files:
        merged |= each
    return detect(root=tree(merged), environment=environment)


def amd(machine: Machine) -> list[Device]:
    """The AMD devices."""
    return [device for device in machine.devices if device.vendor == "amd"]


def status(machine: Machine) -> tuple[str, str]:
    """Status and remedy of AMD's probe."""
    return next((probe.status, probe.remedy) for probe in machine.probes if probe.probe == "amdgpu")


def test_a_discrete_card_never_counts_gtt(tree: Tree) -> None:
    [device] = amd(look(tree, RX_7900_XTX, RX_NODE, IDS))
    assert device.name == "AMD Radeon RX 7900 XTX"
    assert (device.total, device.usable, device.free) == (25753026560, 25753026560, 25753026560 - GIB)
    assert (device.unified, device.architecture, device.cores, device.uuid) == (
        False,
        "gfx1100",
        96,
        "GPU-a1b2c3d4e5f60718",
    )
    assert (device.pci_bus_id, device.pci_device_id, device.pcie_lanes) == ("0000:03:00.0", "1002:744c", 16)


def test_an_apu_uses_carve_out_and_gtt_but_no_more_than_the_host_can_give(tree: Tree) -> None:
    [device] = amd(look(tree, STRIX_HALO, STRIX_NODE, IDS))
    assert (device.name, device.architecture, device.unified) == ("Radeon 8060S Graphics", "gfx1151", True)
    assert (device.total, device.usable) == (64 * GIB, 64 * GIB)
    assert device.free == 6 * GIB + 20 * GIB, "only 20 GiB of host memory are available for GTT"


def test_an_old_kernels_apu_is_known_by_its_kfd_node(tree: Tree) -> None:
    plain = {path: data for path, data in STRIX_HALO.items() if not path.endswith("gpu_metrics")}
    shared = node(0, cpu_cores_count=16, simd_count=24, gfx_target_version=90012, location_id=0xC400)
    [device] = amd(look(tree, plain, shared))
    assert (device.unified, device.architecture) == (True, "gfx90c")


def test_without_any_sign_of_an_apu_gtt_is_not_counted(tree: Tree) -> None:
    plain = {path: data for path, data in STRIX_HALO.items() if not path.endswith("gpu_metrics")}
    [device] = amd(look(tree, plain))
    assert (device.unified, device.usable) == (False, 8 * GIB)


def test_devices_come_in_the_order_of_rocm(tree: Tree) -> None:
    first = node(1, simd_count=80, gfx_target_version=110501, location_id=0xC400)
    second = node(2, simd_count=192, gfx_target_version=110000, location_id=0x300)
    machine = look(tree, RX_7900_XTX, STRIX_HALO, first, second)
    assert [device.pci_bus_id for device in amd(machine)] == ["0000:c4:00.0", "0000:03:00.0"]


def test_rocm_variables_hide_devices(tree: Tree) -> None:
    machine = look(tree, RX_7900_XTX, RX_NODE, STRIX_HALO, STRIX_NODE, ROCR_VISIBLE_DEVICES="1")
    assert [device.architecture for device in amd(machine)] == ["gfx1151"]
    assert [device.architecture for device in machine.hidden if device.vendor == "amd"] == ["gfx1100"]


def test_outputs_are_not_cards(tree: Tree) -> None:
    outputs = {"/sys/class/drm/card0-DP-1/device/vendor": "0x1002", "/sys/class/drm/renderD128/device/vendor": "0x1002"}
    assert len(amd(look(tree, RX_7900_XTX, outputs))) == 1


def test_the_boards_own_name_wins(tree: Tree) -> None:
    named = {"/sys/class/drm/card0/device/product_name": "AMD Instinct MI210\n"}
    assert amd(look(tree, RX_7900_XTX, named, IDS))[0].name == "AMD Instinct MI210"


def test_the_pci_database_gives_the_trade_name(tree: Tree) -> None:
    ids = "1001  Other\n\t744c  Wrong\n1002  Advanced Micro Devices\n\t744c  Navi 31 [Radeon RX 7900]\n10de  NVIDIA\n"
    assert amd(look(tree, RX_7900_XTX, {"/usr/share/misc/pci.ids": ids}))[0].name == "Radeon RX 7900"


def test_a_card_nobody_names_has_its_numbers(tree: Tree) -> None:
    assert amd(look(tree, RX_7900_XTX))[0].name == "AMD GPU 1002:744c"


def test_a_card_without_amdgpu_is_broken(tree: Tree) -> None:
    machine = look(tree, card(0, "0000:01:00.0", device="0x6798"))
    assert amd(machine)[0].total is None
    state, remedy = status(machine)
    assert state == "broken"
    assert "amdgpu" in remedy


def test_no_card_is_absent(tree: Tree) -> None:
    assert status(look(tree)) == ("absent", "")


@pytest.mark.parametrize(
    ("version", "name"),
    [(110501, "gfx1151"), (110000, "gfx1100"), (90010, "gfx90a"), (90402, "gfx942"), (100300, "gfx1030"), (0, None)],
)
def test_instruction_set_names(version: int, name: str | None) -> None:
    assert gfx_name(version) == name
