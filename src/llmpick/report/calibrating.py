"""The answer of ``llmpick calibrate``: what was measured, what it says of the card, where it is kept."""

from typing import Any

from llmpick.fit.speed.bench import Calibration
from llmpick.report.document import Column, Document, Lines, Section, Table
from llmpick.report.speed import number


def calibration_document(found: Calibration, stored: str | None) -> Document:
    """``stored``: the file it was written to; None when it was only shown."""
    record = found.stored()
    rows = []
    for (row, measured), kept in zip(found.rows, record["rows"], strict=True):
        before, after = found.predicted(measured)
        rows.append({**kept, "catalog": round(before, 2), "calibrated": round(after, 2), "model_type": row.model_type})
    data: dict[str, Any] = {
        "schema": 1, "command": "calibrate", **record, "rows": rows,
        "catalog": {"efficiency": found.before.efficiency, "layer_us": found.before.layer_us, "basis": found.before.basis},
        "stored": stored,
    }  # fmt: skip
    return Document(data, lambda: _sections(found, data, stored))


def _sections(found: Calibration, data: dict[str, Any], stored: str | None) -> list[Section]:
    which = "both constants" if data["solved"] == "both" else "the bandwidth's share (one model size: c as fitted)"
    head = [
        f"llama.cpp {found.build}, {data['date']}: {which} of {len(found.rows)} row{'s' if len(found.rows) > 1 else ''}",
        f"share of {found.device.bandwidth / 1e9:,.0f} GB/s: {data['efficiency']:.2f} "
        f"(catalog {found.before.efficiency:.2f}); each layer {data['layer_us']:.0f} µs (catalog {found.before.layer_us:.0f})",
    ]  # fmt: skip
    cells = [
        [row["model"], row["model_type"], f"{row['generated']:,}", f"{row['depth']:,}", number(row["tokens_per_second"]),
         number(row["catalog"]), number(row["calibrated"])] for row in data["rows"]
    ]  # fmt: skip
    columns = [
        Column("Model"), Column("File", keep=3, shrink_to=16), Column("Generated", right=True, keep=2),
        Column("After", right=True, keep=1), Column("Measured", right=True), Column("Catalog", right=True),
        Column("Calibrated", right=True),
    ]  # fmt: skip
    kept = f"stored in {stored}; fit and memory use it for this card" if stored else "not stored (--dry-run)"
    return [Lines(head, title=found.gpu), Table(columns, cells, notes=["tokens per second", kept])]
