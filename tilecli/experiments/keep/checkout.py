"""The working tree's files that DVC tracks, as another commit has them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tilecli.experiments import dvc
from tilecli.experiments.reading import snapshot
from tilecli.experiments.reading.snapshot import Output
from tilecli.layout import Project


def check_out(project: Project, wanted: Sequence[Output], before: Sequence[Output]) -> None:
    """Bring `wanted` from the cache, over what is there; what was tracked only `before` goes.

    The files under git, dvc.lock among them, are those of the other commit already. Asks for each output by its path:
    for what dvc.yaml names and nobody has made yet, as after a search's trial that was cut short, DVC fails.
    """
    targets = [out.path for out in wanted]
    for out in before:
        if not snapshot.with_near([out.path], targets):
            _delete(project.root / out.path)
    if targets:
        dvc.plain(project.root, "checkout", "--force", "--quiet", *targets)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
