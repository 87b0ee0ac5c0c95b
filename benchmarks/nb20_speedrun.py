"""Record the speedrun of notebook 20 (a GPU with bfloat16, else the CPU; --only chooses rungs).

How many rounds does each rung of the notebook's ladder take to the distance at which notebook 06 ends (the
geometric mean over seeds), and what does a round cost? Distances come from one long game per rung and seed;
costs from short slices in which all rungs take turns within one process, so that whatever else the machine
does hits all alike. Where notebook 06 ends on a CPU is known from `nb06_distance_curves`; "frozen, fused"
plays the very game of notebook 06, but for rounding: it is timed, not played.
"""

from __future__ import annotations

import math
import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from functools import partial
from types import SimpleNamespace

import torch
from nb06_time_to_quality import crossing
from recorder import run, same

from gan_helpers import data
from gan_helpers.records import read
from gan_helpers.speed import Version, fast_game, in_turns

CELLS = ("deeper/20_gpu_training", "record", "record-speedrun")
BASE, SAME, LOOK = "notebook 06", "frozen, fused", 100
ORDER = (BASE, "+ rate .006", "+ bfloat16")


def advance(version: Version, fed: Iterator[torch.Tensor], rounds: int) -> None:
    """Play so many rounds of 64 images."""
    for _ in range(rounds):
        version.play(next(fed))


def game(notebook: SimpleNamespace, rung: str, seed: int, rounds: int) -> dict:
    """One game: the distance after every 100 rounds of 64 images, from the 400th."""
    version = fast_game(seed, device=notebook.device, **notebook.RUNGS[rung])
    seen = {"rounds": [], "distance": []}
    fed = data.batches(notebook.x_fit, version.batch, seed=seed)
    for done in range(LOOK, rounds + 1, LOOK):
        advance(version, fed, LOOK)
        if done >= 400 or done == rounds:
            seen["rounds"].append(done)
            seen["distance"].append(round(notebook.distance(version.game.average), 3))
    return seen


def recorded_ends(rounds: int, images: str) -> dict[str, dict]:
    """Where notebook 06's game ended in the record `nb06_distance_curves`: one look per seed."""
    record = read("nb06_distance_curves")
    if (record["rounds"], record["images"]) != (rounds, images):
        raise SystemExit(f"nb06_distance_curves has not {rounds} rounds on {images}: record it again")
    last = {seed: both["DCGAN"][-1] for seed, both in record["games"].items()}
    return {seed: {"rounds": [end["rounds"]], "distance": [end["distance"]]} for seed, end in last.items()}


def costs(notebook: SimpleNamespace, turns: int) -> dict[str, list[float]]:
    """Milliseconds per 64 images, turn by turn, for every rung."""
    device, calls = notebook.device, {}
    for name, options in notebook.RUNGS.items():
        version = fast_game(device=device, **options)
        calls[name] = partial(advance, version, data.batches(notebook.x_fit, version.batch, seed=0), 4)
    spent = in_turns(calls, turns, each=1, device=device)
    return {name: (ms / 4).tolist() for name, ms in spent.items()}


def mean_curve(runs: Sequence[dict]) -> list[float]:
    """Geometric mean over seeds of the distances, look by look."""
    return [
        math.exp(sum(map(math.log, d)) / len(d)) for d in zip(*(r["distance"] for r in runs), strict=True)
    ]


def summary(played: dict[str, dict], costs: dict[str, list[float]]) -> dict:
    """Target, and per rung: cost of a round, rounds and seconds to the target (None: not reached)."""
    target, rungs = mean_curve(list(played[BASE].values()))[-1], {}
    for name, ms in costs.items():
        faster = (torch.tensor(costs[BASE]) / torch.tensor(ms)).quantile(torch.tensor([0.25, 0.5, 0.75]))
        cost = torch.tensor(costs[BASE]).median().item() / faster[1].item()  # turn by turn: the load cancels
        runs = list(played.get(BASE if name == SAME else name, {}).values())
        needed = crossing(runs[0]["rounds"], mean_curve(runs), target * (1 + 1e-9)) if runs else None
        rungs[name] = {
            "ms": round(cost, 3),
            "faster": [round(q, 3) for q in faster.tolist()],
            "rounds_to_target": needed and round(needed, 1),
            "seconds": needed and round(needed * cost / 1000, 2),
        }
    return {"target": round(target, 3), "rungs": rungs}


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace) -> Iterator[str]:
    """What a round costs, then game after game."""
    same(record, images=notebook.parts.fit.name, device=notebook.device)
    record["load"] = f"load average {os.getloadavg()[0]:.1f}"
    if notebook.device == "cuda":
        record["machine"] = torch.cuda.get_device_name()
    if "costs" not in record:
        record["costs"] = costs(notebook, options.turns)
    played, seeds = record.setdefault("played", {}), [str(seed) for seed in range(options.seeds)]
    if notebook.device == "cpu":
        ends = recorded_ends(options.rounds, record["images"])
        played[BASE] = {seed: ends[seed] for seed in seeds}  # the same seeds as of the rungs
    for rung in options.only:
        for seed in seeds:
            if seed not in played.setdefault(rung, {}):
                played[rung][seed] = game(notebook, rung, int(seed), options.rounds)
                if played.get(BASE):
                    record |= summary(played, record["costs"])
                yield f"{rung}, seed {seed}: distance {played[rung][seed]['distance'][-1]}"


if __name__ == "__main__":
    device = "cuda" if torch.cuda.is_available() else "cpu"
    what = "rounds and CPU seconds to the Frechet distance at which notebook 06 ends, rung by rung"
    name = "nb20_speedrun" if device == "cpu" else "nb20_speedrun_cuda"
    run(
        __file__,
        what,
        jobs,
        CELLS,
        {"device": device},
        name=name,
        parts=ORDER,
        seeds=5,
        rounds=1200,
        turns=25,
    )
