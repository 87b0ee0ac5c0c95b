"""Answers to notebook 03: (wrong, a phrase of the hint), beside the check's own mistakes; and right ones."""

_R1 = "torch.stack([w[..., 1], -w[..., 0] * {} - g * w[..., 1]], -1)"

WRONG = {
    1: [("lambda e, h: 1 + h * e[0]", "complex")],
    2: [("lambda e: [0.5]", "expected a number, got list")],
    3: [("lambda w, v, h: w.add_(h * v(w + h / 2 * v(w)))", "in place")],
    4: [
        (
            "lambda w, g: torch.stack([w[:, 1], -w[:, 0] * (w.prod(-1) > -1) - g * w[:, 1]], -1)",
            "of shape (2,)",
        )
    ],
    5: [("lambda r: 1.0", "expected 0.97")],
}
SAME_HINT = {
    2: ["lambda e: max((-2 * e.real / e.abs() ** 2).min(), torch.tensor(0.0))"],
    4: ["lambda w, g: " + _R1.format(f"(w.prod(-1) > {kink})") for kink in (-1.1, -0.9, -1.4)],
}

RIGHT = {
    1: [
        "lambda e, h: max(abs(1 + h * z) for z in e.tolist())",
        "lambda e, h: ((1 + h * e.real) ** 2 + (h * e.imag) ** 2).max().sqrt()",
    ],
    2: [
        "lambda e: max(0.0, (-2 * e.real / (e.real**2 + e.imag**2)).nan_to_num().min().item())",
        """
def step_limit(eigenvalues):
    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        contracts = ((1 + middle * eigenvalues).abs() < 1).all()
        low, high = (middle, high) if contracts else (low, middle)
    return low
""",
    ],
    3: [
        "lambda w, v, h: w + h * v(w + h * v(w) / 2)",
        "def midpoint(w, v, h):\n    middle = w + 0.5 * h * v(w)\n    return w + h * v(middle)",
    ],
    4: [
        "lambda w, g: " + _R1.format("(1 + w.prod(-1) > 0)"),
        "lambda w, g: " + _R1.format("torch.heaviside(1 + w.prod(-1), torch.zeros((), dtype=w.dtype))"),
    ],
    5: [
        "lambda r: np.exp(np.polyfit(np.arange(len(r)), r.log().numpy(), 1)[0])",
        "lambda r: (r[len(r) // 2 :].log().mean() - r[: len(r) // 2].log().mean()).mul(2 / len(r)).exp()",
    ],
}
