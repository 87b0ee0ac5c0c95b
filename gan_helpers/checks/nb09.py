"""Exercise checks of notebook 09 (Wasserstein GANs)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers.checks import call, compare, exercise, expect, tensor


@exercise(1)
def check_1(answer: object) -> None:
    """`w1(a, b)`: mean absolute difference of the sorted samples."""
    a = torch.tensor([3.0, -1.0, 0.5, 2.2])
    b = torch.tensor([0.0, 4.0, -2.5, 1.3])
    up, other = a.sort().values, b.sort().values
    gap = (up - other).abs()
    table = (a[:, None] - b).abs()
    compare(
        call(answer, a, b),
        gap.mean().item(),
        mistakes={
            "the points are paired as they came: who goes to whom on the line?": (a - b).abs().mean().item(),
            "only one of the two samples is sorted": (up - b).abs().mean().item(),
            "only one of the two samples is sorted, the second": (a - other).abs().mean().item(),
            "that is the distance of the means: a broad and a narrow heap with one mean would cost nothing": (
                (a.mean() - b.mean()).abs().item()
            ),
            "the mean, not the sum: each point carries 1/n of the earth": gap.sum().item(),
            "squared distances belong to W2: W1 pays for metres, not for squared metres": (
                gap.square().mean().item()
            ),
            "the root of the mean square is W2, not W1": gap.square().mean().sqrt().item(),
            "smallest to largest is the dearest plan": (up - other.flip(0)).abs().mean().item(),
            "the median forgets how far the far ones travel: take the mean": gap.median().item(),
            "argsort gives places, not values: those are distances between indices": (
                (a.argsort() - b.argsort()).abs().double().mean().item()
            ),
            "each point goes to its nearest one, and some places get too much earth: each takes one": (
                table.amin(1).mean().item()
            ),
            "each point goes to its nearest one, and some places send too much: each sends one": (
                table.amin(0).mean().item()
            ),
            "that is the mean over all pairs: a plan sends each point to one place": table.mean().item(),
        },
    )
    source = torch.Generator().manual_seed(1)
    a, b = torch.randn(7, generator=source), 2 * torch.randn(7, generator=source) + 1
    gap = (a.sort().values - b.sort().values).abs()
    compare(
        call(answer, a, b),
        gap.mean().item(),
        mistakes={
            "right for four points, wrong for seven: divide by the number of points": gap.sum().item() / 4,
            "the same number as for other samples: use `a` and `b`": 0.975,
        },
    )


def _critic(x: torch.Tensor) -> torch.Tensor:
    weights = torch.linspace(-1, 2, x[0].numel(), dtype=x.dtype)
    return (x.flatten(1).square() @ weights / 2)[:, None]


@exercise(2)
def check_2(answer: object) -> None:
    """`slope_norms(D, x)`: (n,) Euclidean norms of the score's slope, differentiable with respect to D."""
    x = torch.randn(5, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    slope = x * torch.linspace(-1, 2, 18).view(2, 3, 3)
    value = call(answer, _critic, x, limit=30.0)  # a first use of torch.func loads for seconds
    expect(isinstance(value, torch.Tensor), f"expected a tensor, got {type(value).__name__}")
    expect(
        tuple(value.shape) != (5, 3, 3),
        "that is one norm per pixel, over the channels only: flatten all axes but the first",
    )
    expect(tuple(value.shape) != tuple(x.shape), "these are the slopes themselves: take their norm per image")
    expect(value.ndim != 0, "that is one norm for the whole batch: expected one per image, shape (5,)")
    compare(
        tensor(value, (5,)),
        slope.flatten(1).norm(dim=1),
        mistakes={
            "squared norms: the root is missing": slope.flatten(1).square().sum(1),
            "sums of absolute values (p=1): the Euclidean norm is the root of the sum of squares": (
                slope.flatten(1).abs().sum(1)
            ),
            "the gradient of the mean score is n times too small: differentiate the sum": (
                slope.flatten(1).norm(dim=1) / 5
            ),
            "that is the root of the mean square over pixels: sum over them": (
                slope.flatten(1).square().mean(1).sqrt()
            ),
            "those are the norms of the images, not of the slopes": x.flatten(1).norm(dim=1),
        },
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        D = nn.Sequential(nn.Flatten(), nn.Linear(18, 4), nn.Tanh(), nn.Linear(4, 1))
    value = call(lambda x: answer(D, x), x)
    expect(
        isinstance(value, torch.Tensor) and value.requires_grad,
        "the norms are right, but no gradient of a penalty would reach D: create_graph=True?",
    )

    def score(p: torch.Tensor) -> torch.Tensor:  # the same norms, written out for this D
        slope = (1 - (x.flatten(1) @ p.T + D[1].bias).tanh().square()) * D[3].weight @ p
        return slope.norm(dim=1).sum()

    weight = D[1].weight.detach().clone().requires_grad_()
    (expected,) = torch.autograd.grad(score(weight), weight)
    (found,) = torch.autograd.grad(value.sum(), D[1].weight, allow_unused=True)
    expect(
        found is not None and torch.allclose(found, expected, rtol=1e-3, atol=1e-5),
        "the norms are right, but they do not carry the gradient of D's weights: keep the graph of the slope",
    )
    flat, images = nn.Sequential(nn.Flatten(), nn.Linear(16, 1)), torch.ones(3, 1, 4, 4)
    nn.init.zeros_(flat[1].weight)
    value = call(lambda x: answer(flat, x), images)
    compare(value, torch.zeros(3), mistakes={})
    (found,) = torch.autograd.grad(value.sum(), flat[1].weight, allow_unused=True)
    expect(
        found is None or bool(found.isfinite().all()),
        "at a slope of 0 the gradient of your root is NaN (section 4, the fifth violation): use .norm",
    )


@exercise(3)
def check_3(answer: object) -> None:
    """`one_sided_penalty(norms, weight)`: weight · mean max(0, norm - 1)²."""
    norms = torch.tensor([0.0, 0.5, 1.0, 1.5, 3.0, 0.9])
    excess = (norms - 1).clamp_min(0)
    both = 10 * ((norms.square() - 1).clamp_min(0)).square().mean()
    compare(
        call(answer, norms, 10.0),
        (10 * excess.square().mean()).item(),
        mistakes={
            "that is the two-sided penalty: norms below 1 must cost nothing": (
                (10 * (norms - 1).square().mean()).item()
            ),
            "that punishes norms below 1, and lets those above go free": (
                (10 * (1 - norms).clamp_min(0).square().mean()).item()
            ),
            "the excess must be squared": (10 * excess.mean()).item(),
            "the weight is missing": excess.square().mean().item(),
            "the mean over samples, not the sum": (10 * excess.square().sum()).item(),
            "that is max(0, norm² - 1): subtract before you square": (
                (10 * (norms.square() - 1).clamp_min(0).mean()).item()
            ),
            "that is the excess of the squared norm, squared: compare the norm itself with 1": both.item(),
            "the mean over all samples, also those within the limit": (
                (10 * excess[excess > 0].square().mean()).item()
            ),
            "the weight belongs outside of the square": (10 * excess).square().mean().item(),
            "square first, then take the mean: a few steep places must not hide among flat ones": (
                (10 * excess.mean().square()).item()
            ),
            "the mean norm may be below 1 while some are above: cut each sample, not the mean": (
                (10 * (norms.mean() - 1).clamp_min(0).square()).item()
            ),
        },
    )
    compare(
        call(answer, norms, 2.0),
        (2 * excess.square().mean()).item(),
        mistakes={"right for weight 10 only: use `weight`": (10 * excess.square().mean()).item()},
    )
    norms = torch.tensor([0.4, 1.6, 0.8, 1.1], requires_grad=True)
    excess = (norms.detach() - 1).clamp_min(0)
    value = call(lambda weight: answer(norms, weight), 3.0)
    expect(isinstance(value, torch.Tensor), "a plain number carries no gradient to train D by: no .item()")
    compare(
        value.detach(),
        (3 * excess.square().mean()).item(),
        mistakes={
            "right for six norms, wrong for four: divide by the number of norms": (
                (3 * excess.square().sum() / 6).item()
            ),
        },
    )
    expect(value.requires_grad, "the number is right, but a detached tensor carries no gradient to train D")
    (found,) = torch.autograd.grad(value, norms, allow_unused=True)
    expect(
        found is not None and torch.allclose(found, 3 * 2 * excess / 4, rtol=1e-3, atol=1e-5),
        "the number is right, but its gradient is not: a part of it does not depend on `norms`",
    )


@exercise(4)
def check_4(answer: object) -> None:
    """`operator_norm(forward, adjoint, v, steps)`: power iteration on a map given as functions."""
    source = torch.Generator().manual_seed(3)
    kernel = torch.randn(4, 2, 3, 3, generator=source, dtype=torch.float64)
    v = torch.randn(1, 2, 5, 5, generator=source, dtype=torch.float64)
    eye = torch.eye(50, dtype=torch.float64).view(-1, 2, 5, 5)
    sigma = torch.linalg.svdvals(F.conv2d(eye, kernel, padding=1).flatten(1))

    def forward(v):
        return F.conv2d(v, kernel, padding=1)

    def adjoint(u):
        return F.conv_transpose2d(u, kernel, padding=1)

    value = call(answer, forward, adjoint, v)
    expect(
        not (isinstance(value, torch.Tensor) and value.ndim == 0 and not bool(value.isfinite())),
        "the numbers overflow: divide by the norm before each map, or they grow with every step",
    )
    largest = sigma[0].item()
    compare(
        value,
        largest,
        mistakes={
            "squared: that is the largest eigenvalue of adjoint(forward(·)), the stretch there and back": (
                largest**2
            ),
            "that is the norm of the reshaped kernel, not of the map": (
                torch.linalg.svdvals(kernel.flatten(1))[0].item()
            ),
            "that is the norm of the normalised vector, 1 by construction: measure before you normalise": 1.0,
            "that is the stretch of the start v: repeat, so that the direction stretched most takes over": (
                (forward(v).norm() / v.norm()).item()
            ),
            "that is forward(v) of the start, not divided by the length of v": forward(v).norm().item(),
        },
        rtol=1e-3,
    )
    short = call(answer, forward, adjoint, v, 1)
    expect(
        abs(float(short) - largest) > 1e-3 * largest,
        "with steps=1 your result is the same as with 300: use `steps`",
    )
