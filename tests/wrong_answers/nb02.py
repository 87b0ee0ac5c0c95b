"""Wrong answers to the exercises of notebook 02, each with a phrase of the hint that must refuse it."""

_NO_GRADIENT = """
def smoothed_loss_D(score_real, score_fake, alpha):
    with torch.no_grad():
        real = (1 - alpha) * F.softplus(-score_real) + alpha * F.softplus(score_real)
        return real.mean() + F.softplus(score_fake).mean()
"""
_NAIVE = """
def smoothed_loss_D(score_real, score_fake, alpha):
    P, Q = torch.sigmoid(score_real), torch.sigmoid(score_fake)
    real = -(1 - alpha) * torch.log(P) - alpha * torch.log(1 - P)
    return real.mean() - torch.log(1 - Q).mean()
"""
_EPSILON = """
def smoothed_loss_D(score_real, score_fake, alpha):
    P, Q, eps = torch.sigmoid(score_real), torch.sigmoid(score_fake), 1e-8
    real = -(1 - alpha) * torch.log(P + eps) - alpha * torch.log(1 - P + eps)
    return real.mean() - torch.log(1 - Q + eps).mean()
"""

_LATE_SWITCH = """
def smoothed_loss_D(score_real, score_fake, alpha):
    log_P = lambda s: torch.where(s < -100, -F.softplus(-s), torch.log(torch.sigmoid(s) + 1e-8))
    real = -(1 - alpha) * log_P(score_real) - alpha * log_P(-score_real)
    return real.mean() - log_P(-score_fake).mean()
"""

