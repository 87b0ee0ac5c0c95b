"""Record the 25-mode grid of notebook 08: `python benchmarks/moonshot_grid.py` (CPU, restartable).

One recipe on the grid of 25 Gaussians (std .05, spacing 2), four seeds to a stack, and the same without one
ingredient at a time, shorter. Runs are counted with and without averaged weights. After each stack the
result is saved to benchmarks/results/moonshot_grid.json; with `--minutes 5` it stops then, and the same
command goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from common import RESULTS, provenance, write
from torch import nn
from torch.func import functional_call, vmap

from gan_helpers import data, metrics
from gan_helpers.networks import mlp
from gan_helpers.penalties import regularised, relativistic
from gan_helpers.training import L_D, L_G, play_many, stack

STACK = 4
RECIPE = {
    "features_G": 1.0,  # scale of the random Fourier features of the noise; 0: none
    "features_D": 1.5,  # the same for the points
    "pairs": True,  # relativistic loss instead of the logistic one
    "gamma": (0.5, 0.01),  # weight of R1 and R2, first and last; 0: no penalty
    "R2": True,
    "rate": 4e-3,
    "rate_falls": True,
    "batch": 128,
    "width": 96,
}
WITHOUT = {
    "G's features": {"features_G": 0.0},
    "D's features": {"features_D": 0.0},
    "pairs": {"pairs": False},
    "R2": {"R2": False},
    "R1 and R2": {"gamma": (0.0, 0.0)},
    "falling γ": {"gamma": (0.1, 0.1)},
    "falling rate": {"rate_falls": False},
}


class Features(nn.Module):
    """x (n, 2) -> (n, 2 + 2k): x and the sines and cosines of k fixed random projections."""

    def __init__(self, k: int, scale: float, seed: int) -> None:
        super().__init__()
        self.B = scale * torch.randn(2, k, generator=data.make_generator(seed))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        angle = x @ self.B
        return torch.cat([x, angle.sin(), angle.cos()], -1)


def player(k: int, scale: float, width: int, last: int, seed: int) -> nn.Sequential:
    """An MLP of three hidden layers, behind k features if their scale is not 0."""
    front = [Features(k, scale, seed=7 + last)] if scale else []
    return nn.Sequential(*front, mlp((2 + 2 * k if scale else 2, width, width, width, last), seed=seed))


def play(options: dict, seeds: range, rounds: int) -> dict:
    """Train one stack; returns counts per seed, with and without averaged weights, and CPU-seconds a seed."""
    o, width = options, options["width"]
    G = stack([player(16, o["features_G"], width, 2, 2 * s) for s in seeds])
    D = stack([player(64, o["features_D"], width, 1, 2 * s + 1) for s in seeds])
    opts = [torch.optim.Adam(P.params.values(), lr=o["rate"], betas=(0.0, 0.99), fused=True) for P in (G, D)]
    first, last = o["gamma"]
    gamma, loss = torch.tensor(first), relativistic if o["pairs"] else (L_D, L_G)
    if first:
        loss = regularised(loss, r1=gamma, r2=gamma if o["R2"] else 0.0)
    x = data.grid(50_000, seed=0)
    batches = [data.batches(x, o["batch"], seed=s, steps=rounds) for s in seeds]
    average = {name: p.detach().clone() for name, p in G.params.items()}
    start = time.process_time()
    for step, _ in enumerate(
        play_many(G, D, *opts, batches, 2, seeds=[1000 + s for s in seeds], loss=loss), 1
    ):
        c = 0.5 * (1 + math.cos(math.pi * step / rounds))
        if o["rate_falls"]:
            for opt in opts:
                opt.param_groups[0]["lr"] = o["rate"] * max(c, 1e-3)
        if first:
            gamma.fill_(last * (first / last) ** c)
        for name, p in G.params.items():
            average[name].lerp_(p.detach(), min(0.1, 20 / rounds))
    seconds = (time.process_time() - start) / len(seeds)
    z = torch.randn(2500, 2, generator=data.make_generator(10**6))
    look = vmap(lambda p: functional_call(G.net, p, (z,)))
    with torch.no_grad():
        points = {"average": look(average), "last": look(G.params)}
    counts = {k: [metrics.mode_coverage(y, data.grid_centres(), 0.05) for y in v] for k, v in points.items()}
    return {
        "seeds": list(seeds),
        "rounds": rounds,
        "cpu_seconds_per_seed": round(seconds, 2),
        **{k: [m.hits.tolist() for m in v] for k, v in counts.items()},
        "points": [[round(v, 2) for v in row] for row in points["average"][0][:1000].tolist()],
    }


def jobs(record: dict, args: argparse.Namespace) -> Iterator[tuple[str, dict, range, int]]:
    """What is still to be run, in order."""
    plan = [("recipe", RECIPE, args.rounds, args.seeds), ("recipe, short", RECIPE, args.short, STACK)]
    plan += [(f"without {name}", RECIPE | change, args.short, STACK) for name, change in WITHOUT.items()]
    for name, options, rounds, seeds in plan[1:] + plan[:1]:
        done = [s for part in record["runs"].get(name, []) for s in part["seeds"]]
        for first in range(0, seeds, STACK):
            if first not in done:
                yield name, options, range(first, min(first + STACK, seeds)), rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=12_000)
    parser.add_argument("--short", type=int, default=2000, help="rounds of the runs without one ingredient")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so many CPU-minutes")
    parser.add_argument("--out", type=Path, default=RESULTS / "moonshot_grid.json")
    args = parser.parse_args()
    torch.set_num_threads(1)
    record = {
        **provenance(
            "grid of 25 Gaussians: high-quality samples of 2,500 per mode, for every seed",
            f"python benchmarks/moonshot_grid.py --seeds {args.seeds} --rounds {args.rounds} "
            f"--short {args.short}",
            [Path(__file__), "gan_helpers"],
        ),
        "cpu_seconds": 0.0,
        "recipe": RECIPE,
        "runs": {},
    }
    if args.out.exists():
        before = json.loads(args.out.read_text())
        if before["command"] != record["command"] or before["recipe"] != json.loads(json.dumps(RECIPE)):
            raise SystemExit(f"{args.out} holds other settings: delete it, or use --out")
        record = before
    start = last = time.process_time()
    for name, options, seeds, rounds in jobs(record, args):
        if time.process_time() - start > 60 * args.minutes:
            print("stopped; the same command goes on")
            return
        part = play(options, seeds, rounds)
        record["runs"].setdefault(name, []).append(part)
        record["cpu_seconds"] = round(record["cpu_seconds"] + time.process_time() - last, 1)
        last = time.process_time()
        write(args.out, record)
        shares = [sum(h) / 2500 for h in part["average"]]
        modes = [sum(v >= 20 for v in h) for h in part["average"]]
        print(f"{name}: high quality {min(shares):.3f} to {max(shares):.3f}, modes {modes}, ", end="")
        print(f"{part['cpu_seconds_per_seed']} s a seed", flush=True)
    print("complete")


if __name__ == "__main__":
    main()
