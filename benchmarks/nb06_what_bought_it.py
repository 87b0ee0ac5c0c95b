"""What makes our DCGAN fast? Notebook 06's ladder from the MLP and the plain DCGAN to ours (CPU, 12 minutes).

Six games of a seed get the same CPU-seconds, in turns of a few seconds, so that whatever else the machine
does meets all alike. Batches, losses and loop are the same in all; measuring is not counted. Games with an
average are sampled from it, the others from their last weights, all in eval mode.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator
from types import SimpleNamespace

import recorder
from torch import Tensor, nn

from gan_helpers import data
from gan_helpers.games import Game, dcgan_game, dcgan_rounds
from gan_helpers.judge import Judge
from gan_helpers.networks import Choice, dcgan_generator, mlp
from gan_helpers.training import copied, play

CELLS = ("06_dcgan", "record")
LOOKS = (1, 2, 4, 7, 10, 15, 20)  # CPU-seconds
ADAM_05 = {"lr": 3e-3, "betas": (0.0, 0.9)}
ADAM_PAPER = {"lr": 2e-4, "betas": (0.5, 0.999)}


class Contestant:
    """A game, whether it is averaged, and how far its clock has come."""

    def __init__(self, game: Game, z_dim: int, average: bool, flat: bool, images: Tensor, seed: int):
        x = images.flatten(1) if flat else images
        if average:
            self.rounds = dcgan_rounds(game, x, seed=seed, z_dim=z_dim)
        else:
            self.rounds = play(*game[:4], data.batches(x, 64, seed=seed), z_dim, seed=game.noise)
        self.game, self.z_dim, self.average = game, z_dim, average
        self.seconds, self.played = 0.0, 0

    def advance(self, until: float) -> None:
        """Play until the clock reads `until` CPU-seconds; a round is not cut."""
        start = time.process_time() - self.seconds
        while self.seconds < until:
            next(self.rounds)
            self.played += 1
            self.seconds = time.process_time() - start

    def look(self, judge: Judge) -> dict[str, float]:
        G = self.game.average if self.average else copied(self.game.G).eval()
        fakes = judge.generate(G, self.z_dim)
        sure = judge.look_at(fakes)[1].max(1).values > 0.9
        return {
            "seconds": round(self.seconds, 2),
            "rounds": self.played,
            "distance": round(judge.distance(fakes), 3),
            "confident": round(sure.float().mean().item(), 4),
        }


def contestants(notebook: SimpleNamespace, seed: int) -> dict[str, Contestant]:
    """The six games of a seed, before their first round."""

    def made(z_dim: int, average: bool, flat: bool = False, **players: object) -> Contestant:
        game = dcgan_game(seed=seed, **players)
        return Contestant(game, z_dim, average, flat, notebook.x_fit, seed)

    def mlps() -> dict[str, nn.Module]:
        G = mlp((64, 64, 128, 784), seed=2 * seed, last=nn.Tanh())  # as in notebook 05
        return {"G": G, "D": mlp((784, 128, 64, 1), seed=2 * seed + 1)}

    def plain() -> dict[str, nn.Module]:
        return {
            "G": notebook.plain_generator(2 * seed),
            "D": notebook.plain_discriminator(2 * seed + 1),
        }

    choosing = mlps()
    choosing["G"] = nn.Sequential(Choice(20), choosing["G"])
    with_choice = dcgan_generator(seed=2 * seed, upsampling="transposed", even=False, std=0.02)
    return {
        "MLP of notebook 05": made(64, False, True, **mlps(), **ADAM_05),
        "MLP, noise and average": made(64, True, True, **choosing, **ADAM_05),
        "plain DCGAN": made(32, False, **plain(), **ADAM_PAPER),
        "plain, our Adam": made(32, False, **plain()),
        "plain, our Adam, noise and average": made(32, True, **plain() | {"G": with_choice}),
        "ours": made(32, True),
    }


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace) -> Iterator[str]:
    """One seed after the other; within a seed the games take turns, look by look."""
    judge = notebook.judge
    recorder.same(record, images=judge.parts.fit.name, looks=list(LOOKS))
    record["floor"] = round(judge.floor, 3)
    games = record.setdefault("games", {})
    for seed in range(options.seeds):
        if str(seed) in games:
            continue
        paths: dict[str, list[dict]] = {}
        playing = contestants(notebook, seed)
        for until in LOOKS:
            for name, one in playing.items():
                one.advance(until)
                paths.setdefault(name, []).append(one.look(judge))
        games[str(seed)] = paths
        yield f"seed {seed}: " + ", ".join(f"{name} {path[-1]['distance']}" for name, path in paths.items())


if __name__ == "__main__":
    what = "Frechet distance against CPU-seconds: MLP, plain DCGAN, and in steps the main game of notebook 06"
    recorder.run(__file__, what, jobs, CELLS, seeds=5)
