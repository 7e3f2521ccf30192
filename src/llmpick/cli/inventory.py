"""``--inventory``: one answer per kind of node of a cluster."""

from typing import TYPE_CHECKING

from llmpick.errors import UsageError

if TYPE_CHECKING:
    from llmpick.catalog import Catalog
    from llmpick.catalog.subject import Subject
    from llmpick.fit.answering import Choice
    from llmpick.fit.nodes import NodeGroup
    from llmpick.fit.planning import Asked
    from llmpick.fit.ranking import Wish
    from llmpick.report.cluster import NodeAnswer
    from llmpick.report.document import Document


def inventory_document(catalog: "Catalog", path: str, wish: "Wish", choice: "Choice", described: bool) -> "Document":
    """``path``: the scheduler's JSON or the own YAML, ``-`` for standard input. ``described``: --gpu was given too."""
    from llmpick.fit.nodes import node_groups
    from llmpick.hardware.clusters import read_inventory
    from llmpick.report.cluster import cluster_document

    if described:
        raise UsageError("--inventory and --gpu or --hardware both describe the machine", "give one of them")
    groups, notes = node_groups(read_inventory(path, catalog.gpus))
    return cluster_document([_answered(catalog, group, wish, choice) for group in groups], notes)


def plan_inventory(catalog: "Catalog", path: str, subject: "Subject", asked: "Asked", everything: bool) -> "Document":
    """Which of the nodes and cards in the file ``path`` run the model."""
    from llmpick.cli.machine import budgets, host_bytes
    from llmpick.fit.node_plans import Kind, node_plans
    from llmpick.fit.nodes import node_groups
    from llmpick.hardware.clusters import read_inventory
    from llmpick.report.node_plans import node_plans_document

    groups, notes = node_groups(read_inventory(path, catalog.gpus))
    kinds = [Kind(group, budgets(group.machine, False), host_bytes(group.machine, False)) for group in groups]
    answers = [node_plans(asked, kind, catalog, everything) for kind in kinds]
    return node_plans_document(subject, asked, answers, notes)


def _answered(catalog: "Catalog", group: "NodeGroup", wish: "Wish", choice: "Choice") -> "NodeAnswer":
    from dataclasses import replace

    from llmpick.cli.machine import budgets, host_bytes
    from llmpick.fit.answering import answer
    from llmpick.fit.layouts import PARALLEL
    from llmpick.fit.speed.answers import Speeds
    from llmpick.report.cluster import NodeAnswer
    from llmpick.report.fitting import fit_document

    machine = group.machine
    devices = budgets(machine, False)
    here = replace(wish, speeds=Speeds.of_machine(catalog, machine))
    found = answer(catalog, here, devices, host_bytes(machine, False), choice)
    one, together = fit_document(machine, devices, found, here, found.notes), None
    if group.nodes > 1 and wish.runtime in PARALLEL and found.misfits:
        all_devices = devices * group.nodes
        rest = replace(wish, speeds=None, min_speed=None, allowed=found.misfits)
        more = answer(catalog, rest, all_devices, None, choice, node=len(devices))
        if more.counted["fits"] or more.counted["tight"]:
            together = fit_document(machine, all_devices, more, rest, more.notes)
    return NodeAnswer(group, one, together)
