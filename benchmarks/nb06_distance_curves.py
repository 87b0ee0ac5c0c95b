"""Record distance against CPU-seconds for notebooks 05 and 06 (CPU).

Both games of a seed take turns in slices of about two CPU-seconds, so that whatever else the machine does
meets both alike. The DCGAN plays the notebook's number of rounds, the MLP of notebook 05 as many CPU-seconds;
measuring is not counted.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import torch
from nb06_ablation import score
from recorder import run, same
from torch import nn

from gan_helpers import data, metrics
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.judge import digit_classifier, features_and_logits
from gan_helpers.training import play

CELLS = ("05_mlp_gan", "record")
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


def compete(notebook: SimpleNamespace, seed: int, rounds: int, images: torch.Tensor, judge: nn.Module,
            real: torch.Tensor) -> dict:  # fmt: skip
    """Both games of one seed."""
    flat = images.flatten(1)
    G, D = notebook.make_players(seed)
    fed = data.batches(flat, 64, seed=seed)
    opt_G, opt_D = notebook.adam(G), notebook.adam(D)
    mlp_rounds = play(G, D, opt_G, opt_D, fed, 64, seed=1000 + seed)

    def mlp_score() -> dict:
        return score(G, judge, real, z_dim=64)

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


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace) -> Iterator[str]:
    """One seed after the other."""
    parts = data.split(data.load_images("auto"), seed=0, fit=0.4, select=0.4, report=0.2)
    same(record, images=parts.fit.name)
    judge = digit_classifier(parts.select)
    real, logits = features_and_logits(judge, parts.report.images)
    fit, _ = features_and_logits(judge, parts.fit.images[:2000])
    record["floor"] = round(metrics.frechet_distance(real=real, fake=fit), 3)
    record["real_confident"] = round((logits.softmax(1).max(1).values > 0.9).float().mean().item(), 4)
    games = record.setdefault("games", {})
    for seed in range(options.seeds):
        if str(seed) not in games:
            games[str(seed)] = compete(notebook, seed, options.rounds, parts.fit.images, judge, real)
            yield f"seed {seed}: " + ", ".join(
                f"{k} {v[-1]['distance']}" for k, v in games[str(seed)].items()
            )


if __name__ == "__main__":
    what = "Frechet distance of 2,000 samples from 2,000 report images against CPU-seconds of training"
    run(__file__, what, jobs, CELLS, seeds=5, rounds=1200)
