"""Record the tables of notebook 10 at full size (CPU, 25 minutes; --only chooses parts).

Parts: `grid` and `stacked` (eleven losses, 16 seeds; each with the best of its settings on four other seeds),
`ablation` (one ingredient of the modern GAN taken away or changed at a time, equal rounds), `starts` (the
first rounds of some of these) and `rates` (where short runs end, over learning rates).
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import torch
from recorder import run, same

from gan_helpers.losses import slopes, squared_norms

CELLS = ("deeper/10_a_modern_gan", "record")
PARTS = ("grid", "stacked", "ablation", "starts", "rates")
SEEDS, OTHERS = range(16), range(100, 104)  # the recorded seeds, and those that choose the settings
ROUNDS = {"grid": 1200, "stacked": 300}
GAMMAS = {"grid": (0.05, 0.2, 1.0, 5.0), "stacked": (1.0, 5.0, 25.0, 125.0)}
SCALES = (1.0, 2.0, 4.0)  # of a layer, for spectral norm
RATES = (1.0, 0.5, 0.25)  # for losses without a constant of their own: parts of the usual learning rate
SHORT_ROUNDS, START_ROUNDS, SHORT_SEEDS = 100, 45, 8
STARTERS, RATED = ("full", "block not scaled", "no block"), ("full", "DCGAN")
FACTORS = tuple(10 ** (k / 4) for k in range(-2, 3))  # five rates over a range of 10


# ---------------------------------------------------------------- cells: name -> a function that measures it


def settings(task: SimpleNamespace, part: str, name: str) -> list[dict]:
    """What is tried for a loss."""
    if "R1" in name or "R2" in name:
        return [{"gamma": gamma} for gamma in GAMMAS[part]]
    if name == "spectral norm":
        return [{"scale": scale} for scale in SCALES]
    return [{"rate": task.rate * rate} for rate in RATES]


def names() -> list[str]:
    """Five losses without a penalty, then six with R1, R2 or both, plain and on pairs."""
    plain = ["logistic", "hinge", "least squares", "spectral norm", "relativistic"]
    penalties = ("R1", "R2", "R1 + R2")
    return plain + [f"{base} + {more}" for base in ("logistic", "relativistic") for more in penalties]


def loss_cells(notebook: SimpleNamespace, part: str) -> dict[str, Callable[[], dict]]:
    """One cell per loss: its setting, chosen on OTHERS by the median share misplaced, then the seeds."""
    task = getattr(notebook, part)

    def scores(name: str, seeds: range, setting: dict) -> tuple[torch.Tensor, float]:
        run = notebook.train(task, name, seeds, ROUNDS[part], **setting)
        return torch.tensor([task.count(x) for x in run.x], dtype=torch.float64), run.seconds

    def cell(name: str) -> dict:
        options = settings(task, part, name)
        tried = [scores(name, OTHERS, setting)[0][:, 2].median().item() for setting in options]
        best = options[tried.index(min(tried))]
        found, seconds = scores(name, SEEDS, best)
        rows = {
            k: [round(v, 4) for v in found[:, i].tolist()] for i, k in enumerate(("modes", "good", "off"))
        }
        tried = [option | {"off": round(off, 4)} for option, off in zip(options, tried, strict=True)]
        return {"setting": best, "tried": tried, "seconds": round(seconds, 2), **rows}

    return {name: lambda name=name: cell(name) for name in names()}


def recipes(notebook: SimpleNamespace) -> dict[str, dict]:
    """The notebook's full recipe, the same with one thing changed at a time, and the DCGAN."""
    full, first = notebook.FULL, notebook.FULL["rate"][0]
    changes = {
        "full": {},
        "no pairing": {"pairs": False},
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
        "batch norm in G": {"G_norm": True},
    }
    return {name: full | change for name, change in changes.items()} | {"DCGAN": notebook.DCGAN}


def ended(notebook: SimpleNamespace, name: str, seed: int, factor: float = 1.0,
          until: int | None = None) -> dict:  # fmt: skip
    """Where one short run ends, or stands after `until` rounds: time, scores of its samples, D's slopes."""
    start = time.process_time()
    game = notebook.play_images(recipes(notebook)[name], seed, SHORT_ROUNDS, factor, until)
    seconds = time.process_time() - start
    judge = notebook.judge
    fakes = judge.generate(game.average, 32).nan_to_num(0.0)
    sure = judge.look_at(fakes)[1].max(1).values > 0.9
    value = {"seconds": seconds, "distance": judge.distance(fakes), "sure": sure.float().mean().item()}
    D = game.D.eval()  # batch norm, where there is one, with its running averages
    with torch.no_grad():
        x_fake = game.G(judge.noise(32)[:500])
    for name, x in (("slope_real", notebook.x_fit[:500]), ("slope_fake", x_fake)):
        value[name] = squared_norms(slopes(D, x)[0]).mean().sqrt().item()
    return {key: round(v, 3) for key, v in value.items()}


def short_cells(notebook: SimpleNamespace, part: str) -> dict[str, Callable[[], dict]]:
    """One cell per recipe (and learning rate) and seed: short runs."""

    def cell(name: str, seed: int, factor: float = 1.0) -> Callable[[], dict]:
        until = START_ROUNDS if part == "starts" else None
        return lambda: ended(notebook, name, seed, factor, until)

    cells = {}
    for seed in range(SHORT_SEEDS):
        if part == "rates":
            cells |= {f"{n} / {f:g} / {seed}": cell(n, seed, f) for f in FACTORS for n in RATED}
        else:
            chosen = STARTERS if part == "starts" else recipes(notebook)
            cells |= {f"{name} / {seed}": cell(name, seed) for name in chosen}
    return cells


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace) -> Iterator[str]:
    """Cell after cell of each part."""
    judge = notebook.judge
    same(record, images=judge.parts.fit.name, rounds=ROUNDS, short=SHORT_ROUNDS, start=START_ROUNDS)
    record["floor"] = round(judge.floor, 3)
    record["blank"] = round(judge.distance(-torch.ones_like(judge.parts.report.images[:2000])), 1)
    for part in options.only:
        cells = (loss_cells if part in ROUNDS else short_cells)(notebook, part)
        made = record.setdefault(part, {})
        for name, measure in cells.items():
            if name not in made:
                start = time.process_time()
                made[name] = measure()
                made[name]["cpu_seconds"] = round(time.process_time() - start, 1)
                yield f"{part}, {name}"


if __name__ == "__main__":
    run(__file__, "notebook 10 at full size", jobs, CELLS, parts=PARTS, seeds=len(SEEDS))
