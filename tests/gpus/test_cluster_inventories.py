"""Cluster inventories as kubectl, scontrol, Ray and people write them."""

import copy
import json

import pytest

from llmpick.errors import InvalidFile, LlmpickError, UnknownName, UsageError
from llmpick.hardware.clusters import parse_inventory, read_inventory

MIB, GIB = 2**20, 2**30

H100_LABELS = {
    "nvidia.com/cuda.driver.major": "580",
    "nvidia.com/gpu.compute.major": "9",
    "nvidia.com/gpu.compute.minor": "0",
    "nvidia.com/gpu.count": "8",
    "nvidia.com/gpu.family": "hopper",
    "nvidia.com/gpu.memory": "81559",
    "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3",
    "nvidia.com/gpu.replicas": "1",
    "nvidia.com/mig.capable": "true",
    "nvidia.com/mig.strategy": "single",
}


def kubernetes_node(labels, resources=None, name="gpu-1", **spec):
    status = {
        "allocatable": {"cpu": "126", "memory": "1056270632Ki", **(resources or {})},
        "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "True"}],
    }
    return {"kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": spec, "status": status}


def listed(*nodes):
    return {"apiVersion": "v1", "kind": "List", "items": list(nodes)}


def only(document, rows, **more):
    (node,) = parse_inventory(document, rows, **more)
    return node


def test_kubernetes_node_with_feature_discovery(rows):
    node = only(listed(kubernetes_node(H100_LABELS, {"nvidia.com/gpu": "8"})), rows)
    assert node.name == "gpu-1"
    assert len(node.devices) == 8
    assert node.devices[0].name == "NVIDIA H100 SXM5 80GB"
    assert node.devices[0].total == 81559 * MIB
    assert node.devices[0].usable < node.devices[0].total
    assert node.devices[0].bandwidth == 3_350_000_000_000
    assert node.ram_bytes == 1056270632 * 1024
    assert node.available


def test_kubernetes_single_mig_strategy_counts_slices(rows):
    labels = H100_LABELS | {
        "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb",
        "nvidia.com/gpu.count": "56",
        "nvidia.com/gpu.memory": "4864",
    }
    node = only(listed(kubernetes_node(labels)), rows)
    assert len(node.devices) == 56
    assert (node.devices[0].mig.profile, node.devices[0].total) == ("1g.5gb", 4864 * MIB)
    assert node.devices[0].bandwidth is None


def test_kubernetes_mixed_mig_strategy_counts_whole_gpus_by_resource(rows):
    labels = H100_LABELS | {
        "nvidia.com/mig.strategy": "mixed",
        "nvidia.com/mig-3g.40gb.count": "2",
        "nvidia.com/mig-3g.40gb.memory": "40320",
    }
    node = only(listed(kubernetes_node(labels, {"nvidia.com/gpu": "7", "nvidia.com/mig-3g.40gb": "2"})), rows)
    assert [device.mig is None for device in node.devices] == [True] * 7 + [False] * 2
    assert node.devices[-1].total == 40320 * MIB


def test_kubernetes_time_slicing_does_not_multiply_memory(rows):
    labels = H100_LABELS | {
        "nvidia.com/gpu.product": "Tesla-T4-SHARED",
        "nvidia.com/gpu.memory": "15360",
        "nvidia.com/gpu.count": "1",
        "nvidia.com/gpu.replicas": "16",
    }
    node = only(listed(kubernetes_node(labels, {"nvidia.com/gpu": "16"})), rows)
    assert [device.name for device in node.devices] == ["NVIDIA Tesla T4"]


def test_kubernetes_gpu_that_the_catalog_lacks_keeps_its_memory(rows):
    labels = H100_LABELS | {"nvidia.com/gpu.product": "NVIDIA-X999", "nvidia.com/gpu.count": "1"}
    node = only(listed(kubernetes_node(labels)), rows)
    assert (node.devices[0].name, node.devices[0].compute_capability) == ("NVIDIA X999", "9.0")
    assert node.devices[0].bandwidth is None
    assert "not in the catalog" in node.notes[0]


def test_kubernetes_gke_label_names_the_gpu(rows):
    labels = {"cloud.google.com/gke-accelerator": "nvidia-h100-80gb"}
    node = only(listed(kubernetes_node(labels, {"nvidia.com/gpu": "8"})), rows)
    assert [device.name for device in node.devices] == ["NVIDIA H100 SXM5 80GB"] * 8


def test_kubernetes_amd_label_names_the_gpu(rows):
    labels = {"amd.com/gpu.product-name": "AMD_Instinct_MI300X_OAM", "amd.com/gpu.vram": "192G"}
    node = only(listed(kubernetes_node(labels, {"amd.com/gpu": "8"})), rows)
    assert [device.vendor for device in node.devices] == ["amd"] * 8


def test_kubernetes_gpus_without_labels_are_told_not_guessed(rows):
    node = only(listed(kubernetes_node({}, {"nvidia.com/gpu": "4"})), rows)
    assert node.devices == ()
    assert "nvidia.com/gpu" in node.notes[0]


