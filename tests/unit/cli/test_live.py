from pathlib import Path

import pytest

from tilecli import progress
from tilecli.cli.live import display


@pytest.mark.parametrize(("variable", "seen"), [("", False), ("true", True)])
def test_notes_are_read_in_the_log_of_a_job_and_are_quiet_in_a_pipe(
    variable: str, seen: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("CI", variable)
    with display():
        progress.note("the next try is in 3 s")
        progress.warn("this one [is] always said")
    said = capsys.readouterr().err
    assert ("the next try is in 3 s" in said) is seen
    assert "warning: this one [is] always said" in said
