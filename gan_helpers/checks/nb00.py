"""Checks of notebook 00."""

import itertools

import torch

from gan_helpers.checks import call, compare, exercise, expect, tensor


@exercise(1)
def check_1(answer: object) -> None:
    """Grey values 0..16 to -1..1."""
    grey = torch.tensor([[0.0, 4.0, 8.0], [12.0, 15.0, 16.0]])
    dim = torch.tensor([4.0, 8.0])
    mistakes = {
        "Tanh squeezes nearly all greys to 1: a straight line was asked for": torch.tanh(grey),
        "that is the range 0 to 1, black must be -1": grey / 16,
        "black and white are exchanged": 1 - grey / 8,
        "that runs from -0.5 to 0.5: half of the range is left unused": grey / 16 - 0.5,
        "divide by 8, not by 16 (or 15): white must come out as exactly 1": grey / 16 - 1,
        "the lowest value must become -1: subtract 1 at the end": grey / 8,
        "16 is the largest grey value, not 255": grey / 127.5 - 1,
    }
    compare(call(answer, grey), grey / 8 - 1, mistakes)
    stretched = "the result depends on the other pixels: use the fixed ends 0 and 16, not min and max"
    largest = "that divides by the largest value of this batch: use the fixed ends 0 and 16"
    wrong = {stretched: torch.tensor([-1.0, 1.0]), largest: torch.tensor([0.0, 1.0])}
    compare(call(answer, dim), dim / 8 - 1, wrong)


@exercise(2)
def check_2(answer: object) -> None:
    """Scores to probabilities."""
    scores = torch.tensor([[-3.0], [0.0], [0.5], [2.0]])
    mistakes = {
        "these are still scores: a probability lies between 0 and 1": scores,
        "that is the probability of *generated*: high scores mean real": torch.sigmoid(-scores),
        "a hard decision has no slope to learn from: give the probability": (scores > 0).float(),
        "softmax makes the batch add up to 1, but each image is judged alone": torch.softmax(scores, 0),
        "softmax over one score per image is always 1": torch.softmax(scores, 1),
        "that is the log of the probability": torch.nn.functional.logsigmoid(scores),
    }
    compare(call(answer, scores), torch.sigmoid(scores), mistakes)
    large = call(answer, torch.tensor([[200.0], [-200.0]]))
    expect(
        bool(torch.isfinite(large).all()),
        "a score of 200 gives NaN: exp(200) overflows, torch.sigmoid does not",
    )


@exercise(3)
def check_3(answer: object) -> None:
    """Noise that depends on the seed only and leaves the global random state alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(12345)
        state = torch.get_rng_state()
        one = tensor(call(answer, 500, 7), (500, 16))
        touched = not torch.equal(state, torch.get_rng_state())
        torch.manual_seed(54321)
        others = [tensor(call(answer, 500, seed), (500, 16)) for seed in (8, 9)]
        again = tensor(call(answer, 500, 7), (500, 16))
    expect(torch.equal(one, again), "the same seed gave two different noises: nothing ties them to it")
    differ = [not torch.equal(a, b) for a, b in itertools.combinations([one, *others], 2)]
    expect(all(differ), "of seeds 7, 8 and 9 two give the same noise: the seed is not used, or not in full")
    expect(not touched, "torch's global random state has changed: use a generator of your own")
    expect(one.min() < 0, "noise without negative numbers: standard normal was asked for, not uniform")
    columns = torch.corrcoef(one.T) - torch.eye(16)
    expect(columns.abs().max() < 0.3, "the 16 numbers of a vector repeat each other: draw each anew")
    expect(len(one.unique(dim=0)) == 500, "some of the 500 vectors are copies of others: draw each anew")
    ok = abs(one.mean()) < 0.05 and abs(one.std() - 1) < 0.05
    expect(bool(ok), f"mean {one.mean():.2f} and spread {one.std():.2f}: expected 0 and 1")
    expect(one.abs().max() > 3, "among 8,000 normal numbers some lie beyond 3; of these, none: not normal")
