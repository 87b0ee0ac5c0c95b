"""Wrong answers to the exercises of notebook 20, each with a phrase of the hint that must refuse it."""

F1 = "[2 * c * k**2 * o * s**2 for c, k, o, s in layers]"
WRONG = {
    1: [
        (f"lambda layers, batch: batch * sum({F1})", "way forward only"),
        (f"lambda layers, batch: batch * 2 * sum({F1})", "one gradient"),
        (f"lambda layers, batch: batch * 3 * sum({F1})", "take it out"),
        (f"lambda layers, batch: 3 * sum({F1}) - {F1}[0]", "one image"),
        (f"lambda layers, batch: batch * (3 * sum({F1}) - 2 * {F1}[0])", "still has weights"),
        (f"lambda layers, batch: batch * (3 * sum({F1}) - max({F1}))", "not the largest"),
        (f"lambda layers, batch: batch * (3 * sum({F1}) - min({F1}))", "not the smallest"),
        (f"lambda layers, batch: batch * (3 * sum({F1}) - {F1}[0]) // 2", "two operations"),
        (
            "lambda layers, batch: batch * (lambda f: 3 * sum(f) - f[0])([2 * c * k * o * s**2 for c, k, o, s in layers])",
            "kernel is a square",
        ),
        (
            "lambda layers, batch: batch * (lambda f: 3 * sum(f) - f[0])([2 * c * k**2 * o * s for c, k, o, s in layers])",
            "output is a square",
        ),
    ],
    2: [
        (
            "def accumulate(net, loss, parts):\n    net.zero_grad()\n    for x in parts:\n"
            "        loss(net, x).backward()\n    return [p.grad for p in net.parameters()]",
            "sum of the parts",
        ),
        (
            "def accumulate(net, loss, parts):\n    net.zero_grad()\n    for x in parts:\n"
            "        (loss(net, x) / len(parts)).backward()\n    return [p.grad for p in net.parameters()]",
            "weighs alike",
        ),
        (
            "def accumulate(net, loss, parts):\n    for x in parts:\n        net.zero_grad()\n"
            "        (loss(net, x) * len(x) / sum(map(len, parts))).backward()\n"
            "    return [p.grad for p in net.parameters()]",
            "only the last part",
        ),
        (
            "def accumulate(net, loss, parts):\n    for x in parts:\n        net.zero_grad()\n"
            "        loss(net, x).backward()\n    return [p.grad for p in net.parameters()]",
            "unweighted",
        ),
        (
            "def accumulate(net, loss, parts):\n    net.zero_grad()\n    for x in parts:\n"
            "        (loss(net, x) * len(x)).backward()\n    return [p.grad for p in net.parameters()]",
            "sum over all samples",
        ),
        ("lambda net, loss, parts: list(net.parameters())", "not their gradients"),
        ("lambda net, loss, parts: [p.grad for p in net.parameters()]", "no tensor"),
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
    ],
    3: [
        ("lambda rank, world, order: order", "same rows"),
        ("lambda rank, world, order: order[rank::world]", "waits for ever"),
        ("lambda rank, world, order: torch.arange(rank, len(order), world)", "not taken from"),
        ("lambda rank, world, order: order[rank : rank + len(order) // world]", "two ranks"),
        (
            "lambda rank, world, order: torch.cat([order[rank::world], order[rank::world]])[: len(order) // world + 1]",
            "a row twice",
        ),
        ("lambda rank, world, order: order[rank::world][: len(order) // world - 1]", "could have"),
        ("lambda rank, world, order: order[rank::world].tolist()", "a tensor of indices"),
    ],
    4: [
        ("lambda save, between: 2 * save * between", "square root"),
        ("lambda save, between: math.sqrt(save * between)", "2 is missing"),
        ("lambda save, between: math.sqrt(2 * between / save)", "wrong way round"),
        ("lambda save, between: between", "half of all work"),
        ("lambda save, between: math.sqrt(2 * save / between)", "share lost"),
        ("lambda save, between: math.sqrt(save * between / 2)", "instead of 2"),
    ],
}
