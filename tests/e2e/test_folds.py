"""A cross-validation as a user types it: real trainings, pooled, and its thresholds deployed."""

from __future__ import annotations

import csv
import json
import subprocess

import pytest

from tests.e2e.session import Session

Done = subprocess.CompletedProcess[str]
COMMAND = ("train", "--folds", "2", "--jobs", "2", "--name", "cv")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A project in which nothing was run by hand."""
    session = Session(tmp_path_factory.mktemp("folds"))
    session.start_project()
    return session


@pytest.fixture(scope="module")
def done(session: Session) -> Done:
    """A cross-validation; that one is stopped and goes on is in integration/test_train_folds."""
    return session.tiles(*COMMAND)


def at(session: Session, fold: int, path: str) -> str:
    refs = dict(
        reversed(line.split(" ", 1))
        for line in session.git("for-each-ref", "--format=%(objectname) %(refname:lstrip=4)", "refs/exps").splitlines()
    )
    return session.git("show", f"{refs[f'cv-fold{fold}']}:{path}")


def test_every_fold_is_trained(session: Session, done: Done):
    assert all(f"cv-fold{fold}: done" in done.stderr for fold in (1, 2))
    for fold in (1, 2):
        assert json.loads(at(session, fold, "training/metrics.json"))["epoch"] == 2


def test_each_photo_is_tested_once_and_never_trained_on_by_the_fold_that_tests_it(session: Session, done: Done):
    manifests = [list(csv.DictReader(at(session, fold, "data/split.csv").splitlines())) for fold in (1, 2)]
    results = [list(csv.DictReader(at(session, fold, "evaluation/per_image.csv").splitlines())) for fold in (1, 2)]
    photos = [row["photo"] for row in manifests[0]]
    assert sorted(row["photo"] for rows in results for row in rows) == sorted(photos)
    for manifest, rows in zip(manifests, results, strict=True):
        trained = {row["tile"] for row in manifest if row["subset"] != "test"}
        assert trained.isdisjoint(row["tile"] for row in rows)
        assert all(float(row["loss"]) > 0 for row in rows)
    dealt = [{row["photo"]: row["fold"] for row in manifest} for manifest in manifests]
    assert dealt[0] == dealt[1]


def test_pooled_figures_are_printed_and_come_from_the_records(session: Session, done: Done):
    facts = json.loads(session.tiles("exp", "folds", "cv", "--json").stdout)
    assert done.stdout.startswith(f"cv: Dice {facts['figures']['dice_mean']:.3f}")
    rows = [
        row for fold in (1, 2) for row in csv.DictReader(at(session, fold, "evaluation/per_image.csv").splitlines())
    ]
    found, both = (
        sum(weight * int(row[name]) for row in rows for name, weight in names)
        for names in ([("intersection_px", 2)], [("predicted_px", 1), ("true_px", 1)])
    )
    assert facts["figures"]["dice_mean"] == pytest.approx(found / both, abs=1e-6)
    assert 0 < facts["figures"]["pixel_ap"] < 1
    assert facts["spread"]["dice_mean"]["folds"] == 2


def test_the_workspace_was_left_alone(session: Session, done: Done):
    assert not (session.project / "training").exists()
    assert "folds: 0" in (session.project / "params.yaml").read_text()


def test_applied_thresholds_are_those_of_the_next_bundle(session: Session, done: Done):
    session.tiles("exp", "apply", "cv-fold2", "--force")
    facts = json.loads(session.tiles("exp", "folds", "cv", "--apply", "--json").stdout)
    assert facts["applied"] is True
    bundle = json.loads(session.tiles("export", "--json").stdout)
    assert bundle["threshold"] == facts["settings"]["export.threshold"]
    assert bundle["verdict_threshold"] == facts["settings"]["export.verdict_threshold"]
