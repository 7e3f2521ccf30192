"""The GPU catalog: every row valid, canonical, and consistent with physics and with its neighbours."""

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from llmpick.catalog.gpu_record import GpuRecord

GPUS = Path(__file__).parents[2] / "catalog" / "gpus"
ADAPTER = TypeAdapter(GpuRecord)


def record(row):
    return ADAPTER.validate_json(json.dumps(row))


@pytest.mark.parametrize("path", sorted(GPUS.glob("*.yaml")), ids=lambda path: path.stem)
def test_file_is_canonical_and_holds_one_vendor(path):
    """Loading and dumping gives the same text; ids begin with the vendor, which is the file's name."""
    text = path.read_text(encoding="utf-8")
    rows = yaml.safe_load(text)
    assert yaml.safe_dump(rows, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None) == text
    assert {row["vendor"] for row in rows.values()} == {path.stem}
    assert all(gpu_id.startswith(f"{path.stem}-") and gpu_id == gpu_id.lower() for gpu_id in rows)


def test_every_row_is_a_record_with_a_name_of_its_own(rows):
    records = {gpu_id: record(row) for gpu_id, row in rows.items()}
    assert len(records) == 262
    assert [name for name, times in Counter(gpu.name for gpu in records.values()).items() if times > 1] == []


def test_record_refuses_placeholders_and_unknown_fields(rows):
    row = rows["nvidia-rtx-4090"]
    for change in ({"bandwidth_gbs": 0.0}, {"fp16_tflops": 0}, {"tdp_w": "450"}, {"sources": []}, {"colour": "black"}):
        with pytest.raises(ValidationError):
            record({**row, **change})


def test_what_is_unverified_is_said_and_never_called_certain(rows):
    for gpu_id, row in rows.items():
        unverified = set(row.get("unverified", ()))
        assert unverified <= row.keys(), gpu_id
        if row["confidence"] == "high":
            assert "bandwidth_gbs" not in unverified, gpu_id
        if any("recalled" in source for source in row["sources"]):
            assert unverified, gpu_id


def test_memory_figures_agree_with_each_other(rows):
    for gpu_id, row in rows.items():
        nominal, options = row.get("memory_mib"), row.get("memory_options_mib", [])
        if options:
            assert nominal == min(options), gpu_id
            assert options == sorted(set(options)), gpu_id
            assert len(options) > 1, gpu_id
        reported = row.get("reported_memory_mib", [])
        assert all(0.9 * nominal <= size <= nominal for size in reported), gpu_id
        assert row.get("usable_memory_mib", 0) < (reported or [nominal or 1])[0], gpu_id
        assert nominal is not None or row.get("unified_memory"), gpu_id


def test_low_precision_rates_exist_only_where_the_chip_has_the_format(rows):
    for gpu_id, row in rows.items():
        gpu = record(row)
        if gpu.bf16_tflops is not None:
            assert gpu.supports_bf16 is not False, gpu_id
        if gpu.fp8_tflops is not None:
            assert gpu.supports_fp8 is not False, gpu_id
        if gpu.fp4_tflops is not None:
            assert gpu.supports_fp4 is not False, gpu_id


@pytest.mark.parametrize(
    ("gpu_id", "bf16", "fp8", "fp4"),
    [
        ("nvidia-tesla-t4", False, False, False),
        ("nvidia-rtx-3090", True, False, False),
        ("nvidia-rtx-4090", True, True, False),
        ("nvidia-h100-sxm5-80-gb", True, True, False),
        ("nvidia-rtx-5090", True, True, True),
        ("nvidia-b200-sxm-180gb", True, True, True),
        ("amd-radeon-rx-6900-xt", False, False, False),
        ("amd-radeon-rx-7900-xtx", True, False, False),
        ("amd-instinct-mi300x", True, True, False),
        ("amd-instinct-mi355x", True, True, True),
        ("apple-m4", None, None, None),
    ],
)
def test_formats_follow_from_the_instruction_set(rows, gpu_id, bf16, fp8, fp4):
    gpu = record(rows[gpu_id])
    assert (gpu.supports_bf16, gpu.supports_fp8, gpu.supports_fp4) == (bf16, fp8, fp4)


@pytest.mark.parametrize(
    ("gpu_id", "bandwidth_gbs"),
    [
        ("nvidia-rtx-4090", 1008),
        ("nvidia-rtx-4090-mobile", 576),
        ("nvidia-h100-pcie-80-gb", 2000),
        ("nvidia-h100-sxm5-80-gb", 3350),
        ("nvidia-a100-pcie-80-gb", 1935),
        ("nvidia-a100-sxm4-80-gb", 2039),
        ("nvidia-rtx-3060-8-gb", 240),
        ("nvidia-rtx-3060-12-gb", 360),
        ("nvidia-rtx-3080-12-gb", 912.4),
        ("amd-instinct-mi300x", 5300),
        ("apple-m3-max-30-core", 307.2),
        ("apple-m3-max-40-core", 409.6),
        ("apple-m4-max-32-core", 409.6),
    ],
)
def test_variants_of_one_name_keep_their_own_bandwidth(rows, gpu_id, bandwidth_gbs):
    """The figures that other tools mix up: laptop and desktop, PCIe and SXM, memory sizes, small and large chips."""
    assert rows[gpu_id]["bandwidth_gbs"] == bandwidth_gbs


def test_names_marked_as_usual_choose_only_between_equal_memory(rows):
    """A default among rows of different memory could promise memory that is not there."""
    for gpu_id, row in rows.items():
        for name in row.get("default_for", ()):
            same = [
                other
                for other, entry in rows.items()
                if name in entry.get("default_for", ()) and entry.get("memory_mib") == row.get("memory_mib")
            ]
            assert same == [gpu_id], name
