"""Wrong answers to the exercises of notebook 10, each with a phrase of the hint that must refuse it."""

S = "F.softplus"
GAP = "(D(x + sigma * noise) - D(x))"
WRONG = {
    1: [
        (f"lambda r, f: ({S}(r - f).mean(), {S}(f - r).mean())", "swapped"),
        (f"lambda r, f: ({S}(f - r).mean(), -{S}(f - r).mean())", "saturating"),
        (f"lambda r, f: ({S}(f - r).mean(), {S}(f - r).mean())", "same thing"),
        (f"lambda r, f: (({S}(-r) + {S}(f)).mean(), {S}(-f).mean())", "ordinary losses"),
        (f"lambda r, f: ({S}(f - r.T).mean(), {S}(r.T - f).mean())", "everyone"),
        (f"lambda r, f: ({S}(f - r.mean()).mean(), {S}(r.mean() - f).mean())", "other side's mean"),
        (f"lambda r, f: ({S}((f - r).mean()), {S}((r - f).mean()))", "not the mean of"),
        (f"lambda r, f: ({S}(f - r).sum(), {S}(r - f).sum())", "sum over the batch"),
        (f"lambda r, f: {S}(f - r).mean()", "two numbers"),
    ],
    2: [
        (f"lambda D, x, noise, sigma, gamma: gamma / 2 * {GAP}.square().mean()", "divide by σ²"),
        (f"lambda D, x, noise, sigma, gamma: gamma / 2 * {GAP}.square().mean() / sigma", "divided by σ,"),
        (f"lambda D, x, noise, sigma, gamma: gamma * {GAP}.square().mean() / sigma**2", "½"),
        (f"lambda D, x, noise, sigma, gamma: {GAP}.square().mean() / sigma**2 / 2", "γ is missing"),
        (f"lambda D, x, noise, sigma, gamma: gamma / 2 * {GAP}.abs().mean() / sigma**2", "absolute"),
        (f"lambda D, x, noise, sigma, gamma: gamma / 2 * {GAP}.mean() ** 2 / sigma**2", "square first"),
        (f"lambda D, x, noise, sigma, gamma: gamma / 2 * {GAP}.square().sum() / sigma**2", "a sum over"),
        (
            "lambda D, x, noise, sigma, gamma: gamma / 2 * (D(x + noise) - D(x)).square().mean() / sigma**2",
            "not scaled",
        ),
        ("lambda D, x, noise, sigma, gamma: gamma / 2 * D(noise).square().mean()", "at the noise"),
        (
            "lambda D, x, noise, sigma, gamma: gamma / 2 * (D(x + noise) - D(x)).square().mean()",
            "unscaled noise",
        ),
        (
            "lambda D, x, noise, sigma, gamma: gamma / 2 * squared_norms(slopes(D, x)[0]).mean()",
            "R1 itself",
        ),
    ],
    3: [
        ("lambda blocks, scale, a: (1 + a * scale) ** blocks", "has a square"),
        ("lambda blocks, scale, a: 1 + blocks * a * scale**2", "do not add"),
        ("lambda blocks, scale, a: (a * scale**2) ** blocks", "added to the branch"),
        ("lambda blocks, scale, a: 1 + a * scale**2", "single block"),
        ("lambda blocks, scale, a: (1 + a * scale**2) ** (blocks / 2)", "root mean square"),
        ("lambda blocks, scale, a: (1 + math.sqrt(a) * scale) ** (2 * blocks)", "uncorrelated"),
    ],
    4: [
        (
            "lambda part, first, last: first + (last - first) * (1 + math.cos(math.pi * part)) / 2",
            "turned round",
        ),
        ("lambda part, first, last: first + (last - first) * part", "straight line"),
        (
            "lambda part, first, last: last + (first - last) * (1 + math.cos(2 * math.pi * part)) / 2",
            "whole cosine",
        ),
        ("lambda part, first, last: first * (1 + math.cos(math.pi * part)) / 2", "ends at 0"),
        ("lambda part, first, last: last + (first - last) * math.cos(math.pi * part)", "from 1 to -1"),
        ("lambda part, first, last: last + (first - last) * math.cos(math.pi * part / 2)", "quarter"),
        (
            "lambda part, first, last: last + (first - last) * (1 + math.cos(math.pi * part)) / 2",
            "clamp part",
        ),
    ],
}
