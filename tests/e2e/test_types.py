"""A project whose target is the type of a defect, as a user types it: from the photos to figures per type."""

import json

import cv2
import numpy as np
import pytest

from tests.e2e.session import Session


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A project that tells types apart, trained once."""
    session = Session(tmp_path_factory.mktemp("a user"))
    session.start_project()
    session.tiles("train", "--name", "types", "-S", "data.target=type", "-S", "train.augment=full")
    return session


def test_the_bundle_names_the_classes_of_the_photos(session: Session):
    classes = json.loads((session.project / "data" / "dataset" / "classes.json").read_text())
    assert classes == ["blowhole", "break", "crack", "fray", "uneven"]
    bundle = json.loads((session.project / "models" / "bundle" / "bundle.json").read_text())
    assert bundle["classes"] == classes
    assert bundle["format_version"] == 3
    assert bundle["checks"]["agreement"] > 0.99


def test_figures_per_type_stand_beside_the_binary_ones(session: Session):
    metrics = session.metrics()
    assert {"dice_mean", "auroc", "false_alarm_rate", "per_defect", "miou", "types", "type_confusion"} <= metrics.keys()
    shown = [values["iou"] for values in metrics["types"].values()]
    assert metrics["miou"] == pytest.approx(np.mean(shown), abs=1e-5)
    assert sum(sum(row.values()) for row in metrics["type_confusion"]["photos"].values()) == metrics["photos"]
    assert metrics["intervals"]["miou"]["low"] <= metrics["intervals"]["miou"]["high"]
    lines = (session.project / "evaluation" / "per_image.csv").read_text().splitlines()
    assert lines[0].endswith("type_predicted,type_pixels")
    confusion = (session.project / "evaluation" / "plots" / "type_confusion.csv").read_text().splitlines()
    assert len(confusion) == len(lines) == metrics["photos"] + 1
    assert "mean IoU over the types" in session.tiles("eval").stdout


def test_predictions_say_types_in_words_numbers_and_colours(session: Session):
    photo = next((session.project / "data" / "dataset" / "images").iterdir())
    line = json.loads(session.tiles("predict", str(photo), "--threshold", "0.01", "--out", "out", "--json").stdout)
    classes = json.loads((session.project / "out" / "classes.json").read_text())
    assert {region["type"] for region in line["regions"]} <= set(classes)
    numbers = cv2.imread(str(session.project / line["types"]), cv2.IMREAD_UNCHANGED)
    mask = cv2.imread(str(session.project / line["mask"]), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(numbers > 0, mask > 0)
    assert int(numbers.max()) <= len(classes)


def test_the_comparison_knows_miou_and_another_target_has_no_classes(session: Session):
    (row,) = (row for row in json.loads(session.tiles("exp", "compare", "--json").stdout) if row["name"] == "types")
    assert row["metrics"]["miou"] == pytest.approx(session.metrics()["miou"])
    assert "miou" in session.tiles("exp", "compare").stdout
    session.tiles("fetch", "-S", "data.target=binary")
    assert not (session.project / "data" / "dataset" / "classes.json").exists()
