from pathlib import Path

from tests.unit.studio.projects import photographed
from tilecli import files
from tilecli.audit.finding import Finding
from tilecli.layout import Project
from tilecli.studio.views import data


def test_an_empty_project_says_what_to_type(tmp_path: Path):
    repository = photographed(tmp_path / "parts")
    repository.project.index.unlink()
    shown = data.view(repository.project, {})
    assert shown["table"]["hint"] == shown["gallery"]["hint"] == "tiles fetch"
    assert shown["audit"] is None


def test_a_dataset_without_dvc_shows_what_there_is(tmp_path: Path):
    project = photographed(tmp_path / "parts").project
    shown = data.view(project, {"type": "crack"})
    assert [row["type"] for row in shown["table"]] == ["blowhole", "crack", "good"]
    assert [tile["name"] for tile in shown["gallery"]["tiles"]] == ["tile-a"]
    [part] = shown["parts"]
    assert (part["name"], part["kind"], part["photos"], part["since"]) == ("line", "source", 5, "")
    assert shown["versions"] == []
    assert shown["status"]["changes"]["added"] == 5
    assert data.view(project, {"part": "gallery"}).keys() == {"project", "gallery"}


def test_a_broken_index_is_said_with_its_line(tmp_path: Path):
    project = photographed(tmp_path / "parts").project
    with project.index.open("a") as stream:
        stream.write("f,images/f.png\n")
    shown = data.view(project, {})
    assert "a row of the index is cut short" in shown["table"]["wrong"]
    assert "index.csv:7" in shown["parts"]["wrong"]


def write_audit(project: Project, findings: list[Finding]) -> None:
    values = {"findings": [one.as_dict() for one in findings], "ignored": {"speck": 2}, "skipped": {"loss": "no model"}}
    files.write_json(project.audit / "report.json", values)


def test_findings_stand_by_kind_with_what_mends_them(tmp_path: Path):
    project = photographed(tmp_path / "parts").project
    many = [Finding("speck", f"p {number}", "3 px") for number in range(data._FINDINGS + 2)]
    write_audit(project, [Finding("leak", "a", "in train and test", others=("b",)), *many])
    found = data.view(project, {})["audit"]
    assert [(kind["kind"], kind["count"], kind["ignored"]) for kind in found["kinds"]] == [
        ("leak", 1, 0), ("speck", data._FINDINGS + 2, 2),
    ]  # fmt: skip
    assert len(found["kinds"][1]["findings"]) == data._FINDINGS
    assert found["kinds"][1]["findings"][0]["fix"] == "tiles data label 'p 0'"
    assert found["kinds"][0]["findings"][0]["others"] == ["b"]
    assert found["skipped"] == {"Labels that the model disputes": "no model"}
    assert (found["stale"], found["broken"]) == (False, False)


def test_an_audit_that_cannot_be_read_says_so(tmp_path: Path):
    project = photographed(tmp_path / "parts").project
    files.write_text(project.audit / "report.json", "{")
    assert data.view(project, {})["audit"]["broken"]
