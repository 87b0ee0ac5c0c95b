"""Answers to notebook 05: (wrong, a phrase of the hint), beside the check's own mistakes; and right ones."""

WRONG = {
    1: [("lambda x: ((x + 1) * 127.5).round().to(torch.int32)", "got torch.int32")],
    2: [
        (
            "def frechet_1d(a, b):\n    from gan_helpers import metrics\n"
            "    return metrics.frechet_distance(real=a.double()[:, None], fake=b.double()[:, None])",
            "without `frechet_distance`, `metrics`",
        ),
        ("lambda a, b: 0.0", "expected"),
        (
            "lambda a, b: (a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2 if len(a) == 5 else 0.4472",
            "for another",
        ),
    ],
    3: [
        ("lambda x, train: torch.cdist(x.flatten(1), train.flatten(1)).argmin()", "expected shape (4,)"),
        ("lambda x, train: torch.cdist(x.view(-1, 9), train.view(-1, 9)).argmin(1)", "for another"),
    ],
    4: [
        ("lambda train, held: (train[:, None] > held).float()", "one number"),
    ],
}
PAIRS = "(train.numpy()[:, None] > held.numpy()).mean() + (train.numpy()[:, None] == held.numpy()).mean() / 2"
SAME_HINT = {4: [f"lambda train, held: float({PAIRS})"]}

RIGHT = {
    1: [
        "lambda x: torch.floor((x + 1) * 127.5 + 0.5).clamp(0, 255).byte()",
        "lambda x: (x * 127.5 + 127.5).round().clip(0, 255).to(torch.uint8)",
    ],
    2: [
        "lambda a, b: (a.mean() - b.mean()).square() + a.var() + b.var() - 2 * (a.var() * b.var()).sqrt()",
        "lambda a, b: (a.mean().item() - b.mean().item()) ** 2 + (a.var().sqrt() - b.var().sqrt()).item() ** 2",
    ],
    3: [
        "lambda x, train: ((x[:, None] - train) ** 2).sum((2, 3, 4)).argmin(1)",
        "lambda x, train: torch.stack([(train - one).flatten(1).norm(dim=1).argmin() for one in x])",
    ],
    4: [
        "def share_higher(train, held_out):\n    import numpy as np\n    s = np.sort(held_out.numpy())\n"
        "    low, high = np.searchsorted(s, train.numpy()), np.searchsorted(s, train.numpy(), side='right')\n"
        "    return (low + high).mean() / (2 * len(s))",
        "def share_higher(train, held_out):\n    from bisect import bisect_left, bisect_right\n"
        "    s = sorted(held_out.tolist())\n"
        "    return sum(bisect_left(s, t) + bisect_right(s, t) for t in train.tolist()) / (2 * len(s) * len(train))",
    ],
}
