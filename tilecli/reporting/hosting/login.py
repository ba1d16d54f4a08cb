"""How git of a runner's job shows its token to the host: by variables of one process, never on disk or in a command."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence

Entry = tuple[str, str]  # a name and a value of git's settings


def entries(environment: Mapping[str, str]) -> list[Entry]:
    """Git's settings that log a job in at its own host; none where this is no runner, or it was given no token.

    Whoever works by hand has ways of their own to reach their remote.
    """
    if environment.get("GITHUB_ACTIONS"):
        server = environment.get("GITHUB_SERVER_URL", "https://github.com")
        user, token = "x-access-token", environment.get("GITHUB_TOKEN") or environment.get("GH_TOKEN")
    elif environment.get("GITLAB_CI"):
        server = environment.get("CI_SERVER_URL", "https://gitlab.com")
        user, token = "oauth2", environment.get("GITLAB_TOKEN")
    else:
        return []
    if not token:
        return []
    said = base64.b64encode(f"{user}:{token}".encode()).decode()
    name = f"http.{server.rstrip('/')}/.extraheader"
    # The empty one takes back what a checkout may have left: hosts refuse two of them.
    return [(name, ""), (name, f"AUTHORIZATION: basic {said}")]


def variables(settings: Sequence[Entry]) -> dict[str, str]:
    """The variables that give one git process these settings, after those that it has already."""
    before = os.environ.get("GIT_CONFIG_COUNT", "0")
    first = int(before) if before.isdecimal() else 0
    found = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (name, value) in enumerate(settings, first):
        found |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    # A terminal to ask at is what a job does not have.
    return found | ({"GIT_TERMINAL_PROMPT": "0"} if settings else {})


def without_login(url: str) -> str:
    """A remote's address without the user and token that a runner may have put into it."""
    return re.sub(r"^(https?://)[^/@]*@", r"\1", url)
