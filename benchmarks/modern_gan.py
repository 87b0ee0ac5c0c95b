"""Record the tables of notebook 10 at full size: `python benchmarks/modern_gan.py --part grid` (CPU).

Parts: `grid` and `stacked` (eleven losses, 16 seeds; the setting of each chosen on four other seeds),
`curves` (Fréchet distance against seconds, the modern GAN and the DCGAN of notebook 06 in turns),
`ablation` (one ingredient of the modern GAN taken away at a time, equal rounds) and `rates` (where short
runs end, over learning rates). Functions and constants are lifted from the notebook's source, so that both
measure the same. Each finished cell is written at once to benchmarks/results/modern_gan.json; a restart goes
on after the last one; `--minutes` ends a run early. Delete the file to begin again.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import json
import math
import platform
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers import data, metrics, modern
from gan_helpers.modern import between
from gan_helpers.networks import dcgan_generator, mlp
from gan_helpers.penalties import regularised, relativistic, slopes, squared_norms
from gan_helpers.training import L_D, L_G, LOSSES, dcgan_game, dcgan_rounds, play_many, stack

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "notebooks" / "source" / "10_a_modern_gan.py"
RESULT = ROOT / "benchmarks" / "results" / "modern_gan.json"
SEEDS, OTHERS = range(16), range(100, 104)  # the recorded seeds, and those that choose the settings
ROUNDS = {"grid": 1200, "stacked": 300}
GAMMAS = {"grid": (0.2, 1.0, 5.0), "stacked": (5.0, 25.0)}
SCALES = {"grid": (1.0, 2.0, 4.0), "stacked": (2.0,)}
BUDGET, LOOKS, CURVE_SEEDS = 30.0, (3, 6, 10, 15, 20, 25, 30), 2
ABLATION_ROUNDS, ABLATION_SEEDS = 150, 3
RATE_ROUNDS, RATE_SEEDS, FACTORS, RACERS = 150, 2, (0.316, 1.0, 3.16), ("full", "DCGAN")


def lift(source: Path) -> SimpleNamespace:
    """The notebook's functions, classes and the assignments that they need, without its experiments."""
    space = {"torch": torch, "nn": nn, "F": F, "time": time, "math": math, "data": data, "metrics": metrics}
    space |= {"modern": modern, "device": "cpu", "LOSSES": LOSSES, "L_D": L_D, "L_G": L_G, "mlp": mlp}
    space |= {"stack": stack, "play_many": play_many, "between": between, "SimpleNamespace": SimpleNamespace}
    space |= {"regularised": regularised, "relativistic": relativistic, "progress": lambda items, *_: items}
    space |= {"dcgan_game": dcgan_game, "dcgan_rounds": dcgan_rounds, "dcgan_generator": dcgan_generator}
    space |= {"slopes": slopes, "squared_norms": squared_norms}
    wanted = {"GAMES", "grid", "small", "judge_8", "readable", "unseen", "stacked"}
    wanted |= {"parts", "judge", "real_features", "z_judge", "FULL"}
    for node in ast.parse(source.read_text()).body:
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        names |= {  # stacked.lr, … = …
            n.value.id
            for n in ast.walk(node)
            if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store) and isinstance(n.value, ast.Name)
        }
        defines = isinstance(node, ast.FunctionDef | ast.ClassDef)
        if defines or (isinstance(node, ast.Assign) and names & wanted):
            exec(compile(ast.Module([node], []), str(source), "exec"), space)
    return SimpleNamespace(**space)


# ---------------------------------------------------------------- cells: name -> a function that measures it


def loss_cells(notebook: SimpleNamespace, part: str) -> dict[str, Callable[[], dict]]:
    """One cell per loss: its setting, chosen on OTHERS by the median share misplaced, then 16 seeds."""
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


def recipes(full: dict) -> dict[str, dict | None]:
    """The notebook's full recipe with one thing changed at a time, and None, its sign for the DCGAN."""
    first = full["rate"][0]
    changes = {
        "full": {},
        "no pairing": {"pairing": False},
        "no R1": {"r1": False},
        "no R2": {"r2": False},
        "no penalty": {"r1": False, "r2": False},
        "γ constant": {"gamma": (full["gamma"][0],) * 2},
        "rate constant": {"rate": (first, first)},
        "no blocks": {"blocks": False},
        "He's start": {"start": "He"},
        "bilinear": {"upsampling": "bilinear"},
        "no tanh": {"tanh": False},
        "batch norm in G": {"norm": True},
    }
    return {name: full | change for name, change in changes.items()} | {"DCGAN": None}


