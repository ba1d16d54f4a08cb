"""A user in a project folder, whose every command is watched for calls over the network."""

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import bare_environment

# Small enough for seconds, large enough that every type has tiles.
TINY = [
    "data.sources=[sample]",
    "data.sample.tiles=24",
    "train.widths=[8,16,24]",
    "train.crop_size=64",
    "train.batch_size=8",
    "train.epochs=2",
    "train.steps_per_epoch=4",
    "evaluate.bootstrap=50",
    "evaluate.pictures=2",
]
WALL_S = 600


# In front of every Python that a session starts, DVC and its stages included: writes down who is called.
WATCH = """
import os, sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        with open(os.environ["CALLS"], "a") as stream:
            stream.write(f"{sys.argv[:3]} {event} {arguments[-1 if event == 'socket.connect' else 0]}\\n")
sys.addaudithook(watch)
"""


class Session:
    """A user in a project folder; one that has been there before where `folder` is a copy of another's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "my project"
        (folder / "home").mkdir(exist_ok=True)
        self.home = folder / "home"
        self.calls = folder / "calls.txt"
        (folder / "watch").mkdir(exist_ok=True)
        (folder / "watch" / "sitecustomize.py").write_text(WATCH)
        self.environment = bare_environment(self.home)
        self.environment |= {"CALLS": str(self.calls), "PYTHONPATH": str(folder / "watch")}

    def tiles(self, *arguments: str, code: int = 0, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-m", "tilecli", *arguments], code, cwd or self.project)

    def dvc(self, *arguments: str) -> str:
        return self._run([sys.executable, "-m", "dvc", *arguments], 0, self.project).stdout

    def git(self, *arguments: str) -> str:
        return self._run(["git", *arguments], 0, self.project).stdout

    def _run(self, command: list[str], code: int, cwd: Path) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}:{self.environment['PATH']}"
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**self.environment, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=WALL_S,
        )
        assert done.returncode == code, f"{command} → {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def metrics(self) -> dict[str, float]:
        return json.loads((self.project / "evaluation" / "metrics.json").read_text())

    def start_project(self) -> None:
        """A project in a path with spaces, with the settings of a tiny training."""
        overrides = [part for setting in TINY for part in ("-S", setting)]
        self.tiles("init", "my project", *overrides, cwd=self.folder)