def test_kubernetes_cordoned_and_unready_nodes_are_not_available(rows):
    unready = kubernetes_node(H100_LABELS, name="sick")
    unready["status"]["conditions"][1]["status"] = "Unknown"
    nodes = parse_inventory(listed(kubernetes_node({}, unschedulable=True), unready, kubernetes_node({})), rows)
    assert [node.available for node in nodes] == [False, False, True]


def slurm_node(**more):
    node = {
        "name": "gpu001",
        "hostname": "gpu001",
        "gres": "gpu:nvidia_h100_80gb_hbm3:8(S:0-1)",
        "gres_used": "gpu:nvidia_h100_80gb_hbm3:4(IDX:0-3)",
        "real_memory": 2063425,
        "state": ["MIXED"],
    }
    return {"nodes": [node | more], "meta": {"slurm": {"version": {"major": "24"}}}, "errors": []}


@pytest.mark.parametrize(
    ("gres", "names"),
    [
        ("gpu:nvidia_h100_80gb_hbm3:8(S:0-1)", ["NVIDIA H100 SXM5 80GB"] * 8),
        ("gpu:rtx_3090:2,gpu:rtx_4090:1", ["NVIDIA GeForce RTX 3090"] * 2 + ["NVIDIA GeForce RTX 4090"]),
        ("gpu:h100:4(S:0,1),shard:h100:16(S:0,1)", ["NVIDIA H100 SXM5 80GB"] * 4),
        ("gpu:tesla_v100-sxm2-32gb:2", ["NVIDIA Tesla V100 SXM2 32GB"] * 2),
        ("gpu:l40s:1,craynetwork:4", ["NVIDIA L40S"]),
        ("gpu:t4", ["NVIDIA Tesla T4"]),
        ("lustre:1", []),
        ("", []),
    ],
)
def test_slurm_generic_resources(rows, gres, names):
    node = only(slurm_node(gres=gres), rows)
    assert [device.name for device in node.devices] == names
    assert node.ram_bytes == 2063425 * MIB


def test_slurm_type_that_can_be_several_gpus_is_settled_by_the_caller(rows):
    document = slurm_node(gres="gpu:a100:4(S:0-1)")
    with pytest.raises(UsageError, match=r"nodes\[0\]\.gres"):
        parse_inventory(document, rows)
    node = only(document, rows, gpu_names={"A100": "A100 SXM 40GB"})
    assert [device.name for device in node.devices] == ["NVIDIA A100 SXM4 40GB"] * 4


def test_slurm_gpus_without_type_need_a_name(rows):
    with pytest.raises(UnknownName, match="gpu"):
        parse_inventory(slurm_node(gres="gpu:4"), rows)
    assert len(only(slurm_node(gres="gpu:4"), rows, gpu_names={"gpu": "L4"}).devices) == 4


def test_slurm_mig_profiles_are_slices_with_less_than_their_rounded_name(rows):
    node = only(slurm_node(gres="gpu:nvidia_a100-sxm4-40gb_1g.5gb:7,gpu:3g.20gb:1"), rows)
    assert [device.mig.profile for device in node.devices] == ["1g.5gb"] * 7 + ["3g.20gb"]
    assert node.devices[0].total == 4864 * MIB


@pytest.mark.parametrize(
    ("state", "available"),
    [(["IDLE"], True), (["MIXED"], True), (["IDLE", "DRAIN"], False), (["DOWN"], False), ("idle+drain", False)],
)
def test_slurm_states(rows, state, available):
    assert only(slurm_node(state=state), rows).available is available


def test_slurm_wrapped_numbers(rows):
    memory = {"set": True, "infinite": False, "number": 515000}
    assert only(slurm_node(real_memory=memory), rows).ram_bytes == 515000 * MIB
    assert only(slurm_node(real_memory={"set": False, "number": 0}), rows).ram_bytes is None


RAY_NODE = {
    "node_id": "8a23f9f2c0b8f1ab5b8f2c5b0ce0df8f3a7f7a27f3b0bb6f0d4ab3f1",
    "node_ip": "10.0.0.12",
    "is_head_node": False,
    "state": "ALIVE",
    "node_name": "10.0.0.12",
    "resources_total": {
        "CPU": 128.0,
        "GPU": 8.0,
        "accelerator_type:H100": 1.0,
        "memory": 1500000000000.0,
        "object_store_memory": 200000000000.0,
        "node:10.0.0.12": 1.0,
    },
    "labels": {"ray.io/node_id": "8a23f9f2"},
}


def test_ray_list_nodes(rows):
    node = only([RAY_NODE], rows)
    assert [device.name for device in node.devices] == ["NVIDIA H100 SXM5 80GB"] * 8
    assert node.ram_bytes == 1_700_000_000_000


def test_ray_nodes_of_the_python_interface_and_of_the_state_api(rows):
    plain = {"NodeID": "ab12", "Alive": False, "NodeName": "w1", "Resources": RAY_NODE["resources_total"], "Labels": {}}
    assert only([plain], rows).available is False
    answer = {"result": True, "msg": "", "data": {"result": {"total": 1, "result": [RAY_NODE]}}}
    assert len(only(answer, rows).devices) == 8


