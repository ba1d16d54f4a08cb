"""`tiles data audit`, `ignore` and `export` as they are typed, and the report in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tests.browser import visit
from tests.photo_folder import HEIGHT, WIDTH, Dataset, dented, disc, surface
from tilecli.cli.main import app
from tilecli.layout import Project

NASTY = "a'b <c>&d"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Six photos; two have an empty mask."""
    made = Dataset(tmp_path / "factory")
    for number in range(4):
        mask = disc(80, 60, 9)
        made.add(f"photo{number}", dented(surface(number), mask), mask, "dent")
    for number, name in enumerate(("blank", NASTY)):
        made.add(name, surface(10 + number), np.zeros((HEIGHT, WIDTH), np.uint8), "dent")
    for name in ("params.yaml", "dvc.yaml"):
        (made.project.root / name).write_text("")
    monkeypatch.chdir(made.project.root)
    return made.write()


def run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["data", *arguments])
    assert done.exit_code == code, done.output
    return done


def test_what_is_ignored_is_gone_from_the_next_report(project: Project) -> None:
    assert "empty-mask" in run("audit").stdout
    report = json.loads((project.audit / "report.json").read_text())
    found = {one["photo"]: one for one in report["findings"] if one["kind"] == "empty-mask"}
    assert set(found) == {"blank", NASTY}
    run("ignore", "empty-mask", NASTY, "--because", "nobody can see it")
    assert NASTY in run("ignore").stdout
    report = json.loads(run("audit", "--json").stdout)
    assert (report["counts"]["empty-mask"], report["ignored"]["empty-mask"]) == (1, 1)
    assert json.loads(run("ignore", "--json").stdout)[0]["because"] == "nobody can see it"
    run("ignore", "empty-mask", NASTY, "--remove")
    assert json.loads(run("audit", "--json").stdout)["counts"]["empty-mask"] == 2
    run("ignore", "blank", code=2)
    run("ignore", "blnk", "--because", "so", code=2)


def test_how_well_labels_agree_is_said_where_spots_have_several_photos(project: Project) -> None:
    done = run("audit")
    assert "agree with themselves" not in done.stdout + done.stderr
    made = Dataset(project.root.parent / "exposed")
    mask = disc(80, 60, 9)
    for number, gain in enumerate((0.8, 1.0)):
        made.add(f"exposure{number}", dented(surface(1, gain), mask), mask, "dent", str(number))
    made.write()
    for folder in ("images", "masks"):
        for file in (made.project.dataset / folder).iterdir():
            file.rename(project.dataset / folder / file.name)
    made.project.index.rename(project.index)
    done = run("audit")
    assert "labels of one spot agree with themselves at Dice 1.000" in done.stdout + done.stderr
    assert json.loads(run("audit", "--json").stdout)["agreement"][-1]["photos"] == 2


def test_exported_and_refused(project: Project, tmp_path: Path) -> None:
    done = json.loads(run("export", str(tmp_path / "out"), "--to", "yolo-seg", "--json").stdout)
    assert done["photos"] == {"all": 6}
    assert sorted(done["typeless"]) == sorted(["blank", NASTY])
    assert (tmp_path / "out" / "data.yaml").is_file()
    run("export", str(tmp_path / "out"), "--to", "coco", code=2)


def test_the_page_is_quiet_and_shows_its_pictures(project: Project, tmp_path: Path, browser: str) -> None:
    run("audit", "--html", str(tmp_path / "page.html"))
    page, console, asked = visit(browser, tmp_path / "page.html", tmp_path)
    assert (console, asked) == ([], [])
    assert "Defect types with an empty mask: 2" in page
    assert page.count("<img") >= 2
    assert '<button type="button" id="theme">' in page  # the script ran: the switch is there
    assert "tiles data ignore empty-mask" in page
