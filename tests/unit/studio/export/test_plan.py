from pathlib import Path

import pytest

from tests.studied import Studied
from tests.unit.studio.compared import repository
from tilecli.errors import ProjectError, UsageError
from tilecli.experiments import remarks
from tilecli.layout import Project
from tilecli.studio.export import plan

LISTS = {"experiments", "axes", "queue", "data", "models", "history"}


def folders(made: plan.Plan) -> set[str]:
    return {leaf.folder for leaf in made.leaves}


def test_without_a_view_all_that_lists_things_is_in_it_and_no_run(studied: Studied) -> None:
    made = plan.make(studied.project, [], "")
    assert folders(made) == LISTS
    assert (made.first, made.runs, made.views) == ("experiments/index.html", {}, [])
    # The pictures of the data come where somebody names them.
    assert not any(leaf.pictured for leaf in made.leaves)


def test_a_run_is_in_it_once_by_whichever_name(studied: Studied) -> None:
    made = plan.make(studied.project, [f"run/?name={studied.rev[:9]}&tab=log", "run/?name=looked-at"], "all")
    name = studied.rev[:9]
    assert list(made.runs) == [name]
    assert folders(made) == {*LISTS, f"run/{name}"}
    assert made.views == [
        (f"Run {name}", f"run/{name}/index.html?name={name}&tab=log"),
        ("Run looked-at", f"run/{name}/index.html?name=looked-at"),
    ]
    for other in ("looked-at", studied.rev, studied.rev[:7], studied.rev[:10]):
        assert made.places.name_of(other) == name
    # A commit is called by its branch in the table.
    assert plan.make(studied.project, [f"run/?name={studied.repository.base}"], "").places.name_of("main") != "main"


def test_a_comparison_brings_its_runs(tmp_path: Path) -> None:
    made = plan.make(repository(tmp_path).project, ["compare/?runs=strong,weak&order=worst", "axes/"], "")
    assert folders(made) == {*LISTS, "run/strong", "run/weak", "compare/strong,weak"}
    assert made.first == "compare/strong,weak/index.html?runs=strong,weak&order=worst"
    assert made.views[0][0] == "Compare strong, weak"


def test_other_settings_of_what_is_listed_are_views_of_their_own(studied: Studied) -> None:
    made = plan.make(studied.project, ["data/?type=crack", "experiments/?filter=dice_mean>0.5&sort=name"], "")
    extra = folders(made) - LISTS
    assert len(extra) == 2
    leaves = {leaf.page.name: leaf for leaf in made.leaves if leaf.folder in extra}
    assert (leaves["data"].query, leaves["data"].pictured) == ({"type": "crack"}, True)
    assert not next(leaf for leaf in made.leaves if leaf.folder == "data").pictured
    assert next(leaf for leaf in plan.make(studied.project, ["data/?x=1"], "").leaves if leaf.folder == "data").pictured


def test_further_runs_are_those_with_a_star_all_or_the_latest(tmp_path: Path) -> None:
    made = repository(tmp_path)
    project = made.project
    assert list(plan.make(project, [], "all").runs) == ["bare", "strong", "weak"]
    assert list(plan.make(project, [], "2").runs) == ["bare", "strong"]
    assert list(plan.make(project, [], "starred").runs) == []
    remarks.change(project, made.experiment("loved", {"a": "1"}), star=True)
    assert list(plan.make(project, [], "starred").runs) == ["loved"]
    for wanted in ("some", "0", "-1"):
        with pytest.raises(UsageError, match="says not which runs"):
            plan.make(project, [], wanted)


def test_two_runs_of_one_name_have_a_page_each(tmp_path: Path) -> None:
    made = repository(tmp_path)
    made.commit("Another start")
    rev = made.experiment("weak", {"a": "1"})
    found = plan.make(made.project, [], "all")
    assert len(found.runs) == 4
    assert rev in found.runs


@pytest.mark.parametrize(
    ("address", "kind", "words"),
    [
        ("run/?name=loked-at", ProjectError, "there is no experiment, task or commit 'loked-at'"),
        ("compare/?runs=looked-at,nix", ProjectError, "there is no experiment or commit 'nix'"),
        ("compare/", UsageError, "a comparison needs runs"),
        ("compare/?runs=a,b,c,d,e,f,g,h,i", UsageError, "9 runs are too many"),
        ("serve/", UsageError, "there is no view 'serve'"),
    ],
)
def test_what_there_is_not_is_said(studied: Studied, address: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        plan.make(studied.project, [address], "")


def test_an_empty_project_can_be_exported(project: Project) -> None:
    assert folders(plan.make(project, ["run/"], "all")) == {*LISTS, "run/workspace"}
