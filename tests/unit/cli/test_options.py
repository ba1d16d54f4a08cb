from __future__ import annotations

import pytest

from tilecli.cli.options import seconds_of
from tilecli.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("90", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), (" 1H ", 3600)]
)
def test_lengths_of_time_are_read(text: str, seconds: int) -> None:
    assert seconds_of(text, "--time-budget") == seconds


def test_no_length_is_no_length() -> None:
    assert seconds_of(None, "--time-budget") is None


@pytest.mark.parametrize("text", ["", "soon", "30 minutes", "-5m", "1.5h", "m30"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="no length of time") as caught:
        seconds_of(text, "--time-budget")
    assert "--time-budget 30m" in str(caught.value.hint)