WRONG = {
    1: [
        ("lambda t: math.log((1 - t) / t)", "sign is flipped"),
        ("lambda t: t", "not the score"),
        ("lambda t: 1 / (1 + math.exp(-t))", "inverse of the sigmoid"),
        ("lambda t: math.log(t)", "half of it"),
        ("lambda t: 0.0", "does not depend on t"),
        ("lambda t: torch.logit(t)", "TypeError"),
    ],
    2: [
        ("lambda r, f: (torch.cat([F.relu(1 - r), F.relu(1 + f)]).mean(), -f.mean())", "one mean over both"),
        ("lambda r, f: (F.relu(1 - r).mean() + F.relu(1 - f).mean(), -f.mean())", "fakes' margin"),
        ("lambda r, f: ((F.relu(1 - r).mean() + F.relu(1 + f).mean()).item(), -f.mean())", ".item()"),
        ("lambda r, f: (F.relu(1 - r).mean() + F.relu(1 + f).mean(), -f.detach().mean())", "no gradient"),
        ("lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean()", "return a pair"),
        ("lambda r, f: (F.relu(1 + r).mean() + F.relu(1 - f).mean(), -f.mean())", "wrong sides"),
        ("lambda r, f: ((1 - r).mean() + (1 + f).mean(), -f.mean())", "Wasserstein"),
        ("lambda r, f: (F.relu(1 - r).sum() + F.relu(1 + f).sum(), -f.sum())", "do not add up"),
        ("lambda r, f: (F.relu(1 - r).mean() + F.relu(1 + f).mean(), F.relu(1 - f).mean())", "no margin"),
        ("lambda r, f: (F.relu(1 - r).mean() + F.relu(1 + f).mean(), f.mean())", "wants high scores"),
        (
            "lambda r, f: (F.relu(1 - r).mean() + F.relu(1 + f).mean(), -F.relu(1 + f).mean())",
            "drop the bend",
        ),
        ("lambda r, f: (F.relu(-r).mean() + F.relu(f).mean(), -f.mean())", "max(0, 1 - D)"),
        (
            "lambda r, f: (F.relu(1 - r).mean() + F.relu(1 + f.detach()).mean(), -f.mean())",
            "gradient in score_fake",
        ),
        (
            "lambda r, f: (F.relu(1 - r.detach()).mean() + F.relu(1 + f).mean(), -f.mean())",
            "gradient in score_real",
        ),
        (
            "lambda r, f: (F.relu(1 - r).mean() + F.relu(1 + f).mean(), -f.clamp(-5, 5).mean())",
            "loss_G is right for small scores",
        ),
        (
            "lambda r, f: (F.relu(1 - r.clamp(-5, 5)).mean() + F.relu(1 + f).mean(), -f.mean())",
            "loss_D is right for small scores",
        ),
        ("lambda r, f: (F.relu(1 - r) + F.relu(1 + f), -f.mean())", "raised RuntimeError"),
    ],
    3: [
        (
            "lambda r, f, a: (0.9 * F.softplus(-r) + 0.1 * F.softplus(r)).mean() + F.softplus(f).mean()",
            "alpha is fixed",
        ),
        (
            "lambda r, f, a: F.softplus(-(1 - a) * r).mean() + F.softplus(f).mean()",
            "does not scale the score",
        ),
        (
            "lambda r, f, a: torch.cat([(1 - a) * F.softplus(-r) + a * F.softplus(r), F.softplus(f)]).mean()",
            "one mean over both",
        ),
        ("lambda r, f, a: F.softplus(-r).mean() + F.softplus(f).mean()", "alpha is not used"),
        (
            "lambda r, f, a: ((1 - a) * F.softplus(-r) + a * F.softplus(r)).mean()"
            " + ((1 - a) * F.softplus(f) + a * F.softplus(-f)).mean()",
            "fakes are smoothed as well",
        ),
        (
            "lambda r, f, a: F.softplus(-r).mean() + ((1 - a) * F.softplus(f) + a * F.softplus(-f)).mean()",
            "the real ones are not",
        ),
        (
            "lambda r, f, a: (a * F.softplus(-r) + (1 - a) * F.softplus(r)).mean() + F.softplus(f).mean()",
            "not alpha",
        ),
        ("lambda r, f, a: (1 - a) * F.softplus(-r).mean() + F.softplus(f).mean()", "is not smoothing"),
        (
            "lambda r, f, a: -((1 - a) * F.softplus(-r) + a * F.softplus(r)).mean() - F.softplus(f).mean()",
            "sign is flipped",
        ),
        (_NAIVE, "which step overflows"),
        (_EPSILON, "at real score -200"),
        (_LATE_SWITCH, "at real score -30"),
        (_NO_GRADIENT, "no gradient"),
    ],
    4: [
        ("lambda m, s, w: ((w * m).sum(), ((w * s) ** 2).sum().sqrt())", "not with their squares"),
        ("lambda m, s, w: (w * m).sum()", "return a pair"),
        ("lambda m, s, w: (m.mean(), (w * s).sum())", "not equally"),
        ("lambda m, s, w: (m[w.argmax()], s[w.argmax()])", "larger hump alone"),
        ("lambda m, s, w: ((w * m).sum(), (w * s).sum())", "do not average like this"),
        ("lambda m, s, w: ((w * m).sum(), (w * s**2).sum().sqrt())", "between the humps is missing"),
        ("lambda m, s, w: ((w * m).sum(), (w * (s**2 + m**2)).sum() - (w * m).sum() ** 2)", "square root"),
        ("lambda m, s, w: ((w * m).sum(), (w * (s**2 + m**2)).sum().sqrt())", "must come off"),
        (
            "lambda m, s, w: ((w * m).sum(), ((w * m**2).sum() - (w * m).sum() ** 2).sqrt())",
            "only the spread between",
        ),
    ],
    5: [
        (
            "lambda r, f: ((1 - torch.exp(-r / 2)).mean() - (torch.exp(f / 2) - 1).mean()).detach()",
            "no gradient comes back",
        ),
        (
            "lambda r, f: (1 - torch.exp(-r / 2)).mean() - (torch.exp(-f / 2) - 1).mean()",
            "the sign in b",
        ),
        (
            "lambda r, f: -(1 - torch.exp(-r / 2)).mean() + (torch.exp(f / 2) - 1).mean()",
            "opposite sign",
        ),
        ("lambda r, f: (1 - torch.exp(-r / 2)).mean() + (torch.exp(f / 2) - 1).mean()", "with a minus sign"),
        ("lambda r, f: (1 - torch.exp(-r)).mean() - (torch.exp(f) - 1).mean()", "½ is lost"),
        ("lambda r, f: (1 - torch.exp(-f / 2)).mean() - (torch.exp(r / 2) - 1).mean()", "exchanged"),
        (
            "lambda r, f: (torch.exp(r / 2) - 1).square().mean() - (torch.exp(f / 2) - 1).mean()",
            "the derivative",
        ),
        ("lambda r, f: (1 - torch.exp(-r / 2)).mean() - (f / (1 - f)).mean()", "not the score"),
        (
            "lambda r, f: (1 - torch.exp(-r / 2)).mean() - (1 - torch.exp(-f / 2)).mean()",
            "a for both batches",
        ),
        ("lambda r, f: (1 - torch.exp(-r / 2)).sum() - (torch.exp(f / 2) - 1).sum()", "do not add up"),
        (
            "lambda r, f: (1 - torch.exp(-r / 2)).mean() - (torch.exp(f.detach() / 2) - 1).mean()",
            "gradient in score_fake",
        ),
        (
            "lambda r, f: (1 - torch.exp(-r.detach() / 2)).mean() - (torch.exp(f / 2) - 1).mean()",
            "gradient in score_real",
        ),
    ],
}
