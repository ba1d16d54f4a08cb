"""The settings as a form: a field for each, made from the models in `tilecli.config`, and back from what was typed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from tilecli import paramfile
from tilecli.config import Params
from tilecli.errors import TilesError

_KINDS = {"boolean": "flag", "integer": "whole", "number": "number", "array": "list"}
_BOUNDS = {"minimum": "low", "exclusiveMinimum": "above", "maximum": "high", "exclusiveMaximum": "below"}


def sections(now: Params) -> list[dict[str, Any]]:
    """A section of the form for each of params.yaml: `name`, `help` and `fields`.

    A field has `key` (dotted), `name`, `help`, `kind` (flag, whole, number, choice, several, list, text), `choices`,
    `optional` (whether null is a value of its own), `value` and `usual` (its default), both as they are typed behind
    `-S key=`, and `bounds` (low, above, high, below), which the server checks again.
    """
    values, usual = _flat(now), _flat(Params())
    found = []
    for name, info in Params.model_fields.items():
        kind: Any = info.annotation
        found.append(
            {"name": name, "help": kind.__doc__ or "", "fields": list(_fields(kind, f"{name}.", values, usual))}
        )
    return found


def _fields(
    model: type[BaseModel], prefix: str, values: Mapping[str, Any], usual: Mapping[str, Any]
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
            "value": _typed(values[key]),
            "usual": _typed(usual[key]),
        }
        yield facts | _kind(properties[name])


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
    values = now.model_dump(mode="json")
    for key, value in paramfile.parse_overrides([f"{key}={text}" for key, text in typed.items()]).items():
        paramfile.set_dotted(values, key, value)
    before, after = _flat(now), _flat(paramfile.validate(values, "the form"))
    return {key: value for key, value in after.items() if before[key] != value}


def blamed(error: TilesError) -> str:
    """The setting (or section) that an error is about; empty where it is about none."""
    known = _flat(Params())
    where = error.where or ""
    return where if where in known else getattr(error, "key", "")


def _flat(params: Params) -> dict[str, Any]:
    return paramfile.flatten(params.model_dump(mode="json"))


def _typed(value: Any) -> str:
    """A value as YAML reads it on one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
