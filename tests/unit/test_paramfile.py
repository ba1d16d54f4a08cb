"""params.yaml and its overrides: what is read, what is refused, what the error says."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilecli import paramfile, presets
from tilecli.config import Params, dotted_keys
from tilecli.errors import ConfigError
from tilecli.layout import shipped

ROOT = Path(__file__).parents[2]


def load_text(tmp_path: Path, text: str) -> Params:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    return paramfile.load(path)


def test_shipped_params_are_the_models_defaults():
    assert paramfile.load(shipped("params.yaml")) == Params()
    text = shipped("params.yaml").read_text()
    assert list(paramfile.flatten(paramfile.parse_yaml(text, ""))) == dotted_keys()


@pytest.mark.parametrize("preset", sorted((ROOT / "configs").glob("*")), ids=lambda path: path.name)
def test_every_preset_is_valid_and_opens_with_its_command(preset: Path):
    values = presets.load(preset)
    assert values
    first = preset.read_text().splitlines()[0]
    assert first.startswith("# tiles "), first
    assert f"--preset {preset.stem}" in first


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1e-3", 1e-3), ("0.01", 0.01), ("3", 3), ("-2", -2), ("abc", "abc"), ("null", None), ("[1, 2]", [1, 2])],
)
def test_values_of_overrides_are_read_as_dvc_reads_them(text: str, expected: object):
    assert paramfile.parse_overrides([f"train.learning_rate={text}"]) == {"train.learning_rate": expected}


def test_with_folds_the_test_share_does_not_count(tmp_path: Path):
    split = load_text(tmp_path, "split: {folds: 2, fold: 1, valid: 0.5, test: 0.6}").split
    assert (split.folds, split.fold) == (2, 1)


def test_override_reaches_the_params(tmp_path: Path):
    path = tmp_path / "params.yaml"
    path.write_text("train: {epochs: 3}\n")
    params = paramfile.load(path, ["train.learning_rate=1e-3", "train.widths=[8,16]"])
    assert (params.train.epochs, params.train.learning_rate, params.train.widths) == (3, 1e-3, (8, 16))


def test_unknown_key_names_file_line_and_nearest(tmp_path: Path):
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, "train:\n  epochs: 3\n  lerning_rate: 0.1\n")
    assert "train.lerning_rate" in caught.value.message
    assert caught.value.where == f"{tmp_path}/params.yaml:3"
    assert "train.learning_rate" in (caught.value.hint or "")


def test_key_without_its_section_finds_the_section():
    with pytest.raises(ConfigError) as caught:
        paramfile.parse_overrides(["learning_rate=1"])
    assert "train.learning_rate" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("train: {epochs: '3'}", "train.epochs"),
        ("train: {epochs: 2.5}", "train.epochs"),
        ("train: {epochs: 0}", "train.epochs"),
        ("train: {crop_size: 100}", "train.crop_size"),
        ("train: {inject: 1.5}", "train.inject"),
        ("train: {inject_blend: paste}", "train.inject_blend"),
        ("train: {dice_over: photo}", "train.dice_over"),
        ("train: {loss: dice, dice_over: crop}", "train"),
        ("train: {consistency: -1}", "train.consistency"),
        ("train: {norm: layer}", "train.norm"),
        ("train: {prior_bias: 0}", "train.prior_bias"),
        ("train: {accumulate: 0}", "train.accumulate"),
        ("train: {pretrain_epochs: -1}", "train.pretrain_epochs"),
        ("split: {by: photos}", "split.by"),
        ("split: {valid: 0.6, test: 0.5}", "split"),
        ("split: {folds: 1}", "split"),
        ("split: {folds: -2}", "split.folds"),
        ("split: {folds: 5, fold: 5}", "split"),
        ("split: {fold: 1}", "split"),
        ("split: {folds: 2, valid: 0.95}", "split"),
        ("data: {sources: []}", "data.sources"),
        ("export: {threshold: 1.0}", "export.threshold"),
        ("export: {temperature: 0.0}", "export.temperature"),
        ("export: {shift: 21.0}", "export.shift"),
        ("export: {uncertain_from: 0.0}", "export.uncertain_from"),
        ("export: {max_error: 0.5}", "export.max_error"),
        ("export: {flips: 3}", "export.flips"),
        ("evaluate: {fuse: 1}", "evaluate.fuse"),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, text: str, key: str):
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, text)
    assert caught.value.message.startswith(f"{key}:")
    assert caught.value.where == f"{tmp_path}/params.yaml:1"


@pytest.mark.parametrize("text", ["train: [", "- a\n- b\n", "train: 3\n"])
def test_files_that_are_no_params_are_refused(tmp_path: Path, text: str):
    with pytest.raises(ConfigError):
        load_text(tmp_path, text)


@pytest.mark.parametrize("text", ["train.epochs", "=3", "train.epochs.x=3", "train=3"])
def test_bad_overrides_are_refused(text: str):
    with pytest.raises(ConfigError):
        paramfile.parse_overrides([text])


def test_editing_keeps_comments_and_the_rest():
    before = shipped("params.yaml").read_text()
    assert paramfile.edit(before, {}) == before
    after = paramfile.edit(before, {"train.learning_rate": 0.5, "export.threshold": None, "train.widths": [8, 16]})
    assert after.count("#") == before.count("#")
    values = paramfile.parse_yaml(after, "")
    assert values["train"]["learning_rate"] == 0.5
    assert values["train"]["widths"] == [8, 16]
    assert values["export"]["threshold"] is None


@given(
    st.one_of(
        st.integers(-(10**6), 10**6),
        st.floats(1e-6, 1e6),
        st.booleans(),
        st.none(),
        st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=12),
        st.lists(st.integers(0, 99), min_size=1, max_size=4),
    )
)
def test_an_override_written_for_dvc_reads_back_the_same(value: object):
    text = paramfile.as_override("train.arch", value)
    assert json.dumps(paramfile.parse_overrides([text])["train.arch"]) == json.dumps(value)


@given(st.dictionaries(st.sampled_from(dotted_keys()), st.integers(0, 9), max_size=5))
def test_flatten_undoes_set_dotted(flat: dict[str, int]):
    values: dict[str, object] = {}
    for key, value in flat.items():
        paramfile.set_dotted(values, key, value)
    assert paramfile.flatten(values) == flat
