"""Record the tables of notebook 10 at full size (CPU, 80 minutes; --only chooses parts).

Parts: `grid` and `stacked` (eleven losses, 16 seeds; the setting of each chosen on four other seeds),
`curves` and `long` (Fréchet distance against seconds: the modern GAN, the DCGAN of notebook 06 and, in
`long`, that DCGAN with the modern GAN's falling rate, in turns), `ablation` (one ingredient of the modern
GAN taken away at a time, equal rounds), `starts` (the first rounds of some of these) and `rates` (where
short runs end, over learning rates).
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import torch
from recorder import run, same

CELLS = ("10_a_modern_gan", "record")
PARTS = ("grid", "stacked", "curves", "long", "ablation", "starts", "rates")
SEEDS, OTHERS = range(16), range(100, 104)  # the recorded seeds, and those that choose the settings
ROUNDS = {"grid": 1200, "stacked": 300}
GAMMAS = {"grid": (0.2, 1.0, 5.0), "stacked": (5.0, 25.0)}
SCALES = {"grid": (1.0, 2.0, 4.0), "stacked": (2.0,)}
LOOKS = (2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 50, 60)  # seconds of training
RACES = {"curves": (LOOKS, 4), "long": ((*LOOKS, 75, 90, 105, 120), 8)}  # looks, seeds
ABLATION_ROUNDS, ABLATION_SEEDS = 100, 8
START_ROUNDS, START_SEEDS, STARTERS = 45, 8, ("full", "block not scaled", "no block")
RATE_ROUNDS, RATE_SEEDS, RATED = 100, 8, ("full", "DCGAN")
FACTORS = tuple(10 ** (k / 4) for k in range(-2, 3))  # five rates over a range of 10


# ---------------------------------------------------------------- cells: name -> a function that measures it


def loss_cells(notebook: SimpleNamespace, part: str) -> dict[str, Callable[[], dict]]:
    """One cell per loss: its setting, chosen on OTHERS by the median share misplaced, then the seeds."""
    task = getattr(notebook, part)

    def scores(name: str, seeds: range, gamma: float, scale: float) -> tuple[torch.Tensor, float]:
        task.scale = scale
        run = notebook.train(task, name, seeds, ROUNDS[part], gamma)
        return torch.tensor([task.count(x) for x in run.x], dtype=torch.float64), run.seconds

    def cell(name: str) -> dict:
        settings = [(task.gamma, s) for s in SCALES[part]] if name == "spectral norm" else [(task.gamma, 1.0)]
        if "R1" in name or "R2" in name:
            settings = [(gamma, 1.0) for gamma in GAMMAS[part]]
        tried = [1.0]
        if len(settings) > 1:
            tried = [scores(name, OTHERS, *setting)[0][:, 2].median().item() for setting in settings]
        gamma, scale = settings[tried.index(min(tried))]
        table, seconds = scores(name, SEEDS, gamma, scale)
        rows = {
            k: [round(v, 4) for v in table[:, i].tolist()] for i, k in enumerate(("modes", "good", "off"))
        }
        return {"gamma": gamma, "scale": scale, "tried": tried, "seconds": round(seconds, 2), **rows}

    return {name: lambda name=name: cell(name) for name in notebook.GAMES}


def recipes(notebook: SimpleNamespace) -> dict[str, dict]:
    """The notebook's full recipe, the same with one thing changed at a time, and the DCGAN."""
    full, first = notebook.FULL, notebook.FULL["rate"][0]
    changes = {
        "full": {},
        "no pairing": {"pairing": False},
        "no R1": {"r1": False},
        "no R2": {"r2": False},
        "no penalty": {"r1": False, "r2": False},
        "γ constant": {"gamma": (full["gamma"][0],) * 2},
        "rate constant": {"rate": (first, first)},
        "no block": {"G_blocks": 0},
        "a block in D too": {"D_blocks": 1},
        "block not scaled": {"scale": 1.0},
        "D: He's start": {"D_std": None},
        "bilinear": {"upsampling": "bilinear"},
        "batch norm in G": {"norm": True},
    }
    return {name: full | change for name, change in changes.items()} | {"DCGAN": notebook.DCGAN}


