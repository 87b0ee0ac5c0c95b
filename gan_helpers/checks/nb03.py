"""Exercise checks of notebook 03 (gradient descent in games)."""

from __future__ import annotations

import math

import torch

from gan_helpers.checks import Hint, call, compare, exercise, expect, number, tensor

F64 = torch.float64


def _complex(*values: complex) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.complex128)


@exercise(1)
def check_1(answer: object) -> None:
    """`step_radius(eigenvalues, h)`: max |1 + hλ|."""
    h, eigenvalues = 0.4, _complex(-0.9, -0.3 + 2.0j, -0.3 - 2.0j, -1.2)
    value = call(answer, eigenvalues, h)
    expect(
        not (isinstance(value, complex) or (isinstance(value, torch.Tensor) and value.is_complex())),
        "the result is complex: a radius is a modulus, take .abs()",
    )
    step = 1 + h * eigenvalues
    compare(
        value,
        step.abs().max(),
        mistakes={
            "that is |hλ|: a step adds h v(w) to w, so the identity is missing": (step - 1).abs().max(),
            "you took the modulus of λ first: |1 + hλ| is not 1 + h|λ|": 1 + (step - 1).abs().max(),
            "only the real parts are in it: rotation also lengthens a step": step.real.abs().max(),
            "the sign is that of descent on a Hessian: λ belongs to v, which is added": (2 - step)
            .abs()
            .max(),
            "that is the squared modulus: take the root": step.abs().square().max(),
            "that is the field's |λ|, not the step's |1 + hλ|": eigenvalues.abs().max(),
            "h is missing: this is the radius for h = 1": (1 + eigenvalues).abs().max(),
            "that is the smallest modulus: the slowest mode decides": step.abs().min(),
            "an average of the moduli: one mode outside the circle is enough to diverge": step.abs().mean(),
        },
    )
    slow = _complex(-1.0, -0.01, -0.02 + 0.3j, -0.02 - 0.3j)  # neither the first nor the largest |λ| decides
    steps = (1 + 0.5 * slow).abs()
    wrong = {
        "the eigenvalue of largest |λ| need not give the largest |1 + hλ|: try all": steps[0],
        "only one eigenvalue is in it: take the maximum over all": steps[1],
    }
    compare(call(answer, slow, 0.5), steps.max(), mistakes=wrong)
    stiff = _complex(-0.3 + 1.0j, -0.3 - 1.0j, -6.0)  # here a real eigenvalue decides
    steps = (1 + 0.5 * stiff).abs()
    wrong = {"only rotating eigenvalues are in it: a real one can overshoot, take all of them": steps[0]}
    compare(call(answer, stiff, 0.5), steps.max(), mistakes=wrong)
    rotation = number(call(answer, _complex(0.5j, -0.5j), 0.2))
    expect(
        abs(rotation - 1.01**0.5) < 1e-6,
        f"for λ = ±i/2 and h = 0.2 expected 1.00499, got {rotation:.5f}",
    )


@exercise(2)
def check_2(answer: object) -> None:
    """`step_limit(eigenvalues)`: min 2|Re λ| / |λ|², 0 if some Re λ ≥ 0."""
    e = _complex(-0.5 + 1.5j, -0.5 - 1.5j, -1.2, -0.2)
    part, square = e.real.abs(), e.abs().square()
    compare(
        call(answer, e),
        (2 * part / square).min(),
        mistakes={
            "that is 2/L with L the largest real part: the imaginary parts count too": (2 / part).min(),
            "2 divided by the largest |λ|: right for real eigenvalues only": (2 / e.abs()).min(),
            "the factor 2 is missing": (part / square).min(),
            "you took the most generous eigenvalue: all of them must contract": (2 * part / square).max(),
            "the sign: Re λ is negative, a step size is not": (2 * e.real / square).max(),
            "the sign, and the largest in size: Re λ is negative": (2 * e.real / square).min(),
            "the denominator is |λ|, not squared: expand |1 + hλ|² again": (2 * part / e.abs()).min(),
        },
    )
    late = _complex(-1.0, -0.01 + 0.5j, -0.01 - 0.5j)
    largest = "the eigenvalue of largest |λ| need not be the strictest: take the minimum over all"
    exact = (-2 * late.real / late.abs().square()).min()
    compare(call(answer, late), exact, mistakes={largest: 2.0})
    stiff = _complex(-0.5 + 0.5j, -0.5 - 0.5j, -4.0)
    real = "only rotating eigenvalues are in it: here the real one is the strictest"
    compare(call(answer, stiff), 0.5, mistakes={real: 2.0})
    growing = _complex(0.5j, -0.5j), _complex(0.3 + 1j, 0.3 - 1j, -2.0), _complex(-0.5 + 1j, -0.5 - 1j, 0.2)
    for bad in growing:
        value = number(call(answer, bad))
        expect(
            abs(value) < 1e-6,  # a bisection may stop at the rounding of |1 + hλ|
            f"{bad[bad.real.argmax()].item():.1f} is an eigenvalue with a real part ≥ 0: no step contracts, "
            f"expected 0, got {value:.3g}",
        )


def _damped(w: torch.Tensor) -> torch.Tensor:
    """A field that is no rotation and not linear, so that different rules give different points."""
    theta, psi = w.unbind(-1)
    return torch.stack([psi + 0.3 * theta**2, -theta - 0.4 * psi], -1)


