"""What makes a stage run again: the packages and the code behind it, and nothing else."""

from pathlib import Path

import pytest

from tilecli.experiments import environment


def test_requirements_hold_the_closure_and_no_stranger():
    names = {line.split("==")[0] for line in environment.locked_requirements()}
    assert {"tilecli", "torch", "segmentation-models-pytorch", "numpy", "openvino"} <= names
    assert not {"pytest", "ruff", "mypy", "import-linter"} & names


def test_base_install_needs_no_torch_and_no_dvc():
    names = {line.split("==")[0] for line in environment.locked_requirements(extras=())}
    assert "openvino" in names
    assert not {"torch", "dvc", "pytorch-lightning"} & names


def test_every_stage_has_its_own_code():
    hashes = {stage: environment.stage_code(stage) for stage in environment.STAGES}
    assert len(set(hashes.values())) == len(hashes)


def test_comments_and_docstrings_do_not_count(tmp_path: Path):
    first, second, third = (tmp_path / name for name in ("a.py", "b.py", "c.py"))
    first.write_text('"""One."""\n\ndef f():\n    """Doc."""\n    return 1\n')
    second.write_text('"""Two."""\ndef f():\n    # why\n    return 1\n')
    third.write_text("def f():\n    return 2\n")
    assert environment._read(first).meaning == environment._read(second).meaning
    assert environment._read(first).meaning != environment._read(third).meaning


def test_evaluation_is_not_behind_training():
    modules = environment._imported_modules("tilecli.stages.train")
    assert "tilecli.learning.fit" in modules
    assert not any(name.startswith(("tilecli.evaluation", "tilecli.inference", "tilecli.cli")) for name in modules)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "tiles" / "installations"


def test_an_installation_is_looked_through_once(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = environment._installation()
    assert found["code"] == {stage: environment.stage_code(stage) for stage in environment.STAGES}
    assert found["requirements"] == environment.locked_requirements()
    monkeypatch.setattr(environment, "stage_code", lambda _: pytest.fail("read again"))
    assert environment._installation() == found
    (place,) = own_cache.iterdir()
    place.write_text("{")
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(own_cache.parents[1]))
    assert environment._installation() == found


def test_another_file_or_package_is_another_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "tilecli"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(environment.tilecli, "__file__", str(package / "__init__.py"))
    monkeypatch.syspath_prepend(str(tmp_path))
    keys = [environment._installation_key()]
    assert environment._installation_key() == keys[0]
    (package / "new.py").write_text("")
    keys.append(environment._installation_key())
    (package / "new.py").write_text("1")
    keys.append(environment._installation_key())
    (tmp_path / "other-1.0.dist-info").mkdir()
    keys.append(environment._installation_key())
    assert len(set(keys)) == len(keys)
