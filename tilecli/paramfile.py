"""Reading params.yaml, applying `-S key=value`, and writing values back without losing comments.

Errors name the dotted key, the file and line, and the nearest valid key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tilecli import files
from tilecli.config import Params, dotted_keys
from tilecli.errors import ConfigError, near_matches

# The same loader on libyaml, ten times as fast; PyYAML can be built without it.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]  # one of two classes, each of them PyYAML's own
    """YAML 1.2 floats (`1e-3` is a number, as DVC reads it), otherwise PyYAML's safe loader."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:float"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"),
    list("-+0123456789."),
)
# Integers also match the pattern above; the first resolver that matches wins, so put them in front again.
for _list in _Loader.yaml_implicit_resolvers.values():
    _list.sort(key=lambda item: item[0] == "tag:yaml.org,2002:float")


def load(path: Path, overrides: Iterable[str] = ()) -> Params:
    """Params from the file at `path`, with `key=value` overrides on top."""
    text = read(path)
    values = parse_yaml(text, str(path))
    for key, value in parse_overrides(overrides).items():
        set_dotted(values, key, value)
    return validate(values, str(path), text)


def changer(
    values: Mapping[str, Any], where: str, text: str = "", *, typed: str
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A function from what is wanted (dotted key → value) to what really differs from `values`, validated as a whole.

    where, text: of `values`, typed: of what is wanted; they stand in errors.
    """
    before = flatten(validate(values, where, text).model_dump(mode="json"))

    def changes(wanted: Mapping[str, Any]) -> dict[str, Any]:
        new = deepcopy(dict(values))
        for key, value in wanted.items():
            set_dotted(new, key, value)
        after = flatten(validate(new, typed).model_dump(mode="json"))
        return {key: value for key, value in after.items() if before.get(key) != value}

    return changes


def parse_yaml(text: str, where: str) -> dict[str, Any]:
    """The mapping that `text` holds; `where` names it in errors."""
    try:
        values = yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"{where}:{mark.line + 1}" if mark else where
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigError(f"this is not valid YAML: {problem}", where=line) from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"expected sections such as 'train:', found a {type(values).__name__}", where=where)
    return values


def parse_overrides(overrides: Iterable[str]) -> dict[str, Any]:
    """`["train.learning_rate=0.01"]` → `{"train.learning_rate": 0.01}`; unknown keys and bad syntax are errors."""
    known = dotted_keys()
    parsed: dict[str, Any] = {}
    for text in overrides:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise ConfigError(f"'{text}' is not of the form key=value", where="-S", hint="-S train.learning_rate=0.01")
        if key not in known:
            raise unknown_key(key, "-S", known)
        try:
            parsed[key] = yaml.load(value, Loader=_Loader) if value.strip() else ""  # noqa: S506 - as above
        except yaml.YAMLError as error:
            raise ConfigError(f"cannot read the value of {key}: '{value}'", where="-S", key=key) from error
    return parsed


def unknown_key(key: str, where: str, known: list[str]) -> ConfigError:
    """The error for a key that is not in params.yaml, with the nearest valid ones."""
    tail = key.rpartition(".")[2]
    same_tail = [k for k in known if k.rpartition(".")[2] == tail]
    hint = f"did you mean {', '.join(same_tail)}?" if same_tail else near_matches(key, known)
    if not hint:
        section = key.partition(".")[0]
        members = [k for k in known if k.startswith(f"{section}.")] or sorted({k.split(".")[0] for k in known})
        hint = "known: " + ", ".join(members)
    return ConfigError(f"unknown setting {key}", where=where, hint=hint, key=key)


def validate(values: Mapping[str, Any], where: str, text: str = "") -> Params:
    """Params from plain values; the first thing that is wrong is the error."""
    try:
        # Through JSON, because strict models take a list for a tuple there and nowhere else.
        return Params.model_validate_json(json.dumps(values))
    except TypeError as error:
        raise ConfigError(f"a value is of a kind that settings cannot have: {error}", where=where) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if isinstance(part, str))
        line = key_lines(text).get(key)
        place = f"{where}:{line}" if line else where
        if first["type"] == "extra_forbidden":
            raise unknown_key(key, place, dotted_keys()) from None
        shown = json.dumps(first.get("input"), default=str)
        problem = first["msg"].removeprefix("Value error, ")
        what = f"{key or 'params'}: {problem[0].lower()}{problem[1:]} (got {shown})"
        raise ConfigError(what, where=place, key=key) from None


def key_lines(text: str) -> dict[str, int]:
    """Line number (from 1) of every dotted key in a YAML text; empty where the text cannot be read."""
    lines: dict[str, int] = {}

    def walk(node: yaml.Node | None, prefix: str) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                name = f"{prefix}{key.value}"
                lines[name] = key.start_mark.line + 1
                walk(value, f"{name}.")

    try:
        walk(yaml.compose(text, Loader=_Loader), "")
    except yaml.YAMLError:
        return {}
    return lines


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one `dotted key → value` mapping."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def set_dotted(values: dict[str, Any], key: str, value: Any) -> None:
    """Set `values["a"]["b"]` for `key` `a.b`, making sections where they are missing."""
    *sections, last = key.split(".")
    for section in sections:
        below = values.get(section)
        if below is None:
            below = values[section] = {}
        if not isinstance(below, dict):
            raise ConfigError(f"'{section}' should be a section, but holds a value", where=key)
        values = below
    values[last] = value


def as_override(key: str, value: Any) -> str:
    """`key=value` as DVC's `-S` (a Hydra override) and `parse_overrides` both read it."""
    return f"{key}={_hydra(value)}"


def _hydra(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_hydra(item) for item in value) + "]"
    text = str(value).replace("'", "\\'")
    return f"'{text}'"


def edit(text: str, changes: Mapping[str, Any]) -> str:
    """A YAML text with dotted keys set, keeping its comments."""
    import io

    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedSeq

    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 1000
    # ruamel would write nothing for None, which reads like a slip.
    editor.representer.add_representer(
        type(None), lambda representer, _: representer.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    tree = editor.load(text) or {}
    for key, value in changes.items():
        plain = value
        if isinstance(value, (list, tuple)):
            plain = CommentedSeq(value)
            plain.fa.set_flow_style()
        set_dotted(tree, key, plain)
    stream = io.StringIO()
    editor.dump(tree, stream)
    return stream.getvalue()


def write(path: Path, changes: Mapping[str, Any]) -> None:
    """Set dotted keys in the YAML file at `path`, keeping its comments."""
    files.write_text(path, edit(read(path), changes))


def read(path: Path) -> str:
    """The text of a file of settings."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError("there is no such file", where=str(path), hint="tiles init") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", where=str(path)) from error
