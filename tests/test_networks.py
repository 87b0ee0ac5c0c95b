"""The DCGAN players: shapes, parameter counts and laws known on paper; what is wrong is named."""

import inspect
import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

from gan_helpers import networks
from gan_helpers.data import make_generator
from gan_helpers.networks import (
    UPSAMPLINGS,
    Choice,
    dcgan_discriminator,
    dcgan_generator,
    even_start,
    initialise,
    mlp,
    modern_discriminator,
    modern_generator,
    people_generator,
    start_small,
    upsample,
)


def count(net):
    return sum(p.numel() for p in net.parameters())


def noise(n=6, z_dim=32):
    return torch.randn(n, z_dim, generator=make_generator(1))


# Linear 32 -> 32 * 49 without bias, batch norm 2 * 32; then the two up-samplings, batch norm 2 * 16 between:
# transposed 32 * 16 * 16 and 16 * 1 * 16 + 1; resize 32 * 16 * 9 and 16 * 9 + 1; sub-pixel 4 times these.
FRONT = 32 * 32 * 49 + 64 + 32
COUNTS = {
    "transposed": FRONT + 8192 + 257,
    "resize": FRONT + 4608 + 145,
    "subpixel": FRONT + 4 * 4608 + 4 * 145,
}


@pytest.mark.parametrize("upsampling", UPSAMPLINGS)
def test_generator_shape_range_and_count(upsampling):
    G = dcgan_generator(seed=0, upsampling=upsampling)
    x = G(noise())
    assert x.shape == (6, 1, 28, 28) and x.abs().max() <= 1
    assert count(G) == COUNTS[upsampling]


def test_discriminator_shape_and_count():
    D = dcgan_discriminator(seed=0)
    paper = 16 * 16 + 16 + 16 * 32 * 16 + 64 + 32 * 64 * 9 + 128 + 64 * 16 * 64 + 64 + 64 + 1
    assert D(torch.zeros(5, 1, 28, 28)).shape == (5, 1) and count(D) == paper
    plain = dcgan_discriminator(seed=0, hidden=(), norm=False)
    assert count(plain) == 16 * 16 + 16 + 16 * 32 * 16 + 32 + 32 * 64 * 9 + 64 + 64 * 16 + 1
    assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in plain)
    pooled = dcgan_discriminator(seed=0, hidden=(), pool=True)
    assert pooled(torch.zeros(5, 1, 28, 28)).shape == (5, 1)
    assert count(pooled) == 16 * 9 + 16 + 16 * 32 * 9 + 64 + 32 * 64 * 9 + 128 + 64 * 9 + 1


def test_departures_of_the_generator():
    G = dcgan_generator(10, seed=0, choices=0, hidden=(50,), norm=False, slope=0.2, last=nn.Identity())
    kinds = [type(m).__name__ for m in G]
    assert kinds[:4] == ["Linear", "LeakyReLU", "Linear", "Unflatten"] and kinds[-1] == "Identity"
    assert "ReLU" not in kinds and not any("Norm" in kind for kind in kinds)
    assert G[0].in_features == 10 and G[0].out_features == 50
    assert all(m.bias is not None for m in G if hasattr(m, "bias"))
    assert "BatchNorm1d" in [type(m).__name__ for m in dcgan_generator(seed=0, hidden=(50,))]


@pytest.mark.parametrize(("how", "size"), [("transposed", 4), ("resize", 4), ("subpixel", 6)])
def test_each_upsampling_doubles_the_side_and_reaches_as_far_as_its_kernel(how, size):
    layers = nn.Sequential(*upsample(1, 1, how))
    with torch.no_grad():
        for parameter in layers.parameters():
            parameter.fill_(1.0) if parameter.ndim > 1 else parameter.zero_()
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 2, 2] = 1
    y = layers(x)[0, 0]
    assert y.shape == (10, 10)
    assert int((y > 0).sum()) == size**2  # one pixel reaches 4 x 4, 4 x 4 (2 x 2 and one round it), 6 x 6


def test_the_sub_pixel_layout():
    layers = nn.Sequential(*upsample(1, 1, "subpixel"))
    with torch.no_grad():
        layers[0].weight.zero_()
        layers[0].bias.copy_(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    expected = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).repeat(3, 3)
    assert torch.equal(layers(torch.zeros(1, 1, 3, 3))[0, 0], expected)


