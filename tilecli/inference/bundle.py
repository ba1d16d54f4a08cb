"""The bundle's folder: `model.onnx`, `self_test/` and `bundle.json`, the one module that writes and reads the latter.

No torch, no inference here; see `tilecli.inference.engines` for running the model.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast

from tilecli import files
from tilecli.data.preprocess import InputContract
from tilecli.errors import ModelError
from tilecli.inference.bundle_reader import EXPORT, Reader
from tilecli.inference.calibration import IDENTITY, Calibration
from tilecli.inference.reference import Histogram, Reference

FORMAT_VERSION = 3
_FLIPS_FROM, _CLASSES_FROM = 2, 3  # the format that whoever does not know them would misread
MODEL_FILE = "model.onnx"
FACTS_FILE = "bundle.json"
INPUT_NAME = "image"  # N×C×H×W float32
OUTPUT_NAME = "probability"  # N×K×H×W float32, 0–1, one map per class
WEIGHTS_PREFIX = "network."  # of the network's state names in model.onnx
PRECISIONS = ("f32", "bf16", "int8")
FLIPS = (1, 2, 4, 8)  # the photo; mirrored left to right; top to bottom, too; and turned by a quarter

BINARY = ("defect",)  # the classes of a bundle that tells defect and good apart, and nothing else

Precision = Literal["f32", "bf16", "int8"]


@dataclass(frozen=True)
class SelfTest:
    """A photo and the mask that the deployed model gave for it at `threshold`; see `selftest.run_self_test`."""

    threshold: float
    marked_px: int  # of the mask
    photo: str = "self_test/photo.png"  # POSIX path in the bundle's folder
    mask: str = "self_test/mask.png"  # likewise
    photo_sha256: str = ""
    mask_sha256: str = ""


@dataclass(frozen=True)
class Bundle:
    """A deployed model and everything that is needed to use it as it was measured."""

    folder: Path
    input: InputContract
    threshold: float  # a pixel is defect from this probability on
    verdict_threshold: float  # a photo is defective when `min_area_px` of its pixels reach this
    min_area_px: int = 20
    uncertain_from: float | None = None  # from this score up to `verdict_threshold` it is uncertain; None: never
    flips: int = 1  # copies of a photo that answers are averaged over, see `tilecli.inference.flips`
    calibration: Calibration = IDENTITY  # of the network's logits; already in model.onnx
    precision: Precision = "f32"  # deployed and measured at; int8: the model itself is quantised
    classes: tuple[str, ...] = BINARY  # what the maps are of, in their order
    training: dict[str, Any] = field(default_factory=dict)  # where the weights come from
    checks: dict[str, Any] = field(default_factory=dict)  # what export measured before it let the bundle pass
    model_sha256: str = ""  # of model.onnx; empty in a bundle that does not say
    reference: Reference | None = None  # what the training photos were like; None in a bundle older than that
    self_test: SelfTest | None = None  # likewise
    format_version: int = 1

    @property
    def tells_types(self) -> bool:
        """Whether it says which type of defect a pixel shows."""
        return self.classes != BINARY

    @property
    def model(self) -> Path:
        """The ONNX file."""
        return self.folder / MODEL_FILE


def format_of(flips: int, classes: Sequence[str]) -> int:
    """The lowest format that says all there is to say, so that older versions of tiles read what they can."""
    return _CLASSES_FROM if len(classes) > 1 else _FLIPS_FROM if flips > 1 else 1


def write_bundle(bundle: Bundle) -> None:
    """Write `bundle.json` into the bundle's folder. Holds no time and no path: same facts, same bytes."""
    values: dict[str, Any] = {
        "format_version": bundle.format_version,
        "model": {"file": MODEL_FILE, "sha256": bundle.model_sha256},
        "input": asdict(bundle.input),
        "classes": list(bundle.classes),
        "threshold": bundle.threshold,
        "verdict_threshold": bundle.verdict_threshold,
        "uncertain_from": bundle.uncertain_from,
        "min_area_px": bundle.min_area_px,
        "flips": bundle.flips,
        "calibration": asdict(bundle.calibration),
        "precision": bundle.precision,
        "training": bundle.training,
        "checks": bundle.checks,
    }
    if bundle.self_test is not None:
        values["self_test"] = asdict(bundle.self_test)
    if bundle.reference is not None:
        values["reference"] = bundle.reference.as_dict()
    files.write_json(bundle.folder / FACTS_FILE, values)


