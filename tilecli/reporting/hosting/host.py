"""What a host of repositories must be able to do for a report, and which one this is."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from tilecli import progress
from tilecli.reporting.hosting.api import Api

Method = Literal["merge", "squash", "rebase"]
_SETTLE_WAIT_S = 2.0
_SETTLE_TRIES = 30  # a new request is looked through for conflicts first, which takes seconds


@dataclass(frozen=True)
class Request:
    """What a pull or merge request is about."""

    number: int
    url: str
    opened: bool  # neither merged nor closed
    draft: bool
    sha: str  # the last commit of its branch
    base: str  # the branch that it is to be merged into
    foreign: bool  # whether its branch is one of a fork


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
    def open_request(self, branch: str, base: str, title: str, text: str, *, draft: bool = False) -> int:
        """Open a request to merge `branch` into `base`; returns its number."""

    @abstractmethod
    def request(self, number: int) -> Request:
        """What a request is about, once the host knows whether it can be merged."""

    @abstractmethod
    def merge(self, number: int, sha: str, method: Method) -> None:
        """Merge a request, if `sha` is the last commit of its branch."""

    @abstractmethod
    def picture_url(self, commit: str, path: str) -> str:
        """Where a file of a commit can be seen."""


def settled(ask: Callable[[], dict[str, Any]], ready: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What `ask` says once it is `ready`, or after a minute."""
    for _ in range(_SETTLE_TRIES):
        found = ask()
        if ready(found):
            return found
        progress.note("the host has yet to find out whether this can be merged")
        time.sleep(_SETTLE_WAIT_S)
    return ask()


def number(value: Any) -> int | None:
    """A whole number above 0, given as one or as text; None for anything else."""
    text = str(value)
    return int(text) if text.isdecimal() and int(text) > 0 else None
