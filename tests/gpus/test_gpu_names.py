"""Names to rows: whole names, then memory; never a substring, never a guess between sizes."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmpick.errors import LlmpickError, UnknownName, UsageError
from llmpick.hardware.gpu_names import GpuNames

MIB = 2**20

SAME_TO_THE_DRIVER = [
    {"nvidia-gtx-1650", "nvidia-gtx-1650-gddr6"},
    {"nvidia-rtx-2060", "nvidia-rtx-2060-mobile"},
    {"nvidia-rtx-2070-super", "nvidia-rtx-2070-super-mobile"},
    {"nvidia-jetson-orin-nx-8gb", "nvidia-jetson-orin-nano-super-8gb", "nvidia-jetson-orin-nano-8gb"},
    {"amd-instinct-mi60", "amd-instinct-mi50-32gb"},
    {"amd-instinct-mi250-per-gcd", "amd-instinct-mi250x-per-gcd"},
    {
        "intel-arc-140v-lunar-lake",
        "intel-arc-130v-lunar-lake",
        "intel-arc-140t-arrow-lake-h",
        "intel-arc-graphics-meteor-lake-8-xe",
    },
]
"""Rows that a driver names alike with the same memory: one of them is taken, and a note names the others."""

AMBIGUOUS = json.loads((Path(__file__).parents[1] / "data" / "gpus" / "ambiguous_names.json").read_text())
"""Names that people use for cards of different memory: refused with the candidates, on purpose."""


@pytest.fixture(scope="module")
def names(rows):
    return GpuNames(rows)


def test_ids_and_full_names_mean_their_row(rows, names):
    for gpu_id, row in rows.items():
        if row.get("memory_mib"):
            assert names.described(gpu_id).gpu_id == gpu_id
            assert names.described(row["name"]).gpu_id == gpu_id
        else:
            assert names.described(f"{row['name']} 32GB").gpu_id == gpu_id


def test_each_reported_name_and_memory_means_one_row(rows, names):
    """What the driver prints leads back to the row, or to one that the driver itself cannot tell from it."""
    for gpu_id, row in rows.items():
        sizes = row.get("reported_memory_mib") or row.get("memory_options_mib") or [row.get("memory_mib", 32768)]
        for name in row.get("reported_names", ()):
            for size in sizes:
                found = names.reported(name, size * MIB, cores=row.get("gpu_cores"))
                assert found is not None, name
                alike = next((group for group in SAME_TO_THE_DRIVER if gpu_id in group), {gpu_id})
                assert found.gpu_id in alike, (name, size)
                assert found.gpu_id == gpu_id or found.notes


def test_every_alias_resolves_or_is_ambiguous_on_purpose(rows, names):
    refused = set()
    for gpu_id, row in rows.items():
        for alias in row.get("aliases", ()):
            text = alias if row.get("memory_mib") else f"{alias} 32GB"
            try:
                found = names.described(text).gpu_id
            except UsageError:
                refused.add(alias)
            else:
                assert found == gpu_id or alias in rows[found].get("default_for", ()), alias
    assert sorted(refused) == AMBIGUOUS


@pytest.mark.parametrize(
    ("text", "gpu_id"),
    [
        ("RTX 4090", "nvidia-rtx-4090"),
        ("4090", "nvidia-rtx-4090"),
        ("rtx4090", "nvidia-rtx-4090"),
        ("NVIDIA GeForce RTX 4090", "nvidia-rtx-4090"),
        ("GeForce RTX 4090 24GB", "nvidia-rtx-4090"),
        ("RTX 4090 Laptop GPU", "nvidia-rtx-4090-mobile"),
        ("4090 mobile", "nvidia-rtx-4090-mobile"),
        ("RTX 4090 D", "nvidia-rtx-4090-d"),
        ("RTX 3060 12GB", "nvidia-rtx-3060-12-gb"),
        ("3060 8 GB", "nvidia-rtx-3060-8-gb"),
        ("RTX 4060 Ti 16GB", "nvidia-rtx-4060-ti-16-gb"),
        ("A100 80GB", "nvidia-a100-sxm4-80-gb"),
        ("A100-80G", "nvidia-a100-sxm4-80-gb"),
        ("A100 80GB PCIe", "nvidia-a100-pcie-80-gb"),
        ("A100-PCIE-40GB", "nvidia-a100-pcie-40-gb"),
        ("H100", "nvidia-h100-sxm5-80-gb"),
        ("H100 SXM", "nvidia-h100-sxm5-80-gb"),
        ("NVIDIA H100 80GB HBM3", "nvidia-h100-sxm5-80-gb"),
        ("nvidia-h100-80gb", "nvidia-h100-sxm5-80-gb"),
        ("H100 PCIe", "nvidia-h100-pcie-80-gb"),
        ("H100 NVL", "nvidia-h100-nvl-94-gb"),
        ("H200", "nvidia-h200-sxm-141-gb"),
        ("H200 NVL", "nvidia-h200-nvl"),
        ("T4", "nvidia-tesla-t4"),
        ("nvidia_h100_80gb_hbm3", "nvidia-h100-sxm5-80-gb"),
        ("M3 Max 36GB", "apple-m3-max-30-core"),
        ("M3 Max 64GB", "apple-m3-max-40-core"),
        ("Apple M4 Pro 48GB", "apple-m4-pro"),
        ("7900 XTX", "amd-radeon-rx-7900-xtx"),
        ("Radeon RX 7900 XT", "amd-radeon-rx-7900-xt"),
        ("MI300X", "amd-instinct-mi300x"),
        ("Intel(R) Arc(TM) B580 Graphics", "intel-arc-b580"),
        ("A770 8GB", "intel-arc-a770-8gb"),
        ("Strix Halo 128GB", "amd-radeon-8060s-ryzen-ai-max-395-strix-halo"),
        ("910B3", "huawei-ascend-910b3"),
    ],
)
def test_what_people_type(names, text, gpu_id):
    assert names.described(text).gpu_id == gpu_id


def test_shared_name_of_equal_cards_is_answered_with_a_note(names):
    """H100 is the SXM card unless said otherwise; the reader is told what else it could be."""
    assert any("PCIe" in note for note in names.described("H100").notes)


@pytest.mark.parametrize("text", ["A100", "V100", "RTX 3060", "3080", "M3 Max", "RTX 6000", "A770", "RTX 4060 Ti"])
def test_different_memory_is_never_chosen_between(names, text):
    with pytest.raises(UsageError) as caught:
        names.described(text)
    candidates = caught.value.hint.split('"')[1::2]
    assert len(candidates) > 1
    assert len({names.described(candidate).gpu_id for candidate in candidates}) == len(candidates)


def test_unknown_name_suggests_near_ones(names):
    with pytest.raises(UnknownName) as caught:
        names.described("RTX 409")
    assert "RTX 4090" in caught.value.hint


def test_memory_a_card_does_not_exist_with_is_refused(names):
    with pytest.raises(UsageError) as caught:
        names.described("RTX 3060 24GB")
    assert "8GB or 12GB" in caught.value.hint


def test_refitted_card_is_accepted_and_said(names):
    found = names.described("RTX 4090 48GB")
    assert found.memory_mib == 48 * 1024
    assert "refitted" in found.notes[0]


def test_chip_sold_in_several_sizes_is_taken_with_the_least(names):
    found = names.described("M4 Pro")
    assert found.memory_mib == 24 * 1024
    assert "48GB or 64GB" in found.notes[0]


def test_graphics_without_memory_must_be_given_some(names):
    with pytest.raises(UsageError, match="computer's memory"):
        names.described("Radeon 890M")
    assert names.described("Radeon 890M 32GB").memory_mib == 32 * 1024


@pytest.mark.parametrize(
    ("name", "mib", "gpu_id"),
    [
        ("NVIDIA GeForce RTX 3060", 12288, "nvidia-rtx-3060-12-gb"),
        ("NVIDIA GeForce RTX 3060", 8192, "nvidia-rtx-3060-8-gb"),
        ("NVIDIA GeForce RTX 4060 Ti", 16380, "nvidia-rtx-4060-ti-16-gb"),
        ("NVIDIA A100-SXM4-80GB", 81251, "nvidia-a100-sxm4-80-gb"),
        ("NVIDIA RTX A2000", 6138, "nvidia-rtx-a2000"),
        ("GeForce RTX 2080 Ti", 11019, "nvidia-rtx-2080-ti"),
        ("Apple M3 Max", 36864, "apple-m3-max-30-core"),
        ("Orin", 62800, "nvidia-jetson-agx-orin-64gb"),
        ("NVIDIA GB10", 122500, "nvidia-dgx-spark-gb10"),
    ],
)
def test_reported_names_are_settled_by_total_memory(names, name, mib, gpu_id):
    assert names.reported(name, mib * MIB).gpu_id == gpu_id


def test_bandwidth_settles_what_name_and_memory_leave_open(names):
    assert names.reported("NVIDIA GeForce GTX 1650", 4096 * MIB, int(192e9)).gpu_id == "nvidia-gtx-1650-gddr6"
    assert names.reported("NVIDIA GeForce GTX 1650", 4096 * MIB, int(128e9)).gpu_id == "nvidia-gtx-1650"


def test_unlisted_total_keeps_the_card_with_a_warning(names):
    found = names.reported("NVIDIA GeForce RTX 3090", 49152 * MIB)
    assert found.gpu_id == "nvidia-rtx-3090"
    assert "refitted" in found.notes[0]


@pytest.mark.parametrize(
    "name", ["NVIDIA GeForce RTX 9999", "RTX", "NVIDIA", "", "Laptop GPU", "A100-SXM4-80GB-MIG-1g.10gb"]
)
def test_a_part_of_a_name_is_no_name(names, name):
    """Neither a family word nor a longer name matches a card."""
    assert names.reported(name) is None


def test_pci_ids_name_amd_and_intel_cards(names):
    assert names.by_pci_id("amd", "744C", "C8") == ("amd-radeon-rx-7900-xtx",)
    assert names.by_pci_id("amd", "744c", "cc") == ("amd-radeon-rx-7900-xt",)
    assert names.by_pci_id("intel", "e20b") == ("intel-arc-b580",)
    assert names.by_pci_id("nvidia", "744c", "c8") == ()


@given(text=st.text(max_size=40))
def test_any_text_ends_in_a_row_or_a_told_error(names, text):
    with contextlib.suppress(LlmpickError):
        assert names.described(text).gpu_id in names.rows
