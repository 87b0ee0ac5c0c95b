"""Record the maps of notebook 04 at full size (CPU, 13 minutes).

Covered modes over learning rate x learning rate, and over beta1 x learning rate, 16 seeds in each cell.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from types import SimpleNamespace

import recorder

CELLS = ("deeper/04_gan_laboratory_2d", "record")
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
EQUAL_RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
BETAS = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9)


def cell(notebook: SimpleNamespace, seeds: range, rounds: int, **options: float) -> dict:
    """Return one cell of a map: what each seed reached, and what its losses read meanwhile."""
    run = notebook.train(seeds, rounds=rounds, **options)
    loss_D, loss_G = run.losses[-300:].mean(0)
    values = {
        "modes": notebook.covered(run.points).float(),
        "share": notebook.coverage(run.points[-5:])[1].median(0).values,
        "loss_D": loss_D,
        "loss_G": loss_G,
        "judge": notebook.judge(run.Gs),
    }
    return {**options, **{name: [round(v, 4) for v in value.tolist()] for name, value in values.items()}}


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace) -> Iterator[str]:
    """Both maps, cell by cell; all seeds of a cell are one stack, so that more of them are another record."""
    recorder.same(record, seeds=options.seeds)
    maps = {
        "learning_rates": [{"lr_G": g, "lr_D": d} for g in RATES for d in RATES],
        "beta1": [{"lr_G": r, "lr_D": r, "beta1": b} for b in BETAS for r in EQUAL_RATES],
    }
    for name, plan in maps.items():
        made = record.setdefault(name, [])
        for choice in plan[len(made) :]:
            made.append(cell(notebook, range(options.seeds), options.rounds, **choice))
            yield f"{name}, cell {len(made)} of {len(plan)}"


if __name__ == "__main__":
    what = "ring of 8 Gaussians: per seed, medians of the last 5 snapshots, mean losses of 300 rounds"
    recorder.run(__file__, what, jobs, CELLS, seeds=16, rounds=2000)
