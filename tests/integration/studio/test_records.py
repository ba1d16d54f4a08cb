"""The pages of models, data and history in a real browser: one project, one server, and a model that is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.dark_bundle import write_dark_bundle
from tests.integration.serving.browser import sync_api, visiting
from tests.integration.serving.server import serving
from tests.integration.studio.desk import start
from tests.unit.experiments.history import PARAMS, Repository
from tests.unit.studio.projects import photographed
from tests.unit.studio.views.test_history import trained
from tests.unit.studio.views.test_models import tag
from tilecli.experiments import registry

expect = sync_api.expect


def test_models_data_and_history_of_a_project(browser: Any, tmp_path: Path):
    repository = photographed(tmp_path / "parts")
    first = trained(repository, "a", 0.5)
    second = trained(repository, "b", 0.8, **{"params.yaml": PARAMS.format(rate=0.2)})
    tag(repository, "model@v1.0.0", first, "Safe", metrics={"dice_mean": 0.5}, run="main")
    bundle = write_dark_bundle(tmp_path / "bundle")
    with (
        serving(bundle.folder, tmp_path) as server,
        start(repository.project, "--endpoint", server.url) as url,
        visiting(browser, f"{url}/models/") as visit,
    ):
        promote(visit.page)
        register(visit.page)
        assert [(version.name, version.rev) for version in registry.versions(repository.project)] == [
            ("v1.0.1", second), ("v1.0.0", first),
        ]  # fmt: skip
        visit.page.goto(f"{url}/run/?name={second}")
        expect(visit.page.get_by_role("link", name="v1.0.1")).to_be_visible()
        visit.page.goto(f"{url}/data/?type=crack")
        look_at_photos(visit.page)
        visit.page.goto(f"{url}/history/")
        follow_the_figure(visit.page, repository)
        assert visit.wide() == 0


def promote(page: Any) -> None:
    """A version into a stage, which is then told of everywhere; and the server that runs is asked."""
    expect(page.locator("#said-of-itself")).to_contain_text("Drift: no reference", timeout=20_000)
    page.get_by_role("button", name="promote v1.0.0").click()
    page.get_by_label("To the stage").fill("prod")
    expect(page.get_by_text("nothing is there yet")).to_be_visible()
    page.get_by_role("button", name="Promote", exact=True).click()
    expect(page.locator("#stages")).to_contain_text("prod", timeout=20_000)
    expect(page.locator("#events li").first).to_contain_text("promoted")


def register(page: Any) -> None:
    """Only runs that have a model and are no version yet are offered; what it will be called is said."""
    page.get_by_role("button", name="Register a model").click()
    box = page.get_by_role("dialog")
    expect(box.get_by_role("radio", name="main")).to_be_checked(timeout=20_000)
    rows = box.get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.nth(1)).to_contain_text("0.800")
    expect(rows.nth(2)).to_contain_text("v1.0.0, the last one0.500")
    box.get_by_role("radio", name="patch: v1.0.1").check()
    expect(box.get_by_text("main becomes v1.0.1")).to_be_visible()
    box.get_by_label("Why").fill("Finds more")
    box.get_by_role("button", name="Register v1.0.1").click()
    expect(page.locator("#versions tr").first).to_contain_text("Finds more", timeout=20_000)
    page.get_by_role("button", name="Register a model").click()
    expect(page.locator("#said")).to_contain_text("Every run that has a model is a version already")
    page.goto(f"{page.url}?register=gone")  # nothing can be registered, so nothing is asked
    expect(page.locator("#said")).to_contain_text("tiles train makes another", timeout=20_000)
    assert page.url.endswith("/models/")


def look_at_photos(page: Any) -> None:
    """What the address asks for is shown; the rest can be chosen, and the address says so."""
    expect(page.locator("#tiles article")).to_have_count(1)
    expect(page.locator("#tiles img")).to_have_count(2)
    page.get_by_label("Type").select_option("")
    expect(page.locator("#tiles article")).to_have_count(4)
    page.get_by_label("Find").fill("tile-c")
    expect(page.locator("#tiles article")).to_have_count(1)
    assert page.url.endswith("/data/?find=tile-c")
    page.locator("#tiles button").focus()
    page.keyboard.press("Enter")
    for place in ("#tiles img", "dialog img"):
        expect(page.locator(place)).not_to_have_js_property("naturalWidth", 0)
    expect(page.get_by_role("dialog")).to_contain_text("tiles data label c")
    page.keyboard.press("Escape")
    expect(page.locator("#audit")).to_contain_text("tiles data audit")


def follow_the_figure(page: Any, repository: Repository) -> None:
    """Each step with what it came from, also one that is made meanwhile."""
    last = page.locator("#commits > li").first
    expect(last).to_contain_text("+0.300 better")
    expect(last).to_contain_text("train.learning_rate 0.1 → 0.2")
    expect(page.locator("#chart a")).to_have_count(2)
    trained(repository, "c", 0.6, **{"train.py": "pass\n"})
    expect(page.locator("#chart a")).to_have_count(3, timeout=20_000)
    expect(last).to_contain_text("−0.200 worse")
    expect(last).to_contain_text("train.py added")
    page.locator("#chart a").last.click()
    assert "#c-" in page.url
