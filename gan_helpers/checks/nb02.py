"""Exercise checks of notebook 02 (losses and gradients)."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_helpers.checks import Hint, call, compare, exercise, expect, same, trains


def _leaf(*values: float, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(values, dtype=dtype, requires_grad=True)


@exercise(
    4,
    {
        "the sign is flipped: for t = 0.9 a fake with P = 0.5 must still be pulled up": lambda t: math.log(
            (1 - t) / t
        ),
        "this is the probability at which it turns, not the score": lambda t: t,
        "t is a probability already: you need the inverse of the sigmoid, not the sigmoid": lambda t: (
            1 / (1 + math.exp(-t))
        ),
        "log(t) is only half of it: the slope sigmoid(s) - t also knows 1 - t": math.log,
        "the score of P = 1/2 does not depend on t: find where the slope sigmoid(s) - t is zero": lambda t: (
            0.0
        ),
    },
)
def check_4(answer: object, mistakes: dict) -> None:
    """`turning_score(t)`: log t/(1 - t)."""
    same(answer, lambda t: math.log(t / (1 - t)), mistakes, (0.9,), (0.6,), (0.2,))


def _hinge(r: Tensor, f: Tensor) -> tuple[Tensor, Tensor]:
    return F.relu(1 - r).mean() + F.relu(1 + f).mean(), -f.mean()


@exercise(
    1,
    {
        "the margins are on the wrong sides: real scores should end above 1, fakes below -1": lambda r, f: (
            F.relu(1 + r).mean() + F.relu(1 - f).mean(),
            -f.mean(),
        ),
        "without the maximum this is the Wasserstein critic: beyond the margin a sample costs 0": (
            lambda r, f: (
                (1 - r).mean() + (1 + f).mean(),
                -f.mean(),
            )
        ),
        "average over each batch, do not add up": lambda r, f: (
            F.relu(1 - r).sum() + F.relu(1 + f).sum(),
            -f.sum(),
        ),
        "one mean over both batches together: average each, then add": lambda r, f: (
            torch.cat([F.relu(1 - r), F.relu(1 + f)]).mean(),
            -f.mean(),
        ),
        "the fakes' margin is on the wrong side: 1 + D": lambda r, f: (
            F.relu(1 - r).mean() + F.relu(1 - f).mean(),
            -f.mean(),
        ),
        "the two losses are exchanged: return loss_D first": lambda r, f: _hinge(r, f)[::-1],
        "softplus never costs nothing: the hinge is max(0, 1 - D), 0 beyond the margin": lambda r, f: (
            F.softplus(1 - r).mean() + F.softplus(1 + f).mean(),
            -f.mean(),
        ),
        "at the margin your loss is rounded: the hinge has a sharp bend there": lambda r, f: (
            F.softplus(1 - r, beta=50).mean() + F.softplus(1 + f, beta=50).mean(),
            -f.mean(),
        ),
        "loss_D is divided by 2: the two means are added": lambda r, f: (_hinge(r, f)[0] / 2, -f.mean()),
        "loss_D is to be minimised: this has the opposite sign": lambda r, f: (-_hinge(r, f)[0], -f.mean()),
        "the maximum is taken with 1 and not around it: max(0, 1 - D), not max(0, -D)": lambda r, f: (
            F.relu(-r).mean() + F.relu(f).mean(),
            -f.mean(),
        ),
        "the generator wants high scores: flip the sign of loss_G": lambda r, f: (_hinge(r, f)[0], f.mean()),
        "loss_G has no margin: a hinge would take away the gradient of fakes above it": lambda r, f: (
            _hinge(r, f)[0],
            F.relu(1 - f).mean(),
        ),
        "loss_G is the fakes' part of -loss_D: drop the bend, it is linear in the score": lambda r, f: (
            _hinge(r, f)[0],
            -F.relu(1 + f).mean(),
        ),
        "loss_D is right for small scores and wrong at -30 and 40: is there a clamp() on the way?": (
            lambda r, f: (
                _hinge(r.clamp(-5, 5), f.clamp(-5, 5))[0],
                -f.mean(),
            )
        ),
        "loss_G is right for small scores and wrong at -30 and 40: is there a clamp() on the way?": (
            lambda r, f: (
                _hinge(r, f)[0],
                -f.clamp(-5, 5).mean(),
            )
        ),
    },
)
def check_1(answer: object, mistakes: dict) -> None:
    """`hinge_losses(score_real, score_fake)`: (loss_D, loss_G)."""
    r, f = _leaf(-2.0, 0.5, 3.0), _leaf(-3.0, -0.25, 0.5, 2.0, 0.0)
    far = torch.tensor([-2.0, 0.5, -30.0, 40.0]), torch.tensor([0.3, -30.0, 40.0])
    margin = torch.tensor([1.0, 0.99]), torch.tensor([-1.0, -1.01, -0.99])
    same(answer, _hinge, mistakes, (r.detach(), f.detach()), far, margin)
    trains(lambda: answer(r, f)[0], {"score_real": r, "score_fake": f})
    trains(lambda: answer(r, f)[1], {"score_fake": f})


def _smoothed(r: Tensor, f: Tensor, a: float) -> Tensor:
    return ((1 - a) * F.softplus(-r) + a * F.softplus(r)).mean() + F.softplus(f).mean()


def _from_probabilities(eps: float):
    def loss(r: Tensor, f: Tensor, a: float) -> Tensor:
        P, Q = torch.sigmoid(r), torch.sigmoid(f)
        real = -(1 - a) * torch.log(P + eps) - a * torch.log(1 - P + eps)
        return real.mean() - torch.log(1 - Q + eps).mean()

    return loss


def _with_exp(r: Tensor, f: Tensor, a: float) -> Tensor:
    real = (1 - a) * torch.log1p(torch.exp(-r)) + a * torch.log1p(torch.exp(r))
    return real.mean() + torch.log1p(torch.exp(f)).mean()


@exercise(
    2,
    {
        "the fakes are smoothed as well: one-sided means that their label stays 0": lambda r, f, a: (
            _smoothed(r, f, a) + a * (F.softplus(-f) - F.softplus(f)).mean()
        ),
        "the label weighs the two prices, it does not scale the score": lambda r, f, a: (
            F.softplus(-(1 - a) * r).mean() + F.softplus(f).mean()
        ),
        "one mean over both batches together: average each, then add": lambda r, f, a: torch.cat(
            [(1 - a) * F.softplus(-r) + a * F.softplus(r), F.softplus(f)]
        ).mean(),
        "the fakes are smoothed and the real ones are not": lambda r, f, a: (
            F.softplus(-r).mean() + ((1 - a) * F.softplus(f) + a * F.softplus(-f)).mean()
        ),
        "alpha is not used: these are hard labels": lambda r, f, a: (
            F.softplus(-r).mean() + F.softplus(f).mean()
        ),
        "the label of real samples is 1 - alpha, not alpha": lambda r, f, a: _smoothed(r, f, 1 - a),
        "scaling -log P by 1 - alpha is not smoothing: the label also gives alpha to -log(1 - P)": (
            lambda r, f, a: (1 - a) * F.softplus(-r).mean() + F.softplus(f).mean()
        ),
        "average over each batch, do not add up": lambda r, f, a: (
            ((1 - a) * F.softplus(-r) + a * F.softplus(r)).sum() + F.softplus(f).sum()
        ),
        "the sign is flipped: this is to be minimised": lambda r, f, a: -_smoothed(r, f, a),
        "alpha is fixed at 0.1 in your code: use the argument": lambda r, f, a: _smoothed(r, f, 0.1),
        "a small number inside the logarithm cuts the loss off at confident scores": _from_probabilities(
            1e-8
        ),
        "at high scores the probability is 1 to the last digit: compute from the score": (
            _from_probabilities(0)
        ),
        "at ±200 exp(s) overflows or P is 0: F.softplus is log(1 + exp(s)) without that": _with_exp,
    },
)
def check_2(answer: object, mistakes: dict) -> None:
    """`smoothed_loss_D(score_real, score_fake, alpha)`: right up to scores of ±200 in float32."""
    r, f = _leaf(-1.0, 0.5, 3.0), _leaf(-2.0, 0.25, 1.0, 0.0)
    small = r.detach().float(), f.detach().float()
    far = [(torch.tensor([at]), torch.tensor([-at]), 0.1) for at in (-30.0, 30.0, -200.0, 200.0)]
    cases = [(*small, 0.1), (*small, 0.25), (*reversed(small), 0.1)]
    same(answer, _smoothed, mistakes, *cases)
    for k, case in enumerate(far):
        try:
            same(answer, _smoothed, mistakes, *cases, *far[: k + 1])
        except Hint as hint:
            got, right = float(call(answer, *case)), float(_smoothed(*case))
            rounded = f"right at small scores, but at {case[0].item():g} expected {right:.4g}, got {got:.4g}"
            known = str(hint) in mistakes
            expect(known, f"{rounded}: P rounds to 0 or 1 there, or a clamp cuts: use the whole score alone")
            raise
    trains(lambda: answer(r, f, 0.1), {"score_real": r, "score_fake": f})
    ends = (-200.0, -30.0, 30.0, 200.0)
    real, fake = _leaf(*ends, dtype=torch.float32), _leaf(*ends, dtype=torch.float32)
    slopes = call(lambda: torch.autograd.grad(answer(real, fake, 0.1), (real, fake)))
    compare(
        tuple(4 * slope for slope in slopes),
        (torch.tensor([-0.9, -0.9, 0.1, 0.1]), torch.tensor([0.0, 0.0, 1.0, 1.0])),
        {},
        atol=1e-4,
    )


def _moments(m: Tensor, s: Tensor, w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    mean = (w * m).sum()
    return mean, (w * s**2).sum(), (w * m**2).sum() - mean**2  # within the humps, between them


def _kl_fit(m: Tensor, s: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    mean, within, between = _moments(m, s, w)
    return mean, (within + between).sqrt()


@exercise(
    3,
    {
        "the humps count with their weights, not equally": lambda m, s, w: (m.mean(), _kl_fit(m, s, w)[1]),
        "that is the larger hump alone: KL covers, it must give mass wherever p_d has some": lambda m, s, w: (
            m[w.argmax()],
            s[w.argmax()],
        ),
        "the weights add up to 1 already: a sum, not one more mean": lambda m, s, w: (
            (w * m).mean(),
            _kl_fit(m, s, w)[1],
        ),
        "that is the variance: take the square root": lambda m, s, w: (
            (w * m).sum(),
            _kl_fit(m, s, w)[1] ** 2,
        ),
        "the spread between the humps is missing: this is the width within them": lambda m, s, w: (
            (w * m).sum(),
            (w * s**2).sum().sqrt(),
        ),
        "widths do not average like this: variances add, standard deviations do not": lambda m, s, w: (
            (w * m).sum(),
            (w * s).sum(),
        ),
        "variances are averaged with the weights themselves, not with their squares": lambda m, s, w: (
            (w * m).sum(),
            ((w * s) ** 2).sum().sqrt(),
        ),
        "only the spread between the humps: each hump also has a width": lambda m, s, w: (
            (w * m).sum(),
            _moments(m, s, w)[2].sqrt(),
        ),
        "the square of the mean must come off: E[x²] is not yet the variance": lambda m, s, w: (
            (w * m).sum(),
            (w * (s**2 + m**2)).sum().sqrt(),
        ),
        "the humps count with their weights in the variance, too": lambda m, s, w: (
            (w * m).sum(),
            ((s**2).mean() + m.var(correction=0)).sqrt(),
        ),
    },
)
def check_3(answer: object, mistakes: dict) -> None:
    """`kl_fit(means, stds, weights)`: mean and standard deviation of the mixture."""
    two = ([-2.0, 1.5], [0.8, 0.4], [0.65, 0.35])
    three = ([0.0, 3.0, -1.0], [1.0, 0.5, 2.0], [0.2, 0.5, 0.3])
    same(answer, _kl_fit, mistakes, *(tuple(map(torch.tensor, case)) for case in (two, three)))


def _hellinger(r: Tensor, f: Tensor) -> Tensor:
    return (1 - torch.exp(-r / 2)).mean() - (torch.exp(f / 2) - 1).mean()


@exercise(
    5,
    {
        "the discriminator maximises V_f: this has the opposite sign": lambda r, f: -_hellinger(r, f),
        "the conjugate enters with a minus sign: E[a(D)] - E[b(D)]": lambda r, f: (
            (1 - torch.exp(-r / 2)).mean() + (torch.exp(f / 2) - 1).mean()
        ),
        "the ½ is lost: u^(-1/2) at u = exp(D) is exp(-D/2)": lambda r, f: _hellinger(2 * r, 2 * f),
        "the two batches are exchanged: a takes the real scores": lambda r, f: _hellinger(f, r),
        "a(D) is f'(exp(D)), the derivative, and not f itself": lambda r, f: (
            (torch.exp(r / 2) - 1).square().mean() - (torch.exp(f / 2) - 1).mean()
        ),
        "b(D) is f*(a(D)): the conjugate takes a(D), not the score": lambda r, f: (
            (1 - torch.exp(-r / 2)).mean() - (f / (1 - f)).mean()
        ),
        "the sign in b: a/(1 - a) is exp(D/2) - 1": lambda r, f: _hellinger(r, -f),
        "b is missing the conjugate: this is a for both batches": lambda r, f: (
            (1 - torch.exp(-r / 2)).mean() - (1 - torch.exp(-f / 2)).mean()
        ),
        "average over each batch, do not add up": lambda r, f: (
            (1 - torch.exp(-r / 2)).sum() - (torch.exp(f / 2) - 1).sum()
        ),
    },
)
def check_5(answer: object, mistakes: dict) -> None:
    """`hellinger_value(score_real, score_fake)`: E[1 - exp(-D/2)] - E[exp(D/2) - 1]."""
    r, f = _leaf(-1.0, 0.5, 2.0), _leaf(-2.0, 0.25, 1.5, -0.5)
    cases = (r.detach().float(), f.detach().float()), (torch.zeros(2), torch.zeros(5))
    same(answer, _hellinger, mistakes, *cases)
    trains(lambda: answer(r, f), {"score_real": r, "score_fake": f})
