"""Record the maps of notebook 04 at full size: `python benchmarks/laboratory_maps.py` (CPU, one thread).

Covered modes over learning rate x learning rate, and over beta1 x learning rate, 16 seeds in each cell.
The functions that train and count are lifted from the notebook's source, so that both measure the same.
The result goes to benchmarks/results/laboratory_maps.json, with what is needed to judge and to repeat it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from common import NOTEBOOKS, RESULTS, lift, provenance, write

from gan_helpers.notebook import progress

SOURCE = NOTEBOOKS / "04_gan_laboratory_2d.py"
CONSTANTS = {"x_all", "Z_DIM", "z_test", "RING"}
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
EQUAL_RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
BETAS = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9)


def cell(notebook: dict, seeds: range, rounds: int, **options: float) -> dict:
    """Return one cell of a map: what each seed reached, and what its losses read meanwhile."""
    run = notebook["train"](seeds, rounds=rounds, **options)
    loss_D, loss_G = run.losses[-300:].mean(0)
    values = {
        "modes": notebook["covered"](run.points).float(),
        "share": notebook["coverage"](run.points[-5:])[1].median(0).values,
        "loss_D": loss_D,
        "loss_G": loss_G,
        "judge": notebook["judge"](run.Gs),
    }
    return {**options, **{name: [round(v, 4) for v in value.tolist()] for name, value in values.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=RESULTS / "laboratory_maps.json")
    args = parser.parse_args()
    torch.set_num_threads(1)
    notebook = lift(SOURCE, CONSTANTS, progress=lambda items, *_: items)
    seeds, start = range(args.seeds), time.process_time()
    rates = [{"lr_G": g, "lr_D": d} for g in RATES for d in RATES]
    betas = [{"lr_G": r, "lr_D": r, "beta1": b} for b in BETAS for r in EQUAL_RATES]
    cells = [
        cell(notebook, seeds, args.rounds, **options)
        for options in progress([*rates, *betas], "cells of both maps")
    ]
    record = {
        **provenance(
            "ring of 8 Gaussians: per seed, medians of the last 5 snapshots, mean losses of 300 rounds",
            f"python benchmarks/laboratory_maps.py --seeds {args.seeds} --rounds {args.rounds}",
            [SOURCE, "gan_helpers/training.py"],
        ),
        "cpu_seconds": round(time.process_time() - start),
        "seeds": args.seeds,
        "rounds": args.rounds,
        "learning_rates": cells[: len(rates)],
        "beta1": cells[len(rates) :],
    }
    write(args.out, record)


if __name__ == "__main__":
    main()
