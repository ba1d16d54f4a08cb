"""Lightning, imported without the hundreds of metrics of torchmetrics: every module takes it from here.

Lightning asks of a logged value whether it is a torchmetrics `Metric`; that is all it needs of the package. The package
as a whole also loads SciPy's signal processing and torchvision's networks: a quarter of the time a training takes to
start. So it is begun here with its base classes alone; whoever asks it for anything else gets the whole of it.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from typing import Any

# Names that Lightning imports, and where they are made. The first is there for its order: it and `metric` import
# each other, and only this way round.
_BASE = {"utilities": None, "metric": "Metric", "collections": "MetricCollection", "__about__": "__version__"}


def begin_lazily(package: str = "torchmetrics") -> bool:
    """Load only the base classes of torchmetrics; whether that was done.

    It is not where the package is loaded already, is missing, or is made otherwise in its version: then it loads whole.
    """
    if package in sys.modules:
        return False
    spec = importlib.util.find_spec(package)
    if spec is None or spec.loader is None:
        return False
    run = spec.loader.exec_module
    module = importlib.util.module_from_spec(spec)

    def whole(name: str) -> Any:
        if name.startswith("__") or "__getattr__" not in vars(module):
            raise AttributeError(f"module '{package}' has no attribute '{name}'", name=name, obj=module)
        del module.__getattr__
        run(module)
        return getattr(module, name)

    vars(module)["_logger"] = logging.getLogger(package)
    sys.modules[package] = module
    try:
        for part, name in _BASE.items():
            made = importlib.import_module(f"{package}.{part}")
            if name is not None:
                setattr(module, name, getattr(made, name))
    except (ImportError, AttributeError):
        for loaded in [one for one in sys.modules if one == package or one.startswith(f"{package}.")]:
            del sys.modules[loaded]
        return False
    module.__getattr__ = whole  # type: ignore[method-assign]
    return True


begin_lazily()

from pytorch_lightning import (  # noqa: E402, TID251 - after what makes it light
    Callback,
    LightningDataModule,
    LightningModule,
    Trainer,
)

__all__ = ["Callback", "LightningDataModule", "LightningModule", "Trainer", "begin_lazily"]
