from __future__ import annotations

import torch
from torch import nn

from tilecli.learning.ema import AveragedWeights


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def test_the_mean_follows_the_formula_with_its_warm_up() -> None:
    net = network()
    average = AveragedWeights(net, 0.5)
    expected = net[0].weight.detach().clone()
    for number in range(12):
        with torch.no_grad():
            net[0].weight.add_(1.0)
        decay = min(0.5, (1 + number) / (10 + number))
        expected = decay * expected + (1 - decay) * net[0].weight.detach()
        average.update()
    torch.testing.assert_close(average.weights()["0.weight"], expected)


def test_batch_norm_statistics_are_averaged_and_its_counter_copied() -> None:
    net = network().train()
    average = AveragedWeights(net, 0.9)
    net(torch.randn(4, 1, 8, 8) + 5)
    average.update()
    assert average.weights()["1.num_batches_tracked"] == 1
    torch.testing.assert_close(average.weights()["1.running_mean"], net[1].running_mean * 0.9)


def test_swapping_computes_with_the_mean_and_back() -> None:
    net = network().eval()
    average = AveragedWeights(net, 0.9)
    image = torch.randn(1, 1, 8, 8)
    before = net(image)
    with torch.no_grad():
        net[0].weight.add_(1.0)
    live = net(image)
    average.swap()
    torch.testing.assert_close(net(image), before)
    average.swap()
    torch.testing.assert_close(net(image), live)
    average.update()
    assert not torch.equal(average.weights()["0.weight"], net[0].weight)


def test_an_optimiser_goes_on_after_a_swap() -> None:
    net = network()
    average = AveragedWeights(net, 0.9)
    optimiser = torch.optim.AdamW(net.parameters(), lr=0.1, fused=True)
    average.swap()
    average.swap()
    before = net[0].weight.detach().clone()
    net(torch.randn(2, 1, 8, 8)).pow(2).mean().backward()
    optimiser.step()
    assert not torch.equal(net[0].weight, before)


def test_state_is_taken_up() -> None:
    net = network()
    one, other = AveragedWeights(net, 0.9), AveragedWeights(net, 0.9)
    with torch.no_grad():
        net[0].weight.add_(1.0)
    one.update()
    other.load_state_dict(one.state_dict())
    assert other.updates == 1
    torch.testing.assert_close(other.weights()["0.weight"], one.weights()["0.weight"])
