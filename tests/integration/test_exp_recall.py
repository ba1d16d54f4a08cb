"""`tiles exp compare` asked twice: the second answer is the first one, and comes without what works answers out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Tiles, bare_environment
from tests.experiment_repo import Repository, run_files

_LOOK = """
import sys
from tilecli.cli.entry import main
sys.argv = ["tiles", *sys.argv[1:]]
try:
    main()
finally:
    print("typer" in sys.modules, file=sys.stderr)
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    (made.project.root / ".dvc").mkdir()
    for number in range(3):
        made.experiment(f"run-{number}", run_files(curve=[0.1 * number, 0.2]))
    return made


def ask(repository: Repository, *arguments: str, **variables: str) -> tuple[str, bool]:
    """What was printed, and whether it had to be worked out."""
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, "exp", "compare", *arguments],
        cwd=repository.project.root,
        env={**bare_environment(repository.folder), "PYTHONPATH": str(Path(__file__).parents[2]), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    said, worked = done.stderr.rstrip("\n").rpartition("\n")[::2]
    return done.stdout + said, worked == "True"


def answers(repository: Repository) -> list[Path]:
    return sorted((repository.project.scratch / "answers").glob("*.json"))


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"], ["--md"], ["--sort", "valid.dice", "--top", "2"]])
def test_second_answer_is_the_first(repository: Repository, form: list[str]) -> None:
    first, worked = ask(repository, *form)
    assert worked
    assert "run-2" in first
    second, worked = ask(repository, *form)
    assert not worked
    assert second == first


def test_change_is_seen_at_once(repository: Repository) -> None:
    ask(repository, "--json")
    repository.experiment("newcomer", run_files(curve=[0.9]))
    text, worked = ask(repository, "--json")
    assert worked
    assert "newcomer" in text


def test_other_question_other_answer(repository: Repository) -> None:
    wide, _ = ask(repository, COLUMNS="200")
    narrow, worked = ask(repository, COLUMNS="36")
    assert worked
    assert narrow != wide
    assert ask(repository, COLUMNS="200") == (wide, False)


def test_moving_revision_is_never_kept(repository: Repository) -> None:
    ask(repository, "--rev", "main@{0}")
    assert ask(repository, "--rev", "main@{0}")[1]
    assert not answers(repository)


def test_judgement_is_never_kept(repository: Repository, tiles: Tiles) -> None:
    tiles("exp", "compare", "run-0", "run-1", cwd=repository.project.root, code=1)
    assert not answers(repository)


def test_broken_or_forbidden_place_is_no_trouble(repository: Repository) -> None:
    first, _ = ask(repository)
    (kept,) = answers(repository)
    kept.write_text(json.dumps(["not", "an", "answer"]))
    assert ask(repository) == (first, True)
    assert ask(repository) == (first, False)
    kept.unlink()
    kept.parent.rmdir()
    kept.parent.write_text("a file where the folder should be")
    assert ask(repository) == (first, True)


def test_only_the_last_answers_are_kept(repository: Repository) -> None:
    folder = repository.project.scratch / "answers"
    folder.mkdir(parents=True)
    for number in range(40):
        (folder / f"{number}.json").write_text("[]")
    ask(repository)
    assert len(answers(repository)) == 32
