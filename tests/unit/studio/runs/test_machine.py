from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tilecli.studio.runs.machine import parse_gpus, usage


def test_processes_of_the_group_are_added_up(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu  1000 0 500 8000 500 0 0 0 0 0\ncpu0 1 2 3\n")
    (tmp_path / "meminfo").write_text("MemTotal:       1000 kB\nMemAvailable:    400 kB\nHugePages_Total:  0\n")
    for pid, group in ((10, 10), (11, 10), (12, 7)):
        fields = ["S", "1", str(group), *["0"] * 8, "200", "100", *["0"] * 8, "5", "0"]
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "stat").write_text(f"{pid} (a name) with) spaces) {' '.join(fields)}\n")
    (tmp_path / "13").mkdir()  # one that has just ended
    found = usage(10, tmp_path)
    assert found["machine"]["busy"] == 15.0
    assert (found["machine"]["memory"], found["machine"]["memory_total"]) == (600 * 1024, 1000 * 1024)
    assert (found["run"]["busy"], found["run"]["processes"]) == (6.0, 2)
    assert found["run"]["memory"] % 10 == 0
    assert usage(99, tmp_path)["run"] is None


def test_a_system_without_proc_says_nothing(tmp_path: Path) -> None:
    found = usage(1, tmp_path / "none")
    assert (found["machine"], found["run"]) == (None, None)


def test_a_busy_process_is_seen() -> None:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
    try:
        before = usage(process.pid)["run"]
        after = before
        while before is None or after is None or after["busy"] - before["busy"] < 0.1:
            before = before or usage(process.pid)["run"]
            after = usage(process.pid)["run"]
        assert after["memory"] > 0
    finally:
        process.kill()
        process.wait()


def test_what_nvidia_smi_says() -> None:
    text = "NVIDIA H200, 37, 1024, 143771\nOdd Card, [N/A], 5, 10\nnonsense\n"
    assert parse_gpus(text) == [
        {"name": "NVIDIA H200", "load": 0.37, "memory": 1024 * 2**20, "memory_total": 143771 * 2**20},
        {"name": "Odd Card", "load": None, "memory": 5 * 2**20, "memory_total": 10 * 2**20},
    ]
