"""The answer of ``llmpick train``: every term, the verdict, how far the run stretches, and what would make it smaller."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from llmpick.catalog.catalog import Catalog
from llmpick.catalog.subject import Subject
from llmpick.errors import ANSWERED, NOTHING_FITS, LlmpickError, UsageError
from llmpick.formats.packed import tensor_sizer
from llmpick.report.document import Column, Document, Lines, Section, Styled, Table
from llmpick.report.fitting import VERDICT_STYLES, bar
from llmpick.runtimes.base import Budget
from llmpick.training.alternatives import alternatives
from llmpick.training.estimate import estimate
from llmpick.training.limits import judge, most
from llmpick.training.records import Recipe, TrainingDevice, TrainingEstimate
from llmpick.training.words import TERMS
from llmpick.units import format_bytes, format_count

MAX_BATCH, MAX_SEQUENCE = 4096, 2**20


@dataclass(frozen=True, kw_only=True)
class TrainingQuestion:
    """What ``llmpick train`` is asked. ``devices`` empty: nothing is judged. ``quantised``: QLoRA's weight format."""

    subject: Subject
    recipe: Recipe
    gpus: int
    devices: Sequence[Budget] = ()
    host_bytes: int | None = None
    quantised: str = "NF4"


class Trainer:
    """Estimates of one subject under varying recipes."""

    def __init__(self, question: TrainingQuestion, catalog: Catalog) -> None:
        self.question, self.data = question, catalog.runtimes["training"]
        self.packed = tensor_sizer(question.quantised, catalog.formats)

    def made(self, recipe: Recipe, gpus: int | None = None) -> TrainingEstimate:
        """What a recipe takes."""
        subject = self.question.subject
        return estimate(
            subject.architecture, subject.tensors, recipe, self.data, gpus or self.question.gpus, self.packed
        )

    def verdict(self, found: TrainingEstimate) -> tuple[str, str]:
        """Against the question's devices; of more GPUs than those, the others are taken to be like the smallest."""
        usable = [device.usable_bytes for device in self.question.devices]
        usable += [min(usable)] * (found.gpus - len(usable))
        return judge(found, usable[: found.gpus], self.question.host_bytes)

    def fits(self, recipe: Recipe) -> bool:
        """Whether it fits with certainty."""
        return self.verdict(self.made(recipe))[0] == "fits"


def training_document(question: TrainingQuestion, catalog: Catalog, notes: Sequence[str] = ()) -> Document:
    """Every term of the fullest device, the verdict where devices were named, limits and alternatives."""
    trainer = Trainer(question, catalog)
    found = trainer.made(question.recipe)
    body = _body(question, found)
    code = ANSWERED
    if question.devices:
        body["verdict"], body["why"] = trainer.verdict(found)
        body["max_batch"] = most(lambda count: trainer.fits(replace(found.recipe, batch=count)), MAX_BATCH)
        longest = max(question.subject.max_context or MAX_SEQUENCE, question.recipe.sequence)
        body["max_sequence"] = most(lambda count: trainer.fits(replace(found.recipe, sequence=count)), longest)
        code = NOTHING_FITS if body["verdict"] == "no" else ANSWERED
    body["changes"] = _changes(trainer, found)
    body["notes"] = [*found.notes, *_length_notes(question), *(note for note in notes if "no speed" not in note)]
    return Document(body, lambda: _sections(question, found, body), code)


def _body(question: TrainingQuestion, found: TrainingEstimate) -> dict[str, Any]:
    stages = [device._asdict() | {"total": device.total} for device in found.stages]
    return {
        "schema": 1, "command": "train", "model": question.subject.to_json(),
        "recipe": asdict(found.recipe) | {"targets": list(found.recipe.targets)}, "gpus": found.gpus,
        "data_parallel": found.data_parallel, "global_batch": found.global_batch,
        "parameters": {"total": found.parameters, "trainable": found.trainable, "adapters": found.adapter_parameters},
        "memory": _memory(found.fullest), "stages": stages, "host": {"total": found.host},
        "devices": [_device_json(found, index, budget) for index, budget in enumerate(question.devices)],
        "terms": [term._asdict() for term in found.terms],
    }  # fmt: skip


def _memory(device: TrainingDevice) -> dict[str, int]:
    """The fullest device's terms; they add up to ``total``."""
    return {name: getattr(device, name) for name in (*TERMS, "total", "low", "high")}


def _device_json(found: TrainingEstimate, index: int, budget: Budget) -> dict[str, Any]:
    return {"name": budget.name, "usable": budget.usable_bytes, "stage": found.device(index).stage,
            **_memory(found.device(index))}  # fmt: skip


def _length_notes(question: TrainingQuestion) -> Iterator[str]:
    limit, wanted = question.subject.max_context, question.recipe.sequence
    if limit and wanted > limit:
        yield f"sequences of {wanted:,} tokens are longer than the model's context of {limit:,}"


def _changes(trainer: Trainer, found: TrainingEstimate) -> list[dict[str, Any]]:
    """What each alternative saves of the fullest device, in bytes, largest first."""
    rows, now = [], found.fullest.total
    for change, recipe, gpus in alternatives(found):
        try:
            made = trainer.made(recipe, gpus)
        except LlmpickError:  # this model or layout does not allow it
            continue
        if made.fullest.total < now:
            row = {"change": change, "total": made.fullest.total, "saves": now - made.fullest.total, "host": made.host}
            if trainer.question.devices:
                row["verdict"] = trainer.verdict(made)[0]
            rows.append(row)
    return sorted(rows, key=lambda row: -int(str(row["saves"])))


