"""The page's files: all there, none from elsewhere, nothing inline that the policy would refuse."""

import re
from pathlib import Path

import pytest

from tilecli.serving.routes import pages
from tilecli.ui import TOKENS, assets

FOLDER = Path(pages.__file__).parents[1] / "page"
INDEX = (FOLDER / "index.html").read_text(encoding="utf-8")
FILES = assets(FOLDER)
SCRIPTS = sorted(path for path in FILES.values() if path.suffix == ".js")
STYLES = sorted(path for path in FILES.values() if path.suffix == ".css")


def test_the_page_names_only_files_that_are_there() -> None:
    named = re.findall(r'(?:href|src)="([^"#]+)"', INDEX)
    assert {name for name in named if not name.startswith("static/")} == {"docs"}
    for name in named:
        assert not name.startswith("static/") or Path(name).name in FILES


def test_nothing_is_inline() -> None:
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)|javascript:", INDEX)


def test_icons_are_drawn_before_they_are_used() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', INDEX))
    assert set(re.findall(r'<use[^>]* href="#([\w-]+)"', INDEX)) <= drawn
    assert {f"i-{state}" for state in ("defect", "good", "failed", "busy")} <= drawn


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_import_what_is_there_and_ask_nobody_else(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    for name in re.findall(r'from "([^"]+)"', text):
        assert name.startswith("./")
        assert name.removeprefix("./") in FILES
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert "innerHTML" not in text, "names of files would become elements"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_elements_that_scripts_ask_for_exist(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    asked = re.findall(r'(?:part|getElementById|click)\("([\w-]+)"', text) + re.findall(
        r'querySelector\("#([\w-]+)"', text
    )
    for name in asked:
        assert f'id="{name}"' in INDEX, name


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.name)
def test_styles_use_tokens_that_exist_and_fetch_nothing(style: Path) -> None:
    text = style.read_text(encoding="utf-8")
    own = set(re.findall(r"(--[\w-]+):", text + TOKENS.read_text(encoding="utf-8")))
    assert set(re.findall(r"var\((--[\w-]+)", text)) <= own
    assert not re.search(r"url\(|@import", text)
