from __future__ import annotations

import pytest
from typer.testing import CliRunner

from tilecli.cli import main
from tilecli.cli.main import app


def names(of: main.typer.Typer) -> list[str | None]:
    return [entry.name for entry in (*of.registered_commands, *of.registered_groups)]


def test_only_the_verb_that_is_asked_for_is_set_up() -> None:
    before = names(app)
    found = main._narrowed(app, ["exp", "compare", "--json"])
    assert names(found) == ["exp"]
    (group,) = found.registered_groups
    assert group.typer_instance is not None
    assert names(group.typer_instance) == ["compare"]
    assert names(app) == before


@pytest.mark.parametrize("words", [[], ["--help"], ["--version"], ["trian"]])
def test_without_a_verb_all_are(words: list[str]) -> None:
    assert main._narrowed(app, words) is app


@pytest.mark.parametrize(
    "words", [["exp"], ["exp", "-h"], ["exp", "comapre"], ["trian"], ["split", "-h"], ["model", "list", "--nope"]]
)
def test_nobody_notices(words: list[str]) -> None:
    whole, narrowed = (CliRunner().invoke(one, words) for one in (app, main._narrowed(app, words)))
    assert (narrowed.output, narrowed.exit_code) == (whole.output, whole.exit_code)
