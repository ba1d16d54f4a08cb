"""Views by the addresses that a browser shows for them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from tilecli.errors import UsageError
from tilecli.studio.pages import FIRST, PAGES, Page

_OWN = ("key",)  # lets others into a shared studio; who copies an address does not mean to pass it on


@dataclass(frozen=True)
class View:
    """A page, and what is asked of it."""

    page: Page
    query: dict[str, str]  # as the server reads it: of what stands there twice, the last
    rest: str  # of the address, behind the page: ?… and #…


def read(address: str) -> View:
    """The view at `http://127.0.0.1:8020/compare/?runs=a,b`, or at `compare/?runs=a,b`; UsageError where none is."""
    try:
        parts = urlsplit(address if "://" in address else f"//studio/{address.lstrip('/')}")
    except ValueError:
        raise _unknown(address, "") from None
    name = parts.path.removesuffix("index.html").strip("/") or FIRST
    page = PAGES.get(name)
    if page is None or (parts.scheme and parts.scheme not in ("http", "https")):
        raise _unknown(address, name)
    query = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key not in _OWN]
    # What the pages write as it is stays readable.
    rest = f"?{urlencode(query, safe=',:~!')}" if query else ""
    return View(page, dict(query), rest + (f"#{parts.fragment}" if parts.fragment else ""))


def _unknown(address: str, name: str) -> UsageError:
    hint = f"there are {', '.join(PAGES)}; of runs as run/?name=NAME and compare/?runs=A,B"
    return UsageError(f"there is no view '{name or address}'", where=f"VIEW {address}", hint=hint)
