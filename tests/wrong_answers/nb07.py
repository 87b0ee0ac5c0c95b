"""Answers to notebook 07: (wrong, a phrase of the hint), beside the check's own mistakes; and right ones."""

SHARES = "    p, q = (torch.bincount(v, minlength=10) / len(v) for v in (real, fake))\n"

WRONG = {
    1: [(f"def class_gap(real, fake):\n{SHARES}    return (p - q).abs()", "one number")],
    4: [("lambda n, m, k: (n, m)", "expected a number, got tuple")],
    2: [("lambda d_1, n_1, d_2, n_2: d_1 - n_1", "expected 8")],
    3: [
        ("lambda select, report: report[torch.arange(3), select.argmin(1)]", "for another"),
    ],
}

RIGHT = {
    1: [
        f"def class_gap(real, fake):\n{SHARES}    return (p - q).clamp(min=0).sum()",
        f"def class_gap(real, fake):\n{SHARES}    return 1 - torch.minimum(p, q).sum()",
    ],
    4: [
        "lambda n, m, k: 1 - __import__('math').comb(n - 1, k) / __import__('math').comb(m + n - 1, k)",
        "lambda n, m, k: 1 - torch.tensor([(n - i) / (m + n - i) for i in range(1, k + 1)], dtype=torch.float64).prod()",
    ],
    2: [
        "lambda d_1, n_1, d_2, n_2: __import__('numpy').polyfit([1 / n_1, 1 / n_2], [d_1, d_2], 1)[1]",
        "lambda d_1, n_1, d_2, n_2: d_1 - (d_1 - d_2) / (1 / n_1 - 1 / n_2) / n_1",
    ],
    3: [
        "lambda select, report: report.gather(1, select.argmin(1, keepdim=True)).squeeze(1)",
        "lambda select, report: torch.stack([r[s.argmin()] for s, r in zip(select, report)])",
    ],
}
