"""Exercise checks of notebook 01 (the minimax game)."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_helpers.checks import call, exercise, expect, same, truth


def _vector(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


@exercise(
    1,
    {
        "an outcome that never occurs gives 0/0: can you do without a division?": lambda p, q: (
            (p + q) / 2 * torch.maximum(p, q) / (p + q)
        ).sum(),
        "a share above 1? each heap is only half of all samples": lambda p, q: torch.maximum(p, q).sum(),
        "this is the share of *wrong* judgements": lambda p, q: torch.minimum(p, q).sum() / 2,
        "this is the total variation distance: how does the accuracy follow from it?": lambda p, q: (
            (p - q).abs().sum() / 2
        ),
        "this is the share of outcomes that are called real: weight each by how often it occurs": (
            lambda p, q: (p > q).double().mean()
        ),
        "these are only the real samples judged rightly: fakes count too": lambda p, q: p[p > q].sum(),
        "one outcome does not decide: add up all of them": lambda p, q: (1 + (p - q).abs().max()) / 2,
        "a tie (p_d = p_g) belongs to one side: whichever you choose, half of it is right": lambda p, q: (
            (p[p > q].sum() + q[q > p].sum()) / 2
        ),
        "this is the mean probability given to the right answer: the judge says yes or no": lambda p, q: (
            ((p * p / (p + q)).sum() + (q * q / (p + q)).sum()) / 2
        ),
        "outcomes are not equally frequent: weight each by how often it occurs": lambda p, q: (
            torch.maximum(p, q) / (p + q)
        ).mean(),
    },
)
def check_1(answer: object, mistakes: dict) -> None:
    """`best_accuracy(p_d, p_g)`: half the sum of the larger one."""
    five = _vector(0.45, 0.2, 0.1, 0.15, 0.1), _vector(0.1, 0.05, 0.1, 0.35, 0.4)
    zeros = _vector(0.5, 0.5, 0.0), _vector(0.25, 0.75, 0.0)
    same(answer, lambda p, q: torch.maximum(p, q).sum() / 2, mistakes, five, zeros)


@exercise(
    2,
    {
        "this is the answer for a fair coin: where does the share enter?": lambda p, q, share: torch.log(
            p / q
        ),
        "the share counts for the wrong side: it is the share of *real* samples": lambda p, q, share: (
            torch.log(p * (1 - share) / (q * share))
        ),
        "this is the probability: the score is its log-odds": lambda p, q, share: (
            share * p / (share * p + (1 - share) * q)
        ),
        "the sign is reversed: more real density must raise the score": lambda p, q, share: torch.log(
            (1 - share) * q / (share * p)
        ),
        "the share multiplies the density, inside the logarithm": lambda p, q, share: (
            share * torch.log(p / q)
        ),
        "each share multiplies its density, inside the logarithm": lambda p, q, share: (
            share * torch.log(p) - (1 - share) * torch.log(q)
        ),
        "this is the log of the probability of real, not of the odds": lambda p, q, share: torch.log(
            share * p / (share * p + (1 - share) * q)
        ),
        "this is the odds: the logarithm is missing": lambda p, q, share: share * p / ((1 - share) * q),
        "the share of fakes is not used: they are 1 - share of all": lambda p, q, share: torch.log(
            share * p / q
        ),
    },
)
def check_2(answer: object, mistakes: dict) -> None:
    """`best_score(p_d, p_g, share)`: the log of the odds."""

    def right(p: Tensor, q: Tensor, share: float) -> Tensor:
        return torch.log(p / q) + math.log(share / (1 - share))

    p, q = _vector(0.5, 0.2, 0.1), _vector(0.1, 0.3, 0.1)
    same(answer, right, mistakes, (p, q, 0.2), (p, q, 0.7), (p.view(3, 1)[:2], q.view(3, 1)[1:], 0.4))


def _kl(p: Tensor, q: Tensor) -> Tensor:
    return (p * (p / q).log()).sum()


def _jsd(p: Tensor, q: Tensor) -> Tensor:
    m = (p + q) / 2
    return (torch.xlogy(p, p / m).nansum() + torch.xlogy(q, q / m).nansum()) / 2


@exercise(
    3,
    {
        "with zeros your result is not finite: what is 0 · log 0 in floating point?": lambda p, q: (
            (_kl(p, (p + q) / 2) + _kl(q, (p + q) / 2)) / 2
        ),
        "an outcome that has probability 0 under both gives 0/0: leave it out": lambda p, q: (
            sum(torch.xlogy(a, 2 * a / (p + q)).sum() for a in (p, q)) / 2
        ),
        "in float32 your tiny number is 0: leave out what has probability 0 instead": lambda p, q: (
            sum(torch.xlogy(a, 2 * a / (p + q + 1e-300)).sum() for a in (p, q)) / 2
        ),
        "this is KL(p‖q): compare each with the mixture m": _kl,
        "this is the mean of KL(p‖q) and KL(q‖p): compare each with the mixture m": lambda p, q: (
            (_kl(p, q) + _kl(q, p)) / 2
        ),
        "this is only KL(p‖m): q counts as much as p": lambda p, q: _kl(p, (p + q) / 2),
        "twice too large: JSD is the *mean* of the two divergences": lambda p, q: 2 * _jsd(p, q),
        "this is in bits: use the natural logarithm": lambda p, q: _jsd(p, q) / math.log(2),
        "this is KL(m‖·): exchange the two arguments (F.kl_div takes the *second* as the weight)": (
            lambda p, q: (_kl((p + q) / 2, p) + _kl((p + q) / 2, q)) / 2
        ),
        "this is a mean over outcomes: a divergence is a sum": lambda p, q: _jsd(p, q) / len(p),
        "this is the square root, the Jensen–Shannon *distance*": lambda p, q: _jsd(p, q).sqrt(),
        "the sign is reversed: a divergence is not negative": lambda p, q: -_jsd(p, q),
        "the mixture is m = (p + q)/2; yours is p + q and has mass 2": lambda p, q: _jsd(p, q) - math.log(2),
        "outcomes with a zero must still count: only the term 0 · log 0 is 0": lambda p, q: _jsd(
            p * (q > 0), q * (p > 0)
        ),
        "log 2 holds for disjoint outcomes; here one outcome is shared": lambda p, q: (
            math.log(2) if (p * q == 0).any() else _jsd(p, q)
        ),
    },
)
def check_3(answer: object, mistakes: dict) -> None:
    """`jsd_of_outcomes(p, q)`, with zeros."""
    same(
        answer,
        _jsd,
        mistakes,
        (_vector(0.5, 0.3, 0.2), _vector(0.1, 0.3, 0.6)),
        (_vector(0.5, 0.5, 0.0), _vector(0.0, 0.5, 0.5)),  # by hand: half of log 2
        (_vector(0.5, 0.5, 0.0, 0.0), _vector(0.0, 0.0, 1.0, 0.0)),
        (torch.tensor([0.5, 0.25, 0.25, 0.0]), torch.tensor([0.0, 0.5, 0.5, 0.0])),  # in float32
    )


_LOSSES = {  # loss of the generator: does minimising it raise every score from -5 to 5?
    "-log P": (lambda s: F.softplus(-s).mean(), True),
    "the zero-sum loss": (lambda s: -F.softplus(s).mean(), True),
    "-score": (lambda s: -s.mean(), True),
    "P": (lambda s: torch.sigmoid(s).mean(), False),
    "-log(1 - P)": (lambda s: F.softplus(s).mean(), False),
    "(P - ½)²": (lambda s: ((torch.sigmoid(s) - 0.5) ** 2).mean(), False),
    "(P - 0.9)²": (lambda s: ((torch.sigmoid(s) - 0.9) ** 2).mean(), False),
    "score³/10 - score": (lambda s: (s**3 / 10 - s).mean(), False),
    "a loss with a bump at score 0": (lambda s: (-s + 3 * torch.exp(-(s**2))).mean(), False),
    "a loss with a bump at 2.5": (lambda s: (-s + torch.exp(-(((s - 2.5) / 0.2) ** 2))).mean(), False),
    "a loss that bends below -4.8": (lambda s: (-s - 3 * torch.relu(-4.8 - s)).mean(), False),
    "a loss that bends above 4.8": (lambda s: (-s + 3 * torch.relu(s - 4.8)).mean(), False),
    "a loss that bends only beyond ±5.5": (
        lambda s: (-s - 3 * torch.relu(-5.5 - s) + 3 * torch.relu(s - 5.5)).mean(),
        True,
    ),
    "max(0, 1 - score)": (lambda s: torch.relu(1 - s).mean(), False),
}


def _slope_says(verdict, first: float = -5, last: float = 5, points: int = 201):
    """A `pushes_up` that looks at the slopes on a grid of scores."""

    def pushes_up(loss_G):
        score = torch.linspace(first, last, points, dtype=torch.float64, requires_grad=True)
        return bool(verdict(torch.autograd.grad(loss_G(score), score)[0]))

    return pushes_up


@exercise(
    4,
    {
        "your test accepts every loss, also E[P(G(z))]": lambda loss_G: True,
        "your test refuses every loss, also -log P: a test that refutes the truth": lambda loss_G: False,
        "the sign is reversed: descent moves *against* the slope, so a negative slope raises the score": (
            _slope_says(lambda slope: (slope > 0).all())
        ),
        "the zero-sum loss is refused: its slope at low scores is small (a mean divides it by n), never 0": (
            _slope_says(lambda slope: (slope < -1e-3).all())
        ),
        "max(0, 1 - score) is accepted: above a score of 1 it is flat, and flat is no push": (
            _slope_says(lambda slope: (slope <= 0).all())
        ),
        "a push at *some* scores is not a push at every score": _slope_says(lambda slope: (slope < 0).any()),
        "you look below score 0 only: a loss may push up there and down above": (
            _slope_says(lambda slope: slope < 0, -2, -2, 1)
        ),
        "you look at score 0 only: one score is not every score": _slope_says(
            lambda slope: slope < 0, 0, 0, 1
        ),
        "the ends of the range do not tell what the slope does between them": lambda loss_G: bool(
            loss_G(_vector(5)) < loss_G(_vector(-5)) - 1e-9
        ),
        "a loss that turns round between scores 2 and 3 is accepted: whole numbers are not every score": (
            _slope_says(lambda slope: (slope < 0).all(), points=11)
        ),
        "losses that turn round beyond -4.8 and 4.8 are accepted: look at the whole range from -5 to 5": (
            _slope_says(lambda slope: (slope[40:-40] < 0).all())
        ),
        "a loss that turns round below -4.8 is accepted: your range of scores starts too late": (
            _slope_says(lambda slope: (slope < 0).all(), -1)
        ),
        "a loss that turns round above 4.8 is accepted: your range of scores ends too early": (
            _slope_says(lambda slope: (slope < 0).all(), last=4.6)
        ),
        "a loss that turns round only beyond -5.5 and 5.5 is refused: the task ends at -5 and 5": (
            _slope_says(lambda slope: (slope < 0).all(), -30, 30)
        ),
        "two or three points are not every score": _slope_says(lambda slope: (slope < 0).all(), points=4),
    },
)
def check_4(answer: object, mistakes: dict) -> None:
    """`pushes_up(loss_G)`: what an answer says of all losses is compared with what the mistakes say."""
    said = [truth(call(answer, loss)) for loss, _ in _LOSSES.values()]
    for hint, mistake in mistakes.items():
        expect(said != [mistake(loss) for loss, _ in _LOSSES.values()], hint)
    for verdict, (name, (_, right)) in zip(said, _LOSSES.items(), strict=True):
        expect(verdict == right, f"{name} is {'accepted' if verdict else 'refused'}: wrongly")
