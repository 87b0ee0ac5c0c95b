"""Checks of notebook 02: losses and gradients."""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from gan_helpers.checks import Hint, call, compare, exercise, expect, number


def _pair(value: object, names: str) -> tuple[object, object]:
    """Return the two members of a pair, or say what came instead."""
    expect(isinstance(value, (tuple, list)) and len(value) == 2, f"return a pair: {names}")
    return value[0], value[1]


def _slopes(value: torch.Tensor, scores: tuple, exact: tuple, what: str) -> None:
    """Compare the gradient of a value in real and generated scores with the exact one."""
    found = torch.autograd.grad(value, scores, allow_unused=True, retain_graph=True)
    for name, slope, wanted in zip(("score_real", "score_fake"), found, exact, strict=True):
        expect(
            slope is not None and torch.allclose(slope, wanted, atol=1e-5),
            f"{what} has the right value and the wrong gradient in {name}: is there a detach() on the way?",
        )


@exercise(1)
def check_1(answer: object) -> None:
    for t in (0.9, 0.6, 0.2):
        mistakes = {
            "the sign is flipped: for t = 0.9 a fake with P = 0.5 must still be pulled up": math.log(
                (1 - t) / t
            ),
            "this is the probability at which it turns, not the score": t,
            "t is a probability already: you need the inverse of the sigmoid, not the sigmoid": 1
            / (1 + math.exp(-t)),
            "log(t) is only half of it: the slope sigmoid(s) - t also knows 1 - t": math.log(t),
            "the score of P = 1/2 does not depend on t: find where the slope sigmoid(s) - t is zero": 0.0,
        }
        compare(call(answer, t), math.log(t / (1 - t)), mistakes)


@exercise(2)
def check_2(answer: object) -> None:
    r, f = torch.tensor([-2.0, 0.5, 3.0]), torch.tensor([-3.0, -0.25, 0.5, 2.0, 0.0])
    pair = call(answer, r, f)
    loss_D, loss_G = _pair(pair, "(loss_D, loss_G)")
    real, fake = F.relu(1 - r), F.relu(1 + f)
    cut = "return the tensors themselves, not .item(): it cuts the gradient"
    expect(isinstance(loss_D, torch.Tensor) and isinstance(loss_G, torch.Tensor), cut)
    compare(
        loss_D,
        real.mean() + fake.mean(),
        {
            "the margins are on the wrong sides: real scores should end above 1, fakes below -1": F.relu(
                1 + r
            ).mean()
            + F.relu(1 - f).mean(),
            "without the maximum this is the Wasserstein critic: beyond the margin a sample costs 0": (
                1 - r
            ).mean()
            + (1 + f).mean(),
            "average over each batch, do not add up": real.sum() + fake.sum(),
            "one mean over both batches together: average each, then add": torch.cat([real, fake]).mean(),
            "the fakes' margin is on the wrong side: 1 + D": real.mean() + F.relu(1 - f).mean(),
            "loss_D is divided by 2: the two means are added": (real.mean() + fake.mean()) / 2,
            "loss_D is to be minimised: this has the opposite sign": -real.mean() - fake.mean(),
            "the maximum is taken with 1 and not around it: max(0, 1 - D), not max(0, -D)": F.relu(-r).mean()
            + F.relu(f).mean(),
        },
    )
    compare(
        loss_G,
        -f.mean(),
        {
            "the generator wants high scores: flip the sign of loss_G": f.mean(),
            "loss_G has no margin: a hinge would take away the gradient of fakes above it": F.relu(
                1 - f
            ).mean(),
            "loss_G is the fakes' part of -loss_D: drop the bend, it is linear in the score": -fake.mean(),
            "loss_G: average over the batch": -f.sum(),
        },
    )
    r, f = (torch.cat([t, torch.tensor([-30.0, 40.0])]).requires_grad_() for t in (r, f))
    losses = dict(zip(("loss_D", "loss_G"), answer(r, f), strict=True))
    exact = {"loss_D": F.relu(1 - r).mean() + F.relu(1 + f).mean(), "loss_G": -f.mean()}
    for name, loss in losses.items():
        expect(loss.requires_grad, f"{name} has no gradient: is there a detach() or no_grad on the way?")
        expect(
            torch.allclose(loss, exact[name], atol=1e-4),
            f"{name} is right for small scores and wrong at -30 and 40: is there a clamp() on the way?",
        )
    slopes = -(r < 1).float() / len(r), (f > -1).float() / len(f)
    _slopes(losses["loss_D"], (r, f), slopes, "loss_D")


