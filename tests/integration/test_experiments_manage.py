"""Keeping the good experiments: apply, branch, rename, remove and gc, with the real git and DVC."""

import json
import os
from pathlib import Path

from tests.integration.conftest import Exp
from tests.integration.experiments import dvc, experiment_refs, git, lay_down, metrics, run_baseline
from tilecli.experiments.reading import dvccache, snapshot
from tilecli.layout import Project


def model(project: Project) -> str:
    return (project.bundle / "model.onnx").read_text()


def cached(project: Project) -> set[str]:
    return {str(file) for file in (project.root / ".dvc" / "cache" / "files").rglob("*") if file.is_file()}


def test_the_articles_session_ends_with_the_best_experiment_checked_out(tried: Project, exp: Exp):
    ranked = json.loads(exp(tried, "compare", "--sort", "dice_mean", "--json").stdout)
    best = next(row["name"] for row in ranked if row["name"] in experiment_refs(tried))
    assert best == "high"
    said = exp(tried, "branch", best, "better-model").output
    assert "git switch better-model && dvc checkout" in said
    # The workspace still holds the last experiment's results, which git rightly refuses to overwrite.
    git(tried.root, "switch", "--quiet", "--discard-changes", "better-model")
    dvc(tried.root, "checkout", "--quiet")
    assert "learning_rate: 0.1" in tried.params.read_text()
    assert metrics(tried)["dice_mean"] == 0.5 + 0.1 + 0.03 - 0.05
    assert model(tried) == "weights {'learning_rate': 0.1, 'epochs': 2}"
    assert git(tried.root, "status", "--porcelain") == ""
    there = exp(tried, "branch", "low", "better-model", code=1).output
    assert "there is a branch 'better-model' already" in there


def test_apply_takes_over_the_workspace_and_leaves_head_and_other_files(tried: Project, exp: Exp):
    head = git(tried.root, "rev-parse", "HEAD")
    (tried.root / "notes.txt").write_text("mine\n")
    # The results of the last experiment are uncommitted changes, but nothing is lost with them.
    exp(tried, "apply", "high")
    assert "learning_rate: 0.1" in tried.params.read_text()
    assert model(tried) == "weights {'learning_rate': 0.1, 'epochs': 2}"
    assert next((tried.pictures).iterdir()).read_text() == f"picture {metrics(tried)['dice_mean']}"
    assert git(tried.root, "diff", "--name-only", experiment_refs(tried)["high"]) == ""
    assert git(tried.root, "rev-parse", "HEAD") == head
    assert (tried.root / "notes.txt").read_text() == "mine\n"


def test_apply_refuses_to_lose_work_and_keeps_it_when_forced(tried: Project, exp: Exp):
    script = (tried.root / "stage.py").read_text()
    (tried.root / "stage.py").write_text(script + "# an idea\n")
    (tried.checkpoints / "best.ckpt").write_text("half a training")
    refused = exp(tried, "apply", "low", code=1).output
    assert "in no commit and no experiment" in refused
    assert "stage.py" in refused
    assert "training/checkpoints/best.ckpt" in refused
    assert "params.yaml" not in refused
    assert (tried.checkpoints / "best.ckpt").read_text() == "half a training"
    said = exp(tried, "apply", "low", "--force").output
    assert (tried.root / "stage.py").read_text() == script
    assert model(tried) == "weights {'learning_rate': 0.001, 'epochs': 2}"
    stash = git(tried.root, "rev-parse", "refs/stash")
    assert stash[:10] in said
    assert "# an idea" in git(tried.root, "show", f"{stash}:stage.py")
    (kept,) = (tried.scratch / "kept").iterdir()
    assert str(kept) in said.replace("\n", "")
    assert (kept / "training" / "checkpoints" / "best.ckpt").read_text() == "half a training"


def test_apply_takes_an_experiment_that_ended_before_its_last_stage(tmp_path: Path, exp: Exp):
    project = lay_down(tmp_path / "parts")
    dvc(project.root, "exp", "run", "--quiet", "--name", "short", "train")
    run_baseline(project)
    assert project.bundle.is_dir()
    (project.checkpoints / "best.ckpt").unlink()
    exp(project, "apply", "short")
    assert (project.checkpoints / "best.ckpt").is_file()
    assert not project.bundle.exists()  # another experiment's model must not pass for this one's
    assert not project.metrics.exists()
    exp(project, "apply", "short")


