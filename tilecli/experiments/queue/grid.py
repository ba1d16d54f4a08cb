"""What `tiles exp sweep -S key=…` means: every combination of the values that each setting shall take."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable
from typing import Any

from tilecli import paramfile
from tilecli.errors import UsageError

MOST = 10_000  # combinations; more is a slip of the keyboard
_CALL = re.compile(r"(range|log)\(([^()]*)\)")
_OPENING, _CLOSING = "[({", "])}"


def combinations(overrides: Iterable[str]) -> list[dict[str, Any]]:
    """`["a=1,2", "b=log(0.01,1,3)"]` → every `{a, b}`, the last setting changing fastest.

    A setting takes a list `1,2,3`, a `range(start,stop,step)` without stop as in Python, or `log(first,last,number)`,
    evenly spaced in the logarithm with both ends. A comma inside brackets or quotes separates nothing:
    `train.widths=[8,16],[16,32]` are two values.
    """
    found = axes(overrides)
    return [dict(zip(found, chosen, strict=True)) for chosen in itertools.product(*found.values())]


def axes(overrides: Iterable[str]) -> dict[str, list[Any]]:
    """The values that each setting takes; UsageError where their combinations are too many."""
    found: dict[str, list[Any]] = {}
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals:
            paramfile.parse_overrides([text])  # says what is wrong
        found[key.strip()] = _values(key.strip(), value)
    if math.prod(map(len, found.values())) > MOST:
        raise UsageError(f"these are {math.prod(map(len, found.values())):,} combinations", hint=f"at most {MOST:,}")
    return found


def numbered(name: str | None, count: int) -> list[str | None]:
    """What the experiments of a grid are called: NAME-1, NAME-2, …; without a name each gets a readable one."""
    return [f"{name}-{number}" if name else None for number in range(1, count + 1)]


def _values(key: str, text: str) -> list[Any]:
    call = _CALL.fullmatch(text.strip())
    if call:
        return _called(call[1], call[2], f"{key}={text}")
    parts = split_commas(text)
    return [paramfile.parse_overrides([f"{key}={part}"])[key] for part in parts]


def _called(name: str, arguments: str, where: str) -> list[Any]:
    form = {"range": "range(start,stop,step)", "log": "log(first,last,number)"}[name]
    try:
        numbers = [float(part) if re.search(r"[.eE]", part) else int(part) for part in arguments.split(",")]
    except ValueError as error:
        raise UsageError(f"{name} takes numbers: {error}", where=where, hint=form) from None
    if name == "log":
        if len(numbers) != 3 or min(numbers) <= 0 or not isinstance(numbers[2], int) or numbers[2] < 2:
            raise UsageError("log takes two numbers above 0 and how many values, from 2", where=where, hint=form)
        first, last, count = numbers[0], numbers[1], int(numbers[2])
        # Rounded to what a person would type; 0.0010000000000000002 helps nobody.
        return [float(f"{first * (last / first) ** (i / (count - 1)):.6g}") for i in range(count)]
    if len(numbers) not in (2, 3) or (len(numbers) == 3 and numbers[2] == 0):
        raise UsageError("range takes a start, a stop and a step other than 0", where=where, hint=form)
    start, stop, step = numbers[0], numbers[1], numbers[2] if len(numbers) == 3 else 1
    count = max(0, math.ceil((stop - start) / step - 1e-9))
    if not count:
        raise UsageError("this range is empty", where=where, hint=form)
    if count > MOST:
        raise UsageError(f"this range has {count:,} values", where=where, hint=f"at most {MOST:,}")
    values = [start + i * step for i in range(count)]
    return values if all(isinstance(n, int) for n in numbers) else [float(f"{value:.12g}") for value in values]


def split_commas(text: str) -> list[str]:
    """The parts between commas that are in no bracket and no quote."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in _OPENING:
            depth += 1
        elif letter in _CLOSING:
            depth -= 1
        if letter == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
