"""What a model's files hold: bytes and types as stored, and how their elements come to differ from the parameters."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmpick.catalog.subject import Subject
from llmpick.fit.subjects import stored_format
from llmpick.report.document import Column, Lines, Section, Table
from llmpick.units import format_bytes


def stored_json(subject: Subject) -> dict[str, Any] | None:
    """Bytes by type of the subject's own file; None for a config or a catalog model."""
    if subject.stored is None:
        return None
    from llmpick.readers.stored import bytes_by_type, format_of, tensor_bytes, tensors_by_type

    stored, total = subject.stored, tensor_bytes(subject.stored)
    numbers = tensors_by_type(stored)
    return {
        "format": format_of(stored), "kind": stored.kind, "files": len(stored.files),
        "file_bytes": stored.total_file_bytes, "header_bytes": stored.header_bytes, "tensor_bytes": total,
        "bits_per_weight": _bits(total, subject.parameters.total),
        "types": [{"type": name, "tensors": numbers[name], "bytes": held}
                  for name, held in sorted(bytes_by_type(stored).items(), key=lambda item: -item[1])],
    }  # fmt: skip


def checkpoint_json(subject: Subject) -> dict[str, Any] | None:
    """The difference between the checkpoint's elements and the parameters, itemised; None where there is none."""
    items, stored = subject.checkpoint, subject.checkpoint_parameters
    explained = sum(item.elements for item in items)
    total = subject.parameters.total
    if not items and stored in (None, total):
        return None
    result: dict[str, Any] = {"parameters": total + explained if stored is None else stored}
    result["difference"] = result["parameters"] - total
    result["items"] = [{"item": item.name, "elements": item.elements, "why": item.why} for item in items]
    rest, note = result["difference"] - explained, subject.record.checkpoint_note if subject.record else None
    if rest and note:  # the record says in words what no item does
        result["items"].append({"item": "other", "elements": rest, "why": note})
        rest = 0
    result["unexplained"] = rest
    return result


def stored_sections(stored: Mapping[str, Any] | None, missing: str = "") -> Iterator[Section]:
    """The file's bytes, a line a type; ``missing``: why nothing says how the model is built."""
    if stored is None:
        return
    files = f"{stored['files']} files, " if stored["files"] > 1 else ""
    head = [f"{stored['format']}, {files}{format_bytes(stored['file_bytes'])}: {stored['tensor_bytes']:,} bytes of "
            f"tensors ({stored['bits_per_weight']:.2f} bits per weight)"]  # fmt: skip
    if missing:
        head.append(f"memory cannot be told: {missing}")
    rows = [[row["type"], f"{row['tensors']:,}", f"{row['bytes']:,}", format_bytes(row["bytes"]),
             f"{row['bytes'] / max(1, stored['tensor_bytes']):.1%}"] for row in stored["types"]]  # fmt: skip
    yield Lines(head, title="As stored")
    yield Table([Column("Type"), Column("Tensors", right=True), Column("Bytes", right=True), Column("Size", right=True, keep=1),
                 Column("Share", right=True, keep=2)], rows)  # fmt: skip


def checkpoint_sections(subject: Subject, checkpoint: Mapping[str, Any] | None) -> Iterator[Section]:
    """From the parameters to the elements of the checkpoint, an item a line."""
    if checkpoint is None:
        return
    rows = [["parameters of the running model", f"{subject.parameters.total:,}", ""]]
    rows += [[f"+ {row['why']}", f"{row['elements']:,}", row["item"]] for row in checkpoint["items"]]
    if checkpoint["unexplained"]:
        rows.append(["+ not explained", f"{checkpoint['unexplained']:,}", ""])
    rows.append(["= elements in the checkpoint", f"{checkpoint['parameters']:,}", ""])
    columns = [Column("Checkpoint", shrink_to=40), Column("Elements", right=True), Column("Stored as", keep=1)]
    yield Table(columns, rows, title="What the checkpoint stores besides")


def stored_row(subject: Subject) -> list[dict[str, Any]]:
    """The file's own format among the formats that its weights could have."""
    stored, name = stored_json(subject), stored_format(subject)
    if stored is None:
        return []
    return [{"quantization": name, "bytes": stored["tensor_bytes"], "bits_per_weight": stored["bits_per_weight"]}]


def _bits(size_bytes: int, parameters: int) -> float:
    return round(8 * size_bytes / parameters, 3) if parameters else 0.0
