"""Exercise checks of notebook 08 (mode collapse)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gan_helpers.checks import call, compare, exercise, expect, same, trains


def _kl(hits: Tensor, modes: int | None = None) -> Tensor:
    q = hits.double() / hits.sum()
    return torch.xlogy(q, (modes or len(q)) * q).sum()


@exercise(
    1,
    {
        "an empty mode gives 0 · log 0: its limit is 0 (torch.xlogy, or leave empty modes out)": lambda h: (
            h / h.sum() * (len(h) * h / h.sum()).log()
        ).sum(),
        "that is minus the entropy: the K in the logarithm is missing": lambda h: _kl(h, 1),
        "that is the other direction, KL(u ‖ q̂): here q̂ stands in front of the logarithm": lambda h: (
            1 / len(h) * (h.sum() / len(h) / h[h > 0]).log()
        ).sum(),
        "K is the number of all modes, not of those that were hit": lambda h: _kl(h, int((h > 0).sum())),
        "that is in bits: use the natural logarithm": lambda h: _kl(h) / math.log(2),
        "these are counts: divide by their sum first": lambda h: torch.xlogy(h, len(h) * h).sum(),
        "these are counts, and their sum need not be 100": lambda h: torch.xlogy(
            h / 100, len(h) * h / 100
        ).sum(),
        "there need not be four modes: K is the length of `hits`": lambda h: _kl(h, 4),
        "there need not be nine modes: K is the length of `hits`": lambda h: _kl(h, 9),
        "each term is weighted by q̂, not by 1/K": lambda h: (h[h > 0] / h.sum() * len(h)).log().mean(),
    },
)
def check_1(answer: object, mistakes: dict) -> None:
    """`kl_to_uniform(hits)`: Σ q log(K q) in nats, 0 log 0 = 0."""
    # The first case has no empty mode, so that the other direction is finite, and can be named.
    cases = [60, 30, 20, 15], [60, 30, 10, 0], [3, 3, 3, 3, 3, 3, 3], [0, 7, 0, 1, 2, 30], [5, 1, 1, 0]
    same(answer, _kl, mistakes, *((torch.tensor(hits),) for hits in cases))


def _tail(k: int, n: int) -> float:
    return sum(math.comb(n, j) for j in range(k, n + 1)) / 2**n


def _sign_test(k: int, n: int) -> float:
    return min(1.0, 2 * _tail(max(k, n - k), n))


@exercise(
    2,
    {
        "one-sided: a remedy could also have been worse, so count both tails": _tail,
        "that is the chance of exactly this count: add the more extreme ones": lambda k, n: (
            math.comb(n, k) / 2**n
        ),
        "that counts the middle, not the tails": lambda k, n: 1 - _sign_test(k, n),
        "that is twice the chance of exactly this count: add the more extreme ones": lambda k, n: (
            2 * math.comb(n, k) / 2**n
        ),
        "that leaves out the count itself: 'at least as extreme' includes it": lambda k, n: (
            2 * _tail(k + 1, n)
        ),
        "that is the normal approximation: with 16 seeds count exactly": lambda k, n: math.erfc(
            abs(k - n / 2) / math.sqrt(n / 2)
        ),
        "that is the normal approximation with half a step of correction: count exactly": lambda k, n: (
            math.erfc(max(abs(k - n / 2) - 0.5, 0.0) / math.sqrt(n / 2))
        ),
        "3 of 16 is as extreme as 13 of 16: take the larger side": lambda k, n: min(1, 2 * _tail(k, n)),
        "the middle is counted in both tails: a probability is at most 1": lambda k, n: (
            2 * _tail(max(k, n - k), n)
        ),
        "n is an argument: 6 of 6 has probability 2/64": lambda k, n: _sign_test(k, 16),
        "for an odd n the larger side is n - k, not the middle rounded": lambda k, n: min(
            1.0, 2 * _tail(n // 2 + abs(k - n // 2), n)
        ),
    },
)
def check_2(answer: object, mistakes: dict) -> None:
    """`sign_test(k, n)`: exact two-sided p-value, 2 P(X ≥ max(k, n - k)), at most 1."""
    cases = (13, 16), (3, 16), (6, 6), (8, 16), (1, 7), (4, 5), (5, 9), (0, 3)
    same(answer, _sign_test, mistakes, *cases)


@exercise(
    3,
    {
        "as many rows as samples: you keep one row per sample. A pack is one input of D: n/m rows": (
            lambda x, m: x.repeat(1, m)
        ),
        "m is the number of samples per pack, not the number of packs": lambda x, m: x.reshape(m, -1),
        "flatten each pack to one row of m d numbers, D takes (n/m, m d)": lambda x, m: x.reshape(
            -1, m, x.shape[1]
        ),
        "coordinates are torn apart: within a pack keep x₁, x₂ of one sample side by side": lambda x, m: (
            x.reshape(-1, m, x.shape[1]).transpose(1, 2).reshape(len(x) // m, -1)
        ),
        "your pack repeats one sample m times: D must see different samples": lambda x, m: x[::m].repeat(
            1, m
        ),
        "each pack is an average: D sees one point, and not how different they are": lambda x, m: (
            x.reshape(-1, m, x.shape[1]).mean(1).repeat(1, m)
        ),
        "right for packs of three only: use m": lambda x, m: x.reshape(-1, 3 * x.shape[1]),
        "right for points of the plane only: x may have any number of columns": lambda x, m: x.reshape(
            -1, m * 2
        ),
    },
)
def check_3(answer: object, mistakes: dict) -> None:
    """`pack(x, m)`: (n, d) -> (n/m, m d), whole samples side by side."""
    x = torch.arange(24.0)
    cases = (x.view(12, 2), 3), (torch.arange(36.0).view(12, 3), 2), (x.view(6, 4), 6), (x.view(12, 2), 1)
    same(answer, lambda x, m: x.reshape(-1, m * x.shape[1]), mistakes, *cases)


def _column(x: Tensor, s: Tensor) -> Tensor:
    return torch.cat([x, s if s.ndim == 2 else s.expand(len(x), 1)], 1)


@exercise(
    4,
    {
        "one number for the whole batch: average the deviations over the features": lambda x: _column(
            x, x.std(0, correction=0).expand(len(x), -1)
        ),
        "keep the features: the new number is one more column": lambda x: (
            x.std(0, correction=0).mean().expand(len(x), 1)
        ),
        "that is the deviation within each sample: measure it over the batch": lambda x: _column(
            x, x.std(1, correction=0, keepdim=True)
        ),
        "that is the mean variance: take the root before the mean over features": lambda x: _column(
            x, x.var(0, correction=0).mean()
        ),
        "divide by n, not n - 1 (correction=0): a batch is all there is": lambda x: _column(
            x, x.std(0).mean()
        ),
        "one deviation over all numbers mixes the features' different means and scales": lambda x: _column(
            x, x.std(correction=0)
        ),
        "the first columns must be x itself": lambda x: _column(x - x.mean(0), x.std(0, correction=0).mean()),
        "right for six samples only: divide by their number": lambda x: _column(
            x, ((x - x.mean(0)).square().sum(0) / 6).sqrt().mean()
        ),
        "a constant instead of the deviation: measure it": lambda x: _column(x, torch.tensor(1.4)),
        "equal samples give a gradient of NaN": lambda x: _column(x, x.var(0, correction=0).sqrt().mean()),
        "is there a detach(), .item() or no_grad on the way?": lambda x: _column(
            x, (x.detach().var(0, correction=0) + 1e-8).sqrt().mean()
        ),
    },
)
def check_4(answer: object, mistakes: dict) -> None:
    """`with_spread(x)`: (n, d) -> (n, d + 1), the new column is the mean over features of the batch's std."""
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    x = x * torch.tensor([1.0, 3.0, 0.5])

    def right(x: Tensor) -> Tensor:
        return _column(x, x.std(0, correction=0).mean())

    same(answer, right, mistakes, (x,), (x[:4, :2].float(),), (torch.cat([x, x + 1]),))
    # A number up to 1e-5 under the root is tiny enough: 0.003 in the place of 0.
    same(answer, right, {}, (torch.ones(4, 2),), atol=5e-3)
    leaf = x.clone().requires_grad_()
    trains(lambda: answer(leaf)[:, -1].sum(), {"the samples": leaf})
    equal = torch.ones(4, 2, requires_grad=True)
    slope = call(lambda: torch.autograd.grad(answer(equal)[:, -1].sum(), equal)[0])
    expect(
        bool(slope.isfinite().all()),
        "equal samples give a gradient of NaN, and a collapsed batch has just these: add a small number "
        "under the root",
    )
    compare(slope, torch.zeros(4, 2), {})
