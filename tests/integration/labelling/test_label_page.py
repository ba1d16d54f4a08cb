"""Painting, correcting and rejecting in a real browser, and the dataset that comes of it."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.integration.data_projects import data, dataset_hash, index, mask_of, tiles
from tests.integration.labelling.conftest import CUTS, HEIGHT, WIDTH
from tests.integration.labelling.desk import Page, Started, draft, settled
from tests.photosets import HEIGHT as SMALL_HEIGHT
from tests.photosets import WIDTH as SMALL_WIDTH
from tests.photosets import noise, put, spot
from tilecli.data.catalog import read_mask
from tilecli.labelling import finish
from tilecli.labelling.choose import choose
from tilecli.labelling.desk import Desk
from tilecli.labelling.drafts import Drafts
from tilecli.layout import GOOD, Project

pytestmark = pytest.mark.timeout(600)
Begin = Callable[..., tuple[Started, Page]]
SMALL = (SMALL_HEIGHT, SMALL_WIDTH)
FIRST, SECOND, THIRD = CUTS


def a_good_photo(project: Project) -> str:
    return next(name for name, photo in index(project).items() if photo.defect == GOOD)


def label(project: Project, name: str) -> np.ndarray:
    return read_mask(project.dataset, index(project)[name])


def disc(height: int, width: int, x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return (np.hypot(columns + 0.5 - x, rows + 0.5 - y) <= radius).astype(np.uint8)


def test_painting_saves_a_batch_that_changes_the_dataset(exposed: Project, labelling: Begin) -> None:
    good = a_good_photo(exposed)
    crack = next(name for name, photo in index(exposed).items() if photo.defect == "crack" and "exp" not in name)
    rejected = next(name for name, photo in index(exposed).items() if photo.defect == "blowhole")
    as_it_is = [name for name, photo in index(exposed).items() if photo.defect == "blowhole"][1]
    before = mask_of(exposed, rejected)
    _, page = labelling(exposed, good, crack, rejected, as_it_is, "--by", "Nora")

    page.see(good)
    page.press("[", "[", "2")  # 9 px → 7 px, then the type of what will be drawn
    assert page.says("thick-said") == "7 px"
    page.drag(page.at(10.5, 10.5, good, SMALL), page.at(20.5, 10.5, good, SMALL))
    drawn = draft(exposed, good)
    assert drawn.defect == "crack"
    stroke = np.clip(sum(disc(*SMALL, x, 10.5, 3.5) for x in np.arange(10.5, 20.6, 0.5)), 0, 1)
    missed = (drawn.mask != stroke).sum()
    assert missed <= 0.1 * stroke.sum(), f"{missed} px of {stroke.sum()} are not where the mouse was"
    painted = drawn.mask

    page.press("Enter")
    page.see(crack)
    page.press("g")
    assert not settled(exposed, crack, 0).any()
    assert draft(exposed, crack, drawn=False).defect == GOOD

    page.press("Enter")
    page.see(rejected)
    page.press("x")
    page.page.fill("#reason", "blurred")
    page.press("Enter")
    assert draft(exposed, rejected).action == "reject"

    page.see(as_it_is)
    page.press("Enter")
    assert np.array_equal(settled(exposed, as_it_is, int(label(exposed, as_it_is).sum())), label(exposed, as_it_is))

    page.press("s")
    page.wait("batch-counts", "2 photos corrected, 1 photo left as it is, 1 photo rejected")
    page.page.fill("#batch-name", "by-hand")
    page.page.fill("#batch-note", "first try")
    page.page.click("#batch-save")
    page.wait("saved-said", "by-hand with 2 photos")

    assert np.array_equal(label(exposed, good), painted)
    assert index(exposed)[good].defect == "crack"
    assert not label(exposed, crack).any()
    assert index(exposed)[crack].defect == GOOD
    assert mask_of(exposed, rejected) == before
    facts = json.loads((exposed.batches / "by-hand" / "batch.json").read_text())
    assert (facts["by"], facts["note"], facts["relabels"], facts["origin"]) == (
        "Nora", "first try", True, "tiles data label",
    )  # fmt: skip
    said = {name: (what["action"], what.get("reason")) for name, what in facts["photos"].items()}
    assert said == {
        good: ("corrected", None), crack: ("corrected", None), rejected: ("rejected", "blurred"),
        as_it_is: ("confirmed", None),
    }  # fmt: skip
    assert list(Drafts(exposed)) == []

    tiles(exposed, "fetch", "--force")
    assert np.array_equal(label(exposed, good), painted)
    assert index(exposed)[crack].defect == GOOD


def test_undo_redo_erase_polygon_and_holes(exposed: Project, labelling: Begin) -> None:
    good = a_good_photo(exposed)
    _, page = labelling(exposed, good)

    def place(x: float, y: float) -> list[float]:
        return page.at(x, y, good, SMALL)

    page.press("p")
    for corner in ((5, 5), (25, 5), (25, 20), (5, 20)):
        page.page.mouse.click(*place(*corner))
    page.press("Enter")
    square = settled(exposed, good, 300)
    assert square[5:20, 5:25].all()

    page.press("e", "[", "[", "[", "[")
    assert page.says("thick-said") == "5 px"
    page.page.mouse.click(*place(12.5, 12.5))
    hole = int(disc(*SMALL, 12.5, 12.5, 2.5).sum())
    assert settled(exposed, good, 300 - hole)[12, 12] == 0
    page.press("f")
    settled(exposed, good, 300)
    page.press("z")
    settled(exposed, good, 300 - hole)
    page.press("Control+z", "Control+z")
    settled(exposed, good, None)  # as if nobody had touched it
    page.wait("state", "To look at")
    page.press("y", "Control+y", "Control+Shift+z")
    settled(exposed, good, 300)

    page.press("p")
    for corner in ((0, 0), (40, 0), (40, 10), (0, 10)):
        page.page.mouse.click(*place(*corner))
    page.press("Shift+Enter")
    assert not settled(exposed, good, 200)[:10].any()
    page.press("r")
    settled(exposed, good, None)


def test_one_mask_serves_all_exposures(exposed: Project, labelling: Begin) -> None:
    _, page = labelling(exposed, FIRST)
    assert page.panes() == [FIRST, SECOND, THIRD]
    tops, lefts = zip(*CUTS.values(), strict=True)
    covered = (HEIGHT + max(tops) - min(tops), WIDTH + max(lefts) - min(lefts))  # by the three together
    spot = (70, 40)  # x, y of a place of the spot

    page.press("a")
    page.page.mouse.click(*page.at(spot[0] - min(lefts), spot[1] - min(tops), SECOND, covered))
    masks = {name: draft(exposed, name).mask for name in CUTS}
    for name, (top, left) in CUTS.items():
        new = masks[name] - label(exposed, name)
        rows, columns = np.nonzero(new)
        middle = (columns.mean() + 0.5 + left, rows.mean() + 0.5 + top)
        assert middle == pytest.approx(spot, abs=1.0), name

    page.press("a")  # from now on one at a time
    page.press("c")
    assert not settled(exposed, FIRST, 0).any()
    assert settled(exposed, SECOND, int(masks[SECOND].sum())).any()
    page.press("z", "u")
    top, left = CUTS[FIRST]
    wanted = int(masks[FIRST].sum())
    for name in (SECOND, THIRD):
        copied = settled(exposed, name, wanted)
        rows, columns = np.nonzero(copied)
        other_top, other_left = CUTS[name]
        first_rows, first_columns = np.nonzero(masks[FIRST])
        assert rows.mean() + other_top == pytest.approx(first_rows.mean() + top)
        assert columns.mean() + other_left == pytest.approx(first_columns.mean() + left)
    page.press("d")
    assert page.panes() == [FIRST]


def test_a_photo_cropped_beside_the_defect_keeps_its_label(exposed: Project, labelling: Begin) -> None:
    _, page = labelling(exposed, FIRST)
    page.press("d", "[", "[", "[", "[", "[", "[", "[", "[")
    assert page.says("thick-said") == "1 px"
    page.page.mouse.click(*page.at(1.5, 1.5, FIRST, (HEIGHT, WIDTH)))  # the third begins further down and right
    settled(exposed, FIRST, 1)
    page.press("u")
    assert settled(exposed, SECOND, 1)[3, 4]
    page.wait("state", "Corrected, not saved yet")
    assert Drafts(exposed).get(THIRD) is None


def test_killed_it_loses_nothing_that_was_drawn(exposed: Project, labelling: Begin) -> None:
    good = a_good_photo(exposed)
    server, page = labelling(exposed, good)
    page.page.mouse.click(*page.at(10, 10, good, SMALL))
    drawn = draft(exposed, good).mask
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    page.page.mouse.click(*page.at(30, 20, good, SMALL))
    page.wait("notice", "The server does not answer")

    _, again = labelling(exposed)  # without photos: those of the drafts
    again.see(good)
    again.wait("state", "Corrected, not saved yet")
    assert f"Mask of {drawn.sum()} pixels" in again.says("mask-said")


def test_what_is_shown_is_the_mask(exposed: Project, labelling: Begin) -> None:
    name = next(name for name, photo in index(exposed).items() if photo.defect == "blowhole")
    _, page = labelling(exposed, name)
    rows, columns = np.nonzero(label(exposed, name))
    inside = page.at(columns.mean() + 0.5, rows.mean() + 0.5, name, SMALL)
    outside = page.at(38, 30, name, SMALL)

    def colours(*places: list[float]) -> list[np.ndarray]:
        page.page.mouse.move(5, 5)
        shot = cv2.imdecode(np.frombuffer(page.page.screenshot(), np.uint8), cv2.IMREAD_COLOR).astype(int)
        return [shot[round(y), round(x)] for x, y in places]

    marked, plain = colours(inside, outside)
    assert marked[2] - marked[0] > 40  # vermillion over grey
    assert np.ptp(plain) <= 2
    page.press("m")
    page.page.wait_for_timeout(300)
    assert np.ptp(colours(inside)[0]) <= 2


def test_one_finger_draws_and_two_do_not(exposed: Project, labelling: Begin) -> None:
    good = a_good_photo(exposed)
    _, page = labelling(exposed, good, viewport={"width": 820, "height": 1180}, has_touch=True)
    session = page.page.context.new_cdp_session(page.page)

    def touch(kind: str, *fingers: tuple[float, float]) -> None:
        points = []
        for number, (x, y) in enumerate(fingers):
            across, down = page.at(x, y, good, SMALL)
            points.append({"x": across, "y": down, "id": number})
        session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    before = page.says("scale")
    touch("Start", (10, 10))
    touch("Start", (10, 10), (30, 10))
    for step in range(4):
        touch("Move", (10 - step, 10), (30 + step, 10))
    touch("End")
    assert page.says("scale") != before
    assert page.page.locator("#undo").is_disabled()
    page.press("0")
    touch("Start", (10, 10))
    touch("Move", (16, 10))
    touch("End")
    drawn = draft(exposed, good).mask
    assert drawn[10, 10]
    assert drawn[10, 15]
    page.press("z")
    settled(exposed, good, None)


def test_a_second_page_is_refused_and_the_first_stays(exposed: Project, labelling: Begin) -> None:
    good = a_good_photo(exposed)
    _, page = labelling(exposed, good)
    said = tiles(exposed, "data", "label", good, "--no-browser", "--port", "0", code=1).output
    assert "runs in this project already" in said
    page.page.mouse.click(*page.at(10, 10, good, SMALL))
    assert draft(exposed, good).mask[10, 10]


def test_what_the_page_refuses_it_says(exposed: Project, labelling: Begin) -> None:
    good = a_good_photo(exposed)
    _, page = labelling(exposed, good, FIRST)
    page.press("1")
    page.wait("warning", "no mask")
    page.press("Enter")
    page.wait("notice", "paint the defect")
    page.see(good)
    page.press("s")
    page.wait("batch-said", "its mask is empty")
    assert page.page.locator("#batch-save").is_disabled()
    page.press("Escape")
    page.page.wait_for_selector("#batch-box", state="hidden")
    page.press("x")
    page.page.fill("#reason", "not a part")
    page.press("Enter")
    page.see(FIRST)
    page.press("ArrowLeft")
    page.see(good)
    page.wait("mask-said", "Rejected: not a part")
    page.press("x")  # take it back
    page.wait("state", "To look at")


def test_usage_is_explained(exposed: Project) -> None:
    for arguments, says in (
        ([], "which photos?"),
        (["nobody"], "the dataset has no photo 'nobody'"),
        (["--from", "audits"], "did you mean audit"),
    ):
        assert says in tiles(exposed, "data", "label", *arguments, "--no-browser", code=2).output
    assert "tiles data audit" in tiles(exposed, "data", "label", "--from", "audit", "--no-browser", code=1).output


def test_recorded_photos_join_beside_corrected_ones(exposed: Project, labelling: Begin, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    put(folder / "20261101T010101.5Z-aa.png", noise(901))
    (folder / "20261101T010101.5Z-aa.json").write_text(json.dumps({"verdict": "uncertain", "score": 0.4}))
    put(folder / "20261101T010102.5Z-bb.png", noise(902))
    first, second = "20261101T010101-5Z-aa", "20261101T010102-5Z-bb"
    good = a_good_photo(exposed)
    desk = Desk(exposed, [*choose(exposed, None, [good], 1), *choose(exposed, "record", [str(folder)], 9)], "Nora")
    assert desk.names == [good, first, second]
    desk.put(first, "label", "crack", spot() // 255)
    desk.put(second, "reject", "good", desk.mask(second), "not a part")
    desk.put(good, "label", "crack", spot() // 255)
    done = finish.save(desk, "recorded", by="Nora")
    assert done["counts"] == {"corrected": 1, "added": 1, "confirmed": 0, "rejected": 1}
    assert "tiles split" in done["next"]
    rows = index(exposed)
    assert (rows[first].defect, rows[first].source) == ("crack", "recorded")
    assert rows[good].defect == "crack"
    assert second not in rows
    assert [desk.facts(name)["state"] for name in desk.names] == ["saved", "saved", "rejected"]
    joined = dataset_hash(exposed)
    tiles(exposed, "fetch", "--force")
    assert dataset_hash(exposed) == joined
    assert [task.name for task in choose(exposed, "batch", ["recorded"], 9)] == [first, good]
    data(exposed, "remove", "recorded")
    assert index(exposed)[good].defect == GOOD
    assert first not in index(exposed)
