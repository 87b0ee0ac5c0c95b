"""Wrong answers to the exercises of notebook 08, each with a phrase of the hint that must refuse it."""

WRONG = {
    1: [
        ("lambda h: ((h / h.sum()) * (len(h) * h / h.sum()).log()).sum()", "empty mode"),
        ("lambda h: torch.xlogy(h / h.sum(), h / h.sum()).sum()", "minus the entropy"),
        ("lambda h: (1 / len(h) * (1 / len(h) / (h[h > 0] / h.sum())).log()).sum()", "other direction"),
        ("lambda h: torch.xlogy(h / h.sum(), (h > 0).sum() * h / h.sum()).sum()", "all modes"),
        ("lambda h: torch.xlogy(h / h.sum(), len(h) * h / h.sum()).sum() / math.log(2)", "bits"),
        ("lambda h: torch.xlogy(h, len(h) * h).sum()", "divide by their sum"),
    ],
    2: [
        ("lambda x, m: x.repeat(1, m)", "one row per sample"),
        ("lambda x, m: x.reshape(m, -1)", "not the number of packs"),
        ("lambda x, m: x.reshape(-1, m, x.shape[1])", "flatten each pack"),
        (
            "lambda x, m: x.reshape(-1, m, x.shape[1]).transpose(1, 2).reshape(len(x) // m, -1)",
            "torn apart",
        ),
        ("lambda x, m: x[::m].repeat(1, m)", "repeats one sample"),
        ("lambda x, m: x.reshape(-1, m, x.shape[1]).mean(1).repeat(1, m)", "average"),
    ],
    3: [
        ("lambda x: torch.cat([x, x.std(0, correction=0).expand(len(x), -1)], 1)", "one number for"),
        ("lambda x: x.std(0, correction=0).mean().expand(len(x), 1)", "keep the features"),
        ("lambda x: torch.cat([x, x.std(1, correction=0).unsqueeze(1)], 1)", "within each sample"),
        ("lambda x: torch.cat([x, x.var(0, correction=0).mean().expand(len(x), 1)], 1)", "mean variance"),
        ("lambda x: torch.cat([x, x.std(0).mean().expand(len(x), 1)], 1)", "n - 1"),
        ("lambda x: torch.cat([x, x.std(correction=0).expand(len(x), 1)], 1)", "mixes the features"),
        (
            "lambda x: torch.cat([x, x.var(0, correction=0).sqrt().mean().expand(len(x), 1)], 1)",
            "gradient of NaN",
        ),
        (
            "lambda x: torch.cat([x, x.detach().std(0, correction=0).mean().expand(len(x), 1)], 1).detach()",
            "no detach",
        ),
    ],
    4: [
        ("lambda k, n: sum(math.comb(n, j) for j in range(k, n + 1)) / 2**n", "one-sided"),
        ("lambda k, n: math.comb(n, k) / 2**n", "exactly this count"),
        ("lambda k, n: 2 * math.comb(n, k) / 2**n", "twice the chance"),
        ("lambda k, n: 2 * sum(math.comb(n, j) for j in range(k + 1, n + 1)) / 2**n", "leaves out"),
        ("lambda k, n: min(1, 2 * sum(math.comb(n, j) for j in range(k, n + 1)) / 2**n)", "larger side"),
        (
            "lambda k, n: 2 * sum(math.comb(n, j) for j in range(max(k, n - k), n + 1)) / 2**n",
            "at most 1",
        ),
        (
            "lambda k, n: min(1, 2 * sum(math.comb(16, j) for j in range(max(k, 16 - k), 17)) / 2**16)",
            "n is an argument",
        ),
    ],
}
