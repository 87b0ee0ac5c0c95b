"""Wrong answers to the exercises of notebook 07, each with a phrase of the hint that must refuse it."""

SHARES = "p, q = (torch.bincount(v, minlength=10) / len(v) for v in (real_labels, fake_labels))"


def gap(result, shares=SHARES):
    return f"def class_gap(real_labels, fake_labels):\n    {shares}\n    return {result}"


def product(factor, first=1, last="k + 1", result="1 - value"):
    return (
        f"def ceiling(n, m, k):\n    value = 1.0\n    for i in range({first}, {last}):\n"
        f"        value *= {factor}\n    return {result}"
    )


def honest(result):
    return f"lambda select, report: {result}"


WRONG = {
    1: [
        (gap("(p - q).abs().sum()"), "half of it"),
        (gap("(p - q).abs().sum() / 2", SHARES.replace(" / len(v)", "")), "shares, not counts"),
        (gap("(p - q).abs().mean()"), "mean over the classes"),
        (gap("(p - q).abs().max()"), "largest difference"),
        (gap("((p - q) ** 2).sum() / 2"), "not squares"),
        (gap("(p - q).sum()"), "cancel"),
        (gap("p[q == 0].sum()"), "missing"),
        (gap("(p - q).abs()"), "one number"),
        (gap("(p - q).abs()[:9].sum() / 2"), "digit 9 counts"),
    ],
    2: [
        (product("(n - i) / (m + n - i)", result="value"), "one minus it"),
        (product("(n - i) / (m + n - i)", last="k"), "one factor is missing"),
        (product("(n - i) / (m + n - i)", first=0, last="k"), "own centre"),
        (product("(m - i) / (m + n - i)"), "roles are exchanged"),
        (product("(n - 1) / (m + n - 1)"), "without replacement"),
        ("lambda n, m, k: 1 - 2.0**-k", "infinitely many"),
        ("lambda n, m, k: k / n", "one given fake"),
        (product("(n - i) / (m + n - i)", last="4"), "not fixed numbers"),
        (product("(n - i) / (m + n - i)", last="min(k, 3) + 1"), "right up to k = 3 only"),
    ],
    3: [
        ("lambda d_1, n_1, d_2, n_2: (d_1 - d_2) / (1 / n_1 - 1 / n_2)", "that is the slope"),
        ("lambda d_1, n_1, d_2, n_2: d_1 - n_1 * (d_2 - d_1) / (n_2 - n_1)", "not in n"),
        ("lambda d_1, n_1, d_2, n_2: (n_1 * d_1 + n_2 * d_2) / (n_1 + n_2)", "average of the two"),
        ("lambda d_1, n_1, d_2, n_2: (d_1 + d_2) / 2", "extend the line"),
        (
            "lambda d_1, n_1, d_2, n_2: (n_2**0.5 * d_2 - n_1**0.5 * d_1) / (n_2**0.5 - n_1**0.5)",
            "not in 1/√n",
        ),
        ("lambda d_1, n_1, d_2, n_2: d_2 + (d_1 - d_2) / (1 / n_1 - 1 / n_2) / n_2", "was added"),
        (
            "lambda d_1, n_1, d_2, n_2: d_2 - (d_1 - d_2) / (1 / n_1 - 1 / n_2) / max(n_1, n_2)",
            "other order",
        ),
        ("lambda d_1, n_1, d_2, n_2: 8.0", "one fixed number"),
        ("lambda d_1, n_1, d_2, n_2: max(0, (n_1 * d_1 - n_2 * d_2) / (n_1 - n_2))", "do not clip"),
        ("lambda d_1, n_1, d_2, n_2: abs((n_1 * d_1 - n_2 * d_2) / (n_1 - n_2))", "no absolute value"),
    ],
    4: [
        (honest("report.amin(1)"), "chosen on the data it is reported on"),
        (honest("select.amin(1)"), "by luck"),
        (honest("report[:, -1]"), "last state"),
        (honest("report[torch.arange(3), select.argmax(1)]"), "worst state"),
        (honest("select[torch.arange(3), report.argmin(1)]"), "exchanged"),
        (honest("report[:, select.mean(0).argmin()]"), "common state"),
        (honest("((report + select) / 2)[torch.arange(3), select.argmin(1)]"), "averages both"),
        (honest("torch.maximum(select, report)[torch.arange(3), select.argmin(1)]"), "worse of both"),
        (honest("report.amin(0)"), "one number per state"),
    ],
}
