import pytest

from tests.unit.studio.conftest import git
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
