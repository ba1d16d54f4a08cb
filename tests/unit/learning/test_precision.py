from __future__ import annotations

import pytest
import torch

from tilecli.config import TrainParams
from tilecli.errors import ModelError
from tilecli.learning import precision

HAS_BF16 = bool(precision.cpu_bf16())


def choose(**settings: str) -> precision.Precision:
    return precision.choose(TrainParams(device=settings.pop("device", "cpu"), **settings))


def test_auto_on_a_cpu_takes_bf16_only_where_the_cpu_is_good_at_it() -> None:
    chosen = choose(precision="auto")
    assert chosen.device == "cpu"
    assert chosen.name == ("bf16" if HAS_BF16 else "fp32")
    assert chosen.memory_format is torch.channels_last
    assert chosen.reason


def test_fp32_is_plain_numbers_with_channels_last() -> None:
    chosen = choose(precision="fp32")
    assert chosen.autocast is None
    assert chosen.lightning == "32-true"
    assert chosen.memory_format is torch.channels_last


def test_what_the_cpu_cannot_do_is_refused_with_a_way_out() -> None:
    with pytest.raises(ModelError) as caught:
        choose(precision="fp16")
    assert caught.value.hint == "-S train.precision=auto"
    if HAS_BF16:
        assert choose(precision="bf16").autocast is torch.bfloat16
    else:
        with pytest.raises(ModelError, match="no bf16"):
            choose(precision="bf16")


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "cuda:", "mps", "cpu:1", "cuda0"])
def test_an_unknown_device_is_refused(device: str) -> None:
    with pytest.raises(ModelError, match="unknown device") as caught:
        choose(device=device)
    assert caught.value.where == "train.device"


def test_a_gpu_that_is_not_here_is_refused() -> None:
    with pytest.raises(ModelError, match="is not here"):
        choose(device="cuda:99")


def test_threads_are_the_users_where_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert precision.choose_threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert precision.choose_threads() >= 1
