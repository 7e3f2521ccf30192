"""Apple, Huawei and Windows from what their systems print or store."""

import pytest

from llmpick.hardware.apple import Readings, interpret, parse_gpu_cores, probe_apple
from llmpick.hardware.ascend import parse_npu_smi
from llmpick.hardware.device import Host
from llmpick.hardware.windows import interpret as interpret_registry

GIB, MIB = 2**30, 2**20
HOST = Host(total=64 * GIB, available=20 * GIB)
MAC = Readings("Apple M3 Max", True, 64 * GIB, 0, 48 * GIB, 40)


def test_a_mac_may_use_what_metal_recommends() -> None:
    found = interpret(MAC, HOST)
    [device] = found.devices
    assert (device.name, device.total, device.usable, device.free) == ("Apple M3 Max", 64 * GIB, 48 * GIB, 20 * GIB)
    assert (device.unified, device.cores, device.source, found.probe.status) == (True, 40, "metal", "ok")


@pytest.mark.parametrize(
    ("readings", "usable"),
    [
        (MAC._replace(working_set_bytes=None, wired_limit_mib=60000), 60000 * MIB),
        (MAC._replace(working_set_bytes=None), 48 * GIB),
        (MAC._replace(working_set_bytes=None, memory_bytes=16 * GIB), 16 * GIB * 2 // 3),
        (MAC._replace(working_set_bytes=None, memory_bytes=None), None),
    ],
)
def test_without_metal_the_set_limit_or_the_default_share_counts(readings: Readings, usable: int | None) -> None:
    assert interpret(readings, HOST).devices[0].usable == usable


def test_an_intel_mac_is_unsupported_and_says_what_to_do() -> None:
    found = interpret(MAC._replace(arm64=False), HOST)
    assert (found.devices, found.probe.status) == ((), "unsupported")
    assert "--gpu" in found.probe.remedy


def test_apples_probe_is_absent_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert probe_apple(HOST).probe.status == "absent"


def test_gpu_cores_are_read_from_the_io_registry() -> None:
    text = (
        '+-o AGXAcceleratorG15X  <class AGXAcceleratorG15X>\n    {\n      "gpu-core-count" = 40\n      "x" = 1\n    }\n'
    )
    assert parse_gpu_cores(text) == 40
    assert parse_gpu_cores("nothing here") is None


NPU_SMI = """
+------------------------------------------------------------------------------------------------+
| npu-smi 24.1.rc1                 Version: 24.1.rc1                                             |
+---------------------------+---------------+----------------------------------------------------+
| NPU   Name                | Health        | Power(W)    Temp(C)           Hugepages-Usage(page)|
| Chip                      | Bus-Id        | AICore(%)   Memory-Usage(MB)  HBM-Usage(MB)        |
+===========================+===============+====================================================+
| 0     910B2C              | OK            | 86.8        35                0    / 0             |
| 0                         | 0000:66:00.0  | 0           0    / 0          59356/ 65536         |
+===========================+===============+====================================================+
| 1     910B3               | OK            | 101.8       43                0    / 0             |
| 0                         | 0000:C2:00.0  | 0           0    / 0          3318 / 65536         |
+===========================+===============+====================================================+
+---------------------------+---------------+----------------------------------------------------+
| NPU     Chip              | Process id    | Process name             | Process memory(MB)      |
+===========================+===============+====================================================+
| 0       0                 | 1712733       | python3                  | 56000                   |
| No running processes found in NPU 1                                                            |
+===========================+===============+====================================================+
"""
NPU_SMI_WITHOUT_HBM = """
| NPU     Name              | Health          | Power(W)     Temp(C)           Hugepages-Usage(page) |
| Chip    Device            | Bus-Id          | AICore(%)    Memory-Usage(MB)                        |
| 32      310P3             | OK              | NA           44                0     / 0             |
| 0       0                 | 0000:02:00.0    | 0            1702 / 21527                            |
"""


def test_ascend_chips_with_their_processes() -> None:
    busy, idle = parse_npu_smi(NPU_SMI)
    assert (busy.name, busy.vendor, busy.pci_bus_id) == ("Ascend 910B2C", "huawei", "0000:66:00.0")
    assert (busy.total, busy.free, busy.usable) == (65536 * MIB, 6180 * MIB, 62180 * MIB)
    assert (idle.name, idle.usable, idle.free) == ("Ascend 910B3", 62218 * MIB, 62218 * MIB)


def test_ascend_boards_without_hbm_show_their_memory_elsewhere() -> None:
    [device] = parse_npu_smi(NPU_SMI_WITHOUT_HBM)
    assert (device.name, device.total, device.free) == ("Ascend 310P3", 21527 * MIB, 19825 * MIB)


@pytest.mark.parametrize("text", ["", "garbage | 1 | 2", "| 0 | 0000:00:00.0 | 1 / 2 |"])
def test_other_text_gives_no_device(text: str) -> None:
    assert parse_npu_smi(text) == ()


def test_windows_cards_by_their_64_bit_size() -> None:
    keys = [
        {
            "DriverDesc": "AMD Radeon RX 7900 XTX",
            "MatchingDeviceId": r"PCI\VEN_1002&DEV_744C&REV_C8",
            "HardwareInformation.qwMemorySize": 24 * GIB,
        },
        {
            "DriverDesc": "NVIDIA GeForce RTX 4090",
            "MatchingDeviceId": r"PCI\VEN_10DE&DEV_2684",
            "HardwareInformation.qwMemorySize": 24 * GIB,
        },
        {"DriverDesc": "Microsoft Remote Display Adapter"},
    ]
    found = interpret_registry(keys)
    [device] = found.devices
    assert (device.name, device.vendor, device.total, device.pci_device_id) == (
        "AMD Radeon RX 7900 XTX",
        "amd",
        24 * GIB,
        "1002:744c",
    )
    assert device.usable is not None
    assert device.usable < 24 * GIB
    assert interpret_registry([]).probe.status == "absent"
