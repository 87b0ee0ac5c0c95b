"""Record the full-size runs of notebook 07: `python benchmarks/metric_power.py` (CPU, one thread, 15 min).

Damage matrix at 1,500 images; how many images tell two generators apart, for five scores and five trained
generators; what choosing a checkpoint gains; the scores of every state of ten training runs. The functions
that train, harm, draw and score are lifted from the notebook's source, so that both measure the same.
Each step's result is kept in the folder --work, from which an interrupted run of the same code, with the
same images and numbers, goes on; steps of another are refused. Result: benchmarks/results/metric_power.json.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import torch
from common import NOTEBOOKS, RESULTS, lift, provenance, write

from gan_helpers import data, metrics
from gan_helpers.judge import digit_classifier
from gan_helpers.notebook import progress

SOURCE = NOTEBOOKS / "07_measuring_gans.py"
LOOKS_MLP, LOOKS_DCGAN = tuple(range(100, 1201, 100)), tuple(range(100, 1601, 100))
COUNTS, SHARES, DUELS = (50, 100, 200, 500, 1000, 2000), (0.2, 0.05), 40
POOL = 4000  # generated images per state


def prepare(notebook: dict) -> SimpleNamespace:
    """Load the images, make the judge, and give the lifted functions the names that they read."""
    parts = data.split(data.load_images("auto"), seed=0, fit=0.4, select=0.4, report=0.2)
    notebook["judge"] = digit_classifier(parts.select)
    real, train = notebook["seen"](parts.report.images), notebook["seen"](parts.fit.images)
    notebook["real"], notebook["x"] = real, torch.cat([real.x, train.x])
    notebook["y"] = torch.cat([parts.report.labels, parts.fit.labels])
    notebook["features"] = torch.cat([real.features, train.features])
    notebook["logits"] = torch.cat([real.logits, train.logits])
    return SimpleNamespace(parts=parts, real=real, train=train)


def matrix(notebook: dict, trials: int) -> dict:
    """Shifts in spreads of the floor, per harm (trials, 8), and the unharmed scores."""
    shifts, floor = notebook["shifts_of"](
        [notebook["trial"](seed, n=1500) for seed in progress(range(1000, 1000 + trials), "damage")]
    )
    return {"matrix": {k: v.tolist() for k, v in shifts.items()}, "floor": floor.tolist()}


def train(notebook: dict, world: SimpleNamespace, seed: int) -> dict:
    """Both games of one seed: {"MLP" | "DCGAN": {round: features and logits of POOL images}}."""
    x, runs = world.parts.fit.images, {}
    for name, game, z_dim, looks in (
        ("MLP", "mlp_game", 64, LOOKS_MLP),
        ("DCGAN", "small_dcgan", 32, LOOKS_DCGAN),
    ):
        kept = notebook["states"](*notebook[game](x, seed, max(looks)), z_dim, looks, n=POOL)
        runs[name] = {k: {"features": s.features, "logits": s.logits} for k, s in kept.items()}
    return runs


def fast_judges(real: torch.Tensor) -> dict[str, Callable]:
    """Score (features, logits) against fixed real features; higher is better. As in `metrics`, but faster."""
    real64, fixed = real.double(), metrics._radii(real.double(), 5)
    radii3, d = metrics._radii(real.double(), 3), real.shape[1]

    def kernel(f: torch.Tensor) -> float:  # the term of real pairs is the same for both sides of a duel
        f = f.double()
        own = ((f @ f.T / d + 1) ** 3).fill_diagonal_(0).sum() / (len(f) * (len(f) - 1))
        return -(own - 2 * ((f @ real64.T / d + 1) ** 3).mean()).item()

    return {
        "Fréchet": lambda f, g: -metrics.frechet_distance(real=real, fake=f),
        "IS": lambda f, g: metrics.inception_score(g),
        "KID": lambda f, g: kernel(f),
        "coverage": lambda f, g: metrics._balls(f.double(), real64, fixed)[1].double().mean().item(),
        "precision": lambda f, g: (metrics._balls(f.double(), real64, radii3)[0] > 0).double().mean().item(),
    }


def duels(notebook: dict, world: SimpleNamespace, runs: dict, seed: int) -> dict:
    """Share of duels won by the DCGAN against itself with a share of the MLP's images; ties count half."""
    judges = fast_judges(world.real.features)
    good, bad = (SimpleNamespace(**runs[name][max(runs[name])]) for name in ("DCGAN", "MLP"))
    result = {}
    for share in SHARES:
        table = {name: [] for name in judges}
        for n in COUNTS:
            source, wins = data.make_generator(10_000 * seed + n), dict.fromkeys(judges, 0.0)
            for _ in range(DUELS):
                pure, mixed = (notebook["draw"](n, q, good, bad, source) for q in (0, share))
                for name, judge in judges.items():
                    a, b = judge(*pure), judge(*mixed)
                    wins[name] += 1.0 if a > b else 0.5 * (a == b)
            for name in judges:
                table[name].append(wins[name] / DUELS)
        result[str(share)] = table
    return result


