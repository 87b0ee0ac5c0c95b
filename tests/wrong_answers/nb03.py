"""Wrong answers to the exercises of notebook 03, each with a phrase of the hint that must refuse it."""

WRONG = {
    1: [
        ("lambda e, h: (1 + h * e).abs().max() ** 2", "squared modulus"),
        ("lambda e, h: e.abs().max()", "the field's"),
        ("lambda e, h: (1 + h * e[e.abs().argmax()]).abs()", "largest |λ|"),
        ("lambda e, h: (h * e).abs().max()", "identity"),
        ("lambda e, h: (1 + h * e.abs()).max()", "modulus of λ first"),
        ("lambda e, h: (1 + h * e.real).abs().max()", "real parts"),
        ("lambda e, h: (1 - h * e).abs().max()", "Hessian"),
        ("lambda e, h: (1 + e).abs().max()", "h is missing"),
        ("lambda e, h: (1 + h * e).abs().min()", "slowest mode"),
        ("lambda e, h: (1 + h * e).abs().mean()", "average"),
        ("lambda e, h: 1 + h * e[0]", "complex"),
        ("lambda e, h: (1 + h * e[e.imag != 0]).abs().max()", "can overshoot"),
    ],
    2: [
        (
            "lambda e: 0.0 if (e.real > -1e-9).any() else -2 * e[e.abs().argmax()].real / e.abs().max() ** 2",
            "need not be the strictest",
        ),
        ("lambda e: (2 / e.real.abs()).min()", "imaginary parts"),
        ("lambda e: 2 / e.abs().max()", "real eigenvalues only"),
        ("lambda e: (e.real.abs() / e.abs() ** 2).min()", "factor 2"),
        ("lambda e: (2 * e.real.abs() / e.abs() ** 2).max()", "generous"),
        ("lambda e: (2 * e.real / e.abs() ** 2).max()", "a step size is not"),
        ("lambda e: (2 * e.real.abs() / e.abs()).min()", "not squared"),
        ("lambda e: (2 * e.real.abs() / e.abs() ** 2).min()", "0.3+1.0j is an eigenvalue"),
        (
            "lambda e: 0.0 if (e.real >= 0).any() else "
            "(-2 * e.real / e.abs() ** 2)[e.imag.abs().argmax()].item()",
            "real one is the strictest",
        ),
        (
            "lambda e: 0.0 if e[0].real >= 0 else (-2 * e.real / e.abs() ** 2).min()",
            "0.2+0.0j is an eigenvalue",
        ),
    ],
    3: [
        ("lambda w, v, h: w + h * v(w + h * v(w))", "extragradient"),
        ("lambda w, v, h: w + h * v(w)", "simultaneous"),
        ("lambda w, v, h: w + h / 2 * v(w) + h * v(w + h / 2 * v(w))", "old point"),
        ("lambda w, v, h: w + h / 2 * v(w) + h / 2 * v(w + h / 2 * v(w))", "two half steps"),
        ("lambda w, v, h: w + h / 2 * v(w + h / 2 * v(w))", "half as long"),
        ("lambda w, v, h: w + h / 2 * (v(w) + v(w + h * v(w)))", "Heun"),
        ("lambda w, v, h: w - h * v(w + h / 2 * v(w))", "against the field"),
        ("lambda w, v, h: w.add_(h * v(w + h / 2 * v(w)))", "in place"),
    ],
    4: [
        (
            "lambda w, g: torch.stack([w[:, 1], -w[:, 0] * (w[:, 1] > -1) - g * w[:, 1]], -1)",
            "not on ψ",
        ),
        (
            "lambda w, g: torch.stack([w[:, 1], -w[:, 0] * torch.relu(1 + w.prod(-1)) - g * w[:, 1]], -1)",
            "value of the maximum",
        ),
        ("lambda w, g: torch.stack([w[:, 1], -w[:, 0] - g * w[:, 1]], -1)", "kink is missing"),
        (
            "lambda w, g: torch.stack([-w[:, 1], -w[:, 0] * (w.prod(-1) > -1) - g * w[:, 1]], -1)",
            "generator runs the wrong way",
        ),
        (
            "lambda w, g: torch.stack([w[:, 1], w[:, 0] * (w.prod(-1) > -1) - g * w[:, 1]], -1)",
            "discriminator runs the wrong way",
        ),
        ("lambda w, g: torch.stack([w[:, 1], -w[:, 0] * (w.prod(-1) > -1)], -1)", "penalty is missing"),
        (
            "lambda w, g: torch.stack([w[:, 1], -w[:, 0] * (w.prod(-1) > -1) - g / 2 * w[:, 1]], -1)",
            "not γψ/2",
        ),
        (
            "lambda w, g: torch.stack([w[:, 1] - g * w[:, 0], -w[:, 0] * (w.prod(1) > -1) - g * w[:, 1]], 1)",
            "discriminator alone",
        ),
        (
            "lambda w, g: torch.stack([w[..., 1], -w[..., 0] * (w.prod(-1) > -2) - g * w[..., 1]], -1)",
            "further out",
        ),
        (
            "lambda w, g: torch.stack([w[..., 1], -w[..., 0] * (w.prod(-1) > -1) - 0.7 * w[..., 1]], -1)",
            "γ is an argument",
        ),
        (
            "lambda w, g: torch.stack([w[:, 1], -w[:, 0] * (w.prod(-1) > -1) - g * w[:, 1]], -1)",
            "one pair",
        ),
        ("lambda w, g: torch.stack([w[:, 1], (w.prod(-1) > -1) * (-w[:, 0] - g * w[:, 1])], -1)", "stops"),
        (
            """
def hinge_r1(w, gamma):
    theta, psi = w.unbind(-1)
    active = (theta * psi > -1).to(w.dtype)
    return torch.stack([-theta * active - gamma * psi, psi], -1)
""",
            "swapped",
        ),
    ],
    5: [
        ("lambda r: (r[-1] / r[0]) ** (1 / len(r))", "300 steps apart"),
        (
            "lambda r: ((torch.arange(len(r)) * r.log()).sum() / torch.arange(len(r)).square().sum()).exp()",
            "intercept",
        ),
        ("lambda r: r[-1] / r[0]", "per step, please"),
        ("lambda r: (r[-1] / r[0]) ** (1 / (len(r) - 1))", "end points"),
        ("lambda r: (r[1:] / r[:-1]).mean()", "arithmetic mean"),
        ("lambda r: r[1] / r[0]", "first step"),
        ("lambda r: r[-1] / r[-2]", "last step"),
        ("lambda r: np.polyfit(np.arange(len(r)), r.log().numpy(), 1)[0]", "exponentiate"),
        ("lambda r: np.exp(np.polyfit(np.arange(len(r)), r.log10().numpy(), 1)[0])", "log10"),
        ("lambda r: 1 + np.polyfit(np.arange(len(r)), r.numpy(), 1)[0] / r.mean().item()", "line in the"),
    ],
}
