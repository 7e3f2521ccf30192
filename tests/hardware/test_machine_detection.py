"""The whole machine: no probe can end the program, nothing needless is imported, and words say what to do."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping

import pytest

from llmpick.hardware.device import Device, Host, Machine, MigSlice, Probe, described_machine
from llmpick.hardware.explain import explain
from llmpick.hardware.machine import detect

Tree = Callable[[Mapping[str, str]], str]
GIB = 2**30

CONTRACT = {
    *("name", "uuid", "vendor", "total", "reserved", "usable", "free"),
    *("unified", "mig", "compute_capability", "bandwidth", "source"),
}


def device(name: str = "A", vendor: str = "nvidia", usable: int = 8, **more: object) -> Device:
    """A device of ``usable`` GiB."""
    return Device(name=name, vendor=vendor, source="test", usable=usable * GIB, **more)  # type: ignore[arg-type]


def test_json_has_the_keys_of_the_contract() -> None:
    machine = Machine(devices=(device(),), host=Host(total=1, available=1), probes=(Probe(probe="x", status="ok"),))
    document = json.loads(json.dumps(machine.to_json()))
    assert document["devices"][0].keys() >= CONTRACT
    assert document["host"].keys() >= {"total", "available"}
    assert document["probes"][0].keys() >= {"probe", "status", "detail"}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {
            "/proc/meminfo": "\xff\x00 broken",
            "/proc/self/cgroup": "::::\n0",
            "/proc/self/status": "Cpus_allowed_list: x-",
        },
        {"/proc/self/cgroup": "0::/../../..\n", "/sys/class/drm/card0/device/vendor": "junk"},
        {
            "/sys/class/drm/card0/device/vendor": "0x1002",
            "/sys/class/kfd/kfd/topology/nodes/1/properties": "simd_count x",
        },
        {"/sys/class/drm/card0/device/vendor": "0x8086", "/sys/class/drm/card0/device/uevent": "PCI_SLOT_NAME="},
    ],
)
def test_damaged_files_never_raise(tree: Tree, files: dict[str, str]) -> None:
    machine = detect(root=tree({"/proc/empty": "", **files}), environment={})
    assert {probe.probe for probe in machine.probes} == {"nvml", "amdgpu", "intel", "npu-smi", "host"}


def test_a_probe_with_a_bug_is_reported_as_broken(host_tree: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*arguments: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("llmpick.hardware.driver.library_answers", explode)
    machine = detect(root=host_tree, environment={})
    [nvml] = [probe for probe in machine.probes if probe.probe == "nvml"]
    assert (nvml.status, nvml.detail) == ("broken", "RuntimeError: unforeseen")
    assert machine.host.total == 128 * GIB


def test_the_root_can_come_from_the_environment(host_tree: str) -> None:
    assert detect(environment={"LLMPICK_SYSFS_ROOT": host_tree}).host.total == 128 * GIB


def test_only_modules_of_hardware_that_is_there_are_imported(host_tree: str) -> None:
    code = (
        "import sys; from llmpick.hardware import driver, machine; driver._may_exist = lambda environment: False;"
        f"machine.detect(root={host_tree!r}, environment={{}}); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    costly = {"pynvml", "ctypes", "psutil", "yaml", "pydantic", "subprocess", "pathlib"}
    unneeded = {
        f"llmpick.hardware.{name}"
        for name in ("amd", "intel", "ascend", "apple", "windows", "rig", "nvidia", "nvml", "deadline")
    }
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    before = set(bare.stdout.split())
    assert not (set(run.stdout.split()) - before) & (costly | unneeded)


def test_a_described_machine_says_so() -> None:
    machine = described_machine([device(), device()], 64 * GIB)
    assert (machine.source, machine.host.total, machine.host.available) == ("described", 64 * GIB, 64 * GIB)
    assert len(machine.devices) == 2
    assert described_machine([], None).host.total is None


MIG = MigSlice(parent_name="P")


@pytest.mark.parametrize(
    ("devices", "group"),
    [
        ([], ""),
        ([device("A"), device("B")], "AB"),
        ([device("A", "amd", 16), device("B", usable=12)], "A"),
        ([device("A", "amd", 16), device("B", usable=12), device("C", usable=12)], "BC"),
        ([device("A", usable=10, mig=MIG), device("B", usable=40, mig=MIG)], "B"),
        ([device("A", usable=40, mig=MIG), device("B", usable=80)], "B"),
        ([device("A", "amd", 90, unified=True), device("B", usable=24)], "B"),
        ([device("A", "apple", 48, unified=True)], "A"),
        ([device("A", "amd", 48, unified=True), device("B", "intel", 60, unified=True)], "B"),
    ],
)
def test_one_program_gets_the_largest_set_that_works_together(devices: list[Device], group: str) -> None:
    assert "".join(each.name for each in Machine(devices=tuple(devices)).largest_group()) == group


@pytest.mark.parametrize(
    ("usable", "free", "expected"), [(10, 4, 4), (10, 12, 10), (10, None, None), (None, 4, 4), (None, None, None)]
)
def test_free_memory_is_never_more_than_usable(usable: int | None, free: int | None, expected: int | None) -> None:
    record = Device(name="A", vendor="x", source="test", usable=usable, free=free)
    assert record.budget(free=True) == expected
    assert record.budget() == usable


def test_words_name_the_device_its_limits_and_the_remedy() -> None:
    host = Host(total=8 * GIB, available=6 * GIB, physical_total=64 * GIB, limit_source="/x/memory.max", cpu_count=4)
    card = Device(
        name="RTX 3090",
        vendor="nvidia",
        source="nvml",
        total=24 * GIB,
        reserved=GIB,
        usable=23 * GIB,
        free=20 * GIB,
        bandwidth=936_096_000_000,
        compute_capability="8.6",
    )
    probes = (
        Probe(probe="nvml", status="ok", detail="driver 570; GPU 1: GPU is lost", remedy="Restart."),
        Probe(probe="amdgpu", status="denied", detail="no access to /dev/kfd", remedy="Join the group render."),
        Probe(probe="intel", status="absent", detail="no card", remedy="never shown"),
    )
    lines = explain(Machine(devices=(card,), host=host, probes=probes, notes=("something",)))
    assert lines == [
        "RTX 3090 (nvml): 24.0 GiB, 1.00 GiB kept by the driver, 23.0 GiB usable, 20.0 GiB free now, 936 GB/s, "
        "compute capability 8.6.",
        "Host: 8.00 GiB of memory (limited by /x/memory.max; the machine has 64.0 GiB), "
        "6.00 GiB available, 4 processors.",
        "Note: something",
        "nvml: driver 570; GPU 1: GPU is lost. Restart.",
        "amdgpu is denied: no access to /dev/kfd. Join the group render.",
    ]


def test_words_for_a_machine_without_gpus() -> None:
    assert explain(Machine()) == [
        "No GPU was found: models would run on the processor.",
        "Host memory is unknown.",
    ]


def test_words_say_which_devices_cannot_work_together() -> None:
    slices = (device("A", mig=MIG), device("B", mig=MIG), device("C", "amd"))
    text = " ".join(explain(Machine(devices=slices, hidden=(device("D"),))))
    assert "2 MIG slices" in text
    assert "different makers" in text
    assert "Hidden by the environment: D." in text
