"""The page of changed photos, in a real browser."""

from pathlib import Path

import cv2

from tests.browser import tab, visit
from tests.integration.data_projects import data, index
from tests.photosets import noise, put_photo, spot
from tilecli import palette
from tilecli.layout import Project


def test_changed_photos_can_be_looked_at_without_a_network(versioned: Project, tmp_path: Path, browser: str) -> None:
    folder = tmp_path / "inbox"
    row = index(versioned)["p1_000"]
    photo = cv2.imread(str(versioned.dataset / row.image), cv2.IMREAD_UNCHANGED)
    put_photo(folder, "crack", "p1_000", photo, spot(left=25))
    put_photo(folder, "fray", "new", noise(60), spot())
    data(versioned, "add", str(folder), "--name", "nov", "--relabel")
    page = tmp_path / "changes.html"
    data(versioned, "diff", "--gallery", str(page))
    dom, console, asked = visit(browser, page, tmp_path)
    assert (console, asked) == ([], [])
    assert "24 → 25 photos: 1 added, 1 relabelled" in dom
    assert "before: crack" in dom and "after: crack" in dom

    with tab(browser, tmp_path) as seen:
        seen.visit(page)
        assert seen.js("document.querySelectorAll('article').length") == 2
        assert seen.js("[...document.images].every(image => image.naturalWidth === 40 && image.complete)")
        # The mask before and after, drawn in the defect's colour where they are and nowhere else.
        drawn = """(number => {
            const layer = document.querySelectorAll('[data-kind="relabelled"] .fill')[number];
            const canvas = document.createElement("canvas");
            canvas.width = layer.naturalWidth; canvas.height = layer.naturalHeight;
            const context = canvas.getContext("2d", { willReadFrequently: true });
            context.drawImage(layer, 0, 0);
            return [[5, 6], [28, 6]].map(([x, y]) => [...context.getImageData(x, y, 1, 1).data]);
        })"""
        colour, nothing = [*palette.rgb(palette.DEFECT), 255], [0, 0, 0, 0]
        assert seen.js(f"{drawn}(0)") == [colour, nothing]
        assert seen.js(f"{drawn}(1)") == [nothing, colour]
        strength = "getComputedStyle(document.querySelector('.fill')).opacity"
        assert seen.js(strength) == "0.35"
        change = "{ const field = document.getElementById('%s'); field.value = '%s'; "
        change += "field.dispatchEvent(new Event('%s')) }"
        seen.js(change % ("fill", 80, "input"))
        assert seen.js(strength) == "0.8"
        seen.js(change % ("type", "fray", "change"))
        assert seen.js("[...document.querySelectorAll('article:not([hidden]) h3')].map(h => h.textContent)") == ["new"]
        assert seen.js("document.querySelectorAll('section:not([hidden])').length") == 1
        seen.js(change % ("type", "", "change"))
        before = seen.js("getComputedStyle(document.body).backgroundColor")
        seen.js("document.getElementById('theme').click()")
        assert seen.js("getComputedStyle(document.body).backgroundColor") != before
        seen.size(390, 844)
        assert seen.js("document.documentElement.scrollWidth <= innerWidth")
        assert seen.console == []

    data(versioned, "diff", "--gallery", str(page), "--most", "1")
    assert "1 more photos differ" in page.read_text()
    assert "this is a folder" in data(versioned, "diff", "--gallery", str(tmp_path), code=2).output
