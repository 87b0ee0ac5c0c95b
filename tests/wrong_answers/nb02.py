"""Answers to notebook 02: (wrong, a phrase of the hint), beside the check's own mistakes; and right ones."""

_NO_GRADIENT = """
def smoothed_loss_D(score_real, score_fake, alpha):
    with torch.no_grad():
        real = (1 - alpha) * F.softplus(-score_real) + alpha * F.softplus(score_real)
        return real.mean() + F.softplus(score_fake).mean()
"""
_LATE_SWITCH = """
def smoothed_loss_D(score_real, score_fake, alpha):
    log_P = lambda s: torch.where(s < -100, -F.softplus(-s), torch.log(torch.sigmoid(s) + 1e-7))
    real = -(1 - alpha) * log_P(score_real) - alpha * log_P(-score_real)
    return real.mean() - log_P(-score_fake).mean()
"""
_BAD_SLOPE = """
def smoothed_loss_D(score_real, score_fake, alpha):
    log_P = lambda s: torch.where(s < -15, s, torch.log(torch.sigmoid(s)))
    real = -(1 - alpha) * log_P(score_real) - alpha * log_P(-score_real)
    return real.mean() - log_P(-score_fake).mean()
"""
_ON_P = """
def smoothed_loss_D(score_real, score_fake, alpha):
    P, Q = torch.sigmoid(score_real), torch.sigmoid(score_fake)
    real = -(1 - alpha) * torch.log(P + {eps}) - alpha * torch.log(1 - P + {eps})
    return real.mean() - torch.log(1 - Q + {eps}).mean()
"""
_BCE_ON_P = """
def smoothed_loss_D(score_real, score_fake, alpha):
    P, Q = torch.sigmoid(score_real), torch.sigmoid(score_fake)
    real = F.binary_cross_entropy(P, torch.full_like(P, 1 - alpha))
    return real + F.binary_cross_entropy(Q, torch.zeros_like(Q))
"""
HINGE = "F.relu(1 - r).mean() + F.relu(1 + f).mean()"
ROUNDED = "F.softplus(1 - r, beta=200).mean() + F.softplus(1 + f, beta=200).mean()"
A, B = "(1 - torch.exp(-r / 2)).mean()", "(torch.exp(f / 2) - 1).mean()"

WRONG = {
    4: [("lambda t: torch.logit(t)", "TypeError")],
    1: [
        (f"lambda r, f: (({HINGE}).item(), -f.mean())", ".item()"),
        (f"lambda r, f: ({HINGE}, -f.detach().mean())", "no gradient"),
        (f"lambda r, f: {HINGE}", "return 2 results"),
        (f"lambda r, f: ({ROUNDED}, -f.mean())", "right for one input"),
        ("lambda r, f: (F.relu(1 - r).mean() + F.relu(1 + f.detach()).mean(), -f.mean())", "score_fake"),
        ("lambda r, f: (F.relu(1 - r.detach()).mean() + F.relu(1 + f).mean(), -f.mean())", "score_real"),
        ("lambda r, f: (F.relu(1 - r.clamp(-5, 5)).mean() + F.relu(1 + f).mean(), -f.mean())", "for another"),
        ("lambda r, f: (F.relu(1 - r) + F.relu(1 + f), -f.mean())", "raised RuntimeError"),
    ],
    2: [
        (_LATE_SWITCH, "at -30 expected 57"),
        (_ON_P.format(eps=1e-12), "P rounds to 0 or 1"),
        (_ON_P.format(eps=1e-6), "P rounds to 0 or 1"),
        (_BCE_ON_P, "P rounds to 0 or 1"),
        (
            "lambda r, f, a: ((1 - a) * F.softplus(-r.clamp(-50, 50)) + a * F.softplus(r.clamp(-50, 50))).mean()"
            " + F.softplus(f.clamp(-50, 50)).mean()",
            "a clamp cuts",
        ),
        (
            "lambda r, f, a: ((1 - a) * F.softplus(-r) + a * F.softplus(r)).sum() / 3 + F.softplus(f).sum() / 4",
            "size written in",
        ),
        (_BAD_SLOPE, "infinity"),
        (_NO_GRADIENT, "no gradient"),
    ],
    3: [("lambda m, s, w: (w * m).sum()", "return 2 results")],
    5: [
        (f"lambda r, f: ({A} - {B}).detach()", "no gradient comes back"),
        (f"lambda r, f: {A} - {B.replace('f', 'f.detach()')}", "no gradient reaches score_fake"),
        (f"lambda r, f: {A.replace('-r', '-r.detach()')} - {B}", "no gradient reaches score_real"),
    ],
}

RIGHT = {
    4: ["lambda t: -math.log(1 / t - 1)", "lambda t: torch.logit(torch.tensor(t)).item()"],
    1: [
        "lambda r, f: [(1 - r).clamp(min=0).mean() + (1 + f).clamp(min=0).mean(), -f.mean()]",
        "lambda r, f: torch.stack([F.relu(1 - r).mean() + F.relu(1 + f).mean(), -f.sum() / len(f)])",
    ],
    2: [
        "lambda r, f, a: F.binary_cross_entropy_with_logits(r, torch.full_like(r, 1 - a))"
        " + F.binary_cross_entropy_with_logits(f, torch.zeros_like(f))",
        "lambda r, f, a: -((1 - a) * F.logsigmoid(r) + a * F.logsigmoid(-r)).mean() - F.logsigmoid(-f).mean()",
        "lambda r, f, a: (F.softplus(-r) + a * r).mean() + F.softplus(f).mean()",
    ],
    3: [
        "lambda m, s, w: ((w * m).sum(), (w * s**2 + w * (m - (w * m).sum()) ** 2).sum().sqrt())",
        "lambda m, s, w: [float(w @ m), float(w @ (s**2 + m**2) - (w @ m) ** 2) ** 0.5]",
    ],
    5: [
        "lambda r, f: 2 - torch.exp(-r / 2).mean() - torch.exp(f / 2).mean()",
        "lambda r, f: (1 - r.exp() ** -0.5).mean() - ((1 - f.exp() ** -0.5) / f.exp() ** -0.5).mean()",
    ],
}
