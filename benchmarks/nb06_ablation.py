"""Record the ablation of notebook 06 (CPU; --only chooses variants).

Each variant is the main game of the notebook with one thing changed. Every game gets the same number of
rounds (its CPU-seconds are recorded, measuring excluded), and the seed decides batches, noise and initial
weights, so that variants can be compared seed by seed.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Iterator

import torch
from recorder import run, same
from torch import Tensor, nn
from torch.nn import functional as F

from gan_helpers import data, metrics
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.judge import digit_classifier, features_and_logits
from gan_helpers.networks import dcgan_discriminator, dcgan_generator

LOOKS = (80,)  # rounds at which the distance is measured, besides the end


def mixed_D(D: Callable, x_real: Tensor, x_fake: Tensor) -> Tensor:
    """L_D with both halves in one batch, so that batch norm sees them together."""
    real, fake = D(torch.cat([x_real, x_fake])).split([len(x_real), len(x_fake)])
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def mixed_G(D: Callable, x_real: Tensor, x_fake: Tensor) -> Tensor:
    """L_G of the same kind."""
    return F.softplus(-D(torch.cat([x_real, x_fake]))[len(x_real) :]).mean()


# What each variant changes: arguments of the generator, the discriminator, the game and its rounds.
VARIANTS: dict[str, dict[str, dict]] = {
    "main game": {},
    "plain noise": {"G": {"choices": 0}},
    "uneven start": {"G": {"even": False}},
    "transposed": {"G": {"upsampling": "transposed"}},
    "resize": {"G": {"upsampling": "resize"}},
    "pooling in D": {"D": {"pool": True}},
    "no hidden layer in D": {"D": {"hidden": ()}},
    "hidden layer in G": {"G": {"hidden": (64,)}},
    "no batch norm in G": {"G": {"norm": False}},
    "no batch norm in D": {"D": {"norm": False}},
    "no batch norm": {"G": {"norm": False}, "D": {"norm": False}},
    "mixed batches": {"rounds": {"loss": (mixed_D, mixed_G)}},
    "LeakyReLU in G": {"G": {"slope": 0.2}},
    "ReLU in D": {"D": {"slope": 0.0}},
    "no tanh": {"G": {"last": nn.Identity()}},
    "weights .02": {"G": {"std": 0.02}, "D": {"std": 0.02}},
    "weights of PyTorch": {"G": {"std": None}, "D": {"std": None}},
    "beta1 = .5": {"game": {"betas": (0.5, 0.99)}},
    "beta1 = .9": {"game": {"betas": (0.9, 0.99)}},
    "rate 2e-4": {"game": {"lr": 2e-4}},
}


def checkerboard(x: Tensor) -> float:
    """Share of the power of images (n, 1, 28, 28), means removed, in the lines of frequency 14 of 28."""
    power = torch.fft.fft2(x - x.mean((2, 3), keepdim=True)).abs().square().mean((0, 1))
    return ((power[14].sum() + power[:, 14].sum() - power[14, 14]) / power.sum()).item()


def score(G: Callable, judge: nn.Module, real: Tensor, z_dim: int = 32) -> dict[str, float]:
    """Distance of 2,000 samples, share read with confidence over .9, smallest and largest class share."""
    z = torch.randn(2000, z_dim, generator=data.make_generator(10**6))
    with torch.no_grad():
        x = torch.cat([G(part) for part in z.split(500)]).clamp(-1, 1).view(-1, 1, 28, 28)
    features, logits = features_and_logits(judge, x)
    shares = torch.bincount(logits.argmax(1), minlength=10) / len(x)
    values = {
        "distance": metrics.frechet_distance(real=real, fake=features),
        "confident": (logits.softmax(1).max(1).values > 0.9).float().mean().item(),
        "rarest": shares.min().item(),
        "commonest": shares.max().item(),
        "checkerboard": checkerboard(x),
    }
    return {name: round(value, 5) for name, value in values.items()}


def play_variant(change: dict[str, dict], seed: int, rounds: int, images: Tensor, judge: nn.Module,
                 real: Tensor) -> dict:  # fmt: skip
    """One game of so many rounds; what it reached, with and without the average."""
    G = dcgan_generator(seed=2 * seed, **change.get("G", {}))
    D = dcgan_discriminator(seed=2 * seed + 1, **change.get("D", {}))
    game = dcgan_game(seed=seed, G=G, D=D, **change.get("game", {}))
    played = dcgan_rounds(game, images, seed=seed, rounds=rounds, **change.get("rounds", {}))
    spent, at, start = 0.0, {}, time.process_time()
    for k, _losses in enumerate(played, start=1):
        if k in (*LOOKS, rounds):
            spent += time.process_time() - start
            at[str(k)] = score(game.average, judge, real)["distance"]
            start = time.process_time()
    return {
        "seconds": round(spent, 2),
        "at_round": at,
        **score(game.average, judge, real),
        "last_weights": score(game.G.eval(), judge, real),
    }


def jobs(record: dict, options: Namespace, _: None) -> Iterator[str]:
    """All variants with a seed, then with the next."""
    parts = data.split(data.load_images("auto"), seed=0, fit=0.4, select=0.4, report=0.2)
    same(record, images=parts.fit.name)
    judge = digit_classifier(parts.select)
    real, _ = features_and_logits(judge, parts.report.images)
    fit, _ = features_and_logits(judge, parts.fit.images[:2000])
    record["floor"] = round(metrics.frechet_distance(real=real, fake=fit), 3)
    for seed in range(options.seeds):
        for name in options.only:
            games = record.setdefault("games", {}).setdefault(name, {})
            if str(seed) not in games:
                args = VARIANTS[name], seed, options.rounds, parts.fit.images, judge, real
                games[str(seed)] = play_variant(*args)
                yield f"seed {seed}, {name}: distance {games[str(seed)]['distance']}"


if __name__ == "__main__":
    what = "one thing changed in the main game of notebook 06; Frechet distance, 2,000 against 2,000"
    run(__file__, what, jobs, parts=list(VARIANTS), seeds=5, rounds=300)
