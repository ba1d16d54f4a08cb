"""What the store reads from a repository: from git, from the cache, from the working tree."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.experiments.history import PARAMS, Repository, git, lock, metrics
from tilecli.errors import ProjectError
from tilecli.experiments import store
from tilecli.experiments.store import Commits, Record

CURVE = "step\tdice\n1\t0.25\n2\t0.5\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository.at(tmp_path / "repo")
    made.commit()
    return made


def filled(repository: Repository) -> dict[str, str]:
    """Three experiments from the first commit, one of them stale, and one from the second."""
    shas = {"first": git(repository.project.root, "rev-parse", "HEAD")}
    files = {"params.yaml": PARAMS.format(rate=0.2), "evaluation/metrics.json": metrics(0.7)}
    files["training/plots/metrics/valid/dice.tsv"] = CURVE
    shas["good"] = repository.experiment("good", {**files, "dvc.lock": lock("a", "a", "b", "b")}, "Try a higher rate")
    shas["same"] = repository.experiment("same", {**files, "dvc.lock": lock("a", "a", "b", "b")})
    shas["stale"] = repository.experiment(
        "stale",
        {**files, "dvc.lock": lock("new", "a", "b", "b"), "training/metrics.json": '{"valid": {"dice": 0.6}}'},
    )
    repository.write({"notes.txt": "x"})
    shas["second"] = repository.commit("Second")
    shas["later"] = repository.experiment("later", {"params.yaml": PARAMS.format(rate=0.3)})
    return shas


def test_reads_what_an_experiment_holds(repository: Repository):
    shas = filled(repository)
    good = store.find(store.experiments(repository.project), "good")
    assert good.rev == shas["good"]
    assert good.baseline == shas["first"]
    assert good.params == {"train.learning_rate": 0.2, "train.batch_size": 8}
    assert good.metrics == {"dice_mean": 0.7, "auroc": 0.9}
    assert good.intervals["dice_mean"] == pytest.approx((0.6, 0.8))
    assert good.valid_dice == (0.25, 0.5)
    assert (good.model, good.state, good.stale, good.broken) == ("b", "success", (), ())
    assert good.message == "Try a higher rate"
    assert good.kind == "experiment"
    assert good.created == float(git(repository.project.root, "show", "-s", "--format=%ct", good.rev))


def test_figures_of_an_older_model_are_left_out(repository: Repository):
    filled(repository)
    stale = store.find(store.experiments(repository.project), "stale")
    assert stale.stale == ("bundle", "evaluation")
    assert stale.metrics == {"valid.dice": 0.6}
    assert stale.intervals == {}


def test_experiments_are_ordered_from_new_to_old(repository: Repository):
    filled(repository)
    assert [record.name for record in store.experiments(repository.project)] == ["later", "stale", "same", "good"]


def test_the_second_reading_says_the_same_and_asks_git_for_no_object(repository: Repository, tmp_path: Path):
    filled(repository)
    first = store.history(repository.project)
    # The objects are gone: whoever still needs one fails.
    objects = repository.project.root / ".git" / "objects"
    heads = git(repository.project.root, "rev-list", "--all").split()
    assert len(heads) >= 4
    hidden = tmp_path / "objects"
    objects.rename(hidden)
    try:
        (objects / "pack").mkdir(parents=True)
        (objects / "info").mkdir()
        second = store.experiments(repository.project)
    finally:
        shutil.rmtree(objects)
        hidden.rename(objects)
    assert [record.as_dict() for record in second] == [
        record.as_dict() for record in store.experiments(repository.project)
    ]
    assert {record.rev for record in second} == {record.rev for record in first.experiments}
    assert store.history(repository.project) == first


@pytest.mark.parametrize("how", ["gone", "damaged", "read-only", "folder"])
def test_a_cache_that_cannot_be_used_changes_nothing(repository: Repository, how: str):
    filled(repository)
    expected = store.history(repository.project)
    cache = repository.project.scratch / "experiments.sqlite"
    assert cache.is_file()
    if how == "gone":
        shutil.rmtree(repository.project.scratch)
    elif how == "damaged":
        data = bytearray(cache.read_bytes())
        data[100 : len(data) : 7] = b"\x5a" * len(range(100, len(data), 7))
        cache.write_bytes(data)
    elif how == "read-only":
        cache.chmod(0o400)
    else:
        cache.unlink()
        cache.mkdir()
    assert store.history(repository.project) == expected
    assert store.history(repository.project) == expected


def test_a_folder_without_dvc_gets_no_cache(repository: Repository):
    (repository.project.root / ".dvc").rmdir()
    store.history(repository.project)
    assert not (repository.project.root / ".dvc").exists()


def test_groups_hang_below_their_commits_with_head_first(repository: Repository):
    shas = filled(repository)
    history = store.history(repository.project)
    shape = [(group.baseline.name, [record.name for record in group.experiments]) for group in history.groups]
    assert shape == [("main", ["later"]), (shas["first"][:7], ["stale", "same", "good"])]
    assert history.groups[0].baseline.kind == "commit"
    assert history.workspace.kind == "workspace"


def test_commits_can_be_chosen(repository: Repository):
    shas = filled(repository)
    root = repository.project.root
    git(root, "branch", "old", shas["first"])
    git(root, "tag", "-a", "v1", "-m", "x", shas["first"])

    def chosen(**options: object) -> list[str]:
        groups = store.history(repository.project, Commits(**options)).groups
        return [group.baseline.rev for group in groups]

    assert chosen(revs=("HEAD",)) == [shas["second"]]
    assert chosen(revs=("v1",)) == [shas["first"]]
    assert chosen(revs=("HEAD", "old")) == [shas["second"], shas["first"]]
    assert chosen(last=1) == [shas["second"]]
    assert chosen(last=2) == [shas["second"], shas["first"]]
    assert chosen(last=99) == [shas["second"], shas["first"]]
    assert chosen(every=True) == [shas["second"], shas["first"]]
    assert chosen(branches=True) == [shas["second"], shas["first"]]
    assert chosen(tags=True) == [shas["first"]]
    named = store.history(repository.project, Commits(tags=True)).groups[0]
    assert named.baseline.name == "old"
    assert [record.name for record in named.experiments] == ["stale", "same", "good"]
    with pytest.raises(ProjectError) as caught:
        chosen(revs=("mian",))
    assert "main" in (caught.value.hint or "")


def test_a_queue_of_somebody_else_adds_its_records(repository: Repository):
    shas = filled(repository)
    waiting = Record("waiting", "", shas["first"], 9e9, state="queued")
    stranger = Record("stranger", "", "0" * 40, 9e9, state="queued")
    groups = store.history(repository.project, extra=[waiting, stranger]).groups
    tried = {group.baseline.rev: [record.name for record in group.experiments] for group in groups}
    assert tried[shas["first"]] == ["waiting", "stale", "same", "good"]
    assert tried["0" * 40] == ["stranger"]
    only = store.history(repository.project, Commits(revs=("HEAD",)), extra=[waiting])
    assert [record.name for record in only.experiments] == ["later"]


def test_a_corrupt_file_is_named_and_the_rest_is_read(repository: Repository):
    repository.experiment("torn", {"evaluation/metrics.json": '{"dice_mean": ', "params.yaml": "train: [1\n"})
    repository.experiment("whole", {"evaluation/metrics.json": metrics(0.5)})
    for _ in range(2):  # read, then from the cache
        torn, whole = (store.find(store.experiments(repository.project), name) for name in ("torn", "whole"))
        assert torn.broken == ("params.yaml", "evaluation/metrics.json")
        assert (torn.params, torn.metrics) == ({}, {})
        assert whole.metrics["dice_mean"] == 0.5
        assert whole.broken == ()


def test_the_workspace_is_read_anew_each_time(repository: Repository):
    assert store.workspace(repository.project).params["train.learning_rate"] == 0.1
    repository.write({"params.yaml": PARAMS.format(rate=0.9), "evaluation/metrics.json": "{"})
    workspace = store.workspace(repository.project)
    assert workspace.params["train.learning_rate"] == 0.9
    assert workspace.broken == ("evaluation/metrics.json",)
    assert (workspace.kind, workspace.rev) == ("workspace", "")


def test_a_project_below_the_top_of_its_repository(tmp_path: Path):
    repository = Repository.at(tmp_path / "repo", "vision/parts of steel")
    repository.commit()
    repository.experiment("one", {"evaluation/metrics.json": metrics(0.5)})
    (record,) = store.experiments(repository.project)
    assert record.metrics["dice_mean"] == 0.5
    assert record.params["train.batch_size"] == 8


def test_before_the_first_commit_there_is_the_workspace(tmp_path: Path):
    repository = Repository.at(tmp_path / "repo")
    history = store.history(repository.project)
    assert history.groups == ()
    assert history.workspace.params["train.batch_size"] == 8
    assert store.experiments(repository.project) == []


def test_a_detached_head_has_its_hash_for_a_name(repository: Repository):
    shas = filled(repository)
    git(repository.project.root, "checkout", "--quiet", "--detach", shas["first"])
    groups = store.history(repository.project).groups
    assert groups[0].baseline.rev == shas["first"]
    assert groups[0].baseline.name == shas["first"][:7]


def test_outside_a_repository_there_is_one_clear_error(tmp_path: Path):
    (tmp_path / "params.yaml").write_text("")
    from tilecli.layout import Project

    with pytest.raises(ProjectError, match="not in a git repository"):
        store.history(Project(tmp_path))


def test_a_baseline_that_was_not_cloned_is_a_row_without_values(repository: Repository, tmp_path: Path):
    filled(repository)
    clone = tmp_path / "clone"
    source = f"file://{repository.project.root}"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", source, clone], check=True)
    # A ref that points to a commit whose start is not here.
    head = git(clone, "rev-parse", "HEAD")
    git(clone, "update-ref", f"refs/exps/ab/{'c' * 38}/orphan", head)
    from tilecli.layout import Project

    groups = store.history(Project(clone)).groups
    missing = next(group for group in groups if group.baseline.rev.startswith("abcc"))
    assert missing.baseline.params == {}
    assert [record.name for record in missing.experiments] == ["orphan"]


def test_names_come_before_hashes(repository: Repository):
    shas = filled(repository)
    records = store.experiments(repository.project)
    assert store.find(records, shas["good"][:8]).name == "good"
    namesake = Record(shas["good"][:8], "f" * 40, "", 0.0)
    assert store.find([*records, namesake], shas["good"][:8]) is namesake
    with pytest.raises(ProjectError) as caught:
        store.find(records, "goood")
    assert "good" in (caught.value.hint or "")


def test_as_dict_is_json_that_every_reader_takes():
    record = Record("a", "", "", 0.0, metrics={"train.loss": math.nan}, valid_dice=(math.inf, 0.5))
    text = json.dumps(record.as_dict(), allow_nan=False)
    assert json.loads(text)["metrics"] == {"train.loss": None}
    assert json.loads(text)["kind"] == "workspace"


def test_a_warm_reading_brings_no_yaml_and_no_pydantic(repository: Repository):
    filled(repository)
    store.history(repository.project)
    code = (
        "import sys; from pathlib import Path\n"
        "from tilecli.layout import Project; from tilecli.experiments import store\n"
        "assert len(store.history(Project(Path.cwd())).experiments) == 4\n"
        "print(sorted({'yaml', 'pydantic', 'torch', 'dvc', 'cv2', 'pytorch_lightning', 'rich'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repository.project.root,
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
