"""Record the full-size runs of notebook 07 (CPU, 15 minutes).

Damage matrix at 1,500 images; how many images tell two generators apart, for five scores and five trained
generators; what choosing a checkpoint gains; the scores of every state of ten training runs.
"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import torch
from recorder import run, same

from gan_helpers import data, metrics

CELLS = ("deeper/07_measuring_gans", "record")
LOOKS_MLP, LOOKS_DCGAN = tuple(range(100, 1201, 100)), tuple(range(100, 1601, 100))
COUNTS, SHARES, DUELS = (50, 100, 200, 500, 1000, 2000), (0.2, 0.05), 40
POOL = 4000  # generated images per state


def matrix(notebook: SimpleNamespace, trials: int) -> dict:
    """Shifts in spreads of the floor, per harm (trials, 8), and the unharmed scores."""
    shifts, floor = notebook.shifts_of([notebook.trial(seed, n=1500) for seed in range(1000, 1000 + trials)])
    return {"matrix": {k: v.tolist() for k, v in shifts.items()}, "floor": floor.tolist()}


def train(notebook: SimpleNamespace, seed: int) -> dict:
    """Both games of one seed: {"MLP" | "DCGAN": {round: features and logits of POOL images}}."""
    x, runs = notebook.parts.fit.images, {}
    for name, game, z_dim, looks in (
        ("MLP", "mlp_game", 64, LOOKS_MLP),
        ("DCGAN", "small_dcgan", 32, LOOKS_DCGAN),
    ):
        kept = notebook.states(*getattr(notebook, game)(x, seed, max(looks)), z_dim, looks, n=POOL)
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


def duels(notebook: SimpleNamespace, runs: dict, seed: int) -> dict:
    """Share of duels won by the DCGAN against itself with a share of the MLP's images; ties count half."""
    judges = fast_judges(notebook.real.features)
    good, bad = (SimpleNamespace(**runs[name][max(runs[name])]) for name in ("DCGAN", "MLP"))
    result = {}
    for share in SHARES:
        table = {name: [] for name in judges}
        for n in COUNTS:
            source, wins = data.make_generator(10_000 * seed + n), dict.fromkeys(judges, 0.0)
            for _ in range(DUELS):
                pure, mixed = (notebook.draw(n, q, good, bad, source) for q in (0, share))
                for name, judge in judges.items():
                    a, b = judge(*pure), judge(*mixed)
                    wins[name] += 1.0 if a > b else 0.5 * (a == b)
            for name in judges:
                table[name].append(wins[name] / DUELS)
        result[str(share)] = table
    return result


def checkpoints(notebook: SimpleNamespace, runs: dict, seed: int) -> dict:
    """Choose among the states of the second half of training: honest, cheating, last; per image number."""
    states = {k: SimpleNamespace(**v) for k, v in runs["DCGAN"].items()}
    looks = [k for k in LOOKS_DCGAN if k > max(LOOKS_DCGAN) / 2]
    result = {"seed": seed, "looks": looks, "n": {}}
    for n in (250, 1000, 2000):
        select, report = notebook.readings(states, looks, n).unbind(1)
        values = [float(v) for v in notebook.flattery(select, report)]
        means = report.mean(0).tolist()
        result["n"][str(n)] = dict(zip(("honest", "cheating", "last"), values, strict=True)) | {
            "means": means
        }
    return result


def all_scores(notebook: SimpleNamespace, runs: dict) -> dict:
    """The eight scores of every state, 2,000 images: {"MLP" | "DCGAN": {round: eight scores}}."""
    return {
        name: {
            str(k): notebook.scores(
                notebook.real.features,
                s["features"][:2000],
                s["logits"][:2000],
                notebook.train.features[:2000],
            )
            for k, s in kept.items()
        }
        for name, kept in runs.items()
    }


def rounded(value: object) -> object:
    """The same with five digits of every number."""
    return json.loads(json.dumps(value), parse_float=lambda text: float(f"{float(text):.5g}"))


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace) -> Iterator[str]:
    """The damage matrix, then one pair of trained generators after the other."""
    same(record, images=notebook.parts.fit.name)
    if "matrix" not in record:
        record |= rounded(matrix(notebook, options.trials))
        yield "damage matrix"
    power = record.setdefault("power", {"counts": COUNTS, "duels": DUELS, **{str(s): {} for s in SHARES}})
    chosen, table = record.setdefault("checkpoints", []), record.setdefault("scores", [])
    for seed in range(len(table), options.seeds):
        runs = train(notebook, seed)
        for share, scores in rounded(duels(notebook, runs, seed)).items():
            for name, values in scores.items():
                power[share].setdefault(name, []).append(values)
        chosen.append(rounded(checkpoints(notebook, runs, seed)))
        table.append(rounded(all_scores(notebook, runs)))
        yield f"seed {seed}"


if __name__ == "__main__":
    run(__file__, "notebook 07 at full size", jobs, CELLS, seeds=5, trials=20)
