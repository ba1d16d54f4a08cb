"""Modules that are kept out of a process while a library loads."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tilecli import quiet


def test_a_module_cannot_be_imported_within_the_block_and_can_be_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spare_part.py").write_text("there = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with quiet.without("spare_part"), pytest.raises(ImportError):
        importlib.import_module("spare_part")
    module = importlib.import_module("spare_part")
    monkeypatch.delitem(sys.modules, "spare_part")
    assert module.there
    sys.modules["spare_part"] = module
    with quiet.without("spare_part"):  # it is loaded: nobody is disturbed
        assert importlib.import_module("spare_part") is module


ENGINE = """
import sys
from tilecli.inference import engines
engines._core()
assert "openvino" in sys.modules and "openvino.tools.ovc" not in sys.modules
from openvino.tools.ovc import convert_model
"""


def test_openvino_starts_without_its_converter_which_loads_when_it_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", ENGINE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
