"""Answers to notebook 20: (wrong, a phrase of the hint), beside the check's own mistakes; and right ones."""

F1 = "[2 * c * k**2 * o * s**2 for c, k, o, s in layers]"
SHARE = "len(x) / sum(map(len, parts))"
ACCUMULATE = f"""
def accumulate(net, loss, parts):
    {{before}}
    for x in parts:
        (loss(net, x) * {SHARE}).backward()
    return {{result}}
"""
WRONG = {
    1: [
        ("lambda share, factor: 1.08108", "use the arguments"),
        ("lambda share, factor: (share, factor)", "expected a number"),
    ],
    4: [("lambda layers, batch: layers", "expected a number, got list")],
    5: [
        (
            "lambda net, loss, parts: torch.autograd.grad(loss(net, torch.cat(parts)), list(net.parameters()))[::-1]",
            "in the order of",
        ),
        (
            "def accumulate(net, loss, parts):\n    net.zero_grad()\n    loss(net, torch.cat(parts)).backward()\n"
            "    return [p.grad for p in net.parameters()]",
            "piece by piece",
        ),
        ("lambda net, loss, parts: loss(net, torch.cat(parts))", "one gradient per parameter"),
        ("lambda net, loss, parts: [None] * 4", "an entry is no tensor"),
        (
            ACCUMULATE.format(before="net.zero_grad()", result="[p.grad * 0 for p in net.parameters()]"),
            "expected",
        ),
    ],
    2: [
        ("lambda rank, world, order: order.view(1, -1)", "one dimension"),
        ("lambda rank, world, order: 'abc'", "cannot be used as the docstring says"),
    ],
    3: [("lambda save, between: 173.205", "use the arguments")],
}
SAME_HINT = {
    5: [
        f"def accumulate(net, loss, parts):\n    net.zero_grad()\n    sum(loss(net, x) * {SHARE} for x in parts)"
        ".backward()\n    return [p.grad for p in net.parameters()]"
    ]
}

RIGHT = {
    1: [
        "lambda share, factor: factor / (factor * (1 - share) + share)",
        "lambda share, factor: torch.tensor(1 / (1 - share * (1 - 1 / factor)))",
    ],
    4: [
        f"lambda layers, batch: batch * ({F1}[0] * 2 + 3 * sum({F1}[1:]))",
        f"lambda layers, batch: float(batch * sum(f * (2 if k == 0 else 3) for k, f in enumerate({F1})))",
    ],
    5: [
        ACCUMULATE.format(before="net.zero_grad()", result="(p.grad for p in net.parameters())"),
        ACCUMULATE.format(before="net.zero_grad()", result="tuple(p.grad.clone() for p in net.parameters())"),
        f"""
def accumulate(net, loss, parts):
    total = [torch.zeros_like(p) for p in net.parameters()]
    for x in parts:
        slopes = torch.autograd.grad(loss(net, x), list(net.parameters()))
        total = [t + {SHARE} * s for t, s in zip(total, slopes)]
    return total
""",
    ],
    2: [
        "lambda rank, world, order: order[rank * (len(order) // world) : (rank + 1) * (len(order) // world)]",
        "lambda rank, world, order: order[: len(order) // world * world][rank::world].tolist()",
    ],
    3: [
        "lambda save, between: (2 * save * between) ** 0.5",
        "lambda save, between: torch.tensor(2.0 * save * between).sqrt()",
    ],
}
