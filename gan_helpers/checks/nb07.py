"""Exercise checks of notebook 07 (measuring a generator)."""

from __future__ import annotations

import math

import torch

from gan_helpers.checks import call, compare, exercise, expect


@exercise(1)
def check_1(answer: object) -> None:
    """`class_gap(real_labels, fake_labels)`: half the summed difference of the class shares."""
    real = torch.tensor([0] * 10 + [1] * 6 + [2] * 4)
    fake = torch.tensor([0] * 9 + [1] * 1 + [3] * 2)
    counts = [torch.bincount(labels, minlength=10).double() for labels in (real, fake)]
    p, q = (c / c.sum() for c in counts)
    gap = (p - q).abs()
    value = call(answer, real, fake)
    compare(
        value,
        gap.sum().item() / 2,
        mistakes={
            "an excess of one class is a lack of another, the sum counts both: half of it": gap.sum(),
            "shares, not counts: the two sets may differ in size": (counts[0] - counts[1]).abs().sum() / 2,
            "that is the mean over the classes: half the sum is the share to be exchanged": gap.mean(),
            "that is the largest difference of one class: add up all of them": gap.max(),
            "absolute differences, not squares": gap.square().sum() / 2,
            "without the absolute value excess and lack cancel: this is always 0": (p - q).sum(),
            "that is the share of the classes that are missing: lacks and excesses of others count, too": (
                p[q == 0].sum()
            ),
        },
        atol=1e-5,
    )
    same = call(answer, torch.tensor([0, 1, 9, 9]), torch.tensor([9, 0, 9, 1]))
    expect(
        abs(float(same)) < 1e-6, f"equal shares must give 0, got {float(same):.3g}: are there ten classes?"
    )
    nine = call(answer, torch.tensor([0, 1, 9, 9]), torch.tensor([0, 1, 1, 1]))
    compare(nine, 0.5, mistakes={"digit 9 counts, too: there are ten classes": 0.25}, atol=1e-5)


@exercise(2)
def check_2(answer: object) -> None:
    """`ceiling(n, m, k)`: expected coverage for n real and m fake images of one source."""

    def product(n: int, m: int, k: int, first: int = 1) -> float:
        return math.prod((n - i) / (m + n - i) for i in range(first, first + k))

    n, m, k = 6, 9, 3
    value = call(answer, n, m, k)
    compare(
        value,
        1 - product(n, m, k),
        mistakes={
            "that is the chance that the ball is empty: one minus it": product(n, m, k),
            "one factor is missing: the k nearest of all must be real": 1 - product(n, m, k - 1),
            "the ball's own centre does not count among the real images around it: n - 1 others": (
                1 - product(n, m, k, first=0)
            ),
            "the roles are exchanged: the ball is drawn by the n real images": 1 - product(m, n, k),
            "draws without replacement: each step leaves one image fewer in the pool": (
                1 - ((n - 1) / (m + n - 1)) ** k
            ),
            "that is the limit for infinitely many images of both kinds; here n and m are small": 1 - 0.5**k,
            "that is the chance that a ball around a real image holds one given fake": k / n,
        },
        rtol=1e-6,
    )
    compare(
        call(answer, 12, 5, 2),
        1 - product(12, 5, 2),
        mistakes={"right for k = 3 only: use n, m and k, not fixed numbers": 1 - product(12, 5, 3)},
        rtol=1e-6,
    )
    compare(
        call(answer, 9, 7, 5),
        1 - product(9, 7, 5),
        mistakes={"right up to k = 3 only: each of the k places has its own factor": 1 - product(9, 7, 3)},
        rtol=1e-6,
    )


@exercise(3)
def check_3(answer: object) -> None:
    """`without_bias(d_1, n_1, d_2, n_2)`: the intercept of d = limit + slope / n."""
    d, n, e, m = 14.0, 250.0, 9.0, 1500.0
    value = call(answer, d, n, e, m)
    limit = (m * e - n * d) / (m - n)
    slope = (d - e) / (1 / n - 1 / m)
    compare(
        value,
        limit,
        mistakes={
            "that is the slope, how much the bias costs: the limit is what remains": slope,
            "the line must be straight in 1/n, not in n: at n = 0 there are no images at all": (
                d - n * (e - d) / (m - n)
            ),
            "that is an average of the two distances: both are biased upwards, the limit lies below them": (
                (m * e + n * d) / (m + n)
            ),
            "an average of two biased distances stays biased: extend the line beyond both": (d + e) / 2,
            "straight in 1/n, not in 1/√n: the distance is quadratic in errors of 1/√n": (
                (math.sqrt(m) * e - math.sqrt(n) * d) / (math.sqrt(m) - math.sqrt(n))
            ),
            "the bias was added, not taken away": e + slope / m,
        },
        rtol=1e-5,
    )
    again = call(answer, e, m, d, n)
    expect(
        abs(float(again) - limit) < 1e-4,
        "the answer changes when the two measurements are passed in the other order: use each n with its d",
    )
    other = call(answer, 3 + 40 / 100, 100.0, 3 + 40 / 800, 800.0)
    compare(other, 3.0, mistakes={"one fixed number is no answer: use all four arguments": limit}, rtol=1e-5)
    negative = call(answer, 40 / 100 - 0.1, 100.0, 40 / 800 - 0.1, 800.0)
    compare(
        negative,
        -0.1,
        mistakes={
            "do not clip: an unbiased limit of two equal sets is often negative": 0.0,
            "no absolute value: a limit can be negative": 0.1,
        },
        atol=1e-6,
    )


@exercise(4)
def check_4(answer: object) -> None:
    """`honest(select, report)`: the report distance of the state with the smallest select distance."""
    select = torch.tensor([[9.0, 7.0, 6.0, 6.5], [8.0, 4.0, 5.0, 7.0], [9.0, 8.0, 5.5, 3.0]])
    report = torch.tensor([[9.5, 5.6, 5.8, 8.5], [8.2, 5.2, 4.4, 7.3], [6.0, 7.0, 5.0, 4.9]])
    common = report[:, select.mean(0).argmin()]
    value = call(answer, select, report)
    rows = torch.arange(3)
    expect(
        not (isinstance(value, torch.Tensor) and value.shape == (4,)),
        "one number per state: choose within each run, along the second axis",
    )
    compare(
        value,
        report[rows, select.argmin(1)],
        mistakes={
            "that is the smallest of the report set: chosen on the data it is reported on": report.amin(1),
            "that is the winner's distance on the selection set, where it won by luck, too": select.amin(1),
            "that is the last state: nothing was chosen": report[:, -1],
            "that is the worst state by selection: a small distance is good": report[rows, select.argmax(1)],
            "chosen by the report set and reported on the selection set: exchanged": (
                select[rows, report.argmin(1)]
            ),
            "that is one common state for all runs: choose for each run": common,
            "that averages both sets: the selection set flatters": (
                (report + select)[rows, select.argmin(1)] / 2
            ),
            "that is the worse of both readings: only the report set counts": (
                torch.maximum(select, report)[rows, select.argmin(1)]
            ),
        },
    )
