"""Wrong answers to the exercises of notebook 04, each with a phrase of the hint that must refuse it."""

R1 = """
def with_r1(gamma):
    def loss(D, x_real, x_fake):
        x = {at}.detach().requires_grad_()
        (slope,) = torch.autograd.grad({score}, x, create_graph={graph})
        penalty = {norm}
        return {game} + {factor} * penalty

    return loss
"""
RIGHT = {
    "at": "x_real",
    "score": "D(x).sum()",
    "graph": "True",
    "norm": "slope.square().sum(1).mean()",
    "game": "F.softplus(-D(x_real)).mean() + F.softplus(D(x_fake)).mean()",
    "factor": "gamma / 2",
}


def r1(**change):
    return R1.format(**(RIGHT | change))


WRONG = {
    1: [
        ("lambda k: math.erf(k / 2**0.5)", "more room far out"),
        ("lambda k: math.erf(k / 2**0.5) ** 2", "square with sides"),
        ("lambda k: math.exp(-k * k / 2)", "outside"),
        ("lambda k: 1 - math.exp(-k * k)", "factor ½"),
        ("lambda k: 1 - math.exp(-k / 2)", "squared in the exponent"),
        ("lambda k: 0.9888910034617577", "use k"),
        ("lambda k: 0.5 if k < 3 else 0.98889", "expected 0.7642"),
    ],
    2: [
        ("lambda step, d_steps: step % d_steps != 0", "turned round"),
        ("lambda step, d_steps: step % (d_steps + 1) != 0", "five batches of every six"),
        ("lambda step, d_steps: True", "no effect"),
        ("lambda step, d_steps: step % (d_steps + 1) == 0", "d_steps + 1"),
        ("lambda step, d_steps: step % d_steps == 1", "before D had"),
        ("lambda step, d_steps: step % d_steps", "compare with something"),
        ("lambda step, d_steps: step % d_steps == d_steps", "never moves"),
        ("lambda step, d_steps: step // d_steps == 1", "got 5"),
        ("lambda step, d_steps: (step + 1) % d_steps == 0", "batches 5 and 10"),
        ("lambda step, d_steps: step % 5 == 0 or d_steps == 1", "5 and 1 only"),
    ],
    3: [
        (
            """
def pull(D, x):
    x = x.detach().requires_grad_()
    return -torch.autograd.grad(F.softplus(-D(x)).mean(), x)[0]
""",
            "size of the batch",
        ),
        (
            """
def pull(D, x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(F.softplus(-D(x)).sum(), x)[0]
""",
            "away from the data",
        ),
        (
            """
def pull(D, x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(D(x).sum(), x)[0]
""",
            "∇D alone",
        ),
        (
            """
def pull(D, x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(F.softplus(D(x)).sum(), x)[0]
""",
            "weighted by P",
        ),
        (
            """
def pull(D, x):
    x = x.detach().requires_grad_()
    F.softplus(-D(x)).sum().backward()
    return -x.grad
""",
            "hold other gradients",
        ),
        (
            """
def pull(D, x):
    x = x.detach().requires_grad_()
    F.softplus(-D(x)).sum().backward()
    D.zero_grad()
    return -x.grad
""",
            "wiped out",
        ),
        (
            """
def pull(D, x):
    x = x.detach().requires_grad_()
    return -4 * torch.autograd.grad(F.softplus(-D(x)).mean(), x)[0]
""",
            "batch of four only",
        ),
        (
            """
def pull(D, x):
    x = x.detach().requires_grad_()
    return F.normalize(-torch.autograd.grad(F.softplus(-D(x)).sum(), x)[0], dim=1)
""",
            "length 1",
        ),
        ("lambda D, x: -F.softplus(-D(x))", "expected shape (4, 2)"),
    ],
    4: [
        (r1(at="x_fake"), "R2"),
        (r1(factor="gamma"), "½ is missing"),
        (r1(norm="slope.norm(dim=1).mean()"), "must be squared"),
        (r1(norm="slope.square().sum()"), "summed over the batch"),
        (r1(score="D(x).mean()"), "differentiate the sum"),
        (r1(norm="slope.square().mean()"), "two coordinates"),
        (r1(factor="-gamma / 2"), "must cost"),
        (r1(graph="False"), "create_graph"),
        (r1(factor="0"), "penalty is missing"),
        (r1(game="0"), "loss of the game"),
        (r1(factor="0.3"), "one gamma only"),
        ("lambda gamma: torch.zeros(())", "must return a function"),
    ],
    5: [
        ("lambda losses: losses.mean()", "number of seeds"),
        ("lambda losses: losses.sum()", "batch size"),
        ("lambda losses: losses.mean(0).sum()", "axes are swapped"),
        ("lambda losses: losses.mean(1).max()", "largest seed"),
        ("lambda losses: losses.mean(1)", "bring the seeds together"),
        ("lambda losses: losses.mean(1).prod()", "mixes the seeds"),
        ("lambda losses: losses.mean(1).sum().item()", "keep it a tensor"),
        ("lambda losses: losses.sum() / 4", "batches of four only"),
        ("lambda losses: losses.mean() * 3", "three seeds only"),
    ],
}