def read_bundle(folder: Path) -> Bundle:
    """The bundle in `folder`; keys it does not know are passed over.

    Raises ModelError that names the file and the key where something is missing, wrong or too new.
    """
    path = folder / FACTS_FILE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError("there is no bundle here", where=str(folder), hint=EXPORT) from None
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot be read: {error}", where=str(path), hint=EXPORT) from error
    reader = Reader(path, values)
    version = reader.whole("format_version", least=1)
    if version > FORMAT_VERSION:
        raise ModelError(
            f"this bundle has format {version}; this version of tiles reads up to {FORMAT_VERSION}",
            where=f"{path}: format_version",
            hint="pip install --upgrade tilecli",
        )
    precision = reader.text("precision")
    if precision not in PRECISIONS:
        raise reader.wrong("precision", f"one of {', '.join(PRECISIONS)}", precision)
    threshold = reader.share("threshold")
    bundle = Bundle(
        folder=folder,
        input=_read_input(reader.section("input")),
        threshold=threshold,
        verdict_threshold=reader.share("verdict_threshold") if "verdict_threshold" in reader.values else threshold,
        uncertain_from=reader.share("uncertain_from") if reader.values.get("uncertain_from") is not None else None,
        min_area_px=reader.whole("min_area_px", least=1) if "min_area_px" in reader.values else 20,
        flips=_read_flips(reader) if "flips" in reader.values else 1,
        calibration=_read_calibration(reader.section("calibration")) if "calibration" in reader.values else IDENTITY,
        precision=cast(Precision, precision),
        classes=tuple(reader.texts("classes")),
        training=reader.section("training").values,
        checks=reader.section("checks").values if "checks" in reader.values else {},
        model_sha256=reader.section("model").text("sha256") if "model" in reader.values else "",
        reference=_read_reference(reader.section("reference")) if "reference" in reader.values else None,
        self_test=_read_self_test(reader.section("self_test")) if "self_test" in reader.values else None,
        format_version=version,
    )
    if not bundle.model.is_file():
        raise ModelError("the bundle has no model", where=str(bundle.model), hint=EXPORT)
    return bundle


def check_model(bundle: Bundle) -> None:
    """Raise ModelError where the model's file is not the one that bundle.json was written for."""
    if bundle.model_sha256 and files.sha256(bundle.model) != bundle.model_sha256:
        what = "the model's file is not the one that bundle.json was written for"
        raise ModelError(what, where=str(bundle.model), hint=EXPORT)


def _read_input(reader: Reader) -> InputContract:
    channels = reader.whole("channels", least=1)
    mean, std = reader.numbers("mean"), reader.numbers("std")
    if channels not in (1, 3):
        raise reader.wrong("channels", "1 or 3", channels)
    for key, values in (("mean", mean), ("std", std)):
        if len(values) != channels:
            raise reader.wrong(key, f"{channels} numbers, one per channel", list(values))
    if min(std) <= 0:
        raise reader.wrong("std", "numbers above 0", list(std))
    return InputContract(
        short_side=reader.whole("short_side", least=0),
        multiple=reader.whole("multiple", least=1),
        mean=mean,
        std=std,
        channels=channels,
    )


def _read_flips(reader: Reader) -> int:
    flips = reader.whole("flips", least=1)
    if flips not in FLIPS:
        raise reader.wrong("flips", f"one of {', '.join(str(number) for number in FLIPS)}", flips)
    return flips


def _read_calibration(reader: Reader) -> Calibration:
    temperature = reader.number("temperature")
    if temperature <= 0:
        raise reader.wrong("temperature", "a number above 0", temperature)
    return Calibration(temperature, reader.number("shift"))


def _read_reference(reader: Reader) -> Reference:
    brightness, contrast, score = (_read_histogram(reader.section(key)) for key in ("brightness", "contrast", "score"))
    return Reference(reader.whole("photos", least=1), brightness, contrast, score)


def _read_histogram(reader: Reader) -> Histogram:
    edges, shares = reader.numbers("edges"), reader.numbers("shares")
    if list(edges) != sorted(set(edges)):
        raise reader.wrong("edges", "rising numbers", list(edges))
    if len(shares) != len(edges) + 1 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-3:
        raise reader.wrong("shares", f"{len(edges) + 1} shares that add up to 1, one more than edges", list(shares))
    return Histogram(edges, shares)


def _read_self_test(reader: Reader) -> SelfTest:
    for key in ("photo", "mask"):
        path = PurePosixPath(reader.text(key))
        if not path.parts or path.is_absolute() or ".." in path.parts:
            raise reader.wrong(key, "a path inside the bundle", str(path))
    return SelfTest(
        threshold=reader.share("threshold"),
        marked_px=reader.whole("marked_px", least=0),
        photo=reader.text("photo"),
        mask=reader.text("mask"),
        photo_sha256=reader.text("photo_sha256"),
        mask_sha256=reader.text("mask_sha256"),
    )
