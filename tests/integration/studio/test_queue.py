"""The page of the queue in a real browser, with a real worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.serving.browser import sync_api, visiting
from tests.integration.studio.desk import start
from tests.unit.studio.projects import put_task, queueable
from tilecli.experiments.queue.tasks import Queue

expect = sync_api.expect
PIPELINE = "stages:\n  train:\n    cmd: sleep 600\n    params: [train]\n"


def wait_for(happened: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def test_an_experiment_is_queued_from_the_form_and_run_by_a_worker_that_outlives_the_server(
    browser: Any, tmp_path: Path
):
    repository = queueable(tmp_path / "parts")
    repository.write({"dvc.yaml": PIPELINE})
    repository.commit()
    queue = Queue(repository.project)
    with start(repository.project) as url, visiting(browser, f"{url}/queue/") as visit:
        page = visit.page
        expect(page.locator("#empty")).to_contain_text("tiles train --queue")
        page.get_by_role("button", name="Queue an experiment").click()
        page.get_by_label("Find a setting").fill("learning rate")
        rate = setting(page, "learning_rate")
        expect(rate).to_have_value("0.1")
        rate.fill("99")
        page.get_by_label("Name").fill("higher")
        page.get_by_role("button", name="Queue it").click()
        expect(page.get_by_role("alert").filter(has_text="less than or equal to 10 (got 99)")).to_be_visible()
        expect(rate).to_be_focused()
        rate.fill("0.2")
        page.get_by_role("button", name="Queue it").click()
        row = page.get_by_role("row").filter(has_text="higher")
        expect(row).to_contain_text("queued", timeout=20_000)
        expect(row).to_contain_text("learning_rate=0.2")
        page.get_by_role("button", name="Start workers").click()
        page.get_by_role("button", name="Start", exact=True).click()
        expect(row).to_contain_text("running", timeout=30_000)
        expect(page.locator("#summary")).to_contain_text("1 worker at work")
        assert visit.wide() == 0
    try:
        assert [worker["worker"] for worker in queue.workers()] == [queue.find("higher").worker]
        assert queue.find("higher").state == "running"
    finally:
        queue.stop(["higher"])
        wait_for(lambda: not queue.workers())
    assert queue.find("higher").state == "stopped"


def test_presets_grids_folds_and_another_try(browser: Any, tmp_path: Path):
    repository = queueable(tmp_path / "parts")
    put_task(repository.project, repository.commit(), "lost", "failed", "train.epochs=3")
    queue = Queue(repository.project)
    with start(repository.project) as url, visiting(browser, f"{url}/queue/") as visit:
        fill_in_a_preset(visit.page)
        queue_a_grid(visit.page)
        queue_folds(visit.page)
        try_again(visit.page)
        assert visit.wide() == 0
    tasks = {task.name: task for task in queue.tasks()}
    assert tasks["rates-2"].overrides == ("train.learning_rate=0.3", "train.loss='bce'")
    assert {name for name in tasks if name.startswith("rates-")} == {f"rates-{number}" for number in range(1, 5)}
    assert tasks["wide-fold3"].state == "stopped"
    assert (tasks["lost"].state, tasks["lost"].overrides) == ("queued", ("train.epochs=3", "train.batch_size=4"))


def setting(page: Any, name: str) -> Any:
    """The field of a setting of the training."""
    return page.locator(f"[id='setting-train.{name}']")


def fill_in_a_preset(page: Any) -> None:
    """What it changes is seen before anything is queued, what was typed stays, and all of it can be taken back."""
    page.get_by_role("button", name="Queue an experiment").click()
    differing = page.get_by_role("list", name="What differs from params.yaml")
    expect(differing.get_by_role("listitem")).to_have_count(0)
    setting(page, "learning_rate").fill("0.2")
    page.get_by_label("Preset").select_option("cpu")
    expect(page.get_by_text("What you changed stays: 1 of its settings.")).to_be_visible()
    expect(differing).to_contain_text("optimizeradamw→muoncpu")
    expect(differing).to_contain_text("learning_rate0.1→0.2")
    expect(setting(page, "optimizer")).to_have_value("muon")
    page.get_by_role("button", name="take back train.optimizer").click()
    expect(setting(page, "optimizer")).to_have_value("adamw")
    page.get_by_label("Preset").select_option("")
    expect(differing.get_by_role("listitem")).to_have_count(1)


def queue_a_grid(page: Any) -> None:
    """How many experiments that is, is said on the button."""
    page.get_by_label("What", exact=True).select_option("grid")
    setting(page, "learning_rate").fill("0.3, 99")
    expect(page.get_by_text("less than or equal to 10 (got 99)")).to_be_visible(timeout=20_000)
    setting(page, "learning_rate").fill("0.3, 0.4")
    losses = page.get_by_role("group", name="loss")
    expect(losses.get_by_label("bce_dice")).to_be_checked()
    losses.get_by_label("bce", exact=True).check()
    page.get_by_label("Name", exact=True).fill("rates")
    expect(page.get_by_text("learning_rate × 2, loss × 2")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Queue 4 experiments").click()
    expect(page.locator("#said")).to_contain_text("4 queued: rates-1", timeout=20_000)
    expect(page.get_by_role("row").filter(has_text="rates-")).to_have_count(4, timeout=20_000)


def queue_folds(page: Any) -> None:
    """They stand together, open and close together as the address says, and are stopped together."""
    page.get_by_role("button", name="Queue an experiment").click()
    page.get_by_label("What", exact=True).select_option("folds")
    page.get_by_role("spinbutton", name="Folds").fill("3")
    page.get_by_label("Name", exact=True).fill("wide")
    expect(page.get_by_text("wide-fold1 to wide-fold3")).to_be_visible()
    page.get_by_role("button", name="Queue 3 experiments").click()
    expect(page.locator("#said")).to_contain_text("wide, 3 folds: 3 queued", timeout=20_000)
    folds = page.get_by_role("row").filter(has_text="wide-fold")
    expect(folds).to_have_count(3, timeout=20_000)
    turn = page.get_by_role("button", name="wide", exact=True)
    turn.press("Enter")
    expect(turn).to_be_focused()
    expect(folds).to_have_count(0)
    assert "turned=wide" in page.url
    expect(page.get_by_role("row").filter(has=turn)).to_contain_text("3 queued")
    turn.click()
    page.get_by_role("button", name="stop: all folds of wide").click()
    expect(folds.filter(has_text="stopped")).to_have_count(3, timeout=20_000)


def try_again(page: Any) -> None:
    """The form has the settings that it failed with; what differs from params.yaml is told from what is changed."""
    page.get_by_role("button", name="retry with …: lost").click()
    differing = page.get_by_role("list", name="What differs from params.yaml").get_by_role("listitem")
    expect(differing).to_have_text(["epochs40→3as it was queued"])
    expect(setting(page, "epochs")).to_have_value("3")
    expect(page.get_by_text("nothing changed: it goes on from its last epoch")).to_be_visible()
    setting(page, "batch_size").fill("4")
    expect(differing).to_have_text(["batch_size8→4✕", "epochs40→3as it was queued"])
    expect(page.locator(".setting.changed")).to_have_count(1)
    page.get_by_role("button", name="Queue it again").click()
    expect(page.get_by_role("row").filter(has_text="lost")).to_contain_text("batch_size=4", timeout=20_000)
