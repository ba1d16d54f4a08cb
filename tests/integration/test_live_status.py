"""What runs in the working tree writes down how far it is, for whoever looks from elsewhere."""

import os
import signal
import subprocess
import sys
import time

from tilecli import files
from tilecli.experiments import dvc
from tilecli.experiments.reporter import is_at_work, status
from tilecli.layout import Project


def test_a_command_in_the_workspace_leaves_its_stage_and_its_words(tried: Project) -> None:
    dvc.repro(tried, ["train"], force=True)
    said = status(tried.live / "status.json")
    assert said["stage"] == "train"
    assert said["began"] < said["ended"]
    assert not is_at_work(said)
    assert "Running stage 'train'" in (tried.live / "output.log").read_text()

    # One that finds another at work leaves that one's words alone.
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        files.write_json(tried.live / "status.json", {"pid": other.pid, "stage": "export", "began": time.time()})
        dvc.repro(tried, ["train"], force=True)
        assert status(tried.live / "status.json")["stage"] == "export"
    finally:
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
