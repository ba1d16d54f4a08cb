"""The workflows as text: templates of this package, filled in with what was chosen."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tilecli.delivery.workflows import secrets
from tilecli.delivery.workflows.choices import Choices
from tilecli.errors import MissingExtraError
from tilecli.experiments import registry
from tilecli.reporting.hosting.publish import MEASURED

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).with_name("templates")
# By the commit, as a tag can be moved to other code; the version is for whoever updates them.
ACTIONS = {
    "checkout": "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2",
    "python": "actions/setup-python@a309ff8b426b58ec0e2a45f0f869d46889d02405 # v6.2.0",
    "cache": "actions/cache@cdf6c1fa76f9f475f3d7449005a359c84ca0f306 # v5.0.3",
}
_CML = "@dvcorg/cml@0.20.4"
GITLAB_CI = ".gitlab-ci.yml"
_FILES = {
    "github": {
        "experiment": ".github/workflows/tiles-experiment.yaml",
        "develop": ".github/workflows/tiles-develop.yaml",
        "deploy": ".github/workflows/tiles-deploy.yaml",
    },
    "gitlab": {
        "experiment": ".gitlab/tiles-experiment.yml",
        "develop": ".gitlab/tiles-develop.yml",
        "deploy": ".gitlab/tiles-deploy.yml",
    },
}


def names(choices: Choices) -> list[str]:
    """The files of the workflows, as paths in the repository; without a target there is nothing to deploy."""
    return [path for kind, path in _FILES[choices.host].items() if kind != "deploy" or choices.deploy != "none"]


def render(choices: Choices, command: str) -> dict[str, str]:
    """Path in the repository → text. command: what made them, for their first line."""
    made = _environment()
    values = _values(choices, command)
    found = {}
    for path in names(choices):
        found[path] = _tidy(made.get_template(f"{choices.host}/{Path(path).name}.j2").render(values))
    if choices.host == "gitlab":
        text = made.get_template("gitlab/gitlab-ci.yml.j2").render({**values, "included": list(found)})
        found[GITLAB_CI] = _tidy(text)
    return found


def _values(choices: Choices, command: str) -> dict[str, object]:
    branches = [choices.branches, f"{choices.branches}/**"] if choices.branches.endswith("*") else [choices.branches]
    own = choices.runner == "self-hosted"
    return {
        "choices": choices,
        "command": command,
        "storage": secrets.of_storage(choices.storage),
        "actions": ACTIONS,
        "cml": _CML,
        "measured": MEASURED,
        "registry_name": registry.NAME,
        "branches": branches,
        "stem_pattern": re.escape(choices.stem).replace("/", "\\/") + ("" if choices.branches.endswith("*") else "$"),
        "inside": f"{choices.folder}/" if choices.folder else "",
        "gate": "".join(f" {shlex.quote(part)}" for part in choices.gate),
        "spec_hash": hashlib.sha256(choices.spec.encode()).hexdigest()[:8],
        "registry": _registry(choices.app),
        "docker": choices.deploy == "docker",
        "own_labels": _quoted_list(["self-hosted", *choices.labels]),
        "small_runner": _quoted_list(["self-hosted", *choices.labels]) if own else "ubuntu-24.04",
    }


def _registry(image: str) -> str:
    """The host that an image's name begins with; empty, which is Docker's own, where it begins with none."""
    first, slash, _ = image.partition("/")
    return first if slash and (set(".:") & set(first) or first == "localhost") else ""


def _quoted_list(values: Sequence[str]) -> str:
    return f"[{', '.join(_quoted(value) for value in values)}]"


def _quoted(value: str) -> str:
    """A text of YAML, whatever is in it: JSON's form is one of YAML's."""
    return json.dumps(value, ensure_ascii=False)


def _shell(value: str) -> str:
    return shlex.quote(value) if value else ""


def _tidy(text: str) -> str:
    """Without spaces at ends of lines and more than one empty line at a time."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError("jinja2", "data") from error
    # Workflows are full of {{ }}; these signs stand in none. They are no pages, so nothing is escaped for HTML.
    made = Environment(  # noqa: S701
        loader=FileSystemLoader(_TEMPLATES),
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters |= {"quoted": _quoted, "quoted_list": _quoted_list, "shell": _shell}
    return made
