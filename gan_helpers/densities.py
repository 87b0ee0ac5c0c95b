"""Divergences of densities on a line, and the bell that minimises one. Used by notebook 02."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.distributions import Normal


def kl(x: Tensor, log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL(p‖q) = ∫ p log p/q dx by the trapezoid rule, from log densities (..., n) on a grid x (n,)."""
    return torch.trapezoid(log_p.exp() * (log_p - log_q), x)


def middle(log_d: Tensor, log_g: Tensor) -> Tensor:
    """The log density of m = (p_d + p_g) / 2."""
    return torch.logaddexp(log_d, log_g) - math.log(2)


def jsd(x: Tensor, log_d: Tensor, log_g: Tensor) -> Tensor:
    """The Jensen-Shannon divergence, ½ KL(p_d‖m) + ½ KL(p_g‖m): from 0 to log 2."""
    log_m = middle(log_d, log_g)
    return (kl(x, log_d, log_m) + kl(x, log_g, log_m)) / 2


DIVERGENCES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "KL": kl,
    "reverse KL": lambda x, log_d, log_g: kl(x, log_g, log_d),
    "JSD": jsd,
    "2 KL(m, p_d)": lambda x, log_d, log_g: 2 * kl(x, middle(log_d, log_g), log_d),
    "Pearson": lambda x, log_d, log_g: torch.trapezoid((2 * log_d - log_g).exp(), x) - 1,
}
"""{name: function of (x, log p_d, log p_g)}; "Pearson" is ∫ (p_d - p_g)² / p_g, if both lie on the grid."""


def fit_bell(name: str, x: Tensor, log_d: Tensor, *, means: Sequence[float] = (-2.0, 0.0, 1.5),
             width: float = 1.0, steps: int = 500) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Means and widths, both (starts,), of the normal densities p_g that descent on a divergence leads to.

    One start for each of `means`, all of standard deviation `width`; Adam moves the mean and the logarithm of
    the width, at a rate that falls to 0. Nothing is random. Raises ValueError for an unknown name.
    """
    if name not in DIVERGENCES:
        raise ValueError(f"unknown divergence {name!r}; known: {', '.join(DIVERGENCES)}")
    centre = torch.tensor(means, dtype=torch.float64)
    bell = torch.stack([centre, torch.full_like(centre, math.log(width))])[:, :, None].requires_grad_()
    optimizer = torch.optim.Adam([bell], lr=0.05)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 1e-3, steps)
    for _ in range(steps):
        log_g = Normal(bell[0], bell[1].exp()).log_prob(x)
        optimizer.zero_grad()
        DIVERGENCES[name](x, log_d, log_g).sum().backward()
        optimizer.step()
        schedule.step()
    mean, log_width = bell.detach()[:, :, 0]
    return mean, log_width.exp()
