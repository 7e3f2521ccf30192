"""``--gpu``: sizes, names, counts, and what is assumed about memory that nobody measured."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.errors import LlmpickError, UnknownName, UsageError
from llmpick.hardware.described_memory import reserved_bytes, unified_usable_bytes, unknown_card_usable_bytes
from llmpick.hardware.description import devices_of, notes_of, parse_gpus

MIB, GIB = 2**20, 2**30


def one(text, rows):
    (gpu,) = parse_gpus([text], rows)
    return gpu


@pytest.mark.parametrize("text", ["24GB", "24 GB", "24GiB", "24576MiB", "24g", "24576 mb"])
def test_a_size_is_binary_and_less_than_all_of_it_is_usable(rows, text):
    device = one(text, rows).device
    assert device.total == 24 * GIB
    assert device.usable == device.total - device.reserved == unknown_card_usable_bytes(24 * GIB)
    assert device.bandwidth is None
    assert device.source == "described"


@pytest.mark.parametrize(
    ("text", "count", "gpu_id"),
    [
        ("2x RTX 3090", 2, "nvidia-rtx-3090"),
        ("2xRTX3090", 2, "nvidia-rtx-3090"),
        ("2 × RTX 3090", 2, "nvidia-rtx-3090"),
        ("RTX 3090 x2", 2, "nvidia-rtx-3090"),
        ("RTX 3090:2", 2, "nvidia-rtx-3090"),
        ("H100:8", 8, "nvidia-h100-sxm5-80-gb"),
        ("A100 80GB:4", 4, "nvidia-a100-sxm4-80-gb"),
        ("8xH200", 8, "nvidia-h200-sxm-141-gb"),
        ("2x24GB", 2, None),
        ("24GB:2", 2, None),
        ("7900 XTX", 1, "amd-radeon-rx-7900-xtx"),
        ("7900xtx", 1, "amd-radeon-rx-7900-xtx"),
        ("9070xt", 1, "amd-radeon-rx-9070-xt"),
        ("2x7900xtx", 2, "amd-radeon-rx-7900-xtx"),
        ('"RTX 4090"', 1, "nvidia-rtx-4090"),
    ],
)
def test_counts_stand_before_or_after_and_are_not_taken_from_names(rows, text, count, gpu_id):
    gpu = one(text, rows)
    assert (gpu.count, gpu.gpu_id, len(gpu.devices())) == (count, gpu_id, count)


def test_mixed_rigs_keep_their_order(rows):
    described = parse_gpus(["RTX 5090, 2x RTX 3090", "12GB"], rows)
    assert [device.total // MIB for device in devices_of(described)] == [32607, 24576, 24576, 12288]
    assert len(notes_of(described)) == len(set(notes_of(described)))


def test_a_named_card_brings_the_facts_of_its_row(rows):
    device = one("RTX 4090", rows).device
    assert (device.vendor, device.compute_capability, device.bandwidth) == ("nvidia", "8.9", 1_008_000_000_000)
    assert device.total == 24564 * MIB
    assert device.usable == 24084 * MIB


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("P100 SXM2", 4),
        ("V100 SXM2 32GB", 6),
        ("A100 SXM 80GB", 12),
        ("A800 SXM", 8),
        ("H100 SXM", 18),
        ("B200", 18),
        ("RTX 3090", None),
        ("H100 PCIe", None),
        ("H100 NVL", None),
        ("MI300X", None),
    ],
)
def test_baseboards_connect_their_gpus_and_bridges_are_not_assumed(rows, text, links):
    assert one(text, rows).device.nvlink_links == links


@pytest.mark.parametrize(
    ("text", "usable_gib"),
    [
        ("M2 16GB", 16 * 2 / 3),
        ("M1 Max 32GB", 32 * 2 / 3),
        ("M3 Max 36GB", 27),
        ("M1 Ultra 64GB", 48),
        ("Strix Halo 128GB", 64),
        ("Jetson Orin Nano 8GB", 6),
        ("DGX Spark", 115.2),
    ],
)
def test_shared_memory_is_never_all_usable(rows, text, usable_gib):
    """Apple's shares are what Metal prints on such machines; the others are the drivers' defaults."""
    device = one(text, rows).device
    assert device.unified
    assert device.usable == pytest.approx(usable_gib * GIB, abs=2)


@pytest.mark.parametrize(
    "text",
    ["", "24", "RTX 4090,", ",", "0GB", "0x RTX 4090", "RTX 4090:0", "2000x24GB", "9TB", "5000x RTX 4090", "1MB"],
)
def test_unusable_values_are_usage_errors(rows, text):
    with pytest.raises(UsageError) as caught:
        parse_gpus([text], rows)
    assert caught.value.hint


def test_too_many_in_all_are_refused(rows):
    with pytest.raises(UsageError, match="1024"):
        parse_gpus(["1000x24GB", "25x24GB"], rows)


@pytest.mark.parametrize("text", ["RTX 9999", "2x RTX 9999", "RTX", "banana", "7990 XTX"])
def test_unknown_names_suggest_and_mention_sizes(rows, text):
    with pytest.raises(UnknownName) as caught:
        parse_gpus([text], rows)
    assert "24GB" in caught.value.hint
    assert caught.value.exit_code == 4


def test_nothing_given_is_an_error(rows):
    with pytest.raises(UsageError):
        parse_gpus([], rows)


@pytest.mark.parametrize(
    ("total_mib", "cuda_mib"),
    [(11264, 11012), (15360, 15102), (24576, 24135), (24564, 24084), (40960, 40514), (32607, 32112), (73415, 72836)],
)
def test_reserve_rule_is_near_what_cuda_showed(total_mib, cuda_mib):
    """Differences between NVML's and CUDA's totals on public machines, within the rule's stated spread."""
    assert abs(total_mib * MIB - reserved_bytes(total_mib * MIB) - cuda_mib * MIB) <= 170 * MIB


@given(st.integers(min_value=2**28, max_value=2**43))
def test_more_memory_never_gives_less_usable(total):
    for rule in (
        lambda size: size - reserved_bytes(size),
        unknown_card_usable_bytes,
        lambda size: unified_usable_bytes("apple", size, True),
        lambda size: unified_usable_bytes("nvidia", size, True),
        lambda size: unified_usable_bytes("amd", size, False),
    ):
        assert 0 <= rule(total) < total
        assert rule(total) <= rule(total + MIB)


@given(text=st.text(max_size=40))
def test_any_text_is_understood_or_refused_as_an_expected_error(rows, text):
    with contextlib.suppress(LlmpickError):
        for gpu in parse_gpus([text], rows):
            assert 0 <= gpu.device.usable < gpu.device.total


def test_every_name_of_the_catalog_is_understood(rows):
    """Also names with a comma in brackets; those that need more (the computer's memory, which of two) say so."""
    for row in rows.values():
        with contextlib.suppress(UsageError):
            assert len(parse_gpus([row["name"]], rows)) == 1
    assert one("2x Ascend 910C (Atlas A3, per package)", rows).count == 2
    assert len(parse_gpus(["RTX 4090,RTX 3090"], rows)) == 2