@exercise(3)
def check_3(answer: object) -> None:
    r, f, alpha = torch.tensor([-1.0, 0.5, 3.0]), torch.tensor([-2.0, 0.25, 1.0, 0.0]), 0.1
    sp = F.softplus
    real, hard = (1 - alpha) * sp(-r) + alpha * sp(r), sp(f)
    both = (1 - alpha) * sp(f) + alpha * sp(-f)
    compare(
        call(answer, r, f, alpha),
        real.mean() + hard.mean(),
        {
            "the fakes are smoothed as well: one-sided means that their label stays 0": real.mean()
            + both.mean(),
            "the label weighs the two prices, it does not scale the score": sp(-(1 - alpha) * r).mean()
            + hard.mean(),
            "one mean over both batches together: average each, then add": torch.cat([real, hard]).mean(),
            "the fakes are smoothed and the real ones are not": sp(-r).mean() + both.mean(),
            "alpha is not used: these are hard labels": sp(-r).mean() + hard.mean(),
            "the label of real samples is 1 - alpha, not alpha": (alpha * sp(-r) + (1 - alpha) * sp(r)).mean()
            + hard.mean(),
            "scaling -log P by 1 - alpha is not smoothing: the label also gives alpha to -log(1 - P)": (
                1 - alpha
            )
            * sp(-r).mean()
            + hard.mean(),
            "average over each batch, do not add up": real.sum() + hard.sum(),
            "the sign is flipped: this is to be minimised": -real.mean() - hard.mean(),
        },
    )

    other = 0.25 * sp(r) + 0.75 * sp(-r)
    fixed = "alpha is fixed at 0.1 in your code: use the argument"
    compare(call(answer, r, f, 0.25), other.mean() + hard.mean(), {fixed: real.mean() + hard.mean()})

    def with_gradient(r: torch.Tensor, f: torch.Tensor) -> object:
        r, f = r.requires_grad_(), f.requires_grad_()
        value = answer(r, f, alpha)
        number(value.detach() if isinstance(value, torch.Tensor) else value)  # infinite or NaN: said there
        expect(isinstance(value, torch.Tensor), "return the tensor itself: .item() cuts the gradient")
        try:
            return value, *torch.autograd.grad(value, (r, f))
        except RuntimeError as error:
            raise Hint(f"no gradient comes back to both batches of scores ({error})") from None

    for at in (-200.0, 200.0, -30.0, 30.0):
        value, slope_real, slope_fake = call(with_gradient, torch.tensor([at]), torch.tensor([-at]))
        value = value.item()
        exact = (1.9 * -at, -0.9, 1.0) if at < 0 else (0.1 * at, 0.1, 0.0)
        expect(
            abs(value - exact[0]) < 1e-2,
            f"right for small scores, but at real score {at:.0f} and generated score {-at:.0f} it is "
            f"{value:.4g} instead of {exact[0]:.4g}: what cuts it off (an epsilon, BCELoss)?",
        )
        expect(
            abs(slope_real.item() - exact[1]) < 1e-4 and abs(slope_fake.item() - exact[2]) < 1e-4,
            f"the value is right, but at scores of ±{abs(at):.0f} the slopes are {slope_real.item():.3g} and "
            f"{slope_fake.item():.3g} instead of {exact[1]:.3g} and {exact[2]:.3g}",
        )


