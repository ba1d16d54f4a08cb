"""Whole runs of a second with each logger whose package is here, and what its tool reads back."""

from __future__ import annotations

import json
import math
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.trainings import change, interrupt_after, run
from tilecli import quiet
from tilecli.config import Params, TrainParams
from tilecli.errors import MissingExtraError
from tilecli.layout import Project
from tilecli.learning.fit import train
from tilecli.learning.loggers import opening
from tilecli.learning.loggers.opening import check_loggers

Make = Callable[[str], Project]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, and the experiment's name as DVC would give it."""

    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            raise AssertionError(f"a connection to {address} was tried")
        connect(self, address)

    quiet.be_quiet()
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("DVC_EXP_NAME", "first-try")


def valid_dice(project: Project) -> list[float]:
    rows = project.valid_dice.read_text().splitlines()[1:]
    return [float(row.split("\t")[1]) for row in rows]


def test_a_logger_that_is_not_installed_is_said_before_anything_is_read(
    tmp_path: Path, tiny: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match="mlflow") as caught:
        train(Project(tmp_path), change(tiny, loggers=("mlflow",)), resume=False)
    assert caught.value.hint == 'pip install "tilecli[mlflow]"'
    check_loggers(())


def test_every_name_in_params_has_a_logger() -> None:
    names = TrainParams.model_json_schema()["properties"]["loggers"]["items"]["enum"]
    assert set(names) == set(opening._CLASSES)


def test_tensorboard_reads_curves_pictures_and_settings(make_project: Make, tiny: Params) -> None:
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    project = make_project("one")
    run(project, change(tiny, loggers=("tensorboard",), log_pictures=2))
    folder = project.logs / "tensorboard" / "first-try"
    read = EventAccumulator(str(folder), size_guidance={"images": 0})
    read.Reload()
    dice = [(event.step, event.value) for event in read.Scalars("valid/dice")]
    assert [step for step, _ in dice] == [1, 2, 3, 4]
    assert [value for _, value in dice] == pytest.approx(valid_dice(project), abs=1e-6)
    assert {"train/loss", "lr", "photos_per_s", "best/dice"} <= set(read.Tags()["scalars"])
    pictures = read.Tags()["images"]
    assert len(pictures) == 4
    assert [event.step for event in read.Images(pictures[0])] == [1, 3, 4]
    text = b"".join(read.Tensors("run/text_summary")[0].tensor_proto.string_val).decode()
    assert "| train.learning_rate | 0.01 |" in text
    assert "| precision | fp32 |" in text
    assert (project.logs / ".gitignore").read_text() == "*\n"


def test_tensorboard_goes_on_with_an_interrupted_run_and_replaces_an_earlier_one(
    make_project: Make, tiny: Params
) -> None:
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def steps() -> list[int]:
        read = EventAccumulator(str(project.logs / "tensorboard" / "first-try"))
        read.Reload()
        return [event.step for event in read.Scalars("train/loss")]

    project = make_project("one")
    params = change(tiny, loggers=("tensorboard",), log_pictures=0)
    interrupt_after(2, project, params)
    run(project, params, resume=True)
    assert steps() == [1, 2, 3, 4]
    run(project, change(tiny, loggers=("tensorboard",), epochs=1))
    assert steps() == [1]


def test_mlflow_reads_settings_curves_pictures_and_how_it_ended(make_project: Make, tiny: Params) -> None:
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    from mlflow.tracking import MlflowClient

    project = make_project("one")
    params = change(tiny, loggers=("mlflow",), log_pictures=2)
    interrupt_after(2, project, params)
    client = MlflowClient(tracking_uri=f"sqlite:///{project.logs}/mlflow/mlflow.db")
    experiment = client.get_experiment_by_name("one")
    assert experiment is not None
    (found,) = client.search_runs([experiment.experiment_id])
    assert (found.info.run_name, found.info.status) == ("first-try", "KILLED")
    run(project, params, resume=True)
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.info.status == "FINISHED"
    assert found.data.params["train.learning_rate"] == "0.01"
    assert found.data.params["device"] == "cpu"
    history = client.get_metric_history(found.info.run_id, "valid/dice")
    assert [metric.step for metric in history] == [1, 2, 3, 4]
    assert [metric.value for metric in history] == pytest.approx(valid_dice(project), abs=1e-6)
    pictures = list((project.logs / "mlflow" / "artifacts").rglob("*.png"))
    assert len({path.name.partition("+step+")[0] for path in pictures}) == 4


def test_wandb_writes_files_to_send_later(make_project: Make, tiny: Params) -> None:
    pytest.importorskip("wandb", reason="the extra wandb is not installed")
    project = make_project("one")
    params = change(tiny, loggers=("wandb",), log_pictures=2)
    interrupt_after(2, project, params)
    run(project, params, resume=True)
    first, second = sorted(
        (project.logs / "wandb" / "wandb").glob("offline-run-*"), key=lambda path: path.stat().st_mtime
    )
    assert first.name.rpartition("-")[2] == second.name.rpartition("-")[2]
    content = next(first.glob("*.wandb")).read_bytes()
    assert b"valid/dice" in content
    assert b"learning_rate" in content
    assert len(list(first.rglob("*.png"))) == 4


class Broken:
    """A tool whose disk is full after the first epoch."""

    identity = "x"
    told: ClassVar[list[int]] = []

    def __init__(self, run: Any) -> None:
        assert run.name == "first-try"

    def epoch(self, number: int, values: dict[str, float]) -> None:
        assert all(math.isfinite(value) for value in values.values())
        if number > 1:
            raise OSError("no space left on device")
        Broken.told.append(number)

    def picture(self, *_: Any) -> None:
        pass

    def end(self, *_: Any) -> None:
        Broken.told.append(-1)


def test_a_logger_that_fails_is_given_up_and_the_training_goes_on(
    make_project: Make, tiny: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = type(sys)("tilecli.learning.loggers.mlflow")
    module.MlflowLogger = Broken  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("tilecli.learning.fit.check_loggers", lambda _: None)
    project = make_project("one")
    events = run(project, change(tiny, loggers=("mlflow",)))
    warnings = [event.text for event in events if event.kind == "warning"]
    assert warnings == ["mlflow is given up, the training goes on without it: no space left on device"]
    assert Broken.told == [1]
    assert json.loads(project.training_metrics.read_text())["epoch"] == 4
