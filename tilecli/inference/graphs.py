"""ONNX graphs of networks kept between processes: capturing takes seconds, and training changes only the weights.

They lie, without weights, in the user's cache folder. A graph is taken again only for a network of the same modules
with the same settings, from the same code; for modules of unknown packages none is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from tilecli import __version__, files, kept
from tilecli.data.preprocess import InputContract
from tilecli.inference.bundle import WEIGHTS_PREFIX

_DIGEST = 32  # bytes of the SHA-256 in front of a graph
KEPT = 32  # graphs; each takes some 20 kB
# Their modules are those of their version.
_PACKAGES = {
    "torch": "torch",
    "torchvision": "torchvision",
    "segmentation_models_pytorch": "segmentation-models-pytorch",
    "timm": "timm",
}
_OWN = frozenset({__name__.partition(".")[0]})  # packages whose modules are those of their files
_EXPORTERS = ("torch", "onnx", "onnxscript")
_SETTINGS = (bool, int, float, str, tuple, type(None))


def place(network: Any, contract: InputContract) -> Path | None:
    """Where the graph of `network` (a torch module) belongs; None where it is not kept."""
    folder = kept.cache_folder()
    code = _code(network)
    if folder is None or code is None:
        return None
    try:
        exporter = [files.sha256(Path(__file__).with_name("onnx_file.py")), *map(metadata.version, _EXPORTERS)]
    except metadata.PackageNotFoundError:  # capturing says what to install
        return None
    settings = [
        (name, type(module).__qualname__, {k: v for k, v in vars(module).items() if isinstance(v, _SETTINGS)})
        for name, module in network.named_modules()
    ]
    weights = [(name, tuple(value.shape), str(value.dtype)) for name, value in network.state_dict().items()]
    key = repr((__version__, exporter, code, contract.channels, contract.multiple, settings, weights))
    return folder / "graphs" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.graph"


def read(path: Path, network: Any) -> Any | None:
    """The graph at `path` as an ONNX model with the weights of `network`; None where there is none of any use."""
    import onnx

    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, graph = data[:_DIGEST], data[_DIGEST:]
    if hashlib.sha256(graph).digest() != digest:  # damaged; half a protobuf may well be read as a whole one
        return None
    kept.touch(path)
    model = onnx.ModelProto.FromString(graph)
    state = network.state_dict()
    for tensor in _weights(model):
        value = state[tensor.name.removeprefix(WEIGHTS_PREFIX)]
        tensor.raw_data = value.detach().cpu().contiguous().numpy().tobytes()
    return model


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """For the length of the block, no other process makes the graph at `path`: trainings side by side make it once."""
    lock = path.with_suffix(".lock")
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, ModuleNotFoundError):  # a read-only disk, no POSIX: each makes its own
            stack.enter_context(files.locked(lock))
        try:
            yield
        finally:
            kept.drop(lock)


def keep(path: Path, model: Any) -> None:
    """Keep the graph of an ONNX model without its weights; a full or read-only disk is no error."""
    import onnx

    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    for tensor in _weights(bare):
        tensor.raw_data = b""
    graph = bare.SerializeToString(deterministic=True)
    kept.store(path, hashlib.sha256(graph).digest() + graph, most=KEPT)


def _weights(model: Any) -> list[Any]:
    return [tensor for tensor in model.graph.initializer if tensor.name.startswith(WEIGHTS_PREFIX)]


def _code(network: Any) -> list[str] | None:
    """What the code of all modules can be told by; None where one is of a package that says no version of itself."""
    found = set()
    for kind in {type(module) for module in network.modules()}:
        package = kind.__module__.partition(".")[0]
        if package in _PACKAGES:
            found.add(f"{package} {metadata.version(_PACKAGES[package])}")
        elif package in _OWN:
            found.add(files.sha256(Path(inspect.getfile(kind))))
        else:
            return None
    return sorted(found)
