"""Exercise checks of notebook 04 (the 2-D laboratory)."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers.checks import call, compare, exercise, expect, number
from gan_helpers.networks import mlp


@exercise(1)
def check_1(answer: object) -> None:
    """`share_within(k)`: 1 - exp(-k²/2)."""
    k = 1.7
    compare(
        call(answer, k),
        1 - math.exp(-(k**2) / 2),
        mistakes={
            "that is the share on a line: in the plane there is more room far out": math.erf(
                k / math.sqrt(2)
            ),
            "that is the share on a line, squared: a square with sides ±kσ, not a disc": math.erf(
                k / math.sqrt(2)
            )
            ** 2,
            "that is the share outside": math.exp(-(k**2) / 2),
            "the factor ½ in the exponent is missing": 1 - math.exp(-(k**2)),
            "the distance must be squared in the exponent": 1 - math.exp(-k / 2),
            "that is right for 3 only: use k": 1 - math.exp(-4.5),
        },
    )
    far = number(call(answer, 3.0))
    expect(abs(far - 0.98889) < 1e-4, f"within 3σ expected 0.98889, got {far:.5f}")


@exercise(2)
def check_2(answer: object) -> None:
    """`generators_turn(step, d_steps)`: step % d_steps == 0."""
    d_steps = 5
    turns = [call(answer, step, d_steps) for step in range(1, 601)]
    expect(
        all(isinstance(turn, bool) for turn in turns),
        f"expected True or False, got {turns[0]!r}: compare with something",
    )
    count = sum(turns)
    expect(count != 600, "the generator moves after every batch: d_steps has no effect")
    expect(count != 0, "the generator never moves in 600 batches")
    expect(
        count != 480,
        "turned round: the generator moves 480 times in 600 batches, so it moves four times as often as it "
        "waits, and D is starved",
    )
    expect(
        count != 500, "the generator moves after five batches of every six: the test is the wrong way round"
    )
    expect(count != 100, "once in d_steps + 1 batches: the generator's move needs no batch of its own")
    expect(count == 120, f"in 600 batches with d_steps = 5 expected 120 moves of G, got {count}")
    expect(not turns[0], "the generator moves after the first batch, before D had its five moves")
    expect(turns[4] and turns[9], "the first moves of G belong after batches 5 and 10")
    expect(
        all(call(answer, step, 1) is True for step in (1, 2, 3)),
        "with d_steps = 1 the generator moves each time",
    )
    expect(
        [step for step in range(1, 13) if call(answer, step, 3)] == [3, 6, 9, 12],
        "that is right for d_steps = 5 and 1 only: with 3 the generator moves after batches 3, 6, 9, 12",
    )


def _shared(player: nn.Module) -> nn.Module:
    """The player, protected from `call`'s copies: what the answer does to its gradients can be seen."""
    player.__deepcopy__ = lambda memo: player
    return player


