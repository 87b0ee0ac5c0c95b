"""Exercise checks of notebook 07 (measuring a generator)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gan_helpers.checks import exercise, same


def _shares(*labels: Tensor) -> list[Tensor]:
    return [torch.bincount(v, minlength=10).double() / len(v) for v in labels]


def _gap(real: Tensor, fake: Tensor) -> Tensor:
    p, q = _shares(real, fake)
    return (p - q).abs()


def _missing(real: Tensor, fake: Tensor) -> Tensor:
    p, q = _shares(real, fake)
    return p[q == 0].sum()


@exercise(
    1,
    {
        "an excess of one class is a lack of another, the sum counts both: half of it": lambda r, f: _gap(
            r, f
        ).sum(),
        "shares, not counts: the two sets may differ in size": lambda r, f: (
            (torch.bincount(r, minlength=10) - torch.bincount(f, minlength=10)).abs().sum() / 2
        ),
        "that is the mean over the classes: half the sum is the share to be exchanged": lambda r, f: _gap(
            r, f
        ).mean(),
        "that is the largest difference of one class: add up all of them": lambda r, f: _gap(r, f).max(),
        "absolute differences, not squares": lambda r, f: _gap(r, f).square().sum() / 2,
        "without the absolute value excess and lack cancel: this is always 0": lambda r, f: 0.0,
        "that is the share of the classes that are missing: lacks and excesses of others count, too": (
            _missing
        ),
        "digit 9 counts, too: there are ten classes": lambda r, f: _gap(r, f)[:9].sum() / 2,
    },
)
def check_1(answer: object, mistakes: dict) -> None:
    """`class_gap(real_labels, fake_labels)`: half the summed difference of the class shares."""
    real = torch.tensor([0] * 10 + [1] * 6 + [2] * 4)
    fake = torch.tensor([0] * 9 + [1] * 1 + [3] * 2)
    nine = torch.tensor([0, 1, 9, 9])
    cases = (real, fake), (nine, torch.tensor([9, 0, 9, 1])), (nine, torch.tensor([0, 1, 1, 1]))
    same(answer, lambda r, f: _gap(r, f).sum() / 2, mistakes, *cases, atol=1e-5)


def _limit(d: float, n: float, e: float, m: float) -> float:
    return (m * e - n * d) / (m - n)


def _slope(d: float, n: float, e: float, m: float) -> float:
    return (d - e) / (1 / n - 1 / m)


@exercise(
    2,
    {
        "that is the slope, how much the bias costs: the limit is what remains": _slope,
        "the line must be straight in 1/n, not in n: at n = 0 there are no images at all": (
            lambda d, n, e, m: d - n * (e - d) / (m - n)
        ),
        "that is an average of the two distances: both are biased upwards, the limit lies below them": (
            lambda d, n, e, m: (m * e + n * d) / (m + n)
        ),
        "an average of two biased distances stays biased: extend the line beyond both": lambda d, n, e, m: (
            (d + e) / 2
        ),
        "straight in 1/n, not in 1/√n: the distance is quadratic in errors of 1/√n": lambda d, n, e, m: (
            (math.sqrt(m) * e - math.sqrt(n) * d) / (math.sqrt(m) - math.sqrt(n))
        ),
        "the bias was added, not taken away": lambda d, n, e, m: e + _slope(d, n, e, m) / m,
        "the answer changes when the two measurements are passed in the other order: use each n with its d": (
            lambda d, n, e, m: e - _slope(d, n, e, m) / max(n, m)
        ),
        "one fixed number is no answer: use all four arguments": lambda d, n, e, m: 8.0,
        "do not clip: an unbiased limit of two equal sets is often negative": lambda d, n, e, m: max(
            0.0, _limit(d, n, e, m)
        ),
        "no absolute value: a limit can be negative": lambda d, n, e, m: abs(_limit(d, n, e, m)),
    },
)
def check_2(answer: object, mistakes: dict) -> None:
    """`without_bias(d_1, n_1, d_2, n_2)`: the intercept of d = limit + slope / n."""
    same(
        answer,
        _limit,
        mistakes,
        (14.0, 250.0, 9.0, 1500.0),
        (9.0, 1500.0, 14.0, 250.0),
        (3 + 40 / 100, 100.0, 3 + 40 / 800, 800.0),
        (40 / 100 - 0.1, 100.0, 40 / 800 - 0.1, 800.0),
        rtol=1e-5,
    )


def _rows(t: Tensor, columns: Tensor) -> Tensor:
    return t[torch.arange(len(t)), columns]


@exercise(
    3,
    {
        "one number per run: choose within each run, along the second axis": lambda s, r: r.amin(0),
        "that is the smallest of the report set: chosen on the data it is reported on": lambda s, r: r.amin(
            1
        ),
        "that is the winner's distance on the selection set, where it won by luck, too": lambda s, r: s.amin(
            1
        ),
        "that is the last state: nothing was chosen": lambda s, r: r[:, -1],
        "that is the worst state by selection: a small distance is good": lambda s, r: _rows(r, s.argmax(1)),
        "chosen by the report set and reported on the selection set: exchanged": lambda s, r: _rows(
            s, r.argmin(1)
        ),
        "that is one common state for all runs: choose for each run": lambda s, r: r[:, s.mean(0).argmin()],
        "that averages both sets: the selection set flatters": lambda s, r: _rows((r + s) / 2, s.argmin(1)),
        "that is the worse of both readings: only the report set counts": lambda s, r: _rows(
            torch.maximum(s, r), s.argmin(1)
        ),
        "right for three runs only: there may be more or fewer": lambda s, r: (r.repeat(3, 1))[
            torch.arange(3), s.repeat(3, 1).argmin(1)[:3]
        ],
    },
)
def check_3(answer: object, mistakes: dict) -> None:
    """`honest_report(select, report)`: the report distance of the state with the smallest select distance."""
    select = torch.tensor([[9.0, 7.0, 6.0, 6.5], [8.0, 4.0, 5.0, 7.0], [9.0, 8.0, 5.5, 3.0]])
    report = torch.tensor([[9.5, 5.6, 5.8, 8.5], [8.2, 5.2, 4.4, 7.3], [6.0, 7.0, 5.0, 4.9]])
    wide = torch.cat([select, report.flip(0)], 1), torch.cat([report, select], 1)
    two, five = (t[:2] for t in wide), (t.repeat(2, 1)[:5] for t in wide)
    same(answer, lambda s, r: _rows(r, s.argmin(1)), mistakes, (select, report), tuple(two), tuple(five))


def _ceiling(n: int, m: int, k: int, first: int = 1) -> float:
    return 1 - math.prod((n - i) / (m + n - i) for i in range(first, first + k))


@exercise(
    4,
    {
        "that is the chance that the ball is empty: one minus it": lambda n, m, k: 1 - _ceiling(n, m, k),
        "one factor is missing: the k nearest of all must be real": lambda n, m, k: _ceiling(n, m, k - 1),
        "the ball's own centre does not count among the real images around it: n - 1 others": (
            lambda n, m, k: _ceiling(n, m, k, first=0)
        ),
        "the roles are exchanged: the ball is drawn by the n real images": lambda n, m, k: _ceiling(m, n, k),
        "draws without replacement: each step leaves one image fewer in the pool": lambda n, m, k: (
            1 - ((n - 1) / (m + n - 1)) ** k
        ),
        "that is the limit for infinitely many images of both kinds; here n and m are small": (
            lambda n, m, k: 1 - 0.5**k
        ),
        "that is the chance that a ball around a real image holds one given fake": lambda n, m, k: k / n,
        "right for k = 3 only: use n, m and k, not fixed numbers": lambda n, m, k: _ceiling(n, m, 3),
        "right up to k = 3 only: each of the k places has its own factor": lambda n, m, k: _ceiling(
            n, m, min(k, 3)
        ),
    },
)
def check_4(answer: object, mistakes: dict) -> None:
    """`ceiling(n, m, k)`: expected coverage for n real and m fake images of one source."""
    same(answer, _ceiling, mistakes, (6, 9, 3), (12, 5, 2), (9, 7, 5), rtol=1e-6)
