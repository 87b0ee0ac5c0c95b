"""Wrong answers to the exercises of notebook 05, each with a phrase of the hint that must refuse it."""

WRONG = {
    1: [
        ("lambda x: (x + 1) * 127.5", "expected bytes"),
        ("lambda x: (x * 255).to(torch.int64).remainder(256).to(torch.uint8)", "half of the range"),
        ("lambda x: (127.5 - 127.5 * x).round().clamp(0, 255).to(torch.uint8)", "negative"),
        ("lambda x: ((x + 1) * 127.5).clamp(0, 255).to(torch.uint8)", "not rounded"),
        ("lambda x: ((x + 1) * 127).round().clamp(0, 255).to(torch.uint8)", "not 254"),
        ("lambda x: ((x + 1) * 128).round().clamp(0, 255).to(torch.uint8)", "127.5, not 128"),
        ("lambda x: (x.clamp(0, 1) * 255).round().to(torch.uint8)", "shift before"),
        (
            "lambda x: ((x + 1) * 127.5).round().to(torch.int64).remainder(256).to(torch.uint8)",
            "clamp before",
        ),
        (
            "lambda x: ((x - x.min()) / (x.max() - x.min()) * 255).round().to(torch.uint8)",
            "the other pixels",
        ),
    ],
    2: [
        ("lambda a, b: (a.mean() - b.mean()).abs() + (a.std() - b.std()) ** 2", "must be squared"),
        ("lambda a, b: (a.mean() - b.mean()) ** 2 + (a.var() - b.var()) ** 2", "compares variances"),
        ("lambda a, b: (a.mean() - b.mean()) ** 2", "covariance term"),
        ("lambda a, b: (a.std() - b.std()) ** 2", "means' term"),
        ("lambda a, b: (a.mean() - b.mean()) ** 2 + a.var() + b.var()", "last term"),
        (
            "lambda a, b: (a.mean() - b.mean()) ** 2 + a.var() + b.var() - 2 * a.var() * b.var()",
            "without the root",
        ),
        ("lambda a, b: ((a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2) ** 0.5", "reported squared"),
        (
            "lambda a, b: (a.mean() - b.mean()) ** 2 + (a.std(correction=0) - b.std(correction=0)) ** 2",
            "n - 1",
        ),
    ],
    3: [
        ("lambda x, train: torch.cdist(x.flatten(1), train.flatten(1)).min(1).values", "these are distances"),
        ("lambda x, train: torch.cdist(x.flatten(1), train.flatten(1)).argmax(1)", "farthest"),
        ("lambda x, train: torch.cdist(x.flatten(1), train.flatten(1)).argmin(0)", "turned round"),
        ("lambda x, train: (x.flatten(1) @ train.flatten(1).T).argmax(1)", "inner product"),
        (
            "lambda x, train: torch.cdist(x.flatten(1), train.flatten(1), p=1).argmin(1)",
            "absolute differences",
        ),
        (
            "lambda x, train: torch.cdist(x.flatten(1), train.flatten(1), p=float('inf')).argmin(1)",
            "largest single",
        ),
        (
            "lambda x, train: torch.cosine_similarity(x.flatten(1)[:, None], train.flatten(1), dim=2).argmax(1)",
            "angle",
        ),
        (
            "lambda x, train: (x.mean((1, 2, 3))[:, None] - train.mean((1, 2, 3))).abs().argmin(1)",
            "mean brightness",
        ),
        ("lambda x, train: (x - train.squeeze(1)).norm(dim=-1).sum(-1).argmin(1)", "of the rows"),
        ("lambda x, train: (x - train.squeeze(1)).norm(dim=-2).sum(-1).argmin(1)", "of the columns"),
        (
            "lambda x, train: torch.cdist(x.flatten(1), train[: len(x)].flatten(1)).argmin(1)",
            "first training images only",
        ),
        ("lambda x, train: torch.cdist(x.flatten(1), train.flatten(1)).argmin()", "expected shape (4,)"),
    ],
    4: [
        (
            "lambda train, held: (held[:, None] > train).float().mean() + (held[:, None] == train).float().mean() / 2",
            "should be the higher",
        ),
        ("lambda train, held: (train[:, None] > held).float().mean()", "a tie counts half"),
        ("lambda train, held: (train[:, None] >= held).float().mean()", "not whole"),
        ("lambda train, held: train.mean() - held.mean()", "difference of means"),
        ("lambda train, held: ((train > 0).float().mean() + (held <= 0).float().mean()) / 2", "threshold 0"),
        ("lambda train, held: (train[:, None] > held).float()", "one number"),
        (
            "lambda train, held: (train > held.median()).float().mean() + (train == held.median()).float().mean() / 2",
            "median alone",
        ),
        (
            "lambda train, held: ((train[:, None] > held.unique()).float() + 0.5 * (train[:, None] == held.unique()).float()).mean()",
            "do not merge",
        ),
        (
            "lambda train, held: ((train[:, None] > held).float() + 0.5 * (train[:, None] == held).float()).mean()",
            "all pairs",
        ),
    ],
}