def test_an_even_start_is_resize_behind_the_convolution():
    layers = even_start(initialise(nn.Sequential(*upsample(3, 2, "subpixel")), seed=0))
    x = torch.randn(2, 3, 5, 5, generator=make_generator(0))
    plain = nn.functional.conv2d(x, layers[0].weight[::4], layers[0].bias[::4], padding=1)
    torch.testing.assert_close(layers(x), plain.repeat_interleave(2, 2).repeat_interleave(2, 3))
    assert layers[0].weight[::4].std() > 0.01  # the kernels of different channels stay different
    G, uneven = dcgan_generator(seed=0).eval(), dcgan_generator(seed=0, even=False).eval()
    blocks = [net(noise()).unfold(2, 2, 2).unfold(3, 2, 2).flatten(4).std(-1).max() for net in (G, uneven)]
    assert blocks[0] < 1e-6 < 1e-2 < blocks[1]
    transposed = dcgan_generator(seed=0, upsampling="transposed", even=True)
    same = dcgan_generator(seed=0, upsampling="transposed", even=False)
    assert all(torch.equal(a, b) for a, b in zip(transposed.parameters(), same.parameters(), strict=True))


# --- the law of the weights ---


def test_the_law_of_dcgan():
    for net in (dcgan_generator(seed=0, std=0.02, even=False), dcgan_discriminator(seed=0, std=0.02)):
        for layer in net:
            if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                assert (layer.weight - 1).abs().max() < 0.1 and 0.01 < layer.weight.std() < 0.035
                assert not layer.bias.any() and not layer.running_mean.any()
            elif hasattr(layer, "weight"):
                n = layer.weight.numel()
                assert layer.weight.std().item() == pytest.approx(0.02, abs=4 * 0.02 / math.sqrt(2 * n))
                assert layer.weight.mean().abs().item() < 4 * 0.02 / math.sqrt(n)
                assert layer.bias is None or not layer.bias.any()


def test_torchs_own_law():
    net = initialise(
        nn.Sequential(nn.Linear(50, 40), nn.Conv2d(3, 8, 5), nn.BatchNorm2d(8)), seed=0, std=None
    )
    for layer, fan_in in ((net[0], 50), (net[1], 75)):
        for parameter in (layer.weight, layer.bias):
            assert parameter.abs().max().item() <= fan_in**-0.5
        assert layer.weight.std().item() == pytest.approx((3 * fan_in) ** -0.5, rel=0.08)
    assert torch.equal(net[2].weight, torch.ones(8))
    turned = initialise(nn.ConvTranspose2d(30, 2, 4), seed=0, std=None)  # torch counts (out, k, k) here
    assert turned.weight.abs().max().item() == pytest.approx(32**-0.5, rel=0.02)


@pytest.mark.parametrize("make", [dcgan_generator, dcgan_discriminator])
def test_the_seed_decides_and_torchs_own_random_state_is_left_alone(make):
    before = torch.get_rng_state()
    one, same, other = make(seed=3), make(seed=make_generator(3)), make(seed=4)
    assert torch.equal(before, torch.get_rng_state())
    for a, b, c in zip(one.parameters(), same.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert not a.any() or not torch.equal(a, c)
    torch.manual_seed(99)
    again = make(seed=3)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), again.parameters(), strict=True))


def test_a_layer_without_a_rule_is_refused():
    with pytest.raises(ValueError, match=r"layer 1 \(LayerNorm\)"):
        initialise(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)), seed=0)


@pytest.mark.parametrize("norm", [spectral_norm, weight_norm, parametrizations.spectral_norm])
@pytest.mark.parametrize("draw", [initialise, start_small])
@pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning")
def test_a_weight_that_is_computed_from_others_is_refused(draw, norm):
    """Drawn anew, `weight` would be overwritten in the next pass, and `weight_orig` was set to 0."""
    net = nn.Sequential(norm(nn.Linear(8, 4)))
    before = net(torch.ones(1, 8))
    with pytest.raises(ValueError, match=f"{draw.__name__}: no rule for"):
        draw(net, seed=0)
    assert before.isfinite().all() and before.any()
    draw(nn.Sequential(nn.Linear(8, 4)), seed=0)  # then put the norm on


