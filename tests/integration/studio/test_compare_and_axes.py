"""The pages that set runs side by side, in a real browser; made with git alone."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.integration.serving.browser import sync_api, visiting
from tests.integration.studio.desk import start
from tests.unit.studio.compared import files, repository
from tilecli.experiments.influence import spearman

expect = sync_api.expect
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("studio")
    made = repository(folder)
    for number in range(9):
        made.experiment(f"try-{number}", files(0.002 * 2**number, 0.6 + 0.03 * number))
    with start(made.project) as url:
        yield url


def test_a_few_runs_side_by_side(address: str, browser: Any) -> None:
    with visiting(browser, f"{address}/compare/?runs=weak,strong,bare") as visit:
        page = visit.page
        expect(page.locator("#verdicts")).to_contain_text("strong is better than weak: dice_mean +0.", timeout=20_000)
        expect(page.locator("#verdicts")).to_contain_text("bare was not tested")
        expect(page.locator("#curves h3")).to_have_text(["Valid Dice over epochs"])
        assert page.locator("#curves path.curve").count() == 3
        expect(page.locator("#curves .unseen")).to_contain_text("strong ends with 0.800 at epoch 4")

        page.locator("#curves .pane").focus()
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#curves .said")).to_contain_text("epoch 3")
        page.locator("summary", has_text="Series").click()
        page.get_by_label("Learning rate").check()
        expect(page.locator("#curves h3")).to_have_text(["Valid Dice over epochs", "Learning rate over epochs"])
        page.locator("#smoothing").fill("0.5")
        assert page.locator("#curves path.raw").count() == 3
        page.locator("#logarithmic").check()
        page.select_option("#x", "time")
        expect(page.locator("#curves h3").first).to_have_text("Valid Dice over time")

        expect(page.locator("#figures")).to_contain_text("▲ better")
        expect(page.locator("#settings .unlike").first).to_have_text("0.01")
        page.locator("#changes summary", has_text="train.py").click()
        expect(page.locator("#changes ins").last).to_contain_text("+print('two')")

        page.select_option("#type", "crack")
        page.select_option("#order", "photo")
        expect(page.locator("#counted")).to_have_text("8 of 8 photos")
        expect(page.locator("#photos li").first).to_contain_text("photo-00")
        expect(page.locator("#photos li").first).to_contain_text("bare was not tested on it")
        # Nobody can have the picture: the photo is in no dataset. Its place says why.
        expect(page.locator("#photos .picture.none span").first).not_to_be_empty(timeout=10_000)
        wanted = "runs=weak,strong,bare&series=valid.dice,lr&smooth=0.5&log=1&x=time&type=crack&order=photo"
        assert page.url.endswith(wanted), page.url
        assert visit.wide() == 0

        page.reload()
        expect(page.locator("#curves h3")).to_have_text(["Valid Dice over time", "Learning rate over time"])
        expect(page.locator("#type")).to_have_value("crack")
        page.get_by_label("compare with this: strong").click()
        expect(page.locator("#runs .name").first).to_have_text("strong")
        expect(page.locator("#verdicts")).to_contain_text("weak is worse than strong", timeout=20_000)
        page.goto(f"{address}/compare/?runs=nix")
        expect(page.locator("#notes")).to_contain_text("There is no experiment or commit 'nix'")


def test_axes_are_moved_turned_and_brushed(address: str, browser: Any) -> None:
    with visiting(browser, f"{address}/axes/") as visit:
        page = visit.page
        names = page.locator(".coordinates .name")
        expect(names).to_have_text(["learning_\u200brate", "dice_\u200bmean"])
        expect(page.locator("#count")).to_have_text("12 runs")
        assert page.locator("#points circle").count() == 12
        expect(page.locator("#hung tbody tr")).to_have_count(1)
        expect(page.locator("#hung .caution").first).to_contain_text("a rough guess")

        tried = [(0.1, 0.5), (0.01, 0.8), (0.001, 0.6), *((0.002 * 2**n, 0.6 + 0.03 * n) for n in range(9))]
        rho, *_ = spearman(*np.asarray(tried).T) or (0.0,)
        expect(page.locator("#rho")).to_have_text(f"Spearman’s ρ +{rho:.2f} over 12 runs.")
        page.select_option("#target", "per_defect.crack.dice")
        expect(page.locator("#hung .caution").first).to_contain_text("12 runs with per_defect.crack.dice")
        page.select_option("#target", "dice_mean")

        names.first.focus()
        page.keyboard.press("ArrowRight")
        expect(names.first).to_have_text("dice_\u200bmean")
        assert "axis 2 of 2" in str(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        page.get_by_label("Turn dice_mean over").click()
        low = page.get_by_role("slider", name="dice_mean, from")
        low.focus()
        for _ in range(10):
            page.keyboard.press("ArrowRight")
        expect(page.locator("#count")).to_have_text("11 of 12 runs")
        assert page.locator("#points circle.out").count() == 1
        expect(page.locator("#chosen a", has_text="Compare the best 8")).to_have_attribute(
            "href", "../compare/?runs=try-8,try-7,strong,try-6,try-5,try-4,try-3,try-2"
        )
        page.select_option("#colour", "train.learning_rate")
        expect(page).to_have_url(re.compile("axes=!dice_mean,train.learning_rate&in=dice_mean~0.568~0.84"))
        page.reload()
        expect(page.locator("#count")).to_have_text("11 of 12 runs")
        expect(page.locator("#colour")).to_have_value("train.learning_rate")

        box = page.locator(".coordinates .field").bounding_box()
        across = float(page.locator(".coordinates .head").nth(1).evaluate("head => parseFloat(head.style.left)"))
        page.mouse.move(box["x"] + across, box["y"] + 300)
        page.mouse.down()
        page.mouse.move(box["x"] + across, box["y"] + 388, steps=5)
        page.mouse.up()
        expect(page).to_have_url(re.compile("&in=train.learning_rate~0.001~"))
        first, second = (names.nth(at).bounding_box() for at in range(2))
        page.mouse.move(first["x"] + 50, first["y"] + 40)
        page.mouse.down()
        page.mouse.move(second["x"] + 50, second["y"] + 40, steps=5)
        page.mouse.up()
        expect(names.last).to_have_text("dice_\u200bmean")
        page.get_by_role("button", name="choose all again").click()
        expect(page.locator("#count")).to_have_text("12 runs")
        expect(page).not_to_have_url(re.compile("in="))
        assert visit.wide() == 0
