"""What the text of one of a project's files says, as plain JSON values. One function per file; None: unreadable."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tilecli import paramfile
from tilecli.errors import ConfigError

# Stages that make a model and its figures, in their order.
_CHAIN = ("train", "export", "evaluate")
_MADE_BY = {"export": "bundle", "evaluate": "evaluation"}
_BUNDLE = "models/bundle"


def parse(kind: str, text: str) -> Any:
    """What `text`, a file of the given kind, says; None if it is not what it should be."""
    try:
        return _PARSERS[kind](text)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ConfigError):
        return None


def _params(text: str) -> dict[str, Any]:
    # Through JSON, so that a date reads the same today as from the cache tomorrow.
    plain = json.dumps(paramfile.flatten(paramfile.parse_yaml(text, "params.yaml")), default=str)
    values: dict[str, Any] = json.loads(plain)
    return values


def _training(text: str) -> dict[str, Any]:
    return paramfile.flatten(json.loads(text))


def _evaluation(text: str) -> dict[str, Any]:
    values = json.loads(text)
    intervals = values.pop("intervals", None)
    known = {}
    for name, ends in (intervals if isinstance(intervals, Mapping) else {}).items():
        low, high = ends["low"], ends["high"]
        if low is not None and high is not None:
            known[name] = [float(low), float(high)]
    return {"metrics": paramfile.flatten(values), "intervals": known}


def _lock(text: str) -> dict[str, Any]:
    """The model's hash, and what belongs to an older model than the last training made.

    `tiles train --only` leaves the bundle and the evaluation of the model before. DVC notes for every stage what it
    read: where that is not what the stage before has written since, the stage and all after it are of an older model.
    """
    stages = paramfile.parse_yaml(text, "dvc.lock").get("stages") or {}
    made: dict[str, tuple[str, str | None]] = {}
    for stage in _CHAIN:
        for out in stages.get(stage, {}).get("outs", []):
            made[out["path"]] = (stage, _hash(out))
    old: list[str] = []
    for stage in _CHAIN[1:]:
        if stage not in stages:
            continue
        for dep in stages[stage].get("deps", []):
            maker, now = made.get(dep["path"], ("", None))
            if maker and (maker in old or _hash(dep) != now):
                old.append(stage)
                break
    model = made.get(_BUNDLE, ("", None))[1] or ""
    return {"model": model, "stale": [_MADE_BY[stage] for stage in old]}


def _hash(entry: Mapping[str, Any]) -> str | None:
    value = entry.get(entry.get("hash", "md5"))
    return None if value is None else str(value).removesuffix(".dir")


def _series(text: str) -> list[float]:
    """The last column of a table of DVCLive: step, perhaps a time, value."""
    lines = text.splitlines()
    return [float(line.rpartition("\t")[2]) for line in lines[1:] if line]


_PARSERS = {"params": _params, "training": _training, "evaluation": _evaluation, "lock": _lock, "series": _series}
