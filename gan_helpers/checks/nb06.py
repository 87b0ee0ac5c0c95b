"""Exercise checks of notebook 06 (DCGAN)."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice

import torch
from torch import Tensor

from gan_helpers.checks import attempted, call, exercise, expect, same
from gan_helpers.data import batches


def _side_out(side: int, kernel: int, stride: int, padding: int, extra: int) -> int:
    return (side - 1) * stride - 2 * padding + kernel + extra


@exercise(
    1,
    {
        "that is the size that an ordinary convolution returns; this one runs backwards": (
            lambda n, k, s, p, e: (n + 2 * p - k) // s + 1
        ),
        "between n pixels lie n - 1 steps, not n": lambda n, k, s, p, e: n * s - 2 * p + k + e,
        "padding is cut off at both ends": lambda n, k, s, p, e: (n - 1) * s - p + k + e,
        "padding makes the result smaller here, not larger": lambda n, k, s, p, e: (
            (n - 1) * s + 2 * p + k + e
        ),
        "output_padding is missing": lambda n, k, s, p, e: (n - 1) * s - 2 * p + k,
        "that is the size before anything is cut off": lambda n, k, s, p, e: (n - 1) * s + k + e,
        "output_padding is added on one side only": lambda n, k, s, p, e: (n - 1) * s - 2 * p + k + 2 * e,
        "stride times side holds only for kernel = stride + 2 · padding": lambda n, k, s, p, e: n * s,
    },
)
def check_1(answer: object, mistakes: dict) -> None:
    """`side_out(side, kernel, stride, padding, output_padding)` of a transposed convolution."""
    first = (5, 8, 3, 2, 1)  # here no two of the mistakes give the same number
    same(
        answer,
        _side_out,
        mistakes,
        first,
        (7, 4, 2, 1, 0),
        (7, 3, 2, 1, 1),
        (5, 3, 3, 0, 0),
        (10, 5, 1, 2, 0),
    )


@exercise(
    2,
    {
        "that is the mean age, 1/(1 - decay): after so many updates 63 % has arrived, not half": (
            lambda decay: 1 / (1 - decay)
        ),
        "that is ½ to the power of decay: solve decay**n = ½ for n": lambda decay: 0.5**decay,
        "turned round: which of the two logarithms is divided by the other?": lambda decay: (
            math.log(decay) / math.log(0.5)
        ),
        "the sign: both logarithms are negative": lambda decay: math.log(2) / math.log(decay),
        "that solves (1 - decay)**n = ½: the old value is multiplied by decay": lambda decay: (
            math.log(0.5) / math.log(1 - decay)
        ),
        "log 2 / (1 - decay) is an approximation: good near 1, wrong for .5": lambda decay: (
            math.log(2) / (1 - decay)
        ),
        "the next whole number of updates: leave the fraction as it is": lambda decay: math.ceil(
            math.log(0.5) / math.log(decay)
        ),
        "rounded to whole updates: leave the fraction as it is": lambda decay: round(
            math.log(0.5) / math.log(decay)
        ),
    },
)
def check_2(answer: object, mistakes: dict) -> None:
    """`half_life(decay)`: updates after which a change of the weights has arrived by half."""
    cases = (0.998,), (0.5,), (0.99,), (0.9,)
    same(answer, lambda decay: math.log(0.5) / math.log(decay), mistakes, *cases)


def _rest(x: Tensor, batch: int, seed: int, step: int) -> object:
    return islice(batches(x, batch, seed=seed), step, None)


@exercise(
    3,
    {
        "it begins again with the first batch: skip what was played": lambda x, batch, seed, step: batches(
            x, batch, seed=seed
        ),
        "it leaves out one batch: after 5 batches the next is number 6": lambda x, batch, seed, step: islice(
            batches(x, batch, seed=seed), step + 1, None
        ),
        "it plays the last batch again": lambda x, batch, seed, step: islice(
            batches(x, batch, seed=seed), max(step - 1, 0), None
        ),
        "it begins the running epoch anew": lambda x, batch, seed, step: islice(
            batches(x, batch, seed=seed), step // (len(x) // batch) * (len(x) // batch), None
        ),
        "another seed gives another order: uninterrupted, the game would have gone on in this one": (
            lambda x, batch, seed, step: batches(x, batch, seed=seed + step)
        ),
        "that leaves out images, and for ever; leave out batches of the shuffled order": (
            lambda x, batch, seed, step: batches(x[step:], batch, seed=seed)
        ),
        "the game goes on, yours stops after `step` batches: is it the start or the stop?": (
            lambda x, batch, seed, step: islice(batches(x, batch, seed=seed), step)
        ),
    },
)
def check_3(answer: object, mistakes: dict) -> None:
    """`rest_of_batches(x, batch, seed, step)`: the batches that an interrupted game has not seen yet."""

    def next_six(answer: Callable) -> Callable:
        return lambda *args: torch.stack([batch.clone() for batch in islice(attempted(answer(*args)), 6)])

    wrong = {hint: next_six(mistake) for hint, mistake in mistakes.items()}
    x = torch.arange(10.0).view(10, 1)  # three batches an epoch: after 5 the game stands in the middle of one
    cases = (x, 3, 5, 5), (x, 4, 5, 3), (x, 4, 5, 0), (x[:8].view(8, 1, 1), 3, 6, 4)
    same(next_six(answer), next_six(_rest), wrong, *cases)
    many = 5000
    count = call(lambda: sum(1 for _ in islice(answer(x, 4, 5, 3), many)))
    expect(count == many, f"without end, please: after {count} batches nothing comes; the stop is None")


def _checkerboard(side: int) -> Tensor:
    i = torch.arange(side)
    return (-1.0) ** (i[:, None] + i)


@exercise(
    4,
    {
        "a constant image: all its power is at frequency (0, 0), which no eye sees": lambda side: torch.ones(
            side, side
        ),
        "these are stripes: the sign must change along both axes": lambda side: _checkerboard(side)[
            :1
        ].expand(side, side),
        "these are stripes, the other way: the sign must change along both axes": lambda side: _checkerboard(
            side
        )[:, :1].expand(side, side),
        "the squares are two pixels wide: the sign must change at every pixel": lambda side: (
            (-1.0) ** (torch.arange(side)[:, None] // 2 + torch.arange(side) // 2)
        ),
        "half of the power is the mean: use -1 and 1, not 0 and 1": lambda side: (
            (1 - _checkerboard(side)) / 2
        ),
        "half of the power is the mean: use -1 and 1, not 1 and 0": lambda side: (
            (1 + _checkerboard(side)) / 2
        ),
        "the pattern is right, the values are not -1 and 1": lambda side: _checkerboard(side) / 2,
        "expected a float tensor": lambda side: _checkerboard(side).long(),
    },
)
def check_4(answer: object, mistakes: dict) -> None:
    """`pure_checkerboard(side)`: ±1, of either sign, with its whole power at frequency (side/2, side/2)."""

    def signed(side: int) -> object:
        x = answer(side)
        other = (
            isinstance(x, Tensor)
            and x.shape == (side, side)
            and bool(x[0, 0] == -1)
            and bool(x[-1, -1] == -1)
        )
        return -x if other else x

    same(signed, _checkerboard, mistakes, (8,), (28,), (2,))
    dtype = call(answer, 8).dtype
    expect(dtype.is_floating_point, f"expected a float tensor, as images are, got {dtype}")
