"""Every page by axe's rules, and no wider than its window: in the light on a desktop, in the dark on a tablet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.studio.desk import start
from tests.studied import Studied
from tilecli.studio.pages import PAGES

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
pytestmark = pytest.mark.timeout(300)

# What a page is asked for, where it shows nothing by itself.
ASKED = {"run": "?name=looked-at", "compare": "?runs=looked-at,workspace"}
WINDOWS = {"light": (1280, 800), "dark": (900, 700)}


def test_pages_can_be_used_by_everybody(tmp_path: Path, browser: Any) -> None:
    rules, found = axe.Axe(), []
    with start(Studied(tmp_path / "parts").project) as url:
        for theme, (width, height) in WINDOWS.items():
            # Axe is put into the page from outside, which the pages' policy rightly forbids.
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme, bypass_csp=True
            )
            page = context.new_page()
            for name in PAGES:
                page.goto(f"{url}/{name}/{ASKED.get(name, '')}")
                page.wait_for_function("document.getElementById('live').textContent === 'live'")
                page.wait_for_load_state("load")
                done = rules.run(page)
                found += [
                    f"{name}, {theme}: {one['id']} ({one['impact']}) {[node['target'] for node in one['nodes']]}"
                    for one in done.response["violations"]
                ]
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    found.append(f"{name}: wider than {width} px")
            context.close()
    assert not found, "\n".join(found)
