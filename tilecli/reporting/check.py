"""One demand on a run, or on what was deployed, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One demand and what became of it."""

    about: str
    passed: bool
    words: str
