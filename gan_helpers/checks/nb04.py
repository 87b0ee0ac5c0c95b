"""Exercise checks of notebook 04 (the 2-D laboratory)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_helpers.checks import call, exercise, expect, same, smooth_net, trains, untouched


@exercise(
    1,
    {
        "that is the share on a line: in the plane there is more room far out": lambda k: math.erf(
            k / 2**0.5
        ),
        "that is the share on a line, squared: a square with sides ±kσ, not a disc": lambda k: (
            math.erf(k / 2**0.5) ** 2
        ),
        "that is the share outside": lambda k: math.exp(-(k**2) / 2),
        "the factor ½ in the exponent is missing": lambda k: 1 - math.exp(-(k**2)),
        "the distance must be squared in the exponent": lambda k: 1 - math.exp(-k / 2),
        "that is right for 3 only: use k": lambda k: 1 - math.exp(-4.5),
    },
)
def check_1(answer: object, mistakes: dict) -> None:
    """`share_within(k)`: 1 - exp(-k²/2)."""
    same(answer, lambda k: 1 - math.exp(-(k**2) / 2), mistakes, (1.7,), (3.0,), (0.4,))


@exercise(
    2,
    {
        "d_steps has no effect: G would move after every batch": lambda n, d, g: n * g,
        "g_steps has no effect: in one turn G may move more than once": lambda n, d, g: n // d,
        "g_steps divides: more moves in a turn cannot mean fewer moves": lambda n, d, g: n // (d * g),
        "one batch of every d_steps + 1 for G: its moves use up no batch": lambda n, d, g: n // (d + 1) * g,
        "G's moves use up no batch: a turn comes every d_steps batches": lambda n, d, g: n // (d + g) * g,
        "that is how the public notebook did it: five batches of every six": lambda n, d, g: (
            (n - n // (d + 1)) * g
        ),
        "a part of a move: the unfinished set at the end brings G no turn": lambda n, d, g: n / d * g,
        "the unfinished set at the end counts in part: round down before you multiply": lambda n, d, g: (
            n * g // d
        ),
        "the unfinished set at the end brings G no turn: round down": lambda n, d, g: -(-n // d) * g,
        "these are the moves of D: one for every batch": lambda n, d, g: n,
    },
)
def check_2(answer: object, mistakes: dict) -> None:
    """`moves_of_G(batches, d_steps, g_steps)`: batches // d_steps * g_steps."""
    same(answer, lambda n, d, g: n // d * g, mistakes, (23, 5, 3), (600, 5, 1), (7, 1, 2), (4, 5, 1))


class _Hills(nn.Module):
    """A score with a slope that is known: s(x) = a·x² + b·y."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.7, -1.3]))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight[0] * x[..., :1] ** 2 + self.weight[1] * x[..., 1:]

    def slope(self, x: Tensor) -> Tensor:
        a, b = self.weight.detach()
        return torch.stack([2 * a * x[:, 0], b.expand(len(x))], 1)


def _arrows(D: _Hills, x: Tensor) -> Tensor:
    return torch.sigmoid(-D(x).detach()) * D.slope(x)


@exercise(
    3,
    {
        "these arrows are too short by the size of the batch: one loss per point, so sum, not mean": (
            lambda D, x: _arrows(D, x) / len(x)
        ),
        "the arrows point away from the data: descend L_G, with a minus": lambda D, x: -_arrows(D, x),
        "uphill in L_G, and averaged over the batch": lambda D, x: -_arrows(D, x) / len(x),
        "that is ∇D alone: the loss weights each point by 1 - P": lambda D, x: D.slope(x),
        "weighted by P, as the saturating loss does: it must be 1 - P": lambda D, x: (
            torch.sigmoid(D(x).detach()) * D.slope(x)
        ),
        "all arrows are of length 1: the length is the message": lambda D, x: F.normalize(
            _arrows(D, x), dim=1
        ),
        "that is right for a batch of four only: with two of the points their arrows change": lambda D, x: (
            4 * _arrows(D, x) / len(x)
        ),
    },
)
def check_3(answer: object, mistakes: dict) -> None:
    """`pull(D, x_fake)`: -∂ζ(-D(x))/∂x = σ(-D) ∇D, per point."""
    D = _Hills()
    x = torch.tensor([[0.5, 0.2], [-1.5, 1.0], [2.0, -1.0], [0.1, 3.0]])
    wrong = {hint: lambda x, mistake=mistake: mistake(D, x) for hint, mistake in mistakes.items()}
    with untouched(D):
        call(lambda x: answer(D, x), x)
    same(lambda x: answer(D, x), lambda x: _arrows(D, x), wrong, (x,), (x[:2],))


_GRAPH = "the penalty sends no gradient to D: pass create_graph=True to autograd.grad"


def _with_r1(
    total: Callable = lambda game, slope, gamma: game + gamma / 2 * slope.square().sum(1).mean(),
    real: bool = True,
    mean: bool = False,
    graph: bool = True,
) -> Callable:
    """The answer, with one of its parts replaced."""

    def with_r1(gamma: float) -> Callable:
        def loss(D: nn.Module, x_real: Tensor, x_fake: Tensor) -> Tensor:
            x = (x_real if real else x_fake).detach().requires_grad_()
            score = D(x).mean() if mean else D(x).sum()
            (slope,) = torch.autograd.grad(score, x, create_graph=graph)
            return total(F.softplus(-D(x_real)).mean() + F.softplus(D(x_fake)).mean(), slope, gamma)

        return loss

    return with_r1


@exercise(
    4,
    {
        "the penalty is missing": _with_r1(lambda game, slope, gamma: game),
        "the loss of the game is missing: add the penalty to L_D": _with_r1(
            lambda game, slope, gamma: gamma / 2 * slope.square().sum(1).mean()
        ),
        "the slope is taken at the fakes: that is R2": _with_r1(real=False),
        "the factor ½ is missing": _with_r1(
            lambda game, slope, gamma: game + gamma * slope.square().sum(1).mean()
        ),
        "the norm must be squared": _with_r1(
            lambda game, slope, gamma: game + gamma / 2 * slope.norm(dim=1).mean()
        ),
        "summed over the batch: take the mean": _with_r1(
            lambda game, slope, gamma: game + gamma / 2 * slope.square().sum()
        ),
        "the slope of the mean score is too small by the batch size: differentiate the sum": _with_r1(
            mean=True
        ),
        "averaged over the two coordinates: a squared norm is their sum": _with_r1(
            lambda game, slope, gamma: game + gamma / 2 * slope.square().mean()
        ),
        "the penalty has the wrong sign: steepness must cost": _with_r1(
            lambda game, slope, gamma: game - gamma / 2 * slope.square().sum(1).mean()
        ),
        "that is right for one gamma only: use the argument": _with_r1(
            lambda game, slope, gamma: game + 0.3 * slope.square().sum(1).mean()
        ),
        _GRAPH: _with_r1(graph=False),
    },
)
def check_4(answer: object, mistakes: dict) -> None:
    """`with_r1(gamma)`: a loss for `play`, L_D + γ/2 E‖∇D(x_real)‖²."""
    hint = "with_r1(gamma) must return a function of (D, x_real, x_fake)"
    expect(callable(call(answer, 0.6)), hint)
    D, source = smooth_net(2, 8, 1), torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 8, 2, generator=source, dtype=torch.float64)
    with untouched(D):
        call(lambda real, fake: answer(0.6)(D, real, fake), real, fake)

    def value(with_r1: Callable) -> Callable:
        return lambda gamma, real, fake: with_r1(gamma)(D, real, fake)

    wrong = {hint: value(mistake) for hint, mistake in mistakes.items() if hint is not _GRAPH}
    cases = (0.6, real, fake), (0.1, real, fake), (0.6, real[:3], fake[:5])
    same(value(answer), value(_with_r1()), wrong, *cases, rtol=1e-5)
    trains(lambda: answer(0.6)(D, real, fake), {"D's weights": D.parameters()}, _GRAPH)


@exercise(
    5,
    {
        "one number per seed cannot be differentiated: bring the seeds together, too": lambda losses: (
            losses.mean(1)
        ),
        "the mean over everything divides a seed's gradient by the number of seeds": lambda losses: (
            losses.mean()
        ),
        "the sum over everything multiplies each seed's gradient by the batch size": lambda losses: (
            losses.sum()
        ),
        "the axes are swapped: the mean is over the batch, axis 1": lambda losses: losses.mean(0).sum(),
        "the largest seed alone gets a gradient": lambda losses: losses.mean(1).max(),
        "the product mixes the seeds: each gradient would be scaled by the others' losses": lambda losses: (
            losses.mean(1).prod()
        ),
        "that is right for batches of four only: use an axis, or losses.shape": lambda losses: (
            losses.sum() / 4
        ),
        "that is right for three seeds only: use an axis, or losses.shape": lambda losses: losses.mean() * 3,
    },
)
def check_5(answer: object, mistakes: dict) -> None:
    """`total(losses)`: (seeds, batch) -> number; each seed must get the gradient of its own mean."""
    losses = torch.tensor([[0.2, 1.4, 0.7, 0.5], [2.0, 0.1, 0.4, 1.1], [0.3, 0.6, 3.0, 0.2]])
    cases = [(losses,), (torch.arange(15.0).view(3, 5),), (torch.arange(8.0).view(2, 4),)]
    same(answer, lambda losses: losses.mean(1).sum(), mistakes, *cases)
    leaf = losses.double().requires_grad_()
    trains(lambda: answer(leaf), {"losses": leaf})
