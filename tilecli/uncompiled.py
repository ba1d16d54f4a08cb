"""torch without its compiler, `torch._dynamo`, until something is to be compiled.

Lightning imports the compiler to ask of a model whether it was compiled, and torch's optimisers call it at every step
to say where it has no business. To an ordinary training it is nothing else, and takes a third of the time in which one
starts. So a stand-in answers that much; whoever asks for anything more gets the compiler itself, in its place.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

COMPILER = "torch._dynamo"
_CACHED = "__dynamo_disable"  # where torch keeps, with a function, what `disable` has made of it


def begin() -> bool:
    """Put the stand-in in the compiler's place; whether that was done: not where it is loaded or missing."""
    import torch

    if COMPILER in sys.modules:
        return False
    spec = importlib.util.find_spec(COMPILER)
    if spec is None:
        return False
    stand_in = importlib.util.module_from_spec(spec)
    finder = _Parts()
    disabled: list[Any] = []

    def disable(function: Callable[..., Any], *_: Any, **__: Any) -> Callable[..., Any]:
        disabled.append(function)
        return function

    def whole(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module '{COMPILER}' has no attribute '{name}'", name=name, obj=stand_in)
        return getattr(load(), name)

    def load() -> ModuleType:
        if sys.modules.get(COMPILER) is stand_in:
            sys.meta_path.remove(finder)
            del sys.modules[COMPILER]
            # These it has to know of as well.
            for function in disabled:
                vars(function).pop(_CACHED, None)
        return importlib.import_module(COMPILER)

    finder.load = load
    vars(stand_in).update(OptimizedModule=_Compiled, graph_break=_nothing, disable=disable, __getattr__=whole)
    sys.meta_path.insert(0, finder)
    sys.modules[COMPILER] = stand_in
    vars(torch)["_dynamo"] = stand_in  # as importing it would
    return True


def _nothing() -> None:
    """Where a compiled function would be cut in two."""


class _IsCompiled(type):
    """Answers `isinstance`: no model is a compiled one before there is a compiler."""

    def __instancecheck__(cls, instance: object) -> bool:
        real = getattr(sys.modules[COMPILER], "OptimizedModule", cls)
        return real is not cls and isinstance(instance, real)


class _Compiled(metaclass=_IsCompiled):
    """Stands in for the class of compiled models."""


class _Parts(MetaPathFinder):
    """Whoever imports a part of the compiler means all of it."""

    load: Callable[[], ModuleType]

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the import system's
        target: ModuleType | None = None,  # noqa: ARG002 - the import system's
    ) -> ModuleSpec | None:
        if not fullname.startswith(f"{COMPILER}."):
            return None
        self.load()
        return importlib.util.spec_from_loader(fullname, _Loaded(importlib.import_module(fullname)))


class _Loaded(Loader):
    """Hands out a module that is there already, as it is."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:  # noqa: ARG002 - the import system's
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec
