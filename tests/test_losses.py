"""Penalties and the relativistic loss: paper answers, finite differences, and the same inside vmap."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers import data
from gan_helpers.losses import (
    L_D,
    L_G,
    LOSSES,
    one_centred,
    regularised,
    relativistic,
    slopes,
    squared_norms,
    with_gradient_penalty,
)
from gan_helpers.networks import dcgan_discriminator, mlp
from gan_helpers.training import play, play_many, stack

W = torch.tensor([3.0, -4.0], dtype=torch.float64)  # |w|² = 25


def linear(x):
    """D(x) = w·x for points in the plane; its slope is w everywhere."""
    return (x * W.to(x)).sum(1, keepdim=True)


def points(n, seed, d=2):
    return torch.randn(n, d, generator=data.make_generator(seed), dtype=torch.float64)


def zero_centred(D, x, gamma):
    """γ/2 · mean ‖∇D(x)‖², by another road than the package's: autograd on the samples."""
    x = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return gamma / 2 * slope.flatten(1).square().sum(1).mean()


# --- slopes ---


def test_the_slope_of_a_linear_score_is_its_weight_and_r1_is_half_gamma_times_its_square():
    x = points(7, 0)
    slope, score = slopes(linear, x)
    assert torch.equal(score, linear(x)) and torch.allclose(slope, W.expand(7, 2))
    assert torch.equal(squared_norms(slope), torch.full((7,), 25.0, dtype=torch.float64))
    penalised, plain = regularised(r1=0.1)[0](linear, x, x), L_D(linear, x, x)
    assert (penalised - plain).item() == pytest.approx(0.1 / 2 * 25, rel=1e-12)


def test_the_slope_agrees_with_finite_differences_and_with_autograd():
    D, x, h = mlp((3, 16, 1), seed=0).double(), points(5, 1, d=3), 1e-6
    slope = slopes(D, x)[0]
    for k in range(3):
        step = torch.zeros(3, dtype=torch.float64)
        step[k] = h
        difference = (D(x + step) - D(x - step)).squeeze(1) / (2 * h)
        assert torch.allclose(slope[:, k], difference, rtol=1e-6, atol=1e-8)
    y = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(D(y).sum(), y)
    assert torch.allclose(slope, expected, rtol=1e-12)


def test_the_norm_is_per_sample_and_sums_over_all_pixels():
    x = torch.randn(4, 1, 6, 6, generator=data.make_generator(2))
    slope, _ = slopes(lambda x: 2 * x.flatten(1).sum(1, keepdim=True), x)
    assert squared_norms(slope).shape == (4,)
    assert torch.allclose(squared_norms(slope), torch.full((4,), 4.0 * 36))
    with pytest.raises(ValueError, match="slopes"):
        squared_norms(torch.ones(3))


def test_a_loss_in_place_of_scores_is_refused():
    for D in (lambda x: x.mean(), lambda x: torch.cat([x, x])[:3, :1]):
        with pytest.raises(ValueError, match="expected scores"):
            slopes(D, torch.ones(4, 2))


@pytest.mark.parametrize("shape", [(1,), (1, 1)])
def test_the_mean_of_a_batch_is_refused_also_in_the_shape_of_a_score(shape):
    """Groups of samples (PacGAN) are scored together, a whole batch is not: slopes n times too small."""
    x, pairs_of = points(4, 0), lambda x: linear(x.view(2, -1, 2).sum(1))
    assert torch.allclose(slopes(pairs_of, x)[0], W.expand(4, 2))
    assert slopes(linear, x[:1])[1].shape == (1, 1)  # one sample is a batch of one
    with pytest.raises(ValueError, match=r"for 4 samples: expected scores \(n, 1\)"):
        slopes(lambda x: linear(x).mean().view(shape), x)


def forgetful(x):
    with torch.no_grad():
        hidden = 2 * x
    return linear(hidden)


CUT = {
    "detach before": lambda x: linear(x.detach()),
    "detach behind": lambda x: linear(x).detach(),
    "data": lambda x: linear(x.data),
    "no_grad": forgetful,
    "constant": lambda x: W.sum().expand(len(x), 1),
}


@pytest.mark.parametrize("name", CUT)
def test_scores_that_are_cut_off_from_x_are_refused(name):
    """A slope of 0 would be a penalty of 0, silently. autograd.grad says so, torch.func.grad does not."""
    x = points(4, 0)
    for take in (slopes, lambda D, x: regularised(r1=1.0)[0](D, x, x), lambda D, x: one_centred(D, x, x)):
        with pytest.raises(ValueError, match="cut off from its input"):
            take(CUT[name], x)
    assert not slopes(lambda x: 0 * linear(x), x)[0].any()  # a true slope of 0 is none of these
    with pytest.raises(ValueError, match="cut off from its input"):  # in a stack as well
        torch.func.vmap(lambda w: slopes(lambda x: (x.detach() * w).sum(1, keepdim=True), x)[0])(
            W.expand(3, 2)
        )
    with torch.no_grad():  # around D it does no harm
        assert torch.allclose(slopes(linear, x)[0], W.expand(4, 2))


