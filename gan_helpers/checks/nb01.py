"""Checks of notebook 01, "The minimax game"."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional as F

from . import call, compare, exercise, expect, tensor


def _vector(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@exercise(1)
def check_1(answer: object) -> None:
    p, q = _vector(0.45, 0.2, 0.1, 0.15, 0.1), _vector(0.1, 0.05, 0.1, 0.35, 0.4)
    best, worst = torch.maximum(p, q).sum(), torch.minimum(p, q).sum()
    P = p / (p + q)
    compare(
        call(answer, p, q),
        best / 2,
        mistakes={
            "a share above 1? each heap is only half of all samples": best,
            "this is the share of *wrong* judgements": worst / 2,
            "this is the total variation distance: how does the accuracy follow from it?": best - 1,
            "this is the share of outcomes that are called real: weight each by how often it occurs": (
                (p > q).double().mean()
            ),
            "these are only the real samples judged rightly: generated ones count too": p[p > q].sum(),
            "one outcome does not decide: add up all of them": (1 + (p - q).abs().max()) / 2,
            "a tie (p_d = p_g) belongs to one side: whichever you choose, half of it is right": (
                (p[p > q].sum() + q[q > p].sum()) / 2
            ),
            "this is the mean probability given to the right answer: the judge says yes or no": (
                (p * P).sum() + (q * (1 - P)).sum()
            )
            / 2,
            "outcomes are not equally frequent: weight each by how often it occurs": torch.maximum(
                P, 1 - P
            ).mean(),
        },
    )
    p, q = _vector(0.5, 0.5, 0.0), _vector(0.25, 0.75, 0.0)
    value = tensor_or_number(call(answer, p, q))
    expect(math.isfinite(value), "an outcome that never occurs gives 0/0: can you do without a division?")
    compare(value, 0.625, mistakes={})


def tensor_or_number(value: object) -> float:
    """Return one number as float, finite or not; anything else stays for `compare` to refuse."""
    return float(value) if isinstance(value, (int, float)) or getattr(value, "ndim", None) == 0 else value


@exercise(2)
def check_2(answer: object) -> None:
    p_d, p_g = _vector(0.5, 0.2, 0.1), _vector(0.1, 0.3, 0.1)
    for share in (0.2, 0.7):
        _check_share(answer, p_d, p_g, share)


def _check_share(answer: object, p_d: torch.Tensor, p_g: torch.Tensor, share: float) -> None:
    ratio, odds = p_d / p_g, share / (1 - share)
    real, fake = share * p_d, (1 - share) * p_g
    compare(
        call(answer, p_d, p_g, share),
        torch.log(ratio * odds),
        mistakes={
            "this is the answer for a fair coin: where does the share enter?": torch.log(ratio),
            "the share counts for the wrong side: it is the share of *real* samples": torch.log(ratio / odds),
            "this is the probability: the score is its log-odds": real / (real + fake),
            "the sign is reversed: more real density must raise the score": -torch.log(ratio * odds),
            "the share multiplies the density, inside the logarithm": share * torch.log(ratio),
            "each share multiplies its density, inside the logarithm": (
                share * torch.log(p_d) - (1 - share) * torch.log(p_g)
            ),
            "this is the log of the probability of real, not of the odds": torch.log(real / (real + fake)),
            "this is the odds: the logarithm is missing": ratio * odds,
            "the share of generated samples is not used: they are 1 - share of all": torch.log(share * ratio),
        },
    )


@exercise(3)
def check_3(answer: object) -> None:
    p, q = _vector(0.5, 0.3, 0.2), _vector(0.1, 0.3, 0.6)
    m = (p + q) / 2
    kl = lambda a, b: (a * (a / b).log()).sum()  # noqa: E731
    jsd = (kl(p, m) + kl(q, m)) / 2
    compare(
        call(answer, p, q),
        jsd,
        mistakes={
            "this is KL(p‖q): compare each with the mixture m": kl(p, q),
            "this is the mean of KL(p‖q) and KL(q‖p): compare each with the mixture m": (kl(p, q) + kl(q, p))
            / 2,
            "this is only KL(p‖m): q counts as much as p": kl(p, m),
            "twice too large: JSD is the *mean* of the two divergences": 2 * jsd,
            "this is in bits: use the natural logarithm": jsd / math.log(2),
            "this is KL(m‖·): exchange the two arguments (F.kl_div takes the *second* as the weight)": (
                (kl(m, p) + kl(m, q)) / 2
            ),
            "this is a mean over outcomes: a divergence is a sum": jsd / 3,
            "this is the square root, the Jensen–Shannon *distance*": jsd.sqrt(),
            "the sign is reversed: a divergence is not negative": -jsd,
            "the mixture is m = (p + q)/2; yours is p + q and has mass 2": jsd - math.log(2),
        },
    )
    p, q = _vector(0.5, 0.5, 0.0, 0.0), _vector(0.0, 0.5, 0.5, 0.0)  # by hand: half of log 2
    value = tensor_or_number(call(answer, p, q))
    expect(math.isfinite(value), "with zeros your result is not finite: what is 0 · log 0 in floating point?")
    dropped = "outcomes with a zero must still count: only the term 0 · log 0 is 0"
    disjoint = "log 2 holds for disjoint outcomes; here one outcome is shared"
    compare(value, math.log(2) / 2, mistakes={dropped: 0.0, disjoint: math.log(2)})
    p, q = _vector(0.5, 0.5, 0.0, 0.0), _vector(0.0, 0.0, 1.0, 0.0)
    compare(call(answer, p, q), math.log(2), mistakes={})


_LOSSES = {  # loss of the generator: does minimising it raise every score from -5 to 5?
    "non-saturating": (lambda s: F.softplus(-s).mean(), True),
    "zero-sum": (lambda s: -F.softplus(s).mean(), True),
    "critic": (lambda s: -s.mean(), True),
    "probability": (lambda s: torch.sigmoid(s).mean(), False),
    "label 0": (lambda s: F.softplus(s).mean(), False),
    "half": (lambda s: ((torch.sigmoid(s) - 0.5) ** 2).mean(), False),
    "nine tenths": (lambda s: ((torch.sigmoid(s) - 0.9) ** 2).mean(), False),
    "cubic": (lambda s: (s**3 / 10 - s).mean(), False),
    "bump": (lambda s: (-s + 3 * torch.exp(-(s**2))).mean(), False),
    "spike": (lambda s: (-s + torch.exp(-(((s - 2.5) / 0.2) ** 2))).mean(), False),
    "early bend": (lambda s: (-s - 3 * torch.relu(-4.8 - s)).mean(), False),
    "late bend": (lambda s: (-s + 3 * torch.relu(s - 4.8)).mean(), False),
    "far bends": (lambda s: (-s - 3 * torch.relu(-5.5 - s) + 3 * torch.relu(s - 5.5)).mean(), True),
    "hinge": (lambda s: torch.relu(1 - s).mean(), False),
}


@exercise(4)
def check_4(answer: object) -> None:
    said = {}
    for name, (loss, _) in _LOSSES.items():
        value = call(answer, loss)
        if isinstance(value, torch.Tensor) and value.dtype == torch.bool:
            value = tensor(value.double(), ()).item() == 1.0
        value = bool(value) if isinstance(value, np.bool_) else value
        expect(isinstance(value, bool), f"expected True or False, got {type(value).__name__}")
        said[name] = value
    truth = {name: right for name, (_, right) in _LOSSES.items()}
    if said == truth:
        return
    wrong = {name for name in truth if said[name] != truth[name]}
    expect(any(said.values()), "your test refuses every loss, also -log P: a test that refutes the truth")
    expect(not all(said.values()), "your test accepts every loss, also E[P(G(z))]")
    expect(
        said["non-saturating"] or not said["label 0"],
        "the sign is reversed: descent moves *against* the slope, so a negative slope raises the score",
    )
    expect(
        said["zero-sum"],
        "the zero-sum loss is refused: its slope is small at low scores, never 0, and a mean divides it by n",
    )
    expect(
        wrong != {"hinge"},
        "max(0, 1 - score) is accepted: above a score of 1 it is flat, and flat is no push",
    )
    expect(
        not (said["half"] and said["cubic"]),
        "(P - ½)² is accepted: a push at *some* scores is not a push at every score",
    )
    expect(
        not said["half"],
        "(P - ½)² is accepted: it pushes up below score 0 and down above; do you look at both?",
    )
    expect(
        not said["cubic"],
        "score³/10 - score is accepted: it pushes up only between -1.8 and 1.8; look at more than one score",
    )
    expect(
        wrong != {"early bend", "late bend"},
        "losses that turn round beyond -4.8 and 4.8 are accepted: look at the whole range from -5 to 5",
    )
    expect(
        wrong != {"early bend"},
        "a loss that turns round below -4.8 is accepted: your range of scores starts too late",
    )
    expect(
        wrong != {"late bend"},
        "a loss that turns round above 4.8 is accepted: your range of scores ends too early",
    )
    expect(
        wrong != {"far bends"},
        "a loss that turns round only beyond -5.5 and 5.5 is refused: the task ends at -5 and 5",
    )
    expect(
        wrong != {"spike"},
        "a loss that turns round between scores 2 and 3 is accepted: whole numbers are not every score",
    )
    expect(
        not wrong & {"bump"} or wrong - {"bump", "spike"},
        "a loss with a bump near score 0 is accepted: two or three points are not every score",
    )
    expect(
        not said["nine tenths"],
        "(P - 0.9)² is accepted: the ends of the range do not tell what the slope does between them",
    )
    expect(False, f"wrong about: {', '.join(sorted(wrong))}")
