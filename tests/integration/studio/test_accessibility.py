"""Every page by axe's rules, and no wider than its window: in the light on a desktop, in the dark on a tablet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.studio.desk import start
from tests.studied import Studied
from tests.unit.studio.projects import put_task
from tilecli.studio.pages import PAGES

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
pytestmark = pytest.mark.timeout(600)

# What a page is asked for, where it shows nothing by itself.
ASKED = {"run": "?name=looked-at", "compare": "?runs=looked-at,workspace"}
# Questions that a page asks, by the button that leads to them.
QUESTIONS = {"queue": ("Queue an experiment", "retry with …: lost"), "models": ("Register a model",)}
WINDOWS = {"light": (1280, 800), "dark": (900, 700)}


def test_pages_can_be_used_by_everybody(tmp_path: Path, browser: Any) -> None:
    rules, found = axe.Axe(), []
    made = Studied(tmp_path / "parts")
    fill_queue(made)
    with start(made.project) as url:
        for theme, (width, height) in WINDOWS.items():
            # Axe is put into the page from outside, which the pages' policy rightly forbids.
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme, bypass_csp=True
            )
            page = context.new_page()
            page.set_default_timeout(120_000)  # Plotly alone takes a busy machine half a minute
            for name in PAGES:
                page.goto(f"{url}/{name}/{ASKED.get(name, '')}")
                page.wait_for_function("document.getElementById('live').textContent === 'live'")
                page.wait_for_load_state("load")
                found += broken(rules, page, f"{name}, {theme}")
                for question in QUESTIONS.get(name, ()):
                    page.get_by_role("button", name=question).click()
                    page.get_by_role("dialog").wait_for()
                    if question == "Queue an experiment":
                        page.get_by_label("Preset").select_option("cpu")  # marks what differs
                    found += broken(rules, page, f"{name}, {theme}, {question}")
                    page.keyboard.press("Escape")
                    page.get_by_role("dialog").wait_for(state="detached")
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    found.append(f"{name}: wider than {width} px")
            context.close()
    assert not found, "\n".join(found)


def fill_queue(made: Studied) -> None:
    """One that failed, and a cross-validation that is not over."""
    base = made.repository.base
    put_task(made.project, base, "lost", "failed", "train.epochs=3")
    for number, state in enumerate(("done", "stopped", "queued")):
        put_task(made.project, base, f"wide-fold{number + 1}", state, "split.folds=3", f"split.fold={number}")


def broken(rules: Any, page: Any, where: str) -> list[str]:
    """The rules that what is shown now breaks."""
    return [
        f"{where}: {one['id']} ({one['impact']}) {[node['target'] for node in one['nodes']]}"
        for one in rules.run(page).response["violations"]
    ]