def test_batch_norm_in_train_mode_is_named_with_its_remedies():
    x, y = torch.randn(2, 8, 1, 28, 28, generator=data.make_generator(0))
    D = dcgan_discriminator(seed=0)
    r1, penalty = regularised(r1=1.0)[0], with_gradient_penalty(LOSSES["hinge"])[0]
    for loss in (r1, penalty):
        with pytest.raises(ValueError, match=r"batch norm in train mode .*dcgan_discriminator\(norm=False\)"):
            loss(D, x, y)
    plain = dcgan_discriminator(seed=0, norm=False)
    assert r1(plain, x, y).item() == pytest.approx(
        (L_D(plain, x, y) + zero_centred(plain, x, 1.0)).item(), rel=1e-6
    )
    D.eval()
    assert r1(D, x, y).item() == pytest.approx((L_D(D, x, y) + zero_centred(D, x, 1.0)).item(), rel=1e-6)
    D.train()
    for layer in D:
        if isinstance(layer, nn.BatchNorm2d):
            layer.track_running_stats, layer.running_mean, layer.running_var = False, None, None
            layer.num_batches_tracked = None
    expected = (L_D(D, x, y) + zero_centred(D, x, 1.0)).item()  # the neighbours' scores count too
    assert r1(D, x, y).item() == pytest.approx(expected, rel=1e-5)


def test_other_errors_of_D_stay_what_they_are():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        slopes(mlp((3, 1), seed=0), torch.ones(4, 2))


def test_the_penalty_trains_the_discriminator():
    """Its gradient with respect to D: for D = w·x, ∂(γ/2 |w|²)/∂w = γ w. Without `create_graph` it is 0."""
    D, silent = nn.Linear(2, 1, bias=False).double(), (lambda D, x, y: 0.0, L_G)
    regularised(silent, r1=0.3)[0](D, points(5, 0), points(5, 1)).backward()
    assert torch.allclose(D.weight.grad, 0.3 * D.weight, rtol=1e-12)


# --- the penalty of WGAN-GP ---


def test_one_centred_on_a_linear_score():
    """|∇D| = 5 everywhere: weight · (5 - 1)²."""
    value = one_centred(linear, points(6, 0), points(6, 1), weight=10)
    assert value.item() == pytest.approx(160, rel=1e-12)


def test_one_centred_looks_at_points_between_real_and_fake():
    """D = x²/2 has slope x. Reals at 1, fakes at 0: ∫ (ε - 1)² dε = 1/3."""
    real, fake, seen = torch.ones(1000, 1).double(), torch.zeros(1000, 1).double(), []

    def D(x):
        seen.append(x.detach())
        return x.square() / 2

    value = one_centred(D, real, fake, weight=1)
    assert value.item() == pytest.approx(1 / 3, abs=1e-6)  # the midpoint rule's error: 1/(12 · 1000²)
    assert value.item() != pytest.approx(1 / 3, abs=1e-9)
    epsilon = torch.rand(1000, generator=data.make_generator(0)).double()
    drawn = one_centred(D, real, fake, weight=1, epsilon=epsilon)
    assert drawn.item() == pytest.approx((epsilon - 1).square().mean().item(), rel=1e-12)
    assert one_centred(D, real, fake, 1, torch.zeros(1000)).item() == pytest.approx(1)  # ε = 0: at the fakes
    assert one_centred(D, real, fake, 1, torch.ones(1000)).item() == pytest.approx(0)


def test_the_default_epsilon_is_uniform_whatever_the_pairs():
    D, real, fake = mlp((2, 32, 1), seed=3).double(), points(64, 0), points(64, 1) + 2
    many = [one_centred(D, real[k], fake[k], 1).item() for k in
            (torch.randperm(64, generator=data.make_generator(s)) for s in range(200))]  # fmt: skip
    source = data.make_generator(9)
    drawn = [one_centred(D, real, fake, 1, torch.rand(64, generator=source)).item() for _ in range(2000)]
    assert sum(many) / 200 == pytest.approx(sum(drawn) / 2000, rel=0.02)


def test_no_nan_at_a_slope_of_zero():
    D = nn.Linear(2, 1).double()
    nn.init.zeros_(D.weight)
    value = one_centred(D, points(4, 0), points(4, 1), weight=2)
    value.backward()
    assert value.item() == 2 and torch.equal(D.weight.grad, torch.zeros(1, 2).double())


