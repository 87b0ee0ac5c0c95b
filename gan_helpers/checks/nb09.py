"""Exercise checks of notebook 09 (Wasserstein GANs)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_helpers.checks import call, compare, exercise, expect, number, same, smooth_net, trains, untouched


def _sorted_gap(a: Tensor, b: Tensor) -> Tensor:
    return (a.sort().values - b.sort().values).abs()


@exercise(
    1,
    {
        "the points are paired as they came: who goes to whom on the line?": lambda a, b: (
            (a - b).abs().mean()
        ),
        "only one of the two samples is sorted": lambda a, b: (a.sort().values - b).abs().mean(),
        "only one of the two samples is sorted, the second": lambda a, b: (a - b.sort().values).abs().mean(),
        "that is the distance of the means: a broad and a narrow heap with one mean would cost nothing": (
            lambda a, b: (a.mean() - b.mean()).abs()
        ),
        "the mean, not the sum: each point carries 1/n of the earth": lambda a, b: _sorted_gap(a, b).sum(),
        "squared distances belong to W2: W1 pays for metres, not for squared metres": lambda a, b: (
            _sorted_gap(a, b).square().mean()
        ),
        "the root of the mean square is W2, not W1": lambda a, b: _sorted_gap(a, b).square().mean().sqrt(),
        "smallest to largest is the dearest plan": lambda a, b: (
            (a.sort().values - b.sort(descending=True).values).abs().mean()
        ),
        "one number: the mean of all distances is missing": _sorted_gap,
        "the median forgets how far the far ones travel: take the mean": lambda a, b: _sorted_gap(
            a, b
        ).median(),
        "argsort gives places, not values: those are distances between indices": lambda a, b: (
            (a.argsort() - b.argsort()).abs().double().mean()
        ),
        "each point goes to its nearest one, and some places get too much earth: each takes one": (
            lambda a, b: (a[:, None] - b).abs().amin(1).mean()
        ),
        "each point goes to its nearest one, and some places send too much: each sends one": lambda a, b: (
            (a[:, None] - b).abs().amin(0).mean()
        ),
        "that is the mean over all pairs: a plan sends each point to one place": lambda a, b: (
            (a[:, None] - b).abs().mean()
        ),
        "right for four points, wrong for seven: divide by the number of points": lambda a, b: (
            _sorted_gap(a, b).sum() / 4
        ),
    },
)
def check_1(answer: object, mistakes: dict) -> None:
    """`w1(a, b)`: mean absolute difference of the sorted samples."""
    a, b = torch.tensor([3.0, -1.0, 0.5, 2.2]), torch.tensor([0.0, 4.0, -2.5, 1.3])
    source = torch.Generator().manual_seed(1)
    seven = torch.randn(7, generator=source), 2 * torch.randn(7, generator=source) + 1
    same(answer, lambda a, b: _sorted_gap(a, b).mean(), mistakes, (a, b), seven)


def _critic(x: Tensor) -> Tensor:
    weights = torch.linspace(-1, 2, x[0].numel(), dtype=x.dtype)
    return (x.flatten(1).square() @ weights / 2)[:, None]


def _of_slopes(norm: Callable = lambda slope: slope.flatten(1).norm(dim=1), graph: bool = True) -> Callable:
    """`slope_norms` with another norm, or without a graph."""

    def slope_norms(D: Callable, x: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        return norm(torch.autograd.grad(D(x).sum(), x, create_graph=graph)[0])

    return slope_norms


_GRAPH = "would a penalty made of it reach D? keep the graph of the slope, with create_graph=True"


@exercise(
    2,
    {
        "that is one norm per pixel, over the channels only: flatten all axes but the first": _of_slopes(
            lambda slope: slope.norm(dim=1)
        ),
        "these are the slopes themselves: take their norm per image": _of_slopes(lambda slope: slope),
        "that is one norm for the whole batch: expected one per image": _of_slopes(
            lambda slope: slope.norm()
        ),
        "squared norms: the root is missing": _of_slopes(lambda slope: slope.flatten(1).square().sum(1)),
        "sums of absolute values (p=1): the Euclidean norm is the root of the sum of squares": _of_slopes(
            lambda slope: slope.flatten(1).abs().sum(1)
        ),
        "the gradient of the mean score is n times too small: differentiate the sum": _of_slopes(
            lambda slope: slope.flatten(1).norm(dim=1) / len(slope)
        ),
        "that is the root of the mean square over pixels: sum over them": _of_slopes(
            lambda slope: slope.flatten(1).square().mean(1).sqrt()
        ),
        "those are the norms of the images, not of the slopes": lambda D, x: x.flatten(1).norm(dim=1),
        _GRAPH: _of_slopes(graph=False),
        "at a slope of 0 the gradient of your root is NaN (deeper notebook, mistake 5): use .norm": (
            _of_slopes(lambda slope: slope.flatten(1).square().sum(1).sqrt())
        ),
    },
)
def check_2(answer: object, mistakes: dict) -> None:
    """`slope_norms(D, x)`: (n,) Euclidean norms of the score's slope, differentiable with respect to D."""
    x = torch.randn(5, 2, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    other = x[:2, :, :2].float()
    same(answer, _of_slopes(), mistakes, (_critic, x), (_critic, other), atol=1e-4)
    D = smooth_net(18, 4, 1)
    with untouched(D):
        call(lambda x: answer(D, x), x)
    trains(lambda: answer(D, x), {"D's weights": D.parameters()}, _GRAPH)
    flat, images = nn.Sequential(nn.Flatten(), nn.Linear(16, 1)), torch.ones(3, 1, 4, 4)
    nn.init.zeros_(flat[1].weight)
    same(lambda x: answer(flat, x), lambda x: torch.zeros(3), {}, (images,), atol=2e-3)  # 1e-6 under the root
    slope = call(lambda: torch.autograd.grad(answer(flat, images).sum(), flat[1].weight)[0])
    expect(
        bool(slope.isfinite().all()),
        "at a slope of 0 the gradient of your root is NaN (deeper notebook, mistake 5): use .norm",
    )


@exercise(
    3,
    {
        "that is the two-sided penalty: norms below 1 must cost nothing": lambda n, w: (
            w * (n - 1).square().mean()
        ),
        "that punishes norms below 1, and lets those above go free": lambda n, w: (
            w * (1 - n).clamp_min(0).square().mean()
        ),
        "the excess must be squared": lambda n, w: w * (n - 1).clamp_min(0).mean(),
        "the weight is missing": lambda n, w: (n - 1).clamp_min(0).square().mean(),
        "the mean over samples, not the sum": lambda n, w: w * (n - 1).clamp_min(0).square().sum(),
        "one number: the mean over samples is missing": lambda n, w: w * (n - 1).clamp_min(0).square(),
        "that is max(0, norm² - 1): subtract before you square": lambda n, w: (
            w * (n.square() - 1).clamp_min(0).mean()
        ),
        "that is the excess of the squared norm, squared: compare the norm itself with 1": lambda n, w: (
            w * (n.square() - 1).clamp_min(0).square().mean()
        ),
        "the mean over all samples, also those within the limit": lambda n, w: (
            w * (n[n > 1] - 1).square().mean()
        ),
        "the weight belongs outside of the square": lambda n, w: (w * (n - 1).clamp_min(0)).square().mean(),
        "square first, then take the mean: a few steep places must not hide among flat ones": lambda n, w: (
            w * (n - 1).clamp_min(0).mean().square()
        ),
        "the mean norm may be below 1 while some are above: cut each sample, not the mean": lambda n, w: (
            w * (n.mean() - 1).clamp_min(0).square()
        ),
        "right for weight 10 only: use `weight`": lambda n, w: 10 * (n - 1).clamp_min(0).square().mean(),
        "right for six norms, wrong for four: divide by the number of norms": lambda n, w: (
            w * (n - 1).clamp_min(0).square().sum() / 6
        ),
        "is there a detach(), .item() or no_grad on the way?": lambda n, w: (
            w * ((n - 1).clamp_min(0) * (n - 1).clamp_min(0).detach()).mean()
        ),
    },
)
def check_3(answer: object, mistakes: dict) -> None:
    """`one_sided_penalty(norms, weight)`: weight · mean max(0, norm - 1)²."""
    norms = torch.tensor([0.0, 0.5, 1.0, 1.5, 3.0, 0.9])
    leaf = torch.tensor([0.4, 1.6, 0.8, 1.1], dtype=torch.float64, requires_grad=True)
    cases = (norms, 10.0), (norms, 2.0), (leaf.detach(), 3.0)
    same(answer, lambda n, w: w * (n - 1).clamp_min(0).square().mean(), mistakes, *cases)
    trains(lambda: answer(leaf, 3.0), {"norms": leaf})


def _largest(forward: Callable, v: Tensor) -> Tensor:
    """The operator norm, exactly: from the map's matrix."""
    eye = torch.eye(v.numel(), dtype=v.dtype).view(-1, *v.shape)
    return torch.linalg.svdvals(torch.stack([forward(e).flatten() for e in eye]))[0]


def _iterate(after: Callable, before: Callable = lambda v: v / v.norm()) -> Callable:
    """`operator_norm` by power iteration, with another result or another normalisation."""

    def operator_norm(forward: Callable, adjoint: Callable, v: Tensor, steps: int = 300) -> Tensor:
        start = v
        for _ in range(steps):
            v = adjoint(forward(before(v)))
        return after(start, v, forward)

    return operator_norm


@exercise(
    4,
    {
        "the numbers overflow: divide by the norm before each map, or they grow with every step": _iterate(
            lambda start, v, forward: v.norm(), before=lambda v: v
        ),
        "squared: that is the largest eigenvalue of adjoint(forward(·)), the stretch there and back": (
            _iterate(lambda start, v, forward: v.norm())
        ),
        "that is the norm of the normalised vector, 1 by construction: measure before you normalise": (
            _iterate(lambda start, v, forward: (v / v.norm()).norm())
        ),
        "one number: you return the vector, take its norm": _iterate(lambda start, v, forward: v / v.norm()),
        "that is the stretch of the start v: repeat, so that the direction stretched most takes over": (
            _iterate(lambda start, v, forward: forward(start).norm() / start.norm())
        ),
        "that is forward(v) of the start, not divided by the length of v": _iterate(
            lambda start, v, forward: forward(start).norm()
        ),
    },
)
def check_4(answer: object, mistakes: dict) -> None:
    """`operator_norm(forward, adjoint, v, steps)`: power iteration, or exactly."""
    source = torch.Generator().manual_seed(3)
    kernel = torch.randn(4, 2, 3, 3, generator=source, dtype=torch.float64)
    v = torch.randn(1, 2, 5, 5, generator=source, dtype=torch.float64)
    # The second map is a matrix: its strongest direction is (1, -1, 0, 0), and (1, 1, 1, 1) is another one.
    q = torch.tensor([[1.0, -1, 0, 0], [1, 1, 1, 1], [1, 1, -1, -1], [0, 0, 1, -1]], dtype=torch.float64)
    matrix = torch.tensor([3.0, 2.9, 1.0, 0.5])[:, None] * F.normalize(q)
    maps = (
        (lambda v: F.conv2d(v, kernel, padding=1), lambda u: F.conv_transpose2d(u, kernel, padding=1), v),
        (
            lambda v: matrix @ v,
            lambda u: matrix.T @ u,
            torch.tensor([0.3, -1.0, 2.0, 0.5], dtype=torch.float64),
        ),
    )
    largest = [_largest(forward, v) for forward, _, v in maps]
    wrong = [{hint: m(*case) for hint, m in mistakes.items()} for case in maps]
    wrong[0]["that is the norm of the reshaped kernel, not of the map"] = torch.linalg.svdvals(
        kernel.flatten(1)
    )[0]
    for case, right, mistaken in zip(maps, largest, wrong, strict=True):
        compare(call(answer, *case), right, mistaken, rtol=1e-3)
    forward, adjoint, v = maps[0]
    short = number(call(answer, forward, adjoint, v, 1))
    stretch = float(forward(v).norm() / v.norm())
    expect(
        stretch * 0.999 < short < float(largest[0]) * 1.001,
        f"with steps=1 you return {short:.4g}: one step gives at least the stretch of the start, "
        f"{stretch:.4g}, and never more than the norm, {largest[0]:.4g}",
    )
    if abs(short - float(largest[0])) < 1e-3 * short:  # an exact answer is exact from any start
        stuck = number(call(answer, *maps[1][:2], torch.ones(4, dtype=torch.float64), 1))
        expect(abs(stuck - 3) < 1e-3, "with steps=1 your result is the same as with 300: use `steps`")