def checkpoints(notebook: dict, runs: dict, seed: int) -> dict:
    """Choose among the states of the second half of training: honest, cheating, last; per image number."""
    states = {k: SimpleNamespace(**v) for k, v in runs["DCGAN"].items()}
    looks = [k for k in LOOKS_DCGAN if k > max(LOOKS_DCGAN) / 2]
    result = {"seed": seed, "looks": looks, "n": {}}
    for n in (250, 1000, 2000):
        select, report = notebook["readings"](states, looks, n).unbind(1)
        values = [float(v) for v in notebook["flattery"](select, report)]
        means = report.mean(0).tolist()
        result["n"][str(n)] = dict(zip(("honest", "cheating", "last"), values, strict=True)) | {
            "means": means
        }
    return result


def all_scores(notebook: dict, world: SimpleNamespace, runs: dict) -> dict:
    """The eight scores of every state, 2,000 images: {"MLP" | "DCGAN": {round: eight scores}}."""
    return {
        name: {
            str(k): notebook["scores"](
                world.real.features, s["features"][:2000], s["logits"][:2000], world.train.features[:2000]
            )
            for k, s in kept.items()
        }
        for name, kept in runs.items()
    }


def step(work: Path, name: str, made_by: dict, make: Callable[[], dict]) -> dict:
    """Return the stored result of a step, or make it, store it and say how long it took.

    `made_by` (commit, images, numbers) is stored with it; a stored step with another one is refused.
    """
    path = work / f"{name}.pt"
    if not path.exists():
        start = time.process_time()
        result = {"made_by": made_by, "value": make(), "seconds": time.process_time() - start}
        torch.save(result, path.with_suffix(".part"))
        os.replace(path.with_suffix(".part"), path)
        print(f"{name}: {result['seconds']:.0f} CPU seconds", flush=True)
    result = torch.load(path, weights_only=False)
    if (before := result.get("made_by")) != made_by:
        raise SystemExit(
            f"{path} was made by {before}, not by {made_by}: move the folder away, or give another --work"
        )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--work", type=Path, default=data.cache_folder() / "metric_power")
    parser.add_argument("--until", type=float, default=float("inf"), help="stop after so many CPU seconds")
    parser.add_argument("--source", type=Path, default=SOURCE)
    parser.add_argument("--out", type=Path, default=RESULTS / "metric_power.json")
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.work.mkdir(parents=True, exist_ok=True)
    notebook = lift(args.source, ["WORSE"], device="cpu", progress=lambda items, *_: items)
    world = prepare(notebook)
    done, spent = {}, 0.0
    head = provenance(
        f"notebook 07 at full size, on {world.parts.fit.name}",
        f"python benchmarks/metric_power.py --seeds {args.seeds} --trials {args.trials}",
        ["gan_helpers", SOURCE, Path(__file__)],
    )
    made_by = {"commit": head["commit"], "images": world.parts.fit.name, "trials": args.trials}

    def run(name: str, make: Callable[[], dict]) -> dict:
        nonlocal spent
        if time.process_time() > args.until and not (args.work / f"{name}.pt").exists():
            raise SystemExit(f"stopped before {name}: run the same command again to go on")
        result = step(args.work, name, made_by, make)
        spent += result["seconds"]
        return result["value"]

    done |= run("matrix", lambda: matrix(notebook, args.trials))
    power, chosen, table = {str(share): {} for share in SHARES}, [], []
    for seed in range(args.seeds):
        runs = run(f"train_{seed}", lambda: train(notebook, world, seed))  # noqa: B023 (called at once)
        for share, scores in run(f"duels_{seed}", lambda: duels(notebook, world, runs, seed)).items():  # noqa: B023
            for name, values in scores.items():
                power[share].setdefault(name, []).append(values)
        chosen.append(run(f"checkpoints_{seed}", lambda: checkpoints(notebook, runs, seed)))  # noqa: B023
        table.append(run(f"scores_{seed}", lambda: all_scores(notebook, world, runs)))  # noqa: B023
    record = {
        **head,
        "cpu_seconds": round(spent),
        "seeds": args.seeds,
        **done,
        "power": {"counts": COUNTS, "duels": DUELS, **power},
        "checkpoints": chosen,
        "scores": table,
    }
    rounded = json.loads(json.dumps(record), parse_float=lambda text: float(f"{float(text):.5g}"))
    write(args.out, rounded)


if __name__ == "__main__":
    main()
