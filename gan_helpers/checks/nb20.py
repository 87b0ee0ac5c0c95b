"""Exercise checks of notebook 20 (GPU training)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_helpers.checks import Hint, attempted, call, exercise, expect, same, smooth_net


@exercise(
    1,
    {
        "that is the time left, not how many times as fast": lambda s, f: 1 - s + s / f,
        "only the stage has become faster: the rest takes as long as before": lambda s, f: f,
        "that is the most there could be, for a stage that takes no time": lambda s, f: 1 / (1 - s),
        "the stage still takes its time: its share divided by the factor": lambda s, f: 1 / (1 - s + f * s),
        "share and rest are the wrong way round": lambda s, f: 1 / (s + (1 - s) / f),
        "speed-ups cannot be averaged: add up the times, then divide": lambda s, f: 1 - s + s * f,
    },
)
def check_1(answer: object, mistakes: dict) -> None:
    """`whole_speedup(share, factor)`: Amdahl's law."""
    cases = (0.1, 4.0), (0.6, 2.0), (0.6, 10.0), (0.3, 0.5)
    same(answer, lambda s, f: 1 / (1 - s + s / f), mistakes, *cases, rtol=1e-4)


@exercise(
    2,
    {
        "every rank gets the same rows: the batch is not split, only computed several times": (
            lambda rank, world, order: order
        ),
        "who has more waits for ever in an all-reduce": lambda rank, world, order: order[rank::world],
        "that is not taken from `order`: return its entries, not positions 0, 1, 2, …": (
            lambda rank, world, order: torch.arange(rank, len(order) // world * world, world)
        ),
        "a row is dealt to two ranks: it would count twice": lambda rank, world, order: order[
            rank : rank + len(order) // world
        ],
        "a rank has a row twice": lambda rank, world, order: order[rank].repeat(len(order) // world),
        "and could have": lambda rank, world, order: order[rank::world][: len(order) // world - 1],
        "the rows come in another order than in `order`: then every epoch is the same": (
            lambda rank, world, order: order.sort().values[: len(order) // world * world][rank::world]
        ),
    },
)
def check_2(answer: object, mistakes: dict) -> None:
    """`rows_of(rank, world, order)`: disjoint, equally many, as few as possible left out."""
    for n, world in ((11, 3), (16, 4), (9, 2)):
        order = torch.randperm(n, generator=torch.Generator().manual_seed(n)) + 100
        given, dealt = order.tolist(), []
        for rank in range(world):
            rows = call(answer, rank, world, order)
            rows = rows if isinstance(rows, Tensor) else torch.tensor(list(rows))
            expect(rows.ndim == 1, "return a tensor of indices with one dimension")
            dealt.append(rows.tolist())
        sets = [set(rows) for rows in dealt]
        if all(s == sets[0] for s in sets):
            raise Hint("every rank gets the same rows: the batch is not split, only computed several times")
        expect(
            all(s <= set(given) for s in sets),
            "that is not taken from `order`: return its entries, not positions 0, 1, 2, …",
        )
        expect(
            all(not a & b for a, b in combinations(sets, 2)),
            "a row is dealt to two ranks: it would count twice",
        )
        expect(
            all(len(s) == len(rows) for s, rows in zip(sets, dealt, strict=True)), "a rank has a row twice"
        )
        counts = sorted({len(rows) for rows in dealt})
        expect(
            len(counts) == 1,
            f"with {n} rows on {world} ranks some have {counts[0]} and some {counts[-1]}: "
            "who has more waits for ever in an all-reduce",
        )
        expect(
            counts[0] == n // world,
            f"with {n} rows on {world} ranks each has {counts[0]}, and could have {n // world}",
        )
        expect(
            all(rows == sorted(rows, key=given.index) for rows in dealt),
            "the rows come in another order than in `order`: then every epoch is the same",
        )


@exercise(
    3,
    {
        "a square root is missing: from -c/τ² + 1/(2M) = 0 follows τ² = …": lambda c, M: 2 * c * M,
        "the 2 is missing: on average half an interval is lost": lambda c, M: math.sqrt(c * M),
        "saving and failing are the wrong way round: dear saves ask for longer intervals": lambda c, M: (
            math.sqrt(2 * M / c)
        ),
        "that is τ = M: when it fails, on average half of all work is lost": lambda c, M: M,
        "that is the share lost at the best interval, not the interval": lambda c, M: math.sqrt(2 * c / M),
        "½ instead of 2: c/τ² = 1/(2M)": lambda c, M: math.sqrt(c * M / 2),
    },
)
def check_3(answer: object, mistakes: dict) -> None:
    """`best_interval(save, between)`: √(2 c M)."""
    cases = (3.0, 5000.0), (60.0, 5000.0), (3.0, 900.0)
    same(answer, lambda c, M: math.sqrt(2 * c * M), mistakes, *cases, rtol=1e-3)


def _step(total: Callable, k: int = 2, s: int = 2) -> Callable:
    """`step_flops` with another sum, or another power of kernel or side."""

    def step_flops(layers: list, batch: int) -> float:
        return total(batch, [2 * c_in * kernel**k * c_out * side**s for c_in, kernel, c_out, side in layers])

    return step_flops


def _all(batch: int, f: list[int]) -> int:
    return batch * (3 * sum(f) - f[0])


@exercise(
    4,
    {
        "that is one image: multiply by the batch": _step(lambda batch, f: _all(1, f)),
        "that is the way forward only": _step(lambda batch, f: batch * sum(f)),
        "forward and one gradient: going back there are two, for the input and for the weights": _step(
            lambda batch, f: batch * 2 * sum(f)
        ),
        "the very first input needs no gradient: take it out": _step(lambda batch, f: batch * 3 * sum(f)),
        "the first layer still has weights: only the gradient of its input is not needed": _step(
            lambda batch, f: batch * (3 * sum(f) - 2 * f[0])
        ),
        "the first layer is not the largest: take out the first": _step(
            lambda batch, f: batch * (3 * sum(f) - max(f))
        ),
        "the first layer is not the smallest: take out the first": _step(
            lambda batch, f: batch * (3 * sum(f) - min(f))
        ),
        "a multiplication and an addition are two operations": _step(lambda batch, f: _all(batch, f) / 2),
        "the kernel is a square: k · k weights for each pair of channels": _step(_all, k=1),
        "the output is a square: side · side places": _step(_all, s=1),
        "right for a batch of seven only: use `batch`": _step(lambda batch, f: _all(7, f)),
    },
)
def check_4(answer: object, mistakes: dict) -> None:
    """`step_flops(layers, batch)`: forward and back, without the gradient of the first input."""
    layers = [(3, 5, 8, 10), (8, 3, 12, 6), (12, 3, 16, 8)]
    same(answer, _step(_all), mistakes, (layers, 7), (layers, 32), (layers[::-1], 2), (layers[:1], 5))


def _loss(net: nn.Module, x: Tensor) -> Tensor:
    return F.softplus(-net(x)).mean()


def _accumulate(weight: Callable, zero: str = "once") -> Callable:
    """`accumulate` with another weight of a part, or zeros at another time."""

    def accumulate(net: nn.Module, loss: Callable, parts: list) -> list:
        if zero == "once":
            net.zero_grad()
        for x in parts:
            if zero == "always":
                net.zero_grad()
            (loss(net, x) * weight(x, parts)).backward()
        return [p.grad for p in net.parameters()]

    return accumulate


def _share(x: Tensor, parts: list) -> float:
    return len(x) / sum(map(len, parts))


def _together(net: nn.Module, loss: Callable, parts: list) -> list:
    total = sum(loss(net, x) * _share(x, parts) for x in parts)
    return list(torch.autograd.grad(total, list(net.parameters())))


@exercise(
    5,
    {
        "that is the sum of the parts' gradients: weigh each part by its share of the batch": _accumulate(
            lambda x, parts: 1
        ),
        "every part weighs alike, but one is shorter than another: weigh by len(part)": _accumulate(
            lambda x, parts: 1 / len(parts)
        ),
        "only the last part is left: zero the gradient once, before the loop": _accumulate(_share, "always"),
        "the last part only, and unweighted": _accumulate(lambda x, parts: 1, "always"),
        "a sum over all samples: divide by their number": _accumulate(lambda x, parts: len(x)),
        "these are the parameters, not their gradients": lambda net, loss, parts: list(net.parameters()),
        "nothing went back through the net: these are the gradients that it held before": (
            lambda net, loss, parts: [p.grad for p in net.parameters()]
        ),
        "the gradients that net held before are in it: zero them first": _accumulate(_share, "never"),
        "that keeps the graphs of all parts until the end, and saves nothing: go back after each part": (
            _together
        ),
    },
)
def check_5(answer: object, mistakes: dict) -> None:
    """`accumulate(net, loss, parts)`: the gradient of the whole batch, from unequal parts."""
    net, source = smooth_net(3, 4, 1), torch.Generator().manual_seed(4)
    walks: list[str] = []  # "there" when a part goes through the net, "back" when its gradient does

    def there(_: nn.Module, inputs: tuple, output: Tensor) -> None:
        walks.append(f"there with {len(inputs[0])}")
        if output.requires_grad:
            output.register_hook(lambda gradient: walks.append("back"))

    def gradient(answer: Callable) -> Callable:
        def flat(*sizes: int) -> Tensor:
            for p in net.parameters():
                p.grad = torch.ones_like(p)  # left by the step before
            parts = torch.randn(sum(sizes), 3, generator=source.manual_seed(4), dtype=torch.float64).split(
                sizes
            )
            value = attempted(answer(net, _loss, list(parts)))
            value = list(value) if isinstance(value, Iterator | tuple) else value
            shapes = [p.shape for p in net.parameters()]
            expect(
                isinstance(value, list) and len(value) == len(shapes),
                "return a list with one gradient per parameter of net",
            )
            expect(
                all(isinstance(g, Tensor) for g in value),
                "an entry is no tensor: return p.grad for each parameter, after the way back",
            )
            expect(
                [g.shape for g in value] == shapes,
                "gradients are shaped as the parameters, and come in the order of net.parameters()",
            )
            return torch.cat([g.detach().flatten() for g in value])

        return flat

    wrong = {hint: gradient(mistake) for hint, mistake in mistakes.items() if mistake is not _together}
    handle = net.register_forward_hook(there)
    try:
        call(gradient(answer), 7, 4, 1)
    finally:
        handle.remove()
    most = max((int(w.split()[-1]) for w in walks if w != "back"), default=0)
    expect(most <= 7, "the whole batch went through at once: nothing is saved; go piece by piece")
    same(gradient(answer), gradient(_accumulate(_share)), wrong, (7, 4, 1), (2, 2, 5, 3))
    expect(all(w == "back" for w in walks[1::2]), list(mistakes)[-1])
