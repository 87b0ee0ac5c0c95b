"""Wrong answers to the exercises of notebook 06, each with a phrase of the hint that must refuse it."""

WRONG = {
    1: [
        ("lambda n, k, s, p, e: (n + 2 * p - k) // s + 1", "ordinary convolution"),
        ("lambda n, k, s, p, e: n * s - 2 * p + k + e", "n - 1 steps"),
        ("lambda n, k, s, p, e: (n - 1) * s - p + k + e", "at both ends"),
        ("lambda n, k, s, p, e: (n - 1) * s + 2 * p + k + e", "smaller here"),
        ("lambda n, k, s, p, e: (n - 1) * s - 2 * p + k", "output_padding is missing"),
        ("lambda n, k, s, p, e: (n - 1) * s + k + e", "before anything is cut"),
        ("lambda n, k, s, p, e: n * s", "stride times side"),
        ("lambda n, k, s, p, e: (n - 1) * s - 2 * p + k + 2 * e", "one side only"),
    ],
    2: [
        ("lambda decay: 1 / (1 - decay)", "mean age"),
        ("lambda decay: 0.5 ** decay", "to the power of decay"),
        ("lambda decay: math.log(decay) / math.log(0.5)", "turned round"),
        ("lambda decay: math.log(2) / math.log(decay)", "the sign"),
        ("lambda decay: math.log(2) / (1 - decay)", "approximation"),
    ],
    3: [
        ("lambda x, batch, seed, step: data.batches(x, batch, seed=seed)", "begins again"),
        ("lambda x, batch, seed, step: data.batches(x, batch, seed=seed + step)", "another seed"),
        (
            "lambda x, batch, seed, step: itertools.islice(data.batches(x, batch, seed=seed), step + 1, None)",
            "leaves out one",
        ),
        (
            "lambda x, batch, seed, step: itertools.islice(data.batches(x, batch, seed=seed), step - 1, None)",
            "the last one again",
        ),
        (
            "lambda x, batch, seed, step: itertools.islice(data.batches(x, batch, seed=seed), step)",
            "the start or the stop",
        ),
        (
            "lambda x, batch, seed, step: itertools.islice(data.batches(x, batch, seed=seed), step, step + 4)",
            "without end",
        ),
        ("lambda x, batch, seed, step: data.batches(x[step:], batch, seed=seed)", "leaves out images"),
    ],
    4: [
        ("lambda side: torch.ones(side, side)", "constant"),
        ("lambda side: (-1.0) ** torch.arange(side).expand(side, side)", "stripes"),
        (
            "lambda side: (-1.0) ** (torch.arange(side)[:, None] // 2 + torch.arange(side) // 2)",
            "two pixels wide",
        ),
        (
            "lambda side: ((torch.arange(side)[:, None] + torch.arange(side)) % 2).float()",
            "half of the power",
        ),
        ("lambda side: 0.5 * (-1.0) ** (torch.arange(side)[:, None] + torch.arange(side))", "values are not"),
        ("lambda side: torch.randn(side, side, generator=data.make_generator(0)).sign()", "random signs"),
    ],
}
