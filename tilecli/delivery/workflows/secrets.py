"""The secrets and variables that workflows need: what for, and how each is set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilecli.experiments.remotes.settings import Remote

if TYPE_CHECKING:
    from tilecli.delivery.workflows.choices import Choices


@dataclass(frozen=True)
class Secret:
    """One secret, or a variable, which may be seen."""

    name: str
    why: str
    needed: bool = True
    secret: bool = True
    stages: tuple[str, ...] = ()  # environments that have a value each; none: the repository has one

    def commands(self, host: str) -> list[str]:
        """How to set it: `gh …` for GitHub, `glab …` for GitLab, which ask for the value."""
        if host == "github":
            verb = "secret" if self.secret else "variable"
            return [f"gh {verb} set {self.name}{f' --env {stage}' if stage else ''}" for stage in self.stages or ("",)]
        masked = " --masked" if self.secret else ""
        # glab takes the value from standard input; what is typed stays out of the shell's history.
        return [
            f"glab variable set {self.name}{masked}{f' --scope {stage}' if stage else ''}"
            for stage in self.stages or ("",)
        ]


_STORAGE = {
    "s3": (
        Secret("AWS_ACCESS_KEY_ID", "the DVC remote: who"),
        Secret("AWS_SECRET_ACCESS_KEY", "the DVC remote: that one's key; may read and write this bucket, nothing else"),
    ),
    "ssh": (Secret("TILES_SSH_KEY", "the DVC remote: a private key without a passphrase, of a user for this alone"),),
    "azure": (Secret("AZURE_STORAGE_CONNECTION_STRING", "the DVC remote"),),
    "http": (Secret("TILES_REMOTE_PASSWORD", "the DVC remote: the password of its user"),),
}
STAGES = ("development", "production")  # environments


def of_storage(remote: Remote | None) -> tuple[Secret, ...]:
    """Those by which a job reaches DVC's default remote."""
    if remote is None:
        return ()
    if remote.kind in ("http", "https"):
        # One that asks for no password needs none here.
        return _STORAGE["http"] if remote.settings.get("auth", "").lower() in ("basic", "digest") else ()
    return _STORAGE.get(remote.kind, ())


def of(choices: Choices) -> list[Secret]:
    """All that these workflows use, the needed ones first."""
    found = [*_token(choices), *of_storage(choices.storage)]
    if choices.runner == "cml-aws" and choices.storage_kind != "s3":
        found += [
            Secret(one.name, "starts the machine that trains: may run and end EC2 instances") for one in _STORAGE["s3"]
        ]
    if choices.deploy == "docker":
        found += [
            Secret("REGISTRY_USER", f"pushes the image {choices.app}", stages=STAGES),
            Secret("REGISTRY_PASSWORD", "that user's token, which may push this image", stages=STAGES),
        ]
    elif choices.deploy == "heroku":
        why = "deploys; Heroku: heroku authorizations:create"
        found.append(Secret("HEROKU_API_KEY", why, stages=STAGES))
    if choices.deploy != "none":
        why = "where the server answers: it is compared with the bundle after a deployment"
        found.append(Secret("TILES_URL", why, needed=False, secret=False, stages=STAGES))
        found.append(Secret("TILES_API_KEYS", "the server's keys, if it asks for one", needed=False, stages=STAGES))
    if choices.host == "github":
        found.append(
            Secret(
                "PIP_EXTRA_INDEX_URL",
                "another package index for pip, such as one with torch for CPUs alone",
                needed=False,
                secret=False,
            )
        )
    return sorted(found, key=lambda one: not one.needed)


def _token(choices: Choices) -> list[Secret]:
    if choices.host == "gitlab":
        why = (
            "a project access token, role Maintainer, scopes api and write_repository: pushes results, opens and merges"
        )
        return [Secret("GITLAB_TOKEN", why)]
    cloud = choices.runner == "cml-aws"
    why = "a token of your own or of an app, for this repository, which may write contents and pull requests"
    why += " and administer runners" if cloud else ": other than the job's own it starts checks of the pull request"
    return [Secret("TILES_TOKEN", why, needed=cloud)]
