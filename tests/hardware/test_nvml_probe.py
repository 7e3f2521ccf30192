"""The real nvidia-ml-py against a made-up driver, in a process of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Detect = Callable[..., dict[str, Any]]

RTX_3090 = """gpu NVIDIA GeForce RTX 3090
uuid GPU-11111111-2222-3333-4444-555555555555
bus 00000000:01:00.0
pci_device 0x220410de
cc 8.6
total 25769803776
reserved 322961408
free 24696061952
memory_clock 9751
core_clock 2100
bus_width 384
cores 10496
power 350000
pcie_generation 4
pcie_lanes 16
"""
RTX_4090 = """gpu NVIDIA GeForce RTX 4090
uuid GPU-aaaaaaaa-2222-3333-4444-555555555555
bus 00000000:41:00.0
cc 8.9
total 25757220864
reserved 426770432
free 25330450432
memory_clock 10501
bus_width 384
"""
H100_MIG = """gpu NVIDIA H100 80GB HBM3
uuid GPU-bbbbbbbb-2222-3333-4444-555555555555
bus 00000000:18:00.0
cc 9.0
total 85520809984
reserved 654311424
free 84866498560
memory_clock 2619
bus_width 5120
links 18
cores 16896
mig_mode 1
mig NVIDIA H100 80GB HBM3 MIG 3g.40gb
uuid MIG-0aa00000-0000-5000-8000-000000000001
total 42538631168
reserved 100000000
free 42300000000
gpu_instance 1
mig NVIDIA H100 80GB HBM3 MIG 1g.10gb
uuid MIG-0aa00000-0000-5000-8000-000000000002
total 10603200512
reserved 50000000
free 10500000000
gpu_instance 7
gap 3
"""
GB10 = """gpu NVIDIA GB10
uuid GPU-99999999-2222-3333-4444-555555555555
cc 12.1
memory_error 3
"""


def probe(machine: dict[str, Any], name: str = "nvml") -> dict[str, Any]:
    """The report of one probe."""
    return next(each for each in machine["probes"] if each["probe"] == name)


def test_a_discrete_card_is_reported_with_everything_nvml_says(detect_with: Detect) -> None:
    machine = detect_with("driver 570.86.10\ncuda 12080\n" + RTX_3090)
    [device] = machine["devices"]
    expected = {
        "name": "NVIDIA GeForce RTX 3090",
        "vendor": "nvidia",
        "source": "nvml",
        "uuid": "GPU-11111111-2222-3333-4444-555555555555",
        "total": 25769803776,
        "reserved": 322961408,
        "usable": 25769803776 - 322961408,
        "free": 24696061952,
        "unified": False,
        "mig": None,
        "compute_capability": "8.6",
        "bandwidth": 936_096_000_000,
        "cores": 10496,
        "core_clock_mhz": 2100,
        "power_limit_watts": 350,
        "nvlink_links": 0,
        "pcie_generation": 4,
        "pcie_lanes": 16,
        "pci_bus_id": "00000000:01:00.0",
        "pci_device_id": "10de:2204",
        "processes_used": None,
    }
    assert {key: device[key] for key in expected} == expected
    assert probe(machine)["status"] == "ok"
    assert probe(machine)["detail"] == "driver 570.86.10; CUDA 12.8"


def test_two_cards_without_nvlink_are_joined_by_pcie(detect_with: Detect) -> None:
    machine = detect_with(RTX_3090 + RTX_4090)
    assert [device["name"][-4:] for device in machine["devices"]] == ["3090", "4090"]
    assert machine["interconnect"] == "pcie"


def test_cards_with_links_up_are_joined_by_nvlink(detect_with: Detect) -> None:
    machine = detect_with(RTX_3090 + "links 4\n" + RTX_3090.replace("1111", "2222") + "links 4\n")
    assert [device["nvlink_links"] for device in machine["devices"]] == [4, 4]
    assert machine["interconnect"] == "nvlink"


def test_memory_of_processes_is_counted_once_for_compute_and_graphics(detect_with: Detect) -> None:
    machine = detect_with(RTX_3090 + "process 1000\nprocess 234\n")
    assert machine["devices"][0]["processes_used"] == 1234


def test_a_process_whose_size_is_hidden_makes_the_sum_unknown(detect_with: Detect) -> None:
    machine = detect_with(RTX_3090 + "process 1000\nprocess hidden\n")
    assert machine["devices"][0]["processes_used"] is None


def test_a_driver_before_r510_promises_only_what_is_free(detect_with: Detect, old_nvml_directory: Path) -> None:
    machine = detect_with(RTX_3090, library=old_nvml_directory)
    [device] = machine["devices"]
    assert device["reserved"] is None
    assert device["usable"] == device["free"] == 24696061952
    assert "reserved memory unknown" in probe(machine)["detail"]


def test_mig_slices_stand_in_for_their_parent(detect_with: Detect) -> None:
    large, small = detect_with(H100_MIG)["devices"]
    assert large["mig"] == {
        "parent_name": "NVIDIA H100 80GB HBM3",
        "parent_uuid": "GPU-bbbbbbbb-2222-3333-4444-555555555555",
        "profile": "3g.40gb",
        "gpu_instance": 1,
        "compute_instance": 0,
    }
    assert (large["total"], large["usable"], large["free"]) == (42538631168, 42438631168, 42300000000)
    assert (small["uuid"], small["mig"]["profile"]) == ("MIG-0aa00000-0000-5000-8000-000000000002", "1g.10gb")
    assert large["compute_capability"] == small["compute_capability"] == "9.0"
    assert (large["cores"], large["nvlink_links"]) == (None, 0)


def test_a_slice_has_the_share_of_bandwidth_that_goes_with_its_memory(detect_with: Detect) -> None:
    large, small = detect_with(H100_MIG)["devices"]
    whole = 2 * 2619 * 10**6 * 5120 // 8
    assert (large["bandwidth"], small["bandwidth"]) == (whole // 2, whole // 8)


def test_slices_are_reported_even_if_the_parent_hides_its_memory(detect_with: Detect) -> None:
    machine = detect_with(H100_MIG.replace("links 18", "memory_error 4"))
    assert [device["total"] for device in machine["devices"]] == [42538631168, 10603200512]
    assert [device["bandwidth"] for device in machine["devices"]] == [None, None]


def test_mig_mode_without_instances_says_what_to_do(detect_with: Detect) -> None:
    machine = detect_with(H100_MIG.partition("mig NVIDIA")[0])
    assert machine["devices"] == []
    assert "no instances" in probe(machine)["detail"]
    assert "nvidia-smi -mig 0" in probe(machine)["remedy"]


@pytest.mark.parametrize("answer", ["memory_error 3", "total 0", "total 8589934592\nfree 1000"])
def test_a_chip_without_memory_shares_the_hosts_whatever_nvml_says(detect_with: Detect, answer: str) -> None:
    [device] = detect_with(GB10.replace("memory_error 3", answer))["devices"]
    assert device["unified"] is True
    assert (device["total"], device["free"]) == (128 * 2**30, 100 * 2**30)
    assert device["usable"] < device["total"]
    assert device["bandwidth"] is None


def test_a_discrete_card_that_does_not_answer_never_gets_the_hosts_memory(detect_with: Detect) -> None:
    machine = detect_with(GB10.replace("cc 12.1", "cc 9.0"))
    [device] = machine["devices"]
    assert (device["unified"], device["total"], device["usable"], device["free"]) == (False, None, None, None)
    assert "memory unknown" in probe(machine)["detail"]


@pytest.mark.parametrize("loss", ["handle_error 15", "memory_error 15"])
def test_a_lost_gpu_leaves_the_others(detect_with: Detect, loss: str) -> None:
    machine = detect_with(RTX_4090 + loss + "\n" + RTX_3090)
    assert [device["name"] for device in machine["devices"]] == ["NVIDIA GeForce RTX 3090"]
    assert probe(machine)["status"] == "ok"
    assert "GPU 0: GPU is lost" in probe(machine)["detail"]
    assert "restart" in probe(machine)["remedy"]


def test_only_lost_gpus_is_a_broken_machine(detect_with: Detect) -> None:
    assert probe(detect_with(RTX_3090 + "handle_error 15\n"))["status"] == "broken"


@pytest.mark.parametrize(
    ("code", "status", "remedy"),
    [(18, "broken", "restart"), (4, "denied", "/dev/nvidiactl"), (999, "broken", "nvidia-smi"), (9, "absent", "")],
)
def test_initialisation_failures_become_a_status_and_a_remedy(
    detect_with: Detect, code: int, status: str, remedy: str
) -> None:
    machine = detect_with(f"init {code}\n")
    assert machine["devices"] == []
    assert probe(machine)["status"] == status
    assert remedy in probe(machine)["remedy"]


@pytest.mark.parametrize("where", ["init", "memory"])
def test_a_hung_driver_is_given_up_and_reported(detect_with: Detect, where: str) -> None:
    machine = detect_with(f"hang {where}\n" + RTX_3090, limit_seconds=1.5)
    assert probe(machine)["status"] == "broken"
    assert "did not answer within 1.5 s" in probe(machine)["detail"]
    assert machine["host"]["total"] == 128 * 2**30
    assert any("dmesg" in line for line in machine["explained"])


def test_a_crash_in_the_drivers_library_is_survived(detect_with: Detect) -> None:
    machine = detect_with("crash\n" + RTX_3090)
    assert probe(machine)["status"] == "broken"
    assert "ended the process" in probe(machine)["detail"]


def test_an_empty_variable_hides_every_gpu(detect_with: Detect) -> None:
    machine = detect_with(RTX_3090, CUDA_VISIBLE_DEVICES="")
    assert machine["devices"] == []
    assert [device["name"] for device in machine["hidden"]] == ["NVIDIA GeForce RTX 3090"]
    assert "no device is visible" in machine["notes"][0]


def test_identifiers_choose_and_order_devices(detect_with: Detect) -> None:
    machine = detect_with(RTX_3090 + RTX_4090, CUDA_VISIBLE_DEVICES="GPU-aaaa,GPU-1111")
    assert [device["name"][-4:] for device in machine["devices"]] == ["4090", "3090"]


def test_a_slice_is_chosen_by_its_identifier(detect_with: Detect) -> None:
    machine = detect_with(H100_MIG, CUDA_VISIBLE_DEVICES="MIG-0aa00000-0000-5000-8000-000000000002")
    assert [device["mig"]["profile"] for device in machine["devices"]] == ["1g.10gb"]


def test_numbers_count_by_pci_address_if_cuda_is_told_so(detect_with: Detect) -> None:
    machine = detect_with(RTX_3090 + RTX_4090, CUDA_VISIBLE_DEVICES="1", CUDA_DEVICE_ORDER="PCI_BUS_ID")
    assert [device["name"][-4:] for device in machine["devices"]] == ["4090"]


def test_no_device_at_all_is_absent(detect_with: Detect) -> None:
    assert probe(detect_with("driver 570.86.10\n"))["status"] == "absent"


def test_nvml_is_asked_in_a_child_so_that_pynvml_never_loads_here(detect_with: Detect) -> None:
    assert "pynvml" not in detect_with(RTX_3090)["modules"]
