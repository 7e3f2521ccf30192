"""The answer of ``llmpick params``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmpick.catalog.subject import Subject
from llmpick.formats import USUAL_FORMATS, weigh
from llmpick.inventory.parameters import tower_parameters
from llmpick.inventory.tensors import COMPONENT_OF, Tensor
from llmpick.report.checkpoint import checkpoint_json, checkpoint_sections, stored_json, stored_row, stored_sections
from llmpick.report.derivation import formula, label, terms
from llmpick.report.document import Column, Document, Lines, Section, Styled, Table
from llmpick.report.naming import explain_name, size_in
from llmpick.units import format_bytes, format_count


def parameters_document(subject: Subject, formats: Mapping[str, Any], list_tensors: bool = False) -> Document:
    """Counts, components, formula, the reason for the name, and weight memory in the usual formats."""
    count = subject.parameters
    data: dict[str, Any] = {
        "schema": 1,
        "command": "params",
        "model": subject.to_json(),
        "parameters": {
            "total": count.total,
            "active": count.active,
            "active_without_input_embedding": count.active_without_input_embedding,
            "embedding": count.embedding,
            "non_embedding": count.non_embedding,
            "components": [{"component": name, "parameters": value} for name, value in count.components],
        },
        "formula": formula(subject.counted),
        "weights": [*stored_row(subject), *_weight_rows(subject, formats)],
    }
    published = published_json(subject)
    if published:
        data["published"] = published
    for key, found in (("stored", stored_json(subject)), ("checkpoint", checkpoint_json(subject))):
        if found is not None:
            data[key] = found
    if list_tensors:
        data["tensors"] = [_tensor_row(tensor) for tensor in subject.counted]
    return Document(data, lambda: list(_sections(subject, data, list_tensors)))


def published_json(subject: Subject) -> dict[str, Any] | None:
    """What the makers print, and how far the computed count is from it."""
    published = subject.record.published_parameters if subject.record else None
    if published is None:
        return None
    found = size_in(published.text)
    value = published.value or (int(found[1] * found[2]) if found else None)
    result: dict[str, Any] = {"text": published.text}
    if value:
        result["value"] = value
        result["relative_difference"] = round(subject.parameters.total / value - 1, 4)
    return result


def _weight_rows(subject: Subject, formats: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The usual formats, computed; none for a file that nothing describes."""
    return [_weight_row(subject, name, formats) for name in USUAL_FORMATS] if subject.described else []


def _weight_row(subject: Subject, name: str, formats: Mapping[str, Any]) -> dict[str, Any]:
    weights = weigh(subject.architecture, subject.tensors, name, formats)
    bits = round(8 * weights.tensor_bytes / (subject.parameters.total - tower_parameters(subject.counted)), 3)
    return {"quantization": weights.format, "bytes": weights.tensor_bytes, "bits_per_weight": bits}


def _tensor_row(tensor: Tensor) -> dict[str, Any]:
    return {
        "name": tensor.name, "component": tensor.component, "shape": list(tensor.shape), "count": tensor.number,
        "parameters": tensor.parameters,
    }  # fmt: skip


def _sections(subject: Subject, data: dict[str, Any], list_tensors: bool) -> Iterator[Section]:
    count = subject.parameters
    yield Lines(_headline(subject), title=subject.name)
    yield _component_table(subject)
    yield from stored_sections(data.get("stored"), subject.missing)
    yield Lines(list(_formula_lines(subject)), title="How the total comes about")
    yield from checkpoint_sections(subject, data.get("checkpoint"))
    published = data.get("published", {}).get("text")
    yield Lines(explain_name(subject.name, count, published), title="Why it is called that")
    yield Table(
        [Column("Format"), Column("Bytes", right=True, keep=1), Column("Size", right=True), Column("Bits/weight", right=True)],
        [[row["quantization"], f"{row['bytes']:,}", format_bytes(row["bytes"]), f"{row['bits_per_weight']:.2f}"]
         for row in data["weights"]],
        title="Memory of the weights alone (tensor bytes; the KV cache and buffers come on top: llmpick memory)",
    )  # fmt: skip
    if data["weights"] and (towers := tower_parameters(subject.counted)):
        yield Lines([Styled(f"Without vision and audio towers ({towers:,} weights): llama.cpp takes", "dim"),
                     Styled("them from a file of their own; other runtimes load them with the model.", "dim")])  # fmt: skip
    if list_tensors:
        yield _tensor_table(subject.counted)


def _headline(subject: Subject) -> list[str]:
    count = subject.parameters
    lines = [f"{count.total:,} parameters ({format_count(count.total)})"]
    if count.active != count.total:
        lines.append(f"{count.active:,} active per token ({format_count(count.active)})")
    lines.append(f"{count.embedding:,} in embeddings and output head, {count.non_embedding:,} elsewhere")
    return lines


def _component_table(subject: Subject) -> Table:
    total = subject.parameters.total
    shapes = _shapes_by_component(subject.counted)
    rows = [
        [label(name), f"{value:,}", f"{value / total:.1%}", shapes[name]]
        for name, value in subject.parameters.components
    ]
    return Table(
        [Column("Component"), Column("Parameters", right=True), Column("Share", right=True), Column("Shapes", shrink_to=20)],
        [*rows, ["total", f"{total:,}", "100.0%", ""]],
    )  # fmt: skip


def _shapes_by_component(tensors: Sequence[Tensor]) -> dict[str, str]:
    """``32 × (4096×4096, 1024×4096 ...)`` for each component: the shapes that it consists of."""
    found: dict[str, dict[str, int]] = {}
    for tensor in tensors:
        shape = "×".join(map(str, tensor.shape))
        shapes = found.setdefault(COMPONENT_OF[tensor.role], {})
        shapes[shape] = shapes.get(shape, 0) + tensor.number
    return {name: ", ".join(f"{count}·[{shape}]" if count > 1 else f"[{shape}]" for shape, count in shapes.items())
            for name, shapes in found.items()}  # fmt: skip


def _formula_lines(subject: Subject) -> Iterator[str]:
    for position, term in enumerate(terms(subject.counted)):
        yield f"{'+' if position else ' '} {term.text} = {term.parameters:,}"
    yield f"= {subject.parameters.total:,}"


def _tensor_table(tensors: Sequence[Tensor]) -> Table:
    return Table(
        [Column("Tensor", shrink_to=24), Column("Component", keep=1), Column("Shape"), Column("Count", right=True),
         Column("Parameters", right=True)],
        [[tensor.name, label(tensor.component), "×".join(map(str, tensor.shape)), f"{tensor.number:,}",
          f"{tensor.parameters:,}"] for tensor in tensors],
        title="Tensors",
    )  # fmt: skip