def ended(notebook: SimpleNamespace, name: str, seed: int, rounds: int, factor: float = 1.0,
          until: int | None = None) -> dict:  # fmt: skip
    """Where one run of so many rounds ends: its time, the scores of its samples, and how steep its D is.

    With `until` it is looked at after so many of them.
    """
    run = notebook.new_run(recipes(notebook)[name], seed, rounds, factor, unit="rounds")
    notebook.go_on(run, rounds if until is None else until)
    with torch.no_grad():
        x_fake = run.game.G(notebook.z_judge[:500])
    D = run.game.D.eval()  # batch norm, where there is one, with its running averages
    real = notebook.slope(D, notebook.parts.fit.images[:500])
    steep = {"slope_real": real, "slope_fake": notebook.slope(D, x_fake)}
    last = notebook.quality(run, run.game.G.eval())["distance"]  # without the average of the weights
    value = {"seconds": run.seconds, "last": last} | notebook.quality(run) | steep
    return {key: round(v, 3) for key, v in value.items()}


def race_cells(notebook: SimpleNamespace, part: str) -> dict[str, Callable[[], dict]]:
    """One cell per seed: the recipes in turns."""
    others = {"falling": {"rate": notebook.FULL["rate"]}} if part == "long" else {}
    times, seeds = RACES[part]
    looks = dict.fromkeys(("modern", "DCGAN", *others), times)
    return {str(seed): lambda s=seed: notebook.race(s, looks, **others)[0] for seed in range(seeds)}


def ablation_cells(notebook: SimpleNamespace) -> dict[str, Callable[[], dict]]:
    """One cell per variant and seed, at equal rounds."""
    return {
        f"{name} / {seed}": lambda name=name, seed=seed: ended(notebook, name, seed, ABLATION_ROUNDS)
        for seed in range(ABLATION_SEEDS)
        for name in recipes(notebook)
    }


def start_cells(notebook: SimpleNamespace) -> dict[str, Callable[[], dict]]:
    """One cell per recipe and seed: the first rounds of the ablation's games, in more seeds."""
    return {
        f"{name} / {seed}": lambda n=name, s=seed: ended(notebook, n, s, ABLATION_ROUNDS, until=START_ROUNDS)
        for seed in range(START_SEEDS)
        for name in STARTERS
    }


def rate_cells(notebook: SimpleNamespace) -> dict[str, Callable[[], dict]]:
    """One cell per recipe, learning rate and seed: short runs."""
    return {
        f"{recipe} / {factor:g} / {seed}": lambda r=recipe, f=factor, s=seed: ended(
            notebook, r, s, RATE_ROUNDS, f
        )
        for seed in range(RATE_SEEDS)
        for factor in FACTORS
        for recipe in RATED
    }


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace) -> Iterator[str]:
    """Cell after cell of each part."""
    same(
        record,
        images=notebook.parts.fit.name,
        rounds=ROUNDS,
        budget={part: looks[-1] for part, (looks, _) in RACES.items()},
        ablation_rounds=ABLATION_ROUNDS,
        start_rounds=START_ROUNDS,
        rate_rounds=RATE_ROUNDS,
    )
    makers = {"ablation": ablation_cells, "starts": start_cells, "rates": rate_cells}
    for part in options.only:
        many = race_cells if part in RACES else loss_cells
        cells = makers[part](notebook) if part in makers else many(notebook, part)
        made = record.setdefault(part, {})
        for name, measure in cells.items():
            if name not in made:
                start = time.process_time()
                made[name] = measure()
                made[name]["cpu_seconds"] = round(time.process_time() - start, 1)
                yield f"{part}, {name}"


if __name__ == "__main__":
    run(__file__, "notebook 10 at full size", jobs, CELLS, parts=PARTS, seeds=len(SEEDS))
