"""The main job on sample photos, as a user types it: real git, real DVC, a tiny training."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import bare_environment

# Small enough for seconds, large enough that every type has tiles.
TINY = [
    "data.sources=[sample]",
    "data.sample.tiles=24",
    "train.widths=[8,16,24]",
    "train.crop_size=64",
    "train.batch_size=8",
    "train.epochs=2",
    "train.steps_per_epoch=4",
    "evaluate.bootstrap=50",
    "evaluate.pictures=2",
]
WALL_S = 600


class Session:
    """A user in a project folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "my project"
        (folder / "home").mkdir()
        self.environment = bare_environment(folder / "home")

    def tiles(self, *arguments: str, code: int = 0, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-m", "tilecli", *arguments], code, cwd or self.project)

    def dvc(self, *arguments: str) -> str:
        return self._run([sys.executable, "-m", "dvc", *arguments], 0, self.project).stdout

    def git(self, *arguments: str) -> str:
        return self._run(["git", *arguments], 0, self.project).stdout

    def _run(self, command: list[str], code: int, cwd: Path) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}:{self.environment['PATH']}"
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**self.environment, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=WALL_S,
        )
        assert done.returncode == code, f"{command} → {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def metrics(self) -> dict[str, float]:
        return json.loads((self.project / "evaluation" / "metrics.json").read_text())


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A project in a path with spaces, with one experiment in it."""
    session = Session(tmp_path_factory.mktemp("a user"))
    overrides = [part for setting in TINY for part in ("-S", setting)]
    session.tiles("init", "my project", *overrides, cwd=session.folder)
    session.tiles("train", "--name", "first")
    return session


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
    keys = "dice_mean jacc_mean acc_mean foreground_acc dice_photo auroc pixel_ap false_alarm_rate defect_recall"
    assert {*keys.split(), "dice_ci_low", "dice_ci_high", "per_defect"} <= metrics.keys()


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
    assert line["verdict"] in ("defect", "good")
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
    ],
)
def test_bad_input_gets_one_clear_error(session: Session, arguments: list[str], says: str, code: int):
    before = (session.project / "params.yaml").read_text()
    done = session.tiles(*arguments, code=code)
    assert says in done.stderr + done.stdout
    assert (session.project / "params.yaml").read_text() == before


def test_outside_a_project_every_verb_says_what_to_type(session: Session):
    for verb in (["train"], ["fetch"], ["split"], ["eval"], ["export"], ["exp", "compare"], ["predict", "x.jpg"]):
        done = session.tiles(*verb, code=1, cwd=session.folder)
        assert "tiles init" in done.stderr