def ended(notebook: SimpleNamespace, name: str, seed: int, rounds: int, factor: float = 1.0) -> dict:
    """Where one run of so many rounds ends: its time, the scores of its samples, and how steep its D is."""
    run = notebook.new_run(recipes(notebook.FULL)[name], seed, rounds, factor, unit="rounds")
    notebook.go_on(run, rounds)
    with torch.no_grad():
        x_fake = run.game.G(notebook.z_judge[:500])
    D = run.game.D.eval()  # batch norm, where there is one, with its running averages
    real = notebook.slope(D, notebook.parts.fit.images[:500])
    steep = {"slope_real": real, "slope_fake": notebook.slope(D, x_fake)}
    last = notebook.quality(run, run.game.G.eval())["distance"]  # without the average of the weights
    value = {"seconds": run.seconds, "last": last} | notebook.quality(run) | steep
    return {key: round(v, 3) for key, v in value.items()}


def curve_cells(notebook: SimpleNamespace) -> dict[str, Callable[[], dict]]:
    """One cell per seed: both recipes in turns."""
    return {str(seed): lambda seed=seed: notebook.race(seed, BUDGET, LOOKS)[0] for seed in range(CURVE_SEEDS)}


def ablation_cells(notebook: SimpleNamespace) -> dict[str, Callable[[], dict]]:
    """One cell per variant and seed, at equal rounds."""
    return {
        f"{name} / {seed}": lambda name=name, seed=seed: ended(notebook, name, seed, ABLATION_ROUNDS)
        for seed in range(ABLATION_SEEDS)
        for name in recipes(notebook.FULL)
    }


def rate_cells(notebook: SimpleNamespace) -> dict[str, Callable[[], dict]]:
    """One cell per recipe, learning rate and seed: short runs."""
    return {
        f"{recipe} / {factor:g} / {seed}": lambda r=recipe, f=factor, s=seed: ended(
            notebook, r, s, RATE_ROUNDS, f
        )
        for seed in range(RATE_SEEDS)
        for factor in FACTORS
        for recipe in RACERS
    }


def provenance(part: str) -> dict:
    """Where and with what this was measured; no host or user name."""
    git = ["git", "-C", str(ROOT), "log", "-1", "--format=%H"]
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor() or "unknown"
    return {
        "command": f"python benchmarks/modern_gan.py --part {part}",
        "commit": subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip(),
        "date": datetime.date.today().isoformat(),
        "machine": f"{cpu}, one thread",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "rounds": ROUNDS,
        "budget": BUDGET,
        "ablation_rounds": ABLATION_ROUNDS,
        "rate_rounds": RATE_ROUNDS,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", required=True, choices=("grid", "stacked", "curves", "ablation", "rates"))
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no new cell later")
    parser.add_argument("--source", type=Path, default=SOURCE)
    parser.add_argument("--out", type=Path, default=RESULT)
    args = parser.parse_args()
    torch.set_num_threads(1)
    notebook = lift(args.source)
    makers = {"curves": curve_cells, "ablation": ablation_cells, "rates": rate_cells}
    cells = makers[args.part](notebook) if args.part in makers else loss_cells(notebook, args.part)
    record = json.loads(args.out.read_text()) if args.out.exists() else {}
    begun = time.process_time()
    for name, measure in cells.items():
        if name in record.get(args.part, {}):
            continue
        if time.process_time() - begun > 60 * args.minutes:
            print("stopped early: run the same command again to go on")
            return
        start = time.process_time()
        value = {**measure(), "cpu_seconds": round(time.process_time() - start, 1)}
        record = json.loads(args.out.read_text()) if args.out.exists() else {}
        record.setdefault(args.part, {})[name] = value
        record["made"] = provenance(args.part)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        partial = args.out.with_suffix(".partial")
        partial.write_text(json.dumps(record, indent=1) + "\n")
        partial.replace(args.out)
        print(args.part, name, value["cpu_seconds"], "s", flush=True)
    print("complete")


if __name__ == "__main__":
    main()
