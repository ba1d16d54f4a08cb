"""The folder: whole or not at all, each picture once, nothing in it that leads out of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.studied import DEFECTS, Studied
from tests.unit.studio.projects import photographed
from tilecli import progress
from tilecli.errors import UsageError
from tilecli.layout import Project
from tilecli.studio import shell
from tilecli.studio.export.write import write
from tilecli.studio.pages import PAGES


def given(page: Path) -> dict[str, Any]:
    """What stands in a page."""
    found = re.search(r'<script type="application/json" id="given">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found is not None
    held: dict[str, Any] = json.loads(found[1])
    return held


def imports(folder: Path) -> dict[str, str]:
    quoted = re.search(r"textContent: (.*) \}\)\);$", (folder / "static" / "exported.js").read_text().strip())
    assert quoted is not None
    held: dict[str, str] = json.loads(json.loads(quoted[1]))["imports"]
    return held


def test_the_pages_need_nothing_but_their_folder(studied: Studied, tmp_path: Path) -> None:
    made = write(studied.project, tmp_path / "site", ["compare/?runs=looked-at,main"])
    folder = made.first.parent
    pages = [path for path in folder.rglob("index.html") if path != made.first]
    assert {path.relative_to(folder).parts[0] for path in pages} == set(PAGES)
    assert made.pages == len(pages)
    mapped = imports(folder)
    assert all(address.startswith("data:text/javascript;base64,") for address in mapped.values())
    scripts = [path.read_text() for path in shell.FILES.values() if path.suffix == ".js"]
    for script in [*(page.read_text() for page in pages), *scripts]:
        for name in re.findall(r'from "(studio/[^"]+)"|import "(studio/[^"]+)"', script):
            assert "".join(name) in mapped
    for page in pages:
        text = page.read_text()
        for name in re.findall(r'(?:src|href)="([^"#?]+)', text):
            assert (page.parent / name).resolve().is_file(), name
        assert "data-exported" in text
        assert 'data-token=""' in text
    assert made.size == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_an_export_takes_the_place_of_an_export_and_of_nothing_else(project: Project, tmp_path: Path) -> None:
    site = tmp_path / "site"
    write(project, site)
    (site / "old").write_text("")
    write(project, site)
    assert not (site / "old").exists()
    (site / ".tiles-studio").unlink()
    with pytest.raises(UsageError, match="holds something else"):
        write(project, site)


def test_it_opens_at_the_first_view_with_its_settings(studied: Studied, tmp_path: Path) -> None:
    address = 'http://127.0.0.1:8020/run/?name=looked-at&tab=photos&find="><b>'
    made = write(studied.project, tmp_path / "site", [address, "experiments/?sort=name"], photos=False)
    text = made.first.read_text()
    expected = "run/looked-at/index.html?name=looked-at&amp;tab=photos&amp;find=%22%3E%3Cb%3E"
    assert f'content="0; url={expected}"' in text
    listed = re.findall(r'<li><a href="([^"]+)">', (tmp_path / "site" / "run" / "looked-at" / "index.html").read_text())
    assert listed == [f"../../{expected}", "../../experiments/index.html?sort=name"]


def test_a_run_has_all_its_pictures_and_two_runs_share_the_photos(studied: Studied, tmp_path: Path) -> None:
    studied.experiment("again", 0.1)
    one = write(studied.project, tmp_path / "one", ["run/?name=looked-at"])
    two = write(studied.project, tmp_path / "two", ["run/?name=looked-at", "run/?name=again"])
    for name in ("looked-at", "again"):
        shown = given(tmp_path / "two" / "run" / name / "index.html")
        kept = shown["kept"]["of"][name]
        assert set(kept) == set(DEFECTS)
        assert all(set(own) == {"thumbnail", "photo", "truth", "prediction", "probability", "error"}
                   for own in kept.values())  # fmt: skip
        assert all((tmp_path / "two" / file).is_file() for own in kept.values() for file in own.values())
        strips = tmp_path / "two" / shown["kept"]["epochs"][name]
        index = shown["live"]["pictures"]
        assert all((strips / file).is_file() for file in [index["plain"], *(one["file"] for one in index["epochs"])])
        assert len(index["epochs"]) == 3
    strips_of_one = 4
    # The same bundle on the same photos: of the second run only its strips are new.
    assert two.pictures == one.pictures + strips_of_one


def test_a_comparison_is_whole_with_what_differs_in_files(studied: Studied, tmp_path: Path) -> None:
    studied.experiment("again", 0.1, **{"train.py": "print('two')\n", "long.py": "x = 1\n" * 5000})
    made = write(studied.project, tmp_path / "site", ["compare/?runs=looked-at,again"])
    shown = given(made.first.parent / "compare" / "looked-at,again" / "index.html")
    assert shown["whole"]
    assert shown["verdicts"][1]["sentence"] == "again and looked-at gave the same result on every photo"
    found = {
        path: text for text, first, other, path in shown["differences"] if (first, other) == ("looked-at", "again")
    }
    assert "+print('two')" in found["train.py"]
    assert found["long.py"].endswith("characters more")
    assert len(found["long.py"]) < 21_000
    for name in ("looked-at", "again"):
        for own in shown["kept"]["of"][name].values():
            assert set(own) == {"photo", "overlay"}
            assert all((made.first.parent / file).is_file() for file in own.values())


def test_pictures_that_cannot_be_had_are_said_and_the_rest_is_there(studied: Studied, tmp_path: Path) -> None:
    studied.cache.path(studied.bundle).unlink()
    events: list[progress.Event] = []
    with progress.listen(events.append):
        write(studied.project, tmp_path / "site", ["run/?name=looked-at"])
    kept = given(tmp_path / "site" / "run" / "looked-at" / "index.html")["kept"]
    assert set(kept["of"]["looked-at"]["found"]) == {"thumbnail", "photo", "truth"}
    assert kept["why"]["looked-at"]["found"].startswith("the model is not in DVC's cache: tiles exp pull")
    warned = [event.text for event in events if event.kind == "warning"]
    assert len(warned) == 1
    assert warned[0].startswith("4 of 4 photos of looked-at lack pictures: the model")


def test_without_photos_there_is_no_picture(studied: Studied, tmp_path: Path) -> None:
    made = write(studied.project, tmp_path / "site", ["compare/?runs=looked-at,main", "data/"], photos=False)
    assert made.pictures == 0
    assert not (made.first.parent / "pictures").exists()
    assert ", no pictures</summary>" in (made.first.parent / "axes" / "index.html").read_text()
    shown = given(made.first.parent / "run" / "looked-at" / "index.html")
    assert (shown["live"]["pictures"], "kept" in shown) == ({}, False)
    assert len(shown["photos"]["rows"]) == len(DEFECTS)


def test_the_data_are_pictured_where_they_are_named(tmp_path: Path) -> None:
    project = photographed(tmp_path / "parts").project
    write(project, tmp_path / "plain")
    assert "kept" not in given(tmp_path / "plain" / "data" / "index.html")
    write(project, tmp_path / "site", ["data/?type=crack"])
    shown = given(tmp_path / "site" / "data" / "crack" / "index.html")
    assert set(shown["kept"]) == {"a", "b"}
    for own in shown["kept"].values():
        assert set(own) == {"thumbnail", "picture"}
        assert all((tmp_path / "site" / file).is_file() for file in own.values())


def test_too_many_pictures_are_refused_before_they_are_drawn(studied: Studied, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the pictures are about 0 MB, and 0 MB are allowed") as caught:
        write(studied.project, tmp_path / "site", runs="all", limit=30_000)
    assert "--no-photos" in str(caught.value.hint)
    assert not (studied.project.scratch / "studio" / "answers").exists()


def test_pictures_that_grow_too_large_leave_nothing(studied: Studied, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("tilecli.studio.export.pictures.estimate", lambda *_: 0)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UsageError, match="more than 0 MB"):
        write(studied.project, tmp_path / "site", runs="all", limit=3_000)
    assert sorted(tmp_path.iterdir()) == before


def test_ctrl_c_leaves_what_was_there(studied: Studied, tmp_path: Path) -> None:
    site = tmp_path / "site"
    write(studied.project, site)
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}

    def stop(event: progress.Event) -> None:
        if event.kind == "step" and event.done > 3:
            os.kill(os.getpid(), signal.SIGINT)

    with progress.listen(stop), pytest.raises(KeyboardInterrupt):
        write(studied.project, site, runs="all")
    assert {path: path.read_bytes() for path in site.rglob("*") if path.is_file()} == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".site")]


def test_a_run_that_runs_is_shown_as_it_is_now(studied: Studied, tmp_path: Path) -> None:
    project = studied.project
    busy = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        project.valid_dice.parent.mkdir(parents=True)
        project.valid_dice.write_text("step\tdice\n1\t0.4\n")
        said = {"pid": busy.pid, "began": time.time() - 9, "stage": "train", "epoch": 1, "epochs": 4}
        project.live.mkdir(parents=True, exist_ok=True)
        (project.live / "status.json").write_text(json.dumps(said))
        events: list[progress.Event] = []
        with progress.listen(events.append):
            write(project, tmp_path / "site", ["run/?name=workspace"])
    finally:
        busy.kill()
        busy.wait()
    shown = given(tmp_path / "site" / "run" / "workspace" / "index.html")
    assert (shown["live"]["state"], shown["live"]["series"]) == ("running", {"valid.dice": [[1.0, 0.4]]})
    assert [event.text for event in events if event.kind == "warning"] == [
        "workspace is running: its page shows it as it is now"
    ]
