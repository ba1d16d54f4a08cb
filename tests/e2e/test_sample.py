"""The main job on sample photos, as a user types it: real git, real DVC, a tiny training."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.session import Session


@pytest.fixture(scope="module")
def session(trained: Callable[[Path], Session], tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A project in a path with spaces, with one experiment in it."""
    return trained(tmp_path_factory.mktemp("sample") / "a user")


def test_every_artefact_is_there(session: Session):
    for name in (
        "environment/requirements.txt",
        "environment/sources.json",
        "data/dataset/index.csv",
        "data/split.csv",
        "data/split_audit.json",
        "training/metrics.json",
        "training/checkpoints/best.ckpt",
        "models/bundle/model.onnx",
        "models/bundle/bundle.json",
        "models/bundle/self_test/photo.png",
        "models/bundle/self_test/mask.png",
        "evaluation/metrics.json",
        "evaluation/per_image.csv",
        "dvc.lock",
    ):
        assert (session.project / name).is_file(), name
    assert list((session.project / "evaluation" / "predictions").glob("*.png"))
    training = json.loads((session.project / "training" / "metrics.json").read_text())
    assert {"loss"} <= training["train"].keys()
    assert {"loss", "dice", "jaccard", "foreground_acc"} <= training["valid"].keys()


def test_metrics_hold_the_contracts_keys(session: Session):
    metrics = session.metrics()
    keys = "dice_mean jacc_mean acc_mean foreground_acc dice_photo auroc pixel_ap ece false_alarm_rate defect_recall"
    assert {*keys.split(), "dice_ci_low", "dice_ci_high", "per_defect"} <= metrics.keys()


def test_a_registered_model_predicts_as_the_bundle_does(session: Session):
    session.tiles("report", "gate", "first", "--min", "0")
    registered = json.loads(session.tiles("model", "register", "first", "--json").stdout)
    assert (registered["version"], registered["gate"]["passed"]) == ("v1.0.0", True)
    session.tiles("model", "promote", "v1.0.0", "prod")
    photo = str(next((session.project / "data" / "dataset" / "images").glob("*.jpg")))
    found = []
    for chosen in ([], ["--model", "prod"], ["--model", "@v1.0.0"]):
        line = json.loads(session.tiles("predict", photo, *chosen, "--json").stdout)
        found.append({key: value for key, value in line.items() if key != "ms"})
    assert found[0] == found[1] == found[2]
    assert "two bundles" in session.tiles("predict", photo, "--model", "prod", "--bundle", ".", code=2).stderr


def test_the_report_of_a_real_run_has_pictures_and_curves(session: Session):
    written = json.loads(session.tiles("report", "first", "--json").stdout)
    page = (session.project / "report" / "report.html").read_text()
    assert len(written) == 2
    assert page.count("data:image/jpeg;base64,") >= 2
    assert page.count("<svg") == 4
    assert "tiles exp reproduce first" in page
    assert session.git("status", "--porcelain", "report") == ""


def test_an_operating_point_says_what_it_leaves(session: Session):
    found = json.loads(session.tiles("eval", "--operating-point", "recall>=0.9", "--json").stdout)
    assert found["recall"] >= 0.9
    assert 0 < found["verdict_threshold"] < 1
    low, high = (found["intervals"]["false_alarm_rate"][end] for end in ("low", "high"))
    assert low <= found["false_alarm_rate"] <= high
    said = session.tiles("eval", "--operating-point", "recall>=0.9").stdout
    (row,) = (line for line in said.splitlines() if "verdict threshold" in line)
    assert f"{found['verdict_threshold']:.4g}" in row


def test_nothing_changed_runs_nothing(session: Session):
    said = session.dvc("repro")
    assert "Stage 'evaluate' didn't change, skipping" in said
    assert said.count("Running stage") == 1  # check_packages, always


def test_an_evaluation_setting_runs_only_the_evaluation(session: Session):
    before = (session.project / "models" / "bundle" / "bundle.json").read_bytes()
    done = session.tiles("train", "--name", "other-iou", "-S", "evaluate.iou=0.5")
    ran = [line.removesuffix(" …") for line in done.stderr.splitlines() if line.endswith(" …")]
    assert ran == ["check_packages", "evaluate"]
    assert (session.project / "models" / "bundle" / "bundle.json").read_bytes() == before


def test_a_second_experiment_stands_beside_the_first(session: Session):
    session.tiles("train", "--name", "second", "--lr", "0.01", "--only")
    shown = json.loads(session.tiles("exp", "compare", "--json").stdout)
    by_name = {record["name"]: record for record in shown}
    assert {"workspace", "first", "second"} <= by_name.keys()
    assert by_name["second"]["params"]["train.learning_rate"] == 0.01
    assert by_name["first"]["metrics"]["dice_mean"] is not None
    table = session.tiles("exp", "compare", "--sort", "valid.dice").stdout
    assert "learning_" in table
    rows = [line.lstrip("├└─ ").split()[0] for line in table.splitlines() if line.strip("─ ")]
    assert rows.index("second") < rows.index("first")  # trained at the higher rate, and sorted by what it reached


