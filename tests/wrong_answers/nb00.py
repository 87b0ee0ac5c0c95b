"""Typical wrong answers to notebook 00: (answer, a phrase of the message that must refuse it)."""

WRONG = {
    1: [
        ("lambda g: g / 16", "range 0 to 1"),
        ("lambda g: 1 - g / 8", "exchanged"),
        ("lambda g: g / 16 - 0.5", "-0.5 to 0.5"),
        ("lambda g: g / 16 - 1", "white must come out"),
        ("lambda g: g / 8", "subtract 1"),
        ("lambda g: g / 127.5 - 1", "not 255"),
        ("lambda g: g.div_(8).sub_(1)", "in place"),
        ("lambda g: torch.tanh(g)", "Tanh squeezes"),
        ("lambda g: 2 * (g - g.min()) / (g.max() - g.min()) - 1", "depends on the other pixels"),
        ("lambda g: 2 * g / g.max() - 1", "largest value of this batch"),
    ],
    2: [
        ("lambda s: s", "still scores"),
        ("lambda s: torch.sigmoid(-s)", "generated"),
        ("lambda s: (s > 0).float()", "hard decision"),
        ("lambda s: torch.softmax(s, 0)", "add up to 1"),
        ("lambda s: torch.softmax(s, 1)", "always 1"),
        ("lambda s: F.logsigmoid(s)", "log of"),
        ("lambda s: torch.sigmoid(s).squeeze(1)", "shape"),
        ("lambda s: [torch.sigmoid(v) for v in s]", "expected a tensor"),
        ("lambda s: s.exp() / (1 + s.exp())", "overflows"),
    ],
    3: [
        ("lambda n, seed: torch.randn(n, 16)", "two different noises"),
        ("lambda n, seed: torch.manual_seed(seed) and torch.randn(n, 16)", "global random state"),
        (
            "lambda n, seed: torch.randn(n, 16, generator=torch.Generator().manual_seed(0))",
            "the seed is not used, or",
        ),
        (
            "lambda n, seed: torch.rand(n, 16, generator=torch.Generator().manual_seed(seed))",
            "not uniform",
        ),
        ("lambda n, seed: torch.randn(16, n, generator=torch.Generator().manual_seed(seed))", "shape"),
        (
            "lambda n, seed: 3 * torch.randn(n, 16, generator=torch.Generator().manual_seed(seed))",
            "expected 0 and 1",
        ),
        ("lambda n, seed: torch.randn(n, 16, generator=seed)", "raised TypeError"),
        (
            "lambda n, seed: 12**0.5 * (torch.rand(n, 16, generator=torch.Generator().manual_seed(seed)) - 0.5)",
            "not normal",
        ),
        (
            "lambda n, seed: torch.randn(n, 1, generator=torch.Generator().manual_seed(seed)).repeat(1, 16)",
            "repeat each other",
        ),
        (
            "lambda n, seed: torch.randn(n // 5, 16, generator=torch.Generator().manual_seed(seed)).repeat(5, 1)",
            "copies of others",
        ),
    ],
}
