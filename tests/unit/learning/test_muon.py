from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tilecli.config import TrainParams
from tilecli.learning.muon import Muon, _by_rounds, muon_groups, orthogonalise
from tilecli.learning.network import build_network, last_layer


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (16, 16)])
def test_all_directions_get_about_the_same_size(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape) @ torch.diag(torch.logspace(0, -1.5, shape[1]))
    left, before, right = torch.linalg.svd(matrix, full_matrices=False)
    turned = orthogonalise(matrix)
    sizes = left.T @ turned @ right.T
    assert before.max() / before.min() > 5
    assert (torch.diagonal(sizes) > 0.6).float().mean() > 0.9  # the very smallest take more rounds
    assert torch.diagonal(sizes).max() < 1.3
    assert (sizes - torch.diag(torch.diagonal(sizes))).abs().max() < 0.05


@pytest.mark.parametrize("smallest", [1, 1e-3, 1e-6, 0])
def test_the_small_square_gives_what_the_whole_matrix_would(smallest: float) -> None:
    """In float32, and of matrices without full rank, too; the original in double precision says what is right."""
    torch.manual_seed(0)
    scales = torch.full((24,), smallest).scatter(0, torch.arange(12), 1.0)
    matrix = scales[:, None] * torch.randn(24, 216)
    a, b, c = 3.4445, -4.7750, 2.0315
    expected = matrix.double() / matrix.double().norm()
    for _ in range(5):
        square = expected @ expected.T
        expected = a * expected + (b * square + c * square @ square) @ expected
    turned = orthogonalise(matrix)
    assert (turned - expected).norm() / expected.norm() < 1e-3
    assert not orthogonalise(torch.zeros(3, 5)).any()


def test_what_a_gpu_computes_in_bf16_is_about_the_same() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(24, 216)
    there, here = _by_rounds(matrix), orthogonalise(matrix)
    assert there.dtype == here.dtype == torch.float32
    assert (there - here).norm() / here.norm() < 0.05


def groups_of(params: TrainParams) -> tuple[nn.Module, list[dict[str, object]]]:
    network = build_network(params, weights=False)
    owner, name = last_layer(network)
    return network, muon_groups(network, getattr(owner, name), 0.1)


@pytest.mark.parametrize("arch", ["compactunet", "unet"])
def test_each_parameter_is_in_one_group_and_the_last_layer_takes_no_orthogonal_steps(arch: str) -> None:
    network, (matrices, weights, others) = groups_of(
        TrainParams(arch=arch, encoder="resnet18", widths=(8, 12), crop_size=32)
    )
    names = {id(value): name for name, value in network.named_parameters()}
    taken = [names[id(value)] for group in (matrices, weights, others) for value in group["params"]]
    assert sorted(taken) == sorted(names.values())
    last = [name for name in taken if name.startswith(("head", "segmentation_head")) and name.endswith("weight")]
    assert [names[id(value)] for value in weights["params"] if value.shape[1] > 1] == last
    assert all(value.ndim == 1 for value in others["params"])
    assert (matrices["weight_decay"], weights["weight_decay"], others["weight_decay"]) == (0.1, 0.1, 0.0)


def test_what_is_not_orthogonal_moves_as_adamw_moves_it() -> None:
    torch.manual_seed(0)
    ours = nn.Linear(5, 3)
    theirs = copy.deepcopy(ours)
    muon = Muon([{"params": list(ours.parameters()), "orthogonal": False, "weight_decay": 0.1}], 0.01)
    adamw = torch.optim.AdamW(theirs.parameters(), lr=0.01, weight_decay=0.1)
    for _ in range(5):
        data = torch.randn(8, 5)
        for network, optimiser in ((ours, muon), (theirs, adamw)):
            optimiser.zero_grad()
            network(data).square().mean().backward()
            optimiser.step()
    torch.testing.assert_close(ours.weight, theirs.weight)
    torch.testing.assert_close(ours.bias, theirs.bias)


def test_steps_are_of_adams_size_and_its_state_comes_back() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(4, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1))
    data, target = torch.randn(2, 4, 8, 8), torch.randn(2, 1, 8, 8)

    def make(network: nn.Sequential) -> Muon:
        return Muon(muon_groups(network, network[2], 0.0), 0.01)

    def step(network: nn.Sequential, optimiser: Muon) -> None:
        optimiser.zero_grad()
        F.mse_loss(network(data), target).backward()
        optimiser.step()

    optimiser, before = make(network), network[0].weight.detach().clone()
    step(network, optimiser)
    size = float((network[0].weight.detach() - before).square().mean().sqrt())
    assert size == pytest.approx(0.2 * 0.01, rel=0.3)
    other = copy.deepcopy(network)
    again = make(other)
    again.load_state_dict(copy.deepcopy(optimiser.state_dict()))
    for _ in range(3):
        step(network, optimiser)
        step(other, again)
    for ours, theirs in zip(network.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
