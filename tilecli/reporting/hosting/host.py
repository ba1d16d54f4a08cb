"""What a host of repositories must be able to do for a report, and which one this is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from tilecli.reporting.hosting.api import Api


class Host(ABC):
    """One repository on a host."""

    repository_variable: str  # of the runner's environment
    most_characters: int  # of a comment
    api: Api

    @abstractmethod
    def request_of(self, branch: str) -> int | None:
        """The number of the pull or merge request that this job is about, or of the open one from `branch`."""

    @abstractmethod
    def comments(self, request: int) -> Iterable[tuple[str, str]]:
        """(path in the API, text) of every comment."""

    @abstractmethod
    def create(self, request: int, text: str) -> str:
        """Post a comment; returns where it can be seen."""

    @abstractmethod
    def update(self, comment: str, text: str) -> str:
        """Replace the text of a comment, given its path; returns where it can be seen."""

    @abstractmethod
    def picture_url(self, commit: str, path: str) -> str:
        """Where a file of a commit can be seen."""


def number(value: Any) -> int | None:
    """A whole number above 0, given as one or as text; None for anything else."""
    text = str(value)
    return int(text) if text.isdecimal() and int(text) > 0 else None
