"""`tiles exp compare` as a user meets it: the table, its forms, and every way it can be asked wrongly."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.conftest import Tiles
from tests.unit.experiments.history import PARAMS, Repository, git, lock, metrics

CURVE = "step\tdice\n" + "".join(f"{epoch}\t{epoch / 20}\n" for epoch in range(1, 17))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A commit with figures and three experiments: a better one, a worse one, one with a torn file."""
    made = Repository.at(tmp_path / "project")
    made.write({"evaluation/metrics.json": metrics(0.5), "dvc.lock": lock("a", "a", "b", "b")})
    made.commit()
    curve = {"training/plots/metrics/valid/dice.tsv": CURVE}
    better = {"params.yaml": PARAMS.format(rate=0.2), "evaluation/metrics.json": metrics(0.75)}
    made.experiment("better", {**better, **curve, "dvc.lock": lock("c", "c", "d" * 32, "d" * 32)})
    made.experiment("worse", {"params.yaml": PARAMS.format(rate=0.3), "evaluation/metrics.json": metrics(0.25)})
    made.experiment("torn", {"evaluation/metrics.json": '{"dice_mean": 0.'})
    return made


def test_the_table_is_a_tree_and_a_torn_file_costs_its_row_only(repository: Repository, tiles: Tiles):
    done = tiles("exp", "compare", "--sort", "dice_mean", cwd=repository.project.root)
    rows = [line.strip() for line in done.stdout.splitlines() if line.strip("─ ")][-5:]
    names = [row.split("  ")[0] for row in rows]
    assert names == ["workspace", "main", "├── better", "├── worse", "└── torn"]
    better, worse, torn = rows[-3:]
    assert "0.750" in better
    assert "+0.250" in better
    assert "0.65–0.85" in better
    assert "▁" in better
    assert "ddddddd" in better
    assert "-0.250" in worse
    assert "!" in torn
    assert "torn: cannot read evaluation/metrics.json" in done.stderr


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_longer_than_the_terminal_and_what_is_left_out_is_named(
    repository: Repository, tiles: Tiles, width: int
):
    done = tiles("exp", "compare", cwd=repository.project.root, COLUMNS=str(width))
    assert max(len(line) for line in done.stdout.splitlines()) <= width
    assert ("no room for" in done.stderr) == (width < 120)
    assert "0.750" in done.stdout
    if width >= 60:
        assert "├── better" in done.stdout.replace("└", "├")


def test_json_csv_and_markdown_hold_the_same_figures(repository: Repository, tiles: Tiles):
    root = repository.project.root
    records = {record["name"]: record for record in json.loads(tiles("exp", "compare", "--json", cwd=root).stdout)}
    assert list(records) == ["workspace", "main", "torn", "worse", "better"]
    assert records["better"]["metrics"]["dice_mean"] == 0.75
    assert records["torn"]["broken"] == ["evaluation/metrics.json"]
    table = {row["name"]: row for row in csv.DictReader(io.StringIO(tiles("exp", "compare", "--csv", cwd=root).stdout))}
    assert table.keys() == records.keys()
    for name, row in table.items():
        assert row["dice_mean"] == str(records[name]["metrics"].get("dice_mean", ""))
        assert row["train.learning_rate"] == str(records[name]["params"]["train.learning_rate"])
        assert (row["rev"], row["kind"]) == (records[name]["rev"], records[name]["kind"])
    markdown = tiles("exp", "compare", "--md", cwd=root).stdout.splitlines()
    assert {line.count("|") for line in markdown} == {markdown[0].count("|")}
    assert "| └── better |" in markdown[-1]
    assert "**0.750**" in markdown[-1]


def test_rows_and_columns_can_be_chosen(repository: Repository, tiles: Tiles):
    root = repository.project.root

    def names(*arguments: str) -> list[str]:
        return [record["name"] for record in json.loads(tiles("exp", "compare", "--json", *arguments, cwd=root).stdout)]

    assert names("--filter", "dice_mean > 0.5 and train.learning_rate in [0.2, 0.3]") == ["workspace", "main", "better"]
    assert names("--sort", "dice_mean", "--top", "1") == ["workspace", "main", "better"]
    assert names("better") == ["better"]
    assert names("worse", "better", "workspace", "--sort", "dice_mean") == ["better", "workspace", "worse"]
    shown = tiles("exp", "compare", "--keep", "batch", "--drop", "dice_mean|model", "--precision", "5", cwd=root).stdout
    assert "batch_" in shown
    assert "0.750" not in shown
    assert "0.71234" not in shown
    assert "0.75000" in tiles("exp", "compare", "--precision", "5", cwd=root).stdout


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["--sort", "dice_maen"], "dice_mean", 2),
        (["--filter", "dice_maen > 0"], "dice_mean", 2),
        (["--filter", "dice_mean => 0"], "did you mean >=?", 2),
        (["--keep", "("], "regular expression", 2),
        (["--json", "--csv"], "one form at a time", 2),
        (["--rev", "mian"], "main", 1),
        (["beter"], "better", 1),
    ],
)
def test_a_mistake_is_one_clear_error(repository: Repository, tiles: Tiles, arguments: list[str], said: str, code: int):
    done = tiles("exp", "compare", *arguments, cwd=repository.project.root, code=code)
    assert said in done.stderr
    assert done.stdout == ""


def test_every_state_of_a_repository_has_an_answer(repository: Repository, tiles: Tiles, tmp_path: Path):
    root = repository.project.root
    git(root, "checkout", "--quiet", "--detach")
    assert "better" in tiles("exp", "compare", cwd=root).stdout
    git(root, "symbolic-ref", "HEAD", "refs/heads/unborn")
    assert "better" in tiles("exp", "compare", cwd=root).stdout
    fresh = Repository.at(tmp_path / "fresh").project.root
    assert "no experiments yet" in tiles("exp", "compare", cwd=fresh).stderr
    assert [record["name"] for record in json.loads(tiles("exp", "compare", "--json", cwd=fresh).stdout)] == [
        "workspace"
    ]
    bare = tmp_path / "bare"
    bare.mkdir()
    assert "not a tiles project" in tiles("exp", "compare", cwd=bare, code=1).stderr
    for name in ("dvc.yaml", "params.yaml"):
        (bare / name).write_text("")
    assert "not in a git repository" in tiles("exp", "compare", cwd=bare, code=1).stderr
