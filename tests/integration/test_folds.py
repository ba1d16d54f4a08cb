"""`tiles exp folds` and `tiles exp compare` on the folds of cross-validations in a real git repository."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.experiment_repo import Repository, perfect, run_files
from tests.integration.conftest import Exp
from tilecli import histogram, paramfile
from tilecli.data.manifest import Assigned, write_manifest
from tilecli.errors import DataError, ProjectError, UsageError
from tilecli.evaluation import bootstrap, metrics, paired
from tilecli.evaluation.pixels import write_counts
from tilecli.evaluation.records import Record
from tilecli.experiments import folds, pooling, store
from tilecli.experiments.judgement import judge
from tilecli.inference import calibration, threshold
from tilecli.inference.calibration import Calibration
from tilecli.inference.threshold import Choice

K = 3


def answer(share: float, seed: int) -> list[Record]:
    """What models that find about `share` of each defect say of all photos."""
    draw = random.Random(seed)
    return [
        replace(row, intersection_px=round(row.true_px * min(1.0, max(0.0, draw.gauss(share, 0.05)))), loss=0.1)
        for row in perfect()
    ]


def place(logit: float) -> int:
    return int(np.searchsorted(histogram.edges(), logit))


def counted(rows: Sequence[Record]) -> np.ndarray:
    """Pixels that were found at a logit of 2, missed at −1, wrongly marked at 1, and background at −6."""
    counts = np.zeros((2, histogram.BINS), np.int64)
    for row in rows:
        wrong = row.predicted_px - row.intersection_px
        counts[1, place(2)] += row.intersection_px
        counts[1, place(-1)] += row.true_px - row.intersection_px
        counts[0, place(1)] += wrong
        counts[0, place(-6)] += row.pixels - row.true_px - wrong
    return counts


def number(row: Record) -> int:
    """The fold of a photo; every type is in each of the three, in unlike numbers."""
    tile = int(row.tile[-2:])
    return (tile + tile // 6) % K


def of_fold(rows: Sequence[Record], fold: int) -> list[Record]:
    return [row for row in rows if number(row) == fold]


def fold_files(rows: Sequence[Record], fold: int, params: dict[str, Any], scratch: Path) -> dict[str, str]:
    """What the experiment of one fold leaves, where all folds together test `rows`."""
    files = run_files(of_fold(rows, fold), {"split.folds": K, "split.fold": fold, **params})
    write_counts(scratch / "histogram.csv", counted(of_fold(rows, fold)))
    files["evaluation/histogram.csv"] = (scratch / "histogram.csv").read_text()
    rows_of_split = [(row, "test" if number(row) == fold else "train") for row in rows]
    write_manifest(
        scratch / "split.csv",
        [Assigned(row.photo, row.tile, row.defect, subset, "", str(number(row))) for row, subset in rows_of_split],
    )
    files["data/split.csv"] = (scratch / "split.csv").read_text()
    files["dvc.lock"] = lock("photos")
    return files


def lock(dataset: str) -> str:
    stages = {"fetch": {"outs": [{"path": "data/dataset", "md5": f"{dataset}.dir"}]}}
    return yaml.safe_dump({"schema": "2.0", "stages": stages})


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "factory")
    for name, share, seed in (("good", 0.9, 1), ("poor", 0.6, 2)):
        for fold in range(K):
            files = fold_files(answer(share, seed), fold, {"evaluate.bootstrap": 200}, tmp_path)
            made.experiment(f"{name}-fold{fold + 1}", files)
    return made


def replaced(repo: Repository, fold: int, files: dict[str, str | None], tmp_path: Path, **params: Any) -> None:
    """Make the experiment of a fold of `good` anew, with other files or without some."""
    base = fold_files(answer(0.9, 1), fold, {"evaluate.bootstrap": 200, **params}, tmp_path)
    base |= {path: text for path, text in files.items() if text is not None}
    kept = {path: text for path, text in base.items() if files.get(path, "") is not None}
    repo.experiment(f"good-fold{fold + 1}", kept)


def pooled(repo: Repository, name: str) -> pooling.Pooled:
    group = folds.find(store.experiments(repo.project), name)
    return pooling.pool(group, folds.read(repo.project, group))


def test_pooled_figures_are_those_of_one_evaluation_of_all_photos(repo: Repository) -> None:
    found, rows = pooled(repo, "good"), answer(0.9, 1)
    assert sorted(found.rows, key=lambda row: row.photo) == rows
    wanted = metrics.summary(rows, counted(rows))
    assert found.figures.keys() == wanted.keys()
    assert {name: found.figures[name] for name in metrics.figures(rows)} == pytest.approx(metrics.figures(rows))
    assert found.figures["pixel_ap"] == pytest.approx(wanted["pixel_ap"])
    for kind, values in wanted["per_defect"].items():
        assert found.figures["per_defect"][kind] == pytest.approx(values), kind
    assert found.intervals == bootstrap.intervals(found.rows, 200, 0)
    crack = [row for row in found.rows if row.defect == "crack"]
    assert found.type_intervals["crack"] == bootstrap.intervals(crack, 200, 0)["dice_mean"]


def test_the_spread_is_that_of_the_folds(repo: Repository) -> None:
    found, rows = pooled(repo, "good"), answer(0.9, 1)
    alone = [metrics.figures(of_fold(rows, fold))["dice_mean"] for fold in range(K)]
    assert list(found.by_fold) == ["good-fold1", "good-fold2", "good-fold3"]
    assert [values["dice_mean"] for values in found.by_fold.values()] == pytest.approx(alone)
    assert found.spread["dice_mean"] == pooling.Spread(
        pytest.approx(np.mean(alone)), pytest.approx(np.std(alone, ddof=1)), K
    )
    crack = [metrics.figures([row for row in of_fold(rows, fold) if row.defect == "crack"]) for fold in range(K)]
    known = [figures["dice_mean"] for figures in crack if figures["dice_mean"] is not None]
    assert found.type_spread["crack"].mean == pytest.approx(np.mean(known))
    assert found.type_spread["crack"].folds == len(known)


def chosen_by(rows: Sequence[Record], raw: np.ndarray) -> tuple[Calibration, Choice, Choice]:
    """What all photos speak for, where the networks gave these pixels and scores."""
    common = calibration.fit(raw)
    pixels = threshold.choose_threshold(common.counts(raw))
    scores = common.probabilities(np.asarray([row.score for row in rows]))
    return (
        common,
        pixels,
        threshold.choose_verdict_threshold(scores, [not row.is_good for row in rows], pixels.threshold),
    )


def test_calibration_and_thresholds_are_chosen_over_all_photos(repo: Repository) -> None:
    found, rows = pooled(repo, "good"), answer(0.9, 1)
    common, pixels, verdict = chosen_by(rows, counted(rows))
    assert (found.calibration, found.pixels, found.verdict) == (common, pixels, verdict)
    assert pooling.settings(found) == {
        "export.temperature": common.temperature,
        "export.shift": common.shift,
        "export.threshold": pixels.threshold,
        "export.verdict_threshold": verdict.threshold,
    }


def test_each_folds_own_calibration_is_taken_back_first(repo: Repository, tmp_path: Path) -> None:
    rows = answer(0.9, 1)
    for fold, own in enumerate((Calibration(0.5, -1.0), Calibration(1.25, 2.0), Calibration(0.8, 0.5))):
        mine = of_fold(rows, fold)
        said = own.probabilities(np.asarray([row.score for row in mine]))
        files = run_files([replace(row, score=float(score)) for row, score in zip(mine, said, strict=True)])
        write_counts(tmp_path / "histogram.csv", own.counts(counted(mine)))
        figures = json.loads(files["evaluation/metrics.json"]) | asdict(own)
        changed = {
            "evaluation/per_image.csv": files["evaluation/per_image.csv"],
            "evaluation/metrics.json": json.dumps(figures),
            "evaluation/histogram.csv": (tmp_path / "histogram.csv").read_text(),
        }
        replaced(repo, fold, changed, tmp_path)
    found, (common, pixels, verdict) = pooled(repo, "good"), chosen_by(rows, counted(rows))
    assert found.calibration is not None
    # Moving pixels between bins and back costs at most a bin, 1/128 in the logit.
    assert found.calibration.temperature == pytest.approx(common.temperature, abs=0.02)
    assert found.calibration.shift == pytest.approx(common.shift, abs=0.02)
    assert found.pixels is not None
    assert found.pixels.threshold == pytest.approx(pixels.threshold, abs=0.01)
    assert found.verdict is not None
    assert found.verdict.threshold == pytest.approx(verdict.threshold, abs=0.01)


def test_shows_the_group_in_words_and_in_json(repo: Repository, exp: Exp) -> None:
    shown = exp(repo.project, "folds", "good").stdout
    assert shown.startswith("good: Dice 0.9")
    assert "pooled over 60 photos of 30 tiles in 3 folds" in shown
    for line in ("dice_mean", "pixel_ap", "crack", "blowhole", "good-fold3", "a pixel is defect from"):
        assert any(row.strip().startswith(line) for row in shown.splitlines()), line
    facts = json.loads(exp(repo.project, "folds", "good", "--json").stdout)
    found = pooled(repo, "good")
    assert facts["figures"]["dice_mean"] == pytest.approx(found.figures["dice_mean"], abs=1e-6)
    assert facts["experiments"].keys() == {"good-fold1", "good-fold2", "good-fold3"}
    assert facts["spread"]["dice_mean"]["folds"] == K
    assert facts["threshold"]["threshold"] == facts["settings"]["export.threshold"]
    assert facts["applied"] is False


def test_lists_groups_and_what_they_lack(repo: Repository, exp: Exp, tmp_path: Path) -> None:
    repo.experiment("half-fold2", fold_files(answer(0.9, 1), 1, {}, tmp_path))
    done = exp(repo.project, "folds")
    rows = [line.split() for line in done.stdout.splitlines() if "/3" in line]
    assert [row[:2] for row in rows] == [["half", "1/3"], ["poor", "3/3"], ["good", "3/3"]]
    assert "half lacks half-fold1, half-fold3" in done.output
    listed = {row["name"]: row for row in json.loads(exp(repo.project, "folds", "--json").stdout)}
    assert listed["half"]["missing"] == ["half-fold1", "half-fold3"]
    dice = [run["dice_mean"] for run in pooled(repo, "good").by_fold.values()]
    assert listed["good"]["spread"]["dice_mean"]["mean"] == pytest.approx(np.mean(dice))
    said = exp(repo.project, "folds", "half", code=1).output
    assert "2 of the 3 folds of 'half' are not done: half-fold1, half-fold3" in said


def test_says_how_to_begin_where_there_are_none(tmp_path: Path, exp: Exp) -> None:
    empty = Repository(tmp_path / "factory").project
    assert "tiles train --folds 5" in exp(empty, "folds").output
    assert json.loads(exp(empty, "folds", "--json").stdout) == []
    assert "--apply needs to know which" in exp(empty, "folds", "--apply", code=2).output


def test_apply_writes_what_all_photos_speak_for_and_nothing_else(repo: Repository, exp: Exp) -> None:
    before = repo.project.params.read_text()
    exp(repo.project, "folds", "good")
    assert repo.project.params.read_text() == before
    chosen = pooling.settings(pooled(repo, "good"))
    said = exp(repo.project, "folds", "good", "--apply").output
    assert f"export.threshold {chosen['export.threshold']:g}" in said
    after = repo.project.params.read_text()
    assert after == paramfile.edit(before, chosen)
    params = paramfile.load(repo.project.params).export
    assert (params.temperature, params.shift, params.threshold, params.verdict_threshold) == tuple(chosen.values())
    assert json.loads(exp(repo.project, "folds", "good", "--apply", "--json").stdout)["applied"] is True
    assert repo.project.params.read_text() == after


def test_every_photo_can_be_had_as_csv_with_the_fold_that_did_not_know_it(repo: Repository, exp: Exp) -> None:
    rows = list(csv.DictReader(io.StringIO(exp(repo.project, "folds", "good", "--csv").stdout)))
    assert sorted(row["photo"] for row in rows) == [row.photo for row in answer(0.9, 1)]
    tested = {row.photo: f"good-fold{number(row) + 1}" for row in perfect()}
    assert {row["photo"]: row["experiment"] for row in rows} == tested
    assert {row["loss"] for row in rows} == {"0.1"}
    assert "--csv needs to know which" in exp(repo.project, "folds", "--csv", code=2).output
    assert "--csv stands alone" in exp(repo.project, "folds", "good", "--csv", "--apply", code=2).output


def test_refuses_folds_of_other_settings(repo: Repository, exp: Exp, tmp_path: Path) -> None:
    replaced(repo, 1, {}, tmp_path, **{"train.learning_rate": 0.5})
    said = exp(repo.project, "folds", "good", code=1).output
    assert "the folds of 'good' are not one cross-validation" in said
    assert "train.learning_rate is 0.002 in good-fold1 and 0.5 in good-fold2" in said


def test_refuses_folds_of_other_photos(repo: Repository, tmp_path: Path) -> None:
    replaced(repo, 2, {"dvc.lock": lock("more photos")}, tmp_path)
    with pytest.raises(ProjectError, match="good-fold1 and good-fold3 were made of different photos"):
        pooled(repo, "good")


def test_refuses_a_photo_that_is_tested_twice_or_never(repo: Repository, tmp_path: Path) -> None:
    rows = answer(0.9, 1)
    own, other = of_fold(rows, 1), of_fold(rows, 0)
    name = "evaluation/per_image.csv"

    def files(tested: list[Record]) -> dict[str, str | None]:
        write_counts(tmp_path / "counts.csv", counted(tested))
        return {name: run_files(tested)[name], "evaluation/histogram.csv": (tmp_path / "counts.csv").read_text()}

    replaced(repo, 1, files([*own, other[0]]), tmp_path)
    with pytest.raises(ProjectError, match=f"{other[0].photo} by good-fold1 and good-fold2"):
        pooled(repo, "good")
    replaced(repo, 1, files(own[1:]), tmp_path)
    with pytest.raises(ProjectError, match=rf"1 photos of the split are tested by no fold \({own[0].photo}\)"):
        pooled(repo, "good")


def test_refuses_what_was_not_evaluated_and_what_is_broken(repo: Repository, tmp_path: Path) -> None:
    replaced(repo, 1, {"evaluation/per_image.csv": None}, tmp_path)
    with pytest.raises(ProjectError, match="'good-fold2' was not evaluated"):
        pooled(repo, "good")
    write_counts(tmp_path / "counts.csv", counted(of_fold(answer(0.9, 1), 0)) * 2)
    replaced(repo, 1, {"evaluation/histogram.csv": (tmp_path / "counts.csv").read_text()}, tmp_path)
    with pytest.raises(DataError, match="other pixels") as caught:
        pooled(repo, "good")
    assert caught.value.where == "good-fold2:evaluation/histogram.csv"


def test_folds_without_histogram_or_loss_are_pooled_as_far_as_they_go(
    repo: Repository, exp: Exp, tmp_path: Path
) -> None:
    """As projects make them whose dvc.yaml is from before there were histograms."""
    text = fold_files(answer(0.9, 1), 1, {}, tmp_path)["evaluation/per_image.csv"]
    rows = list(csv.DictReader(io.StringIO(text)))
    older = io.StringIO()
    writer = csv.DictWriter(older, [name for name in rows[0] if name != "loss"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    replaced(
        repo, 1, {"evaluation/per_image.csv": older.getvalue(), "evaluation/histogram.csv": None}, tmp_path
    )  # fmt: skip
    found = pooled(repo, "good")
    assert found.figures["dice_mean"] == pytest.approx(metrics.figures(answer(0.9, 1))["dice_mean"])
    assert found.figures["pixel_ap"] is None
    assert (found.pixels, found.verdict, pooling.settings(found)) == (None, None, {})
    before = repo.project.params.read_text()
    said = exp(repo.project, "folds", "good", "--apply").output
    assert "dvc.yaml must list it" in said
    assert "there is nothing to apply" in said
    assert repo.project.params.read_text() == before


def test_compare_judges_two_groups_over_all_photos(repo: Repository, exp: Exp) -> None:
    done = exp(repo.project, "compare", "good", "poor")
    assert done.stdout.startswith("good is better than poor: dice_mean +0.")
    assert "A: good in 3 folds, B: poor in 3 folds; 60 photos of 30 tiles" in done.stdout
    facts = json.loads(exp(repo.project, "compare", "good", "poor", "--json").stdout)
    wanted = paired.compare(pooled(repo, "good").rows, pooled(repo, "poor").rows).figures["dice_mean"]
    dice = facts["figures"]["dice_mean"]
    assert (dice["difference"], dice["low"], dice["high"]) == (wanted.difference, wanted.low, wanted.high)
    assert facts["folds"] == [3, 3]
    assert facts["a"] == {"name": "good", "rev": ""}


def test_compare_refuses_a_group_beside_a_single_run_or_itself(repo: Repository) -> None:
    with pytest.raises(UsageError, match="'good' is 3 folds and 'poor-fold1' is one run") as caught:
        judge(repo.project, "good", "poor-fold1")
    assert "tiles train --folds 3" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="'poor' is 3 folds and 'main' is one run") as caught:
        repo.git("checkout", "--quiet", "-B", "main", repo.git("rev-parse", _ref(repo, "good-fold1")))
        judge(repo.project, "main", "poor")
    with pytest.raises(UsageError, match="the same"):
        judge(repo.project, "good", "good")


def test_an_experiment_goes_before_a_group_of_its_name(repo: Repository) -> None:
    for name, share in (("good", 0.9), ("poor", 0.6)):
        repo.experiment(name, run_files(answer(share, 5)))
    assert judge(repo.project, "good", "poor", resamples=20).folds == ()


def test_compare_of_groups_of_other_photos_names_them(repo: Repository, tmp_path: Path) -> None:
    rows = [row for row in answer(0.9, 3) if row.photo != "photo000"]
    for fold in range(K):
        repo.experiment(f"fewer-fold{fold + 1}", fold_files(rows, fold, {}, tmp_path))
    with pytest.raises(UsageError, match="1 only by good") as caught:
        judge(repo.project, "good", "fewer")
    assert "tiles train --folds 3 again" in (caught.value.hint or "")


def _ref(repo: Repository, name: str) -> str:
    return f"refs/exps/{repo.base[:2]}/{repo.base[2:]}/{name}"