def test_epsilon_and_batches_of_another_shape_are_refused():
    x = points(4, 0)
    for epsilon in (torch.ones(4, 1), torch.ones(()), torch.ones(3)):
        with pytest.raises(ValueError, match="one number per sample"):
            one_centred(linear, x, x, epsilon=epsilon)
    with pytest.raises(ValueError, match="one shape"):
        one_centred(linear, x, x[:3])


def test_epsilon_outside_0_to_1_is_refused():
    """x̂ would lie beyond the samples: seen in public code as randn for rand."""
    x, good = points(4, 0), torch.tensor([0.0, 0.3, 0.7, 1.0])
    assert one_centred(linear, x, x, epsilon=good).item() == pytest.approx(160)
    for wrong in (good + 0.01, good - 0.01, torch.tensor([0.5, 0.5, math.nan, 0.5])):
        with pytest.raises(ValueError, match=r"in \[0, 1\] \(torch.rand, not torch.randn\)"):
            one_centred(linear, x, x, epsilon=wrong)


# --- the relativistic pair ---


def test_the_relativistic_pair_on_paper():
    real, fake = torch.tensor([[1.0], [0.0]]), torch.tensor([[-1.0], [3.0]])
    D = lambda x: x  # noqa: E731
    softplus = [math.log1p(math.exp(t)) for t in (-2.0, 3.0)]
    assert relativistic[0](D, real, fake).item() == pytest.approx(sum(softplus) / 2, rel=1e-6)
    mirrored = [math.log1p(math.exp(t)) for t in (2.0, -3.0)]
    assert relativistic[1](D, real, fake).item() == pytest.approx(sum(mirrored) / 2, rel=1e-6)
    for k in (0, 1):
        assert relativistic[k](lambda x: 0 * x, real, fake).item() == pytest.approx(math.log(2))
        shifted = relativistic[k](lambda x: x + 7, real, fake)
        assert shifted.item() == pytest.approx(relativistic[k](D, real, fake).item(), rel=1e-5)
        with pytest.raises(ValueError, match="pairs"):
            relativistic[k](D, real, fake[:1])


# --- builders ---


@pytest.mark.parametrize(("r1", "r2"), [(0.3, 0.0), (0.0, 0.2), (0.3, 0.2)])
@pytest.mark.parametrize("loss", [(L_D, L_G), relativistic], ids=["logistic", "relativistic"])
def test_regularised_is_the_loss_plus_the_penalties(loss, r1, r2):
    D, x, y = mlp((2, 16, 1), seed=0).double(), points(8, 0), points(8, 1)
    value = regularised(loss, r1=r1, r2=r2)[0](D, x, y)
    expected = loss[0](D, x, y) + zero_centred(D, x, r1) + zero_centred(D, y, r2)
    assert torch.allclose(value, expected, rtol=1e-12)
    grads = [torch.autograd.grad(v, list(D.parameters())[:-1], retain_graph=True) for v in (value, expected)]
    for one, other in zip(*grads, strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)
    assert regularised(loss, r1=r1, r2=r2)[1] is loss[1]


def test_no_score_is_computed_twice_and_none_for_a_weight_of_zero():
    seen = []
    D = lambda x: (seen.append(len(x)), linear(x))[1]  # noqa: E731
    for weights, calls in (({}, 2), ({"r1": 0.1}, 2), ({"r1": 0.1, "r2": 0.1}, 2)):
        seen.clear()
        regularised((L_D, L_G), **weights)[0](D, points(4, 0), points(4, 1))
        assert len(seen) == calls


def test_a_tensor_weight_is_a_schedule():
    gamma = torch.tensor([0.0])
    loss, _ = regularised((L_D, L_G), r1=gamma)
    x, y = points(4, 0), points(4, 1)
    first = loss(linear, x, y).item()
    gamma.fill_(2.0)
    assert loss(linear, x, y).item() - first == pytest.approx(25, rel=1e-6)


def test_a_schedule_that_falls_below_zero_is_refused_when_it_does():
    gamma, x = torch.tensor(1.0), points(4, 0)
    losses = (regularised(r1=gamma), regularised(r2=gamma), with_gradient_penalty((L_D, L_G), gamma))
    for value, fine in ((0.0, True), (-0.1, False), (math.nan, False)):
        gamma.fill_(value)
        for loss, _ in losses:
            if fine:
                assert loss(linear, x, x).item() == pytest.approx(L_D(linear, x, x).item())
                continue
            with pytest.raises(ValueError, match="must be a number of at least 0"):
                loss(linear, x, x)


@pytest.mark.parametrize("weight", [np.float32(10), np.int64(10), Fraction(10), torch.tensor(10.0)])
def test_a_weight_may_be_any_real_number(weight):
    x = points(4, 0)
    assert one_centred(linear, x, x, weight).item() == pytest.approx(160, rel=1e-6)
    value = regularised(r1=weight)[0](linear, x, x) - L_D(linear, x, x)
    assert value.item() == pytest.approx(125, rel=1e-6) and isinstance(value, torch.Tensor)


