"""The settings as a form: a field for each, made from the models in `tilecli.config`, and back from what was typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from tilecli import paramfile, presets
from tilecli.config import Params
from tilecli.errors import TilesError

_KINDS = {"boolean": "flag", "integer": "whole", "number": "number", "array": "list"}
_BOUNDS = {"minimum": "low", "exclusiveMinimum": "above", "maximum": "high", "exclusiveMaximum": "below"}


def sections(now: Params, file: Params | None = None) -> list[dict[str, Any]]:
    """A section of the form for each of params.yaml: `name`, `help` and `fields`.

    file: what params.yaml says, where `now` is something else. A field has `key` (dotted), `name`, `help`, `kind`
    (flag, whole, number, choice, several, list, text), `choices`, `optional` (whether null is a value of its own),
    `value`, `file` (of params.yaml) and `usual` (its default), all three as they are typed behind `-S key=`, and
    `bounds` (low, above, high, below), which the server checks again.
    """
    values, usual = {"value": _flat(now), "file": _flat(file or now)}, _flat(Params())
    found = []
    for name, info in Params.model_fields.items():
        kind: Any = info.annotation
        found.append(
            {"name": name, "help": kind.__doc__ or "", "fields": list(_fields(kind, f"{name}.", values, usual))}
        )
    return found


def _fields(
    model: type[BaseModel], prefix: str, values: Mapping[str, Mapping[str, Any]], usual: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    properties = model.model_json_schema()["properties"]
    for name, info in model.model_fields.items():
        key, kind = f"{prefix}{name}", info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _fields(kind, f"{key}.", values, usual)
            continue
        facts = {
            "key": key,
            "name": key.partition(".")[2],
            "help": info.description or "",
            **{name: _typed(those[key]) for name, those in values.items()},
            "usual": _typed(usual[key]),
        }
        yield facts | _kind(properties[name])


def offered_presets() -> list[dict[str, Any]]:
    """What can be filled in at once: `name`, `help`, and `values`, dotted key → as it is typed."""
    found = []
    for name, path in presets.known().items():
        values = _flat(paramfile.load(path))
        filled = {key: _typed(values[key]) for key in presets.load(path)}
        found.append({"name": name, "help": presets.about(path), "values": filled})
    return found


def _kind(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What may be typed into a field, from its JSON schema."""
    either = schema.get("anyOf", [schema])
    first = next(one for one in either if one.get("type") != "null")
    within = first.get("items", {})
    choices = [str(one) for one in first.get("enum") or within.get("enum") or []]
    kind = _KINDS.get(first.get("type", ""), "text")
    if choices:
        kind = "several" if kind == "list" else "choice"
    bounds = {ours: first[theirs] for theirs, ours in _BOUNDS.items() if theirs in first}
    return {"kind": kind, "choices": choices, "optional": len(either) > 1, "bounds": bounds}


def changes(now: Params, typed: Mapping[str, str]) -> dict[str, Any]:
    """What really differs from `now`, as `dotted key → value`, of what was typed into the fields, key → text.

    Reads it as the command line reads `-S key=text`, and raises the same ConfigError.
    """
    return changer(now)(paramfile.parse_overrides(f"{key}={text}" for key, text in typed.items()))


def changer(now: Params) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """`changes` for many: from what is wanted, dotted key → value."""
    return paramfile.changer(now.model_dump(mode="json"), "params.yaml", typed="the form")


def blamed(error: TilesError) -> str:
    """The setting (or section) that an error is about; empty where it is about none."""
    known = _flat(Params())
    where = (error.where or "").partition("=")[0]
    return where if where in known else getattr(error, "key", "")


def _flat(params: Params) -> dict[str, Any]:
    return paramfile.flatten(params.model_dump(mode="json"))


def _typed(value: Any) -> str:
    """A value as YAML reads it on one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