@exercise(4)
def check_4(answer: object) -> None:
    cases = (
        ([-2.0, 1.5], [0.8, 0.4], [0.65, 0.35]),
        ([0.0, 3.0, -1.0], [1.0, 0.5, 2.0], [0.2, 0.5, 0.3]),
    )
    for case in cases:
        m, s, w = (torch.tensor(v) for v in case)
        mean, std = _pair(call(answer, m, s, w), "(mean, std)")
        right = (w * m).sum()
        within, square = (w * s**2).sum(), (w * m**2).sum()
        variance = within + square - right**2
        compare(
            mean,
            right,
            {
                "the humps count with their weights, not equally": m.mean(),
                "that is the larger hump alone: KL covers, it must give mass wherever p_d has some": m[
                    w.argmax()
                ],
                "the weights add up to 1 already: a sum, not one more mean": (w * m).mean(),
            },
        )
        compare(
            std,
            variance.sqrt(),
            {
                "that is the variance: take the square root": variance,
                "the spread between the humps is missing: this is the width within them": within.sqrt(),
                "widths do not average like this: variances add, standard deviations do not": (w * s).sum(),
                "variances are averaged with the weights themselves, not with their squares": (
                    ((w * s) ** 2).sum().sqrt()
                ),
                "only the spread between the humps: each hump also has a width": (square - right**2).sqrt(),
                "the square of the mean must come off: E[x²] is not yet the variance": (
                    within + square
                ).sqrt(),
                "the humps count with their weights in the variance, too": (
                    (s**2).mean() + m.var(correction=0)
                ).sqrt(),
            },
        )


@exercise(5)
def check_5(answer: object) -> None:
    r, f = torch.tensor([-1.0, 0.5, 2.0]), torch.tensor([-2.0, 0.25, 1.5, -0.5])
    a, b = 1 - torch.exp(-r / 2), torch.exp(f / 2) - 1
    compare(
        call(answer, r, f),
        a.mean() - b.mean(),
        {
            "the discriminator maximises V_f: this has the opposite sign": b.mean() - a.mean(),
            "the conjugate enters with a minus sign: E[a(D)] - E[b(D)]": a.mean() + b.mean(),
            "the ½ is lost: u^(-1/2) at u = exp(D) is exp(-D/2)": (1 - torch.exp(-r)).mean()
            - (torch.exp(f) - 1).mean(),
            "the two batches are exchanged: a takes the real scores": (1 - torch.exp(-f / 2)).mean()
            - (torch.exp(r / 2) - 1).mean(),
            "a(D) is f'(exp(D)), the derivative, and not f itself": (torch.exp(r / 2) - 1).square().mean()
            - b.mean(),
            "b(D) is f*(a(D)): the conjugate takes a(D), not the score": a.mean() - (f / (1 - f)).mean(),
            "the sign in b: a/(1 - a) is exp(D/2) - 1": a.mean() - (torch.exp(-f / 2) - 1).mean(),
            "b is missing the conjugate: this is a for both batches": a.mean()
            - (1 - torch.exp(-f / 2)).mean(),
            "average over each batch, do not add up": a.sum() - b.sum(),
        },
    )
    r, f = r.requires_grad_(), f.requires_grad_()
    value = answer(r, f)
    expect(
        getattr(value, "requires_grad", False),
        "no gradient comes back: return the tensor itself, without .item() or detach()",
    )
    exact = torch.exp(-r.detach() / 2) / (2 * len(r)), -torch.exp(f.detach() / 2) / (2 * len(f))
    _slopes(value, (r, f), exact, "V_f")
    equal = torch.zeros(3)
    expect(abs(number(call(answer, equal, equal))) < 1e-6, "D = 0 everywhere must give 0: it knows nothing")
