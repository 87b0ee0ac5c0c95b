"""Answers to notebook 09: (wrong, a phrase of the hint), beside the check's own mistakes; and right ones."""

_SLOPE = "torch.autograd.grad(D(y := x.clone().requires_grad_()).sum(), y, create_graph=True)[0]"
_POLLUTES = """
def slope_norms(D, x):
    x = x.detach().requires_grad_()
    D(x).sum().backward(create_graph=True)
    return x.grad.flatten(1).norm(dim=1)
"""
_POWER = """
def operator_norm(forward, adjoint, v, steps=300):
    {before}
    for _ in range({steps}):
        u = forward(v / v.norm())
        v = adjoint(u / u.norm())
    return {result}
"""

WRONG = {
    1: [("lambda a, b: 0.975", "use the arguments")],
    2: [
        (
            f"lambda D, x: {_SLOPE.replace(', create_graph=True', '')}.flatten(1).norm(dim=1).requires_grad_()",
            "no gradient reaches D's weights",
        ),
        (f"lambda D, x: {_SLOPE}.reshape(5, 18).norm(dim=1)", "[5, 18]"),
        (_POLLUTES, "hold other gradients"),
    ],
    3: [
        ("lambda n, w: (w * (n - 1).clamp_min(0).square().mean()).item()", "no .item()"),
        ("lambda n, w: w * (n.detach() - 1).clamp_min(0).square().mean()", "no gradient comes back"),
    ],
    4: [
        (_POWER.format(before="", steps=300, result="v.norm()"), "use `steps`"),
        (
            _POWER.format(before="v = torch.ones_like(v)", steps="steps", result="v.norm()"),
            "expected 3, got 2.9",
        ),
        (
            _POWER.format(before="v = torch.ones(1, 2, 5, 5).double()", steps="steps", result="v.norm()"),
            "raised",
        ),
        (_POWER.format(before="", steps="steps", result="v.norm() if steps > 1 else 1e9"), "never more than"),
        (
            _POWER.format(before="", steps="steps", result="v.norm() if steps > 1 else v"),
            "expected one number",
        ),
    ],
}

_RECIPE = "lambda forward, adjoint, v, steps=300: torch.linalg.svdvals(torch.stack([forward(e.view_as(v)).flatten() for e in torch.eye(v.numel(), dtype=v.dtype)]))[0]"
RIGHT = {
    1: [
        "import numpy as np\n\n\ndef w1(a, b):\n    return np.abs(np.sort(a.numpy()) - np.sort(b.numpy())).mean()\n",
        "lambda a, b: sum(abs(p - q) for p, q in zip(sorted(a.tolist()), sorted(b.tolist()))) / len(a)",
    ],
    2: [
        f"lambda D, x: ({_SLOPE}.square().sum((1, 2, 3)) + 1e-8).sqrt()",
        "lambda D, x: torch.func.vmap(torch.func.grad(lambda u: D(u[None]).sum()))(x).flatten(1).norm(dim=1)",
        f"lambda D, x: torch.linalg.vector_norm({_SLOPE}, dim=(1, 2, 3))",
    ],
    3: [
        "lambda n, w: w * torch.relu(n - 1).pow(2).mean()",
        "lambda n, w: w * torch.where(n > 1, (n - 1) ** 2, 0 * n).sum() / len(n)",
    ],
    4: [
        _RECIPE,
        _POWER.format(before="", steps="steps", result="forward(v / v.norm()).norm()"),
        _POWER.format(before="v = v.clone()", steps="steps", result="v.norm().item()"),
    ],
}
