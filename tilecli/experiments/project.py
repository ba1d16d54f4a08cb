"""The git and DVC side of a project: what must stand before a pipeline or an experiment can run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from tilecli import progress
from tilecli.errors import ProjectError
from tilecli.layout import Project

# What git and DVC both take as the last part of a ref.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_QUALITIES = ("calm", "clear", "crisp", "even", "fine", "firm", "keen", "level", "plain", "prime", "smooth", "sound")
_THINGS = ("arc", "bevel", "chamfer", "core", "edge", "facet", "grain", "groove", "pole", "ridge", "seam", "slab")

NOBODY = ("tiles", "tiles@localhost")  # who commits where git knows no name; set for this repository only


def git(
    folder: Path,
    *arguments: str,
    check: bool = True,
    variables: Mapping[str, str] | None = None,
    given: str | None = None,
) -> str:
    """Output of a git command in `folder`, stripped; ProjectError with git's words if it fails and `check` is set.

    `given`: what the command reads on its standard input.
    """
    if shutil.which("git") is None:
        raise ProjectError("git is not installed", hint="install git (Debian: apt-get install git)")
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **(variables or {})},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and check:
        raise ProjectError(f"git {' '.join(arguments)} failed: {done.stderr.strip()}", where=str(folder))
    return done.stdout.strip() if not done.returncode else ""


def push_url(folder: Path, remote: str) -> str:
    """Where git pushes to for a remote of that name; ProjectError where there is none."""
    url = git(folder, "remote", "get-url", "--push", remote, check=False)
    if not url:
        hint = f"git remote add {remote} URL"
        raise ProjectError(f"there is no git remote '{remote}'", where=str(folder), hint=hint)
    return url


def prepare(project: Project, *, commit_needed: bool = False) -> None:
    """Check that git and DVC are set up here; raise ProjectError with the command that mends it."""
    if not git(project.root, "rev-parse", "--show-toplevel", check=False):
        raise ProjectError(
            "this project is not in a git repository", where=str(project.root), hint="git init && dvc init"
        )
    if not (project.root / ".dvc" / "config").exists():
        raise ProjectError("DVC is not set up in this project", where=str(project.root), hint="dvc init")
    if commit_needed and not git(project.root, "rev-parse", "--verify", "HEAD", check=False):
        raise ProjectError(
            "the repository has no commit yet, and an experiment needs one to start from",
            where=str(project.root),
            hint='git add . && git commit -m "Set up the project"',
        )
    if commit_needed and not git(project.root, "ls-files", "dvc.yaml"):
        raise ProjectError(
            "dvc.yaml is not under git, so an experiment could not be rebuilt from a commit",
            where=str(project.root),
            hint='git add . && git commit -m "Set up tiles"',
        )
    ensure_identity(project.root)


def ensure_identity(folder: Path) -> None:
    """Give git a name to commit with where it has none: in this repository only, and said once."""
    if git(folder, "config", "user.name", check=False) and git(folder, "config", "user.email", check=False):
        return
    name, email = NOBODY
    git(folder, "config", "--local", "user.name", name)
    git(folder, "config", "--local", "user.email", email)
    progress.note(f"git knows no name; commits here are by '{name}' until you set user.name and user.email")


def experiment_name(project: Project, wanted: str | None) -> str:
    """`wanted` if git takes it and no experiment has it; else a short readable one."""
    return experiment_names(project, [wanted])[0]


def experiment_names(project: Project, wanted: Sequence[str | None], queued: Collection[str] = ()) -> list[str]:
    """Each of `wanted` if git takes it, and no experiment nor one of `queued` has it; short readable ones for None.

    Raises ProjectError with the name that cannot be.
    """
    tried = _taken(project)
    taken = tried | set(queued)
    fresh = _readable_names(taken | {name for name in wanted if name})
    given: list[str] = []
    for name in wanted:
        if name is None:
            given.append(next(fresh))
            continue
        _check_free(name, tried, "--name ")
        if name in taken:
            raise ProjectError(f"'{name}' is queued already", hint="give another --name, or tiles exp clear")
        taken.add(name)
        given.append(name)
    return given


def check_name(project: Project, wanted: str) -> None:
    """Refuse a name that git does not take, or that an experiment has."""
    _check_free(wanted, _taken(project))


def check_form(wanted: str) -> None:
    """Refuse what git or DVC would not take as an experiment's name."""
    if not _NAME.fullmatch(wanted):
        raise ProjectError(f"'{wanted}' cannot be an experiment's name", hint="letters, digits, - and _")


def _check_free(wanted: str, taken: Collection[str], option: str = "") -> None:
    check_form(wanted)
    if wanted in taken:
        free = next(f"{wanted}-{number}" for number in range(2, 10**6) if f"{wanted}-{number}" not in taken)
        raise ProjectError(f"there is an experiment '{wanted}' already", hint=f"{option}{free}")


def _readable_names(taken: Collection[str]) -> Iterator[str]:
    """Names that are not among `taken`, each once."""
    import random

    # Names are for people; chance decides, and must not touch the seeds of the training.
    chooser = random.SystemRandom()
    words = [f"{quality}-{thing}" for quality in _QUALITIES for thing in _THINGS]
    yield from (name for name in chooser.sample(words, len(words)) if name not in taken)
    given: set[str] = set()
    while True:  # the words are used up
        name = f"run-{chooser.randrange(10**6)}"
        if name not in taken and name not in given:
            given.add(name)
            yield name


def _taken(project: Project) -> set[str]:
    refs = git(project.root, "for-each-ref", "--format=%(refname)", "refs/exps")
    return {ref.split("/", 4)[4] for ref in refs.splitlines() if ref.count("/") >= 4}
