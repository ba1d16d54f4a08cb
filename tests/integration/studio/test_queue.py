"""The page of the queue in a real browser, with a real worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.serving.browser import sync_api, visiting
from tests.integration.studio.desk import start
from tests.unit.studio.projects import queueable
from tilecli.experiments.queue.tasks import Queue

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
        page, expect = visit.page, sync_api.expect
        expect(page.locator("#empty")).to_contain_text("tiles train --queue")
        page.get_by_role("button", name="Queue an experiment").click()
        page.get_by_label("Find a setting").fill("learning rate")
        rate = page.get_by_label("learning_rate")
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
