"""Wrong answers to the exercises of notebook 01, each with a phrase of the hint that must refuse it."""

_SLOPE = """
def pushes_up(loss_G):
    score = torch.linspace(-5, 5, 201, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(loss_G(score), score)
    return {verdict}
"""
_POINT = """
def pushes_up(loss_G):
    score = torch.tensor([{point}], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(loss_G(score), score)
    return slope.item() < 0
"""
_ENDS = """
def pushes_up(loss_G):
    low, high = (torch.tensor([s], dtype=torch.float64) for s in (-5.0, 5.0))
    return bool(loss_G(high) < loss_G(low) - 1e-9)
"""

WRONG = {
    1: [
        ("lambda p, q: torch.maximum(p, q).sum()", "half of all samples"),
        ("lambda p, q: torch.minimum(p, q).sum() / 2", "wrong"),
        ("lambda p, q: (p - q).abs().sum() / 2", "total variation"),
        ("lambda p, q: ((p * p + q * q) / (p + q)).sum() / 2", "right answer"),
        ("lambda p, q: (torch.maximum(p, q) / (p + q)).mean()", "not equally frequent"),
        ("lambda p, q: (p > q).double().mean()", "called real"),
        ("lambda p, q: p[p > q].sum()", "only the real samples"),
        ("lambda p, q: (1 + (p - q).abs().max()) / 2", "one outcome does not decide"),
        ("lambda p, q: (p[p > q].sum() + q[q > p].sum()) / 2", "a tie"),
        ("lambda p, q: ((p + q) / 2 * torch.maximum(p, q) / (p + q)).sum()", "0/0"),
    ],
    2: [
        ("lambda p, q, share: torch.log(p / q)", "fair coin"),
        ("lambda p, q, share: torch.log(p / q) - math.log(share / (1 - share))", "wrong side"),
        ("lambda p, q, share: share * p / (share * p + (1 - share) * q)", "log-odds"),
        ("lambda p, q, share: share * torch.log(p / q)", "the share multiplies the density"),
        (
            "lambda p, q, share: share * torch.log(p) - (1 - share) * torch.log(q)",
            "each share multiplies its density",
        ),
        ("lambda p, q, share: torch.log(p / q) + math.log(share + 0.05)", "expected"),
        ("lambda p, q, share: torch.log((1 - share) * q / (share * p))", "sign"),
        ("lambda p, q, share: torch.log(share * p / (share * p + (1 - share) * q))", "not of the odds"),
        ("lambda p, q, share: share * p / ((1 - share) * q)", "logarithm is missing"),
        ("lambda p, q, share: torch.log(share * p / q)", "1 - share"),
    ],
    3: [
        ("lambda p, q: (p * (p / q).log()).sum()", "KL(p‖q): compare"),
        ("lambda p, q: ((p - q) * (p / q).log()).sum() / 2", "mean of KL"),
        ("lambda p, q: (p * (2 * p / (p + q)).log()).sum()", "q counts as much"),
        (
            "lambda p, q: (p * (2 * p / (p + q)).log()).sum() + (q * (2 * q / (p + q)).log()).sum()",
            "twice too large",
        ),
        (
            "lambda p, q: ((p * (2 * p / (p + q)).log2()).sum() + (q * (2 * q / (p + q)).log2()).sum()) / 2",
            "bits",
        ),
        (
            "lambda p, q: (F.kl_div(p.log(), (p + q) / 2, reduction='sum')"
            " + F.kl_div(q.log(), (p + q) / 2, reduction='sum')) / 2",
            "exchange the two",
        ),
        (
            "lambda p, q: (torch.xlogy(p, 2 * p / (p + q)) + torch.xlogy(q, 2 * q / (p + q))).mean() / 2",
            "mean over outcomes",
        ),
        (
            "lambda p, q: ((p * (p / (p + q)).log()).sum() + (q * (q / (p + q)).log()).sum()) / 2",
            "mass 2",
        ),
        (
            "lambda p, q: ((p * (2 * p / (p + q)).log()).sum() + (q * (2 * q / (p + q)).log()).sum()) / 2",
            "not finite",
        ),
        (
            "lambda p, q: torch.nansum(p * (2 * p / (p + q)).log() * (q > 0)"
            " + q * (2 * q / (p + q)).log() * (p > 0)) / 2",
            "must still count",
        ),
        (
            "lambda p, q: math.log(2) if (p * q == 0).any() else"
            " ((p * (2 * p / (p + q)).log()).sum() + (q * (2 * q / (p + q)).log()).sum()) / 2",
            "one outcome is shared",
        ),
    ],
    4: [
        ("lambda loss_G: True", "accepts every loss"),
        ("lambda loss_G: False", "refuses every loss"),
        (_SLOPE.format(verdict="bool((slope > 0).all())"), "sign is reversed"),
        (_SLOPE.format(verdict="bool((slope < -1e-3).all())"), "divides it by n"),
        (_SLOPE.format(verdict="bool((slope <= 0).all())"), "flat is no push"),
        (_SLOPE.format(verdict="bool((slope < 0).any())"), "at *some* scores"),
        (_POINT.format(point=-2.0), "below score 0"),
        (_POINT.format(point=0.0), "more than one score"),
        (_ENDS, "ends of the range"),
        (_SLOPE.replace("201", "11").format(verdict="bool((slope < 0).all())"), "whole numbers"),
        (_SLOPE.format(verdict="bool((slope[40:-40] < 0).all())"), "the whole range"),
        (_SLOPE.replace("-5, 5", "-1, 5").format(verdict="bool((slope < 0).all())"), "starts too late"),
        (_SLOPE.replace("-5, 5", "-5, 4.6").format(verdict="bool((slope < 0).all())"), "ends too early"),
        (_SLOPE.replace("-5, 5", "-30, 30").format(verdict="bool((slope < 0).all())"), "the task ends"),
        (_SLOPE.replace("201", "4").format(verdict="bool((slope < 0).all())"), "two or three points"),
    ],
}
