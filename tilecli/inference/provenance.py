"""Where a bundle's weights come from, as written into bundle.json: code, settings, data, training figures."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tilecli import __version__, files
from tilecli.data.preprocess import InputContract
from tilecli.layout import Project


def read_contract(facts: dict[str, Any]) -> InputContract:
    """The input contract as a checkpoint's facts hold it."""
    return InputContract(
        short_side=int(facts["short_side"]),
        multiple=int(facts["multiple"]),
        mean=tuple(float(value) for value in facts["mean"]),
        std=tuple(float(value) for value in facts["std"]),
        channels=int(facts["channels"]),
    )


def training_facts(project: Project, facts: dict[str, Any]) -> dict[str, Any]:
    """Where the weights come from: code, settings, data. Nothing that differs between two equal runs."""
    rest = {key: value for key, value in facts.items() if key not in ("train", "input", "classes")}
    metrics: Any = None
    if project.training_metrics.is_file():
        metrics = json.loads(project.training_metrics.read_text(encoding="utf-8"))
    return {
        "commit": _commit(project.root),
        "tiles": __version__,
        "params": facts["train"],
        "data": files.sha256(project.index),
        "split": files.sha256(project.split),
        **rest,
        "metrics": metrics,
    }


def _commit(folder: Path) -> str | None:
    """The Git commit that the project stands on; None outside a repository or without Git."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--verify", "HEAD"], cwd=folder, capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
