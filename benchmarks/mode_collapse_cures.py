"""Record the remedies of notebook 08: `python benchmarks/mode_collapse_cures.py` (CPU, one thread).

Four stages: every setting of every remedy on three seeds, to choose the best; what a round of it costs,
beside the plain GAN; the best setting on other seeds, in blocks of eight, at equal generator steps; the same
at the CPU-seconds of the plain GAN (fewer rounds; remedies that cost at most a tenth more are not run again).
The functions are lifted from the notebook's source, so that both measure the same. After each run the result
is saved to benchmarks/results/mode_collapse_cures.json; with `--minutes 5` it stops after that long, and the
same command goes on.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from common import NOTEBOOKS, RESULTS, lift, provenance, same_code, write

SOURCE = NOTEBOOKS / "08_mode_collapse.py"
CONSTANTS = {"WITHIN", "CENTRES", "STD", "Z_DIM", "BATCH", "ROUNDS", "RATE", "x_nine", "critic", "REMEDIES"}
SELECT_SEEDS = range(100, 103)
BLOCK = 8


def run(notebook: dict, options: dict, seeds: range, rounds: int) -> dict:
    """One remedy with these seeds, stacked: its counts per seed and mode, and what a game cost."""
    result = notebook["train"](seeds, rounds=rounds, **options)
    counts = notebook["count"](result.points, notebook["CENTRES"], notebook["STD"])
    hits = torch.stack([c.hits for c in counts])
    return {
        "rounds": rounds,
        "seeds": list(seeds),
        "cpu_seconds_per_game": round(result.seconds, 3),
        "misplaced": [round(v, 4) for v in notebook["misplaced"](hits).tolist()],
        "hits": hits.tolist(),
    }


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def cost_ratio(notebook: dict, options: dict, seeds: int, rounds: int = 20) -> float:
    """CPU time of a round, divided by that of the plain GAN measured in turn: the best of three of each."""
    times = {"remedy": [], "plain": []}
    for _ in range(3):
        for name, chosen in (("remedy", options), ("plain", {})):
            times[name].append(notebook["train"](range(seeds), rounds=rounds, **chosen).seconds)
    return min(times["remedy"]) / min(times["plain"])


def jobs(notebook: dict, record: dict, seeds: int) -> Iterator[tuple[dict, str, Callable[[], object]]]:
    """What is still to be done, in order: where its result belongs, under which key, and the work."""
    rounds, remedies = notebook["ROUNDS"], notebook["REMEDIES"]
    for name, settings in remedies.items():
        tried = record["selection"].setdefault(name, {})
        for label, options in settings.items():
            if len(settings) > 1 and label not in tried:
                yield tried, label, lambda o=options: run(notebook, o, SELECT_SEEDS, rounds)
    best = {}
    for name, settings in remedies.items():
        tried = record["selection"][name]
        choice = min(tried, key=lambda k: mean(tried[k]["misplaced"])) if tried else next(iter(settings))
        record["chosen"][name], best[name] = choice, settings[choice]
    for name in remedies:
        if name not in record["cost"]:
            yield record["cost"], name, lambda n=name: round(cost_ratio(notebook, best[n], seeds), 3)
    for first in range(0, seeds, BLOCK):  # all remedies with eight seeds, then with eight more
        block = range(first, min(first + BLOCK, seeds))
        for stage in ("equal_steps", "equal_seconds"):
            for name in reversed(remedies):  # the strongest remedies first
                n = rounds if stage == "equal_steps" else round(rounds / record["cost"][name])
                done = record[stage].get(name, {"seeds": []})
                if block[0] in done["seeds"] or (stage == "equal_seconds" and n >= rounds / 1.1):
                    continue
                yield (
                    record[stage],
                    name,
                    lambda n=n, o=best[name], b=block, d=done: joined(d, run(notebook, o, b, n)),
                )


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after so many CPU-minutes")
    parser.add_argument("--source", type=Path, default=SOURCE)
    parser.add_argument("--out", type=Path, default=RESULTS / "mode_collapse_cures.json")
    args = parser.parse_args()
    torch.set_num_threads(1)
    notebook = lift(args.source, CONSTANTS, device="cpu", progress=lambda items, *_: items)
    record = {
        **provenance(
            "3 x 3 grid of Gaussians: high-quality samples of 2,500 per mode, for every seed",
            f"python benchmarks/mode_collapse_cures.py --seeds {args.seeds}",
            [SOURCE, "gan_helpers"],
        ),
        "cpu_seconds": 0.0,
        "seeds": args.seeds,
        "select_seeds": list(SELECT_SEEDS),
        "chosen": {},
        "selection": {},
        "cost": {},
        "equal_steps": {},
        "equal_seconds": {},
    }
    if args.out.exists():
        before = json.loads(args.out.read_text())
        if before["seeds"] != args.seeds:
            raise SystemExit(f"{args.out} holds {before['seeds']} seeds: delete it, or use --out")
        same_code(before, record, args.out)
        record = before
    start = last = time.process_time()
    for place, key, work in jobs(notebook, record, args.seeds):
        if time.process_time() - start > 60 * args.minutes:
            print("stopped; the same command goes on")
            return
        place[key] = work()
        record["cpu_seconds"] = round(record["cpu_seconds"] + time.process_time() - last, 1)
        last = time.process_time()
        write(args.out, record)
        shown = place[key] if isinstance(place[key], float) else round(mean(place[key]["misplaced"]), 3)
        print(f"{time.process_time() - start:.0f} s: {key}: {shown}", flush=True)
    print("complete")


if __name__ == "__main__":
    main()
