"""A bundle whose network calls dark pixels defect: no training behind it, and every answer known beforehand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper

from tilecli import files
from tilecli.data.preprocess import InputContract, Uint8
from tilecli.inference.bundle import INPUT_NAME, OUTPUT_NAME, Bundle, read_bundle, write_bundle

STEEPNESS = 4.0
GREY, DARK = 160, 20  # a part's surface, and a defect on it: probabilities of 0.12 and 0.999


def write_dark_bundle(folder: Path, *, threshold: float = 0.5, steepness: float = STEEPNESS) -> Bundle:
    """Write it to `folder`: probability = sigmoid(-steepness · normalised grey)."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = ["n", 1, "h", "w"]
    graph = helper.make_graph(
        [
            helper.make_node("Mul", [INPUT_NAME, "slope"], ["logit"]),
            helper.make_node("Sigmoid", ["logit"], [OUTPUT_NAME]),
        ],
        "dark",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, shape)],
        [helper.make_tensor("slope", TensorProto.FLOAT, [], [-steepness])],
    )
    bundle = Bundle(folder, InputContract(mean=(0.5,), std=(0.25,)), threshold, threshold)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(bundle.model))
    write_bundle(Bundle(**{**vars(bundle), "model_sha256": files.sha256(bundle.model)}))
    return read_bundle(folder)


def photo(height: int = 90, width: int = 120, box: tuple[int, int, int, int] | None = (30, 20, 25, 10)) -> Uint8:
    """A grey H×W photo with a dark box (x, y, width, height), or without."""
    image = np.full((height, width), GREY, np.uint8)
    if box is not None:
        x, y, wide, high = box
        image[y : y + high, x : x + wide] = DARK
    return image


def encoded(image: Uint8, suffix: str = ".png") -> bytes:
    """The file that a camera would have written."""
    done, data = cv2.imencode(suffix, image)
    assert done
    return data.tobytes()
