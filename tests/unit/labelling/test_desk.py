import json
from pathlib import Path

import numpy as np
import pytest

from tests.dark_bundle import photo as dark_photo
from tests.dark_bundle import write_dark_bundle
from tests.photosets import HEIGHT, WIDTH, put
from tilecli.errors import DataError
from tilecli.labelling import finish
from tilecli.labelling.choose import choose
from tilecli.labelling.desk import Desk
from tilecli.labelling.drafts import Drafts
from tilecli.layout import Project


def sit_down(project: Project, *names: str) -> Desk:
    return Desk(project, choose(project, None, names, 100), "Nora")


def some(left: int = 2) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[3:6, left : left + 4] = 1
    return mask


def test_a_draft_stands_before_the_label_and_outlives_the_desk(project: Project) -> None:
    desk = sit_down(project, "a")
    assert desk.state(desk.task("a")) == "todo"
    desk.put("a", "label", "blowhole", some())
    again = sit_down(project, "c")
    assert again.names == ["c", "a"]  # what was worked on before follows
    assert np.array_equal(again.mask("a"), some())
    assert again.facts("a")["defect"] == "blowhole"
    assert again.facts("a")["label"] == "crack"
    assert again.mask("a", label=True).sum() == 40
    again.drop("a")
    assert again.state(again.task("a")) == "todo"
    assert sit_down(project, "c").names == ["c"]


def test_states_say_what_a_batch_would_hold(project: Project) -> None:
    desk = sit_down(project, "a", "b", "c", "d")
    desk.put("a", "label", "crack", desk.mask("a"))
    desk.put("b", "label", "blowhole", desk.mask("b"))
    desk.put("c", "label", "good", np.zeros((HEIGHT, WIDTH), np.uint8))
    desk.put("d", "reject", "good", desk.mask("d"), "blurred")
    assert [desk.state(desk.task(name)) for name in "abcd"] == ["same", "changed", "changed", "rejected"]
    done = finish.collect(desk)
    assert done.counts == {"corrected": 2, "added": 0, "confirmed": 1, "rejected": 1}
    assert {item.photo.photo: (item.photo.defect, item.mask is None) for item in done.items} == {
        "b": ("blowhole", False), "c": ("good", True),
    }  # fmt: skip
    assert done.photos["d"]["reason"] == "blurred"
    assert done.wrong == []


@pytest.mark.parametrize(
    ("defect", "mask", "says"),
    [
        ("good", some(), "a good photo has no mask"),
        ("", some(), "needs a type"),
        ("crack", np.zeros((HEIGHT, WIDTH + 1), np.uint8), "41×32 px, the photo 40×32"),
    ],
)
def test_what_cannot_be_is_not_kept(project: Project, defect: str, mask: np.ndarray, says: str) -> None:
    desk = sit_down(project, "a")
    with pytest.raises(DataError, match=says):
        desk.put("a", "label", defect, mask)
    assert desk.drafts.get("a") is None
    with pytest.raises(KeyError):
        desk.put("nobody", "label", "crack", some())


def test_no_batch_with_a_type_and_no_mask(project: Project) -> None:
    desk = sit_down(project, "d", "a")
    with pytest.raises(DataError, match="nothing to save"):
        finish.save(desk, "mine", by="Nora")
    desk.put("d", "label", "crack", np.zeros((HEIGHT, WIDTH), np.uint8))
    with pytest.raises(DataError, match="d is 'crack', and its mask is empty"):
        finish.save(desk, "mine", by="Nora")
    desk.put("d", "label", "defect", some())
    with pytest.raises(DataError, match="d has no type of defect yet"):
        finish.save(desk, "mine", by="Nora")
    assert desk.drafts.get("d") is not None


def test_types_are_tidied_and_new_ones_join_the_list(project: Project) -> None:
    desk = sit_down(project, "a")
    desk.put("a", "label", "Deep Scratch", some())
    assert desk.types() == ["blowhole", "crack", "deep_scratch"]


def test_exposures_come_with_their_shift_and_strangers_do_not(project: Project) -> None:
    desk = sit_down(project, "a", "c")
    (other,) = desk.exposures("a")
    assert (other["name"], other["right"], other["down"]) == ("b", 0, 0)
    assert desk.exposures("c") == []


def test_a_new_photo_begins_with_what_the_model_says(project: Project, tmp_path: Path) -> None:
    write_dark_bundle(project.bundle)
    box = (30, 20, 25, 10)
    put(tmp_path / "later" / "new.png", dark_photo(box=box))
    put(tmp_path / "later" / "fine.png", dark_photo(box=None))
    desk = Desk(project, choose(project, "record", [str(tmp_path / "later")], 100), "Nora")
    mask = desk.mask("new")
    assert mask[20:30, 30:55].mean() > 0.9
    assert mask.sum() < 300
    assert not desk.mask("fine").any()
    assert desk.facts("new")["label"] is None
    desk.put("new", "label", "crack", mask)
    assert sit_down(project, "a").names == ["a", "new"]  # its draft knows where the photo lies
    (tmp_path / "later" / "new.png").unlink()
    assert sit_down(project, "a").names == ["a"]
    assert Drafts(project).get("new") is not None


def test_a_damaged_draft_is_passed_over(project: Project) -> None:
    desk = sit_down(project, "a")
    desk.put("a", "label", "crack", some())
    (path,) = desk.drafts.folder.iterdir()
    path.write_text(json.dumps({"photo": "a"}))
    assert list(Drafts(project)) == []
    with pytest.raises(DataError, match="cannot be read"):
        Drafts(project).get("a")


def test_drafts_stay_in_their_folder_whatever_a_photo_is_called(project: Project) -> None:
    desk = sit_down(project, "a")
    desk.put("a", "label", "crack", some())
    draft = desk.drafts.get("a")
    assert draft is not None
    from dataclasses import replace

    for name in ("../../a", "a/b", "Ä b#?", "."):
        desk.drafts.put(replace(draft, photo=name))
        assert desk.drafts.get(name) is not None
    assert {path.parent for path in project.root.rglob("*.json")} == {desk.drafts.folder}
