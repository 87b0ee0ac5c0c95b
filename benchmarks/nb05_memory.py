"""When does the discriminator of notebook 05 know its images by heart? (CPU, about 2 minutes a seed.)

The game of the lesson with 64 to 4,000 images, for more rounds. At each look: how often D prefers a training
image to a held-out one, and a held-out one to a fake; the Fréchet distance; whether fakes lie nearer to
training images than to held-out ones; the mean losses of the last 50 rounds.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from types import SimpleNamespace

import recorder
import torch

from gan_helpers import data
from gan_helpers.training import play

CELLS = ("05_mlp_gan", "record")
LOOKS = (50, 100, 150, 300, 600, 1200, 2400, 4800, 9600)
ROUNDS = {64: 2400, 250: 1200, 1000: 2400, 4000: 9600}


def game(notebook: SimpleNamespace, n: int, seed: int) -> dict[str, list]:
    """One game with n images drawn by the seed: for each quantity a list, one entry per look."""
    x_fit, x_report, judge = notebook.x_fit, notebook.x_report, notebook.judge
    x = next(data.batches(x_fit, n, seed=seed))
    G, D = notebook.make_players(seed)
    batches = data.batches(x, 64, seed=seed, steps=ROUNDS[n])
    rounds = play(G, D, notebook.adam(G), notebook.adam(D), batches, 64, seed=1000 + seed)
    found: dict[str, list] = {}
    losses = []
    for step, pair in enumerate(rounds, start=1):
        losses.append(pair)
        if step not in LOOKS:
            continue
        fakes = judge.generate(G, 64)
        with torch.no_grad():
            of_training, of_held_out, of_fakes = D(x), D(x_report), D(fakes)
        look = {
            "train_above_held": notebook.share_higher(of_training, of_held_out),
            "held_above_fake": notebook.share_higher(of_held_out, of_fakes),
            "distance": judge.distance(fakes),
            "copying": notebook.copy_ratio(fakes[:500], x),
            "loss_D": sum(loss for loss, _ in losses[-50:]) / 50,
            "loss_G": sum(loss for _, loss in losses[-50:]) / 50,
        }
        for key, value in look.items():
            found.setdefault(key, []).append(round(value, 4))
    return found


def jobs(record: dict, options: Namespace, notebook: SimpleNamespace) -> Iterator[str]:
    """One game after the other, all numbers of images for a seed before the next seed."""
    recorder.same(record, images=notebook.judge.parts.fit.name)
    values = record.setdefault("values", {})
    for seed in range(options.seeds):
        for n, rounds in ROUNDS.items():
            kept = values.setdefault(str(n), {"rounds": [look for look in LOOKS if look <= rounds]})
            if len(kept.get("distance", [])) > seed:
                continue
            for key, found in game(notebook, n, seed).items():
                kept.setdefault(key, []).append(found)
            yield f"{n} images, seed {seed}: {kept['train_above_held'][-1][-1]:.2f}"


if __name__ == "__main__":
    what = (
        "the game of notebook 05 with 64 to 4,000 images: per number, quantity and seed, one value per look"
    )
    recorder.run(__file__, what, jobs, CELLS, seeds=8)
