"""Exercise checks of notebook 10 (a modern GAN)."""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from gan_helpers.checks import call, compare, exercise, expect, number


@exercise(1)
def check_1(answer: object) -> None:
    """`pair_losses(score_real, score_fake)`: the relativistic pair (L_D, L_G), pair by pair."""
    real = torch.tensor([[1.0], [-0.5], [2.0], [0.3]])
    fake = torch.tensor([[-1.0], [0.7], [1.5], [-2.0]])
    value = call(answer, real, fake)
    expect(isinstance(value, tuple | list) and len(value) == 2, "return two numbers: (loss_D, loss_G)")
    table = fake - real.T
    right = torch.stack([F.softplus(fake - real).mean(), F.softplus(real - fake).mean()])
    compare(
        torch.tensor([number(v) for v in value], dtype=torch.float64),
        right.double(),
        mistakes={
            "the players are swapped: D wants its real score to be the higher one": right.flip(0),
            "L_G = -L_D is the saturating form: G minimises ζ(D(x) - D(G(z)))": torch.stack(
                [right[0], -right[0]]
            ),
            "both players minimise the same thing: for G the difference changes its sign": right[[0, 0]],
            "these are the ordinary losses, each score against 0: take the difference of a pair": torch.stack(
                [(F.softplus(-real) + F.softplus(fake)).mean(), F.softplus(-fake).mean()]
            ),
            "that is everyone against everyone, a table (n, n): pair number i has real i and fake i": (
                torch.stack([F.softplus(table).mean(), F.softplus(-table).mean()])
            ),
            "that pairs each with the other side's mean (the 'average' variant): pair number i has real i": (
                torch.stack([F.softplus(fake - real.mean()).mean(), F.softplus(real.mean() - fake).mean()])
            ),
            "ζ of the mean difference is not the mean of ζ": torch.stack(
                [F.softplus((fake - real).mean()), F.softplus((real - fake).mean())]
            ),
            "a sum over the batch: take the mean": 4 * right,
        },
    )


def _score(x: torch.Tensor) -> torch.Tensor:
    weights = torch.linspace(-1, 2, x[0].numel(), dtype=x.dtype, device=x.device)
    return (x.flatten(1) @ weights[:, None] + 1) + 0.3 * x.flatten(1).square().sum(1, keepdim=True)


@exercise(2)
def check_2(answer: object) -> None:
    """`cheap_r1(D, x, noise, sigma, gamma)`: γ/2 · mean (D(x + σ noise) - D(x))² / σ²."""
    source = torch.Generator().manual_seed(3)
    x, noise = (torch.randn(6, 1, 2, 2, generator=source, dtype=torch.float64) for _ in range(2))
    sigma, gamma = 0.25, 3.0
    gap = (_score(x + sigma * noise) - _score(x)).squeeze(1)
    right = gamma / 2 * gap.square().mean() / sigma**2
    slope = torch.linspace(-1, 2, 4, dtype=torch.float64) + 0.6 * x.flatten(1)
    compare(
        call(answer, _score, x, noise, sigma, gamma),
        right.item(),
        mistakes={
            "divide by σ²: the difference is about σ times a slope": (right * sigma**2).item(),
            "divided by σ, but the difference was squared: divide by σ²": (right * sigma).item(),
            "the ½ of γ/2 is missing": (2 * right).item(),
            "γ is missing": (right / gamma).item(),
            "absolute differences: R1 is the mean of squares": (
                gamma / 2 * gap.abs().mean() / sigma**2
            ).item(),
            "square first, then take the mean: positive and negative differences must not cancel": (
                gamma / 2 * gap.mean().square() / sigma**2
            ).item(),
            "a sum over the batch: take the mean": (6 * right).item(),
            "the noise is not scaled by σ: compare D at x and at x + σ · noise": (
                gamma / 2 * (_score(x + noise) - _score(x)).square().mean() / sigma**2
            ).item(),
            "that is D's square at the noise: compare D at x and at x + σ · noise": (
                gamma / 2 * _score(noise).square().mean()
            ).item(),
            "unscaled noise, not divided: step by σ · noise and undo the σ²": (
                gamma / 2 * (_score(x + noise) - _score(x)).square().mean()
            ).item(),
            "that is R1 itself: here estimate it without a gradient": (
                gamma / 2 * slope.square().sum(1).mean()
            ).item(),
        },
    )


@exercise(3)
def check_3(answer: object) -> None:
    """`behind(blocks, scale, a)`: (1 + a scale²)^blocks."""
    L, s, a = 12, 0.3, 0.67
    compare(
        call(answer, L, s, a),
        (1 + a * s**2) ** L,
        mistakes={
            "a weight times s has a square times s²": (1 + a * s) ** L,
            "blocks multiply, they do not add": 1 + L * a * s**2,
            "the input is added to the branch: 1 + …": (a * s**2) ** L,
            "that is a single block": 1 + a * s**2,
            "that is a root mean square: the question is about the mean square": (1 + a * s**2) ** (L / 2),
            "amplitudes do not add here: x and f(x) are uncorrelated, so their squares do": (
                (1 + math.sqrt(a) * s) ** (2 * L)
            ),
        },
    )


@exercise(4)
def check_4(answer: object) -> None:
    """`at(part, first, last)`: half a cosine from first to last, constant outside [0, 1]."""
    first, last, parts = 8.0, 2.0, (0.0, 0.25, 0.5, 1.0)
    got = torch.tensor([number(call(answer, p, first, last)) for p in parts], dtype=torch.float64)
    t = torch.tensor(parts, dtype=torch.float64)
    half = (1 + torch.cos(math.pi * t)) / 2
    compare(
        got,
        last + (first - last) * half,
        mistakes={
            "turned round: at the start it must be `first`, at the end `last`": first + (last - first) * half,
            "that is a straight line: flat at both ends is what the cosine is for": first
            + (last - first) * t,
            "a whole cosine comes back to where it began: half a period, cos(π part)": last
            + (first - last) * (1 + torch.cos(2 * math.pi * t)) / 2,
            "it ends at 0: it should end at `last`": first * half,
            "cos runs from 1 to -1: bring it to 1 … 0 first": last + (first - last) * torch.cos(math.pi * t),
            "a quarter of a cosine falls ever faster and ends with a kink: use half a period": last
            + (first - last) * torch.cos(math.pi * t / 2),
            "that is geometric, along a cosine: here the value itself follows it": last
            * (first / last) ** half,
        },
    )
    late = number(call(answer, 1.5, first, last))
    expect(abs(late - last) < 1e-6, f"at part = 1.5 expected {last:g}, got {late:g}: clamp part to 0 … 1")
