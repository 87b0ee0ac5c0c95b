"""Wrong answers to the exercises of notebook 09, each with a phrase of the hint that must refuse it."""

WRONG = {
    1: [
        ("lambda a, b: (a - b).abs().mean()", "paired as they came"),
        ("lambda a, b: (a.sort().values - b).abs().mean()", "one of the two samples is sorted"),
        ("lambda a, b: (a.mean() - b.mean()).abs()", "distance of the means"),
        ("lambda a, b: (a.sort().values - b.sort().values).abs().sum()", "not the sum"),
        ("lambda a, b: (a.sort().values - b.sort().values).square().mean()", "squared metres"),
        ("lambda a, b: (a.sort().values - b.sort().values).square().mean().sqrt()", "W2, not W1"),
        ("lambda a, b: (a.sort().values - b.sort(descending=True).values).abs().mean()", "dearest plan"),
        ("lambda a, b: (a.sort().values - b.sort().values).abs()", "one number"),
        ("lambda a, b: (a.sort().values - b.sort().values).abs().median()", "median forgets"),
        ("lambda a, b: (a.argsort() - b.argsort()).abs().double().mean()", "places, not values"),
        ("lambda a, b: (a[:, None] - b).abs().amin(1).mean()", "places get too much"),
        ("lambda a, b: (a[:, None] - b).abs().amin(0).mean()", "places send too much"),
        ("lambda a, b: (a[:, None] - b).abs().mean()", "over all pairs"),
        ("lambda a, b: (a.sort().values - b.sort().values).abs().sum() / 4", "number of points"),
        ("lambda a, b: 0.975", "for other samples"),
    ],
    2: [
        (
            "lambda D, x: torch.autograd.grad(D(y := x.clone().requires_grad_()).sum(), y, create_graph=True)[0]"
            ".norm(dim=1)",
            "one norm per pixel",
        ),
        (
            "lambda D, x: torch.autograd.grad(D(y := x.clone().requires_grad_()).sum(), y, create_graph=True)[0]"
            ".norm()",
            "whole batch",
        ),
        (
            "lambda D, x: torch.autograd.grad(D(y := x.clone().requires_grad_()).sum(), y, create_graph=True)[0]"
            ".flatten(1).square().sum(1)",
            "root is missing",
        ),
        (
            "lambda D, x: torch.autograd.grad(D(y := x.clone().requires_grad_()).mean(), y, create_graph=True)[0]"
            ".flatten(1).norm(dim=1)",
            "n times too small",
        ),
        (
            "lambda D, x: torch.autograd.grad(D(y := x.clone().requires_grad_()).sum(), y)[0]"
            ".flatten(1).norm(dim=1)",
            "create_graph=True?",
        ),
        (
            "lambda D, x: torch.autograd.grad(D(y := x.clone().requires_grad_()).sum(), y, create_graph=True)[0]",
            "the slopes themselves",
        ),
        ("lambda D, x: x.flatten(1).norm(dim=1)", "norms of the images"),
        (
            "lambda D, x: torch.autograd.grad(D(y := x.clone().requires_grad_()).sum(), y)[0]"
            ".flatten(1).norm(dim=1).requires_grad_()",
            "gradient of D's weights",
        ),
        (
            "lambda D, x: torch.autograd.grad(D(y := x.clone().requires_grad_()).sum(), y, create_graph=True)[0]"
            ".flatten(1).square().sum(1).sqrt()",
            "at a slope of 0",
        ),
        (
            "lambda D, x: torch.autograd.grad(D(y := x.clone().requires_grad_()).sum(), y, create_graph=True)[0]"
            ".reshape(5, 18).norm(dim=1)",
            "[5, 18]",
        ),
    ],
    3: [
        ("lambda n, w: w * (n - 1).square().mean()", "two-sided"),
        ("lambda n, w: w * (1 - n).clamp_min(0).square().mean()", "go free"),
        ("lambda n, w: w * (n - 1).clamp_min(0).mean()", "must be squared"),
        ("lambda n, w: (n - 1).clamp_min(0).square().mean()", "weight is missing"),
        ("lambda n, w: w * (n - 1).clamp_min(0).square().sum()", "not the sum"),
        ("lambda n, w: w * (n.square() - 1).clamp_min(0).mean()", "before you square"),
        ("lambda n, w: w * (n[n > 1] - 1).square().mean()", "within the limit"),
        ("lambda n, w: w * (n - 1).clamp_min(0).square()", "one number"),
        ("lambda n, w: w * (n.square() - 1).clamp_min(0).square().mean()", "excess of the squared norm"),
        ("lambda n, w: w * (n - 1).clamp_min(0).mean().square()", "hide among flat"),
        ("lambda n, w: w * (n.mean() - 1).clamp_min(0).square()", "cut each sample"),
        ("lambda n, w: 10 * (n - 1).clamp_min(0).square().mean()", "weight 10 only"),
        ("lambda n, w: (w * (n - 1).clamp_min(0).square().mean()).item()", "no .item()"),
        ("lambda n, w: w * (n.detach() - 1).clamp_min(0).square().mean()", "a detached tensor"),
        ("lambda n, w: w * ((n - 1).clamp_min(0) * (n - 1).clamp_min(0).detach()).mean()", "gradient is not"),
        ("lambda n, w: w * (n - 1).clamp_min(0).square().sum() / 6", "for six norms"),
    ],
    4: [
        (
            """
def operator_norm(forward, adjoint, v, steps=300):
    for _ in range(steps):
        v = adjoint(forward(v))
    return v.norm()
""",
            "overflow",
        ),
        (
            """
def operator_norm(forward, adjoint, v, steps=300):
    for _ in range(steps):
        v = adjoint(forward(v / v.norm()))
    return v.norm()
""",
            "there and back",
        ),
        (
            """
def operator_norm(forward, adjoint, v, steps=300):
    for _ in range(steps):
        v = adjoint(forward(v))
        v = v / v.norm()
    return v.norm()
""",
            "1 by construction",
        ),
        ("lambda forward, adjoint, v, steps=300: forward(v).norm() / v.norm()", "stretch of the start"),
        (
            """
def operator_norm(forward, adjoint, v, steps=300):
    for _ in range(300):
        u = forward(v / v.norm())
        v = adjoint(u / u.norm())
    return v.norm()
""",
            "use `steps`",
        ),
        (
            """
def operator_norm(forward, adjoint, v, steps=300):
    for _ in range(steps):
        u = forward(v / v.norm())
        v = adjoint(u / u.norm())
    return v
""",
            "one number",
        ),
    ],
}