def test_dvcs_own_commands_work_by_hand(session: Session):
    assert "evaluate" in session.dvc("dag")
    assert "dice_mean" in session.dvc("metrics", "show")
    session.dvc("plots", "show", "--out", "plots-page")
    assert (session.project / "plots-page" / "index.html").is_file()
    assert "first" in session.dvc("exp", "show", "--csv")


def test_one_photo_is_predicted(session: Session):
    photo = sorted((session.project / "data" / "dataset" / "images").iterdir())[0]
    done = session.tiles("predict", str(photo), "--json", "--out", "found")
    line = json.loads(done.stdout)
    assert line["verdict"] in ("defect", "good")  # "uncertain" only where a band is set
    assert {"path", "defect_share", "regions", "mask", "ms"} <= line.keys()
    assert (session.project / line["mask"]).is_file()
    assert (session.project / "found" / "predictions.jsonl").is_file()


def test_one_unreadable_photo_does_not_stop_the_rest(session: Session):
    photos = session.project / "inbox"
    photos.mkdir()
    good = sorted((session.project / "data" / "dataset" / "images").iterdir())[0]
    (photos / "a.jpg").write_bytes(good.read_bytes())
    (photos / "b.jpg").write_bytes(b"no image")
    done = session.tiles("predict", "inbox", "--json", code=1)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert ["verdict" in line for line in lines] == [True, False]
    assert "b.jpg" in done.stderr


def test_doctor_finds_nothing_missing(session: Session):
    findings = json.loads(session.tiles("doctor", "--json").stdout)
    assert {finding["about"] for finding in findings} >= {"CPU", "git", "training", "project", "bundle"}
    assert not [finding for finding in findings if finding["state"] == "missing"]


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (["train", "--lr", "0"], "train.learning_rate", 1),
        (["train", "--arch", "unett"], "unet", 1),
        (["train", "-S", "train.epohcs=3"], "train.epochs", 1),
        (["train", "--name", "first"], "--name first-2", 1),
        (["train", "--preset", "nope"], "demo", 1),
        (["exp", "compare", "--sort", "dice_maen"], "dice_mean", 2),
        (["predict", "nowhere/*.jpg"], "no file fits", 2),
        (["predict", "x.jpg", "--bundle", "nowhere"], "bundle", 1),
        (["predict", "data/dataset/images", "--engine", "tensorrt"], "openvino", 2),
        (["train", "--epochs", "many"], "epochs", 2),
        (["export", "--int8", "--precision", "f32"], "contradict", 2),
        (["export", "--precision", "int4"], "int8", 1),
    ],
)
def test_bad_input_gets_one_clear_error(session: Session, arguments: list[str], says: str, code: int):
    before = (session.project / "params.yaml").read_text()
    done = session.tiles(*arguments, code=code)
    assert says in done.stderr + done.stdout
    assert (session.project / "params.yaml").read_text() == before


def test_the_bundle_in_int8_predicts_and_is_measured(session: Session):
    # The tiny training's masks are not worth a limit.
    table = session.tiles("export", "--int8", "-S", "export.max_int8_cost=1").stdout
    bundle = json.loads((session.project / "models" / "bundle" / "bundle.json").read_text())
    assert bundle["precision"] == "int8"
    assert {"dice_before", "dice_after", "cost", "agreement"} <= bundle["checks"]["int8"].keys()
    assert "self-test" in table
    assert "training photos" in table
    assert "against" in table
    photos = session.project / "data" / "dataset" / "images"
    lines = []
    for engine in ("openvino", "onnxruntime"):
        done = session.tiles("predict", str(sorted(photos.iterdir())[0]), "--engine", engine, "--json")
        lines.append(json.loads(done.stdout))
    assert lines[0]["score"] == pytest.approx(lines[1]["score"], abs=0.02)
    session.tiles("eval", "--json")
    assert session.metrics()["precision"] == "int8"


def test_outside_a_project_every_verb_says_what_to_type(session: Session):
    for verb in (["train"], ["fetch"], ["split"], ["eval"], ["export"], ["exp", "compare"], ["predict", "x.jpg"]):
        done = session.tiles(*verb, code=1, cwd=session.folder)
        assert "tiles init" in done.stderr


def test_nothing_was_called_over_the_network_and_nothing_left_in_the_home_folder(session: Session):
    """Last, because it looks back at every command of this file: DVC, OpenVINO, albumentations and the rest."""
    subprocess.run(
        [sys.executable, "-c", "import socket; socket.getaddrinfo('127.0.0.1', 80)"],
        env=session.environment,
        check=True,
    )
    calls = session.calls.read_text().splitlines()
    assert "127.0.0.1" in calls[-1]  # the watch works
    assert calls[:-1] == []
    left = {path.relative_to(session.home).as_posix() for path in session.home.rglob("*") if path.is_file()}
    assert not {name for name in left if not name.startswith(".cache/")}
