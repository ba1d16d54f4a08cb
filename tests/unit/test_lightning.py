"""What a training does not load, and that it is there for whoever asks; in one process, as loading takes seconds."""

import subprocess
import sys

LIGHT = """
import sys
from tilecli import lightning, uncompiled
COMPILER = ["torch._dynamo.config", "torch._inductor"]
HEAVY = ["scipy", "torchvision", "torchmetrics.functional", "matplotlib", "s3fs", *COMPILER]
def loaded():
    return set(HEAVY) & set(sys.modules)
assert not loaded(), loaded()

import torch
from lightning_fabric.utilities import cloud_io
from lightning_fabric.wrappers import OptimizedModule
from pytorch_lightning.utilities.compile import from_compiled
network = torch.nn.Linear(2, 1)
optimiser = torch.optim.AdamW(network.parameters())
network(torch.ones(2)).backward()
before = network.weight.clone()
optimiser.step()
optimiser.zero_grad()
assert not torch.equal(network.weight, before) and network.weight.grad is None
assert not isinstance(network, OptimizedModule)
assert not cloud_io._is_dir(cloud_io.get_filesystem("."), "nowhere")
assert not loaded(), loaded()
assert not hasattr(torch._dynamo, "__nothing__")

import torch._dynamo.config as part  # means all of the compiler
assert torch._dynamo.config is part is sys.modules["torch._dynamo.config"]
assert type(part.__spec__.loader).__name__ == "SourceFileLoader"
zero_grad = torch.optim.Optimizer.zero_grad.__wrapped__
assert not hasattr(zero_grad, "__dynamo_disable")  # the compiler is told anew to leave it alone
optimiser.zero_grad()
assert zero_grad.__dynamo_disable is not zero_grad
compiled = torch.compile(network, backend="eager")
assert isinstance(compiled, OptimizedModule) and not isinstance(network, OptimizedModule)
assert torch.equal(compiled(torch.ones(2)), network(torch.ones(2)))
assert not uncompiled.begin()  # it is loaded

import torchmetrics
from torchmetrics import Metric
from pytorch_lightning.core import module
assert module.Metric is Metric and not hasattr(torchmetrics, "nothing")  # asking loads the whole of it
assert "torchmetrics.functional" in sys.modules
assert isinstance(torchmetrics.MeanMetric(), Metric) and torchmetrics.Metric is Metric
assert not lightning.begin_lazily()  # it is loaded
metric = torchmetrics.MeanMetric()
metric.update(1.0)
figure, _ = metric.plot()
assert type(figure).__name__ == "Figure" and "matplotlib" in sys.modules
"""


def test_a_training_starts_without_metrics_figures_clouds_and_compiler_which_load_when_they_are_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


OTHERWISE = """
import sys
from pathlib import Path
from tilecli import lightning
package = Path(sys.argv[1]) / "otherwise"
package.mkdir()
(package / "__init__.py").write_text("whole = True")
sys.path.insert(0, sys.argv[1])
assert not lightning.begin_lazily("otherwise") and not lightning.begin_lazily("not_there")
import otherwise
assert otherwise.whole
"""


def test_a_package_that_is_made_otherwise_loads_as_it_likes(tmp_path: object) -> None:
    done = subprocess.run([sys.executable, "-c", OTHERWISE, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
