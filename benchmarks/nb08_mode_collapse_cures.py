"""Record the remedies of notebook 08 (CPU, 23 minutes).

Four stages: every setting of every remedy on three seeds, to choose the best; what a round of it costs,
beside the plain GAN; the best setting on other seeds, in blocks of eight, at equal generator steps; the same
at the CPU-seconds of the plain GAN (fewer rounds; remedies that cost at most a tenth more are not run again).
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import recorder
import torch

from gan_helpers.losses import LOSSES, regularised, relativistic, with_gradient_penalty

CELLS = ("deeper/08_mode_collapse", "record")
SELECT_SEEDS = range(100, 103)
BLOCK = 8


def tried(label: str, make: Callable, *values: float) -> dict:
    """{what was tried: options of the notebook's `train`}, one for each value of a knob."""
    return {f"{label} {value}".strip(): make(value) for value in values}


def slower(options: dict, rate: float = 1e-3) -> dict:
    return options | {"lr_G": rate, "lr_D": rate}


def penalised(loss: dict) -> dict:
    return tried("γ", lambda g: {"loss": regularised(**loss, r1=g, r2=g)}, 0.1, 0.5, 2.0)


def critic(weight: float, d_steps: int) -> dict:
    loss = with_gradient_penalty(LOSSES["Wasserstein, no constraint"], weight)
    return {"loss": loss, "d_steps": d_steps}


def all_remedies(n: SimpleNamespace) -> dict:
    """{remedy: {setting: options of `train`}}, with the parts that notebook n defines."""
    return {
        "plain": {"": {}},
        "smaller steps": tried("rate", lambda r: slower({}, r), 2e-3, 1e-3, 4e-4),
        "two time scales": {"G 0.001": {"lr_G": 1e-3}, "D 0.001": {"lr_D": 1e-3}, "G 0.0004": {"lr_G": 4e-4}},
        "momentum": tried("β1", lambda b: {"beta1": b}, 0.25, 0.5, 0.9),
        **{f"{d}-dimensional noise": {"": n.noise(d)} for d in (1, 8, 64, 256)},
        "reset last layer of D": tried("every", lambda k: n.resetting("D", k, last=True), 50, 100, 200),
        "reset last layer of G": tried("every", lambda k: n.resetting("G", k, last=True), 100, 200, 400),
        "reset a tenth of D": tried("every", lambda k: n.resetting("D", k, share=0.1), 20, 50, 200),
        "instance noise": tried("σ", n.instance_noise, 0.3, 0.8, 2.0),
        "several discriminators": tried("", n.several, 2, 4, 6),
        "minibatch std": {"4": n.spread(4), "16": n.spread(16), "16, rate 0.001": slower(n.spread(16))},
        "minibatch discrimination": {
            "16": n.neighbours(16, 4, 4),
            "16, rate 0.001": slower(n.neighbours(16, 4, 4)),
            "64, rate 0.001": slower(n.neighbours(64, 4, 4)),
        },
        "PacGAN": {"2": n.packed(2), "4": n.packed(4), "4, rate 0.001": slower(n.packed(4))},
        "PacGAN, full rate": {"4": n.packed(4)},  # the runner-up of the row above, added after the ranking
        "unrolled": {"3, η 0.5": n.unrolled(3, 0.5)}
        | tried("5, η", lambda eta: n.unrolled(5, eta), 0.5, 0.1, 0.02, 0.005),
        "spectral norm": tried("×", n.spectral, 0.25, 1.0, 4.0, 16.0),
        "WGAN-GP": {f"weight {w}, {k} D steps": critic(w, k) for w, k in ((0.1, 1), (1.0, 1), (1.0, 3))},
        "relativistic": tried("rate", lambda r: slower({"loss": relativistic}, r), 4e-3, 2e-3, 1e-3),
        "R1": tried("γ", lambda g: {"loss": regularised(r1=g)}, 0.1, 0.5, 2.0),
        "R1 + R2": penalised({}),
        "relativistic + R1 + R2": penalised({"loss": relativistic}),
    }


def run(notebook: SimpleNamespace, options: dict, seeds: range, rounds: int) -> dict:
    """One remedy with these seeds, stacked: its counts per seed and mode, and what a game cost."""
    result = notebook.train(seeds, rounds=rounds, **options)
    counts = notebook.count(result.points, notebook.CENTRES, notebook.STD)
    hits = torch.stack([c.hits for c in counts])
    return {
        "rounds": rounds,
        "seeds": list(seeds),
        "cpu_seconds_per_game": round(result.seconds, 3),
        "misplaced": [round(v, 4) for v in notebook.misplaced(hits).tolist()],
        "hits": hits.tolist(),
    }


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def cost_ratio(notebook: SimpleNamespace, options: dict, seeds: int, rounds: int = 20) -> float:
    """CPU time of a round, divided by that of the plain GAN measured in turn: the best of three of each."""
    times = {"remedy": [], "plain": []}
    for _ in range(3):
        for name, chosen in (("remedy", options), ("plain", {})):
            times[name].append(notebook.train(range(seeds), rounds=rounds, **chosen).seconds)
    return min(times["remedy"]) / min(times["plain"])


def joined(before: dict, new: dict) -> dict:
    """The runs of two blocks of seeds as one entry."""
    if not before["seeds"]:
        return new
    both = {k: before[k] + new[k] for k in ("seeds", "misplaced", "hits")}
    cost = (
        len(before["seeds"]) * before["cpu_seconds_per_game"]
        + len(new["seeds"]) * new["cpu_seconds_per_game"]
    )
    return new | both | {"cpu_seconds_per_game": round(cost / len(both["seeds"]), 3)}


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace) -> Iterator[str]:
    """The four stages."""
    recorder.same(record, seeds=options.seeds, select_seeds=list(SELECT_SEEDS))
    rounds, remedies, best = notebook.ROUNDS, all_remedies(notebook), {}
    stages = "selection", "chosen", "cost", "equal_steps", "equal_seconds"
    selection, chosen, cost, *_ = (record.setdefault(stage, {}) for stage in stages)
    for name, settings in remedies.items():
        tried = selection.setdefault(name, {})
        for label, setting in settings.items():
            if len(settings) > 1 and label not in tried:
                tried[label] = run(notebook, setting, SELECT_SEEDS, rounds)
                yield f"{name}, {label}: misplaced {mean(tried[label]['misplaced']):.3f}"
        chosen[name] = (
            min(tried, key=lambda k: mean(tried[k]["misplaced"])) if tried else next(iter(settings))
        )
        best[name] = settings[chosen[name]]
    for name in remedies:
        if name not in cost:
            cost[name] = round(cost_ratio(notebook, best[name], options.seeds), 3)
            yield f"{name}: a round costs {cost[name]}"
    for first in range(0, options.seeds, BLOCK):  # all remedies with eight seeds, then with eight more
        block = range(first, min(first + BLOCK, options.seeds))
        for stage in ("equal_steps", "equal_seconds"):
            for name in reversed(remedies):  # the strongest remedies first
                n = rounds if stage == "equal_steps" else round(rounds / cost[name])
                done = record[stage].get(name, {"seeds": []})
                if block[0] in done["seeds"] or (stage == "equal_seconds" and n >= rounds / 1.1):
                    continue
                record[stage][name] = joined(done, run(notebook, best[name], block, n))
                yield f"{stage}, {name}: misplaced {mean(record[stage][name]['misplaced']):.3f}"


if __name__ == "__main__":
    what = "3 x 3 grid of Gaussians: high-quality samples of 2,500 per mode, for every seed"
    recorder.run(__file__, what, jobs, CELLS, seeds=16)