def test_ray_node_without_gpus(rows):
    node = copy.deepcopy(RAY_NODE)
    del node["resources_total"]["GPU"]
    assert only([node], rows).devices == ()


OWN = """
nodes:
- name: big
  count: 4
  gpus: [8x H100 SXM]
  ram: 1TB
- {name: mixed, gpus: "RTX 3090, 24GB"}
- {name: head, ram: 64GB}
"""


def test_own_file(rows, tmp_path):
    path = tmp_path / "cluster.yaml"
    path.write_text(OWN)
    big, mixed, head = read_inventory(str(path), rows)
    assert (big.count, len(big.devices), big.ram_bytes) == (4, 8, 2**40)
    assert [device.bandwidth is None for device in mixed.devices] == [False, True]
    assert (head.devices, head.ram_bytes, mixed.ram_bytes) == ((), 64 * GIB, None)


def test_json_file(rows, tmp_path):
    path = tmp_path / "nodes.json"
    path.write_text(json.dumps(listed(kubernetes_node(H100_LABELS))))
    assert len(read_inventory(str(path), rows)) == 1


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"nodes": [{"name": "a", "gpu": "RTX 4090"}]}, r"nodes\[0\]: unknown key 'gpu'"),
        ({"nodes": [{"gpus": []}]}, r"nodes\[0\]\.name"),
        ({"nodes": [{"name": "a", "count": 0}]}, r"nodes\[0\]\.count"),
        ({"nodes": [{"name": "a", "count": True}]}, r"nodes\[0\]\.count"),
        ({"nodes": [{"name": "a", "ram": "lots"}]}, r"nodes\[0\]\.ram"),
        ({"nodes": [{"name": "a", "ram": 5}]}, r"nodes\[0\]\.ram"),
        ({"nodes": [{"name": "a", "gpus": [5]}]}, r"nodes\[0\]\.gpus\[0\]"),
        ({"nodes": [{"name": "a", "gpus": ["1000x24GB", "1000x24GB"]}]}, r"nodes\[0\]\.gpus"),
        ({"nodes": [{"name": "a", "count": 100000}, {"name": "b"}]}, "100000 nodes"),
        ({"nodes": ["a"]}, r"nodes\[0\]"),
        (listed({"kind": "Node", "metadata": {"labels": {}}}), r"items\[0\]\.metadata\.name"),
        (listed(kubernetes_node(H100_LABELS | {"nvidia.com/gpu.count": "many"})), r"nvidia\.com/gpu\.count"),
        (listed(kubernetes_node(H100_LABELS | {"nvidia.com/gpu.count": "99999"})), r"nvidia\.com/gpu\.count"),
        (listed(kubernetes_node(H100_LABELS | {"nvidia.com/gpu.memory": "0"})), r"nvidia\.com/gpu\.memory"),
        (listed(kubernetes_node({}, {"memory": "much"})), "quantity"),
        (slurm_node(gres="gpu:a100:4:9"), r"nodes\[0\]\.gres"),
        (slurm_node(gres="gpu:h100:5000"), r"nodes\[0\]\.gres"),
        (slurm_node(real_memory=-1), r"nodes\[0\]\.real_memory"),
        ([RAY_NODE | {"resources_total": {"GPU": 0.5}}], r"\[0\]\.resources_total\.GPU"),
        ({"what": 1}, "not an inventory"),
        ([], "not an inventory"),
        (None, "not an inventory"),
    ],
)
def test_malformed_inventories_are_refused_with_their_place(rows, document, place):
    with pytest.raises(InvalidFile, match=place):
        parse_inventory(document, rows)


def test_unknown_gpu_in_own_file_names_its_place(rows):
    with pytest.raises(UnknownName, match=r"c\.yaml: nodes\[1\]\.gpus\[0\]: unknown GPU 'RTX 9999'"):
        parse_inventory({"nodes": [{"name": "a"}, {"name": "b", "gpus": ["RTX 9999"]}]}, rows, where="c.yaml")


@pytest.mark.parametrize("text", ["{", '{"items": [}', "[" * 100_000, "nodes: [", "nodes: *none", "\x00", ""])
def test_unreadable_files_are_refused(rows, tmp_path, text):
    path = tmp_path / "broken"
    path.write_text(text)
    with pytest.raises(InvalidFile, match="broken"):
        read_inventory(str(path), rows)


def test_missing_file_is_refused(rows, tmp_path):
    with pytest.raises(InvalidFile, match="No such file"):
        read_inventory(str(tmp_path / "none.yaml"), rows)


def test_yaml_constructs_no_objects(rows, tmp_path):
    path = tmp_path / "evil.yaml"
    path.write_text("nodes: !!python/object/apply:os.system ['true']")
    with pytest.raises(LlmpickError, match="not YAML"):
        read_inventory(str(path), rows)
