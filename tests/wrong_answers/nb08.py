"""Answers to notebook 08: (wrong, a phrase of the hint), beside the check's own mistakes; and right ones."""

SPREAD = "torch.cat([x, {}.expand(len(x), 1)], 1)"
STD = "(x.var(0, correction=0) + {}).sqrt().mean()"

WRONG = {
    1: [("lambda h: h / h.sum()", "one number")],
    3: [("lambda x, m: x.tolist()", "expected a tensor, got list")],
    4: [
        (f"lambda x: {SPREAD.format(STD.format(1e-8))}.detach()", "no gradient comes back"),
        (
            "def with_spread(x):\n    with torch.no_grad():\n"
            f"        s = {STD.format(1e-8)} + 0 * len(x)\n    return torch.cat([x, s.view(1, 1)], 0)",
            "Sizes of tensors must match",
        ),
        (f"lambda x: {SPREAD.format(STD.format(0.01))}", "expected"),
    ],
    2: [("lambda k, n: 0.021270751953125", "use the arguments")],
}
SAME_HINT = {
    1: ["lambda h: -(len(h) * h / h.sum()).log().mean()"],  # KL(u ‖ q̂), infinite with an empty mode
    4: [
        f"def with_spread(x):\n    with torch.no_grad():\n        s = {STD.format(1e-8)}\n    return {SPREAD.format('s')}",
        f"def with_spread(x):\n    s = torch.tensor({STD.format(1e-8)}.item())\n    return {SPREAD.format('s')}",
    ],
}

RIGHT = {
    1: [
        "lambda h: sum(c / h.sum() * math.log(len(h) * c / h.sum()) for c in h.tolist() if c)",
        "lambda h: math.log(len(h)) + torch.xlogy(h / h.sum(), h / h.sum()).sum()",
        "lambda h: (h / h.sum() * (len(h) * h / h.sum() + 1e-12).log()).sum()",
    ],
    3: [
        "lambda x, m: torch.cat([x[k::m] for k in range(m)], 1)",
        "lambda x, m: x.view(len(x) // m, -1)",
    ],
    4: [
        f"lambda x: {SPREAD.format(STD.format(1e-6))}",
        "lambda x: torch.cat([x, ((x - x.mean(0)).square().mean(0) + 1e-10).sqrt().mean().repeat(len(x), 1)], 1)",
        f"lambda x: {SPREAD.format('x.std(0, correction=0).mean()')} if x.std() > 0 else {SPREAD.format('(0 * x).sum()')}",
    ],
    2: [
        "lambda k, n: sum(math.comb(n, j) for j in range(n + 1) if abs(j - n / 2) >= abs(k - n / 2)) / 2**n",
        "lambda k, n: min(1.0, 2 * sum(math.comb(n, j) for j in range(min(k, n - k) + 1)) * 0.5**n)",
    ],
}
