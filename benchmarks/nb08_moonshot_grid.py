"""Record the 25-mode grid of notebook 08 (CPU, 9 minutes).

One recipe on the grid of 25 Gaussians (std .05, spacing 2), four seeds to a stack; then, with fewer rounds,
the recipe and the recipe without one ingredient at a time. Settings were chosen on seeds from 100 on. Of each
generator 2,500 samples are counted, with and without averaged weights, and with them 50,000 ("many").
"""

from __future__ import annotations

import itertools
import math
import time
from argparse import Namespace
from collections.abc import Iterator
from types import SimpleNamespace

import torch
from recorder import run, same
from torch import nn
from torch.func import functional_call, vmap

from gan_helpers import data, metrics
from gan_helpers.losses import L_D, L_G, regularised, relativistic
from gan_helpers.networks import mlp
from gan_helpers.training import play_many, stack

CELLS = ("deeper/08_mode_collapse", "record-grid")
STACK = 4
UNIT = 2.0  # the players see the data divided by this: centres in ±2
RECIPE = {
    "picks": (2, 32),  # the first two numbers of the noise pick one of 32 each; (0, 0): plain noise
    "scales": (0.5, 8.0),  # of D's 32 random Fourier features, smallest and largest; (0, 0): none
    "pairs": True,  # relativistic loss instead of the logistic one
    "gamma": (0.6, 0.005),  # weight of R1 and R2, first and last; (0, 0): no penalty
    "R2": True,
    "rate": 2e-3,
    "rate_falls": True,
    "batch": (512, 256),  # in the first and in the second half
    "width": 96,
}
WITHOUT = {
    "picks": {"picks": (0, 0)},
    "Fourier features": {"scales": (0, 0)},
    "R1 and R2": {"gamma": (0, 0)},
    "falling γ": {"gamma": (0.05, 0.05)},
    "pairs": {"pairs": False},
    "R2": {"R2": False},
    "falling rate": {"rate_falls": False},
}


class Features(nn.Module):
    """x (n, 2) -> (n, 2 + 2k): x, sine and cosine of k random projections, even in log scale."""

    def __init__(self, k: int, low: float, high: float, seed: int) -> None:
        super().__init__()
        scales = torch.linspace(math.log(low), math.log(high), k).exp()
        self.B = scales * torch.randn(2, k, generator=data.make_generator(seed))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        angle = x @ self.B
        return torch.cat([x, angle.sin(), angle.cos()], -1)


def players(notebook: SimpleNamespace, o: dict, seed: int) -> tuple[nn.Module, nn.Module]:
    """G, D of one seed: MLPs of three hidden layers, G behind the picks and D behind the features."""
    w, (m, k), (low, high) = o["width"], o["picks"], o["scales"]
    front_G = [notebook.Picks(m, k)] if m else []
    front_D = [Features(32, low, high, seed=9)] if high else []
    G = nn.Sequential(*front_G, mlp((2 + m * k, w, w, w, 2), seed=2 * seed))
    D = nn.Sequential(*front_D, mlp((66 if high else 2, w, w, w, 1), seed=2 * seed + 1))
    return G, D


def play(notebook: SimpleNamespace, o: dict, seeds: range, rounds: int) -> dict:
    """Train one stack; returns counts per seed, with and without averaged weights, and CPU-seconds a seed."""
    start = time.process_time()
    G, D = (stack(nets) for nets in zip(*(players(notebook, o, s) for s in seeds), strict=True))
    opts = [torch.optim.Adam(P.params.values(), lr=o["rate"], betas=(0.0, 0.99), fused=True) for P in (G, D)]
    first, last = o["gamma"]
    gamma, loss = torch.tensor(float(first)), relativistic if o["pairs"] else (L_D, L_G)
    if first:
        loss = regularised(loss, r1=gamma, r2=gamma if o["R2"] else 0.0)
    x, half, z_dim = data.grid(50_000, seed=0) / UNIT, rounds // 2, 2 + o["picks"][0]
    batches = [
        itertools.chain(
            data.batches(x, o["batch"][0], seed=s, steps=half),
            data.batches(x, o["batch"][1], seed=10**4 + s, steps=rounds - half),
        )
        for s in seeds
    ]
    average = {name: p.detach().clone() for name, p in G.params.items()}
    game = play_many(G, D, *opts, batches, z_dim, seeds=[1000 + s for s in seeds], loss=loss)
    for step, _ in enumerate(game, start=1):
        c = 0.5 * (1 + math.cos(math.pi * step / rounds))
        if o["rate_falls"]:
            for opt in opts:
                opt.param_groups[0]["lr"] = o["rate"] * max(c, 1e-3)
        if first:
            gamma.fill_(last * (first / last) ** c)
        for name, p in G.params.items():
            average[name].lerp_(p.detach(), 20 / rounds)
    seconds = (time.process_time() - start) / len(seeds)
    z = torch.randn(2500, z_dim, generator=data.make_generator(10**6))
    z_many = torch.randn(50_000, z_dim, generator=data.make_generator(10**6 + 1))
    look = vmap(lambda p, z: UNIT * functional_call(G.net, p, (z,)), in_dims=(0, None))
    with torch.no_grad():
        points = {"average": look(average, z), "last": look(G.params, z), "many": look(average, z_many)}
    centres, std = data.grid_centres(), 0.05
    return {
        "seeds": list(seeds),
        "rounds": rounds,
        "cpu_seconds_per_seed": round(seconds, 2),
        **{k: [metrics.mode_coverage(y, centres, std).hits.tolist() for y in v] for k, v in points.items()},
        "spread": [round(spread(y, centres, std), 4) for y in points["average"]],
        "points": [[round(v, 2) for v in row] for row in points["average"][0][:1000].tolist()],
    }


def spread(points: torch.Tensor, centres: torch.Tensor, std: float) -> float:
    """Root mean square distance to the nearest centre per coordinate, over samples within 3 std of it."""
    distance = torch.cdist(points, centres).amin(1)
    near = distance[distance < 3 * std]
    return (near.square().mean() / 2).sqrt().item() if len(near) else math.nan


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace) -> Iterator[str]:
    """The recipe at full length, then short runs."""
    same(record, recipe=RECIPE)
    plan = [("recipe", {}, options.rounds, options.seeds), ("recipe, short", {}, options.short, STACK)]
    plan += [(f"without {name}", change, options.short, STACK) for name, change in WITHOUT.items()]
    for name, change, rounds, seeds in plan:
        parts = record.setdefault("runs", {}).setdefault(name, [])
        done = [seed for part in parts for seed in part["seeds"]]
        for first in range(0, seeds, STACK):
            if first not in done:
                block = range(first, min(first + STACK, seeds))
                parts.append(play(notebook, RECIPE | change, block, rounds))
                hits = torch.tensor(parts[-1]["average"])
                shares = " ".join(f"{h.sum() / 2500:.3f}" for h in hits)
                yield f"{name}: modes {(hits >= 20).sum(1).tolist()}, high quality {shares}"


if __name__ == "__main__":
    what = "grid of 25 Gaussians: high-quality samples of 2,500 per mode, for every seed"
    run(__file__, what, jobs, CELLS, seeds=16, rounds=2400, short=1000)
