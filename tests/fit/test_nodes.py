"""Inventories as kinds of node."""

import json

import pytest

from llmpick.catalog import open_catalog
from llmpick.cli.main import run
from llmpick.fit.nodes import node_groups
from llmpick.hardware.clusters import parse_inventory

ROWS = open_catalog(None).gpus


def test_equal_nodes_stand_together_and_down_ones_are_told():
    """Two Slurm nodes with the same GPUs are one kind; a drained one is left out."""
    nodes = [
        {"name": name, "gres": "gpu:a100:8", "real_memory": 1031000, "state": [state]}
        for name, state in (("n1", "IDLE"), ("n2", "MIXED"), ("n3", "DRAIN"))
    ]
    groups, notes = node_groups(parse_inventory({"nodes": nodes}, ROWS, {"a100": "A100 80GB SXM"}))
    assert [(group.nodes, group.names) for group in groups] == [(2, ("n1", "n2"))]
    assert groups[0].title.startswith("2 × nodes of 8 × NVIDIA A100")
    assert "1 nodes are down, drained or cordoned" in notes


@pytest.mark.parametrize(
    ("text", "code"), [("nodes: []\n", 1), ("{}", 3), ("nodes:\n- {name: a, gpus: [RTX 4090]}\n", 0)]
)
def test_exit_codes_of_inventories(tmp_path, text, code, capsys):
    """Nothing to answer is 1, what is no inventory 3."""
    file = tmp_path / "nodes.yaml"
    file.write_text(text)
    assert run(["fit", "--inventory", str(file), "-n", "2"]) == code


def test_across_nodes_holds_what_one_node_does_not(tmp_path, capsys):
    """What is listed across nodes is what no single node holds."""
    file = tmp_path / "nodes.yaml"
    file.write_text("nodes:\n- {name: pair, count: 4, gpus: [2x RTX 4090], ram: 64GB}\n")
    arguments = ["fit", "--inventory", str(file), "-r", "vllm", "--min-params", "60B", "--max-params", "75B", "--json"]
    assert run(arguments) == 0
    (node,) = json.loads(capsys.readouterr().out)["nodes"]
    assert node["count"] == 4
    across = node["across_nodes"]["results"]
    alone = {row["model"] for row in node["per_node"]["results"] if row["verdict"] != "no"}
    assert across
    assert not alone & {row["model"] for row in across}
    assert all(row["placement"]["pipeline_parallel_size"] > 1 for row in across if row["verdict"] == "fits")
