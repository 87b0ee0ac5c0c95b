"""Players of notebook 10: shapes, the scale behind residual blocks against paper, schedules, independence."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers.data import make_generator
from gan_helpers.networks import Residual, modern_discriminator, modern_generator, start_small
from gan_helpers.training import half_cosine

HE = 2 / (1 + 0.2**2)


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=make_generator(seed))


# ---------------------------------------------------------------- residual blocks


def test_residual_is_written_out():
    block, x = Residual(3), noise(2, 3, 5, 4)
    start_small(block, seed=1, last=0.5)
    inner = F.conv2d(F.leaky_relu(x, 0.2), block.first.weight, block.first.bias, padding=1)
    branch = F.conv2d(F.leaky_relu(inner, 0.2), block.last.weight, block.last.bias, padding=1)
    assert torch.allclose(block(x), x + branch, atol=1e-6)
    assert (block(x) - x).abs().max() > 0.01
    quiet = start_small(Residual(3, scale=0.2), seed=1, last=0.5)
    assert torch.allclose(quiet(x), x + 0.2 * branch, atol=1e-6)
    narrow = start_small(Residual(3, 2), seed=1, last=0.5)
    assert narrow.first.weight.shape == (2, 3, 3, 3) and narrow(x).shape == x.shape


@pytest.mark.parametrize("blocks", [1, 3, 8])
def test_fixup_start_is_the_identity_and_learns(blocks):
    net, x = nn.Sequential(*(Residual(4) for _ in range(blocks))), noise(2, 4, 6, 6)
    start_small(net, seed=0)
    assert torch.equal(net(x), x)
    net(x).square().sum().backward()
    assert all(block.last.weight.grad.abs().max() > 1e-3 for block in net)
    assert all(block.first.weight.grad.abs().max() == 0 for block in net)  # for one step only


def test_start_small_has_the_variances_that_it_names():
    net = nn.Sequential(*(Residual(32) for _ in range(4)), nn.Flatten(), nn.Linear(400, 300))
    start_small(net, seed=3, last=0.25)
    he = HE / (32 * 9)
    for block in list(net)[:4]:
        assert block.first.weight.var().item() == pytest.approx(he / 4, rel=0.06)  # times L^-1/2, L = 4
        assert block.last.weight.var().item() == pytest.approx(he / 16, rel=0.06)
        assert not block.first.bias.any() and not block.last.bias.any()
    assert net[-1].weight.var().item() == pytest.approx(HE / 400, rel=0.03)


def test_one_block_adds_what_paper_says():
    """Inside (no border) He's law keeps the mean square, so x + f(x) has twice the mean square of x."""
    ratios = []
    for seed in range(8):
        block = start_small(Residual(32), seed=seed, first=1.0, last=1.0)
        x = noise(16, 32, 12, 12, seed=100 + seed)
        with torch.no_grad():
            inner = block(x)[..., 2:-2, 2:-2]
        ratios.append((inner.square().mean() / x.square().mean()).item())
    assert sum(ratios) / 8 == pytest.approx(2, abs=0.15)


def test_start_small_refuses_what_it_has_no_rule_for():
    with pytest.raises(ValueError, match="BatchNorm2d"):
        start_small(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), seed=0)


# ---------------------------------------------------------------- players


@pytest.mark.parametrize("how", ["subpixel", "bilinear", "resize"])
@pytest.mark.parametrize("blocks", [(0, 0), (1, 2)])
def test_generator_shape_range_and_seed(how, blocks):
    before = torch.get_rng_state()
    G, same, other = (modern_generator(seed=s, blocks=blocks, upsampling=how) for s in (4, 4, 5))
    assert torch.equal(torch.get_rng_state(), before)
    z = noise(64, 32)
    x = G(z)
    assert x.shape == (64, 1, 28, 28) and torch.equal(x, same(z)) and not torch.equal(x, other(z))
    assert 0.1 < x.std() < 0.6 and x.abs().max() <= 1  # one draw of few weights: a wide band
    assert G[1].weight.var().item() == pytest.approx(0.16 * HE / 32, rel=0.02)
    assert not any(isinstance(m, nn.modules.batchnorm._NormBase) for m in G.modules())


