from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tilecli.errors import ModelError
from tilecli.inference.bundle import Bundle, read_bundle, write_bundle
from tilecli.inference.calibration import IDENTITY


def _facts(bundle: Bundle) -> dict[str, Any]:
    return json.loads((bundle.folder / "bundle.json").read_text())


def _copy(bundle: Bundle, folder: Path, facts: dict[str, Any]) -> Path:
    (folder / "model.onnx").write_bytes(bundle.model.read_bytes())
    (folder / "bundle.json").write_text(json.dumps(facts))
    return folder


def test_reads_what_it_wrote(bright: Bundle) -> None:
    assert read_bundle(bright.folder) == bright


def test_same_facts_same_bytes(bright: Bundle, tmp_path: Path) -> None:
    write_bundle(replace(bright, folder=tmp_path))
    assert (tmp_path / "bundle.json").read_bytes() == (bright.folder / "bundle.json").read_bytes()
    assert str(tmp_path) not in (tmp_path / "bundle.json").read_text()


def test_holds_the_keys_of_the_design(bright: Bundle) -> None:
    assert {"format_version", "input", "classes", "threshold", "precision", "training"} <= set(_facts(bright))
    assert set(_facts(bright)["input"]) == {"short_side", "multiple", "mean", "std", "channels"}


def test_passes_over_keys_it_does_not_know(bright: Bundle, tmp_path: Path) -> None:
    folder = _copy(bright, tmp_path, _facts(bright) | {"colour": "blue"})
    assert read_bundle(folder).threshold == bright.threshold


def test_no_bundle_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        read_bundle(tmp_path / "nothing")
    assert "tiles export" in str(caught.value)


def test_a_bundle_without_a_threshold_for_verdicts_judges_photos_as_pixels(bright: Bundle, tmp_path: Path) -> None:
    facts = _facts(bright) | {"threshold": 0.3}
    del facts["verdict_threshold"]
    assert read_bundle(_copy(bright, tmp_path, facts)).verdict_threshold == 0.3


def test_a_bundle_without_a_calibration_has_none(bright: Bundle, tmp_path: Path) -> None:
    facts = _facts(bright)
    del facts["calibration"]
    assert read_bundle(_copy(bright, tmp_path, facts)).calibration == IDENTITY


@pytest.mark.parametrize(
    ("wrong", "key"),
    [({"temperature": 0.0, "shift": 0.0}, "temperature"), ({"temperature": 1.0, "shift": "no"}, "shift")],
)
def test_a_calibration_that_cannot_be_is_refused(bright: Bundle, tmp_path: Path, wrong: Any, key: str) -> None:
    with pytest.raises(ModelError, match=f"calibration.{key} should be"):
        read_bundle(_copy(bright, tmp_path, _facts(bright) | {"calibration": wrong}))


def test_an_older_bundle_has_no_band(bright: Bundle, tmp_path: Path) -> None:
    facts = _facts(bright)
    del facts["uncertain_from"]
    assert read_bundle(_copy(bright, tmp_path, facts)).uncertain_from is None
    with pytest.raises(ModelError, match="uncertain_from should be a number between 0 and 1"):
        read_bundle(_copy(bright, tmp_path, facts | {"uncertain_from": 1.5}))


def test_flips_are_part_of_the_contract(bright: Bundle, tmp_path: Path) -> None:
    facts = _facts(bright)
    assert (facts["flips"], facts["format_version"]) == (1, 1)  # versions that know no flips may read it
    del facts["flips"]
    assert read_bundle(_copy(bright, tmp_path, facts)).flips == 1
    with pytest.raises(ModelError, match="flips should be one of 1, 2, 4, 8"):
        read_bundle(_copy(bright, tmp_path, facts | {"flips": 3}))


def test_a_newer_format_is_refused(bright: Bundle, tmp_path: Path) -> None:
    folder = _copy(bright, tmp_path, _facts(bright) | {"format_version": 4})
    with pytest.raises(ModelError, match="format 4") as caught:
        read_bundle(folder)
    assert "upgrade" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format_version", "1"),
        ("threshold", 1.5),
        ("threshold", None),
        ("verdict_threshold", 0),
        ("precision", "int4"),
        ("classes", []),
        ("min_area_px", 0),
        ("training", "yes"),
        ("input.mean", [0.5, 0.5]),
        ("input.std", [0.0]),
        ("input.channels", 2),
        ("input.multiple", 0),
        ("input.short_side", -1),
    ],
)
def test_a_wrong_value_names_file_and_key(bright: Bundle, tmp_path: Path, key: str, value: object) -> None:
    facts = _facts(bright)
    *sections, last = key.split(".")
    inner = facts
    for section in sections:
        inner = inner[section]
    inner[last] = value
    with pytest.raises(ModelError) as caught:
        read_bundle(_copy(bright, tmp_path, facts))
    assert key in str(caught.value)
    assert "bundle.json" in str(caught.value)


@pytest.mark.parametrize("key", ["format_version", "input", "classes", "threshold", "precision", "training"])
def test_a_missing_key_is_named(bright: Bundle, tmp_path: Path, key: str) -> None:
    facts = _facts(bright)
    del facts[key]
    with pytest.raises(ModelError, match=f"lacks {key}"):
        read_bundle(_copy(bright, tmp_path, facts))


def test_bytes_that_are_no_json(bright: Bundle, tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_bytes(b"\xff{")
    with pytest.raises(ModelError, match="cannot be read"):
        read_bundle(tmp_path)


def test_a_bundle_without_its_model(bright: Bundle, tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text(json.dumps(_facts(bright)))
    with pytest.raises(ModelError, match="no model"):
        read_bundle(tmp_path)