def test_the_remedy_is_named_for_a_normalised_weight():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = nn.Sequential(nn.Flatten(), spectral_norm(nn.Linear(8, 4)))
    with pytest.raises(
        ValueError, match=r"weight_orig of layer 1 \(Linear\): put spectral or weight norm on aft"
    ):
        initialise(net, seed=0)


# --- noise with a choice ---


def test_choice_on_paper():
    z = torch.tensor([[0.1, 2.0, -1.0, 0.7], [-3.0, -2.0, -1.0, -0.5]])
    assert torch.equal(Choice(3, size=4.0)(z), torch.tensor([[0.0, 4.0, 0.0, 0.7], [0.0, 0.0, 4.0, -0.5]]))
    assert torch.equal(Choice(1, size=2.0)(z)[:, 0], torch.tensor([2.0, 2.0]))
    assert "3, size=4" in repr(Choice(3))
    assert Choice(2)(z.double()).dtype == torch.float64


def test_all_choices_are_equally_likely():
    z = torch.randn(20_000, 6, generator=make_generator(0))
    share = (Choice(5)(z)[:, :5] > 0).float().mean(0)
    assert (share - 0.2).abs().max() < 4 * math.sqrt(0.2 * 0.8 / 20_000)


def test_within_a_choice_the_generator_is_as_continuous_as_before():
    G = dcgan_generator(seed=0).eval()
    z = noise(2)
    z[:, :20] = z[:1, :20]
    moved = z.clone()
    moved[:, :20] += 0.5  # the same largest coordinate
    assert torch.equal(G(z), G(moved))
    near = z.clone()
    near[:, 20:] += 1e-4
    assert 0 < (G(z) - G(near)).abs().max() < 0.02


# --- wrong input ---


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: dcgan_generator(seed=0, side=32), "28 x 28"),
        (lambda: dcgan_discriminator(seed=0, side=64), "28 x 28"),
        (lambda: dcgan_generator(seed=0, upsampling="bilinear"), "transposed"),
        (lambda: dcgan_generator(seed=0, channels=(32, 16, 8)), "channels of the generator: expected 2"),
        (lambda: dcgan_generator(0, seed=0), "z_dim"),
        (lambda: dcgan_generator(10, seed=0), "from 0 to z_dim = 10"),
        (lambda: dcgan_generator(seed=0, choices=-1), "choices is -1"),
        (lambda: dcgan_discriminator(seed=0, channels=(16, 32)), "channels of the discriminator: expected 3"),
        (
            lambda: dcgan_discriminator(seed=0, channels=(16, 32, 0.5)),
            "channels of the discriminator must be",
        ),
        (lambda: dcgan_discriminator(seed=0, hidden=(0,)), "each of hidden must be an integer of at least 1"),
        (lambda: dcgan_generator(seed=0, choices=2.5), "choices must be an integer"),
    ],
)
def test_wrong_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_integers_may_be_numpys():
    n = np.int64
    for one, other in (
        (mlp((n(2), n(5), n(1)), seed=n(3)), mlp((2, 5, 1), seed=3)),
        (
            dcgan_generator(n(9), seed=n(3), choices=n(4), channels=n([6, 4]), hidden=n([5])),
            dcgan_generator(9, seed=3, choices=4, channels=(6, 4), hidden=(5,)),
        ),
        (dcgan_discriminator(seed=3, channels=n([3, 4, 5])), dcgan_discriminator(seed=3, channels=(3, 4, 5))),
        (
            modern_generator(n(9), seed=3, choices=n(4), channels=n([6, 4]), blocks=n([1, 0])),
            modern_generator(9, seed=3, choices=4, channels=(6, 4), blocks=(1, 0)),
        ),
        (modern_discriminator(seed=3, blocks=n([0, 1, 0])), modern_discriminator(seed=3, blocks=(0, 1, 0))),
    ):
        assert str(one) == str(other)
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


# --- the door ---


def test_the_door_hands_out_all_that_is_public_and_nothing_else():
    rooms = [inspect.getmodule(function) for function in (initialise, mlp, people_generator, start_small)]
    assert len(set(rooms)) == 4
    public = {
        name: thing
        for room in rooms
        for name, thing in vars(room).items()
        if not name.startswith("_") and getattr(thing, "__module__", None) == room.__name__
    }
    assert set(networks.__all__) == public.keys() | {"UPSAMPLINGS"} and len(networks.__all__) == 14
    assert all(getattr(networks, name) is thing for name, thing in public.items())