def test_parameter_counts_on_paper():
    G, D = modern_generator(seed=0), modern_discriminator(seed=0)
    deep = modern_discriminator(seed=0, blocks=(0, 1, 0), inner=5)
    block = (32 * 8 * 9 + 8) + (8 * 32 * 9 + 32)
    paper_G = (32 * 1568 + 1568) + block + (32 * 64 * 9 + 64) + (16 * 4 * 9 + 4)
    paper_D = (16 * 16 + 16) + (16 * 32 * 16 + 32) + (32 * 64 * 9 + 64) + (1024 * 64 + 64) + 65
    assert sum(p.numel() for p in G.parameters()) == paper_G
    assert sum(p.numel() for p in D.parameters()) == paper_D
    assert sum(p.numel() for p in deep.parameters()) == paper_D + (32 * 5 * 9 + 5) + (5 * 32 * 9 + 32)


def test_discriminator_starts_with_small_weights_or_with_he():
    small, he = (modern_discriminator(seed=0, std=std) for std in (0.05, None))
    for layer, fan_in in ((2, 16 * 16), (4, 32 * 9), (7, 1024)):
        assert small[layer].weight.std().item() == pytest.approx(0.05, rel=0.03)
        assert he[layer].weight.var().item() == pytest.approx(HE / fan_in, rel=0.06)
    x = noise(64, 1, 28, 28)
    assert small(x).abs().max() < 0.1 < he(x).abs().max()


def test_each_sample_is_scored_alone():
    """No normalisation: the slope of one score with respect to the other samples is 0."""
    D, x = modern_discriminator(seed=0, blocks=(1, 1, 1), std=None), noise(3, 1, 28, 28).requires_grad_()
    slope = torch.autograd.grad(D(x)[0].sum(), x)[0]
    assert slope[0].abs().max() > 1e-3 and slope[1:].abs().max() == 0


@pytest.mark.parametrize(
    ("make", "wrong", "phrase"),
    [
        (modern_generator, {"upsampling": "transposed"}, "subpixel"),
        (modern_generator, {"channels": (32,)}, "channels: expected 2"),
        (modern_generator, {"channels": (32, 0)}, "each of channels must be an integer of at least 1, got 0"),
        (modern_generator, {"blocks": (1, -1)}, "blocks"),
        (modern_generator, {"choices": 33}, "from 0 to z_dim = 32"),
        (modern_discriminator, {"channels": (16, 32)}, "channels: expected 3"),
        (modern_discriminator, {"blocks": (1.0, 0, 0)}, "blocks"),
    ],
)
def test_clear_errors(make, wrong, phrase):
    with pytest.raises(ValueError, match=phrase):
        make(seed=0, **wrong)


def test_no_choice_means_plain_noise():
    G, z = modern_generator(8, seed=0, choices=0), noise(5, 8)
    assert isinstance(G[0], nn.Linear) and G(z).shape == (5, 1, 28, 28)


def test_new_images_have_even_blocks():
    x = modern_generator(seed=0)(noise(4, 32))
    blocks = x.unfold(2, 2, 2).unfold(3, 2, 2).flatten(-2)
    assert (blocks - blocks[..., :1]).abs().max() < 1e-6
    assert (x[..., 1::2][..., :-1] - x[..., 2::2]).abs().max() > 0.1


# ---------------------------------------------------------------- schedule


def test_half_cosine_on_paper():
    values = [half_cosine(8, 2, part) for part in (-1, 0, 1 / 3, 0.5, 2 / 3, 1, 7)]
    assert values == pytest.approx([8, 8, 6.5, 5, 3.5, 2, 2])
    assert half_cosine(2, 8, 0.25) == pytest.approx(8 - 6 * (1 + math.cos(math.pi / 4)) / 2)
