"""What can run a bundle's model: OpenVINO (the default), ONNX Runtime, PyTorch. One call opens any of them.

An engine maps a batch to probabilities and knows nothing of photos; see `tilecli.inference.predictor`.
PyTorch's engine is `tilecli.inference.torch_engine`, because only that one needs torch.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tilecli import hardware, kept, quiet
from tilecli.data.preprocess import Float32
from tilecli.errors import MissingExtraError, ModelError, UsageError, near_matches
from tilecli.inference.bundle import PRECISIONS, Bundle

ENGINES = ("openvino", "onnxruntime", "torch")


class Engine(Protocol):
    """A model that is ready to run. `run` may be called from several threads at once."""

    name: str
    device: str
    precision: str  # f32, bf16 or int8, as it really runs
    streams: int  # how many batches are worked on at a time

    def run(self, batch: Float32) -> Float32:
        """N×C×H×W input → N×K×H×W probability, one map per class, both float32.

        H and W are multiples of the contract's `multiple`.
        """
        ...


def open_engine(
    bundle: Bundle,
    name: str = "openvino",
    precision: str | None = None,
    threads: int | None = None,
    *,
    throughput: bool = False,
    keep_compiled: bool = True,
) -> Engine:
    """Open `bundle` in the engine called `name`.

    precision: f32 or bf16; None takes the bundle's, which is the one it was measured at. A bundle in int8 runs in that
    alone.
    threads: CPU threads; None takes all that this process may use.
    throughput: work on several batches at a time (call `run` from `streams` threads) instead of fast on one.
    keep_compiled: keep the compiled model for the next process (OpenVINO only).

    Raises UsageError for an unknown name, MissingExtraError where its package is not installed, ModelError where the
    model cannot be loaded or not at this precision.
    """
    if name not in ENGINES:
        raise UsageError(
            f"there is no engine '{name}'",
            where="--engine",
            hint=near_matches(name, list(ENGINES)) or f"one of {', '.join(ENGINES)}",
        )
    wanted = precision or bundle.precision
    if wanted not in PRECISIONS:
        raise UsageError(f"there is no precision '{wanted}'", hint=f"one of {', '.join(PRECISIONS)}")
    if (wanted == "int8") != (bundle.precision == "int8"):
        # What is quantised is the model's own weights; no engine can add that or take it back.
        raise ModelError(
            f"this bundle is {bundle.precision} and cannot run in {wanted}",
            where=str(bundle.folder),
            hint="tiles export --int8" if wanted == "int8" else "tiles export --precision auto",
        )
    count = threads or hardware.usable_cores()
    if name == "openvino":
        return OpenVinoEngine(bundle, wanted, count, throughput=throughput, keep_compiled=keep_compiled)
    if name == "onnxruntime":
        return OnnxRuntimeEngine(bundle, count)
    if wanted == "int8":
        raise ModelError(
            "PyTorch cannot run a bundle in int8: its weights are no longer the network's",
            where=str(bundle.folder),
            hint="--engine openvino or onnxruntime, or tiles export --precision auto",
        )
    try:
        from tilecli.inference.torch_engine import open_torch_engine
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "train") from error
    return open_torch_engine(bundle, wanted, count)


def cpu_has_bf16() -> bool:
    """Whether OpenVINO would compute in bf16 on this CPU."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@functools.cache
def _core() -> Any:
    """OpenVINO's core, one for the whole process and as long as it.

    Its CPU plugin gives the thread that makes it a stack for signal handlers, and takes that away with itself. A
    second one made meanwhile puts the dead stack back, and the next signal, a Ctrl-C say, ends the process with
    SIGSEGV.
    """
    quiet.be_quiet()
    try:
        with quiet.without("openvino.tools.ovc"):  # it converts other frameworks' models, and is half of what loads
            import openvino
    except ModuleNotFoundError as error:
        raise MissingExtraError("openvino", "train") from error
    # The first array that goes through OpenVINO's binding sets up its view of NumPy. Two threads that are first at
    # once wait for each other for ever, one with the GIL, the other with the set-up; so one array goes through here.
    _ = openvino.Tensor(np.zeros(1, np.float32)).data
    return openvino.Core()


