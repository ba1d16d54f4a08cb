"""One run: what it was, what came of it, how it was trained, and each photo that it was measured on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tilecli.errors import TilesError
from tilecli.evaluation.records import Record as Row
from tilecli.experiments import compare, describe, evaluated, registry
from tilecli.experiments.naming import WORKSPACE
from tilecli.experiments.reading import snapshot
from tilecli.experiments.store import Record
from tilecli.layout import GOOD, Project
from tilecli.reporting.words import SHARES
from tilecli.studio import registering
from tilecli.studio.runs import following
from tilecli.studio.runs.finding import Run, find

_CAPTIONS = {
    "dice_mean": "Dice, pooled over pixels",
    "dice_photo": "Dice, mean over photos",
    "miou": "mean IoU over types",
    "defect_recall": "defects found",
    "false_alarm_rate": "good photos called defective",
    "auroc": "AUROC of photos",
    "valid.dice": "Dice on the valid subset",
}
_MENDED = {"bundle": ("the model", "tiles export"), "evaluation": ("the evaluation", "tiles eval")}
_TOLD = (  # what run.json says, in reading order
    "device", "precision", "threads", "encoder_weights", "compiled", "epochs", "epoch", "valid_dice", "seconds", "seed",
    "resumed", "reproducible", "torch",
)  # fmt: skip


def view(project: Project, query: Mapping[str, str]) -> dict[str, Any]:
    """Everything about the run `query["name"]` (without one, the workspace).

    `problem` (title, hint) alone where there is none of that name; else `head`, `figures`, `warnings`, `live` (see
    `following.live`), `params`, `environment`, `commands`, `photos`.
    """
    name = query.get("name") or WORKSPACE
    shown: dict[str, Any] = {"project": project.root.name, "name": name}
    try:
        run = find(project, name)
    except TilesError as error:
        return {**shown, "problem": {"title": error.message, "hint": error.hint or ""}}
    about = _about(project, run)
    return {
        **shown,
        "problem": None,
        "head": _head(project, run, about),
        "figures": _figures(run),
        "warnings": _warnings(run),
        "live": following.live(project, run),
        "params": _params(run.record, about),
        "environment": _environment(project, run, about),
        "commands": _commands(run, about),
        "photos": photos(project, run),
    }


def _about(project: Project, run: Run) -> describe.Description | None:
    """None for what is not written down yet, or cannot be read."""
    if run.record.baseline and not run.record.rev:
        return None
    try:
        return describe.describe(project, run.record.rev or run.name)
    except TilesError:
        return None


def _head(project: Project, run: Run, about: describe.Description | None) -> dict[str, Any]:
    record = run.record
    training = about.training if about else {}
    base = record.baseline
    return {
        "kind": "task" if run.task else record.kind,
        "name": record.name,
        "message": record.message,
        "created": record.created or None,
        "seconds": None if run.is_running else compare.finite(record.metrics.get("seconds", training.get("seconds"))),
        "model": "" if run.is_running else record.model or (about.model if about else ""),
        "commit": record.rev,
        **_version(project, run),
        "base": {"rev": base, "subject": about.subject if about else _subject(project, base)} if base else None,
        "worker": run.task.worker if run.task and run.is_running else None,
        "attempts": run.task.attempts if run.task else None,
    }


def _version(project: Project, run: Run) -> dict[str, Any]:
    """`version` of the registry that it is, if it is one, and whether it can be made one."""
    known = registry.versions(project) if run.record.rev and not run.task else []
    name = next((version.name for version in known if version.rev == run.record.rev), None)
    return {"version": name, "registrable": not run.task and bool(registering.possible([run.record], known))}


def _subject(project: Project, rev: str) -> str:
    from tilecli.experiments.project import git

    return git(project.root, "show", "-s", "--format=%s", rev, check=False)


def _figures(run: Run) -> list[dict[str, Any]]:
    """The headline figures that it has: name, what that is, value, interval, whether a higher one is better, whether it
    is said in percent.

    None while it runs: what there is then changes by the second, and stands with the progress.
    """
    record = run.record
    return (
        []
        if run.is_running
        else [
            {
                "name": name,
                "caption": _CAPTIONS.get(name, name),
                "value": compare.finite(record.metrics[name]),
                "interval": record.intervals.get(name),
                "high": compare.higher_is_better(name),
                "share": name in SHARES,
            }
            for name in compare.HEADLINE
            if isinstance(record.metrics.get(name), (int, float))
        ]
    )


def _warnings(run: Run) -> list[dict[str, str]]:
    """What is wrong with it, and what to type."""
    record = run.record
    found = [
        {"title": f"{path} cannot be read", "hint": "its figures are missing here; make it again with tiles train"}
        for path in record.broken
    ]
    for what in record.stale:
        words, command = _MENDED.get(what, (what, "tiles train"))
        title = f"{words} belongs to an older model than the last training made; its figures are left out"
        found.append({"title": title, "hint": command})
    if record.state == "failed" and run.task is not None:
        error = run.task.error
        where = f" ({error['where']})" if error.get("where") else ""
        found.append({"title": f"{error.get('message', 'it failed')}{where}", "hint": error.get("hint", "")})
    elif record.state == "failed":
        found.append({"title": "it failed", "hint": "dvc queue logs shows what it said"})
    if record.state == "stopped":
        found.append({"title": "it was stopped", "hint": f"tiles exp retry {record.name} goes on from its last epoch"})
    if record.state == "queued":
        found.append({"title": "it waits for a worker", "hint": "tiles exp start"})
    return found


def _params(record: Record, about: describe.Description | None) -> list[dict[str, Any]]:
    """Every setting, those first that differ from what it started from: name, value, and there what it was."""
    changed = about.params if about else {}
    rows = [{"name": name, "value": compare.finite(here), "was": compare.finite(there), "changed": True}
            for name, (there, here) in changed.items()]  # fmt: skip
    rows += [
        {"name": name, "value": compare.finite(value), "was": None, "changed": False}
        for name, value in record.params.items()
        if name not in changed
    ]
    return rows


def _environment(project: Project, run: Run, about: describe.Description | None) -> dict[str, Any]:
    """`training`: facts of how it was trained; `packages` and their versions; `files` of the user's own that differ."""
    path = project.requirements.relative_to(project.root).as_posix()
    rev = run.record.rev
    known = about is not None
    text = snapshot.texts(project, rev, [path]).get(path, "") if known else ""
    pinned = dict(line.split("==", 1) for line in text.splitlines() if "==" in line)
    first = about.packages if about else {}
    training = about.training if about else {}
    return {
        "training": {key: compare.finite(training[key]) for key in _TOLD if key in training},
        "packages": [[name, version] for name, version in {**first, **pinned}.items()],
        "telling": len(first),
        "files": list(about.files) if about else [],
    }


