"""Settings of the loop around the network: their bounds, and that every value can be typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tilecli import paramfile
from tilecli.errors import ConfigError
from tilecli.layout import shipped


def load(*overrides: str, path: Path | None = None) -> Any:
    return paramfile.load(path or shipped("params.yaml"), overrides).train


@pytest.mark.parametrize("how", ["auto", "always", "never"])
def test_how_to_compile_can_be_typed(how: str) -> None:
    assert load(f"train.compile={how}").compile == how


def test_loggers_are_a_list_of_known_names() -> None:
    assert load().loggers == ()
    assert load("train.loggers=[tensorboard, wandb]").loggers == ("tensorboard", "wandb")
    with pytest.raises(ConfigError, match=r"train\.loggers"):
        load("train.loggers=[visdom]")


@pytest.mark.parametrize("wrong", ["train.time_budget=-1", "train.valid_every=0", "train.log_pictures=-1"])
def test_what_makes_no_sense_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong.partition("=")[0].replace(".", r"\.")):
        load(wrong)


def test_a_file_from_before_these_settings_means_their_defaults(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("train:\n  epochs: 3\n")
    old = load(path=tmp_path / "params.yaml")
    assert (old.time_budget, old.valid_every, old.compile, old.loggers) == (0, 1, "auto", ())
