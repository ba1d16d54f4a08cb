"""A scratch repository whose pipeline takes no time: same stages, paths and formats as the real one, no torch."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

from tilecli.layout import Project

PARAMS = """\
# what is tried
data:
  photos: 3
train:
  learning_rate: 0.01
  epochs: 2
evaluate:
  bonus: 0.0
"""

# One script for all stages: figures follow from the params alone, so a second run gives the same.
STAGE = """\
import json, os, sys, time
from pathlib import Path
import yaml

def write(path, value):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=2) + "\\n")

params = yaml.safe_load(Path("params.yaml").read_text())
train = params["train"]
stage = sys.argv[1]
with Path(__file__).with_name("ran.log").open("a") as log:
    log.write(stage + "\\n")
if stage == "fetch":
    for number in range(params["data"]["photos"]):
        write(f"data/dataset/images/{number}.txt", f"photo {number}")
elif stage == "train":
    photos = len(list(Path("data/dataset/images").iterdir()))
    time.sleep(float(os.environ.get("SLOW", "0")))
    dice = 0.5 + train["learning_rate"] + photos / 100 + float(os.environ.get("DRIFT", "0"))
    write("training/checkpoints/best.ckpt", f"weights {train}")
    write("training/metrics.json", {"valid": {"dice": dice}, "epoch": train["epochs"], "seconds": 1.5})
    write("training/run.json", {
        "train": train, "seed": 0, "device": os.environ.get("DEVICE", "cpu"), "precision": "fp32", "threads": 2,
        "resumed": False, "torch": "2.6.0", "epochs": train["epochs"], "seconds": 1.5,
    })
elif stage == "export":
    write("models/bundle/model.onnx", Path("training/checkpoints/best.ckpt").read_text())
    write("models/bundle/bundle.json", {"format_version": 1})
elif stage == "evaluate":
    dice = json.loads(Path("training/metrics.json").read_text())["valid"]["dice"] - 0.05 + params["evaluate"]["bonus"]
    write("evaluation/metrics.json", {
        "dice_mean": dice, "dice_ci_low": dice - 0.1, "dice_ci_high": dice + 0.1,
        "intervals": {"dice_mean": {"low": dice - 0.1, "high": dice + 0.1}},
        "per_defect": {"crack": {"dice": dice - 0.2, "recall": 0.5, "photos": 2}, "good": {"photos": 1}},
    })
    write("evaluation/per_image.csv", f"photo,tile,defect,dice\\n1,1,crack,{dice}\\n")
    write("evaluation/predictions/1.png", f"picture {dice}")
"""

PIPELINE = """\
stages:
  fetch:
    cmd: PYTHON stage.py fetch
    params: [data]
    outs: [data/dataset]
  train:
    cmd: PYTHON stage.py train
    deps: [data/dataset]
    params: [train]
    outs:
      - training/checkpoints/best.ckpt: {persist: true}
      - training/run.json: {cache: false, persist: true}
    metrics:
      - training/metrics.json: {cache: false, persist: true}
  export:
    cmd: PYTHON stage.py export
    deps: [training/checkpoints/best.ckpt]
    outs: [models/bundle]
  evaluate:
    cmd: PYTHON stage.py evaluate
    deps: [models/bundle, training/metrics.json]
    params: [evaluate]
    outs:
      - evaluation/per_image.csv: {cache: false}
      - evaluation/predictions
    metrics:
      - evaluation/metrics.json: {cache: false}
"""


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def dvc(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def put_under_git_and_dvc(root: Path, *, inside: str = "") -> Path:
    """A repository at `root`, with DVC in its folder `inside`; returns that folder. Nothing is committed."""
    folder = root / inside
    folder.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", "-b", "main")
    git(root, "config", "user.name", "An Engineer")
    git(root, "config", "user.email", "engineer@example.org")
    from dvc.repo import Repo  # `dvc init`, without a process for it

    Repo.init(str(folder), subdir=bool(inside)).close()
    # As `tiles init` writes it: else every command would start a process that asks for a newer DVC.
    (folder / ".dvc" / "config").write_text("[core]\n    autostage = true\n    check_update = false\n")
    return folder


def lay_down(root: Path, *, inside: str = "") -> Project:
    """A repository at `root` with the fast pipeline in its folder `inside`, committed, nothing run yet."""
    folder = put_under_git_and_dvc(root, inside=inside)
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "stage.py").write_text(STAGE)
    (folder / "dvc.yaml").write_text(PIPELINE.replace("PYTHON", f"env {shlex.quote(sys.executable)}"))
    (folder / ".gitignore").write_text("ran.log\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "Set up")
    return Project(folder)


def run_baseline(project: Project) -> str:
    """Run the pipeline, commit the results, and return the commit."""
    dvc(project.root, "repro", "--quiet")
    git(project.root, "add", ".")
    git(project.root, "commit", "--quiet", "-m", "First results")
    return git(project.root, "rev-parse", "HEAD")


def run_experiment(project: Project, name: str, *overrides: str, message: str | None = None) -> str:
    """`dvc exp run` in the workspace; returns the experiment's commit."""
    settings = [part for override in overrides for part in ("--set-param", override)]
    dvc(project.root, "exp", "run", "--quiet", "--name", name, *(["-m", message] if message else []), *settings)
    return experiment_refs(project)[name]


def experiment_refs(project: Project) -> dict[str, str]:
    lines = git(project.root, "for-each-ref", "--format=%(objectname) %(refname)", "refs/exps").splitlines()
    refs = dict(reversed(line.split(" ", 1)) for line in lines)
    return {ref.split("/", 4)[4]: sha for ref, sha in refs.items() if ref.count("/") == 4}


def ran(project: Project) -> list[str]:
    """The stages that ran in this working tree, in their order."""
    log = project.root / "ran.log"
    return log.read_text().split() if log.exists() else []


def metrics(project: Project) -> dict[str, object]:
    return dict(json.loads(project.metrics.read_text()))
