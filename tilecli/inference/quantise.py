"""A bundle's model in int8: NNCF's post-training quantisation, calibrated on training photos. Needs the [train] extra.

The result is an ONNX file again, with QuantizeLinear and DequantizeLinear where numbers change their kind, which
OpenVINO and ONNX Runtime both turn into integer kernels. Whether it may be deployed is `tilecli.inference.export`'s
decision.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tilecli import files, progress, quiet
from tilecli.data.preprocess import Float32, InputContract, read_photo, to_input
from tilecli.errors import MissingExtraError, ModelError
from tilecli.inference import onnx_file
from tilecli.inference.bundle import INPUT_NAME

CALIBRATION_PHOTOS = 64  # ranges hardly grow beyond; each runs once with every intermediate result kept
_MOST_PX = 2**20  # of an input; those results take about 1 kB per pixel


def quantise_model(model: Path, contract: InputContract, photos: Sequence[Path], target: Path) -> None:
    """Write the ONNX file `model` with int8 weights and activations to `target`.

    photos: files to calibrate on, at least one; what the network is to see, from darkest to brightest. Same model,
    same photos: same bytes. Raises MissingExtraError without NNCF, ModelError where the model cannot be quantised.
    """
    with quiet.silence():
        nncf, onnx, rewriter, rules, ranges = _libraries()
        plain = onnx.load(str(model))
        # A convolution takes in the batch norm behind it while both are still in float.
        fused = rewriter.rewrite(plain, pattern_rewrite_rules=rules)
    inputs = list(progress.track(_inputs(contract, photos), "calibrate int8", len(photos), "photos"))
    with progress.task("quantise to int8"), quiet.silence():
        try:
            proto = nncf.quantize(
                fused,
                nncf.Dataset(inputs, lambda values: {INPUT_NAME: values}),
                subset_size=len(inputs),
                # With a zero point of its own, so that the input keeps its 256 grey values.
                preset=nncf.QuantizationPreset.MIXED,
                advanced_parameters=nncf.AdvancedQuantizationParameters(
                    # CPUs without VNNI add two products in 16 bits, which full 8-bit weights overflow. A bundle does
                    # not know which CPU it will run on.
                    overflow_fix=nncf.OverflowFix.ENABLE,
                    # The extremes over all photos: NNCF's default averages them, which cuts off the brightest
                    # exposures (Dice 0.885 instead of 0.915 on the sample's valid photos).
                    activations_range_estimator_params=ranges,
                    # NNCF's fast way cost 0.004 Dice on the sample, its thorough one fails on U-Net.
                    disable_bias_correction=True,
                ),
            )
        except Exception as error:  # NNCF and ONNX Runtime raise many kinds, without a common base
            raise ModelError(
                f"this network cannot be quantised to int8: {str(error).strip() or type(error).__name__}",
                hint="tiles export --precision auto",
            ) from error
    onnx_file.strip(proto)
    with files.whole_file(target) as temporary:
        temporary.write_bytes(proto.SerializeToString(deterministic=True))


def _libraries() -> tuple[Any, Any, Any, Any, Any]:
    """NNCF, onnx, the rewriter, its rules that fuse batch norms, and NNCF's settings for ranges."""
    quiet.be_quiet()  # NNCF reports its use through the reporter that this hides
    try:
        import nncf
        import onnx
        import onnxruntime  # noqa: F401  # NNCF collects statistics in it
        from nncf.quantization.range_estimator import RangeEstimatorParametersSet
        from onnxscript import rewriter
        from onnxscript.rewriter.rules import common
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), "train") from error
    rules = rewriter.pattern.RewriteRuleSet(
        [common.fuse_batchnorm_into_conv_rule, common.fuse_batchnorm_into_conv_transpose_rule]
    )
    return nncf, onnx, rewriter, rules, RangeEstimatorParametersSet.MINMAX


def _inputs(contract: InputContract, photos: Sequence[Path]) -> Iterator[Float32]:
    """1×C×H×W inputs as the deployed model gets them; of a very large one the middle."""
    for path in photos:
        values, _ = to_input(read_photo(path, contract.channels), contract)
        yield _middle(values, contract.multiple)[None]


def _middle(values: Float32, multiple: int) -> Float32:
    """The middle of a C×H×W input, of sides that are multiples of `multiple`, with at most `_MOST_PX` pixels."""
    height, width = values.shape[1:]
    scale = min(1.0, (_MOST_PX / (height * width)) ** 0.5)
    sides = [max(multiple, int(side * scale) // multiple * multiple) for side in (height, width)]
    top, left = (height - sides[0]) // 2, (width - sides[1]) // 2
    return np.ascontiguousarray(values[:, top : top + sides[0], left : left + sides[1]])
