"""Typed access to a bundle's facts, with errors that a user can act on."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from tilecli.errors import ModelError

EXPORT = "tiles export"  # what mends a bundle


class Reader:
    """Typed access to the keys of a JSON object; every error names the file and the dotted key."""

    def __init__(self, path: Path, values: Any, prefix: str = "") -> None:
        self.path, self.prefix = path, prefix
        if not isinstance(values, dict):
            raise self.wrong("", "an object", values)
        self.values: dict[str, Any] = values

    def wrong(self, key: str, wanted: str, found: Any) -> ModelError:
        """The error for a value of the wrong kind."""
        name = f"{self.prefix}{key}".rstrip(".")
        what = f"{name} should be {wanted}" if name else f"this should be {wanted}"
        return ModelError(f"{what}, is {json.dumps(found)}", where=f"{self.path}: {name or 'top'}", hint=EXPORT)

    def _get(self, key: str) -> Any:
        if key not in self.values:
            name = f"{self.prefix}{key}"
            raise ModelError(f"the bundle lacks {name}", where=f"{self.path}: {name}", hint=EXPORT)
        return self.values[key]

    def section(self, key: str) -> Reader:
        """An object."""
        return Reader(self.path, self._get(key), f"{self.prefix}{key}.")

    def whole(self, key: str, least: int) -> int:
        """A whole number of at least `least`."""
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self.wrong(key, f"a whole number from {least}", value)
        return value

    def number(self, key: str) -> float:
        """A finite number."""
        value = self._get(key)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
            raise self.wrong(key, "a number", value)
        return float(value)

    def share(self, key: str) -> float:
        """A number between 0 and 1, both excluded."""
        value = self.number(key)
        if not 0.0 < value < 1.0:
            raise self.wrong(key, "a number between 0 and 1", value)
        return value

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of finite numbers."""
        value = self._get(key)
        if not isinstance(value, list):
            raise self.wrong(key, "a list of numbers", value)
        inner = Reader(self.path, {str(i): item for i, item in enumerate(value)}, f"{self.prefix}{key}.")
        return tuple(inner.number(name) for name in inner.values)

    def text(self, key: str) -> str:
        """A text."""
        value = self._get(key)
        if not isinstance(value, str):
            raise self.wrong(key, "a text", value)
        return value

    def texts(self, key: str) -> list[str]:
        """A list of texts that is not empty."""
        value = self._get(key)
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "a list of names", value)
        return value
