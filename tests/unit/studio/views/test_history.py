from pathlib import Path

import pytest

from tests.unit.experiments.history import PARAMS, Repository, git, lock, metrics
from tilecli.studio.views import history


def trained(repository: Repository, model: str, dice: float, **files: str) -> str:
    """A commit with a model and its figures."""
    text = lock("1" * 32, "1" * 32, model * 32, model * 32)
    repository.write({"dvc.lock": text, "evaluation/metrics.json": metrics(dice), **files})
    return repository.commit(f"Model {model}")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository.at(tmp_path)


def test_before_the_first_commit_there_is_no_history(repository: Repository):
    shown = history.view(repository.project, {})
    assert (shown["commits"], shown["metric"], shown["more"]) == ([], "", False)


def test_each_step_is_beside_what_it_came_from(repository: Repository):
    repository.commit("Set up")
    first = trained(repository, "a", 0.5)
    git(repository.project.root, "tag", "first")
    repository.write({"notes.md": "said\n"})
    repository.commit("Notes\n\nAt length")
    third = trained(repository, "b", 0.75, **{"params.yaml": PARAMS.format(rate=0.2), "train.py": "pass\n"})
    trained(repository, "b", float("nan"))
    shown = history.view(repository.project, {})
    assert [commit["message"] for commit in shown["commits"]] == ["Set up", "Model a", "Notes", "Model b", "Model b"]
    assert [commit["value"] for commit in shown["commits"]] == [None, 0.5, 0.5, 0.75, None]
    assert shown["commits"][1]["tags"] == ["first"]
    assert (shown["commits"][1]["low"], shown["commits"][1]["high"]) == (0.4, 0.6)
    steps = {commit["rev"]: commit["step"] for commit in shown["commits"] if commit["step"]}
    assert steps.keys() == {third}, "the first is no step, and the same model is none either"
    assert steps[third]["difference"] == 0.25
    assert steps[third]["changes"] == {
        "params": [["train.learning_rate", 0.1, 0.2]],
        "files": [["notes.md", "added"], ["train.py", "added"]],
        "data": "",
    }
    assert steps[third]["of"] == first
    assert (shown["metric"], shown["high"], shown["metrics"]) == ("dice_mean", True, ["dice_mean", "auroc"])
    assert history.view(repository.project, {"metric": "auroc"})["commits"][1]["value"] == 0.9


def test_what_earlier_steps_came_from_is_looked_for_when_it_is_asked(repository: Repository):
    revs = [trained(repository, "0123456789abcdef"[number], number / 20) for number in range(history._EXPLAINED + 2)]
    shown = history.view(repository.project, {})
    looked = [commit["step"]["changes"] is not None for commit in shown["commits"] if commit["step"]]
    assert looked == [False] + [True] * history._EXPLAINED
    [one] = history.view(repository.project, {"step": revs[1]})["commits"]
    assert one["rev"] == revs[1]
    assert one["step"]["changes"] == {"params": [], "files": [], "data": ""}
