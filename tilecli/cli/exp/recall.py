"""Gives an answer that was given before, as long as nothing it was read from has changed.

Most looks at the table are second looks. Reading 200 experiments anew takes little, but importing what parses a
command line and draws a table takes longer than that; so the answer itself is kept, under a hash of the question and of
everything it was read from, and asked for before any of that is imported. Imports nothing heavy, and nothing of typer.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tilecli import __version__
from tilecli.errors import ProjectError
from tilecli.layout import Project, find_project

KEPT = 32  # answers; each is as long as what was printed
# What changes how the same rows are printed.
_VARIABLES = (
    "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "COLORTERM", "TTY_COMPATIBLE",
    "TTY_INTERACTIVE", "TILES_ALWAYS_HINT", "TILES_TRACEBACK", "TZ", "LANG", "LC_ALL", "LC_TIME", "PYTHONIOENCODING",
    "PYTHONUTF8",
)  # fmt: skip


@dataclass
class Question:
    """One command line on one state of a project, and where its answer is kept."""

    path: Path
    said: list[tuple[str, str]] = field(default_factory=list)  # ("out" | "err", text), in their order

    def answer(self) -> bool:
        """Print the kept answer; False where there is none."""
        try:
            said = json.loads(self.path.read_text(encoding="utf-8"))
            parts = [(sys.stdout if where == "out" else sys.stderr, str(text)) for where, text in said]
        except (OSError, ValueError, TypeError):
            return False
        with contextlib.suppress(OSError):
            os.utime(self.path)  # the longest unasked goes first
        for stream, text in parts:
            stream.write(text)
        return True

    def keep(self) -> None:
        """Keep what was said; a place that cannot be written to is no reason to complain about an answer."""
        from tilecli import files

        with contextlib.suppress(OSError):
            files.write_text(self.path, json.dumps(self.said))
            kept = sorted(self.path.parent.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
            for path in kept[KEPT:]:
                path.unlink(missing_ok=True)


_asked: Question | None = None  # what this process was asked, where an answer may be kept


def recall(arguments: list[str]) -> bool:
    """Answer `arguments` (those of the command line) from what is kept; False where they must be worked out."""
    global _asked  # noqa: PLW0603 - one process answers one command line
    if arguments[:2] != ["exp", "compare"] or "--help" in arguments or "-h" in arguments:
        return False
    try:
        project = find_project()
    except ProjectError:
        return False
    key = _key(project, arguments)
    if key is None:
        return False
    question = Question(project.scratch / "answers" / f"{key}.json")
    try:
        if question.answer():
            sys.stdout.flush()
            return True
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    _asked = question
    return False


@contextlib.contextmanager
def keeping() -> Iterator[None]:
    """Keep what the block prints as the answer to this process's command line, if it ends well."""
    if _asked is None:
        yield
        return
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _heard(streams[0], "out", _asked), _heard(streams[1], "err", _asked)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
    _asked.keep()


def _key(project: Project, arguments: list[str]) -> str | None:
    """A hash of the question and of everything its answer depends on; None where it can change unseen."""
    # `main@{yesterday}` means another commit tomorrow.
    if any("@{" in argument for argument in arguments) or not (project.root / ".dvc").is_dir():
        return None
    import hashlib
    import time

    from tilecli.experiments.reading import sameness

    state = sameness.fingerprint(project)
    if state is None:
        return None
    asked = [
        arguments,
        state,
        [os.environ.get(name) for name in _VARIABLES],
        [_shape(stream) for stream in (sys.stdout, sys.stderr)],
        time.strftime("%Y-%m-%d"),  # today's experiments are shown by the hour
        str(project.root),
        __version__,
        _code(),
    ]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _shape(stream: TextIO) -> list[Any]:
    """What a table is fitted to: a terminal and its size."""
    try:
        if stream.isatty():
            return [*os.get_terminal_size(stream.fileno()), stream.encoding]
    except (OSError, ValueError):
        pass
    return [stream.encoding]


def _code() -> float:
    """When the code that reads and draws was last changed: whoever works on tiles wants to see it work."""
    package = Path(__file__).parents[2]
    folders = [package / "cli", package / "cli" / "exp", package / "experiments", package / "experiments" / "reading"]
    entries = (entry for folder in folders for entry in os.scandir(folder))
    return max(entry.stat().st_mtime for entry in entries if entry.name.endswith(".py"))


def _heard(stream: TextIO, where: str, question: Question) -> Any:
    """`stream`, with all that is written to it noted."""
    return _Heard(stream, where, question)


class _Heard:
    def __init__(self, stream: TextIO, where: str, question: Question) -> None:
        self._stream, self._where, self._said = stream, where, question.said

    def write(self, text: str) -> int:
        self._said.append((self._where, text))
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
