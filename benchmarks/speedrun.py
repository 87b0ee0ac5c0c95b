"""Record the speedrun of notebook 20: `python benchmarks/speedrun.py --seeds 0 1 2`.

On a GPU with bfloat16 (Ampere or newer): --device cuda.

How many rounds does each rung of the notebook's ladder take to the distance at which notebook 06 ends (the
geometric mean over seeds), and what does a round cost? Distances come from one long game per rung and seed;
costs from short slices in which all rungs take turns within one process, so that whatever else the machine
does hits all alike. Where notebook 06 ends on a CPU is known from `distance_curves.py` (five seeds); "frozen,
fused" plays the very game of notebook 06, but for rounding: it is timed, not played. Every game is saved when
it ends; started again, the script plays those that are missing.
Result: benchmarks/results/speedrun_cpu.json (or speedrun_cuda.json).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from common import NOTEBOOKS, RESULTS, crossing, lift, provenance, same_code, write

SOURCE = NOTEBOOKS / "20_gpu_training.py"
NAMES = {"parts", "x_fit", "judge", "real_features", "z_judge", "RUNGS"}
BASE, SAME, LOOK = "notebook 06", "frozen, fused", 100
ORDER = (BASE, "+ rate .006", "+ bfloat16", "+ batch 128, rate .008", "+ shared fakes")


def game(notebook: dict, rung: str, seed: int, rounds: int) -> dict:
    """One game: the distance after every 100 rounds of 64 images, from the 400th."""
    runner, seen = notebook["runner"](seed, notebook["RUNGS"][rung]), {"rounds": [], "distance": []}
    for done in range(LOOK, rounds + 1, LOOK):
        notebook["advance"](runner, LOOK)
        if done >= 400 or done == rounds:
            seen["rounds"].append(done)
            seen["distance"].append(round(notebook["distance"](runner.run.game.average), 3))
    return seen


def recorded_ends(rounds: int, images: str) -> dict[str, dict]:
    """Where notebook 06's game ended in the record of `distance_curves.py`: one look per seed."""
    record = json.loads((RESULTS / "distance_curves.json").read_text())
    if (record["rounds"], record["images"]) != (rounds, images):
        raise SystemExit(f"distance_curves.json has not {rounds} rounds on {images}: record it again")
    last = {seed: both["DCGAN"][-1] for seed, both in record["seeds"].items()}
    return {seed: {"rounds": [end["rounds"]], "distance": [end["distance"]]} for seed, end in last.items()}


def costs(notebook: dict, turns: int) -> dict[str, list[float]]:
    """Milliseconds per 64 images, turn by turn, for every rung."""
    runners = {name: notebook["runner"](0, options) for name, options in notebook["RUNGS"].items()}
    calls = {name: (lambda r=runner: notebook["advance"](r, 4)) for name, runner in runners.items()}
    return {name: (ms / 4).tolist() for name, ms in notebook["in_turns"](calls, turns, each=1).items()}


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=1200)
    parser.add_argument("--turns", type=int, default=25)
    parser.add_argument("--rungs", nargs="+", choices=ORDER, default=ORDER)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    out = args.out or RESULTS / f"speedrun_{args.device}.json"
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False  # float32 is float32, as in the notebook
    notebook = lift(SOURCE, NAMES, device=args.device, progress=lambda items, *_: items)
    settings = {"rounds": args.rounds, "rungs": json.loads(json.dumps(notebook["RUNGS"], default=str))}
    record = json.loads(out.read_text()) if out.exists() else {}
    if record.setdefault("settings", settings) != settings:
        raise SystemExit(f"{out} was made with other settings: move it away, or give another --out")
    sources = [SOURCE, "gan_helpers/networks.py", "gan_helpers/training.py", "benchmarks/speedrun.py"]
    what = "rounds and CPU seconds to the Frechet distance at which notebook 06 ends, rung by rung"
    command = f"python benchmarks/speedrun.py --seeds {' '.join(map(str, args.seeds))}"
    head = provenance(what, command, sources)
    same_code(record, head, out)
    record |= head
    if args.device == "cuda":
        record |= {"command": f"{command} --device cuda", "machine": torch.cuda.get_device_name()}
    record |= {"load": f"load average {os.getloadavg()[0]:.1f}", "images": notebook["parts"].fit.name}
    spent, played = record.get("cpu_seconds", 0), record.setdefault("played", {})
    if "costs" not in record:
        record["costs"] = costs(notebook, args.turns)
    if args.device == "cpu":
        ends = recorded_ends(args.rounds, record["images"])
        played[BASE] = {str(seed): ends[str(seed)] for seed in args.seeds}  # the same seeds as of the rungs
    for rung in args.rungs:
        for seed in map(str, args.seeds):
            if seed not in played.setdefault(rung, {}):
                played[rung][seed] = game(notebook, rung, int(seed), args.rounds)
                print(rung, seed, played[rung][seed]["distance"], flush=True)
            record["cpu_seconds"] = round(spent + time.process_time())
            if played.get(BASE):
                record |= summary(played, record["costs"])
            write(out, record, lambda r: json.dumps(r, indent=1))


if __name__ == "__main__":
    main()
