"""What makes a stage run again: the packages and the code behind it, and nothing else."""

from pathlib import Path

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