def _blob_path(bundle: Bundle, machine: dict[str, str]) -> Path | None:
    """Where the compiled form of this very model for this very machine and settings belongs; None: nowhere."""
    folder = kept.cache_folder()
    if folder is None:
        return None
    facts = bundle.model.stat()
    # Size and time catch a model that was replaced without its bundle.json; hashing 100 MB would cost what we save.
    key = {"sha256": bundle.model_sha256, "size": facts.st_size, "mtime": facts.st_mtime_ns, **machine}
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:24]
    return folder / "compiled" / f"{name}.blob"


class OpenVinoEngine:
    """OpenVINO on the CPU.

    The model is compiled once with dynamic height and width. Compiling it for each padded size of the real photos
    (54 of them) costs 0.1–0.4 s each and made single inferences no faster: 49 ms either way for U-Net/ResNet-34 at
    288×352 px in f32; a size not met before costs a third more, once.
    """

    name = "openvino"
    device = "cpu"

    def __init__(
        self, bundle: Bundle, precision: str, threads: int, *, throughput: bool = False, keep_compiled: bool = True
    ) -> None:
        core = _core()
        import openvino

        # Of a quantised model this is for the rest, which stays in floating point.
        floating = "bf16" if precision == "int8" and cpu_has_bf16() else "f32" if precision == "int8" else precision
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": floating,
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "THROUGHPUT" if throughput else "LATENCY",
        }
        path = None
        if keep_compiled:
            cpu = str(core.get_property("CPU", "FULL_DEVICE_NAME"))
            machine = {"openvino": openvino.get_version(), "cpu": cpu, **{k: str(v) for k, v in settings.items()}}
            path = _blob_path(bundle, machine)
        compiled = None
        self._blob: Any = None
        if path is not None and path.is_file():
            # A blob is a convenience: one that cannot be used is thrown away and made again.
            try:
                data = np.memmap(path, np.uint8, mode="c")  # the tensor wants to be writable
                compiled = core.import_model(openvino.Tensor(data, shared_memory=True), "CPU", settings)
                self._blob = data  # the weights stay in it: it must live as long as the engine
                kept.touch(path)
            except (RuntimeError, OSError, ValueError):
                kept.drop(path)
        if compiled is None:
            try:
                compiled = core.compile_model(str(bundle.model), "CPU", settings)
            except RuntimeError as error:
                raise ModelError(
                    f"OpenVINO cannot load this model: {_first(error)}", where=str(bundle.model)
                ) from error
            if path is not None:
                with contextlib.suppress(RuntimeError):
                    kept.store(path, bytes(compiled.export_model().getvalue()))
        self._compiled = compiled
        self._local = threading.local()
        kind = compiled.get_property("INFERENCE_PRECISION_HINT")
        self.precision = precision if precision == "int8" else "bf16" if kind == openvino.Type.bf16 else "f32"
        self.streams = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")) if throughput else 1

    def run(self, batch: Float32) -> Float32:
        """See `Engine.run`."""
        # A request holds its own buffers, so each thread has one.
        request = getattr(self._local, "request", None)
        if request is None:
            request = self._local.request = self._compiled.create_infer_request()
        try:
            result = request.infer({0: np.ascontiguousarray(batch, np.float32)}, share_inputs=True)
        except RuntimeError as error:
            raise ModelError(f"OpenVINO cannot run the model on a batch of {batch.shape}: {_first(error)}") from error
        return np.array(result[0], np.float32)


class OnnxRuntimeEngine:
    """ONNX Runtime on the CPU, in f32 where the model is not int8: it has no bf16 kernels for convolutions there."""

    name = "onnxruntime"
    device = "cpu"
    streams = 1

    def __init__(self, bundle: Bundle, threads: int) -> None:
        try:
            import onnxruntime
        except ModuleNotFoundError as error:
            raise MissingExtraError("onnxruntime", "onnxruntime") from error
        self.precision = "int8" if bundle.precision == "int8" else "f32"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors only
        try:
            self._session = onnxruntime.InferenceSession(str(bundle.model), options, ["CPUExecutionProvider"])
        except Exception as error:  # its exceptions share no base below Exception
            raise ModelError(
                f"ONNX Runtime cannot load this model: {_first(error)}", where=str(bundle.model)
            ) from error
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: Float32) -> Float32:
        """See `Engine.run`."""
        try:
            (result,) = self._session.run(None, {self._input: np.ascontiguousarray(batch, np.float32)})
        except Exception as error:
            message = f"ONNX Runtime cannot run the model on a batch of {batch.shape}: {_first(error)}"
            raise ModelError(message) from error
        return np.asarray(result, np.float32)


def _first(error: Exception) -> str:
    """The telling line of a library's long message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
