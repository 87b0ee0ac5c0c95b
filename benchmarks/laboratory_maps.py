"""Record the maps of notebook 04 at full size: `python benchmarks/laboratory_maps.py` (CPU, one thread).

Covered modes over learning rate x learning rate, and over beta1 x learning rate, 16 seeds in each cell.
The functions that train and count are lifted from the notebook's source, so that both measure the same.
The result goes to benchmarks/results/laboratory_maps.json, with what is needed to judge and to repeat it.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import json
import platform
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import torch
from torch.nn import functional as F

from gan_helpers import data
from gan_helpers.machine import progress
from gan_helpers.networks import mlp
from gan_helpers.training import own_rates, play_many, stack

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "notebooks" / "source" / "04_gan_laboratory_2d.py"
RESULT = ROOT / "benchmarks" / "results" / "laboratory_maps.json"
FUNCTIONS = {"make_players", "adam", "coverage", "train", "covered", "judge"}
CONSTANTS = {"x_all", "Z_DIM", "z_test", "RING"}
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
EQUAL_RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
BETAS = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9)


def lift(source: Path = SOURCE) -> dict:
    """Return the namespace that holds the notebook's own functions and constants, and nothing else of it."""
    namespace = {f.__name__: f for f in (torch, mlp, stack, play_many, own_rates, SimpleNamespace)}
    namespace |= {"data": data, "F": F, "progress": lambda items, *_: items}
    for node in ast.parse(source.read_text()).body:
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        wanted = isinstance(node, ast.FunctionDef) and node.name in FUNCTIONS
        if wanted or (isinstance(node, ast.Assign) and names & CONSTANTS):
            exec(compile(ast.Module([node], []), str(source), "exec"), namespace)
    missing = (FUNCTIONS | CONSTANTS) - namespace.keys()
    if missing:
        raise LookupError(f"{source.name} no longer defines {sorted(missing)}")
    return namespace


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


def cpu() -> str:
    """Return the processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=RESULT)
    args = parser.parse_args()
    torch.set_num_threads(1)
    notebook, seeds, start = lift(), range(args.seeds), time.process_time()
    rates = [{"lr_G": g, "lr_D": d} for g in RATES for d in RATES]
    betas = [{"lr_G": r, "lr_D": r, "beta1": b} for b in BETAS for r in EQUAL_RATES]
    cells = [
        cell(notebook, seeds, args.rounds, **options)
        for options in progress([*rates, *betas], "cells of both maps")
    ]
    git = ["git", "-C", str(ROOT), "log", "-1", "--format=%H", "--", str(SOURCE), "gan_helpers/training.py"]
    record = {
        "what": "ring of 8 Gaussians: per seed, medians of the last 5 snapshots, mean losses of 300 rounds",
        "command": f"python benchmarks/laboratory_maps.py --seeds {args.seeds} --rounds {args.rounds}",
        "commit": subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip(),
        "date": datetime.date.today().isoformat(),
        "machine": f"{cpu()}, one thread",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "cpu_seconds": round(time.process_time() - start),
        "seeds": args.seeds,
        "rounds": args.rounds,
        "learning_rates": cells[: len(rates)],
        "beta1": cells[len(rates) :],
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
