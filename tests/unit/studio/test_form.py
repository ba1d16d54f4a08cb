import pytest

from tilecli.config import Params, dotted_keys
from tilecli.errors import ConfigError, ModelError
from tilecli.studio import form


def fields() -> dict[str, dict]:
    return {field["key"]: field for section in form.sections(Params()) for field in section["fields"]}


def test_every_setting_has_a_field_with_its_meaning_and_its_bounds():
    found = fields()
    assert list(found) == dotted_keys()
    assert all(field["help"] for field in found.values())
    assert found["train.learning_rate"] | {"help": ""} == {
        "key": "train.learning_rate", "name": "learning_rate", "help": "", "kind": "number", "choices": [],
        "optional": False, "value": "0.002", "file": "0.002", "usual": "0.002", "bounds": {"above": 0, "high": 10},
    }  # fmt: skip
    assert found["train.channels"]["choices"] == ["1", "3"]
    assert found["train.loggers"]["kind"] == "several"
    assert found["export.threshold"]["optional"] and found["export.threshold"]["value"] == "null"


def test_what_stands_in_untouched_fields_changes_nothing():
    assert form.changes(Params(), {key: field["value"] for key, field in fields().items()}) == {}


def test_text_is_read_as_the_command_line_reads_it():
    typed = {"train.learning_rate": "1e-3", "train.widths": "[8, 16]", "export.threshold": "0.4", "train.epochs": "40"}
    assert form.changes(Params(), typed) == {
        "train.learning_rate": 0.001, "train.widths": [8, 16], "export.threshold": 0.4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "text", "blamed", "words"),
    [
        ("train.learning_rate", "99", "train.learning_rate", "less than or equal to 10"),
        ("train.epochs", "many", "train.epochs", "valid integer"),
        ("train.widths", "[8", "train.widths", "cannot read the value"),
        ("train.lr", "1", "train.lr", "unknown setting"),
        ("split.test", "0.9", "split", "at least 0.1 must be left"),
    ],
)
def test_a_wrong_value_is_blamed_on_its_setting(key: str, text: str, blamed: str, words: str):
    with pytest.raises(ConfigError, match=words) as raised:
        form.changes(Params(), {key: text})
    assert form.blamed(raised.value) == blamed


def test_an_error_that_names_a_setting_as_its_place_blames_that():
    assert form.blamed(ModelError("no such encoder", where="train.encoder")) == "train.encoder"
    assert form.blamed(ModelError("no such file", where="models/bundle")) == ""