def described(recipe: Recipe) -> str:
    """The recipe on one line."""
    method = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}[recipe.method]
    if recipe.method != "full":
        method += f" of rank {recipe.rank} on {', '.join(recipe.targets)}"
    words = [method, recipe.optimizer, str(recipe.precision)]
    words.append("gradient checkpointing" if recipe.checkpointing else "no gradient checkpointing")
    if recipe.cross_entropy != "standard":
        words.append(f"{recipe.cross_entropy} cross-entropy")
    return ", ".join(words)


def _sequences(count: int) -> str:
    return f"{count:,} sequence{'s' if count > 1 else ''}"


def _layout(found: TrainingEstimate) -> str:
    recipe = found.recipe
    words = [f"{found.gpus} GPU{'s' if found.gpus > 1 else ''}"]
    words += [f"ZeRO-{recipe.zero}"] if recipe.zero else ["FSDP"] if recipe.fsdp else []
    words += [f"tensor parallel {recipe.tensor_parallel}"] if recipe.tensor_parallel > 1 else []
    words += [f"pipeline parallel {recipe.pipeline_parallel}"] if recipe.pipeline_parallel > 1 else []
    words += [f"{recipe.offload} on the host"] if recipe.offload != "none" else []
    return ", ".join(words)


def _sections(question: TrainingQuestion, found: TrainingEstimate, body: Mapping[str, Any]) -> list[Section]:
    recipe = found.recipe
    head: list[Any] = [
        described(recipe),
        f"{recipe.batch} × {recipe.sequence:,} tokens a GPU, {_sequences(found.global_batch)} a step; {_layout(found)}",
        f"{format_count(found.trainable)} of {format_count(found.parameters)} parameters are trained ({found.trainable:,})",
    ]
    if question.devices:
        head.append(Styled(f"{body['verdict']}: {body['why']}", VERDICT_STYLES[body["verdict"]]))
    sections: list[Section] = [Lines(head, title=question.subject.name), _term_table(found)]
    if question.devices:
        sections.append(_device_lines(question, found, body))
    if found.host:
        sections.append(Lines([f"host memory: {format_bytes(found.host)}"]))
    sections.append(_change_table(body["changes"], bool(question.devices)))
    if body["notes"]:
        sections.append(Lines([Styled(note, "dim") for note in body["notes"]]))
    return sections


def _term_table(found: TrainingEstimate) -> Table:
    device = found.fullest
    rows: list[list[Any]] = [
        [term.name, format_bytes(term.estimate), f"{term.estimate:,}", term.certainty, term.formula]
        for term in found.terms
        if term.estimate or term.name in ("gradients", "optimizer", "logits")
    ]
    interval = f"{format_bytes(device.low)} - {format_bytes(device.high)}, 90%"
    rows.append(["total", format_bytes(device.total), f"{device.total:,}", "", interval])
    columns = [
        Column("Term"), Column("Size", right=True), Column("Bytes", right=True, keep=3), Column("Certainty", keep=2),
        Column("How", keep=1, shrink_to=20),
    ]  # fmt: skip
    title = "On each GPU" if len(found.stages) == 1 else f"On the fullest GPU (pipeline stage {device.stage})"
    return Table(
        columns,
        rows,
        title=title if found.gpus > 1 else "",
        notes=["A exact to the byte, B a few per cent, C empirical"],
    )


def _device_lines(question: TrainingQuestion, found: TrainingEstimate, body: Mapping[str, Any]) -> Lines:
    bars = Counter(
        f"{budget.name}: {bar(found.device(index).total, budget.usable_bytes)}"
        for index, budget in enumerate(question.devices)
    )
    lines = [f"{count} × {text}" if count > 1 else text for text, count in bars.items()]
    lines.append(_stretch(question, found.recipe, body))
    return Lines(lines)


def _stretch(question: TrainingQuestion, recipe: Recipe, body: Mapping[str, Any]) -> str:
    """How far batch or sequence could grow."""
    if not body["max_batch"] and not body["max_sequence"]:
        return "no batch and no sequence fits with certainty"
    whole = " (the model's context)" if body["max_sequence"] == question.subject.max_context else ""
    return (f"most that fits: batch {body['max_batch']:,} of {recipe.sequence:,} tokens, or "
            f"{body['max_sequence']:,} tokens{whole} at batch {recipe.batch}")  # fmt: skip


def _change_table(changes: Sequence[Mapping[str, Any]], judged: bool) -> Table:
    columns = [
        Column("Instead"),
        Column("Total", right=True),
        Column("Saves", right=True),
        Column("Bytes", right=True, keep=1),
    ]
    rows: list[list[Any]] = [
        [row["change"], format_bytes(row["total"]), format_bytes(row["saves"]), f"{row['saves']:,}"] for row in changes
    ]
    if judged:
        columns.append(Column("Verdict"))
        for cells, row in zip(rows, changes, strict=True):
            verdict = row.get("verdict", "")
            cells.append(Styled(verdict, VERDICT_STYLES[verdict]) if verdict else "")
    return Table(columns, rows, title="What would make it smaller")


def on_devices(devices: Sequence[Budget], gpus: int | None, judged: bool) -> tuple[tuple[Budget, ...], int]:
    """Devices and their number: ``gpus`` of one described device, or as many as were described.

    ``judged``: a machine was described. Raises UsageError when it has no GPU, or another number of them than ``gpus``.
    """
    if judged and not devices:
        raise UsageError("the machine has no GPU of known memory to train on", "--gpu 24GB describes one")
    if not devices or gpus is None or gpus == len(devices):
        return tuple(devices), gpus or max(1, len(devices))
    if len(devices) == 1:
        return tuple(devices) * gpus, gpus
    if gpus < len(devices):
        return tuple(devices)[:gpus], gpus
    raise UsageError(
        f"{gpus} GPUs are wanted but {len(devices)} were described", "leave out --gpus, or describe one GPU"
    )
