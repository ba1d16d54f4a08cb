"""A torch network as one ONNX file: dynamic batch, height and width, sigmoid inside, weights under their own names,
no trace of the machine that made it. Needs the [train] extra.

What surrounds the file in a bundle is decided in `tilecli.inference.export`.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from tilecli import __version__, files, quiet
from tilecli.data.preprocess import InputContract
from tilecli.errors import MissingExtraError, ModelError
from tilecli.inference import graphs
from tilecli.inference.bundle import INPUT_NAME, OUTPUT_NAME, WEIGHTS_PREFIX
from tilecli.inference.calibration import Calibration

# Sides of the example, in multiples of the contract's; unequal, so that the exporter cannot take one for the other.
_EXAMPLE_SIDES = (5, 7)
_EXAMPLE_BATCH = 2
_MOST = 4096  # bound of a side, in multiples: 131,072 px


def write_onnx(network: Any, contract: InputContract, path: Path) -> None:
    """Export `network` (a torch module: N×C×H×W → logits N×K×H×W) to the ONNX file `path`.

    Same network, same bytes. Batch norm stays as it is and weights keep the names of the network's state (behind
    `WEIGHTS_PREFIX`), so that the torch engine can take them back; OpenVINO and ONNX Runtime fuse when they load.
    Raises ModelError where the network cannot be exported.
    """
    place = graphs.place(network, contract)
    if place is None:
        proto = _captured(network, contract)
    else:
        with graphs.alone(place):
            proto = graphs.read(place, network)
            if proto is None:
                proto = _captured(network, contract)
                graphs.keep(place, proto)
    with files.whole_file(path) as temporary:
        temporary.write_bytes(proto.SerializeToString(deterministic=True))


def _captured(network: Any, contract: InputContract) -> Any:
    """The ONNX model of `network`, with its weights."""
    try:
        import torch
        from onnxscript import optimizer
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "train") from error

    class AnySizePool(torch.nn.Module):
        """`AdaptiveAvgPool2d` as two matrix products, which stay right at sizes other than the example's.

        The exporter writes the windows of the example into the graph: PSPNet and UPerNet came out wrong by up to 0.97.
        """

        def __init__(self, rows: int, columns: int) -> None:
            super().__init__()
            self.rows, self.columns = rows, columns

        @staticmethod
        def windows(cells: int, size: Any) -> torch.Tensor:
            """cells×size weights; cell i averages from floor(i·size/cells) to ceil((i+1)·size/cells), as torch does."""
            cell, position = torch.arange(cells)[:, None], torch.arange(size)[None, :]
            begin, end = (cell * size) // cells, ((cell + 1) * size + cells - 1) // cells
            inside = (position >= begin) & (position < end)
            share: torch.Tensor = inside.float() / (end - begin).float()
            return share

        def forward(self, values: torch.Tensor) -> torch.Tensor:
            down = self.windows(self.rows, values.shape[2])
            across = self.windows(self.columns, values.shape[3])
            pooled: torch.Tensor = down @ values @ across.T
            return pooled

    class WithSigmoid(torch.nn.Module):
        """The network with the sigmoid that makes its logits probabilities; `network` gives WEIGHTS_PREFIX."""

        def __init__(self, inner: torch.nn.Module) -> None:
            super().__init__()
            self.network = inner

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.network(image)
            return torch.sigmoid(logits)

    sides = [contract.multiple * factor for factor in _EXAMPLE_SIDES]
    example = torch.zeros(_EXAMPLE_BATCH, contract.channels, *sides)
    model = WithSigmoid(copy.deepcopy(network).float().cpu()).eval()
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, torch.nn.AdaptiveAvgPool2d):
                size = child.output_size
                rows, columns = size if isinstance(size, tuple) else (size, size)
                if rows and columns and (rows, columns) != (1, 1):  # a mean over everything is exported rightly
                    setattr(parent, name, AnySizePool(rows, columns))
    try:
        with quiet.silence():
            # Captured before the ONNX exporter starts, because networks take detours where they notice it (smp's
            # PSPNet does, and is wrong at other sizes then).
            # The contract promises sides that are multiples of 32; without it the exporter cannot show that the ways
            # up of a U-Net meet its ways down.
            height = contract.multiple * torch.export.Dim("h", min=1, max=_MOST)
            width = contract.multiple * torch.export.Dim("w", min=1, max=_MOST)
            shapes = ({0: torch.export.Dim.DYNAMIC, 2: height, 3: width},)
            captured = torch.export.export(model, (example,), dynamic_shapes=shapes, strict=False)
            program = torch.onnx.export(
                captured,
                dynamo=True,
                input_names=[INPUT_NAME],
                output_names=[OUTPUT_NAME],
                external_data=False,
                # Its optimiser fuses and shares weights, which loses their names.
                optimize=False,
                verbose=False,
            )
            if program is None:
                raise RuntimeError("the exporter gave no model")
            proto = program.model_proto
            optimizer.fold_constants(proto, should_fold=_spare_weights)
            optimizer.remove_unused_nodes(proto)
    except Exception as error:  # the exporter raises many kinds, without a common base
        raise ModelError(
            f"this network cannot be exported to ONNX: {_cause(error)}", hint="-S train.arch=compactunet"
        ) from error
    strip(proto)
    return proto


def bake(source: Path, calibration: Calibration, target: Path) -> None:
    """Write the ONNX file `source` to `target` with `calibration` between its logits and its sigmoid.

    `source` holds none yet. Raises ModelError where its output is not the sigmoid of something.
    """
    try:
        import onnx
        from onnx import TensorProto, helper
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "train") from error

    proto = onnx.load(str(source))
    graph = proto.graph
    last = next((i for i, node in enumerate(graph.node) if OUTPUT_NAME in node.output), None)
    if last is None or graph.node[last].op_type != "Sigmoid":
        raise ModelError("the model's output is not the sigmoid of logits, so it cannot be calibrated")
    # Multiplied and added, because engines merge both into the convolution before them.
    for name, value in (("slope", 1.0 / calibration.temperature), ("shift", calibration.shift)):
        graph.initializer.append(helper.make_tensor(f"calibration.{name}", TensorProto.FLOAT, [], [value]))
    sigmoid = graph.node[last]
    steeper = helper.make_node("Mul", [sigmoid.input[0], "calibration.slope"], ["calibration.steeper"])
    shifted = helper.make_node("Add", ["calibration.steeper", "calibration.shift"], ["calibration.logits"])
    sigmoid.input[0] = shifted.output[0]
    graph.node.insert(last, shifted)
    graph.node.insert(last, steeper)
    with files.whole_file(target) as temporary:
        temporary.write_bytes(proto.SerializeToString(deterministic=True))


def _spare_weights(node: Any) -> bool | None:
    """Do not fold a node that takes one of the network's weights: the result would bear another name."""
    weights = (value is not None and str(value.name).startswith(WEIGHTS_PREFIX) for value in node.inputs)
    return False if any(weights) else None  # None: by the exporter's own rules


def strip(proto: Any) -> None:
    """Take out what the exporter notes down beside the graph: stack traces, paths, names of its own making."""
    proto.producer_name, proto.producer_version = "tiles", __version__
    proto.doc_string = ""
    del proto.metadata_props[:]
    graph = proto.graph
    graph.name, graph.doc_string = "segmenter", ""
    del graph.metadata_props[:]
    del graph.value_info[:]
    for value, names in ((graph.input[0], ("N", None, "H", "W")), (graph.output[0], ("N", None, "H", "W"))):
        for dimension, name in zip(value.type.tensor_type.shape.dim, names, strict=True):
            if name:
                dimension.dim_param = name
    for item in (*graph.input, *graph.output, *graph.initializer, *graph.node):
        item.doc_string = ""
        del item.metadata_props[:]


def _cause(error: BaseException) -> str:
    """The first line of the innermost exception, which says more than the exporter's own frame around it."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
