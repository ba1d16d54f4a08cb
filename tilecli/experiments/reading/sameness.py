"""Whether everything that a comparison is read from is as it was: one fingerprint of refs, working tree and queues.

It must stand for all that `store.history` and `queue.waiting` look at; whatever they come to read belongs here too.
What git keeps in a commit never changes, so the commits' names are enough for it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tilecli.experiments.reading import dvcqueue
from tilecli.layout import Project

_RUNNING = b'"state": "running"'


def fingerprint(project: Project) -> str | None:
    """SHA-256 of all there is to compare; None where it changes by itself (something runs) or git does not answer.

    Texts count, not times: a file that is written anew with the words it had changes nothing.
    """
    if dvcqueue.is_at_work(project):
        return None
    place = _git(project.root, "rev-parse", "--git-common-dir", "--show-prefix", "HEAD")
    # The branch that is checked out and the commit behind a tag give names to the rows.
    refs = _git(project.root, "for-each-ref", "--format=%(HEAD)%(objectname) %(*objectname) %(refname)")
    if place is None or refs is None:
        return None
    common = project.root / os.fsdecode(place.split(b"\n", 1)[0])
    total = hashlib.sha256(place)
    total.update(refs)
    for path in _files(project, common):
        text = _text(path)
        if path.name == "task.json" and _RUNNING in text:
            return None  # its figures are read live, and whether its worker is alive no text tells
        total.update(b"\0%b\0%d\0" % (os.fsencode(path), len(text)))
        total.update(text)
    return total.hexdigest()


def _files(project: Project, common: Path) -> Iterator[Path]:
    yield from (project.params, project.training_metrics, project.metrics, project.lock, project.valid_dice)
    # What waits in DVC's queue and what failed there are entries of these logs.
    yield from (common / "logs" / ref for ref in (dvcqueue.WAITING, dvcqueue.FAILED))
    yield from sorted((project.scratch / "queue").glob("*/task.json"))
    yield from dvcqueue.run_files(project)


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        return f"\0{error.errno}".encode()


def _git(folder: Path, *arguments: str) -> bytes | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)
    except OSError:
        return None
    return done.stdout if not done.returncode else None
