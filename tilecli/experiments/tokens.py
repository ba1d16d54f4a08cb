"""Cuts a filter into its words, and says where one of them is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tilecli.errors import UsageError

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?(?![\w.]))
    | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<name>[^\W\d][\w.\-/]*|`[^`]+`)
    | (?P<bracket>[()\[\],])
    | (?P<operator>[<>=!~&|^%*:;?@$#]+|[-+])
    | (?P<other>\S)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """One word of a filter."""

    kind: str  # number, string, name, bracket, operator; end after the last
    text: str
    at: int  # character, from 0

    def says(self, *words: str) -> bool:
        """Whether this is one of `words`, and not a quoted text that reads the same."""
        return self.kind != "string" and self.text.lower() in words


def cut(text: str) -> Iterable[Token]:
    """The words of `text`, and one of kind `end` after them."""
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        assert match and match.lastgroup  # noqa: S101 - `other` takes whatever is left
        token = Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
        if token.kind == "other":
            unclosed = token.text in "'\"`"
            what = "a quote that is never closed" if unclosed else f"'{token.text}' means nothing in a filter"
            raise error(text, what, token)
        yield token
        at = match.end()
    yield Token("end", "", len(text))


def error(text: str, message: str, token: Token, hint: str | None = None) -> UsageError:
    """The error for `token` of the filter `text`, which is shown with a mark where it stands."""
    shown = f"{text[: token.at]}▸{text[token.at :]}"
    return UsageError(message, where=f"--filter, character {token.at + 1}: {shown}", hint=hint)
