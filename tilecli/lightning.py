"""Lightning, imported without the hundreds of metrics of torchmetrics, matplotlib, torch's compiler and the clients of
clouds: every module takes it from here. Together they are two thirds of the time a training takes to start.

Lightning asks of a logged value whether it is a torchmetrics `Metric`; that is all it needs of the package. The package
as a whole also loads SciPy's signal processing and torchvision's networks. So it is begun here with its base classes
alone, which draw no pictures; whoever asks it for anything else gets the whole of it.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from types import ModuleType
from typing import Any

from tilecli import uncompiled

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
    pictures = _undrawn(f"{package}.utilities.plot")
    sys.modules[pictures.__name__] = pictures
    try:
        for part, name in _BASE.items():
            made = importlib.import_module(f"{package}.{part}")
            if name is not None:
                setattr(module, name, getattr(made, name))
    except (ImportError, AttributeError):
        for loaded in [one for one in sys.modules if one == package or one.startswith(f"{package}.")]:
            del sys.modules[loaded]
        return False
    del sys.modules[pictures.__name__]  # the next to ask gets the real one
    module.__getattr__ = whole  # type: ignore[method-assign]
    return True


def _undrawn(name: str) -> ModuleType:
    """What the base classes take from the module `name`, which loads matplotlib: only once a figure is to be drawn."""
    module = ModuleType(name)

    def draw(*given: Any, **named: Any) -> Any:
        return importlib.import_module(name).plot_single_or_multi_val(*given, **named)

    vars(module).update(plot_single_or_multi_val=draw, _AX_TYPE=object, _PLOT_OUT_TYPE=object)
    return module


def _ask_no_cloud() -> None:
    """Lightning loads the clients of S3, Azure and Google that it finds, to ask of each folder whether it is theirs."""
    from fsspec.implementations.local import LocalFileSystem
    from lightning_fabric.utilities import cloud_io

    asked = getattr(cloud_io, "_is_object_storage", None)
    if asked is not None:
        vars(cloud_io)["_is_object_storage"] = lambda system: not isinstance(system, LocalFileSystem) and asked(system)


begin_lazily()
uncompiled.begin()

from pytorch_lightning import (  # noqa: E402, TID251 - after what makes it light
    Callback,
    LightningDataModule,
    LightningModule,
    Trainer,
)

_ask_no_cloud()

__all__ = ["Callback", "LightningDataModule", "LightningModule", "Trainer", "begin_lazily"]
