from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from tilecli.config import TrainParams
from tilecli.data.preprocess import InputContract
from tilecli.inference import graphs, onnx_file
from tilecli.inference.bundle import WEIGHTS_PREFIX
from tilecli.inference.onnx_file import write_onnx
from tilecli.learning import network


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def built(**settings: object) -> torch.nn.Module:
    given = {"widths": (8, 12), "channels": 1, **settings}
    return network.build(TrainParams(**given), weights=False).network


def kept_at(one: torch.nn.Module) -> Path:
    place = graphs.place(one, InputContract())
    assert place is not None
    return place


def test_a_kept_graph_gives_the_bytes_that_capturing_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = built(), built()
    write_onnx(second, InputContract(), tmp_path / "captured.onnx")
    kept_at(second).unlink()
    write_onnx(first, InputContract(), tmp_path / "first.onnx")
    monkeypatch.setattr(onnx_file, "_captured", lambda *_: pytest.fail("captured again"))
    write_onnx(second, InputContract(), tmp_path / "filled.onnx")
    assert (tmp_path / "filled.onnx").read_bytes() == (tmp_path / "captured.onnx").read_bytes()
    assert (tmp_path / "filled.onnx").read_bytes() != (tmp_path / "first.onnx").read_bytes()
    kept = kept_at(first).read_bytes()
    assert WEIGHTS_PREFIX.encode() in kept
    convolutions = [value for value in first.state_dict().values() if value.dim() == 4]
    assert convolutions
    assert not [value for value in convolutions if value.numpy().tobytes() in kept]


def test_other_networks_have_other_graphs() -> None:
    found = [
        kept_at(built()),
        kept_at(built(widths=(8, 16))),
        kept_at(built(norm="group")),
        kept_at(torch.nn.Conv2d(1, 1, 3, padding=1)),
        kept_at(torch.nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect")),
        kept_at(torch.nn.Conv2d(1, 1, 3, padding=2, dilation=2)),
    ]
    assert len(set(found)) == len(found)
    assert kept_at(built()) == found[0]
    assert graphs.place(built(), InputContract(multiple=64)) != found[0]


def test_a_network_of_unknown_code_is_captured_each_time(
    own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphs, "_OWN", {"tilecli"})  # as it is without the tests' own fixture

    class Own(torch.nn.Conv2d):
        pass

    assert graphs.place(Own(1, 1, 1), InputContract()) is None
    write_onnx(Own(1, 1, 1), InputContract(), tmp_path / "model.onnx")
    assert not own_cache.exists()


@pytest.mark.parametrize("damage", [b"", b"no model", None])
def test_a_damaged_graph_is_captured_anew(tmp_path: Path, damage: bytes | None) -> None:
    wanted = torch.nn.Conv2d(1, 1, 1)
    write_onnx(wanted, InputContract(), tmp_path / "model.onnx")
    place = kept_at(wanted)
    good = place.read_bytes()
    place.write_bytes(good[: len(good) // 2] if damage is None else damage)
    write_onnx(wanted, InputContract(), tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "model.onnx").read_bytes()
    assert place.read_bytes() == good


def test_without_a_place_for_it_nothing_is_lost(own_cache: Path, tmp_path: Path) -> None:
    own_cache.write_text("a file where the folder should be")
    write_onnx(torch.nn.Conv2d(1, 1, 1), InputContract(), tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").is_file()


def test_side_by_side_one_captures_and_the_others_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    captured, wanted = [], torch.nn.Conv2d(1, 1, 1)
    capture = onnx_file._captured

    def slowly(*arguments: Any) -> Any:
        captured.append(threading.get_ident())
        time.sleep(0.3)
        return capture(*arguments)

    monkeypatch.setattr(onnx_file, "_captured", slowly)
    targets = [tmp_path / f"{number}.onnx" for number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda target: write_onnx(wanted, InputContract(), target), targets))
    assert len(captured) == 1
    assert len({target.read_bytes() for target in targets}) == 1
    assert [file.suffix for file in kept_at(wanted).parent.iterdir()] == [".graph"]
