"""Runs the jobs of rendered workflows as a runner would: a fresh clone, its variables, and every shell step for real.

Steps with `uses` are skipped: the clone is the checkout. A condition that is not known here is an error.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT, bare_environment
from tests.integration.experiments import dvc, git
from tests.integration.hosts import KEY, StandIn
from tilecli import __version__, paramfile

SERVER = "https://hub.test"
_NEVER = ("vars.TILES_URL != ''",)  # no server is deployed here


@dataclass
class Ran:
    """What became of a job: exit code of its last step, the steps in their order, and all that they said."""

    code: int = 0
    steps: list[str] = field(default_factory=list)
    said: str = ""


@dataclass
class Site:
    """A bare repository, the folder of DVC's remote, and the host in front of them."""

    folder: Path
    host: StandIn

    @property
    def hub(self) -> Path:
        return self.folder / "hub.git"

    def at_hub(self, *arguments: str) -> str:
        return git(self.folder, "--git-dir", str(self.hub), *arguments)

    def clone(self, name: str, ref: str) -> Path:
        """A clone as `checkout` leaves it: on the branch, or on a tag's commit, with the whole history."""
        root = self.folder / name
        shutil.rmtree(root, ignore_errors=True)
        git(self.folder, "clone", "--quiet", "--branch", ref, str(self.hub), name)
        return root

    def environment(self, home: Path) -> dict[str, str]:
        """What every process has on these runners. pip finds tiles in place and may fetch nothing; that each of its
        150 dependencies fits, which takes half a minute, is not asked.
        """
        home.mkdir(parents=True, exist_ok=True)
        scripts = Path(sys.executable).parent
        path = os.pathsep.join([str(_programs(home)), str(scripts), os.environ["PATH"]])
        own = {"PATH": path, "PYTHONPATH": str(ROOT), "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "DVC_NO_ANALYTICS": "1"}
        return {**bare_environment(home), **own}


def put_at_hub(folder: Path, kind: str, *choices: str) -> None:
    """Give the project `parts` in `folder` a bare repository, DVC's remote `store` and workflows; push all of it."""
    root = folder / "parts"
    git(folder, "init", "--quiet", "--bare", "-b", "main", "hub.git")
    git(root, "branch", "--quiet", "--move", "main")
    git(root, "remote", "add", "origin", "../hub.git")
    (folder / "store").mkdir()
    # Relative to .dvc, as tests copy the folder.
    dvc(root, "remote", "add", "--default", "--quiet", "store", "../store")
    git(root, "commit", "--quiet", "-m", "Remote", ".dvc/config")
    tiles(root, "ci", "init", kind, "--tiles", f"tilecli[train]=={__version__}", *choices)
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "CI")
    git(root, "push", "--quiet", "--set-upstream", "origin", "main")
    tiles(root, "data", "push")


def push_experiment(site: Site, branch: str, settings: Mapping[str, Any]) -> str:
    """What an engineer does: a branch with other settings, pushed. Returns its commit."""
    root = site.folder / "parts"
    git(root, "switch", "--quiet", "--create", branch, "main")
    params = root / "params.yaml"
    params.write_text(paramfile.edit(params.read_text(), settings))
    said = ", ".join(f"{name} {value}" for name, value in settings.items())
    git(root, "commit", "--quiet", "--all", "-m", f"Try {said}")
    git(root, "push", "--quiet", "--set-upstream", "origin", branch)
    return git(root, "rev-parse", "HEAD")


