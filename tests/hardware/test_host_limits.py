"""Memory and processors under cgroup v1, v2 and affinity, from recorded trees."""

from collections.abc import Callable, Mapping

import pytest

from llmpick.hardware.host import probe_host

Tree = Callable[[Mapping[str, str]], str]
GIB = 2**30
BASE = {
    "/proc/meminfo": f"MemTotal:   {64 * GIB // 1024} kB\nMemFree: 9 kB\nMemAvailable:   {60 * GIB // 1024} kB\n",
    "/proc/self/status": "Name:\tpython\nCpus_allowed_list:\t0-15\n",
    "/proc/version": "Linux version 6.8.0-45-generic",
}
V2 = {"/proc/self/cgroup": "0::/system.slice/docker-abc.scope\n"}
V2_GROUP = "/sys/fs/cgroup/system.slice/docker-abc.scope"
V1 = {"/proc/self/cgroup": "11:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n"}


def test_a_host_without_limits_is_its_physical_memory(tree: Tree) -> None:
    host, probe = probe_host(tree(BASE))
    assert (host.total, host.available, host.physical_total) == (64 * GIB, 60 * GIB, 64 * GIB)
    assert (host.limit_source, host.cpu_count, host.platform, probe.status) == ("physical", 16, "linux", "ok")


def test_memory_max_of_version_2_limits_the_host(tree: Tree) -> None:
    files = {f"{V2_GROUP}/memory.max": str(8 * GIB), f"{V2_GROUP}/memory.current": str(3 * GIB)}
    host, _ = probe_host(tree(BASE | V2 | files | {f"{V2_GROUP}/memory.stat": f"anon 1\ninactive_file {GIB}\n"}))
    assert host.total == 8 * GIB
    assert host.available == 8 * GIB - 2 * GIB, "file cache that can be dropped is not in use"
    assert host.limit_source == f"{V2_GROUP}/memory.max"
    assert host.physical_total == 64 * GIB


def test_the_smallest_limit_on_the_way_up_wins(tree: Tree) -> None:
    files = {f"{V2_GROUP}/memory.max": str(32 * GIB), "/sys/fs/cgroup/system.slice/memory.max": str(4 * GIB)}
    host, _ = probe_host(tree(BASE | V2 | files))
    assert host.total == 4 * GIB


def test_memory_high_counts_as_a_limit(tree: Tree) -> None:
    host, _ = probe_host(tree(BASE | V2 | {f"{V2_GROUP}/memory.max": "max", f"{V2_GROUP}/memory.high": str(6 * GIB)}))
    assert host.total == 6 * GIB


def test_max_is_no_limit(tree: Tree) -> None:
    host, _ = probe_host(tree(BASE | V2 | {f"{V2_GROUP}/memory.max": "max\n"}))
    assert host.limit_source == "physical"


def test_a_container_that_sees_the_hosts_path_finds_its_limit_at_the_mount(tree: Tree) -> None:
    host, _ = probe_host(tree(BASE | V2 | {"/sys/fs/cgroup/memory.max": str(2 * GIB)}))
    assert host.total == 2 * GIB


def test_version_1_limits_and_what_is_left_of_them(tree: Tree) -> None:
    group = "/sys/fs/cgroup/memory/docker/abc"
    files = {
        f"{group}/memory.limit_in_bytes": str(16 * GIB),
        f"{group}/memory.usage_in_bytes": str(10 * GIB),
        f"{group}/memory.stat": f"hierarchical_memory_limit {12 * GIB}\ntotal_inactive_file {4 * GIB}\n",
    }
    host, _ = probe_host(tree(BASE | V1 | files))
    assert (host.total, host.available) == (12 * GIB, 6 * GIB)


def test_version_1_writes_no_limit_as_a_huge_number(tree: Tree) -> None:
    files = {"/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "9223372036854771712"}
    assert probe_host(tree(BASE | V1 | files))[0].limit_source == "physical"


def test_a_limit_above_the_physical_memory_changes_nothing(tree: Tree) -> None:
    host, _ = probe_host(tree(BASE | V2 | {f"{V2_GROUP}/memory.max": str(999 * GIB)}))
    assert (host.total, host.limit_source) == (64 * GIB, "physical")


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({}, 16),
        ({"/proc/self/status": "Cpus_allowed_list:\t0-3,8\n"}, 5),
        ({"/proc/self/status": "Cpus_allowed_list:\t7\n"}, 1),
        ({"/proc/self/status": "Name:\tx\n"}, None),
        (V2 | {f"{V2_GROUP}/cpu.max": "250000 100000"}, 2),
        (V2 | {f"{V2_GROUP}/cpu.max": "50000 100000"}, 1),
        (V2 | {f"{V2_GROUP}/cpu.max": "max 100000"}, 16),
        (V2 | {f"{V2_GROUP}/cpu.max": "6400000 100000"}, 16),
        (
            V1
            | {
                "/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "400000",
                "/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000",
            },
            4,
        ),
        (
            V1
            | {
                "/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "-1",
                "/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000",
            },
            16,
        ),
    ],
)
def test_processors_by_affinity_and_share_of_time(tree: Tree, files: dict[str, str], count: int | None) -> None:
    assert probe_host(tree(BASE | files))[0].cpu_count == count


def test_wsl2_says_who_decides_about_memory(tree: Tree) -> None:
    version = {"/proc/version": "Linux version 5.15.153.1-microsoft-standard-WSL2"}
    host, probe = probe_host(tree(BASE | version))
    assert host.platform == "wsl2"
    assert ".wslconfig" in probe.remedy


def test_an_unreadable_proc_is_broken_with_a_remedy(tree: Tree) -> None:
    host, probe = probe_host(tree({"/proc/meminfo": "nonsense"}))
    assert (host.total, probe.status) == (None, "broken")
    assert "--ram" in probe.remedy
