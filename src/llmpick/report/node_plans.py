"""The answer of ``llmpick plan --inventory``: which of one's own cards run a model."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmpick.catalog.subject import Subject
from llmpick.errors import ANSWERED, NOTHING_FITS
from llmpick.fit.node_plans import Kind, NodeAnswer, NodePlan
from llmpick.fit.planning import Asked
from llmpick.report.document import Cell, Column, Document, Lines, Section, Styled, Table
from llmpick.report.fitting import VERDICT_STYLES, of_capacity
from llmpick.report.planning import conditions
from llmpick.report.speed import decode_json, number
from llmpick.runtimes.base import devices_json, memory_json


def node_plans_document(
    subject: Subject, asked: Asked, answers: Sequence[NodeAnswer], notes: Sequence[str]
) -> Document:
    """``answers``: each kind of node with what runs on it; nothing fits when nothing runs on any."""
    data: dict[str, Any] = {
        "schema": 1, "command": "plan", "model": subject.to_json(), "runtime": asked.runtime,
        "context": asked.request.context, "users": asked.request.sequences, "min_speed": asked.least,
        "nodes": [_json(answer.kind, answer.plans) for answer in answers], "notes": list(notes),
    }  # fmt: skip
    runs = any(answer.plans for answer in answers)
    return Document(data, lambda: _sections(subject, asked, answers, notes), ANSWERED if runs else NOTHING_FITS)


def _json(kind: Kind, plans: Sequence[NodePlan]) -> dict[str, Any]:
    group = kind.group
    return {
        "count": group.nodes, "names": list(group.names), "title": group.title, "gpus": len(kind.devices),
        "options": [
            {"nodes": plan.nodes, "count": plan.cards, "quantization": plan.format_name, "verdict": plan.placed.verdict,
             "usable": plan.usable_bytes, "memory": memory_json(plan.placed.estimate), **devices_json(plan.placed.estimate),
             "placement": plan.placed.estimate.placement, "decode_tokens_per_second": decode_json(plan.decode),
             "max_context": plan.max_context, "max_users": plan.max_users, "copies": plan.copies, "why": plan.placed.why}
            for plan in plans
        ],
    }  # fmt: skip


def _sections(subject: Subject, asked: Asked, answers: Sequence[NodeAnswer], notes: Sequence[str]) -> list[Section]:
    sections: list[Section] = [Lines([conditions(asked)], title=subject.name)]
    for answer in answers:
        sections.append(_table(answer.kind, answer.plans) if answer.plans else _nothing(asked, answer))
    if not answers:
        sections.append(Lines(["The inventory has no available node with a GPU."]))
    said = [*_legend(answers), *notes]
    return [*sections, Lines([Styled(line, "dim") for line in said])] if said else sections


def _nothing(asked: Asked, answer: NodeAnswer) -> Lines:
    fast = f" at {asked.least:g} tokens per second or more" if asked.least else ""
    lines = [f"no format of {', '.join(name for name, _ in asked.models)} runs{fast}"]
    best = answer.fastest
    if best is not None and best.decode is not None:
        speed = f"{number(best.decode.estimate)} ({number(best.decode.low)}-{number(best.decode.high)})"
        lines.append(
            f"fastest: {best.format_name} on {best.cards} GPU{'s' * (best.cards > 1)}: {speed} tokens per second"
        )
    return Lines(lines, answer.kind.group.title)


def _table(kind: Kind, plans: Sequence[NodePlan]) -> Table:
    whole = all(plan.placed.verdict == "fits" for plan in plans)
    columns = [
        Column("GPUs", right=True), Column("Format"), Column("Verdict", keep=2 if whole else 0),
        Column("GiB", right=True), Column("tok/s", right=True), Column("tok/s 90%", keep=3),
        Column("Max context", right=True, keep=5), Column("Max users", right=True, keep=6), Column("Copies", right=True, keep=1),
        Column("Layout"), Column("Why", keep=7, shrink_to=20), Column("Nodes", keep=8),
    ]  # fmt: skip
    return Table(columns, [[*_cells(plan), kind.group.title] for plan in plans], title=kind.group.title)


def _cells(plan: NodePlan) -> list[Cell]:
    speed, placed = plan.decode, plan.placed
    return [
        str(plan.cards), plan.format_name, Styled(placed.verdict, VERDICT_STYLES[placed.verdict]),
        of_capacity(placed.estimate.total, plan.usable_bytes),
        number(speed.estimate) if speed else "-", f"{number(speed.low)}-{number(speed.high)}" if speed else "",
        f"{plan.max_context:,}" if plan.max_context else "-", f"{plan.max_users:,}", str(plan.copies), layout(plan), placed.why,
    ]  # fmt: skip


def layout(plan: NodePlan) -> str:
    """In a few words: ``TP 8 × PP 2 on 2 nodes``, ``layers on 2 GPUs``, ``47 of 80 layers on GPU``."""
    placed = plan.placed.estimate.placement
    if placed.get("n_cpu_moe"):
        return f"experts of {placed['n_cpu_moe']} layers on CPU"
    if placed.get("layers_on_gpu", 0) < placed.get("layers", 0):
        return f"{placed['layers_on_gpu']} of {placed['layers']} layers on GPU"
    if plan.cards == 1:
        return "one GPU"
    sizes = _ranks(placed)
    if not sizes:
        return f"layers on {plan.cards} GPUs"
    return " × ".join(sizes) + (f" on {plan.nodes} nodes" if plan.nodes > 1 else "")


def _ranks(placed: Mapping[str, Any]) -> list[str]:
    """What the engine's sizes are; SGLang counts its data-parallel groups in ``tp_size``, too."""
    groups = placed.get("data_parallel_size") or placed.get("dp_size") or 1
    tensor = placed.get("tensor_parallel_size") or placed.get("tp_size", 1) // placed.get("dp_size", 1)
    stages = placed.get("pipeline_parallel_size") or placed.get("pp_size") or 1
    sizes = [f"{name} {size}" for name, size in (("TP", tensor), ("DP", groups), ("PP", stages)) if size > 1]
    experts = placed.get("enable_expert_parallel") or placed.get("ep_size", 1) > 1
    return [*sizes[:-1], f"{sizes[-1]}, EP"] if experts and sizes else sizes


def _legend(answers: Sequence[NodeAnswer]) -> list[str]:
    plans = [plan for answer in answers for plan in answer.plans]
    if not plans:
        return []
    said = ["Fewest cards for each format; tok/s of each user; Copies: sets of such cards"]
    if any(plan.cards > 1 and plan.placed.estimate.placement.get("split") != "layer" for plan in plans):
        said.append("TP: tensor, DP: data (attention), PP: pipeline parallel; EP: whole experts on cards")
    if any(plan.nodes > 1 for plan in plans):
        said.append("The time that the network between nodes takes is left out of tok/s")
    return said
