"""A filter such as `dice_mean > 0.8 and train.batch_size in [8, 16]`: parsed here, never evaluated as Python.

    either     = both {"or" both}
    both       = negation {"and" negation}
    negation   = "not" negation | "(" either ")" | comparison
    comparison = NAME ("==" | "!=" | "<" | "<=" | ">" | ">=") value
               | NAME ("~" | "!~") STRING
               | NAME ["not"] "in" "[" value {"," value} "]"
    value      = NUMBER | STRING | "true" | "false" | "null" | list

A value may stand on the left as well (`0.8 < dice_mean`). What a comparison means is in `conditions`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tilecli.errors import UsageError, near_matches
from tilecli.experiments import conditions, tokens
from tilecli.experiments.conditions import Test
from tilecli.experiments.tokens import Token

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_MEANT = {"=": "==", "===": "==", "<>": "!=", "=<": "<=", "=>": ">=", "&&": "and", "||": "or", "&": "and", "|": "or",
          "!": "not", "=~": "~", "~=": "~"}  # fmt: skip
_OPERATORS = "==  !=  <  <=  >  >=  ~  !~  in  not in"
_WORDS = {"true": True, "false": False, "null": None, "none": None}
_DEEPEST = 60  # brackets and nots within each other; no filter that a person wrote comes near


def parse(text: str, known: Iterable[str]) -> Test:
    """The test that `text` describes; UsageError with the place where it cannot be read.

    `known` are the names that may stand in it; a name may lack its sections where only one ends so.
    """
    return _Parser(text, list(dict.fromkeys(known))).parse()


def full_name(name: str, known: Iterable[str]) -> str | None:
    """`name` itself if it is known, else the one known name that ends in `.name`; None where there is no such one."""
    names = list(known)
    if name in names:
        return name
    ending = [other for other in names if other.endswith(f".{name}")]
    return ending[0] if len(ending) == 1 else None


class _Parser:
    """Recursive descent; one method per line of the grammar above."""

    def __init__(self, text: str, known: list[str]) -> None:
        self._text, self._known = text, known
        self._tokens = list(tokens.cut(text))
        self._next = 0
        self._depth = 0

    def parse(self) -> Test:
        if self._peek().kind == "end":
            raise self._error("the filter is empty", self._peek(), "--filter 'dice_mean > 0.8'")
        test = self._either()
        token = self._peek()
        if token.kind != "end":
            meant = "one comparison follows another" if token.kind in ("name", "number", "string") else "nothing opens"
            raise self._error(f"'{token.text}' is not expected here: {meant}", token, "join comparisons by and, or")
        return test

    def _either(self) -> Test:
        return self._joined("or", self._both, conditions.either)

    def _both(self) -> Test:
        return self._joined("and", self._negation, conditions.both)

    def _joined(self, word: str, part: Callable[[], Test], join: Callable[[Sequence[Test]], Test]) -> Test:
        tests = [part()]
        while self._takes(word):
            tests.append(part())
        return tests[0] if len(tests) == 1 else join(tests)

    def _negation(self) -> Test:
        token = self._peek()
        if not (token.says("not") or token.text == "("):
            return self._comparison()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error("too many brackets within each other", token)
        self._take()
        if token.text == "(":
            test = self._either()
            self._expect(")", token)
        else:
            test = conditions.negated(self._negation())
        self._depth -= 1
        return test

    def _comparison(self) -> Test:
        token = self._take()
        if token.kind == "name" and token.text.lower() not in _WORDS:
            if token.says("and", "or", "in"):
                raise self._error(f"something is missing before '{token.text}'", token)
            return self._about(self._name(token))
        value = self._value(token)
        sign = self._operator()
        if sign.text not in _MIRRORED:
            raise self._error(f"the name must stand before '{sign.text}'", sign, "train.arch in ['unet', 'fpn']")
        other = self._take()
        if other.kind != "name":
            raise self._error("a metric or setting must be compared, not a value with a value", other)
        return self._only_one(conditions.compared(self._name(other), _MIRRORED[sign.text], value))

    def _about(self, name: str) -> Test:
        sign = self._operator()
        negative = False
        if sign.says("not"):
            sign, negative = self._take(), True
            if not sign.says("in"):
                raise self._error("'not' after a name must be followed by 'in'", sign, "train.arch not in ['unet']")
        value_at = self._take()
        if sign.says("in"):
            if value_at.text != "[":
                raise self._error("'in' wants a list", value_at, f"{name} in [1, 2]")
            test = conditions.among(name, self._value(value_at))
            return self._only_one(conditions.negated(test) if negative else test)
        if sign.text in ("~", "!~"):
            return self._only_one(self._pattern(name, sign, value_at))
        return self._only_one(conditions.compared(name, sign.text, self._value(value_at)))

    def _pattern(self, name: str, sign: Token, token: Token) -> Test:
        if token.kind != "string":
            raise self._error(f"'{sign.text}' wants a quoted pattern", token, f"{name} ~ '^lr'")
        try:
            pattern = re.compile(self._value(token))
        except re.error as error:
            raise self._error(f"this is no regular expression: {error.msg}", token) from None
        test = conditions.matching(name, pattern)
        return test if sign.text == "~" else conditions.negated(test)

    def _only_one(self, test: Test) -> Test:
        """Refuse `0.5 < dice_mean < 0.8`, which would say something else than it looks like."""
        token = self._peek()
        if token.kind == "operator":
            raise self._error("only two things can be compared", token, "write 'x > 0.5 and x < 0.8'")
        return test

    def _operator(self) -> Token:
        token = self._take()
        if token.text in (*_MIRRORED, "~", "!~") or token.says("in", "not"):
            return token
        if token.kind == "end" or token.text == ")" or token.says("and", "or"):
            raise self._error("a comparison is missing here", token, f"operators: {_OPERATORS}")
        meant = _MEANT.get(token.text)
        hint = f"did you mean {meant}?" if meant else f"operators: {_OPERATORS}"
        raise self._error(f"unknown operator '{token.text}'", token, hint)

    def _name(self, token: Token) -> str:
        name = token.text.strip("`")
        found = full_name(name, self._known)
        if found:
            return found
        ending = [other for other in self._known if other.endswith(f".{name}")]
        hint = f"one of {', '.join(ending)}" if ending else near_matches(name, self._known)
        what = "is the end of several names" if ending else "is no metric and no setting of these experiments"
        raise self._error(
            f"'{name}' {what}", token, hint or "tiles exp compare --all shows them all; quote a text: 'x'"
        )

    def _value(self, token: Token) -> Any:
        if token.kind == "number":
            return float(token.text) if re.search(r"[.eE]", token.text) else int(token.text)
        if token.kind == "string":
            return re.sub(r"\\(['\"\\])", r"\1", token.text[1:-1])
        if token.text == "[":
            return self._list(token)
        if token.kind == "name" and token.text.lower() in _WORDS:
            return _WORDS[token.text.lower()]
        if token.kind == "name":
            near = full_name(token.text, self._known)
            what = "a name cannot be compared with a name" if near else f"'{token.text}' is not quoted"
            raise self._error(what, token, f"'{token.text}' in quotes, if it is a text")
        raise self._error("a value is missing here", token, "a number, a quoted text, true, false, null or a list")

    def _list(self, opening: Token) -> list[Any]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error("too many brackets within each other", opening)
        values: list[Any] = []
        while not self._takes("]"):
            if values:
                self._expect(",", opening)
            values.append(self._value(self._take()))
        self._depth -= 1
        return values

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._peek()
        self._next += token.kind != "end"
        return token

    def _takes(self, text: str) -> bool:
        if not self._peek().says(text):
            return False
        self._next += 1
        return True

    def _expect(self, text: str, opening: Token) -> None:
        if not self._takes(text):
            token = self._peek()
            raise self._error(f"'{text}' is missing for the '{opening.text}' at character {opening.at + 1}", token)

    def _error(self, message: str, token: Token, hint: str | None = None) -> UsageError:
        return tokens.error(self._text, message, token, hint)
