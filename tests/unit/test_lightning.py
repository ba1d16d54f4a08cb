import subprocess
import sys

LIGHT = """
import sys
from tilecli import lightning
heavy = {"scipy", "torchvision", "torchmetrics.functional"} & set(sys.modules)
assert not heavy, heavy

import torchmetrics
from torchmetrics import Metric
from pytorch_lightning.core import module
assert module.Metric is Metric and not hasattr(torchmetrics, "nothing")  # asking loads the whole of it
assert "torchmetrics.functional" in sys.modules
assert isinstance(torchmetrics.MeanMetric(), Metric) and torchmetrics.Metric is Metric
assert not lightning.begin_lazily()  # it is loaded
"""


def test_a_training_starts_without_the_metrics_of_torchmetrics_which_load_when_they_are_asked_for() -> None:
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
