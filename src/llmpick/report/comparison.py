"""The answer of ``llmpick compare``: models side by side, and where they differ."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from llmpick.architecture.attention import Attention, LatentAttention
from llmpick.architecture.feed_forward import Experts, Mlp
from llmpick.catalog.catalog import Catalog
from llmpick.catalog.records import ModelRecord
from llmpick.catalog.subject import Subject
from llmpick.errors import ANSWERED, NOTHING_FITS
from llmpick.fit.question import Maker, Question, length_notes
from llmpick.fit.subjects import why_not_loaded
from llmpick.inventory.caches import kv_elements_per_token
from llmpick.report.document import Cell, Column, Document, Lines, Section, Styled, Table
from llmpick.report.fitting import VERDICT_STYLES
from llmpick.report.speed import speed_json
from llmpick.runtimes.base import memory_json
from llmpick.units import format_bytes, format_count

DIFFERS = "≠"
UNKNOWN = "·"
"""What stands where nothing is known."""


class Row(NamedTuple):
    """One line: what, and its value for each model (None: unknown)."""

    group: str
    key: str
    values: tuple[Any, ...]
    texts: tuple[str, ...]
    style_by_value: Mapping[str, str] = {}

    @property
    def differs(self) -> bool:
        """Whether two models are known to have different values."""
        return len({str(value) for value in self.values if value is not None}) > 1


def comparison_document(questions: Sequence[Question], catalog: Catalog, only_differences: bool = False,
                        notes: Sequence[str] = ()) -> Document:  # fmt: skip
    """``questions``: one a model, alike but for the subject. With devices, each gets its verdict."""
    answers = [_answer(question, catalog) for question in questions]
    found = _rows([question.subject for question in questions], answers, catalog)
    rows = [row for row in found if any(value is not None for value in row.values)]
    first = questions[0]
    notes = (*notes, *_not_loaded(questions, catalog), *_too_long(questions))
    data: dict[str, Any] = {
        "schema": 1, "command": "compare", "context": first.request.context, "batch": first.request.sequences,
        "kv_cache_type": {"k": first.request.type_k, "v": first.request.type_v},
        "models": [
            {"model": question.subject.to_json(), "parameters": {"total": question.subject.parameters.total,
                                                                 "active": question.subject.parameters.active}, **answer}
            for question, answer in zip(questions, answers, strict=True)
        ],
        "rows": [{"group": row.group, "key": row.key, "values": list(row.values), "differs": row.differs}
                 for row in rows if row.differs or not only_differences],
        "notes": list(notes),
    }  # fmt: skip
    judged = first.judged and all(answer["verdict"] == "no" for answer in answers)
    return Document(
        data, lambda: _sections(questions, rows, only_differences, notes), NOTHING_FITS if judged else ANSWERED
    )


def _not_loaded(questions: Sequence[Question], catalog: Catalog) -> list[str]:
    """Which of the models the runtime cannot load: their memory is what it would take."""
    reasons = [
        (question.subject.id, why_not_loaded(question.subject, question.runtime, catalog.formats))
        for question in questions
    ]
    return [f"{name}: {reason}; its memory is what it would take" for name, reason in reasons if reason]


def _too_long(questions: Sequence[Question]) -> list[str]:
    """Which of the models were made for less context than is asked for."""
    return [
        f"{question.subject.id}: {note}"
        for question in questions
        for note in length_notes(question.subject, question.request.context)
    ]


def _answer(question: Question, catalog: Catalog) -> dict[str, Any]:
    """What `memory` would say of one model, and the bytes that a further token takes in 16 bit."""
    maker = Maker(question, catalog)
    placed = maker.placed(question)
    model = maker.model(maker.format_name)
    answer: dict[str, Any] = {
        "runtime": placed.estimate.runtime, "quantization": model.weights.format, "memory": memory_json(placed.estimate),
        "tensors": {"bytes": model.weights.tensor_bytes},
        "kv_cache_bytes_per_token": 2 * kv_elements_per_token(model.caches),
    }  # fmt: skip
    if question.judged:
        answer |= {"verdict": placed.verdict, "why": placed.why, **speed_json(maker.told(question, placed))}
    return answer


def _rows(subjects: Sequence[Subject], answers: Sequence[Mapping[str, Any]], catalog: Catalog) -> Iterator[Row]:
    for key, values in _facts(subjects, catalog):
        yield _row("facts", key, values)
    for key, values in _shapes(subjects):
        yield _row("shape", key, values)
    counts = [subject.parameters for subject in subjects]
    for key, numbers in (("total", [count.total for count in counts]), ("active", [count.active for count in counts])):
        yield _row("parameters", key, numbers, format_count)
    for key in ("weights", "kv_cache", "compute", "runtime", "total", "high"):
        label = {"kv_cache": "KV cache", "high": "high end (90%)"}.get(key, key)
        yield _row("memory", label, [answer["memory"][key] for answer in answers], format_bytes)
    yield _row("memory", "KV a token", [answer["kv_cache_bytes_per_token"] for answer in answers], format_bytes)
    yield _row("memory", "format", [answer["quantization"] for answer in answers])
    yield _row("memory", "runtime", [answer["runtime"] for answer in answers])
    if "verdict" in answers[0]:
        verdicts = _row("verdict", "verdict", [answer["verdict"] for answer in answers])
        yield verdicts._replace(style_by_value=VERDICT_STYLES)
        speeds = [(answer.get("decode_tokens_per_second") or {}).get("estimate") for answer in answers]
        yield _row("verdict", "tokens a second", speeds, lambda speed: f"{speed:.0f}")
    yield from _benchmarks([subject.record for subject in subjects])


def _row(group: str, key: str, values: Sequence[Any], text: Any = str) -> Row:
    return Row(group, key, tuple(values), tuple(UNKNOWN if value is None else text(value) for value in values))


def _facts(subjects: Sequence[Subject], catalog: Catalog) -> Iterator[tuple[str, list[Any]]]:
    records = [subject.record for subject in subjects]
    for key in ("organization", "release_date", "licence"):
        yield key.replace("_", " "), [getattr(record, key) if record else None for record in records]
    licences = [catalog.licences.get(record.licence) if record else None for record in records]
    yield "commercial use", [licence.get("commercial_use") if licence else None for licence in licences]
    yield "context", [_number(subject.max_context) for subject in subjects]
    tokens = [record.training.tokens if record and record.training else None for record in records]
    yield "training tokens", [format_count(count) if count else None for count in tokens]


def _number(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"


def _shapes(subjects: Sequence[Subject]) -> Iterator[tuple[str, list[Any]]]:
    built = [subject.architecture for subject in subjects]
    yield "model type", [one.model_type for one in built]
    yield "layers", [one.num_hidden_layers for one in built]
    yield "width", [one.hidden_size for one in built]
    found = [_widest(subject) for subject in subjects]
    for key in (
        "query heads",
        "KV heads",
        "head width",
        "window",
        "latent rank",
        "MLP width",
        "experts",
        "expert width",
    ):
        if any(one.get(key) for one in found):
            yield key, [one.get(key, "none") for one in found]
    yield "vocabulary", [_number(one.embeddings.vocab_size) for one in built]
    yield "tied head", ["yes" if one.embeddings.tied else "no" for one in built]


def _widest(subject: Subject) -> dict[str, Any]:
    """The first attention and the widest feed-forward; experts as used of all."""
    found: dict[str, Any] = {}
    for layer in subject.architecture.layers:
        for part in layer.parts:
            if isinstance(part, Attention):
                found.setdefault("query heads", part.num_attention_heads)
                found.setdefault("KV heads", part.num_key_value_heads)
                found.setdefault("head width", part.head_dim)
                if part.window or part.chunk:
                    found.setdefault("window", part.window or part.chunk)
            elif isinstance(part, LatentAttention):
                found.setdefault("query heads", part.num_attention_heads)
                found.setdefault("head width", part.qk_nope_head_dim + part.qk_rope_head_dim)
                found.setdefault("latent rank", part.kv_lora_rank)
            elif isinstance(part, Mlp):
                found["MLP width"] = max(found.get("MLP width", 0), part.intermediate_size)
            elif isinstance(part, Experts) and part.num_experts:
                found.setdefault("experts", f"{part.num_experts_per_tok} of {part.num_experts}")
                found.setdefault("expert width", part.moe_intermediate_size)
    return found


def _benchmarks(records: Sequence[ModelRecord | None]) -> Iterator[Row]:
    """Figures of the same benchmark, setting and variant that at least two of the models have."""
    tables = [
        {(row.benchmark, row.setting, row.variant): row.value for row in reversed(record.benchmarks)} if record else {}
        for record in records
    ]
    keys = dict.fromkeys(key for table in tables for key in table)
    for key in sorted(keys, key=lambda key: tuple(map(str, key))):
        values = [table.get(key) for table in tables]
        if sum(value is not None for value in values) > 1:
            name, setting, variant = key
            yield _row(
                "benchmarks", ", ".join(filter(None, (name, setting, variant))), values, lambda value: f"{value:g}"
            )


def _sections(questions: Sequence[Question], rows: Sequence[Row], only_differences: bool,
              notes: Sequence[str]) -> list[Section]:  # fmt: skip
    request = questions[0].request
    users = f" × {request.sequences} users" if request.sequences > 1 else ""
    shown = [row for row in rows if row.differs or not only_differences]
    names = [Column(question.subject.id, right=True, shrink_to=8) for question in questions]
    head = [f"memory with {request.context:,} tokens of context{users}; KV a token in 16 bit"]
    same = len(rows) - len(shown)
    legend = [f"{DIFFERS} the models differ   {UNKNOWN} not known"
              + (f"   {same} rows in which they do not differ are left out" if same else "")]  # fmt: skip
    table = Table(
        [Column(""), Column("", shrink_to=12), *names], list(_cells(shown, len(names))), notes=[*legend, *notes]
    )
    return [Lines(head, title=" / ".join(question.subject.name for question in questions)), table]


def _cells(rows: Sequence[Row], models: int) -> Iterator[list[Cell]]:
    group = None
    for row in rows:
        if row.group != group:
            yield ["", Styled(row.group.upper(), "dim"), *[""] * models]
            group = row.group
        style = "strong" if row.differs else ""
        cells = [Styled(text, row.style_by_value.get(text, style)) for text in row.texts]
        yield [Styled(DIFFERS if row.differs else "", style), Styled(row.key, style), *cells]
