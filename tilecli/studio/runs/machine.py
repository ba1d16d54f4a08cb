"""What this machine and the processes of a run are busy with, from /proc; a GPU's load from nvidia-smi, where it is.

Figures that add up (seconds of CPU) are given as they are, with the time: whoever looks twice knows the share between.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from tilecli import hardware

_PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_GPU_EVERY_S = 5.0  # asking takes a tenth of a second of a core
_GPU_PATIENCE_S = 3
_GPU_ASKED = ("name", "utilization.gpu", "memory.used", "memory.total")


def usage(pid: int | None, proc: Path = _PROC) -> dict[str, Any]:
    """`time` (s), `cores`, `machine` and `run` (busy CPU seconds, memory in bytes), `gpus`.

    pid: leads the process group of the run. `machine` or `run` is None where /proc does not say.
    """
    return {
        "time": time.monotonic(),
        "cores": hardware.usable_cores(),
        "machine": _machine(proc),
        "run": _group(pid, proc) if pid is not None else None,
        "gpus": _gpus(),
    }


def _machine(proc: Path) -> dict[str, float] | None:
    try:
        ticks = [int(part) for part in (proc / "stat").read_text().split("\n", 1)[0].split()[1:]]
        lines = (line.split() for line in (proc / "meminfo").read_text().splitlines())
        memory = {line[0].rstrip(":"): int(line[1]) * 1024 for line in lines if len(line) > 1}
        # user, nice, system, idle, iowait, irq, softirq, steal; guests are in the first two.
        idle = ticks[3] + ticks[4]
        return {
            "cpus": float(os.cpu_count() or 1),
            "busy": (sum(ticks[:8]) - idle) / _TICKS_PER_S,
            "memory": float(memory["MemTotal"] - memory["MemAvailable"]),
            "memory_total": float(memory["MemTotal"]),
        }
    except (OSError, ValueError, KeyError, IndexError):
        return None


def _group(leader: int, proc: Path) -> dict[str, float] | None:
    """All processes of the group that `leader` leads."""
    busy = memory = 0.0
    count = 0
    try:
        processes = [path.name for path in proc.iterdir() if path.name.isdigit()]
    except OSError:
        return None
    wanted = str(leader).encode()
    for name in processes:  # some hundreds, every other second, beside a training
        try:
            with open(f"{proc}/{name}/stat", "rb", buffering=0) as stream:  # noqa: PTH123 - half of its time
                text = stream.read()
            # The name of a process stands in parentheses and may hold anything.
            parts = text[text.rindex(b")") + 1 :].split(None, 23)
            if parts[2] != wanted:
                continue
            busy += (int(parts[11]) + int(parts[12])) / _TICKS_PER_S
            memory += int(parts[21]) * _PAGE_BYTES
            count += 1
        except (OSError, ValueError, IndexError):  # it has ended meanwhile
            continue
    return {"busy": busy, "memory": memory, "processes": float(count)} if count else None


class _Smi:
    """Asks nvidia-smi, but not more often than every few seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._said: list[dict[str, Any]] = []

    def __call__(self) -> list[dict[str, Any]]:
        command = shutil.which("nvidia-smi")
        if command is None:
            return []
        with self._lock:
            if time.monotonic() - self._asked >= _GPU_EVERY_S:
                self._said = parse_gpus(_ask(command))
                self._asked = time.monotonic()
            return self._said


_gpus = _Smi()


def _ask(command: str) -> str:
    arguments = [f"--query-gpu={','.join(_GPU_ASKED)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(
            [command, *arguments], capture_output=True, text=True, timeout=_GPU_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def parse_gpus(text: str) -> list[dict[str, Any]]:
    """nvidia-smi's table: of each GPU name, load (0–1), memory used and there (bytes); None for what is not said."""
    found = []
    for line in text.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) != len(_GPU_ASKED):
            continue
        load, used, total = (float(part) if part.replace(".", "", 1).isdigit() else None for part in parts[1:])
        found.append({
            "name": parts[0],
            "load": None if load is None else load / 100,
            "memory": None if used is None else used * 2**20,
            "memory_total": None if total is None else total * 2**20,
        })  # fmt: skip
    return found
