"""A repository with runs to compare, made with git alone: curves, settings and records of test photos."""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.unit.experiments.history import Repository
from tilecli.evaluation.records import Record, columns_of, write_records

TYPES = ("crack", "blowhole", "good")


def rows(marked: Mapping[str, int], count: int = 24) -> list[Record]:
    """A photo per tile, the types in turn; of 100 true px each model finds as many as `marked` says of its type."""
    found = []
    for number in range(count):
        defect = TYPES[number % 3]
        true = 0 if defect == "good" else 100
        hit = min(true, marked.get(defect, 0) + number % 4 if true else 0)
        counts = {"intersection_px": hit, "predicted_px": hit, "true_px": true, "pixels": 10_000}
        objects = {"defects": int(true > 0), "found": int(hit > 50), "touched": int(hit > 0)}
        facts = {"score": hit / 100, "verdict": "defect" if hit else "good", "ms": 5.0}
        found.append(Record(f"photo-{number:02d}", f"tile-{number}", defect, **counts, **objects, **facts))
    return found


def per_image(folder: Path, records: list[Record]) -> str:
    """The text of a per_image.csv."""
    assert columns_of(records)
    write_records(folder / "rows.csv", records)
    return (folder / "rows.csv").read_text()


def files(rate: float, dice: float, records: str = "", epochs: int = 4, **more: str) -> dict[str, str]:
    """What a run with that learning rate and pooled Dice leaves."""
    series = "".join(f"{epoch}\t{dice * epoch / epochs}\n" for epoch in range(1, epochs + 1))
    metrics = {
        "dice_mean": dice,
        "false_alarm_rate": 0.25,
        "intervals": {"dice_mean": {"low": dice - 0.1, "high": dice + 0.1}},
        "per_defect": {"crack": {"dice": dice - 0.1}},
    }
    return {
        "params.yaml": f"train:\n  learning_rate: {rate}\n  batch_size: 8\n",
        "evaluation/metrics.json": json.dumps(metrics),
        "training/plots/metrics/valid/dice.tsv": f"step\tdice\n{series}",
        "training/plots/metrics/lr.tsv": f"step\tlr\n1\t{rate}\n",
        "training/run.json": json.dumps({"epochs": epochs, "seconds": 10.0 * epochs}),
        **({"evaluation/per_image.csv": records} if records else {}),
        **more,
    }


def repository(folder: Path) -> Repository:
    """Experiments `weak` and `strong`, tested on the same photos, and `bare`, which was not tested."""
    made = Repository.at(folder / "parts")
    made.write({"train.py": "print('one')\n"})
    made.commit("Set up")
    weak = per_image(folder, rows({"crack": 40, "blowhole": 60}))
    strong = per_image(folder, rows({"crack": 80, "blowhole": 85}))
    made.experiment("weak", files(0.1, 0.5, weak))
    made.experiment("strong", files(0.01, 0.8, strong, **{"train.py": "print('two')\n"}), "does a low rate pay?")
    made.experiment("bare", files(0.001, 0.6))
    return made