class _Hills(nn.Module):
    """A score with a slope that is known: s(x) = a·x² + b·y."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.7, -1.3]))

    def forward(self, x):
        return (self.weight[0] * x[..., :1] ** 2) + self.weight[1] * x[..., 1:]


@exercise(3)
def check_3(answer: object) -> None:
    """`pull(D, x_fake)`: -∂ζ(-D(x))/∂x = σ(-D) ∇D, per point."""
    D = _shared(_Hills())
    D.weight.grad = torch.ones(2)  # what a move of G may have left: not the answer's to touch
    x = torch.tensor([[0.5, 0.2], [-1.5, 1.0], [2.0, -1.0], [0.1, 3.0]])
    with torch.no_grad():
        s = D(x)
        slope = torch.stack([2 * D.weight[0] * x[:, 0], D.weight[1].expand(len(x))], 1)
    right = torch.sigmoid(-s) * slope
    value = call(answer, D, x)
    left = D.weight.grad
    expect(
        left is not None and left.any(),
        "the gradients that D held are wiped out: use torch.autograd.grad, which needs no zero_grad",
    )
    expect(
        torch.equal(left, torch.ones(2)),
        "D's parameters now hold other gradients: use torch.autograd.grad, not backward",
    )
    compare(
        value,
        right,
        mistakes={
            "these arrows are too short by the size of the batch: one loss per point, so sum, not mean": right
            / len(x),
            "the arrows point away from the data: descend L_G, with a minus": -right,
            "uphill in L_G, and averaged over the batch": -right / len(x),
            "that is ∇D alone: the loss weights each point by 1 - P": slope,
            "weighted by P, as the saturating loss does: it must be 1 - P": torch.sigmoid(s) * slope,
            "all arrows are of length 1: the length is the message": F.normalize(right, dim=1),
        },
    )
    few = call(answer, D, x[:2])
    expect(
        torch.is_tensor(few) and few.shape == (2, 2) and torch.allclose(few, right[:2], rtol=1e-4),
        "that is right for a batch of four only: with two of the points their arrows change",
    )


@exercise(4)
def check_4(answer: object) -> None:
    """`with_r1(gamma)`: a loss for `play`, L_D + γ/2 E‖∇D(x_real)‖²."""
    gamma, n = 0.6, 8
    loss = call(answer, gamma)
    expect(callable(loss), "with_r1(gamma) must return a function of (D, x_real, x_fake)")
    source = torch.Generator().manual_seed(0)
    x_real, x_fake = torch.randn(n, 2, generator=source), 2 + torch.randn(n, 2, generator=source)
    D = _shared(mlp((2, 8, 1), seed=3).double())
    x_real, x_fake = x_real.double(), x_fake.double()

    def squares(x):
        return torch.func.grad(lambda u: D(u).sum())(x).square().sum(1)

    plain = F.softplus(-D(x_real)).mean() + F.softplus(D(x_fake)).mean()
    at_real, at_fake = squares(x_real), squares(x_fake)
    right = plain + gamma / 2 * at_real.mean()
    value = call(loss, D, x_real, x_fake)
    expect(isinstance(value, torch.Tensor), f"return a tensor, for `backward`: got {type(value).__name__}")
    compare(
        value.detach(),
        right.item(),
        mistakes={
            "the penalty is missing": plain.item(),
            "the loss of the game is missing: add the penalty to L_D": (gamma / 2 * at_real.mean()).item(),
            "the slope is taken at the fakes: that is R2": (plain + gamma / 2 * at_fake.mean()).item(),
            "the factor ½ is missing": (plain + gamma * at_real.mean()).item(),
            "the norm must be squared": (plain + gamma / 2 * at_real.sqrt().mean()).item(),
            "summed over the batch: take the mean": (plain + gamma / 2 * at_real.sum()).item(),
            "the slope of the mean score is too small by the batch size: differentiate the sum": (
                plain + gamma / 2 * at_real.mean() / n**2
            ).item(),
            "averaged over the two coordinates: a squared norm is their sum": (
                plain + gamma / 4 * at_real.mean()
            ).item(),
            "the penalty has the wrong sign: steepness must cost": (
                plain - gamma / 2 * at_real.mean()
            ).item(),
        },
        rtol=1e-5,
    )
    other = call(call(answer, gamma / 6), D, x_real, x_fake)
    expect(
        abs(number(torch.as_tensor(other).detach()) - (plain + gamma / 12 * at_real.mean()).item()) < 1e-5,
        "that is right for one gamma only: use the argument",
    )
    expect(value.requires_grad, "the loss is cut off from D: return it without detach, item or no_grad")
    wanted = torch.autograd.grad(right, list(D.parameters()), retain_graph=True, allow_unused=True)
    got = torch.autograd.grad(value, list(D.parameters()), allow_unused=True)
    gaps = [
        0.0 if w is None else float("inf") if g is None else (w - g).abs().max().item()
        for w, g in zip(wanted, got, strict=True)
    ]
    expect(
        max(gaps) < 1e-6,
        "the value is right, but the penalty sends no gradient to D: pass create_graph=True to autograd.grad",
    )


@exercise(5)
def check_5(answer: object) -> None:
    """`total(losses)`: (seeds, batch) -> number; each seed must get the gradient of its own mean."""
    losses = torch.tensor([[0.2, 1.4, 0.7, 0.5], [2.0, 0.1, 0.4, 1.1], [0.3, 0.6, 3.0, 0.2]])
    batch = losses.shape[1]
    leaf = losses.clone().requires_grad_()
    # The gradient is needed below, so the answer gets the leaf itself and not `call`'s copy.
    value = call((lambda: answer(leaf)) if callable(answer) else answer)
    expect(
        not (isinstance(value, torch.Tensor) and value.ndim == 1),
        "one number per seed cannot be differentiated: bring the seeds together, too",
    )
    compare(
        value.detach() if isinstance(value, torch.Tensor) else value,
        losses.mean(1).sum().item(),
        mistakes={
            "the mean over everything divides a seed's gradient by the number of seeds": losses.mean().item(),
            "the sum over everything multiplies each seed's gradient by the batch size": losses.sum().item(),
            "the axes are swapped: the mean is over the batch, axis 1": losses.mean(0).sum().item(),
            "the largest seed alone gets a gradient": losses.mean(1).max().item(),
            "the product mixes the seeds: each gradient would be scaled by the others' losses": losses.mean(1)
            .prod()
            .item(),
        },
    )
    for shape, hint in (((3, 5), "batches of four"), ((2, 4), "three seeds")):
        other = torch.arange(math.prod(shape)).float().view(shape)
        expect(
            abs(number(call(answer, other)) - other.mean(1).sum().item()) < 1e-4,
            f"that is right for {hint} only: use an axis, or losses.shape",
        )
    expect(isinstance(value, torch.Tensor) and value.requires_grad, "keep it a tensor: `backward` needs it")
    (gradient,) = torch.autograd.grad(value, leaf)
    expect(
        torch.allclose(gradient, torch.full_like(gradient, 1 / batch)),
        "the gradient of a seed is not its own",
    )
