"""The section CI of a project's README: what the workflows do, and every secret and variable, with how to set it."""

from __future__ import annotations

import textwrap

from tilecli.delivery.workflows import secrets
from tilecli.delivery.workflows.choices import Choices
from tilecli.errors import ProjectError
from tilecli.experiments import registry

_WIDTH = 118  # characters of a line
BEGIN, END = "<!-- tiles ci: begin -->", "<!-- tiles ci: end -->"


def merged(text: str, section: str) -> str:
    """`text` with the section in the place of the former one, or at its end.

    Raises ProjectError where only one of the two marks is there, as nobody can say then what is whose.
    """
    begins, ends = text.count(BEGIN), text.count(END)
    if (begins, ends) == (0, 0):
        return f"{text.rstrip()}\n\n{section}" if text.strip() else section
    if (begins, ends) != (1, 1) or text.index(BEGIN) > text.index(END):
        raise ProjectError(
            "the marks of the section CI are not a pair",
            where="README.md",
            hint=f"leave one {BEGIN} and one {END} after it",
        )
    return text[: text.index(BEGIN)] + section.rstrip("\n") + text[text.index(END) + len(END) :]


def section(choices: Choices) -> str:
    """The section, with its marks."""
    lines = [BEGIN, "## CI", "", *_story(choices), "", *_table(choices), "", *_settings(choices), END, ""]
    return "\n".join(lines)


def _story(choices: Choices) -> list[str]:
    request = "pull request" if choices.host == "github" else "merge request"
    merged = " Where it does not, the request is merged." if choices.auto_merge else ""
    deployed = ", and deploys it to development." if choices.deploy != "none" else "."
    branch = f"{choices.stem}-rate" if choices.branches.endswith("*") else choices.branches
    trains = (
        f"trains what the branch changes, commits the results to it, opens a {request} to `{choices.base}` with the "
        f"report as a comment, and fails where the gate stops the model.{merged}"
    )
    found = [
        f"    git switch -c {branch}                  # change params.yaml, or the data; commit",
        "    tiles data push && git push -u origin HEAD",
        "",
        textwrap.fill(trains, _WIDTH),
        "",
        f"A merge makes the model the next version, in the stage dev (`{registry.NAME}#dev#N`){deployed}",
    ]
    if choices.deploy != "none":
        command = "    tiles model promote latest prod && git push origin --tags"
        found += ["Production follows a tag that a person sets:", "", command]
    return found


def _table(choices: Choices) -> list[str]:
    rows = ["| name | what for | set it with |", "|---|---|---|"]
    for one in secrets.of(choices):
        kind = ("secret" if one.secret else "variable") + ("" if one.needed else ", may be left out")
        commands = "<br>".join(f"`{command}`" for command in one.commands(choices.host))
        rows.append(f"| `{one.name}` ({kind}) | {one.why} | {commands} |")
    return rows


def _settings(choices: Choices) -> list[str]:
    found = list(_GITHUB if choices.host == "github" else _GITLAB)
    if choices.deploy != "none":
        found += _GITHUB_STAGES if choices.host == "github" else _GITLAB_STAGES
    if choices.storage is None:
        found += ["", "DVC has no default remote yet, and jobs need one: `tiles data remote add storage s3://…`."]
    return found


_GITHUB = (
    "`gh` asks for the value; Settings, Secrets and variables, Actions does the same. Allow once, under Settings,",
    "Actions, General: *Allow GitHub Actions to create and approve pull requests*.",
)
_GITHUB_STAGES = (
    "",
    "Make the environments `development` and `production` under Settings, Environments. *Required reviewers* of",
    "`production` are who must approve a deployment; its *Deployment branches and tags* say which tags may deploy.",
)
_GITLAB = (
    "`glab` reads the value from its standard input; Settings, CI/CD, Variables does the same. Not *protected*, as",
    "branches of experiments are not. What has a scope is seen by that environment's jobs alone.",
)
_GITLAB_STAGES = (
    "",
    f"Tags of the registry (`{registry.NAME}*`) deploy: protect them under Settings, Repository, Protected tags, and",
    "`production` under Settings, CI/CD, Protected environments, so that not everybody can.",
)
