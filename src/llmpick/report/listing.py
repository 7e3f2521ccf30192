"""The answer of ``llmpick list``."""

from collections.abc import Sequence
from typing import Any

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.counts import counts
from llmpick.catalog.filters import Filters, refuse_unknown
from llmpick.errors import UsageError
from llmpick.report.document import Cell, Column, Document, Styled, Table
from llmpick.units import format_count

SORTS = ("name", "params", "context", "released", "family")


def listing(catalog: Catalog, filters: Filters, sort: str) -> Document:
    """The models that pass the filters, in a deterministic order."""
    if sort not in SORTS:
        raise UsageError(f"cannot sort by {sort!r}", f"one of {', '.join(SORTS)}")
    counted, licences = counts(catalog), catalog.licences
    refuse_unknown(filters, catalog.families.values(), (row.get("model_type", "") for row in counted.values()))
    rows = []
    for model_id, facts in catalog.facts.items():
        count, licence = counted[model_id], licences.get(facts["licence"], {})
        if filters.allow(model_id, facts, count, licence, catalog.families[model_id]):
            rows.append(_row(model_id, facts, count, licence, catalog.families[model_id]))
    rows.sort(key=_sort_key(sort))
    data = {"schema": 1, "command": "list", "count": len(rows), "models": rows}
    return Document(data, lambda: [_table(rows, len(catalog.ids))])


def _row(
    model_id: str, facts: dict[str, Any], count: dict[str, Any], licence: dict[str, Any], family: str
) -> dict[str, Any]:
    row = {
        "id": model_id, "name": facts["name"], "family": family, "organization": facts["organization"],
        "parameters": count.get("total"), "active_parameters": count.get("active"),
        "context_length": facts.get("context_length"), "license": facts["licence"],
        "commercial_use": licence.get("commercial_use", "unknown"), "release_date": facts.get("release_date"),
        "languages": facts.get("languages"), "derived_from": facts.get("derived_from"),
        "architecture": count.get("model_type"), "weights": facts.get("weights", "open"),
        "refused": count.get("refused"),
    }  # fmt: skip
    return {key: value for key, value in row.items() if value is not None}


def _sort_key(sort: str) -> Any:
    keys = {
        "name": lambda row: (row["id"],),
        "params": lambda row: (row.get("parameters", 0), row["id"]),
        "context": lambda row: (row.get("context_length", 0), row["id"]),
        "released": lambda row: (row.get("release_date", ""), row["id"]),
        "family": lambda row: (row["family"], row.get("parameters", 0), row["id"]),
    }
    return keys[sort]


def _table(rows: Sequence[dict[str, Any]], total: int) -> Table:
    columns = [
        Column("Model"), Column("Parameters", right=True), Column("Active", right=True, keep=3), Column("Context", right=True),
        Column("Licence", keep=1, shrink_to=10), Column("Commercial", keep=2), Column("Released", keep=4),
        Column("Organization", keep=5, shrink_to=10), Column("Languages", keep=6, shrink_to=12),
    ]  # fmt: skip
    return Table(columns, [_cells(row) for row in rows], notes=[f"{len(rows)} of {total} models"])


def _cells(row: dict[str, Any]) -> list[Cell]:
    total, active = row.get("parameters"), row.get("active_parameters")
    use = row["commercial_use"]
    return [
        row["id"] if row["weights"] == "open" else f"{row['id']} (closed)",
        format_count(total) if total else "unknown",
        format_count(active) if active and active != total else "",
        _context(row.get("context_length")),
        row["license"],
        Styled(use, {"yes": "good", "conditional": "warn", "no": "bad"}.get(use, "dim")),
        row.get("release_date", ""),
        row["organization"],
        row.get("languages", ""),
    ]


def _context(tokens: int | None) -> str:
    if tokens is None:
        return ""
    if tokens % 1024 == 0:
        return f"{tokens // 1048576}M" if tokens % 1048576 == 0 else f"{tokens // 1024}k"
    return str(tokens)
