"""Answers to notebook 06: (wrong, a phrase of the hint), beside the check's own mistakes; and right ones."""

REST = "itertools.islice(data.batches(x, batch, seed=seed), {})"
WRONG = {
    1: [("lambda n, k, s, p, e: torch.zeros(n, n)", "one number")],
    2: [("lambda decay: 346.23", "use the arguments")],
    3: [
        (f"lambda x, batch, seed, step: {REST.format('step, step + 40')}", "after 40 batches nothing comes"),
        (f"lambda x, batch, seed, step: {REST.format('step, 1200')}", "after 1197 batches nothing comes"),
        ("lambda x, batch, seed, step: 5", "raised TypeError"),
    ],
    4: [
        (
            "lambda side: torch.randn(side, side, generator=torch.Generator().manual_seed(0)).sign()",
            "at position",
        ),
        ("lambda side: [[1.0] * side] * side", "expected a tensor"),
    ],
}

RIGHT = {
    1: [
        "lambda n, k, s, p, e: nn.ConvTranspose2d(1, 1, k, s, p, e)(torch.zeros(1, 1, n, n)).shape[-1]",
        "lambda n, k, s, p, e: s * (n - 1) + k + e - 2 * p",
    ],
    2: ["lambda decay: math.log(2) / -math.log(decay)", "lambda decay: math.log(0.5, decay)"],
    3: [
        """
def rest_of_batches(x, batch, seed, step):
    for number, some in enumerate(data.batches(x, batch, seed=seed)):
        if number >= step:
            yield some
""",
        """
def rest_of_batches(x, batch, seed, step):
    fed = data.batches(x, batch, seed=seed)
    for _ in range(step):
        next(fed)
    return fed
""",
    ],
    4: [
        "lambda side: 1.0 - 2.0 * ((torch.arange(side)[:, None] + torch.arange(side)) % 2)",
        "lambda side: torch.tensor([[(-1.0) ** (i + j + 1) for i in range(side)] for j in range(side)])",
    ],
}
