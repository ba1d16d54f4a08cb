from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tilecli.errors import DataError
from tilecli.evaluation.records import read_records, write_records


def test_reads_what_it_wrote(record, tmp_path: Path) -> None:
    rows = [
        record(photo="a,b", intersection_px=3, predicted_px=5, true_px=4, score=0.25, ms=12.5, picture="worst_01.png"),
        record(loss=0.0123),
        record(defect="good", verdict="defect"),
    ]
    write_records(tmp_path / "per_image.csv", rows)
    assert read_records(tmp_path / "per_image.csv") == rows


def test_has_the_columns_of_the_contract_first(record, tmp_path: Path) -> None:
    write_records(tmp_path / "per_image.csv", [record(intersection_px=1, predicted_px=1, true_px=3)])
    with (tmp_path / "per_image.csv").open(newline="") as stream:
        reader = csv.DictReader(stream)
        (row,) = reader
    wanted = ["photo", "tile", "defect", "dice", "intersection_px", "predicted_px", "true_px", "score", "ms"]
    assert list(row)[: len(wanted)] == wanted
    assert float(row["dice"]) == 0.5


def test_says_what_is_wrong_and_where(record, tmp_path: Path) -> None:
    path = tmp_path / "per_image.csv"
    with pytest.raises(DataError) as caught:
        read_records(path)
    assert "tiles eval" in str(caught.value)
    path.write_text("photo,tile\na,b\n")
    with pytest.raises(DataError, match="column"):
        read_records(path)
    write_records(path, [record(), record()])
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], lines[2].replace(",1000,", ",many,")]) + "\n")
    with pytest.raises(DataError) as caught:
        read_records(path)
    assert f"{path}:3" in str(caught.value)


def test_reads_files_from_before_the_loss_was_recorded(record, tmp_path: Path) -> None:
    path = tmp_path / "per_image.csv"
    write_records(path, [record(photo="a", loss=0.5), record(photo="b", loss=0.25)])
    with path.open(newline="") as stream:
        rows = list(csv.reader(stream))
    place = rows[0].index("loss")
    with path.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([row[:place] + row[place + 1 :] for row in rows])
    assert [(row.photo, row.loss) for row in read_records(path)] == [("a", None), ("b", None)]
    with path.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([*rows[:2], [*rows[2][:place], "much"]])
    with pytest.raises(DataError) as caught:
        read_records(path)
    assert caught.value.where == f"{path}:3"
