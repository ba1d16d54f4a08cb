"""Docker's own command line: what would be run, and running it. Nothing here goes through a shell."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tilecli.errors import DeployError, UsageError

Command = Sequence[str]
_STDERR = 2  # results alone go to standard output
# Docker's rule for NAME[:TAG], with a registry in front or without.
_TAG = re.compile(r"[a-z0-9][a-z0-9._/-]*(?::\d+/[a-z0-9._/-]+)?(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?")


def check_tag(tag: str) -> None:
    """Raise UsageError for what Docker does not take as the name of an image."""
    if not _TAG.fullmatch(tag):
        raise UsageError(f"'{tag}' is no name of an image", where="--tag", hint="--tag parts:1, registry:5000/parts:1")


def build(folder: Path, tag: str) -> Command:
    """Build the image of a context."""
    return ["docker", "build", "--tag", tag, str(folder)]


def push(tag: str) -> Command:
    """Send the image to the registry that its name says."""
    return ["docker", "push", tag]


def up(folder: Path) -> Command:
    """Build what Compose needs, and start it in the background."""
    return ["docker", "compose", "--file", str(folder / "compose.yaml"), "up", "--build", "--detach"]


def is_here() -> bool:
    """Whether there is a `docker` to run."""
    return shutil.which("docker") is not None


def run(command: Command) -> None:
    """Run it, with its words on standard error; DeployError where it fails."""
    try:
        done = subprocess.run(command, stdout=_STDERR, stdin=subprocess.DEVNULL, check=False)
    except OSError as error:
        raise DeployError(f"docker cannot be run: {error.strerror or error}", where=shlex.join(command)) from error
    if done.returncode:
        raise DeployError(
            f"docker ended with {done.returncode}; its own words are above",
            where=shlex.join(command),
            hint="`docker info` shows whether its service runs; then the same command again",
        )
