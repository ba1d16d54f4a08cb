"""A run's pictures and tables as a folder of their own, so that they can be looked at beside the workspace's."""

from __future__ import annotations

from pathlib import Path

from tilecli import files
from tilecli.errors import ProjectError
from tilecli.experiments.project import git
from tilecli.experiments.reading import dvccache, objects, snapshot
from tilecli.experiments.store import Record
from tilecli.layout import Project


def lay_out(project: Project, record: Record) -> Path:
    """Copy what the evaluation of `record` made to a folder under .dvc/tmp, once, and return the folder.

    A commit never changes, so a folder that is there is right.
    """
    if not record.rev:
        return project.evaluation
    folder = project.scratch / "open" / record.name.replace("/", "-")
    mark = folder / ".commit"
    if mark.is_file() and mark.read_text(encoding="utf-8") == record.rev:
        return folder
    inside = project.evaluation.relative_to(project.root).as_posix()
    plain = [
        path
        for path in snapshot.tree(project, record.rev)
        if path.startswith(f"{inside}/") and not path.endswith(".gitignore")
    ]
    tracked = [out for out in snapshot.tracked_by_dvc(project, record.rev) if snapshot.overlap(out.path, inside)]
    if not plain and not tracked:
        raise ProjectError(f"'{record.name}' was not evaluated, so it has no pictures", where=record.rev[:7])
    dvccache.require(project, tracked, record.name)
    here = dvccache.of(project)
    prefix = git(project.root, "rev-parse", "--show-prefix")
    with files.whole_folder(folder) as new:
        for out in tracked:
            here.restore(out, new / Path(out.path).relative_to(inside))
        contents = objects.read(project.root, [f"{record.rev}:{prefix}{path}" for path in plain])
        for path, content in zip(plain, contents, strict=True):
            file = new / Path(path).relative_to(inside)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content or b"")
        (new / mark.name).write_text(record.rev, encoding="utf-8")
    return folder
