"""What every verb has around it."""

from __future__ import annotations

import pytest
import typer

from tilecli.cli.verb import verb
from tilecli.errors import TRACEBACK_VARIABLE, DataError


def _raise(error: BaseException) -> None:
    @verb
    def go() -> None:
        raise error

    go()


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (DataError("the photo is gone", where="a.jpg", hint="tiles fetch"), 1, "error: the photo is gone"),
        (ModuleNotFoundError("No module named 'ruamel'", name="ruamel.yaml"), 1, 'pip install "tilecli[data]"'),
        (ValueError("odd"), 1, "unexpected: ValueError: odd"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_an_error_is_said_once_and_in_words(
    error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TRACEBACK_VARIABLE, raising=False)
    with pytest.raises(typer.Exit) as caught:
        _raise(error)
    said = capsys.readouterr().err
    assert caught.value.exit_code == code
    assert says in said
    assert "Traceback" not in said


def test_a_module_of_our_own_that_is_missing_is_no_missing_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TRACEBACK_VARIABLE, raising=False)
    with pytest.raises(typer.Exit):
        _raise(ModuleNotFoundError("No module named 'tilecli.gone'", name="tilecli.gone"))
    assert "unexpected" in capsys.readouterr().err


def test_the_traceback_is_there_for_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRACEBACK_VARIABLE, "1")
    with pytest.raises(DataError):
        _raise(DataError("the photo is gone"))
