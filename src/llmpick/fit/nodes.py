"""The nodes of an inventory as machines: equal ones together, those that are down or have no GPU left out and told."""

from collections.abc import Sequence
from typing import NamedTuple

from llmpick.hardware.clusters import ClusterNode
from llmpick.hardware.device import Machine, described_machine


class NodeGroup(NamedTuple):
    """``nodes`` of them have the same GPUs and host memory."""

    nodes: int
    names: tuple[str, ...]
    machine: Machine

    @property
    def title(self) -> str:
        """``4 × nodes of 8 × NVIDIA H100 SXM``."""
        counts: dict[str, int] = {}
        for device in self.machine.devices:
            counts[device.name] = counts.get(device.name, 0) + 1
        devices = " + ".join(f"{count} × {name}" if count > 1 else name for name, count in counts.items())
        return f"{self.nodes} × nodes of {devices}" if self.nodes > 1 else f"{self.names[0]}: {devices}"


def node_groups(nodes: Sequence[ClusterNode]) -> tuple[list[NodeGroup], tuple[str, ...]]:
    """(groups, most memory first; what was left out, in words)."""
    found: dict[tuple[object, ...], list[ClusterNode]] = {}
    down = bare = 0
    for node in nodes:
        if not node.available:
            down += node.count
        elif not node.devices:
            bare += node.count
        else:
            sizes = tuple(sorted((device.name, device.usable or 0) for device in node.devices))
            found.setdefault((sizes, node.ram_bytes), []).append(node)
    groups = [_group(members) for members in found.values()]
    groups.sort(key=lambda group: -group.nodes * sum(device.usable or 0 for device in group.machine.devices))
    told = [f"{down} nodes are down, drained or cordoned"] if down else []
    told += [f"{bare} nodes have no GPU"] if bare else []
    told += dict.fromkeys(note for node in nodes for note in node.notes)
    return groups, tuple(told)


def _group(members: Sequence[ClusterNode]) -> NodeGroup:
    first = members[0]
    devices = sorted(first.devices, key=lambda device: -(device.usable or 0))
    machine = described_machine(devices, first.ram_bytes)
    return NodeGroup(sum(node.count for node in members), tuple(node.name for node in members), machine)
