"""What `tiles doctor` finds: facts of the machine, the installation and the project, each with its remedy.

Loads torch only where it is installed, because the precision that training would choose depends on it.
"""

from __future__ import annotations

import importlib.util
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from tilecli import hardware, paramfile
from tilecli.config import Params
from tilecli.errors import TilesError
from tilecli.experiments.project import git
from tilecli.experiments.remotes import address
from tilecli.experiments.remotes.settings import remotes
from tilecli.layout import Project, find_project

_EXTRAS = {
    "data": ("dvc", "gto", "jinja2", "plotly", "matplotlib"),
    "train": (
        "torch",
        "torchvision",
        "pytorch_lightning",
        "segmentation_models_pytorch",
        "albumentations",
        "dvclive",
    ),
    "onnxruntime": ("onnxruntime",),
    "s3": ("dvc_s3",),
    "ssh": ("dvc_ssh",),
}
_ENOUGH_DISK_GB = 5.0


@dataclass(frozen=True)
class Finding:
    """One line: `missing` stops work, `hint` could be better, `ok` and `fact` ask for nothing."""

    about: str
    state: Literal["ok", "missing", "hint", "fact"]
    text: str
    mend: str = ""


def diagnose() -> list[Finding]:
    """Everything there is to say, machine first."""
    return [*_machine(), *_installation(), *_precision(), *_project()]


def _machine() -> Iterator[Finding]:
    features = [name for name in hardware.FEATURES if name in hardware.cpu_features()]
    cores = hardware.usable_cores()
    yield Finding(
        "CPU",
        "fact",
        f"{hardware.cpu_name()}, {cores} usable cores, {', '.join(features) or 'no vector features known'}",
    )
    memory = hardware.available_memory()
    if memory is not None:
        low = memory < 4e9
        yield Finding(
            "memory", "hint" if low else "fact", f"{memory / 1e9:.1f} GB free" + (" (training wants 4)" if low else "")
        )
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    yield Finding("disk", "fact" if free > _ENOUGH_DISK_GB else "hint", f"{free:.0f} GB free here")
    yield Finding("Python", "fact", platform.python_version())


def _installation() -> Iterator[Finding]:
    if shutil.which("git"):
        yield Finding("git", "ok", git(Path.cwd(), "--version").removeprefix("git version "))
    else:
        yield Finding("git", "missing", "not installed", "apt-get install git")
    yield Finding("openvino", "ok", metadata.version("openvino"))
    for extra, modules in _EXTRAS.items():
        absent = [name for name in modules if importlib.util.find_spec(name) is None]
        if not absent:
            yield Finding(f"extra {extra}", "ok", "installed")
        else:
            yield Finding(f"extra {extra}", "hint", f"without {', '.join(absent)}", f'pip install "tilecli[{extra}]"')


def _precision() -> Iterator[Finding]:
    if importlib.util.find_spec("torch") is None:
        return
    from tilecli.learning.precision import choose

    try:
        params = paramfile.load(find_project().params).train
    except TilesError:
        params = Params().train
    try:
        chosen = choose(params)
    except TilesError as error:
        yield Finding("training", "missing", error.message, error.hint or "")
        return
    layout = "channels last" if chosen.channels_last else "contiguous"
    how = f"{chosen.device}, {chosen.name}, {layout}, {chosen.threads} threads"
    yield Finding("training", "ok", f"{how}: {chosen.reason}")


def _project() -> Iterator[Finding]:
    try:
        project = find_project()
    except TilesError as error:
        yield Finding("project", "hint", error.message, "tiles init")
        return
    yield Finding("project", "ok", str(project.root))
    yield from _settings(project)
    if not git(project.root, "rev-parse", "--show-toplevel", check=False):
        yield Finding("git repository", "missing", "this project is in none", "git init")
    elif not git(project.root, "rev-parse", "--verify", "HEAD", check=False):
        yield Finding("git repository", "missing", "no commit yet", 'git add . && git commit -m "Set up the project"')
    else:
        yield Finding("git repository", "ok", git(project.root, "rev-parse", "--abbrev-ref", "HEAD"))
    config = project.root / ".dvc" / "config"
    if not config.exists():
        yield Finding("DVC", "missing", "not set up here", "dvc init")
    else:
        yield _remote(project)
    steps = [
        (project.index, "photos", "tiles fetch"),
        (project.split, "split", "tiles split"),
        (project.bundle, "bundle", "tiles train"),
    ]
    for path, name, mend in steps:
        yield Finding(name, "ok", "there") if path.exists() else Finding(name, "hint", "not yet", mend)


def _remote(project: Project) -> Finding:
    try:
        known = remotes(project)
    except TilesError as error:
        return Finding("DVC remote", "missing", error.message, error.hint or "")
    if not known:
        mend = "tiles data remote add storage FOLDER_OR_URL"
        return Finding("DVC remote", "hint", "none: photos and models are on this disk only", mend)
    chosen = known[0]
    if not chosen.default:
        return Finding("DVC remote", "hint", "none is the default", f"tiles data remote default {chosen.name}")
    return Finding("DVC remote", "ok", f"{chosen.name}: {address.masked(chosen.url)}")


def _settings(project: Project) -> Iterator[Finding]:
    try:
        params = paramfile.load(project.params)
    except TilesError as error:
        yield Finding("params.yaml", "missing", f"{error.message} ({error.where})", error.hint or "")
        return
    yield Finding("params.yaml", "ok", "valid")
    weights = params.train.encoder_weights
    if params.train.arch != "compactunet" and weights not in ("auto", "imagenet", "none"):
        there = (project.root / weights).expanduser().exists()
        yield Finding("encoder weights", "ok" if there else "missing", weights if there else f"{weights} is not there")
