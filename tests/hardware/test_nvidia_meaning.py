"""What NVML's answers mean: pure rows in, devices and reports out, so that no compiler is needed."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from llmpick.hardware import nvidia, nvidia_order
from llmpick.hardware.deadline import CrashedError, OverdueError
from llmpick.hardware.device import Device, Found, Host
from llmpick.hardware.driver import without_library
from llmpick.hardware.nvidia import peak_bandwidth, probe_nvidia, slice_bandwidth

Tree = Callable[[Mapping[str, str]], str]
GIB = 2**30
HOST = Host(total=60 * GIB, available=40 * GIB, physical_total=64 * GIB)
NVIDIA_CARD = {
    "/sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de",
    "/sys/bus/pci/devices/0000:01:00.0/class": "0x030000",
    "/sys/bus/pci/devices/0000:01:00.1/vendor": "0x10de",
    "/sys/bus/pci/devices/0000:01:00.1/class": "0x040300",
}


def row(**values: Any) -> dict[str, Any]:
    """What NVML says of one GPU, with ``values`` in place of the ordinary answers."""
    unknown = ("memory_clock_mhz", "memory_bus_bits", "core_clock_mhz", "cores", "power_limit_watts")
    ordinary = {
        "index": 0,
        "name": "NVIDIA Test",
        "uuid": "GPU-0",
        "pci_bus_id": None,
        "pci_device": None,
        "compute_capability": [8, 6],
        "pcie_generation": 4,
        "pcie_lanes": 16,
        "nvlink_links": 0,
        "mig_enabled": False,
        "slices": [],
        "total": 24 * GIB,
        "free": 20 * GIB,
        "reserved": GIB,
        "process_bytes": None,
        **dict.fromkeys(unknown),
    }
    return {**ordinary, **values}


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch, tree: Tree) -> Callable[..., Found]:
    """Probes with a driver that answers ``answer`` (an exception is raised; None: there is no library)."""

    def run(answer: Any, files: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None) -> Found:
        def call(work: object, limit_seconds: float) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        root = tree(files or {"/proc/x": ""})
        monkeypatch.setattr(nvidia, "call", call)
        return without_library(root, HOST) if answer is None else probe_nvidia(root, environment or {}, HOST, 5.0)

    return run


def answer(*rows: dict[str, Any]) -> dict[str, Any]:
    """A driver with these GPUs."""
    return {"driver": "570.1", "cuda": 12080, "devices": list(rows)}


def test_usable_is_total_minus_reserved(probe: Callable[..., Found]) -> None:
    [device] = probe(answer(row())).devices
    assert (device.total, device.reserved, device.usable, device.free) == (24 * GIB, GIB, 23 * GIB, 20 * GIB)


def test_without_version_2_free_and_processes_are_all_that_counts(probe: Callable[..., Found]) -> None:
    [device] = probe(answer(row(reserved=None, process_bytes=3 * GIB))).devices
    assert device.usable == 23 * GIB


@pytest.mark.parametrize("capability", [[7, 2], [8, 7], [10, 1], [11, 0], [12, 1]])
def test_chips_without_memory_share_the_hosts(probe: Callable[..., Found], capability: list[int]) -> None:
    [device] = probe(answer(row(compute_capability=capability, total=0, free=0, reserved=0))).devices
    assert (device.unified, device.total, device.free) == (True, 64 * GIB, 40 * GIB)
    assert device.usable is not None
    assert device.usable <= 54 * GIB, "the operating system keeps a share, and the cgroup limit counts"


@pytest.mark.parametrize("capability", [None, [8, 6], [9, 0], [12, 0]])
def test_no_other_gpu_is_given_the_hosts_memory(probe: Callable[..., Found], capability: list[int] | None) -> None:
    [device] = probe(answer(row(compute_capability=capability, total=0))).devices
    assert (device.unified, device.total, device.usable) == (False, None, None)


def test_a_hang_is_broken_with_a_remedy(probe: Callable[..., Found]) -> None:
    found = probe(OverdueError())
    assert (found.devices, found.probe.status) == ((), "broken")
    assert "dmesg" in found.probe.remedy


def test_a_crash_is_broken_with_its_detail(probe: Callable[..., Found]) -> None:
    found = probe(CrashedError("ModuleNotFoundError: No module named 'pynvml'"))
    assert found.probe.status == "broken"
    assert "pynvml" in found.probe.detail


def test_no_library_and_no_card_is_absent(probe: Callable[..., Found]) -> None:
    assert probe(None).probe.status == "absent"


def test_a_card_without_its_library_is_broken_and_says_what_to_install(probe: Callable[..., Found]) -> None:
    found = probe(None, NVIDIA_CARD)
    assert found.probe.status == "broken"
    assert "--gpus all" in found.probe.remedy


def test_a_card_whose_driver_is_not_loaded_is_broken(probe: Callable[..., Found]) -> None:
    found = probe({"error": 9, "message": "Driver Not Loaded"}, NVIDIA_CARD)
    assert found.probe.status == "broken"
    assert "modprobe" in found.probe.remedy


def test_an_old_jetson_is_known_by_its_device_tree(probe: Callable[..., Found]) -> None:
    files = {
        "/proc/device-tree/compatible": "nvidia,p3737-0000+p3701-0000\0nvidia,tegra234\0",
        "/proc/device-tree/model": "NVIDIA Jetson AGX Orin Developer Kit\0",
    }
    found = probe(None, files)
    [device] = found.devices
    assert (device.name, device.unified, device.total) == ("NVIDIA Jetson AGX Orin Developer Kit", True, 64 * GIB)
    assert found.probe.status == "ok"


@pytest.mark.parametrize(
    ("clock_mhz", "bus_bits", "gigabytes"),
    [(9751, 384, 936), (10501, 384, 1008), (2619, 5120, 3352), (14001, 512, 1792), (5001, 256, 320)],
)
def test_bandwidth_from_clock_and_bus_is_the_published_one(clock_mhz: int, bus_bits: int, gigabytes: int) -> None:
    bandwidth = peak_bandwidth(clock_mhz, bus_bits)
    assert bandwidth is not None
    assert round(bandwidth / 1e9) == gigabytes


@pytest.mark.parametrize(("clock_mhz", "bus_bits"), [(None, 384), (9751, None), (0, 0)])
def test_bandwidth_is_unknown_without_both(clock_mhz: int | None, bus_bits: int | None) -> None:
    assert peak_bandwidth(clock_mhz, bus_bits) is None


@pytest.mark.parametrize(
    ("slice_mib", "parent_mib", "eighths"),
    [(4864, 40960, 1), (9856, 40960, 2), (19968, 40960, 4), (40192, 40960, 8), (9984, 81559, 1), (5952, 24576, 2)],
)
def test_slices_have_whole_eighths_of_the_bandwidth(slice_mib: int, parent_mib: int, eighths: int) -> None:
    parent = row(memory_clock_mhz=1000, memory_bus_bits=4096, total=parent_mib * 2**20)
    assert slice_bandwidth(parent, {"total": slice_mib * 2**20}) == 2 * 10**9 * 4096 // 8 * eighths // 8


LARGE, SMALL = (
    Device(name=name, vendor="nvidia", source="nvml", uuid=f"GPU-{name}", usable=size * GIB)
    for name, size in (("large", 24), ("small", 8))
)


def test_among_different_models_cuda_says_what_a_number_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvidia_order, "call", lambda work, seconds: ["large"])
    shown, hidden, notes = nvidia_order.visible_gpus([SMALL, LARGE], {"CUDA_VISIBLE_DEVICES": "0"})
    assert (shown, hidden) == ((LARGE,), (SMALL,))
    assert "CUDA itself was asked" in notes[0]


def test_if_cuda_cannot_be_asked_the_smallest_is_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(work: object, seconds: float) -> Any:
        raise CrashedError("no libcuda")

    monkeypatch.setattr(nvidia_order, "call", refuse)
    shown, _, notes = nvidia_order.visible_gpus([LARGE, SMALL], {"CUDA_VISIBLE_DEVICES": "0"})
    assert shown == (SMALL,)
    assert "CUDA_DEVICE_ORDER=PCI_BUS_ID" in notes[0]


def test_if_cuda_names_none_that_nvml_knows_the_smallest_is_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvidia_order, "call", lambda work, seconds: ["elsewhere"])
    shown, _, _ = nvidia_order.visible_gpus([LARGE, SMALL], {"CUDA_VISIBLE_DEVICES": "1"})
    assert shown == (SMALL,)


def test_equal_models_are_numbered_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(nvidia_order, "call")
    twin = Device(name="large", vendor="nvidia", source="nvml", uuid="GPU-twin")
    shown, _, notes = nvidia_order.visible_gpus([LARGE, twin], {"CUDA_VISIBLE_DEVICES": "1"})
    assert (shown, notes) == ((twin,), ())
