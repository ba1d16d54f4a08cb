"""Batches of a running training are no news for the table; its epochs, and remarks, are."""

import json
import os
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


def test_every_experiment_is_news_however_old_the_folders_of_refs_are(tmp_path: Path):
    repository = Repository(tmp_path / "repository")
    watch = Watch(repository.project)
    seen = {watch.state()["experiments"]}
    for name in ("one", "two"):
        rev = repository.experiment(name, {"training/metrics.json": "{}"})
        seen.add(watch.state()["experiments"])
    refs = repository.folder / ".git" / "refs"
    for folder in (refs, *(path for path in refs.rglob("*") if path.is_dir())):
        os.utime(folder, (1_600_000_000, 1_600_000_000))  # long unchanged, so not listed again
    seen |= {watch.state()["experiments"], watch.state()["experiments"]}
    for base in ("a" * 40, f"aa{'b' * 38}"):
        repository.git("update-ref", f"refs/exps/{base[:2]}/{base[2:]}/elsewhere", rev)
        seen.add(watch.state()["experiments"])
    assert len(seen) == 6
