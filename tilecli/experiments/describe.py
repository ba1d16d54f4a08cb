"""Everything that is known of one run, and what differs between two. Reads commits; changes nothing."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any

from tilecli import paramfile
from tilecli.experiments import store
from tilecli.experiments.naming import resolve
from tilecli.experiments.project import git
from tilecli.experiments.reading import snapshot
from tilecli.experiments.store import Record
from tilecli.layout import Project

_NO_MESSAGE = "dvc: commit experiment "  # what DVC writes where nobody gave a message
# The packages that figures hang on most; the rest is in environment/requirements.txt.
_TELLING_PACKAGES = ("tilecli", "torch", "segmentation-models-pytorch", "openvino", "numpy", "opencv-python-headless")


@dataclass(frozen=True)
class Description:
    """One run: what it was, what came of it, how it was trained, and how to get it again."""

    record: Record
    base: Record | None
    subject: str  # of the baseline commit
    message: str  # why it was tried; empty where nobody said
    params: dict[str, tuple[Any, Any]]  # those that differ from the baseline: (there, here)
    model: str  # MD5 of the bundle; empty where there is none
    training: dict[str, Any]
    packages: dict[str, str]
    files: tuple[str, ...]  # of the user's own that differ from the baseline: code, dvc.yaml
    commands: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Difference:
    """What differs between two revisions: (first, second), None where one has it not."""

    first: Record
    second: Record
    params: dict[str, tuple[Any, Any]]
    metrics: dict[str, tuple[Any, Any]]
    files: dict[str, str]  # path → added | deleted | changed


def describe(project: Project, name: str) -> Description:
    """Everything about the run called `name`."""
    record = resolve(project, name)
    base = store.commit(project, record.baseline) if record.baseline else None
    subject = git(project.root, "show", "-s", "--format=%s", base.rev) if base else ""
    message = git(project.root, "show", "-s", "--format=%B", record.rev) if record.rev else ""
    paths = (_relative(project, project.training / "run.json"), _relative(project, project.requirements))
    texts = snapshot.texts(project, record.rev, paths)
    params = _differing(base.params, record.params) if base else {}
    own = tuple(path for path in _changed_files(project, base, record) if path not in _made(project, base, record))
    return Description(
        record=record,
        base=base,
        subject=subject,
        message="" if message.startswith(_NO_MESSAGE) else message,
        params=params,
        model=next((out.md5 for out in snapshot.outputs(project, record.rev) if out.path == _bundle(project)), ""),
        training=snapshot.json_mapping(texts.get(paths[0])),
        packages=_packages(texts.get(paths[1], "")),
        files=own,
        commands=_commands(record, params, own),
    )


def difference(project: Project, first: str, second: str | None = None) -> Difference:
    """What differs between two revisions; `second` defaults to what the first started from."""
    one = resolve(project, first)
    if second is None:
        other = store.commit(project, one.baseline or ("HEAD" if not one.rev else f"{one.rev}^"))
    else:
        other = resolve(project, second)
    return between(project, one, other)


def between(project: Project, one: Record, other: Record) -> Difference:
    """What differs between two records."""
    changed = _changed_files(project, one, other)
    outputs = _changed_outputs(project, one, other)
    in_git = set(snapshot.with_near(outputs, changed))  # a folder of plots, say, whose files are listed already
    return Difference(
        one,
        other,
        _differing(one.params, other.params),
        _differing(one.metrics, other.metrics),
        changed | {path: how for path, how in outputs.items() if path not in in_git},
    )


def _differing(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = dict.fromkeys((*one, *other))
    return {name: (one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)}


def _changed_files(project: Project, one: Record | None, other: Record) -> dict[str, str]:
    """Path in the project → how it differs, of the files under git; the workspace's new files count too."""
    if one is None:
        return {}
    words = {"A": "added", "D": "deleted"}
    backwards = not one.rev
    revs = [record.rev for record in (one, other) if record.rev]
    if not revs:
        return {}
    listed = git(project.root, "diff", "--name-status", "-z", "--no-renames", "--relative", *revs, "--", ".").split(
        "\0"
    )
    found = {path: words.get(state, "changed") for state, path in zip(listed[::2], listed[1::2], strict=False)}
    if len(revs) == 1:
        new = git(project.root, "ls-files", "-z", "--others", "--exclude-standard", "--", ".").split("\0")
        found |= dict.fromkeys(filter(None, new), "added")
    if backwards:
        turned = {"added": "deleted", "deleted": "added"}
        found = {path: turned.get(state, state) for path, state in found.items()}
    return dict(sorted(found.items()))


def _changed_outputs(project: Project, one: Record, other: Record) -> dict[str, str]:
    """Path → how it differs, of what DVC tracks."""
    before, after = ({out.path: out for out in snapshot.outputs(project, record.rev)} for record in (one, other))
    found = {}
    for path in dict.fromkeys((*before, *after)):
        if path not in before or path not in after:
            found[path] = "added" if path in after else "deleted"
        elif before[path].md5 != after[path].md5:
            found[path] = "changed"
    return found


def _made(project: Project, one: Record | None, other: Record) -> set[str]:
    """Files that the pipeline writes, or that differ because the params do: not the user's own work."""
    if one is None:
        return set()
    outputs = [out.path for record in (one, other) for out in snapshot.outputs(project, record.rev)]
    changed = _changed_files(project, one, other)
    ignores = {path for path in changed if path.rpartition("/")[2] == ".gitignore"}
    return {*snapshot.with_near(changed, outputs), *ignores, snapshot.LOCK, _relative(project, project.params)}


def _commands(record: Record, params: dict[str, tuple[Any, Any]], own: tuple[str, ...]) -> tuple[str, ...]:
    """What to type to run it again: by hand from its baseline, and in a clean clone."""
    if not record.baseline:
        return ()
    settings = [f"-S {shlex.quote(paramfile.as_override(key, here))}" for key, (_, here) in params.items()]
    by_hand = [f"git checkout {record.baseline[:10]}"]
    if own:
        by_hand.append(f"git checkout {record.rev[:10]} -- {shlex.join(own)}")
    by_hand.append(" ".join(["tiles train", *settings, f"--name {record.name}-again"]))
    return (" && ".join(by_hand), f"tiles exp reproduce {record.name}")


def _packages(text: str) -> dict[str, str]:
    pinned = dict(line.split("==", 1) for line in text.splitlines() if "==" in line)
    return {name: pinned[name] for name in _TELLING_PACKAGES if name in pinned}


def _bundle(project: Project) -> str:
    return _relative(project, project.bundle)


def _relative(project: Project, path: Any) -> str:
    return str(path.relative_to(project.root).as_posix())
