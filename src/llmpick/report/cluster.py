"""The answer of ``llmpick fit --inventory``: one per kind of node, and what only several nodes together hold."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from llmpick.errors import ANSWERED, NOTHING_FITS
from llmpick.fit.nodes import NodeGroup
from llmpick.report.document import Document, Lines, Section


class NodeAnswer(NamedTuple):
    """A kind of node with the answer for one of them, and (None: not asked or nothing more) for all together."""

    group: NodeGroup
    one: Document
    together: Document | None


def cluster_document(answers: Sequence[NodeAnswer], notes: Sequence[str]) -> Document:
    """The answers one after the other; nothing fits when nothing does on any kind of node."""
    documents = [document for each in answers for document in (each.one, each.together) if document is not None]
    answered = any(document.exit_code == ANSWERED for document in documents)
    data = {
        "schema": 1, "command": "fit", "nodes": [_json(each) for each in answers], "notes": list(notes),
    }  # fmt: skip
    return Document(data, lambda: _sections(answers, notes), ANSWERED if answered else NOTHING_FITS)


def _json(each: NodeAnswer) -> dict[str, Any]:
    return {
        "count": each.group.nodes, "names": list(each.group.names), "title": each.group.title, "per_node": each.one.data,
        "across_nodes": None if each.together is None else each.together.data,
    }  # fmt: skip


def _sections(answers: Sequence[NodeAnswer], notes: Sequence[str]) -> list[Section]:
    sections: list[Section] = []
    for each in answers:
        sections += [Lines(["on one node"], title=each.group.title), *each.one.sections()]
        if each.together is not None:
            sections.append(Lines(["only across nodes: tensor parallel inside a node, a pipeline across"]))
            sections += each.together.sections()
    if not answers:
        sections.append(Lines(["The inventory has no available node with a GPU."]))
    return [*sections, Lines(list(notes))] if notes else sections
