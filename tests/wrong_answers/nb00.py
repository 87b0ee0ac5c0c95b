"""Answers to notebook 00: (wrong, a phrase of the hint), beside the check's own mistakes; and right ones."""

DRAW = "lambda n, seed: torch.randn(n, 16, generator=torch.Generator().manual_seed({}))"
OWN = "torch.Generator().manual_seed(seed)"
NUMPY = """
def fixed_noise(n, seed):
    import numpy
    return torch.from_numpy(numpy.random.default_rng(seed).{}).float()
"""

WRONG = {
    1: [("lambda g: g.div_(8).sub_(1)", "in place")],
    2: [
        ("lambda s: torch.sigmoid(s).squeeze(1)", "shape"),
        ("lambda s: [torch.sigmoid(v) for v in s]", "expected a tensor"),
        ("lambda s: torch.where(s < 100, torch.sigmoid(s), 0)", "expected 1, got 0"),
        ("lambda s: 1 / (1 + torch.exp(-s))", "its gradient is NaN"),
        ("lambda s: torch.sigmoid(s.detach())", "no gradient comes back"),
    ],
    3: [
        ("lambda n, seed: torch.randn(n, 16)", "two different noises"),
        ("lambda n, seed: torch.manual_seed(seed) and torch.randn(n, 16)", "global random state"),
        (DRAW.format(0), "the seed is not used, or"),
        (f"lambda n, seed: torch.rand(n, 16, generator={OWN})", "not uniform"),
        (f"lambda n, seed: torch.randn(16, n, generator={OWN})", "shape"),
        (f"lambda n, seed: 3 * torch.randn(n, 16, generator={OWN})", "expected 0 and 1"),
        ("lambda n, seed: torch.randn(n, 16, generator=seed)", "raised TypeError"),
        (f"lambda n, seed: 12**0.5 * (torch.rand(n, 16, generator={OWN}) - 0.5)", "not normal"),
        (f"lambda n, seed: torch.randn(n, 1, generator={OWN}).repeat(1, 16)", "repeat each other"),
        (
            f"lambda n, seed: torch.randn(n // 5 + 1, 16, generator={OWN}).repeat(5, 1)[:n]",
            "copies of others",
        ),
        (f"lambda n, seed: torch.randn(n, 16, generator={OWN}, dtype=torch.float64)", "torch.float32"),
        (
            NUMPY.format("laplace(0, 0.5**0.5, (n, 16))"),
            "too many or too few",
        ),
        (
            "def fixed_noise(n, seed):\n    import numpy\n    numpy.random.seed(seed % 2**32)\n"
            "    return torch.from_numpy(numpy.random.standard_normal((n, 16))).float()",
            "NumPy's global random state",
        ),
        ("lambda n, seed: [0.0] * n", "expected a tensor, got list"),
    ],
}
WHERE = "lambda s: torch.where(s < 0, s.exp() / (1 + s.exp()), 1 / (1 + (-s).exp()))"
SAME_HINT = {
    2: [WHERE],
    3: [DRAW.format("seed % 10"), DRAW.format("seed % 1000"), DRAW.format("seed & 0xFFFF")],
}

RIGHT = {
    1: ["lambda g: 2 * g / 16 - 1", "lambda g: (g - 8) / 8"],
    2: ["lambda s: (1 + torch.tanh(s / 2)) / 2", "lambda s: F.logsigmoid(s).exp()", "lambda s: s.sigmoid()"],
    3: [
        f"lambda n, seed: torch.empty(n, 16).normal_(generator={OWN})",
        NUMPY.format("standard_normal((n, 16))"),
    ],
}
