"""What is chosen for the workflows of a project, and what follows from it. Reads nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tilecli import __version__
from tilecli.errors import UsageError
from tilecli.experiments.remotes.settings import Remote

HostName = Literal["github", "gitlab"]
Runner = Literal["hosted", "self-hosted", "cml-aws"]
Target = Literal["docker", "heroku", "none"]
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*\*?")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_APP = re.compile(r"[a-z0-9][a-z0-9._/:-]*[a-z0-9]")
_HEROKU = re.compile(r"[a-z][a-z0-9-]{1,23}[a-z0-9]")  # with -prod behind it at most 30 characters
_EXTRAS = re.compile(r"\[([\w, -]+)\]")
_OWN_EXTRAS = ("s3", "ssh")  # kinds of remotes that need an extra of their name


@dataclass(frozen=True)
class Choices:
    """All of it; UsageError for what no workflow could hold."""

    host: HostName
    runner: Runner = "hosted"
    base: str = "main"  # runs are compared with it, and merged into it
    branches: str = "exp*"  # whose pushes are experiments
    deploy: Target = "docker"
    app: str = "tiles"  # an image's name, or the beginning of Heroku's
    tiles: str = ""  # what pip installs; empty: this version
    gate: tuple[str, ...] = ()  # options of `tiles report gate`
    auto_merge: bool = False
    labels: tuple[str, ...] = ("tiles",)  # of runners of one's own
    cloud_type: str = "g4dn.xlarge"
    cloud_region: str = "us-east-1"
    hours: int = 6  # after which an experiment is stopped
    folder: str = ""  # of the project in its repository
    storage: Remote | None = None  # DVC's default remote

    def __post_init__(self) -> None:
        """Refuse what would break a workflow, or let a name become a command in it."""
        checks = (
            (_BRANCH, self.base, "--base", "a branch, such as main"),
            (_PATTERN, self.branches, "--branches", "a name with a * at its end, such as exp*"),
            *((_LABEL, label, "--labels", "letters, digits, . _ and -") for label in self.labels),
            (_LABEL, self.cloud_type, "--cloud-type", "such as g4dn.xlarge"),
            (_LABEL, self.cloud_region, "--cloud-region", "such as us-east-1"),
        )
        for form, value, option, hint in checks:
            if not form.fullmatch(value) or ".." in value:
                raise UsageError(f"'{value}' cannot stand in a workflow", where=option, hint=hint)
        if not self.labels:
            raise UsageError("a runner of one's own needs a label", where="--labels", hint="--labels tiles,gpu")
        if self.deploy == "heroku" and not _HEROKU.fullmatch(self.app):
            hint = "3 to 25 small letters, digits and -, for the apps NAME-dev and NAME-prod"
            raise UsageError(f"'{self.app}' is no name of Heroku's", where="--app", hint=hint)
        if self.deploy == "docker" and not _APP.fullmatch(self.app):
            hint = "an image's name without a tag, such as registry.example.org/acme/parts"
            raise UsageError(f"'{self.app}' is no name of an image", where="--app", hint=hint)
        if any(sign in self.spec for sign in "\n\r\0"):
            raise UsageError("--tiles is what pip installs, on one line", where="--tiles")
        if self.host == "gitlab" and self.pattern_matches(self.base):
            raise UsageError(f"'{self.base}' is one of the branches '{self.branches}'", where="--branches")

    @property
    def spec(self) -> str:
        """What an experiment's job installs."""
        if self.tiles:
            return self.tiles
        extra = self.storage_kind if self.storage_kind in _OWN_EXTRAS else ""
        return f"tilecli[{','.join(filter(None, ('train', extra)))}]=={__version__}"

    @property
    def small_spec(self) -> str:
        """What a job installs that only reads records and deploys: without torch."""
        found = _EXTRAS.search(self.spec)
        if found is None:
            return self.spec
        extras = ["data" if extra.strip() == "train" else extra.strip() for extra in found[1].split(",")]
        return f"{self.spec[: found.start()]}[{','.join(extras)}]{self.spec[found.end() :]}"

    @property
    def stem(self) -> str:
        """How the branches of experiments begin."""
        return self.branches.removesuffix("*")

    @property
    def storage_kind(self) -> str:
        """Of DVC's default remote; empty where there is none, or it is a folder."""
        return self.storage.kind if self.storage else ""

    def pattern_matches(self, branch: str) -> bool:
        """Whether a branch of this name is an experiment."""
        return branch.startswith(self.stem) if self.branches.endswith("*") else branch == self.branches
