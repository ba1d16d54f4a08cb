from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tilecli import hardware


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flags\t\t: fpu sse avx2 avx512f avx512_bf16 amx_bf16", {"avx2", "avx512f", "avx512_bf16", "amx_bf16"}),
        ("Features\t: fp asimd bf16", {"bf16"}),
        ("vendor_id : Somebody", set()),
    ],
)
def test_features_are_read_as_linux_spells_them(tmp_path: Path, line: str, expected: set[str]) -> None:
    assert hardware.cpu_features(write(tmp_path / "cpuinfo", f"processor : 0\n{line}\n")) == expected


def test_no_cpuinfo_means_no_known_features(tmp_path: Path) -> None:
    assert hardware.cpu_features(tmp_path / "missing") == frozenset()
    assert hardware.cpu_name(tmp_path / "missing")


@pytest.mark.parametrize(("text", "expected"), [("150000 100000", 1.5), ("max 100000", None)])
def test_a_quota_of_version_2_bounds_the_cores(tmp_path: Path, text: str, expected: float | None) -> None:
    own = write(tmp_path / "own", "0::/job/inner\n")
    write(tmp_path / "cgroup" / "job" / "cpu.max", text)
    assert hardware.cgroup_cores(tmp_path / "cgroup", own) == expected


def test_the_tightest_of_nested_quotas_counts(tmp_path: Path) -> None:
    own = write(tmp_path / "own", "0::/job/inner\n")
    write(tmp_path / "cgroup" / "job" / "cpu.max", "100000 100000")
    write(tmp_path / "cgroup" / "job" / "inner" / "cpu.max", "400000 100000")
    assert hardware.cgroup_cores(tmp_path / "cgroup", own) == 1.0


def test_a_quota_of_version_1_bounds_the_cores(tmp_path: Path) -> None:
    own = write(tmp_path / "own", "4:cpu:/job\n3:memory:/job\n")
    write(tmp_path / "cgroup" / "cpu" / "job" / "cpu.cfs_quota_us", "50000")
    write(tmp_path / "cgroup" / "cpu" / "job" / "cpu.cfs_period_us", "100000")
    assert hardware.cgroup_cores(tmp_path / "cgroup", own) == 0.5


def test_memory_is_the_least_of_what_system_and_container_leave(tmp_path: Path) -> None:
    meminfo = write(tmp_path / "meminfo", "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
    own = write(tmp_path / "own", "0::/job\n")
    assert hardware.available_memory(meminfo, tmp_path / "cgroup", own) == 8000 * 1024
    write(tmp_path / "cgroup" / "job" / "memory.max", "3000000")
    write(tmp_path / "cgroup" / "job" / "memory.current", "1000000")
    assert hardware.available_memory(meminfo, tmp_path / "cgroup", own) == 2_000_000


def test_there_is_always_a_core_and_no_more_than_the_affinity() -> None:
    assert 1 <= hardware.usable_cores() <= len(os.sched_getaffinity(0))


def test_threads_sleep_soon_unless_the_user_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"OMP_WAIT_POLICY": "active"}
    monkeypatch.setattr(os, "environ", environment)
    hardware.spin_briefly()
    assert environment == {"OMP_WAIT_POLICY": "active"}
    environment.clear()
    hardware.spin_briefly()
    assert environment == {"GOMP_SPINCOUNT": "10000"}


def test_the_training_says_so_before_torch_is_there() -> None:
    code = "import sys, tilecli.stages.train; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