def test_the_gradient_penalty_joins_any_loss():
    critic, x, y = LOSSES["Wasserstein, no constraint"], points(4, 0), points(4, 1)
    value = with_gradient_penalty(critic, 10)[0](linear, x, y)
    assert value.item() == pytest.approx((linear(y).mean() - linear(x).mean() + 160).item(), rel=1e-12)
    assert with_gradient_penalty(critic)[1] is critic[1]


WRONG = [-0.1, math.nan, math.inf, "0.1", True, 1j, None, torch.ones(2), torch.ones(1, 1)]
WRONG += [torch.tensor(-1.0), torch.tensor([math.nan]), torch.tensor(10), torch.tensor(True)]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_weight_must_be_one_number_of_at_least_zero(wrong):
    builders = [lambda: regularised(r1=wrong), lambda: regularised(r2=wrong)]
    builders += [lambda: with_gradient_penalty((L_D, L_G), wrong)]
    for build in builders:
        with pytest.raises(ValueError, match="must be"):
            build()


# --- in the loop ---

GAMES = {
    "R1 + R2": regularised((L_D, L_G), r1=0.1, r2=0.05),
    "relativistic + R1 + R2": regularised(relativistic, r1=0.1, r2=torch.tensor(0.1)),
    "WGAN-GP": with_gradient_penalty(LOSSES["Wasserstein, no constraint"], 0.5),
}


@pytest.mark.parametrize("name", GAMES)
def test_stacked_games_equal_single_games(name):
    def players(seed):
        return mlp((2, 8, 2), seed=2 * seed).double(), mlp((2, 8, 1), seed=2 * seed + 1).double()

    def sgd(params):
        return torch.optim.SGD(params, lr=0.05)

    def batches(seed):
        return data.batches(points(100, 0), 16, seed=seed, steps=20)

    Gs, Ds = zip(*map(players, (0, 1, 2)), strict=True)
    G, D = stack(Gs), stack(Ds)
    opts = sgd(G.params.values()), sgd(D.params.values())
    many = list(play_many(G, D, *opts, [batches(s) for s in range(3)], 2, seeds=[5, 6, 7], loss=GAMES[name]))
    G, D = players(1)
    alone = list(
        play(G, D, sgd(G.parameters()), sgd(D.parameters()), batches(1), 2, seed=6, loss=GAMES[name])
    )
    for (loss_D, loss_G), single in zip(many, alone, strict=True):
        assert (loss_D[1].item(), loss_G[1].item()) == pytest.approx(single, rel=1e-9)
    for one, other in zip([*G.parameters(), *D.parameters()], [*Gs[1].parameters(), *Ds[1].parameters()],
                          strict=True):  # fmt: skip
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)


def test_the_dirac_gan_with_r1_comes_to_rest_and_without_it_does_not():
    """At (θ, ψ) = (1, 1), step .2: the factor per round near 0 is .96954 with γ = .3, and 1 without R1."""

    class Point(nn.Module):
        def __init__(self):
            super().__init__()
            self.theta = nn.Parameter(torch.ones(1, dtype=torch.float64))

        def forward(self, z):
            return self.theta.expand(len(z), 1)

    saturating = LOSSES["saturating"]
    radius = {}
    for gamma in (0.0, 0.3):
        G, D = Point(), nn.Linear(1, 1, bias=False).double()
        nn.init.ones_(D.weight)
        opts = [torch.optim.SGD(p.parameters(), lr=0.2) for p in (G, D)]
        zeros = [torch.zeros(4, 1, dtype=torch.float64)] * 500
        list(play(G, D, *opts, zeros, 1, loss=regularised(saturating, r1=gamma)))
        radius[gamma] = math.hypot(G.theta.item(), D.weight.item())
    assert 1.2 < radius[0.0] < 1.6
    assert 0.5 < radius[0.3] / (math.sqrt(2) * 0.96954**500) < 2  # it turns, so the radius is no pure power


def test_softplus_identity_of_the_pair():
    """ζ(t) - ζ(-t) = t: the two relativistic losses differ by the mean difference of scores."""
    x, y = points(6, 0), points(6, 1)
    gap = relativistic[0](linear, x, y) - relativistic[1](linear, x, y)
    assert gap.item() == pytest.approx((linear(y) - linear(x)).mean().item(), rel=1e-12)
    assert F.softplus(torch.zeros(())).item() == pytest.approx(math.log(2))


def test_nothing_reads_the_global_random_state():
    before = torch.random.get_rng_state()
    one_centred(linear, points(4, 0), points(4, 1))
    assert torch.equal(before, torch.random.get_rng_state())