def tiles(root: Path, *arguments: str) -> str:
    """What `tiles …` prints when it is typed in a folder."""
    command = [sys.executable, "-m", "tilecli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _programs(home: Path) -> Path:
    """`tiles` and `python` of this checkout first on the PATH, wherever they are installed."""
    folder = home / "bin"
    folder.mkdir(exist_ok=True)
    for name, command in (("tiles", "-m tilecli "), ("python", "")):
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {command}"$@"\n')
        (folder / name).chmod(0o755)
    return folder


def github(site: Site, file: str, job: str, ref: str, **changed: str) -> Ran:
    """Run a job of a workflow in .github/workflows on the head of a branch, or on a tag."""
    root = site.clone(f"runner-{job}", ref)
    workflow = yaml.safe_load((root / ".github" / "workflows" / file).read_text())
    asked = workflow["jobs"][job]
    temporary = site.folder / f"temp-{job}"
    temporary.mkdir(exist_ok=True)
    tag = "#" in ref
    base = {
        **site.environment(site.folder / "home"),
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": site.host.url,
        "GITHUB_SERVER_URL": SERVER,
        "GITHUB_REPOSITORY": "acme/parts",
        "GITHUB_REF": f"refs/{'tags' if tag else 'heads'}/{ref}",
        "GITHUB_REF_NAME": ref,
        "GITHUB_REF_TYPE": "tag" if tag else "branch",
        "GITHUB_SHA": git(root, "rev-parse", "HEAD"),
        "RUNNER_TEMP": str(temporary),
    }
    for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"):
        (temporary / name).touch()
        base[name] = str(temporary / name)
    base |= {name: _value(text) for name, text in asked.get("env", {}).items()}
    steps = [step for step in asked["steps"] if "run" in step and step.get("if") not in _NEVER]
    unknown = {step["if"] for step in steps if "if" in step}
    assert not unknown, unknown
    folder = root / workflow["defaults"]["run"].get("working-directory", "")

    def run(step: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        variables = {name: _value(text) for name, text in step.get("env", {}).items()}
        return _bash(step["run"], folder, {**base, **variables, **changed})

    return _in_turn([(step["name"], step) for step in steps], run)


def gitlab(site: Site, file: str, job: str, ref: str, **changed: str) -> Ran:
    """Run a job of a file in .gitlab on the head of a branch, or on a tag, as GitLab does: one shell, no branch."""
    root = site.clone(f"runner-{job}", ref)
    git(root, "checkout", "--quiet", "--detach")
    asked = yaml.safe_load((root / ".gitlab" / file).read_text())[job]
    tag = "#" in ref
    variables = {
        **site.environment(site.folder / "home"),
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_API_V4_URL": site.host.url,
        "CI_SERVER_URL": SERVER,
        "CI_PROJECT_PATH": "acme/parts",
        "CI_PROJECT_DIR": str(root),
        "CI_COMMIT_REF_NAME": ref,
        "CI_COMMIT_TAG" if tag else "CI_COMMIT_BRANCH": ref,
        "CI_COMMIT_SHA": git(root, "rev-parse", "HEAD"),
        "GITLAB_TOKEN": KEY,
        **{name: str(value).replace("$CI_PROJECT_DIR", str(root)) for name, value in asked["variables"].items()},
        **changed,
    }
    # Like GitLab's runner, which says each line before it runs it, and ends at the first that fails.
    lines = [*asked["before_script"], *asked["script"]]
    script = "\n".join(f"printf '%s\\n' {_shown(line)}\n{line}" for line in lines)

    def run(step: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        return _bash(step["run"], root, variables)

    return _in_turn([(job, {"run": script})], run)


def _in_turn(
    steps: list[tuple[str, dict[str, Any]]], run: Callable[[dict[str, Any]], subprocess.CompletedProcess[str]]
) -> Ran:
    ran = Ran()
    for name, step in steps:
        done = run(step)
        ran.steps.append(name)
        ran.said += f"=== {name}\n{done.stdout}{done.stderr}"
        ran.code = done.returncode
        if done.returncode:
            break
    assert KEY not in ran.said
    assert "Traceback" not in ran.said, ran.said
    return ran


def _bash(script: str, folder: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(
        command, cwd=folder, env=dict(variables), capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


def _value(text: str) -> str:
    """What an expression of our workflows comes to where the repository has no secrets and variables of its own."""
    known = {
        "${{ secrets.TILES_TOKEN || github.token }}": KEY,
        "${{ github.token }}": KEY,
        "${{ !secrets.TILES_TOKEN && 'tiles-develop.yaml' || '' }}": "tiles-develop.yaml",
        "${{ vars.PIP_EXTRA_INDEX_URL }}": "",
    }
    assert "${{" not in text or text in known, text
    return known.get(text, text)


def _shown(line: str) -> str:
    return shlex.quote(f"$ {line}")
