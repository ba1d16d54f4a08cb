"""A repository with experiments as DVC leaves them, made with git alone: quick, and every detail can be chosen."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tilecli.layout import Project

PARAMS = "train:\n  learning_rate: {rate}\n  batch_size: 8\n"


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def metrics(dice: float) -> str:
    values = {"dice_mean": dice, "auroc": 0.9, "intervals": {"dice_mean": {"low": dice - 0.1, "high": dice + 0.1}}}
    return json.dumps(values)


def lock(trained: str, exported_from: str, bundle: str, evaluated: str) -> str:
    return f"""schema: '2.0'
stages:
  train:
    outs:
    - {{path: training/checkpoints/best.ckpt, hash: md5, md5: {trained}}}
  export:
    deps:
    - {{path: training/checkpoints/best.ckpt, hash: md5, md5: {exported_from}}}
    outs:
    - {{path: models/bundle, hash: md5, md5: {bundle}.dir}}
  evaluate:
    deps:
    - {{path: models/bundle, hash: md5, md5: {evaluated}.dir}}
"""


@dataclass
class Repository:
    """A project under git."""

    project: Project
    clock: int = 1_760_000_000

    @classmethod
    def at(cls, folder: Path, place: str = "") -> "Repository":
        """A new one in `folder`; the project stands at `place` in it."""
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "--quiet", "--initial-branch=main")
        git(folder, "config", "user.name", "test")
        git(folder, "config", "user.email", "test@localhost")
        root = folder / place
        (root / ".dvc").mkdir(parents=True)
        (root / ".gitignore").write_text("/.dvc/tmp\n")
        repository = cls(Project(root))
        repository.write({"params.yaml": PARAMS.format(rate=0.1), "dvc.yaml": "stages: {}\n"})
        return repository

    def write(self, files: dict[str, str]) -> None:
        for path, text in files.items():
            (self.project.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.project.root / path).write_text(text)

    def commit(self, message: str = "Base") -> str:
        """Commit the working tree; a minute later than the commit before."""
        self.clock += 60
        date = f"{self.clock} +0000"
        git(self.project.root, "add", "--all")
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "--allow-empty"]
        environment = {"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date, "PATH": "/usr/bin:/bin:/usr/local/bin"}
        subprocess.run([*command, "-m", message], cwd=self.project.root, env=environment, check=True)
        return git(self.project.root, "rev-parse", "HEAD")

    def experiment(self, name: str, files: dict[str, str], message: str = "dvc: commit experiment 0") -> str:
        """An experiment that starts from HEAD; the working tree is afterwards what it was."""
        base = git(self.project.root, "rev-parse", "HEAD")
        branch = git(self.project.root, "symbolic-ref", "--quiet", "HEAD")
        self.write(files)
        sha = self.commit(message)
        git(self.project.root, "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/{name}", sha)
        git(self.project.root, "update-ref", branch, base)
        git(self.project.root, "reset", "--quiet", "--hard", base)
        return sha
