"""Answers to notebook 10: (wrong, a phrase of the hint), beside the check's own mistakes; and right ones."""

S = "F.softplus"
ARGS = "lambda D, x, noise, sigma, gamma: gamma / 2 * "
GAP = "(D(x + sigma * noise) - D(x))"
WRONG = {
    1: [
        (f"lambda r, f: {S}(f - r).mean()", "return 2 results"),
        (f"lambda r, f: ({S}(f - r).mean().item(), {S}(r - f).mean().item())", "no .item()"),
        (f"lambda r, f: ({S}(f - r.detach()).mean(), {S}(r - f).mean())", "no gradient reaches score_real"),
        (f"lambda r, f: ({S}(f - r).mean(), {S}(r - f).detach().mean())", "no gradient comes back"),
        ("lambda r, f: ((1 + (f - r).exp()).log().mean(), (1 + (r - f).exp()).log().mean())", "overflows"),
    ],
    2: [
        (f"{ARGS} {GAP}.square().mean().item() / sigma**2", "no .item()"),
        (f"{ARGS} {GAP}.detach().square().mean() / sigma**2", "no gradient comes back"),
        (f"{ARGS} (D(x + sigma * noise) - D(x).detach()).square().mean() / sigma**2", "finite differences"),
        (
            f"def cheap_r1(D, x, noise, sigma, gamma):\n    value = gamma / 2 * {GAP}.square().mean() / sigma**2\n"
            "    if value.requires_grad:\n        value.backward(retain_graph=True)\n    return value",
            "hold other gradients",
        ),
    ],
    3: [
        ("lambda theta, c, rate: torch.tensor([theta, c])", "one number"),
        ("lambda theta, c, rate: 1.5 - 0.3 * 1.2 / (1 + math.exp(-0.9))", "the same result for other inputs"),
    ],
    4: [("lambda blocks, scale, a: torch.ones(3)", "one number")],
}

RIGHT = {
    1: [
        f"lambda r, f: torch.stack([{S}(f - r).mean(), {S}(r - f).mean()])",
        "lambda r, f: [-F.logsigmoid(r - f).mean(), -F.logsigmoid(f - r).mean()]",
    ],
    2: [
        f"{ARGS} (D(x + sigma / 2 * noise) - D(x - sigma / 2 * noise)).square().mean() / sigma**2",
        f"{ARGS} (D(x + sigma * noise) - D(x - sigma * noise)).square().mean() / (2 * sigma) ** 2",
        f"{ARGS} (D(x) - D(x - sigma * noise)).square().mean() / sigma**2",
        f"{ARGS} ({GAP} / sigma).square().mean()",
    ],
    3: [
        "lambda theta, c, rate: theta - rate * c * theta * torch.sigmoid(torch.tensor(c * theta**2 / 2))",
        "def after_one_step(theta, c, rate):\n    place = torch.tensor(theta, requires_grad=True)\n"
        "    F.softplus(c / 2 * place**2).backward()\n    return place.detach() - rate * place.grad",
    ],
    4: [
        "lambda blocks, scale, a: math.prod([1 + a * scale * scale] * blocks)",
        "lambda blocks, scale, a: math.exp(blocks * math.log1p(a * scale**2))",
    ],
}
