"""A bundle in PyTorch, for machines with a GPU: the network is built anew from the bundle's own facts and takes its
weights out of `model.onnx`, where export keeps them under their names. Needs the [train] extra.

Imported only when this engine is asked for.
"""

from __future__ import annotations

import contextlib
import json

import numpy as np
import torch

from tilecli.data.preprocess import Float32
from tilecli.errors import MissingExtraError, ModelError
from tilecli.inference.bundle import WEIGHTS_PREFIX, Bundle
from tilecli.inference.calibration import IDENTITY, Calibration


class TorchEngine:
    """A network that gives logits, run as an engine in f32 or with bf16 autocast."""

    name = "torch"

    def __init__(
        self,
        network: torch.nn.Module,
        precision: str = "f32",
        device: str | None = None,
        calibration: Calibration = IDENTITY,
    ) -> None:
        self.calibration = calibration
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.precision = precision
        self.streams = 1
        self._network = network.to(self.device).float().eval()

    def run(self, batch: Float32) -> Float32:
        """See `Engine.run`."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(torch.inference_mode())
            if self.precision == "bf16":
                stack.enter_context(torch.autocast(self.device.partition(":")[0], torch.bfloat16))
            elif self.device.startswith("cuda"):
                # f32 means f32: TF32 rounds to 10 bits and moves masks.
                stack.enter_context(torch.backends.cudnn.flags(allow_tf32=False))
            logits = self._network(torch.from_numpy(np.ascontiguousarray(batch, np.float32)).to(self.device))
            logits = logits.float() / self.calibration.temperature + self.calibration.shift
            return np.asarray(torch.sigmoid(logits).cpu().numpy(), np.float32)


def open_torch_engine(bundle: Bundle, precision: str, threads: int) -> TorchEngine:
    """The bundle's network with the bundle's weights. Raises ModelError where they do not fit each other."""
    from pydantic import ValidationError

    from tilecli.config import TrainParams
    from tilecli.learning.network import build_network

    torch.set_num_threads(threads)
    try:
        # Through JSON text, because strict models take a list for a tuple there and nowhere else.
        settings = TrainParams.model_validate_json(json.dumps(bundle.training.get("params", {})))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise ModelError(
            f"the network cannot be built from the bundle: training.params.{key}: {problem['msg']}",
            where=str(bundle.folder),
            hint="--engine openvino",
        ) from error
    network = build_network(settings, weights=False, outputs=len(bundle.classes))
    load_weights(network, bundle)
    return TorchEngine(network, precision, calibration=bundle.calibration)


def load_weights(network: torch.nn.Module, bundle: Bundle) -> None:
    """Fill `network` with the initializers of the bundle's ONNX graph, by name and shape.

    Raises ModelError where one that the network uses is not among them.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ModuleNotFoundError as error:
        raise MissingExtraError("onnx", "train") from error

    graph = onnx.load(str(bundle.model)).graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    state: dict[str, torch.Tensor] = {}
    missing = []
    for name, value in network.state_dict().items():
        tensor = stored.get(WEIGHTS_PREFIX + name)
        if tensor is not None and tuple(tensor.dims) == tuple(value.shape):
            state[name] = torch.from_numpy(np.array(numpy_helper.to_array(tensor)))
        elif value.is_floating_point():
            missing.append(name)
            state[name] = torch.full_like(value, torch.nan)
        else:  # counters and index tables, which building the network sets
            state[name] = value
    network.load_state_dict(state)
    if missing and _uses_them(network, bundle):
        raise ModelError(
            f"{len(missing)} of {len(state)} weights cannot be taken from the model, first {missing[0]}",
            where=str(bundle.model),
            hint="--engine openvino",
        )


def _uses_them(network: torch.nn.Module, bundle: Bundle) -> bool:
    """Whether weights that are NaN reach the output. Export leaves out what a network has but does not use, such as
    an encoder's last stages under PSPNet.
    """
    contract = bundle.input
    with torch.inference_mode():
        logits = network.eval()(torch.zeros(1, contract.channels, 6 * contract.multiple, 6 * contract.multiple))
    return not bool(torch.isfinite(logits).all())
