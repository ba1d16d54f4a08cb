"""Experiments to a git remote and a DVC remote, and from there into another person's clone."""

import json
import subprocess
from pathlib import Path

from tests.integration.conftest import Exp
from tests.integration.experiments import dvc, experiment_refs, git
from tilecli.experiments import remarks
from tilecli.experiments.remarks import Remark
from tilecli.layout import Project


def test_an_experiment_reaches_a_colleague_with_its_model(tried: Project, exp: Exp, tmp_path: Path):
    assert "no git remote" in exp(tried, "push", "high", code=1).output
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", "hub.git")
    git(tried.root, "remote", "add", "origin", str(tmp_path / "hub.git"))
    git(tried.root, "push", "--quiet", "origin", "main")
    assert "did you mean origin?" in exp(tried, "push", "high", "--git-remote", "orign", code=1).output

    refused = exp(tried, "push", "high", code=1).output
    assert "no DVC remote" in refused
    assert "--no-cache" in refused
    assert git(tmp_path / "hub.git", "for-each-ref", "refs/exps") == "", "nothing goes where its files cannot"

    dvc(tried.root, "remote", "add", "--default", "storage", str(tmp_path / "storage"))
    git(tried.root, "commit", "--quiet", "-m", "Add storage", "--", ".dvc/config")
    git(tried.root, "push", "--quiet", "origin", "main")
    assert "did you mean high?" in exp(tried, "push", "hihg", code=1).output
    exp(tried, "note", "high", "learns fast", "--star")
    done = json.loads(exp(tried, "push", "high", "--json").stdout)
    assert done["new"] == ["high"]
    assert done["files"] > 0
    again = json.loads(exp(tried, "push", "high", "low", "--no-cache", "--json").stdout)
    assert (again["new"], again["known"], again["files"]) == (["low"], ["high"], None)

    subprocess.run(["git", "clone", "--quiet", tmp_path / "hub.git", tmp_path / "colleague"], check=True)
    other = Project(tmp_path / "colleague")
    assert {row["name"] for row in json.loads(exp(other, "list", "--remote", "origin", "--json").stdout)} == {
        "high",
        "low",
    }
    assert "did you mean high?" in exp(other, "pull", "hig", code=1).output
    # The files of 'low' were left out above, and DVC alone would not say so.
    assert "does not have all files of low" in exp(other, "pull", "low", code=1).output
    exp(other, "pull", "high")
    high = experiment_refs(tried)["high"]
    assert experiment_refs(other)["high"] == high
    # Stars and notes go both ways.
    assert remarks.of_all(other) == {high: Remark(True, "learns fast")}
    exp(tried, "note", "high", "--unstar")
    exp(tried, "push", "low", "--no-cache")
    exp(other, "note", "high", "and forgets nothing")
    exp(other, "push", "high", "--no-cache")
    exp(tried, "pull", "high", "--no-cache")
    assert remarks.of_all(tried) == remarks.of_all(other) == {high: Remark(False, "and forgets nothing")}
    assert git(tried.root, "for-each-ref", "refs/notes/", "--format=%(refname)") == remarks.REF
    exp(other, "apply", "high")
    assert (other.bundle / "model.onnx").read_text() == "weights {'learning_rate': 0.1, 'epochs': 2}"


def test_another_experiment_of_the_same_name_is_not_replaced_unasked(tried: Project, exp: Exp, tmp_path: Path):
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", "hub.git")
    git(tried.root, "remote", "add", "origin", str(tmp_path / "hub.git"))
    refs = experiment_refs(tried)
    exp(tried, "push", "high", "--no-cache")
    base = git(tried.root, "rev-parse", "HEAD")
    ref = f"refs/exps/{base[:2]}/{base[2:]}/high"
    git(tried.root, "update-ref", ref, refs["low"])
    assert "another experiment of that name" in exp(tried, "push", "high", "--no-cache", code=1).output
    assert "another experiment of that name here" in exp(tried, "pull", "high", "--no-cache", code=1).output
    assert experiment_refs(tried)["high"] == refs["low"]
    exp(tried, "pull", "high", "--no-cache", "--force")
    assert experiment_refs(tried)["high"] == refs["high"]
    git(tried.root, "update-ref", ref, refs["low"])
    exp(tried, "push", "high", "--no-cache", "--force")
    assert git(tmp_path / "hub.git", "rev-parse", ref) == refs["low"]
