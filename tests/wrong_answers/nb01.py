"""Answers to notebook 01: (wrong, a phrase of the hint), beside the check's own mistakes; and right ones."""

WRONG = {
    1: [("lambda p, q: (p, q)", "expected a number, got tuple")],
    2: [
        ("lambda p, q, share: torch.log(p / q) + math.log(share + 0.05)", "expected"),
        ("lambda p, q, share: torch.log(p[0] / q[0]) + math.log(share / (1 - share))", "expected shape (3,)"),
    ],
    3: [("lambda p, q: math.log(2)", "expected")],
    4: [
        ("lambda loss_G: 'yes'", "expected True or False"),
        ("lambda loss_G: loss_G(torch.tensor([0.0])).item() < 0.6", "wrongly"),
    ],
}

RIGHT = {
    1: [
        "lambda p, q: (1 + (p - q).abs().sum() / 2) / 2",
        "lambda p, q: torch.stack([p, q]).amax(0).sum().item() / 2",
    ],
    2: [
        "lambda p, q, share: torch.log(share * p) - torch.log((1 - share) * q)",
        "lambda p, q, share: torch.logit(share * p / (share * p + (1 - share) * q))",
    ],
    3: [
        "lambda p, q: (F.kl_div(((p + q) / 2).log(), p, reduction='sum')"
        " + F.kl_div(((p + q) / 2).log(), q, reduction='sum')) / 2"
        " if ((p + q) > 0).all() else jsd_of_outcomes(p, q)",
        "lambda p, q: sum(a * math.log(2 * a / (a + b)) + 0 for x, y in ((p, q), (q, p))"
        " for a, b in zip(x.tolist(), y.tolist()) if a > 0) / 2",
        "lambda p, q: sum(torch.xlogy(a, 2 * a / (p + q + 1e-30)).sum() for a in (p, q)) / 2",
    ],
    4: [
        "def pushes_up(loss_G):\n    score = torch.linspace(-5, 5, 1001, dtype=torch.float64)\n"
        "    return bool((torch.func.grad(loss_G)(score) < 0).all())",
        "def pushes_up(loss_G):\n    score = torch.linspace(-5, 5, 301, requires_grad=True, dtype=torch.float64)\n"
        "    return (torch.autograd.grad(loss_G(score), score)[0] < 0).all()",
        "def pushes_up(loss_G):\n    score = torch.linspace(-5, 5, 301, requires_grad=True, dtype=torch.float64)\n"
        "    return np.all(torch.autograd.grad(loss_G(score), score)[0].numpy() < 0)",
    ],
}
