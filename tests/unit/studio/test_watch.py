"""Batches of a running training are no news for the table; its epochs, and remarks, are."""

import json
from pathlib import Path

from tests.experiment_repo import Repository
from tilecli.experiments import remarks
from tilecli.studio.watch import Watch


def test_epochs_and_remarks_are_news_and_batches_are_not(tmp_path: Path):
    repository = Repository(tmp_path / "repository")
    watch = Watch(repository.project)
    status = repository.project.scratch / "queue" / "1" / "status.json"
    status.parent.mkdir(parents=True)

    def says(**values: object) -> int:
        status.write_text(json.dumps(values))
        return watch.state()["experiments"]

    first = says(stage="train", epoch=1, done=10)
    assert says(stage="train", epoch=1, done=2000) == first
    second = says(stage="train", epoch=2, done=10)
    assert second != first
    remarks.change(repository.project, repository.base, star=True)
    assert watch.state()["experiments"] != second
    status.write_text("half of")
    assert isinstance(watch.state()["experiments"], int)
