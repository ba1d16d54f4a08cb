import json
import os
from pathlib import Path

import pytest

from tests.experiment_repo import Repository
from tests.unit.studio.conftest import git
from tilecli.experiments import remarks
from tilecli.layout import Project
from tilecli.studio.watch import Topic, Watch


def changed(watch: Watch, before: dict[Topic, int]) -> set[Topic]:
    now = watch.state()
    return {topic for topic in now if now[topic] != before[topic]}


def test_nothing_changes_by_looking(project: Project) -> None:
    watch = Watch(project)
    assert not changed(watch, watch.state())


@pytest.mark.parametrize(
    ("change", "topics"),
    [
        (lambda p: git(p.root, "update-ref", f"refs/exps/ab/{'c' * 38}/one", "HEAD"), {"experiments", "history"}),
        (lambda p: git(p.root, "tag", "-a", "model@v1.0.0", "-m", "first"), {"models", "data", "history"}),
        (lambda p: git(p.root, "notes", "add", "-m", "good"), {"experiments"}),
        (lambda p: p.params.write_text("train: {epochs: 3}\n"), {"experiments", "data"}),
        (lambda p: (p.root / "README.md").write_text("nothing that a page shows"), set()),
    ],
)
def test_a_change_is_told_to_those_who_show_it(project: Project, change: object, topics: set[Topic]) -> None:
    watch = Watch(project)
    before = watch.state()
    change(project)  # type: ignore[operator]
    assert changed(watch, before) == topics


def test_a_task_that_is_queued_and_its_epochs_are_seen(project: Project) -> None:
    watch = Watch(project)
    before = watch.state()
    folder = project.scratch / "queue" / "1"
    folder.mkdir(parents=True)
    (folder / "task.json").write_text("{}")
    assert changed(watch, before) == {"queue", "experiments"}
    before = watch.state()
    (folder / "status.json").write_text('{"epoch": 1}')
    assert changed(watch, before) == {"experiments"}


def test_a_commit_changes_what_is_checked_out(project: Project) -> None:
    watch = Watch(project)
    before = watch.state()
    git(project.root, "commit", "--allow-empty", "-m", "two")
    assert changed(watch, before) == {"experiments", "data", "history"}


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
