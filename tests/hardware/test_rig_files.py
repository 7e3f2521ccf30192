"""Rig files: round trips, hand-written files, and every error with its place."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.errors import InvalidFile
from llmpick.hardware.clusters import read_inventory
from llmpick.hardware.device import Device, Host, Machine, MigSlice
from llmpick.hardware.rig import load_rig, parse_rig, rig_text, save_rig

GIB = 2**30
ROWS = {
    "rtx-3090": {
        "name": "NVIDIA GeForce RTX 3090",
        "vendor": "nvidia",
        "memory_mib": 24576,
        "aliases": ["RTX 3090"],
        "reported_memory_mib": [24576],
        "bandwidth_gbs": 936,
        "compute_capability": "8.6",
    }
}
MACHINE = Machine(
    devices=(
        Device(
            name="NVIDIA H100 80GB HBM3 MIG 3g.40gb",
            vendor="nvidia",
            source="nvml",
            uuid="MIG-0",
            total=40 * GIB,
            reserved=GIB,
            usable=39 * GIB,
            free=30 * GIB,
            mig=MigSlice(parent_name="NVIDIA H100 80GB HBM3", profile="3g.40gb", gpu_instance=1, compute_instance=0),
            compute_capability="9.0",
            bandwidth=1_676_160_000_000,
        ),
        Device(name="No", vendor="amd", source="amdgpu", total=8 * GIB, usable=8 * GIB, unified=True),
    ),
    host=Host(total=64 * GIB, available=50 * GIB, physical_total=128 * GIB, limit_source="x", cpu_count=8),
    interconnect="nvlink",
)


def test_a_saved_machine_is_read_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "rig.yaml"
    save_rig(MACHINE, str(path))
    read = load_rig(str(path))
    assert (read.devices, read.host, read.interconnect) == (MACHINE.devices, MACHINE.host, MACHINE.interconnect)
    assert read.source == "described"
    assert rig_text(read) == path.read_text()


def test_the_json_output_of_the_hardware_command_is_read_as_well() -> None:
    document = {"schema": 1, "command": "hardware", "hardware": MACHINE.to_json()}
    read = parse_rig(json.dumps(document, indent=2).encode())
    assert (read.devices, read.host) == (MACHINE.devices, MACHINE.host)


def test_a_device_of_unknown_memory_is_not_saved() -> None:
    lost = Device(name="lost", vendor="nvidia", source="nvml")
    assert parse_rig(rig_text(Machine(devices=(lost,))).encode()).devices == ()


def test_a_hand_written_file_with_sizes_in_words() -> None:
    machine = parse_rig(
        b"devices:\n- {name: Prototype, total: 24GiB, reserved: 512MiB, bandwidth: 936.5 GB/s, count: 2}\n"
        b"host: {total: 64GB, cpu_count: 16}\n"
    )
    first, second = machine.devices
    assert first == second
    assert (first.total, first.usable, first.bandwidth) == (24 * GIB, 24 * GIB - GIB // 2, 936_500_000_000)
    assert (machine.host.total, machine.host.available) == (64 * GIB, 64 * GIB)


def test_what_the_driver_keeps_is_assumed_where_it_is_not_said() -> None:
    [device] = parse_rig(b"devices: [{name: X, total: 24GiB}]").devices
    assert device.usable is not None
    assert 23 * GIB < device.usable < 24 * GIB


def test_a_unified_device_leaves_something_to_the_system() -> None:
    [device] = parse_rig(b"devices: [{name: X, vendor: nvidia, total: 128GiB, unified: true}]").devices
    assert device.usable is not None
    assert device.usable < 120 * GIB


def test_a_device_from_the_catalog() -> None:
    first, second = parse_rig(b"devices: [{gpu: RTX 3090, count: 2, free: 10GiB}]", rows=ROWS).devices
    assert first == second
    assert (first.name, first.total, first.free) == ("NVIDIA GeForce RTX 3090", 24 * GIB, 10 * GIB)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "rig: the file is empty"),
        ("[]", "rig:1:1: expected a mapping"),
        ("{}", "rig:1:1: neither devices nor host"),
        ("devices: [", "rig:2:1: not YAML"),
        ("devices: 3", "rig:1:10: devices: expected a list"),
        ("devices:\n- name: X", "rig:2:3: devices[0]: a device needs name and total"),
        ("devices:\n- {name: X, totl: 1}", "rig:2:19: devices[0].totl: unknown key; did you mean total?"),
        ("devices:\n- {name: X, total: -1}", "devices[0].total: expected bytes"),
        ("devices:\n- {name: X, total: 24 apples}", "devices[0].total: expected bytes"),
        ("devices:\n- {name: X, total: true}", "devices[0].total: expected bytes"),
        ("devices:\n- {name: X, total: 1.5}", "devices[0].total: expected bytes"),
        ("devices:\n- {name: 7, total: 1GB}", "devices[0].name: expected a text"),
        ('devices:\n- {name: "\\e[31m", total: 1GB}', "devices[0].name: expected a text"),
        ("devices:\n- {name: X, total: 1GB, usable: 2GB}", "usable is more than total"),
        ("devices:\n- {name: X, total: 1GB, free: 2GB}", "free is more than total"),
        ("devices:\n- {name: X, total: 4GB, usable: 3GB, reserved: 2GB}", "together are more than total"),
        ("devices:\n- {name: X, total: 1GB, count: 0}", "devices[0].count: expected a whole number"),
        ("devices:\n- {name: X, total: 1GB, unified: maybe}", "devices[0].unified: expected true or false"),
        ("devices:\n- {name: X, total: 1GB, bandwidth: fast}", "devices[0].bandwidth: expected a whole number"),
        ("devices:\n- {name: X, total: 1GB, mig: {profile: 1g}}", "devices[0].mig: a slice needs parent_name"),
        ("devices:\n- {name: X, total: 1GB, total: 2GB}", "devices[0].total: this key is there twice"),
        ("devices:\n- {gpu: RTX 3090}", "names are not looked up here"),
        ("host: {total: 1GB, available: 2GB}", "host: available is more than total"),
        ("host: {total: 1GB}\ninterconnect: string", "rig:2:15: interconnect: expected nvlink or pcie"),
        ("a: &x 1\nb: *x", "rig:2:4: aliases are not allowed"),
        ("devices: !!python/object:os.system []", "rig:1:10: devices: tags are not allowed"),
        ("host: {total: !!binary aGk=}", "not a plain value"),
    ],
)
def test_an_error_says_where_and_what(text: str, message: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        parse_rig(text.encode())
    assert message in caught.value.message
    assert caught.value.exit_code == 3


def test_all_errors_come_at_once() -> None:
    with pytest.raises(InvalidFile) as caught:
        parse_rig(b"devices:\n- {name: X, total: no}\n- {name: Y, totl: 1GB}\nhots: {}\n")
    places = [line.split(": ")[0] for line in caught.value.message.splitlines()]
    assert places == ["rig:4:7", "rig:2:20", "rig:3:19"]


def test_an_unknown_gpu_is_an_error_of_the_file() -> None:
    with pytest.raises(InvalidFile, match=r"devices\[0\]\.gpu: .*RTX 9999"):
        parse_rig(b"devices: [{gpu: RTX 9999}]", rows=ROWS)


def test_the_example_in_the_documentation_is_a_rig() -> None:
    page = (Path(__file__).parents[2] / "docs" / "hardware.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    rows = {"4090": {**ROWS["rtx-3090"], "name": "NVIDIA GeForce RTX 4090", "aliases": ["RTX 4090"]}}
    assert [device.name[-4:] for device in parse_rig(example.encode(), rows=rows).devices] == ["3090", "3090", "4090"]


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile) as caught:
        load_rig(str(tmp_path / "none.yaml"))
    assert "--save" in caught.value.hint


@pytest.mark.parametrize(
    "data", [b"[" * 100_000, b"a: " + b"x" * 2**21, b"\xff\xfe\x00", b"devices: [" + b"{}," * 5000 + b"]"]
)
def test_hostile_files_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidFile):
        parse_rig(data)


def test_anchors_cannot_multiply() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(InvalidFile):
        parse_rig("\n".join(lines).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_machine_or_an_error(data: bytes) -> None:
    try:
        machine = parse_rig(data)
    except InvalidFile:
        return
    assert machine.source == "described"


sizes = st.integers(1, 2**45)


@given(total=sizes, name=st.text(min_size=1, max_size=40).filter(str.isprintable), count=st.integers(1, 9))
def test_usable_memory_is_always_known_and_never_the_whole(total: int, name: str, count: int) -> None:
    document = {"devices": [{"name": name, "total": total, "count": count}]}
    devices = parse_rig(json.dumps(document, ensure_ascii=False).encode()).devices
    assert len(devices) == count
    assert all(device.usable is not None and 0 <= device.usable < total for device in devices)


def test_a_deeply_nested_cluster_file_is_refused_as_well(tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text("nodes: " + "[" * 100_000)
    with pytest.raises(InvalidFile, match="nested"):
        read_inventory(str(path), ROWS)
