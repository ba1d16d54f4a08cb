"""A bundle that tells two types of defects apart by their grey: holes are dark, spots bright, the rest is good."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.dark_bundle import GREY
from tilecli import files
from tilecli.data.preprocess import InputContract, Uint8
from tilecli.inference.bundle import INPUT_NAME, OUTPUT_NAME, Bundle, read_bundle, write_bundle

CLASSES = ("hole", "spot")
HOLE, SPOT = (30, 20, 25, 10), (70, 50, 12, 12)  # x, y, width, height, px


def write_kinds_bundle(folder: Path) -> Bundle:
    """Write it to `folder`: probability = sigmoid(±8 · normalised grey − 8), − for holes and + for spots."""
    folder.mkdir(parents=True, exist_ok=True)
    graph = helper.make_graph(
        [
            helper.make_node("Mul", [INPUT_NAME, "slopes"], ["steep"]),
            helper.make_node("Add", ["steep", "shift"], ["logit"]),
            helper.make_node("Sigmoid", ["logit"], [OUTPUT_NAME]),
        ],
        "kinds",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, ["n", 1, "h", "w"])],
        [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["n", 2, "h", "w"])],
        [
            helper.make_tensor("slopes", TensorProto.FLOAT, [1, 2, 1, 1], [-8.0, 8.0]),
            helper.make_tensor("shift", TensorProto.FLOAT, [], [-8.0]),
        ],
    )
    bundle = Bundle(folder, InputContract(mean=(0.5,), std=(0.25,)), 0.5, 0.5, classes=CLASSES, format_version=3)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(bundle.model))
    write_bundle(Bundle(**{**vars(bundle), "model_sha256": files.sha256(bundle.model)}))
    return read_bundle(folder)


def photo() -> Uint8:
    """90×120 px with a hole of 250 px and a spot of 144."""
    image = np.full((90, 120), GREY, np.uint8)
    for (x, y, wide, high), grey in ((HOLE, 5), (SPOT, 250)):
        image[y : y + high, x : x + wide] = grey
    return image
