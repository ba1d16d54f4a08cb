from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tilecli import progress
from tilecli.experiments.reporter import Reporter, is_at_work, status


def test_events_become_a_status_and_lines(tmp_path: Path) -> None:
    reporter = Reporter(tmp_path / "status.json", tmp_path / "output.log", {"pid": 1})
    heard: list[str] = []
    with progress.listen(lambda event: heard.append(event.kind)), progress.also(reporter.listen):
        progress.emit(progress.Event("begin", "stage:fetch"))
        with progress.task("check photos", 3):
            pass
        progress.emit(progress.Event("begin", "stage:train"))
        progress.epoch(2, 8, loss=0.5, valid_dice=0.25, best_dice=0.5, seconds_left=60.0)
        progress.warn("a warning")
    assert heard == ["begin", "begin", "end", "begin", "epoch", "warning"]  # whoever listened still does
    said = status(tmp_path / "status.json")
    assert (said["pid"], said["stage"], said["epoch"], said["epochs"]) == (1, "train", 2, 8)
    assert said["until"] - said["updated"] > 50
    assert (said["task"], said["done"]) == (None, None)  # of a stage that is over
    lines = (tmp_path / "output.log").read_text().splitlines()
    assert lines[0].startswith("epoch 2/8 loss 0.5")
    assert lines[1] == "warning: a warning"


def test_nothing_written_or_nonsense_is_an_empty_status(tmp_path: Path) -> None:
    assert status(tmp_path / "status.json") == {}
    for text in ("", "[1]", "{"):
        (tmp_path / "status.json").write_text(text)
        assert status(tmp_path / "status.json") == {}


def test_a_command_is_at_work_until_its_process_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    assert is_at_work({"pid": process.pid})
    assert not is_at_work({"pid": process.pid, "ended": 5.0})
    process.kill()
    process.wait()
    assert not is_at_work({"pid": process.pid})
    assert not is_at_work({})
    if os.getpgid(0) != os.getpid():
        assert not is_at_work({"pid": os.getpid()})  # somebody else has got its number
