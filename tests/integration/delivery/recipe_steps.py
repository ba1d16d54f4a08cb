"""A Dockerfile carried out without Docker: its steps in fresh folders, and its command as a user of its own."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

NOBODY = 10001
_HERE = re.compile(r"(?<![\w.$/-])/(?:app|opt/venv)(?=[/\s:\"',]|$)")  # what an image would have at its root
_PIP = "pip --python {venv} install --no-cache-dir"


@dataclass
class Stage:
    """A folder that stands for a stage's root, and what was set in it."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = ""
    health: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    labels: str = ""

    def place(self, text: str) -> str:
        """Text with the image's paths as those of the folder."""
        return _HERE.sub(lambda found: f"{self.root}{found[0]}", text)


def steps(dockerfile: str) -> list[tuple[str, str]]:
    """(instruction, its words) in their order."""
    lines = re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in lines if line.strip())]


def carry_out(context: Path, scratch: Path) -> Stage:
    """Run every step; returns the last stage."""
    base = scratch / "base"
    base.mkdir()
    (base / "python").symlink_to(Path(sys._base_executable).resolve())  # type: ignore[attr-defined]
    stages: dict[str, Stage] = {}
    stage = Stage(scratch)
    for word, rest in steps((context / "Dockerfile").read_text()):
        if word == "ARG":
            assert rest.startswith(f"BASE_IMAGE=python:{sys.version_info[0]}.{sys.version_info[1]}.")
        elif word == "FROM":
            image, _, name = rest.partition(" AS ")
            assert image == "${BASE_IMAGE}"
            stage = stages[name or "last"] = Stage(scratch / (name or "last"))
            stage.root.mkdir()
        elif word == "COPY":
            *given, source, target = rest.split()
            origin = Path(stages["build"].place(source)) if given == ["--from=build"] else context / source
            _copy(origin, Path(stage.place(target)))
        elif word == "RUN":
            _run(stage, rest, base)
        else:
            _set(stage, word, rest, base)
    return stages["last"]


def _set(stage: Stage, word: str, rest: str, base: Path) -> None:
    if word == "WORKDIR":
        stage.folder = rest
        Path(stage.place(rest)).mkdir(parents=True, exist_ok=True)
    elif word == "ENV":
        for entry in shlex.split(rest):
            name, _, value = entry.partition("=")
            stage.environment[name] = stage.place(value).replace("$PATH", f"{base}:/usr/bin:/bin")
    elif word == "HEALTHCHECK":
        stage.health = json.loads(rest.partition(" CMD ")[2])
    elif word == "CMD":
        stage.command = json.loads(stage.place(rest))
    elif word == "USER":
        stage.user = rest
    elif word == "LABEL":
        stage.labels = rest
    else:
        assert word == "EXPOSE", f"the recipe has the step {word}, which nobody knows here"


def start(stage: Stage, log: Path, **variables: str) -> subprocess.Popen[bytes]:
    """The image's command in a folder that it may not write to, without a home; as root, it runs as the image's user.

    That user may read what only root may, since the interpreter of a test may lie in root's home, but write nothing.
    """
    environment = {**stage.environment, **variables}
    del environment["HOME"]
    for folder in (stage.root, *(path for path in stage.root.rglob("*") if path.is_dir() and not path.is_symlink())):
        folder.chmod(0o555)
    user: list[str] = []
    if os.geteuid() == 0:
        assert stage.user == f"{NOBODY}:{NOBODY}"
        may = "+dac_read_search"
        user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
        user += [f"--inh-caps=-all,{may}", f"--ambient-caps=-all,{may}", f"--bounding-set=-all,{may}", "--"]
    with log.open("wb") as stream:
        return subprocess.Popen(
            [*user, *stage.command], cwd=stage.place(stage.folder), env=environment, stdout=stream, stderr=stream
        )


def is_healthy(stage: Stage, **variables: str) -> bool:
    """What the health check says."""
    environment = {**stage.environment, **variables}
    return subprocess.run(stage.health, env=environment, capture_output=True, check=False).returncode == 0


def stop(process: subprocess.Popen[bytes]) -> int:
    """End it as Docker does."""
    process.send_signal(signal.SIGTERM)
    return process.wait(30)


def _run(stage: Stage, command: str, base: Path) -> None:
    command = stage.place(command)
    venv = stage.place("/opt/venv")
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv is not None:
        # The same packages from what setting up has left in its cache: half a minute of downloads less.
        quick = shlex.quote(uv)
        command = command.replace(_PIP.format(venv=venv), f"{quick} pip install --quiet --python {venv}")
        command = command.replace(f"pip --python {venv} check", f"{quick} pip check --python {venv}")
    else:
        command = command.replace("pip --python", "python -m pip --python")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=stage.place(stage.folder),
        env={**kept, "PATH": f"{base}:/usr/bin:/bin", **stage.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)
