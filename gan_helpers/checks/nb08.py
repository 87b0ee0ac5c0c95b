"""Exercise checks of notebook 08 (mode collapse)."""

from __future__ import annotations

import math

import torch

from gan_helpers.checks import call, compare, exercise, expect, number, tensor


@exercise(1)
def check_1(answer: object) -> None:
    """`kl_to_uniform(hits)`: Σ q log(K q) in nats, 0 log 0 = 0."""
    hits = torch.tensor([60, 30, 10, 0])
    q, K = hits.double() / 100, 4
    full = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64)
    value = call(answer, hits)
    if isinstance(value, (float, torch.Tensor)) and not math.isfinite(float(torch.as_tensor(value).sum())):
        expect(False, "an empty mode gives 0 · log 0: its limit is 0 (torch.xlogy, or leave empty modes out)")
    compare(
        value,
        torch.xlogy(q, K * q).sum().item(),
        mistakes={
            "that is minus the entropy: the K in the logarithm is missing": torch.xlogy(q, q).sum().item(),
            "that is the other direction, KL(u ‖ q̂), over the modes that were hit": (
                (0.25 * (0.25 / full).log()).sum().item()
            ),
            "K is the number of all modes, not of those that were hit": (full * (3 * full).log())
            .sum()
            .item(),
            "that is in bits: use the natural logarithm": torch.xlogy(q, K * q).sum().item() / math.log(2),
            "these are counts: divide by their sum first": torch.xlogy(hits, K * hits).sum().item(),
            "each term is weighted by q̂, not by 1/K": (full * 4).log().mean().item(),
        },
    )
    even = number(call(answer, torch.full((7,), 3)))
    expect(abs(even) < 1e-5, f"for equal counts the KL is 0, yours is {even:.3g}")


@exercise(2)
def check_2(answer: object) -> None:
    """`pack(x, m)`: (n, d) -> (n/m, m d), whole samples side by side."""
    x = torch.arange(24.0).view(12, 2)
    value = call(answer, x, 3)
    expect(isinstance(value, torch.Tensor), f"expected a tensor, got {type(value).__name__}")
    expect(
        tuple(value.shape) != (12, 6),
        "12 rows: you keep one row per sample. A pack is one input of D: n/m rows",
    )
    expect(tuple(value.shape) != (3, 8), "m is the number of samples per pack, not the number of packs")
    expect(tuple(value.shape) != (4, 3, 2), "flatten each pack to one row of m d numbers, D takes (n/m, m d)")
    compare(
        value,
        x.reshape(4, 6),
        mistakes={
            "coordinates are torn apart: within a pack keep x₁, x₂ of one sample side by side": x.reshape(
                4, 3, 2
            )
            .transpose(1, 2)
            .reshape(4, 6),
            "your pack repeats one sample m times: D must see different samples": x[::3].repeat(1, 3),
            "each pack is an average: D sees one point, and not how different they are": (
                x.reshape(4, 3, 2).mean(1).repeat(1, 3)
            ),
        },
    )


@exercise(3)
def check_3(answer: object) -> None:
    """`with_spread(x)`: (n, d) -> (n, d + 1), the new column is the mean over features of the batch's std."""
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    x = x * torch.tensor([1.0, 3.0, 0.5])
    std = x.std(0, correction=0)

    def column(s: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, s.expand(6).unsqueeze(1) if s.ndim < 2 else s], 1)

    value = call(answer, x)
    expect(isinstance(value, torch.Tensor), f"expected a tensor, got {type(value).__name__}")
    expect(
        tuple(value.shape) != (6, 6),
        "one number for the whole batch: average the three deviations over the features",
    )
    expect(tuple(value.shape) != (6, 1), "keep the features: the new number is one more column")
    expect(bool(torch.equal(tensor(value, (6, 4))[:, :3], x)), "the first three columns must be x itself")
    compare(
        value,
        column(std.mean()),
        mistakes={
            "that is the deviation within each sample: measure it over the batch": column(
                x.std(1, correction=0).unsqueeze(1)
            ),
            "that is the mean variance: take the root before the mean over features": column(
                std.square().mean()
            ),
            "divide by n, not n - 1 (correction=0): a batch is all there is": column(x.std(0).mean()),
            "one deviation over all numbers mixes the features' different means and scales": column(
                x.std(correction=0)
            ),
        },
    )
    same = call(answer, torch.ones(4, 2, requires_grad=True))
    expect(
        bool(torch.isfinite(torch.as_tensor(same)).all())
        and float(torch.as_tensor(same).detach()[0, -1]) < 1e-3,
        "for equal samples the new number must be (nearly) 0",
    )
    y = torch.ones(4, 2, requires_grad=True)
    (slope,) = torch.autograd.grad(_unchecked(answer, y).sum(), y)
    expect(
        bool(slope.isfinite().all()),
        "equal samples give a gradient of NaN, and a collapsed batch has just these: add a small number "
        "under the root",
    )


def _unchecked(answer: object, y: torch.Tensor) -> torch.Tensor:
    value = answer(y)
    expect(
        value.requires_grad, "the new number must carry a gradient back to the samples: no detach, no item"
    )
    return value


@exercise(4)
def check_4(answer: object) -> None:
    """`sign_test(better, n)`: exact two-sided p-value, 2 P(X ≥ max(k, n - k)), at most 1."""
    tail = sum(math.comb(16, j) for j in range(13, 17)) / 2**16
    point = math.comb(16, 13) / 2**16
    value = number(call(answer, 13, 16))
    compare(
        value,
        2 * tail,
        mistakes={
            "one-sided: a remedy could also have been worse, so count both tails": tail,
            "that is the chance of exactly this count: add the more extreme ones": point,
            "that counts the middle, not the tails": 1 - 2 * tail,
            "that is twice the chance of exactly this count: add the more extreme ones": 2 * point,
            "that leaves out the count itself: 'at least as extreme' includes it": 2 * (tail - point),
            "that is the normal approximation: with 16 seeds count exactly": math.erfc(
                (13 - 8) / 2 / math.sqrt(2)
            ),
        },
        rtol=1e-3,
    )
    mirrored = number(call(answer, 3, 16))
    expect(abs(mirrored - 2 * tail) < 1e-6, "3 of 16 is as extreme as 13 of 16: take the larger side")
    small = number(call(answer, 6, 6))
    expect(abs(small - 2 / 64) < 1e-6, "n is an argument: 6 of 6 has probability 2/64")
    even = number(call(answer, 8, 16))
    expect(
        even <= 1,
        f"8 of 16 gives {even:.3g}: the middle is counted in both tails, a probability is at most 1",
    )
