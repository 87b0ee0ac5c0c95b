"""Exercise checks of notebook 10 (a modern GAN)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_helpers.checks import call, exercise, expect, number, same, smooth_net, trains, untouched


def _pairs(r: Tensor, f: Tensor) -> tuple[Tensor, Tensor]:
    return F.softplus(f - r).mean(), F.softplus(r - f).mean()


@exercise(
    1,
    {
        "the players are swapped: D wants its real score to be the higher one": lambda r, f: _pairs(f, r),
        "L_G = -L_D is the saturating form: G minimises ζ(D(x) - D(G(z)))": lambda r, f: (
            _pairs(r, f)[0],
            -_pairs(r, f)[0],
        ),
        "both players minimise the same thing: for G the difference changes its sign": lambda r, f: (
            _pairs(r, f)[0],
            _pairs(r, f)[0],
        ),
        "these are the ordinary losses, each score against 0: take the difference of a pair": lambda r, f: (
            (F.softplus(-r) + F.softplus(f)).mean(),
            F.softplus(-f).mean(),
        ),
        "that is everyone against everyone, a table (n, n): pair number i has real i and fake i": (
            lambda r, f: (
                F.softplus(f - r.T).mean(),
                F.softplus(r.T - f).mean(),
            )
        ),
        "that pairs each with the other side's mean (the 'average' variant): pair number i has real i": (
            lambda r, f: (F.softplus(f - r.mean()).mean(), F.softplus(r.mean() - f).mean())
        ),
        "ζ of the mean difference is not the mean of ζ": lambda r, f: (
            F.softplus((f - r).mean()),
            F.softplus((r - f).mean()),
        ),
        "a sum over the batch: take the mean": lambda r, f: (
            F.softplus(f - r).sum(),
            F.softplus(r - f).sum(),
        ),
        "right for batches of four only: take the mean": lambda r, f: (
            F.softplus(f - r).sum() / 4,
            F.softplus(r - f).sum() / 4,
        ),
    },
)
def check_1(answer: object, mistakes: dict) -> None:
    """`pair_losses(score_real, score_fake)`: the relativistic pair (L_D, L_G), pair by pair."""
    real = torch.tensor([[1.0], [-0.5], [2.0], [0.3]], dtype=torch.float64, requires_grad=True)
    fake = torch.tensor([[-1.0], [0.7], [1.5], [-2.0]], dtype=torch.float64, requires_grad=True)
    r, f = real.detach(), fake.detach()
    same(answer, _pairs, mistakes, (r.float(), f.float()), (r[:3] + 1, f[1:]), (100 * r, -100 * f))
    losses = call(lambda: answer(1000 * r, -1000 * f))
    expect(all(map(math.isfinite, losses)), "log(1 + exp(t)) overflows for large t: take F.softplus")
    trains(lambda: answer(real, fake)[0], {"score_real": real, "score_fake": fake})
    trains(lambda: answer(real, fake)[1], {"score_fake": fake})


def _score(x: Tensor) -> Tensor:
    weights = torch.linspace(-1, 2, x[0].numel(), dtype=x.dtype)
    return (x.flatten(1) @ weights[:, None] + 1) + 0.3 * x.flatten(1).square().sum(1, keepdim=True)


def _forward(D: Callable, x: Tensor, noise: Tensor, sigma: float) -> Tensor:
    return D(x + sigma * noise) - D(x)


def _estimate(
    mean: Callable = lambda gap, s: gap.square().mean() / s**2, difference: Callable = _forward
) -> Callable:
    """`cheap_r1` with another mean of differences, or other differences."""
    return lambda D, x, noise, sigma, gamma: gamma / 2 * mean(difference(D, x, noise, sigma), sigma)


_BACKWARD = _estimate(difference=lambda D, x, noise, s: D(x) - D(x - s * noise))
_CENTRAL = _estimate(difference=lambda D, x, noise, s: D(x + s / 2 * noise) - D(x - s / 2 * noise))
_WIDE = _estimate(difference=lambda D, x, noise, s: (D(x + s * noise) - D(x - s * noise)) / 2)


def _r1(D: Callable, x: Tensor, noise: Tensor, sigma: float, gamma: float) -> Tensor:
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return gamma / 2 * slope.flatten(1).square().sum(1).mean()


@exercise(
    2,
    {
        "divide by σ²: the difference is about σ times a slope": _estimate(
            lambda gap, s: gap.square().mean()
        ),
        "divided by σ, but the difference was squared: divide by σ²": _estimate(
            lambda gap, s: gap.square().mean() / s
        ),
        "the ½ of γ/2 is missing": _estimate(lambda gap, s: 2 * gap.square().mean() / s**2),
        "γ is missing": lambda D, x, noise, s, gamma: _estimate()(D, x, noise, s, 1.0),
        "absolute differences: R1 is the mean of squares": _estimate(lambda gap, s: gap.abs().mean() / s**2),
        "square first, then take the mean: positive and negative differences must not cancel": _estimate(
            lambda gap, s: gap.mean().square() / s**2
        ),
        "a sum over the batch: take the mean": _estimate(lambda gap, s: gap.square().sum() / s**2),
        "the noise is not scaled by σ: compare D at x and at x + σ · noise": _estimate(
            difference=lambda D, x, noise, s: D(x + noise) - D(x)
        ),
        "that is D's square at the noise: compare D at x and at x + σ · noise": _estimate(
            lambda gap, s: gap.square().mean(), lambda D, x, noise, s: D(noise)
        ),
        "unscaled noise, not divided: step by σ · noise and undo the σ²": _estimate(
            lambda gap, s: gap.square().mean(), lambda D, x, noise, s: D(x + noise) - D(x)
        ),
        "that is R1 itself: here estimate it without a gradient": _r1,
        "right for six images only: take the mean": _estimate(lambda gap, s: gap.square().sum() / 6 / s**2),
    },
)
def check_2(answer: object, mistakes: dict) -> None:
    """`cheap_r1(D, x, noise, sigma, gamma)`: γ/2 · mean (D(x + σ noise) - D(x))² / σ²."""
    source = torch.Generator().manual_seed(3)
    x, noise = torch.randn(2, 6, 1, 2, 2, generator=source, dtype=torch.float64)
    case = _score, x, noise, 0.25, 3.0
    value, right = call(answer, *case), _estimate()
    for other in (_BACKWARD, _CENTRAL, _WIDE):
        if torch.is_tensor(value) and torch.allclose(value, other(*case), rtol=1e-4):
            right = other
    same(answer, right, mistakes, case, (_score, x[:4], noise[:4], 0.1, 1.0))
    D = smooth_net(4, 5, 1)
    with untouched(D):
        call(lambda x, noise: answer(D, x, noise, 0.25, 3.0), x, noise)
    trains(lambda: answer(D, x, noise, 0.25, 3.0), {"D's weights": D.parameters()})


def _step(slope: Callable, factor: Callable) -> Callable:
    """`after_one_step` with another slope of the score (theta, c), or another factor of c θ²."""
    return lambda theta, c, rate: theta - rate * slope(theta, c) * factor(c * theta**2)


def _slope(theta: float, c: float) -> float:
    return c * theta


def _factor(square: float) -> float:
    return 1 / (1 + math.exp(-square / 2))


_RIGHT_STEP = _step(_slope, _factor)


@exercise(
    3,
    {
        "that goes uphill: a step goes against the slope of the loss": _step(
            lambda theta, c: -c * theta, _factor
        ),
        "softplus has a slope, too: σ of the difference of the scores": _step(_slope, lambda square: 1),
        "σ of minus the difference: what is G's difference, real minus fake or fake minus real?": _step(
            _slope, lambda square: 1 - _factor(square)
        ),
        "inside σ the difference of the scores is c θ²/2": _step(_slope, lambda square: _factor(2 * square)),
        "inside σ stands the difference of the scores, not a slope": lambda theta, c, rate: (
            theta - rate * c * theta * _factor(2 * c * theta)
        ),
        "the derivative of c θ²/2 is c θ": _step(lambda theta, c: c * theta / 2, _factor),
        "the slope of the score holds θ: the derivative of c θ²/2": _step(lambda theta, c: c, _factor),
        "that is how far the fake moves: where is it then?": lambda theta, c, rate: (
            _RIGHT_STEP(theta, c, rate) - theta
        ),
        "the rate is missing": lambda theta, c, rate: _RIGHT_STEP(theta, c, 1.0),
    },
)
def check_3(answer: object, mistakes: dict) -> None:
    """`after_one_step(theta, c, rate)`: θ - rate · c θ · σ(c θ²/2)."""
    cases = (1.5, 0.8, 0.3), (1.0, 10.0, 0.3), (-2.0, 0.5, 0.1), (3.0, 2.0, 0.2)
    same(lambda *case: number(answer(*case)), _RIGHT_STEP, mistakes, *cases)


@exercise(
    4,
    {
        "a weight times s has a square times s²": lambda L, s, a: (1 + a * s) ** L,
        "blocks multiply, they do not add": lambda L, s, a: 1 + L * a * s**2,
        "the input is added to the branch: 1 + …": lambda L, s, a: (a * s**2) ** L,
        "that is a single block": lambda L, s, a: 1 + a * s**2,
        "that is a root mean square: the question is about the mean square": lambda L, s, a: (
            (1 + a * s**2) ** (L / 2)
        ),
        "amplitudes do not add here: x and f(x) are uncorrelated, so their squares do": lambda L, s, a: (
            (1 + math.sqrt(a) * s) ** (2 * L)
        ),
        "that is the limit of many blocks with s = L^(-1/2): use `blocks` and `scale`": lambda L, s, a: (
            math.exp(L * a * s**2)
        ),
    },
)
def check_4(answer: object, mistakes: dict) -> None:
    """`behind(blocks, scale, a)`: (1 + a scale²)^blocks."""
    cases = (12, 0.3, 0.67), (3, 1.0, 0.5), (40, 0.1, 2.0)
    same(answer, lambda L, s, a: (1 + a * s**2) ** L, mistakes, *cases)
