"""What the text of one of a project's files says, as plain JSON values. One function per file; None: unreadable."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tilecli import paramfile
from tilecli.errors import ConfigError
from tilecli.experiments.reading import lineage

_MODEL = ("train", "export")  # stages that make the model
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

    `tiles train --only` leaves the bundle and the evaluation of the model before.
    """
    stages = paramfile.parse_yaml(text, "dvc.lock").get("stages") or {}
    since = lineage.changes(stages)
    # What else changed, the photos for one, has made no model yet.
    old = [stage for stage in _MADE_BY if any(change.maker in _MODEL for change in since.get(stage, []))]
    outs = stages.get("export", {}).get("outs", [])
    model = next((lineage.md5(out) for out in outs if out["path"] == _BUNDLE), None)
    return {"model": model or "", "stale": [_MADE_BY[stage] for stage in old]}


def _series(text: str) -> list[float]:
    """The last column of a table of DVCLive: step, perhaps a time, value."""
    lines = text.splitlines()
    return [float(line.rpartition("\t")[2]) for line in lines[1:] if line]


_PARSERS = {"params": _params, "training": _training, "evaluation": _evaluation, "lock": _lock, "series": _series}
