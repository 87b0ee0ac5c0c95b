"""Answers to notebook 04: (wrong, a phrase of the hint), beside the check's own mistakes; and right ones."""

_PULL = """
def pull(D, x):
    x = x.detach().requires_grad_()
    F.softplus(-D(x)).sum().backward({graph})
    {then}
    return -x.grad
"""
_REUSED = """
def with_r1(gamma):
    def loss(D, x_real, x_fake):
        x = x_real.detach().requires_grad_()
        score = D(x)
        (slope,) = torch.autograd.grad(score.sum(), x{graph})
        penalty = slope.square().sum(1).mean(){end}
        return F.softplus(-score).mean() + F.softplus(D(x_fake)).mean() + gamma / 2 * penalty

    return loss
"""

WRONG = {
    1: [("lambda k: 0.5 if k < 3 else 0.98889", "expected 0.7642")],
    2: [
        ("lambda batches, d_steps, g_steps: batches % d_steps == 0", "expected a number, got bool"),
        ("lambda batches, d_steps, g_steps: 12", "the same result for other inputs"),
        ("lambda batches, d_steps, g_steps: batches // 5 * g_steps", "is a number or size written in?"),
    ],
    3: [
        (_PULL.format(graph="", then=""), "hold other gradients"),
        (_PULL.format(graph="", then="D.zero_grad()"), "wiped out"),
        ("lambda D, x: -F.softplus(-D(x))", "expected shape (4, 2)"),
    ],
    4: [
        ("lambda gamma: torch.zeros(())", "must return a function"),
        (_REUSED.format(graph="", end=""), "throws its graph away: pass create_graph=True"),
        (
            _REUSED.format(graph=", create_graph=True", end=".item()").replace(
                "F.softplus(-score).mean() +", "0 +"
            ),
            "expected",
        ),
    ],
    5: [
        ("lambda losses: losses.mean(1).sum().item()", "no .item()"),
        ("lambda losses: losses.detach().mean(1).sum()", "no gradient comes back"),
        ("lambda losses: losses.mean(1).sum() + losses.sum().detach() - losses.sum()", "not its gradient"),
    ],
}
SAME_HINT = {
    3: [_PULL.format(graph="create_graph=True", then="")],
    4: [
        _REUSED.format(graph=", create_graph=True", end=".detach()"),
        _REUSED.format(graph=", create_graph=True", end=".item()"),
    ],
}

RIGHT = {
    1: ["lambda k: -math.expm1(-k * k / 2)", "lambda k: 1 - torch.exp(torch.tensor(-(k**2) / 2))"],
    2: [
        "lambda n, d, g: sum(g for step in range(1, n + 1) if step % d == 0)",
        "lambda n, d, g: (n - n % d) / d * g",
        "lambda n, d, g: torch.tensor(n).div(d, rounding_mode='floor') * g",
    ],
    3: [
        "lambda D, x: torch.func.grad(lambda u: F.logsigmoid(D(u)).sum())(x)",
        """
def pull(D, x):
    x = x.detach().requires_grad_()
    score = D(x)
    return torch.sigmoid(-score.detach()) * torch.autograd.grad(score.sum(), x)[0]
""",
    ],
    4: [
        _REUSED.format(graph=", create_graph=True", end=""),
        """
def with_r1(gamma):
    def loss(D, x_real, x_fake):
        slope = torch.func.vmap(torch.func.grad(lambda x: D(x[None]).sum()))(x_real)
        game = -F.logsigmoid(D(x_real)).mean() - F.logsigmoid(-D(x_fake)).mean()
        return game + gamma * slope.norm(dim=1).square().mean() / 2

    return loss
""",
    ],
    5: [
        "lambda losses: losses.sum() / losses.shape[1]",
        "lambda losses: sum(seed.mean() for seed in losses)",
    ],
}
