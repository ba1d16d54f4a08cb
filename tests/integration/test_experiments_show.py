"""What `tiles exp show`, `diff`, `list` and `open` say of a run, against what is known of it."""

import json

import pytest

from tests.integration.conftest import Exp
from tests.integration.experiments import experiment_refs, git
from tilecli.layout import Project


def test_show_tells_everything_about_a_run(tried: Project, exp: Exp):
    told = json.loads(exp(tried, "show", "high", "--json").stdout)
    assert told["record"]["rev"] == experiment_refs(tried)["high"]
    assert told["record"]["baseline"] == git(tried.root, "rev-parse", "HEAD")
    assert told["subject"] == "First results"
    assert told["message"] == "does a higher rate pay?"
    assert told["params"] == {"train.learning_rate": {"baseline": 0.01, "here": 0.1}}
    assert told["record"]["metrics"]["dice_mean"] == pytest.approx(0.58)
    assert told["training"]["precision"] == "fp32"
    lock = git(tried.root, "show", f"{told['record']['rev']}:dvc.lock")
    assert f"path: models/bundle\n      hash: md5\n      md5: {told['model']}" in lock
    assert told["files"] == []
    head = told["record"]["baseline"][:10]
    by_hand, again = told["commands"]
    assert by_hand == f"git checkout {head} && tiles train -S train.learning_rate=0.1 --name high-again"
    assert again == "tiles exp reproduce high"

    seen = " ".join(exp(tried, "show", "high").stdout.split())
    assert "does a higher rate pay?" in seen
    assert "dice_mean 0.580 0.480–0.680 0.490 ▲ 0.090 better" in seen
    assert "crack 0.380 0.500 2" in seen
    assert "on cpu, 2 threads, fp32, seed 0" in seen
    assert "train.epochs" not in seen
    assert "train.epochs 2" in " ".join(exp(tried, "show", "high", "--all").stdout.split())
    # DVC's own words for a commit that nobody described are no reason.
    assert json.loads(exp(tried, "show", "low", "--json").stdout)["message"] == ""


def test_show_names_the_users_own_changes(tried: Project, exp: Exp):
    (tried.root / "stage.py").write_text((tried.root / "stage.py").read_text() + "# an idea\n")
    git(tried.root, "add", "stage.py")
    told = json.loads(exp(tried, "show", "high", "--json").stdout)
    assert told["files"] == [], "the workspace is none of the experiment's business"
    # An experiment that was run with that change.
    base, rev = told["record"]["baseline"], told["record"]["rev"]
    git(tried.root, "stash", "--quiet")
    git(tried.root, "switch", "--quiet", "--detach", rev)
    (tried.root / "stage.py").write_text("# an idea\n")
    git(tried.root, "commit", "--quiet", "-am", "With an idea")
    git(tried.root, "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/with-idea", "HEAD")
    told = json.loads(exp(tried, "show", "with-idea", "--json").stdout)
    assert told["files"] == ["stage.py"]
    assert "-- stage.py && tiles train" in told["commands"][0]


def test_diff_reads_from_the_older_to_the_newer(tried: Project, exp: Exp):
    told = json.loads(exp(tried, "diff", "high", "--json").stdout)
    assert (told["a"]["name"], told["b"]["name"]) == (told["b"]["baseline"], "high")
    assert told["params"] == {"train.learning_rate": {"a": 0.01, "b": 0.1}}
    assert told["metrics"]["dice_mean"] == {"a": pytest.approx(0.49), "b": pytest.approx(0.58)}
    changed = {path for path, how in told["files"].items() if how == "changed"}
    assert changed >= {"params.yaml", "models/bundle", "training/checkpoints/best.ckpt", "evaluation/metrics.json"}
    assert "data/dataset" not in told["files"]

    told = json.loads(exp(tried, "diff", "low", "high", "--json").stdout)
    assert told["params"]["train.learning_rate"] == {"a": 0.001, "b": 0.1}


def test_diff_with_the_workspace_counts_new_files(tried: Project, exp: Exp):
    assert "are the same" in exp(tried, "diff", "middle", "workspace").output
    (tried.root / "notes.txt").write_text("mine\n")
    (tried.root / "stage.py").unlink()
    expected = {"notes.txt": "added", "stage.py": "deleted"}
    assert json.loads(exp(tried, "diff", "middle", "workspace", "--json").stdout)["files"] == expected
    turned = json.loads(exp(tried, "diff", "workspace", "middle", "--json").stdout)["files"]
    assert turned == {"notes.txt": "deleted", "stage.py": "added"}
    assert json.loads(exp(tried, "diff", "workspace", "--json").stdout)["files"]["notes.txt"] == "added"


def test_unknown_names_are_told_with_near_ones(tried: Project, exp: Exp):
    assert "did you mean middle?" in exp(tried, "show", "midle", code=1).output
    assert "did you mean middle?" in exp(tried, "diff", "low", "midle", code=1).output
    assert json.loads(exp(tried, "show", "HEAD", "--json").stdout)["record"]["metrics"]["epoch"] == 2


def test_open_lays_out_the_runs_own_pictures(tried: Project, exp: Exp):
    folder = tried.scratch / "open" / "low"
    for _ in range(2):
        assert exp(tried, "open", "low", "--print").stdout.strip() == str(folder)
        assert float((folder / "predictions" / "1.png").read_text().split()[1]) == pytest.approx(0.481)
        assert "0.481" in (folder / "metrics.json").read_text()
        assert (folder / "per_image.csv").read_text().startswith("photo,")
    assert "0.53" in tried.metrics.read_text(), "the workspace keeps the results of 'middle'"
    git(tried.root, "switch", "--quiet", "--discard-changes", "--orphan", "bare")
    (tried.root / "dvc.yaml").write_text("stages: {}\n")
    (tried.root / "params.yaml").write_text("{}\n")
    git(tried.root, "add", "dvc.yaml", "params.yaml")
    git(tried.root, "commit", "--quiet", "-m", "Nothing was run here")
    assert "was not evaluated" in exp(tried, "open", "bare", "--print", code=1).output


def test_list_names_each_run_and_where_it_started(tried: Project, exp: Exp):
    told = json.loads(exp(tried, "list", "--json").stdout)
    assert {row["name"]: row["rev"] for row in told} == experiment_refs(tried)
    assert {row["baseline"] for row in told} == {git(tried.root, "rev-parse", "HEAD")}
