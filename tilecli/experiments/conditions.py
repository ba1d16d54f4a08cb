"""What the comparisons of a filter mean: each is a test of an experiment's values.

What an experiment does not have is null: it equals null, differs from everything else, and is neither less nor more
than anything. The same holds for a text beside a number.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Values = Mapping[str, Any]
Test = Callable[[Values], bool]

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compared(name: str, sign: str, value: Any) -> Test:
    """Whether what is called `name` is `value`, or is less or more; `sign`: ==, !=, <, <=, > or >=."""
    if sign in _ORDERS:
        order = _ORDERS[sign]
        return lambda values: _comparable(values.get(name), value) and order(values.get(name), value)
    wanted = sign == "=="
    return lambda values: _same(values.get(name), value) == wanted


def among(name: str, members: Sequence[Any]) -> Test:
    """Whether what is called `name` is one of `members`."""
    return lambda values: any(_same(values.get(name), member) for member in members)


def matching(name: str, pattern: re.Pattern[str]) -> Test:
    """Whether `pattern` is found in what is called `name`; never in null."""

    def test(values: Values) -> bool:
        value = values.get(name)
        return value is not None and pattern.search(_text(value)) is not None

    return test


def negated(test: Test) -> Test:
    """The opposite."""
    return lambda values: not test(values)


def either(tests: Sequence[Test]) -> Test:
    """Whether one of `tests` holds."""
    return lambda values: any(test(values) for test in tests)


def both(tests: Sequence[Test]) -> Test:
    """Whether all of `tests` hold."""
    return lambda values: all(test(values) for test in tests)


def _same(one: Any, other: Any) -> bool:
    # To Python True is 1; to a person it is not.
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _comparable(one: Any, other: Any) -> bool:
    numbers = [isinstance(value, (int, float)) and not isinstance(value, bool) for value in (one, other)]
    return all(numbers) or (isinstance(one, str) and isinstance(other, str))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
