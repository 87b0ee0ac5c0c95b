"""Record distance against CPU-seconds for notebooks 05 and 06: `python benchmarks/distance_curves.py`.

Both games of a seed take turns in slices of about two CPU-seconds, so that whatever else the machine does
meets both alike. The DCGAN plays the notebook's number of rounds, the MLP as many CPU-seconds; measuring
is not counted. The MLP's players are lifted from notebook 05's source. The file is written after every
seed; started again, the script plays what is missing. Result: benchmarks/results/distance_curves.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from common import NOTEBOOKS, RESULTS, lift, provenance, write
from dcgan_ablation import score
from torch import nn

from gan_helpers import data, metrics
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.judge import digit_classifier, features_and_logits
from gan_helpers.training import play

SOURCE = NOTEBOOKS / "05_mlp_gan.py"
LOOKS = (0.5, 1, 1.5, 2, 3, 4, 6, 8, 11, 14, 18, 22, 26, 30, 35, 40, 50)  # CPU-seconds


class Contestant:
    """A game, the CPU-seconds it was given, and what was measured on the way."""

    def __init__(self, rounds: Iterator, measure: Callable[[], dict]):
        self.rounds, self.measure = rounds, measure
        self.spent, self.played, self.path, self.done = 0.0, 0, [], False

    def slice(self, seconds: float, until: float = float("inf")) -> None:
        """Play on for about so many CPU-seconds; measure whenever a look is due, and at the end."""
        goal = self.spent + seconds
        start, looks = time.process_time(), [look for look in LOOKS if look > self.spent]
        while self.spent < min(goal, until) and not self.done:
            self.done = next(self.rounds, None) is None
            self.played += not self.done
            now = time.process_time()
            self.spent, start = self.spent + now - start, now
            if looks and self.spent >= looks[0]:
                looks.pop(0)
                self._look()
                start = time.process_time()
        if self.spent >= until:
            self.done = True
        if self.done:
            self._look()

    def _look(self) -> None:
        self.path.append({"seconds": round(self.spent, 2), "rounds": self.played, **self.measure()})


def compete(seed: int, rounds: int, images: torch.Tensor, judge: nn.Module, real: torch.Tensor) -> dict:
    """Both games of one seed."""
    space = lift(SOURCE, ["Z_DIM", "BATCH", "ROUNDS", "MEASURED"], device="cpu")
    flat = images.flatten(1)
    G, D = space["make_players"](seed)
    fed = data.batches(flat, space["BATCH"], seed=seed)
    opt_G, opt_D = space["adam"](G), space["adam"](D)
    mlp_rounds = play(G, D, opt_G, opt_D, fed, space["Z_DIM"], seed=1000 + seed)

    def mlp_score() -> dict:
        return score(G, judge, real, z_dim=space["Z_DIM"])

    game = dcgan_game(seed=seed)
    dcgan = Contestant(
        dcgan_rounds(game, images, seed=seed, rounds=rounds), lambda: score(game.average, judge, real)
    )
    rival = Contestant(mlp_rounds, mlp_score)
    while not dcgan.done:
        dcgan.slice(2.0)
        rival.slice(min(2.0, dcgan.spent - rival.spent))
    if rival.spent < dcgan.spent:
        rival.slice(60.0, until=dcgan.spent)
    return {"MLP of notebook 05": rival.path, "DCGAN": dcgan.path}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(5))
    parser.add_argument("--rounds", type=int, default=1200)
    parser.add_argument("--images", default="auto", choices=("auto", "mnist", "rendered"))
    parser.add_argument("--stop-after", type=float, default=1e9, help="start no further seed after so many s")
    parser.add_argument("--out", type=Path, default=RESULTS / "distance_curves.json")
    args = parser.parse_args()
    torch.set_num_threads(1)
    parts = data.split(data.load_images(args.images), seed=0, fit=0.4, select=0.4, report=0.2)
    judge = digit_classifier(parts.select)
    real, logits = features_and_logits(judge, parts.report.images)
    fit, _ = features_and_logits(judge, parts.fit.images[:2000])
    sources = ["gan_helpers/networks.py", "gan_helpers/training.py", "benchmarks/distance_curves.py"]
    record = {
        **provenance(
            "Frechet distance of 2,000 samples from 2,000 report images against CPU-seconds of training",
            f"python benchmarks/distance_curves.py --rounds {args.rounds} --images {args.images}",
            sources,
        ),
        "images": parts.fit.name,
        "rounds": args.rounds,
        "floor": round(metrics.frechet_distance(real=real, fake=fit), 3),
        "real_confident": round((logits.softmax(1).max(1).values > 0.9).float().mean().item(), 4),
        "seeds": {},
    }
    if args.out.exists():
        old = json.loads(args.out.read_text())
        if (old["rounds"], old["images"], old["commit"]) != (args.rounds, parts.fit.name, record["commit"]):
            raise SystemExit(
                f"{args.out} is from other settings or another commit: move it away, start again"
            )
        record["seeds"] = old["seeds"]
    begin = time.monotonic()
    for seed in args.seeds:
        if str(seed) in record["seeds"] or time.monotonic() - begin > args.stop_after:
            continue
        record["seeds"][str(seed)] = compete(seed, args.rounds, parts.fit.images, judge, real)
        write(args.out, record)
        for name, path in record["seeds"][str(seed)].items():
            print(seed, name, path[-1], flush=True)


if __name__ == "__main__":
    main()
