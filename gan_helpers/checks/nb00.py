"""Exercise checks of notebook 00."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from gan_helpers.checks import call, exercise, expect, same, tensor

GREY = torch.tensor([[0.0, 4.0, 8.0], [12.0, 15.0, 16.0]])


@exercise(
    1,
    {
        "Tanh squeezes nearly all greys to 1: a straight line was asked for": lambda g: torch.tanh(g),
        "that is the range 0 to 1, black must be -1": lambda g: g / 16,
        "black and white are exchanged": lambda g: 1 - g / 8,
        "that runs from -0.5 to 0.5: half of the range is left unused": lambda g: g / 16 - 0.5,
        "divide by 8, not by 16 (or 15): white must come out as exactly 1": lambda g: g / 16 - 1,
        "the lowest value must become -1: subtract 1 at the end": lambda g: g / 8,
        "16 is the largest grey value, not 255": lambda g: g / 127.5 - 1,
        "the result depends on the other pixels: use the fixed ends 0 and 16, not min and max": lambda g: (
            2 * (g - g.min()) / (g.max() - g.min()) - 1
        ),
        "that divides by the largest value of this batch: use the fixed ends 0 and 16": lambda g: (
            2 * g / g.max() - 1
        ),
        "a grey between two whole numbers is rounded: there may be such, do not use //": lambda g: (
            g // 1 / 8 - 1
        ),
    },
)
def check_1(answer: object, mistakes: dict) -> None:
    """Grey values 0..16 to -1..1."""
    same(answer, lambda g: g / 8 - 1, mistakes, (GREY,), (torch.tensor([4.0, 8.5]),), (torch.tensor(16.0),))


@exercise(
    2,
    {
        "these are still scores: a probability lies between 0 and 1": lambda s: s,
        "that is the probability of *fake*: high scores mean real": lambda s: torch.sigmoid(-s),
        "a hard decision has no slope to learn from: give the probability": lambda s: (s > 0).float(),
        "softmax makes the batch add up to 1, but each image is judged alone": lambda s: torch.softmax(s, 0),
        "softmax over one score per image is always 1": lambda s: torch.softmax(s, 1),
        "that is the log of the probability": F.logsigmoid,
        "a score of 200 gives NaN: exp(200) overflows, torch.sigmoid does not": lambda s: (
            s.exp() / (1 + s.exp())
        ),
        "the probabilities are cut off before 0 and 1: no clamp": lambda s: torch.sigmoid(s).clamp(
            0.01, 0.99
        ),
    },
)
def check_2(answer: object, mistakes: dict) -> None:
    """Scores to probabilities, with a gradient at large scores as well."""
    large = torch.tensor([[200.0], [-200.0], [8.0], [-8.0], [20.0]])
    same(answer, torch.sigmoid, mistakes, (torch.tensor([[-3.0], [0.0], [0.5], [2.0]]),), (large,))
    scores = large.requires_grad_()
    probability = call(lambda: answer(scores))
    expect(probability.requires_grad, "right, but no gradient comes back: no detach(), .item() or no_grad")
    (slope,) = torch.autograd.grad(probability.sum(), scores)
    expect(
        bool(slope.isfinite().all()),
        "right, but its gradient is NaN for a score of -200: exp(200) overflows, torch.sigmoid does not",
    )


@exercise(3)
def check_3(answer: object, _: dict) -> None:
    """Noise that depends on the seed only and leaves the global random state alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(12345)
        state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
        one = tensor(call(answer, 500, 7), (500, 16))
        touched = not torch.equal(state, torch.get_rng_state())
        numpy_touched = not all(map(np.array_equal, numpy_state, np.random.get_state()))  # noqa: NPY002
        torch.manual_seed(54321)
        others = [tensor(call(answer, 500, seed), (500, 16)) for seed in (8, 9, 17, 1007, 7 + 2**16)]
        again = tensor(call(answer, 500, 7), (500, 16))
        few = tensor(call(answer, 3, 7), (3, 16))
    expect(one.dtype == torch.float32, f"expected torch.float32, which networks use, got {one.dtype}")
    expect(torch.equal(one, again), "the same seed gave two different noises: nothing ties them to it")
    differ = len({tuple(noise[0].tolist()) for noise in (one, *others)}) == 6
    expect(
        differ, "of seeds such as 7, 8 and 17 two give the same noise: the seed is not used, or not in full"
    )
    expect(not touched, "torch's global random state has changed: use a generator of your own")
    expect(not numpy_touched, "NumPy's global random state has changed: use a generator of your own")
    expect(bool(few.std() > 0.1), "three vectors of noise are all alike")
    expect(one.min() < 0, "noise without negative numbers: standard normal was asked for, not uniform")
    columns = torch.corrcoef(one.T) - torch.eye(16)
    expect(columns.abs().max() < 0.3, "the 16 numbers of a vector repeat each other: draw each anew")
    expect(len(one.unique(dim=0)) == 500, "some of the 500 vectors are copies of others: draw each anew")
    ok = abs(one.mean()) < 0.05 and abs(one.std() - 1) < 0.05
    expect(bool(ok), f"mean {one.mean():.2f} and spread {one.std():.2f}: expected 0 and 1")
    drawn, normal = torch.arange(1, 8001) / 8000, torch.special.ndtr(one.flatten().sort().values)
    gap = (drawn - normal).abs().max()  # Kolmogorov and Smirnov: over .023 once in a thousand normal draws
    expect(bool(gap < 0.023), f"up to {gap:.1%} too many or too few lie below a number: that is not normal")