def test_apply_changes_nothing_where_the_cache_lacks_the_files(tried: Project, exp: Exp):
    (bundle,) = (out for out in snapshot.outputs(tried, experiment_refs(tried)["high"]) if out.path == "models/bundle")
    dvccache.of(tried).object(bundle.md5).unlink()
    before = git(tried.root, "status", "--porcelain")
    said = exp(tried, "apply", "high", code=1).output
    assert "models/bundle" in said
    assert "tiles exp pull high" in said
    assert git(tried.root, "status", "--porcelain") == before


def test_rename_and_remove_can_be_undone_by_what_is_printed(tried: Project, exp: Exp):
    before = experiment_refs(tried)
    exp(tried, "rename", "high", "best-so-far")
    assert experiment_refs(tried)["best-so-far"] == before["high"]
    assert "there is an experiment 'low' already" in exp(tried, "rename", "middle", "low", code=1).output
    assert "cannot be an experiment's name" in exp(tried, "rename", "middle", "a name", code=1).output
    exp(tried, "rename", "best-so-far", "high")
    assert experiment_refs(tried) == before

    said = exp(tried, "remove", "low", "middle").output
    assert list(experiment_refs(tried)) == ["high"]
    for line in said.splitlines():
        if line.strip().startswith("git update-ref"):
            git(tried.root, *line.split()[1:])
    assert experiment_refs(tried) == before

    assert "did you mean middle?" in exp(tried, "remove", "high", "midle", code=1).output
    assert experiment_refs(tried) == before, "a mistyped name must stop all of it"
    assert "say which" in exp(tried, "remove", code=2).output
    gone = json.loads(exp(tried, "remove", "--keep", "high", "--json").stdout)
    assert {row["name"] for row in gone} == {"low", "middle"}
    assert list(experiment_refs(tried)) == ["high"]
    assert json.loads(exp(tried, "remove", "--baseline", "HEAD~1", "--json").stdout) == []
    exp(tried, "remove", "--baseline", "HEAD")
    assert experiment_refs(tried) == {}


def test_gc_frees_only_what_the_removed_experiments_alone_need(tried: Project, exp: Exp):
    exp(tried, "branch", "low", "keep-low")
    before = cached(tried)
    (tried.root / ".dvc" / "cache" / "files" / "md5" / "00").mkdir(exist_ok=True)
    unknown = tried.root / ".dvc" / "cache" / "files" / "md5" / "00" / ("0" * 30)
    unknown.write_text("a result that a queued run has not handed over yet")

    planned = json.loads(exp(tried, "gc", "--keep", "1", "--by", "dice_mean", "--dry-run", "--json").stdout)
    assert {row["name"] for row in planned["removed"]} == {"low", "middle"}
    assert planned["kept"] == ["high"]
    assert planned["files"] == 0, "middle is in the workspace, and low on a branch"
    exp(tried, "apply", "high")
    planned = json.loads(exp(tried, "gc", "--keep", "1", "--by", "dice_mean", "--dry-run", "--json").stdout)
    assert planned["done"] is False
    assert cached(tried) - {str(unknown)} == before
    assert len(experiment_refs(tried)) == 3
    assert "cannot be brought back" in exp(tried, "gc", "--keep", "1", "--by", "dice_mean", code=2).output

    running = {"write": {"train": {"pid": str(os.getpid()), "cmd": "dvc exp run"}}, "read": {}}
    (tried.root / ".dvc" / "tmp" / "rwlock").write_text(json.dumps(running))
    assert "is running" in exp(tried, "gc", "--keep", "1", "--by", "dice_mean", "--yes", code=1).output
    (tried.root / ".dvc" / "tmp" / "rwlock").write_text("{}")

    exp(tried, "gc", "--keep", "1", "--by", "dice_mean", "--yes")
    assert list(experiment_refs(tried)) == ["high"]
    assert unknown.is_file()
    gone = before - cached(tried)
    assert len(gone) == planned["files"] > 0
    for rev in (experiment_refs(tried)["high"], "keep-low", "HEAD"):
        wanted = snapshot.tracked_by_dvc(tried, rev)
        assert {out.path for out in wanted} >= {"data/dataset", "models/bundle"}
        assert dvccache.of(tried).missing(wanted) == []


def test_gc_leaves_a_cache_that_others_may_use(tried: Project, exp: Exp, tmp_path):
    (tried.root / ".dvc" / "cache").rename(tmp_path / "common-cache")
    dvc(tried.root, "config", "cache.dir", str(tmp_path / "common-cache"))
    git(tried.root, "commit", "--quiet", "-m", "Share the cache", "--", ".dvc/config")
    before = set((tmp_path / "common-cache").rglob("*"))
    said = exp(tried, "gc", "--keep", "0", "--yes").output
    assert "its files stay" in said
    assert experiment_refs(tried) == {}
    assert set((tmp_path / "common-cache").rglob("*")) == before
