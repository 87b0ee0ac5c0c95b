"""Exercise checks of notebook 06 (DCGAN)."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from gan_helpers.checks import call, compare, exercise, expect, number, tensor
from gan_helpers.data import batches


@exercise(1)
def check_1(answer: object) -> None:
    """`side_out(side, kernel, stride, padding, output_padding)` of a transposed convolution."""
    for side, kernel, stride, padding, extra in (
        (5, 8, 3, 2, 1),  # here no two of the mistakes below give the same number
        (7, 4, 2, 1, 0),
        (7, 3, 2, 1, 1),
        (5, 3, 3, 0, 0),
        (10, 5, 1, 2, 0),
    ):
        right = torch.nn.ConvTranspose2d(1, 1, kernel, stride, padding, extra)(torch.zeros(1, 1, side, side))
        value = number(call(answer, side, kernel, stride, padding, extra))
        if value == right.shape[-1]:
            continue
        case = f"side {side}, kernel {kernel}, stride {stride}, padding {padding}, output padding {extra}"
        for hint, wrong in {
            "that is the size that an ordinary convolution returns; this one runs backwards": (
                side + 2 * padding - kernel
            )
            // stride
            + 1,
            "between n pixels lie n - 1 steps, not n": side * stride - 2 * padding + kernel + extra,
            "padding is cut off at both ends": (side - 1) * stride - padding + kernel + extra,
            "padding makes the result smaller here, not larger": (side - 1) * stride
            + 2 * padding
            + kernel
            + extra,
            "output_padding is missing": (side - 1) * stride - 2 * padding + kernel,
            "that is the size before anything is cut off": (side - 1) * stride + kernel + extra,
            "output_padding is added on one side only": (side - 1) * stride
            - 2 * padding
            + kernel
            + 2 * extra,
            "stride times side holds only for kernel = stride + 2 · padding": side * stride,
        }.items():
            expect(value != wrong, f"{case}: expected {right.shape[-1]}, got {value:g}: {hint}")
        expect(False, f"{case}: expected {right.shape[-1]}, got {value:g}")


@exercise(2)
def check_2(answer: object) -> None:
    """`half_life(decay)`: updates after which a change of the weights has arrived by half."""
    for decay in (0.5, 0.99, 0.998):
        compare(
            call(answer, decay),
            math.log(0.5) / math.log(decay),
            mistakes={
                "that is the mean age, 1/(1 - decay): after so many updates 63 % has arrived, not half": 1
                / (1 - decay),
                "that is ½ to the power of decay: solve decay**n = ½ for n": 0.5**decay,
                "turned round: which of the two logarithms is divided by the other?": math.log(decay)
                / math.log(0.5),
                "the sign: both logarithms are negative": -math.log(0.5) / math.log(decay),
                "that solves (1 - decay)**n = ½: the old value is multiplied by decay": (
                    math.log(0.5) / math.log(1 - decay) if decay != 0.5 else math.nan
                ),
                "log 2 / (1 - decay) is an approximation: good near 1, wrong for .5": math.log(2)
                / (1 - decay),
            },
            rtol=1e-3,
        )


@exercise(3)
def check_3(answer: object) -> None:
    """`resumed(x, batch, seed, step)`: the batches that an interrupted game has not seen yet."""
    x, seed = torch.arange(10.0).view(10, 1), 5
    whole = [b for b, _ in zip(batches(x, 4, seed=seed), range(12), strict=False)]

    def first(step: int) -> list[torch.Tensor]:
        fed = call(answer, x, 4, seed, step)
        expect(
            isinstance(fed, Iterator) or hasattr(fed, "__iter__"),
            f"expected batches to iterate over, got {type(fed).__name__}",
        )
        got = [tensor(b, (4, 1)) for b, _ in zip(fed, range(40), strict=False)]
        expect(
            len(got) != step or not step,
            f"the game goes on, yours stops after {len(got)} batches: is `step` the start or the stop?",
        )
        expect(
            len(got) == 40, f"without end, please: after {len(got)} batches nothing comes; the stop is None"
        )
        return got[:4]

    def same(got: list[torch.Tensor], start: int) -> bool:
        return 0 <= start <= 9 and all(
            torch.equal(a, b) for a, b in zip(got, whole[start : start + 4], strict=True)
        )

    for step in (3, 5):  # two batches an epoch: after 3 the game stands in the middle of one
        got = first(step)
        if same(got, step):
            continue
        expect(
            not same(got, 0), f"after {step} batches it begins again with the first one: skip what was played"
        )
        expect(
            not same(got, step + 1), f"after {step} batches it leaves out one: the next is number {step + 1}"
        )
        expect(not same(got, step - 1), f"after {step} batches it plays the last one again")
        epoch = step // 2 * 2
        expect(not same(got, epoch), f"after {step} batches it begins the running epoch anew")
        other = [b for b, _ in zip(batches(x, 4, seed=seed + step), range(4), strict=False)]
        expect(
            not all(torch.equal(a, b) for a, b in zip(got, other, strict=True)),
            "another seed gives another order: uninterrupted, the game would have gone on in this one",
        )
        cut = [b for b, _ in zip(batches(x[step:], 4, seed=seed), range(4), strict=False)] if step < 6 else []
        expect(
            not cut or not all(torch.equal(a, b) for a, b in zip(got, cut, strict=True)),
            "that leaves out images, and for ever; leave out batches of the shuffled order",
        )
        expect(False, f"after {step} batches the next are not those of the uninterrupted game")
    fed = first(0)
    expect(same(fed, 0), "after 0 batches the first ones must come")


@exercise(4)
def check_4(answer: object) -> None:
    """`checkerboard(side)`: (side, side) of ±1 whose whole power lies at one frequency, (side/2, side/2)."""
    for side in (8, 28):
        x = tensor(call(answer, side), (side, side)).double()
        power = torch.fft.fft2(x).abs().square()
        power = power / power.sum().clamp(min=1e-12)
        half = side // 2
        if power[half, half] > 0.999 and (x.abs() - 1).abs().max() < 1e-6:
            continue
        expect(
            power[0, 0] < 0.999, "a constant image: all its power is at frequency (0, 0), which no eye sees"
        )
        expect(
            power[half, 0] < 0.999 and power[0, half] < 0.999,
            "these are stripes: the sign must change along both axes",
        )
        expect(
            power[half // 2, half // 2] < 0.2,
            "the squares are two pixels wide: the sign must change at every pixel",
        )
        expect(
            not (power[0, 0] > 0.4 and power[half, half] > 0.4),
            "half of the power is the mean: use -1 and 1, not 0 and 1",
        )
        expect(power[half, half] < 0.999, "the pattern is right, the values are not -1 and 1")
        expect(
            power.max() > 0.3, "random signs spread their power over all frequencies: let the pattern repeat"
        )
        expect(False, f"only {power[half, half]:.0%} of the power is at ({half}, {half})")
