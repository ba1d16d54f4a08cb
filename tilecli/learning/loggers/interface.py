"""What a logger is told, and what it is given to begin with. Knows no tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from tilecli.data.preprocess import Uint8

Ending = Literal["finished", "stopped", "failed"]


@dataclass(frozen=True)
class Run:
    """One training, as every logger is told of it."""

    project: str  # the project folder's name
    name: str  # the experiment's
    folder: Path  # where this logger writes; shared by all runs
    settings: Mapping[str, Any] = field(default_factory=dict)  # dotted key → value of params.yaml
    facts: Mapping[str, Any] = field(default_factory=dict)  # precision, device, encoder weights really used, …
    after: int = 0  # epochs that an interrupted run had finished; 0: a fresh one
    identity: str = ""  # what this logger called the interrupted run

    def texts(self) -> dict[str, str]:
        """Settings and facts as text."""
        return {name: str(value) for name, value in {**self.settings, **self.facts}.items()}


class RunLogger(Protocol):
    """Keeps one run's record in one tool's form. Epochs count from 1."""

    @property
    def identity(self) -> str:
        """What the tool calls the run; a resumed run is given it again."""

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Keep an epoch's figures, such as `valid/dice`."""

    def picture(self, number: int, name: str, image: Uint8) -> None:
        """Keep an H×W×3 RGB picture of epoch `number`."""

    def end(self, how: Ending) -> None:
        """The run is over; close every file."""