def _commands(run: Run, about: describe.Description | None) -> list[dict[str, str]]:
    """What to type to have it again, each with what that does."""
    if run.record.kind == WORKSPACE:
        return [{"does": "run what has changed since", "command": "tiles train"}]
    if run.task is not None:
        return [{"does": "follow what it says", "command": f"tiles exp logs -f {run.name}"}]
    if about is None or not about.commands:
        return []
    by_hand, clean = about.commands
    return [
        {"does": "again in a clean clone, compared with these figures", "command": clean},
        {"does": "again by hand", "command": by_hand},
        {"does": "put its files into the workspace", "command": f"tiles exp apply {run.name}"},
    ]


def photos(project: Project, run: Run) -> dict[str, Any]:
    """`rows`: one for each photo of the test subset; `problem` and `hint` where there are none."""
    if run.is_running or (run.record.baseline and not run.record.rev):
        return {"rows": [], "problem": "the photos are measured once the training is over", "hint": ""}
    try:
        rows = evaluated.rows_of(project, run.record)
    except TilesError as error:
        return {"rows": [], "problem": error.message, "hint": error.hint or ""}
    return {"rows": [_photo(row) for row in rows], "problem": None, "hint": ""}


def _photo(row: Row) -> dict[str, Any]:
    return {
        "photo": row.photo,
        "tile": row.tile,
        "defect": row.defect,
        "outcome": outcome(row),
        "verdict": row.verdict,
        "type": row.type_predicted,
        "dice": compare.finite(row.dice),
        "score": compare.finite(row.score),
        "true": row.true_px,
        "predicted": row.predicted_px,
        "wrong": row.wrong_px,
    }


def outcome(row: Row) -> str:
    """What the verdict was worth: found, missed, false alarm, rightly good, uncertain."""
    if row.verdict not in ("defect", GOOD):
        return "uncertain"
    if row.is_good:
        return "false alarm" if row.verdict == "defect" else "rightly good"
    return "found" if row.verdict == "defect" else "missed"
