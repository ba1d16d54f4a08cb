"""Presets: files with any subset of the settings of params.yaml, by name or by path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tilecli import paramfile
from tilecli.errors import ConfigError, near_matches
from tilecli.layout import shipped


def known() -> dict[str, Path]:
    """Those that are shipped: name → file."""
    return {file.stem: file for file in sorted(shipped("configs").glob("*.yaml"))}


def find(name: str) -> Path:
    """The file of a preset given by name or path."""
    listed = known()
    path = listed.get(name) or Path(name).expanduser()
    if path.is_file():
        return path
    hint = near_matches(name, list(listed)) or f"presets: {', '.join(listed)}; or the path of a YAML file"
    raise ConfigError(f"there is no preset '{name}'", where="--preset", hint=hint)


def load(path: Path) -> dict[str, Any]:
    """What a preset sets, `dotted key → value`, validated."""
    text = paramfile.read(path)
    values = paramfile.parse_yaml(text, str(path))
    paramfile.validate(values, str(path), text)
    return paramfile.flatten(values)


def about(path: Path) -> str:
    """What a shipped preset says of itself: the comment that it begins with, after the command in its first line."""
    lines = paramfile.read(path).splitlines()
    head = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return " ".join(line.lstrip("# ") for line in lines[1:head])
