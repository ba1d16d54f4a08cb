"""What this machine can do, asked without torch: CPU features, cores and memory that this process may really use.

Which precision follows from it is decided in `tilecli.learning.precision`.
"""

from __future__ import annotations

import math
import os
import platform
from pathlib import Path

_PROC = Path("/proc")
_CGROUP = Path("/sys/fs/cgroup")

# The features that decide about precision, as Linux spells them, and what they are good for.
FEATURES = {
    "avx2": "256-bit vectors",
    "avx512f": "512-bit vectors",
    "avx512_vnni": "int8 dot products",
    "avx512_bf16": "bf16 dot products",
    "amx_tile": "matrix tiles",
    "amx_bf16": "bf16 matrix tiles",
    "amx_int8": "int8 matrix tiles",
    "bf16": "bf16 dot products (Arm)",
}


def cpu_features(cpuinfo: Path = _PROC / "cpuinfo") -> frozenset[str]:
    """Those of `FEATURES` that the CPU has; empty where the system does not tell (other than Linux)."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in {"flags", "Features"}:
            return frozenset(value.split()) & frozenset(FEATURES)
    return frozenset()


def cpu_name(cpuinfo: Path = _PROC / "cpuinfo") -> str:
    """The CPU's own name."""
    try:
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def spin_briefly() -> None:
    """Let OpenMP's idle threads sleep after some 0.1 ms, unless the user says how; call it before torch is imported.

    By default GNU's OpenMP spins for much longer. Beside other busy processes the thread that is waited for does not
    run meanwhile: next to two trainings of one thread each, one of two threads got through 5 photos/s, and 46 so.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys():
        os.environ["GOMP_SPINCOUNT"] = "10000"


def usable_cores() -> int:
    """Cores that this process may use: the CPU affinity and a container's quota both bound it. At least 1.

    `os.cpu_count()` tells the machine's cores, and twenty threads on a quota of two are slower than two.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        cores = os.cpu_count() or 1
    quota = cgroup_cores()
    return max(1, min(cores, math.ceil(quota)) if quota else cores)


def cgroup_cores(root: Path = _CGROUP, own: Path = _PROC / "self" / "cgroup") -> float | None:
    """The tightest CPU quota, in cores, of this process's control groups; None where there is none."""
    quotas = []
    for folder in _cgroup_folders(root, own):
        quota, _, period = _first_line(folder / "cpu.max").partition(" ")  # version 2: "200000 100000" or "max 100000"
        if not quota:
            quota = _first_line(folder / "cpu.cfs_quota_us")  # version 1: -1 means none
            period = _first_line(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit() and int(period) > 0:
            quotas.append(int(quota) / int(period))
    return min(quotas, default=None)


def available_memory(
    meminfo: Path = _PROC / "meminfo", root: Path = _CGROUP, own: Path = _PROC / "self" / "cgroup"
) -> int | None:
    """Bytes that this process can still take, by the system's free memory and by its control groups; None: unknown."""
    bounds = []
    try:
        for line in meminfo.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                bounds.append(int(value.split()[0]) * 1024)
    except (OSError, ValueError):
        pass
    for folder in _cgroup_folders(root, own):
        limit, used = _first_line(folder / "memory.max"), _first_line(folder / "memory.current")
        if not limit:  # version 1
            limit, used = _first_line(folder / "memory.limit_in_bytes"), _first_line(folder / "memory.usage_in_bytes")
        if limit.isdigit() and used.isdigit():
            bounds.append(max(0, int(limit) - int(used)))
    return min(bounds, default=None)


def _cgroup_folders(root: Path, own: Path) -> list[Path]:
    """This process's control groups and all above them, innermost first (both versions' layouts)."""
    folders = [root, root / "cpu", root / "memory"]
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return folders
    for line in lines:
        _, controllers, path = line.split(":", 2)
        base = root / controllers if controllers else root
        group = base / path.lstrip("/")
        while group != base and base in group.parents:
            folders.insert(0, group)
            group = group.parent
    return folders


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
