"""MLflow: one SQLite file and a folder of artefacts. Look at them with
`mlflow ui --backend-store-uri sqlite:///logs/mlflow/mlflow.db`.

Not its store of plain files, which MLflow no longer keeps up and refuses by default.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

from tilecli import files
from tilecli.data.preprocess import Uint8
from tilecli.learning.loggers.interface import Ending, Run

_MOST_CHARACTERS = 6000  # of a parameter's value, in MLflow
_MOST_PARAMS = 100  # in one call
_STATUS: dict[Ending, str] = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}


class MlflowLogger:
    """See `RunLogger`."""

    def __init__(self, run: Run) -> None:
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        with files.locked(run.folder / "setup.lock"):  # two runs that begin at once would both make the tables
            self._client = MlflowClient(tracking_uri=f"sqlite:///{run.folder.resolve()}/mlflow.db")
            experiment = self._client.get_experiment_by_name(run.project)
            if experiment is None:
                artefacts = (run.folder / "artifacts").resolve().as_uri()
                number = self._client.create_experiment(run.project, artifact_location=artefacts)
            else:
                number = experiment.experiment_id
        if run.identity:
            self.identity = run.identity
            self._client.update_run(run.identity, status="RUNNING")
            return
        self.identity = str(self._client.create_run(number, run_name=run.name).info.run_id)
        params = [Param(name, text[:_MOST_CHARACTERS]) for name, text in run.texts().items()]
        for start in range(0, len(params), _MOST_PARAMS):
            self._client.log_batch(self.identity, params=params[start : start + _MOST_PARAMS])
        self._client.log_batch(self.identity, tags=[RunTag("tiles.experiment", run.name)])

    def epoch(self, number: int, values: Mapping[str, float]) -> None:
        """Metrics in one transaction."""
        now = int(time.time() * 1000)
        self._client.log_batch(
            self.identity, metrics=[Metric(name, value, now, number) for name, value in values.items()]
        )

    def picture(self, number: int, name: str, image: Uint8) -> None:
        """An image with a slider over the epochs."""
        self._client.log_image(self.identity, image, key=f"valid_{name}", step=number)

    def end(self, how: Ending) -> None:
        """Say how it ended."""
        self._client.set_terminated(self.identity, status=_STATUS[how])
