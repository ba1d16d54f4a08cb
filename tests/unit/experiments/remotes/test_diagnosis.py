"""What the doctor says of remotes."""

from __future__ import annotations

import pytest

from tilecli.experiments.diagnosis import diagnose
from tilecli.experiments.remotes import writing
from tilecli.experiments.remotes.address import Address
from tilecli.layout import Project


def _said(project: Project, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    project.params.write_text("data: {}\n")
    (project.root / "dvc.yaml").touch()
    monkeypatch.chdir(project.root)
    (found,) = (finding for finding in diagnose() if finding.about == "DVC remote")
    return found.state, found.text, found.mend


def test_no_remote_is_a_hint_whatever_else_the_settings_hold(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    config = project.root / ".dvc" / "config"
    config.write_text(config.read_text() + "# no url yet\n")
    state, said, mend = _said(project, monkeypatch)
    assert (state, "this disk only" in said, "remote add" in mend) == ("hint", True, True)


def test_the_default_remote_is_named_without_its_secrets(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    writing.add(project, "line3", Address("http", "https://me:hush@example.org/x"), {}, {})
    state, said, _ = _said(project, monkeypatch)
    assert (state, said) == ("ok", "line3: https://me:***@example.org/x")


def test_remotes_none_of_which_is_the_default_are_a_hint(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    config = project.root / ".dvc" / "config"
    config.write_text(config.read_text() + '[remote "line3"]\n    url = /mnt/line3\n')
    assert _said(project, monkeypatch)[::2] == ("hint", "tiles data remote default line3")
