from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
import torch

from tilecli import progress
from tilecli.config import Params, TrainParams
from tilecli.layout import Project
from tilecli.learning import compiling, network, precision
from tilecli.learning.checkpoint import load_network
from tilecli.learning.compiling import compile_wanted
from tilecli.learning.fit import train

SMALL = TrainParams(widths=(8, 12), crop_size=32, batch_size=2, device="cpu", precision="fp32")


def wanted(how: str, steps: int = 10_000) -> tuple[bool, list[str]]:
    params = SMALL.model_copy(update={"compile": how})
    events: list[progress.Event] = []
    with progress.listen(events.append):
        answer = compile_wanted(network.build_network(params, weights=False), params, precision.choose(params), steps)
    return answer, [event.text for event in events if event.kind == "warning"]


def test_a_cpu_compiles_only_when_asked() -> None:
    assert wanted("auto") == (False, [])
    assert wanted("never") == (False, [])


def test_a_compiler_that_fails_is_said_and_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no compiler\nmore about it")

    monkeypatch.setattr(compiling.torch, "compile", fail)
    answer, warnings = wanted("always")
    assert not answer
    assert warnings == ["torch.compile does not work here, the training goes on without it: no compiler"]


def test_a_compiled_training_learns_the_same_and_saves_the_same_kind_of_checkpoint(
    make_project: Callable[[str], Project], tiny: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Traced and differentiated as always, but not turned into C++, which takes minutes.
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager"))
    projects = {}
    for how in ("never", "always"):
        project = projects[how] = make_project(how)
        settings = tiny.train.model_copy(update={"compile": how, "epochs": 1, "steps_per_epoch": 3})
        train(project, Params(train=settings), resume=False)
    (plain, before), (compiled, facts) = (
        load_network(projects[how].checkpoints / "best.ckpt") for how in ("never", "always")
    )
    assert (before["compiled"], facts["compiled"]) == (False, True)
    image = torch.rand(1, 1, 64, 64)
    torch.testing.assert_close(compiled(image), plain(image), rtol=1e-3, atol=1e-3)
