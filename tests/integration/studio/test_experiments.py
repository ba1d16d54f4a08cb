"""The table of experiments in a real browser: everything that can be asked of it, in one visit."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.experiment_repo import Repository, run_files
from tests.integration.serving.browser import sync_api, visiting
from tests.integration.studio.desk import start
from tilecli.experiments import remarks

COPIES = 300
DICE = {"one": (0.001, 0.80), "two": (0.001, 0.84), "three": (0.01, 0.90)}


def figures(dice: float) -> str:
    ends = {"dice_mean": {"low": dice - 0.05, "high": dice + 0.04}}
    return json.dumps({"dice_mean": dice, "false_alarm_rate": 1 - dice, "intervals": ends})


def files(rate: float, evaluation: str) -> dict[str, str]:
    made = run_files(params={"train.learning_rate": rate}, curve=[0.2, rate + 0.5, rate + 0.6])
    return made | {"evaluation/metrics.json": evaluation}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Three experiments from a commit with figures, one whose figures cannot be read, and that one 300 times more."""
    made = Repository(tmp_path / "repository")
    folder = made.project.root / "evaluation"
    folder.mkdir()
    (folder / "metrics.json").write_text(figures(0.82))
    made.git("add", ".")
    made.git("commit", "--quiet", "-m", "First figures")
    made.base = made.git("rev-parse", "HEAD")
    for name, (rate, dice) in DICE.items():
        made.experiment(name, files(rate, figures(dice)))
    broken = made.experiment("broken", files(0.05, "{"))
    refs = f"refs/exps/{made.base[:2]}/{made.base[2:]}"
    made.git("update-ref", "--stdin", given="".join(f"create {refs}/more-{n:03} {broken}\n" for n in range(COPIES)))
    return made


def test_everything_that_can_be_asked_of_the_table(repository: Repository, browser: Any):
    project, expect = repository.project, sync_api.expect
    with start(project) as url, visiting(browser, f"{url}/experiments/") as visit:
        page = visit.page
        names = page.locator("tbody th a")
        row = lambda name: page.locator(f'tbody tr[data-key="{name}"]')  # noqa: E731
        count = page.locator("#count")

        # Only what is in sight is in the page, and all of it can be reached.
        expect(count).to_have_text("304 experiments")
        assert page.get_attribute("table", "aria-rowcount") == "307"
        assert page.locator("tbody tr").count() < 60
        page.locator(".scroller").evaluate("element => (element.scrollTop = element.scrollHeight)")
        expect(row("one")).to_be_visible()
        assert page.locator("tbody tr").count() < 60
        expect(row("one").get_by_role("img", name="0.0200 worse than main").first).to_be_visible()
        expect(row("three").get_by_role("img", name="0.0800 better than main").first).to_be_visible()
        expect(row("more-299")).to_contain_text("evaluation/metrics.json cannot be read")

        # Sorted by a click and by a key; best first.
        heading = page.locator('th[data-id="false_alarm_rate"]')
        heading.locator("button").click()
        expect(heading).to_have_attribute("aria-sort", "ascending")
        page.locator(".scroller").evaluate("element => (element.scrollTop = 0)")
        expect(names.first).to_have_text("three")  # rows follow a scroll at the next frame
        assert names.all_inner_texts()[:3] == ["three", "two", "workspace"]
        heading.locator("button").press("Enter")
        expect(heading).to_have_attribute("aria-sort", "descending")
        assert names.all_inner_texts()[:1] == ["one"]
        assert page.url.endswith("?sort=-false_alarm_rate")
        heading.locator("button").press("Alt+ArrowLeft")
        assert page.locator("thead th").nth(2).get_attribute("data-id") == "false_alarm_rate"

        # Filtered by the server; what is wrong with a filter stands beside it.
        page.fill("#filter", "dice_men > 0.83")
        expect(page.locator("#problem")).to_contain_text("did you mean dice_mean")
        page.fill("#filter", "dice_mean > 0.79")
        expect(count).to_have_text("3 of 304 experiments")
        expect(page.locator("#problem")).to_be_empty()

        # Chosen with Shift, compared.
        expect(page.locator("#compare")).not_to_have_attribute("href", "")
        row("one").locator("input").click()
        row("three").locator("input").click(modifiers=["Shift"])
        chosen = page.get_attribute("#compare", "href").partition("?runs=")[2].split(",")
        assert {"one", "two", "three"} <= set(chosen)

        # Grouped: t(1) at 97.5 % is 12.706, so 0.80 and 0.84 give 0.82 ± 12.706 · 0.02.
        page.select_option("#group", "train.learning_rate")
        group = page.locator('tbody tr[data-key="=0.001"]')
        expect(group).to_contain_text("2 runs")
        expect(group).to_contain_text("0.820 ± 0.254")
        expect(page.locator('tbody tr[data-key="=0.01"]')).not_to_contain_text("±")
        group.locator("button").press("Enter")
        expect(row("two")).to_be_visible()
        page.reload()
        expect(row("two")).to_be_visible()
        page.select_option("#group", "")

        # Columns: found, shown, pinned.
        page.locator("#columns summary").press("Enter")
        page.fill("#columns input[type=search]", "epoch")
        page.locator('#columns [data-id="epoch"] input').press("Space")
        page.locator('#columns [data-id="epoch"] .pin').press("Enter")
        assert page.locator("thead th").nth(1).get_attribute("data-id") == "epoch"
        page.keyboard.press("Escape")

        # A star and a note stay in git, with keys alone.
        row("two").locator(".star").press("Enter")
        expect(row("two").locator(".star")).to_have_attribute("aria-pressed", "true")
        expect(row("two").locator(".star")).to_be_focused()
        row("two").locator(".note").press("Enter")
        page.keyboard.type("more epochs?")
        page.keyboard.press("Enter")
        expect(row("two")).to_contain_text("more epochs?")
        assert list(remarks.of_all(project).values()) == [remarks.Remark(True, "more epochs?")]
        page.fill("#find", "MORE epochs")
        expect(count).to_have_text("1 of 304 experiments")
        page.fill("#find", "")

        # Live: a new one stands there by itself, and what is typed once all are gone is said.
        repository.experiment("fresh", files(0.1, figures(0.95)))
        expect(row("fresh")).to_be_visible()
        expect(row("fresh").locator(".best").first).to_contain_text("(best)")
        gone = repository.git("for-each-ref", "--format=delete %(refname)", "refs/exps")
        repository.git("update-ref", "--stdin", given=f"{gone}\n")
        expect(page.locator("#empty")).to_contain_text("tiles exp run")