@exercise(3)
def check_3(answer: object) -> None:
    """`midpoint(w, v, h)`: w + h v(w + h/2 v(w))."""
    h, v, w = 0.5, _damped, torch.tensor([[1.0, -0.5], [0.4, 2.0]], dtype=F64)
    half = w + h / 2 * v(w)
    compare(
        call(answer, w, v, h),
        w + h * v(half),
        mistakes={
            "that is extragradient: it reads the field a whole step ahead": w + h * v(w + h * v(w)),
            "that is the simultaneous step: read the field at the middle, not at w": w + h * v(w),
            "you walk on from the middle: take the step from the old point w": half + h * v(half),
            "two half steps, or a mean of two readings: midpoint is one whole step with one reading": half
            + h / 2 * v(half),
            "the step from w is only half as long: h, not h/2": w + h / 2 * v(half),
            "the middle lies behind w: go forwards, + h/2": w + h * v(w - h / 2 * v(w)),
            "that is Heun's rule: it averages two readings, midpoint uses one": w
            + h / 2 * (v(w) + v(w + h * v(w))),
            "you move against the field: v already is the direction to go": w - h * v(half),
        },
    )


@exercise(4)
def check_4(answer: object) -> None:
    """`hinge_r1(w, gamma)`: (ψ, −θ [θψ > −1] − γψ)."""
    gamma = 0.7
    w = [[1.0, 0.5], [-0.5, 1.2], [2.0, -1.5], [-1.0, -2.0], [3.0, -0.1], [1.0, -1.2], [-2.0, 0.4]]
    w = torch.tensor(w, dtype=F64)  # θψ = −1.2 and −0.8 lie on both sides of the kink, and near it
    theta, psi = w.unbind(-1)
    active = (theta * psi > -1).to(F64)
    value = tensor(call(answer, w, gamma), tuple(w.shape)).to(F64)
    right_G, right_D = psi, -theta * active - gamma * psi
    compare(
        value[:, 0],
        right_G,
        mistakes={
            "the generator runs the wrong way: it raises D(θ) = ψθ, so θ moves with +ψ": -psi,
            "R1 belongs to the discriminator alone: no γ in the generator's velocity": psi - gamma * theta,
            "the maximum is in L_D only: the generator's L_G = −D(θ) has no kink": psi * active,
            "the two velocities are swapped: first θ, then ψ": right_D,
        },
    )
    compare(
        value[:, 1],
        right_D,
        mistakes={
            "the kink depends on D(θ) = θψ, not on ψ": -theta * (psi > -1).to(F64) - gamma * psi,
            "that is the value of the maximum, not its slope (0 or 1)": -theta * torch.relu(1 + theta * psi)
            - gamma * psi,
            "the kink is missing: fakes with D < −1 give no gradient": -theta - gamma * psi,
            "the discriminator runs the wrong way: it lowers D(θ)": theta * active - gamma * psi,
            "the penalty is missing: −γψ": -theta * active,
            "γ/2·ψ² has the derivative γψ, not γψ/2": -theta * active - gamma / 2 * psi,
            "γ/2·ψ² has the derivative γψ, not 2γψ": -theta * active - 2 * gamma * psi,
            "the penalty pushes outwards: minus γψ": -theta * active + gamma * psi,
            "the kink is at D(θ) = −1, not at +1": -theta * (theta * psi < 1).to(F64) - gamma * psi,
            "the kink is at D(θ) = −1, yours lies further out": -theta * (theta * psi > -1.4).to(F64)
            - gamma * psi,
            "the kink stops the penalty too: R1 always acts": active * (-theta - gamma * psi),
        },
    )
    try:
        single = tensor(call(answer, w[0], 0.2), (2,)).to(F64)
    except Hint as hint:
        raise Hint(f"w may also be one pair, of shape (2,): {hint}") from None
    fixed = torch.stack([psi[0], -theta[0] - gamma * psi[0]])
    expected = torch.stack([psi[0], -theta[0] - 0.2 * psi[0]])
    compare(single, expected, mistakes={"γ is an argument: do not write its value in": fixed})


@exercise(5)
def check_5(answer: object) -> None:
    """`growth_per_step(radii)`: the slope of log radii, exponentiated."""
    n = torch.arange(301, dtype=F64)
    for rate, phase in ((0.97, 0.0), (1.02, 2.0)):
        radii = 1e-3 * rate**n * (1 + 0.9 * torch.cos(0.85 * n + phase))
        logs, ratios = radii.log(), radii[1:] / radii[:-1]
        slope = float(((n - n.mean()) * logs).sum() / (n - n.mean()).square().sum())
        value = number(call(answer, radii))
        hints = {
            "that is the whole factor over all steps: per step, please": float(radii[-1] / radii[0]),
            "that is the slope of the logarithm: exponentiate it": slope,
            "that is a slope in powers of ten: exp goes with log, not log10": math.exp(slope / math.log(10)),
            "only the first step is in it": float(ratios[0]),
            "only the last step is in it": float(ratios[-1]),
            "an arithmetic mean of ratios lets the large ones win: fit a line to the logarithms": float(
                ratios.mean()
            ),
            "a line through the radii themselves: a constant factor is a line in the logarithm": float(
                1 + ((n - n.mean()) * radii).sum() / (n - n.mean()).square().sum() / radii.mean()
            ),
            "only the two end points are in it, and both oscillate: fit a line through all of them "
            "(a geometric mean of the ratios is the same number)": float((radii[-1] / radii[0]) ** (1 / 300)),
            "only the two end points are in it, and 301 radii are 300 steps apart": float(
                (radii[-1] / radii[0]) ** (1 / 301)
            ),
            "the line is forced through the origin: it needs an intercept": float(
                ((n * logs).sum() / n.square().sum()).exp()
            ),
            "a median of ratios is not the rate when they oscillate": float(ratios.median()),
        }
        if abs(value - rate) < 2e-3:
            continue
        for hint, wrong in hints.items():
            expect(abs(value - wrong) > 1e-6 * max(1.0, abs(wrong)), hint)
        expect(False, f"expected {rate} within 0.002, got {value:.5g}")
