"""A page as HTML: its template around what it shows, which stands in the page itself, so that one answer is enough."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilecli.errors import MissingExtraError
from tilecli.studio.pages import PAGES, Page
from tilecli.ui import assets

if TYPE_CHECKING:
    from jinja2 import Environment

_PAGE = Path(__file__).with_name("page")
TEMPLATES = Path(__file__).with_name("templates")
FILES = assets(_PAGE)
_IMPORT = re.compile(r'from "studio/([\w.]+)"')


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError("jinja2", "data") from error
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def html(page: Page, shown: dict[str, Any], *, up: str, **facts: Any) -> str:
    """The page. up: the way from its folder to the first one. facts: what the template asks for besides, see
    `base.html.j2`.
    """
    template = _environment().get_template(f"{page.name}.html.j2")
    # "</script>" in a name would end the element that holds it.
    given = json.dumps(shown, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    facts = {"token": "", "nonce": "", "read_only": False, "exported": None, **facts}
    project = shown.get("project", "")
    scripts = _scripts(f"{page.name}.js")
    return template.render(page=page, pages=PAGES, given=given, project=project, up=up, scripts=scripts, **facts)


@cache
def _scripts(name: str) -> tuple[str, ...]:
    """The module and all that it imports, so that a browser asks for them at once, and not for each when it is met."""
    found = [name]
    for one in found:  # it grows meanwhile
        imported = _IMPORT.findall(FILES[one].read_text(encoding="utf-8"))
        found += [other for other in dict.fromkeys(imported) if other not in found]
    return tuple(found)
