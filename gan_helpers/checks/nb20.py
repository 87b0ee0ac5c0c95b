"""Exercise checks of notebook 20 (GPU training)."""

from __future__ import annotations

import math
from itertools import combinations

import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers.checks import Hint, call, compare, exercise, expect, number


@exercise(1)
def check_1(answer: object) -> None:
    """`step_flops(layers, batch)`: forward and back, without the gradient of the first input."""
    layers, batch = [(3, 5, 8, 10), (8, 3, 12, 6), (12, 3, 16, 8)], 7
    forward = [2 * c_in * k**2 * c_out * side**2 for c_in, k, c_out, side in layers]
    total, first = sum(forward), forward[0]
    line = sum(2 * c_in * k * c_out * side**2 for c_in, k, c_out, side in layers)
    row = sum(2 * c_in * k**2 * c_out * side for c_in, k, c_out, side in layers)
    compare(
        call(answer, layers, batch),
        batch * (3 * total - first),
        mistakes={
            "that is one image: multiply by the batch": 3 * total - first,
            "that is the way forward only": batch * total,
            "forward and one gradient: going back there are two, for the input and for the weights": batch
            * 2
            * total,
            "the very first input needs no gradient: take it out": batch * 3 * total,
            "the first layer still has weights: only the gradient of its input is not needed": batch
            * (3 * total - 2 * first),
            "the first layer is not the largest: take out the first": batch * (3 * total - max(forward)),
            "the first layer is not the smallest: take out the first": batch * (3 * total - min(forward)),
            "a multiplication and an addition are two operations": batch * (3 * total - first) / 2,
            "the kernel is a square: k · k weights for each pair of channels": batch
            * (3 * line - 2 * 3 * 5 * 8 * 100),
            "the output is a square: side · side places": batch * (3 * row - 2 * 3 * 25 * 8 * 10),
        },
    )


def _loss(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return F.softplus(-net(x)).mean()


@exercise(2)
def check_2(answer: object) -> None:
    """`accumulate(net, loss, parts)`: the gradient of the whole batch, from unequal parts."""
    source = torch.Generator().manual_seed(4)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn(p.shape, generator=source, dtype=torch.float64))
    sizes = (7, 4, 1)
    parts = list(torch.randn(sum(sizes), 3, generator=source, dtype=torch.float64).split(sizes))

    def gradient(*weighted: tuple[float, torch.Tensor]) -> torch.Tensor:
        loss = sum(weight * _loss(net, x) for weight, x in weighted)
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(net.parameters()))])

    seen: list[int] = []
    handle = net.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    try:
        value = call(answer, net, _loss, parts)
    finally:
        handle.remove()
    expect(
        isinstance(value, list | tuple) and len(value) == 4,
        "return a list with one gradient per parameter of net",
    )
    expect(
        all(isinstance(g, torch.Tensor) for g in value),
        "an entry is no tensor: return p.grad for each parameter, after the way back",
    )
    expect(
        [g.shape for g in value] == [p.shape for p in net.parameters()],
        "gradients are shaped as the parameters, and come in the order of net.parameters()",
    )
    expect(
        max(seen, default=0) <= max(sizes),
        "the whole batch went through at once: nothing is saved; go piece by piece",
    )
    got = torch.cat([g.detach().flatten() for g in value])
    compare(
        got,
        gradient((1.0, torch.cat(parts))),
        mistakes={
            "that is the sum of the parts' gradients: weigh each part by its share of the batch": gradient(
                *((1.0, x) for x in parts)
            ),
            "every part weighs alike, but one is shorter than another: weigh by len(part)": gradient(
                *((1 / 3, x) for x in parts)
            ),
            "only the last part is left: zero the gradient once, before the loop": gradient(
                (1 / 12, parts[-1])
            ),
            "the last part only, and unweighted": gradient((1.0, parts[-1])),
            "a sum over all samples: divide by their number": 12 * gradient((1.0, torch.cat(parts))),
            "these are the parameters, not their gradients": torch.cat(
                [p.detach().flatten() for p in net.parameters()]
            ),
        },
    )


@exercise(3)
def check_3(answer: object) -> None:
    """`rows_of(rank, world, order)`: disjoint, equally many, as few as possible left out."""
    for n, world in ((11, 3), (16, 4), (9, 2)):
        order = torch.randperm(n, generator=torch.Generator().manual_seed(n)) + 100
        dealt = [call(answer, rank, world, order) for rank in range(world)]
        for rows in dealt:
            expect(
                isinstance(rows, torch.Tensor) and rows.ndim == 1,
                "return a tensor of indices with one dimension",
            )
        sets = [set(rows.tolist()) for rows in dealt]
        given = set(order.tolist())
        if all(s == sets[0] for s in sets):
            raise Hint("every rank gets the same rows: the batch is not split, only computed several times")
        expect(
            all(s <= given for s in sets),
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


@exercise(4)
def check_4(answer: object) -> None:
    """`best_interval(save, between)`: √(2 c M)."""
    c, M = 3.0, 5000.0
    value = number(call(answer, c, M))
    compare(
        value,
        math.sqrt(2 * c * M),
        mistakes={
            "a square root is missing: from -c/τ² + 1/(2M) = 0 follows τ² = …": 2 * c * M,
            "the 2 is missing: on average half an interval is lost": math.sqrt(c * M),
            "saving and failing are the wrong way round: dear saves ask for longer intervals": math.sqrt(
                2 * M / c
            ),
            "that is τ = M: when it fails, on average half of all work is lost": M,
            "that is the share lost at the best interval, not the interval": math.sqrt(2 * c / M),
            "½ instead of 2: c/τ² = 1/(2M)": math.sqrt(c * M / 2),
        },
        rtol=1e-3,
    )
