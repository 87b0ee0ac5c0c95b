"""Exercise checks of notebook 03 (gradient descent in games)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gan_helpers.checks import call, compare, exercise, number, same

F64 = torch.float64


def _complex(*values: complex) -> Tensor:
    return torch.tensor(values, dtype=torch.complex128)


@exercise(
    1,
    {
        "that is |hλ|: a step adds h v(w) to w, so the identity is missing": lambda e, h: (h * e).abs().max(),
        "you took the size of λ first: |1 + hλ| is not 1 + h|λ|": lambda e, h: (1 + h * e.abs()).max(),
        "only the real parts are in it: rotation also lengthens a step": lambda e, h: (
            (1 + h * e.real).abs().max()
        ),
        "the sign is that of descent on a Hessian: λ belongs to v, which is added": lambda e, h: (
            (1 - h * e).abs().max()
        ),
        "that is the squared size: take the root": lambda e, h: (1 + h * e).abs().max() ** 2,
        "that is the field's |λ|, not the step's |1 + hλ|": lambda e, h: e.abs().max(),
        "h is missing: this is the radius for h = 1": lambda e, h: (1 + e).abs().max(),
        "that is the smallest size: the largest decides": lambda e, h: (1 + h * e).abs().min(),
        "an average of the sizes: one of them above 1 is enough to leave": lambda e, h: (
            (1 + h * e).abs().mean()
        ),
        "the eigenvalue of largest |λ| need not give the largest |1 + hλ|: try all": lambda e, h: (
            1 + h * e[e.abs().argmax()]
        ).abs(),
        "only rotating eigenvalues are in it: a real one can overshoot, take all of them": lambda e, h: (
            (1 + h * e[e.imag != 0]).abs().max()
        ),
        "only the last eigenvalues are in it: any of them can decide": lambda e, h: (
            (1 + h * e[-2:]).abs().max()
        ),
        "only the first eigenvalues are in it: any of them can decide": lambda e, h: (
            (1 + h * e[:2]).abs().max()
        ),
    },
)
def check_1(answer: object, mistakes: dict) -> None:
    """`step_radius(eigenvalues, h)`: max |1 + hλ|."""
    e = _complex(-0.9, -0.3 + 2.0j, -0.3 - 2.0j, -1.2)
    slow = _complex(-1.0, -0.01, -0.02 + 0.3j, -0.02 - 0.3j)  # neither the first nor the largest |λ| decides
    stiff = _complex(-0.3 + 1.0j, -0.3 - 1.0j, -6.0)  # here a real eigenvalue decides
    cases = [(e, 0.4), (slow, 0.5), (stiff, 0.5), (_complex(0.5j, -0.5j), 0.2), (stiff.flip(0), 0.5)]
    same(answer, lambda e, h: (1 + h * e).abs().max(), mistakes, *cases)


def _step_limit(e: Tensor) -> float:
    return 0.0 if (e.real >= 0).any() else (-2 * e.real / e.abs().square()).min().item()


def _unguarded(e: Tensor) -> Tensor:
    return 2 * e.real.abs() / e.abs().square()


@exercise(
    2,
    {
        "that is 2/L with L the largest real part: the imaginary parts count too": lambda e: (
            2 / e.real.abs()
        ).min(),
        "2 divided by the largest |λ|: right for real eigenvalues only": lambda e: (2 / e.abs()).min(),
        "the factor 2 is missing": lambda e: _step_limit(e) / 2,
        "you took the most generous eigenvalue: all of them must contract": lambda e: _unguarded(e).max(),
        "the sign: Re λ is negative, a step size is not": lambda e: (2 * e.real / e.abs().square()).max(),
        "the sign, and the largest in size: Re λ is negative": lambda e: (
            2 * e.real / e.abs().square()
        ).min(),
        "the denominator is |λ|, not squared: expand |1 + hλ|² again": lambda e: (
            2 * e.real.abs() / e.abs()
        ).min(),
        "the eigenvalue of largest |λ| need not be the strictest: take the minimum over all": lambda e: (
            0.0 if (e.real >= 0).any() else _unguarded(e)[e.abs().argmax()]
        ),
        "only rotating eigenvalues are in it: here the real one is the strictest": lambda e: (
            0.0 if (e.real >= 0).any() else _unguarded(e)[e.imag.abs().argmax()]
        ),
        "λ = 0 is left out, but it never contracts: |1 + h·0| is 1 for every h, so the answer is 0": (
            lambda e: _step_limit(e[e.abs() > 0])
        ),
        "λ = 0 makes 0/0, which is nan: it never contracts, so the answer is 0 there": lambda e: (
            (-2 * e.real / e.abs().square()).min().clamp(min=0)
        ),
        "an eigenvalue with a real part ≥ 0 contracts for no step: expected 0 there": lambda e: _unguarded(
            e
        ).min(),
        "any eigenvalue with a real part ≥ 0 makes it 0, not the first only": lambda e: (
            0.0 if e[0].real >= 0 else (-2 * e.real / e.abs().square()).min()
        ),
    },
)
def check_2(answer: object, mistakes: dict) -> None:
    """`step_limit(eigenvalues)`: min 2|Re λ| / |λ|², 0 if some Re λ ≥ 0."""
    same(
        answer,
        _step_limit,
        mistakes,
        (_complex(-0.5 + 1.5j, -0.5 - 1.5j, -1.2, -0.2),),
        (_complex(-1.0, -0.01 + 0.5j, -0.01 - 0.5j),),
        (_complex(-0.5 + 0.5j, -0.5 - 0.5j, -4.0),),
        (_complex(0.3 + 1j, 0.3 - 1j, -2.0),),
        (_complex(-0.5 + 1j, -0.5 - 1j, 0.2),),
        (_complex(0.5j, -0.5j),),
        (_complex(-1.0, 0.0, -0.5 + 1j, -0.5 - 1j),),
        atol=1e-5,  # a bisection may stop at the rounding of |1 + hλ|
    )


def _damped(w: Tensor) -> Tensor:
    """A field that is no rotation and not linear, so that different rules give different points."""
    theta, psi = w.unbind(-1)
    return torch.stack([psi + 0.3 * theta**2, -theta - 0.4 * psi], -1)


@exercise(
    3,
    {
        "that is extragradient: it reads the field a whole step ahead": lambda w, v, h: (
            w + h * v(w + h * v(w))
        ),
        "that is the plain step: read the field at the middle, not at w": lambda w, v, h: w + h * v(w),
        "you walk on from the middle: take the step from the old point w": lambda w, v, h: (
            w + h / 2 * v(w) + h * v(w + h / 2 * v(w))
        ),
        "two half steps, or a mean of two readings: midpoint is one whole step with one reading": (
            lambda w, v, h: w + h / 2 * v(w) + h / 2 * v(w + h / 2 * v(w))
        ),
        "the step from w is only half as long: h, not h/2": lambda w, v, h: w + h / 2 * v(w + h / 2 * v(w)),
        "the middle lies behind w: go forwards, + h/2": lambda w, v, h: w + h * v(w - h / 2 * v(w)),
        "that is Heun's rule: it averages two readings, midpoint uses one": lambda w, v, h: (
            w + h / 2 * (v(w) + v(w + h * v(w)))
        ),
        "you move against the field: v already is the direction to go": lambda w, v, h: (
            w - h * v(w + h / 2 * v(w))
        ),
    },
)
def check_3(answer: object, mistakes: dict) -> None:
    """`midpoint(w, v, h)`: w + h v(w + h/2 v(w))."""
    w = torch.tensor([[1.0, -0.5], [0.4, 2.0]], dtype=F64)
    cases = (w, _damped, 0.5), (w[0], _damped, 0.2), (w, lambda u: -u, 0.3)
    same(answer, lambda w, v, h: w + h * v(w + h / 2 * v(w)), mistakes, *cases)


def _hinge_r1(theta_moves=lambda t, p, on: p, psi_moves=lambda t, p, on: -t * on, damping=1.0, kink=-1.0):
    """The field of the exercise, with one of its parts replaced."""

    def field(w: Tensor, gamma: float) -> Tensor:
        theta, psi = w.unbind(-1)
        on = (theta * psi > kink).to(w.dtype)
        return torch.stack(
            [theta_moves(theta, psi, on), psi_moves(theta, psi, on) - damping * gamma * psi], -1
        )

    return field


def _swapped(w: Tensor, gamma: float) -> Tensor:
    return _hinge_r1()(w, gamma).flip(-1)


@exercise(
    4,
    {
        "the generator runs the wrong way: it raises D(θ) = ψθ, so θ moves with +ψ": _hinge_r1(
            lambda t, p, on: -p
        ),
        "R1 belongs to the discriminator alone: no γ in the generator's velocity": lambda w, g: (
            _hinge_r1()(w, g) - g * w * torch.tensor([1.0, 0.0])
        ),
        "the maximum is in L_D only: the generator's L_G = −D(θ) has no kink": _hinge_r1(
            lambda t, p, on: p * on
        ),
        "the two velocities are swapped: first θ, then ψ": _swapped,
        "the kink depends on D(θ) = θψ, not on ψ": _hinge_r1(psi_moves=lambda t, p, on: -t * (p > -1)),
        "that is the value of the maximum, not its slope (0 or 1)": _hinge_r1(
            psi_moves=lambda t, p, on: -t * torch.relu(1 + t * p)
        ),
        "the kink is missing: fakes with D < −1 give no gradient": _hinge_r1(kink=-math.inf),
        "the discriminator runs the wrong way: it lowers D(θ)": _hinge_r1(psi_moves=lambda t, p, on: t * on),
        "the penalty is missing: −γψ": _hinge_r1(damping=0),
        "γ/2·ψ² has the derivative γψ, not γψ/2": _hinge_r1(damping=0.5),
        "γ/2·ψ² has the derivative γψ, not 2γψ": _hinge_r1(damping=2),
        "the penalty pushes outwards: minus γψ": _hinge_r1(damping=-1),
        "the kink is at D(θ) = −1, not at +1": _hinge_r1(psi_moves=lambda t, p, on: -t * (t * p < 1)),
        "a fake with D > 1 is not safe: the fakes' maximum has one kink, at D(θ) = −1": _hinge_r1(
            psi_moves=lambda t, p, on: -t * ((t * p).abs() < 1)
        ),
        "the kink is at D(θ) = −1, yours lies further out": _hinge_r1(kink=-2),
        "the kink is at D(θ) = −1, yours lies further in": _hinge_r1(kink=-0.5),
        "the kink is at D(θ) = −1, not at 0": _hinge_r1(kink=0),
        "the kink stops the penalty too: R1 always acts": lambda w, g: torch.stack(
            [w[..., 1], (w.prod(-1) > -1) * (-w[..., 0] - g * w[..., 1])], -1
        ),
        "γ is an argument: do not write its value in": lambda w, g: _hinge_r1()(w, 0.7),
    },
)
def check_4(answer: object, mistakes: dict) -> None:
    """`hinge_r1(w, gamma)`: (ψ, −θ [θψ > −1] − γψ)."""
    # The products θψ: 0.5, −3, 2, −0.3, −1.02 and −0.98 on both sides of the kink, 2.4.
    w = [[1.0, 0.5], [2.0, -1.5], [-1.0, -2.0], [3.0, -0.1], [1.0, -1.02], [-2.0, 0.49], [3.0, 0.8]]
    w = torch.tensor(w, dtype=F64)
    same(answer, _hinge_r1(), mistakes, (w, 0.7), (w[0], 0.2), (w.view(7, 1, 2), 0.2))


@exercise(
    5,
    {
        "that is the whole factor over all steps: per step, please": lambda r: r[-1] / r[0],
        "that is the slope of the logarithm: exponentiate it": lambda r: _slope(r.log()),
        "that is a slope in powers of ten: exp goes with log, not log10": lambda r: _slope(r.log10()).exp(),
        "only the first step is in it": lambda r: r[1] / r[0],
        "only the last step is in it": lambda r: r[-1] / r[-2],
        "an arithmetic mean of ratios lets the large ones win: fit a line to the logarithms": lambda r: (
            r[1:] / r[:-1]
        ).mean(),
        "a line through the radii themselves: a constant factor is a line in the logarithm": lambda r: (
            1 + _slope(r) / r.mean()
        ),
        "only the two end points are in it, and both oscillate: fit a line through all of them "
        "(a geometric mean of the ratios is the same number)": lambda r: (r[-1] / r[0]) ** (1 / (len(r) - 1)),
        "only the two end points are in it, and 301 radii are 300 steps apart": lambda r: (
            (r[-1] / r[0]) ** (1 / len(r))
        ),
        "the line is forced through the origin: it needs an intercept": lambda r: (
            (_steps(r) * r.log()).sum() / _steps(r).square().sum()
        ).exp(),
        "a median of ratios is not the rate when they oscillate": lambda r: (r[1:] / r[:-1]).median(),
    },
)
def check_5(answer: object, mistakes: dict) -> None:
    """`growth_per_step(radii)`: the slope of log radii, exponentiated; right to 0.002."""
    for points, rate, phase in ((301, 0.97, 0.0), (301, 1.02, 2.0), (200, 0.99, 1.0)):
        n = torch.arange(points, dtype=F64)
        radii = 1e-3 * rate**n * (1 + 0.9 * torch.cos(0.85 * n + phase))
        value = number(call(answer, radii))
        if abs(value - rate) > 2e-3:
            compare(value, rate, {hint: mistake(radii) for hint, mistake in mistakes.items()}, rtol=1e-6)


def _steps(r: Tensor) -> Tensor:
    return torch.arange(len(r), dtype=F64)


def _slope(y: Tensor) -> Tensor:
    n = _steps(y) - _steps(y).mean()
    return (n * y).sum() / n.square().sum()
