"""Record the remedies of notebook 08 (CPU, 23 minutes).

Four stages: every setting of every remedy on three seeds, to choose the best; what a round of it costs,
beside the plain GAN; the best setting on other seeds, in blocks of eight, at equal generator steps; the same
at the CPU-seconds of the plain GAN (fewer rounds; remedies that cost at most a tenth more are not run again).
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from types import SimpleNamespace

import recorder
import torch

CELLS = ("deeper/08_mode_collapse", "record")
SELECT_SEEDS = range(100, 103)
BLOCK = 8


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
    rounds, remedies, best = notebook.ROUNDS, notebook.REMEDIES, {}
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
