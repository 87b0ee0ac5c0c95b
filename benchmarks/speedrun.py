"""Record the speedrun of notebook 20: `python benchmarks/speedrun.py --seeds 0 1 2` (--device cuda on a GPU).

Every rung of the notebook's ladder plays the same number of rounds, in slices that take turns within one
process, so that whatever else the machine does hits all alike. What a round costs is the median over slices;
how many rounds it takes to the target is read off the geometric mean of the distances over seeds. Measuring
is not counted. A finished seed is saved; started again, the script plays the seeds that are missing.
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
from common import NOTEBOOKS, RESULTS, lift, provenance, write

SOURCE = NOTEBOOKS / "20_gpu_training.py"
NAMES = {"parts", "x_fit", "judge", "real_features", "z_judge", "RUNGS"}
BASE, SLICE = "notebook 06", 50


def looks(rounds: int) -> list[int]:
    """The rounds after which the distance is measured."""
    return [r for r in range(SLICE, rounds + 1, SLICE) if (r >= 300 and r % 100 == 0) or r == rounds]


def race(notebook: dict, seed: int, rounds: int) -> dict[str, dict]:
    """All rungs, slice by slice in turns: milliseconds a round in each slice, distances at the looks."""
    runners = {name: notebook["runner"](seed, options) for name, options in notebook["RUNGS"].items()}
    seen = {name: {"ms": [], "rounds": [], "distance": []} for name in runners}
    for done in range(SLICE, rounds + 1, SLICE):
        for name, runner in runners.items():
            before = runner.seconds
            notebook["advance"](runner, SLICE)
            seen[name]["ms"].append(round(1000 * (runner.seconds - before) / SLICE, 3))
            if done in looks(rounds):
                seen[name]["rounds"].append(done)
                seen[name]["distance"].append(round(notebook["distance"](runner.run.game.average), 3))
        print(seed, done, {name: s["distance"][-1:] for name, s in seen.items()}, flush=True)
    return seen


def mean_curve(runs: Sequence[dict]) -> list[float]:
    """Geometric mean over seeds of the distances, look by look."""
    return [
        math.exp(sum(map(math.log, d)) / len(d)) for d in zip(*(r["distance"] for r in runs), strict=True)
    ]


def crossing(rounds: Sequence[int], curve: Sequence[float], target: float) -> float | None:
    """The round at which the curve first reaches the target, log distance interpolated; None if never."""
    if curve[0] <= target:
        return float(rounds[0])
    for (r0, d0), (r1, d1) in zip(
        zip(rounds, curve, strict=True), zip(rounds[1:], curve[1:], strict=True), strict=False
    ):
        if d1 <= target:
            return r0 + (r1 - r0) * math.log(d0 / target) / math.log(d0 / d1)
    return None


def summary(seeds: dict[str, dict]) -> dict:
    """Target, and per rung: cost of a round, rounds and seconds to the target."""
    names = next(iter(seeds.values())).keys()
    curves = {name: mean_curve([seed[name] for seed in seeds.values()]) for name in names}
    target, rungs = curves[BASE][-1], {}
    for name in names:
        ms, base = ([t for seed in seeds.values() for t in seed[n]["ms"]] for n in (name, BASE))
        ratio = (torch.tensor(base) / torch.tensor(ms)).quantile(torch.tensor([0.25, 0.5, 0.75]))
        needed = crossing(next(iter(seeds.values()))[name]["rounds"], curves[name], target + 1e-9)
        cost = torch.tensor(base).median().item() / ratio[1].item()  # turn by turn, so that load cancels
        rungs[name] = {
            "ms": round(cost, 3),
            "faster": [round(q, 3) for q in ratio.tolist()],
            "rounds_to_target": needed,
            "seconds": None if needed is None else round(needed * cost / 1000, 2),
        }
    return {"target": round(target, 3), "rungs": rungs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=1200)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    out = args.out or RESULTS / f"speedrun_{args.device}.json"
    torch.set_num_threads(1)
    notebook = lift(SOURCE, NAMES, device=args.device, progress=lambda items, *_: items)
    settings = {"images": notebook["parts"].fit.name, "rounds": args.rounds}
    settings["rungs"] = json.loads(json.dumps(notebook["RUNGS"], default=str))
    old = (
        json.loads(out.read_text())
        if out.exists()
        else {"settings": settings, "played": {}, "cpu_seconds": 0}
    )
    if old["settings"] != settings:
        raise SystemExit(f"{out} was made with other settings: move it away, or give another --out")
    for seed in args.seeds:
        if str(seed) in old["played"]:
            continue
        start = time.process_time()
        old["played"][str(seed)] = race(notebook, seed, args.rounds)
        old["cpu_seconds"] = round(old["cpu_seconds"] + time.process_time() - start)
        command = f"python benchmarks/speedrun.py --seeds {' '.join(old['played'])} --rounds {args.rounds}"
        record = provenance(
            "CPU seconds to the Frechet distance at which notebook 06 ends, rung by rung",
            command + ("" if args.device == "cpu" else " --device cuda"),
            [SOURCE, "gan_helpers/networks.py", "gan_helpers/training.py", "benchmarks/speedrun.py"],
        )
        record |= {"load": f"load average {os.getloadavg()[0]:.1f}", "images": settings["images"]}
        record |= {"machine": torch.cuda.get_device_name()} if args.device == "cuda" else {}
        write(out, record | summary(old["played"]) | old, lambda r: json.dumps(r, indent=1))


if __name__ == "__main__":
    main()
