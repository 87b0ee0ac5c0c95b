"""When does the discriminator of notebook 05 know its images by heart? Games with 64 to 4,000 images, 8 seeds.

    GAN_DATA_DIR=... python benchmarks/nb05_memory.py            about 15 CPU-minutes

Each game is that of the lesson; it only gets fewer images and more rounds. At each look: how often D puts a
training image above a held-out one, how often a held-out one above a fake, the Fréchet distance, whether fakes
are nearer to training images than to as many held-out ones, and the losses of the last 50 rounds.
"""

import argparse
import copy
import datetime
import json
import platform
import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers import data, metrics
from gan_helpers.networks import mlp
from gan_helpers.training import play

ROOT = Path(__file__).resolve().parent.parent
LOOKS = (50, 100, 150, 300, 600, 1200, 2400, 4800, 9600)
ROUNDS = {64: 2400, 250: 2400, 1000: 2400, 4000: 9600}


def share_higher(a, b):
    """P(a random one of a is above a random one of b), a tie counting half; a (n,), b (m,)."""
    return ((a[:, None] > b).float() + 0.5 * (a[:, None] == b).float()).mean().item()


def game(n, seed, x_fit, x_report, distance):
    """One game with n images; a dict of lists, one entry per look."""
    z = torch.randn(2000, 64, generator=data.make_generator(10**6))
    x = next(data.batches(x_fit, n, seed=seed))
    G = mlp((64, 64, 128, 784), seed=2 * seed, last=nn.Tanh())
    D = mlp((784, 128, 64, 1), seed=2 * seed + 1)
    opt_G, opt_D = (torch.optim.Adam(p.parameters(), lr=3e-3, betas=(0.0, 0.9)) for p in (G, D))
    batches = data.batches(x, 64, seed=seed, steps=ROUNDS[n])
    seen, losses, generators = [], [], []
    for step, pair in enumerate(play(G, D, opt_G, opt_D, batches, 64, seed=1000 + seed), start=1):
        losses.append(pair)
        if step not in LOOKS:
            continue
        with torch.no_grad():
            fakes = G(z)
            train, held, fake = (D(t)[:, 0] for t in (x[:2000], x_report, fakes))
        generators.append(copy.deepcopy(G))
        m = min(n, len(x_report))
        look = {
            "train_above_held": share_higher(train, held),
            "held_above_fake": share_higher(held, fake),
            "train_above_fake": share_higher(train, fake),
            "distance": distance(fakes),
            "copying": metrics.memorisation(fake=fakes, train=x[:m], held_out=x_report[:m]).ratio,
            "losses": torch.tensor(losses[-50:]).mean(0).tolist(),
            "old_fakes": [F.softplus(-D(G_old(z))).mean().item() for G_old in generators],
        }
        seen.append(look)
    return {key: [look[key] for look in seen] for key in seen[0]}


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--seeds", type=int, default=8)
    ap.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "nb05_memory.json")
    args = ap.parse_args()
    torch.set_num_threads(1)
    images = data.load_images("auto")
    parts = data.split(images, seed=0, fit=0.4, select=0.4, report=0.2)
    x_fit, x_report = parts.fit.images.flatten(1), parts.report.images.flatten(1)
    judge = metrics.digit_classifier(parts.select)
    real, _ = metrics.features_and_logits(judge, parts.report.images)

    def distance(x):
        features, _ = metrics.features_and_logits(judge, x.view(-1, 1, 28, 28))
        return metrics.frechet_distance(real=real, fake=features)

    values, start = {}, time.process_time()
    for n in ROUNDS:
        games = []
        for seed in range(args.seeds):
            games.append(game(n, seed, x_fit, x_report, distance))
            print(
                n,
                seed,
                f"{games[-1]['train_above_held'][-1]:.2f}",
                f"{time.process_time() - start:.0f} s",
                flush=True,
            )
        values[str(n)] = {key: [g[key] for g in games] for key in games[0]}
        values[str(n)]["rounds"] = [look for look in LOOKS if look <= ROUNDS[n]]
    record = {
        "what": "notebook 05: games with 64 to 4,000 images; scores of training, held-out and fake images",
        "command": "python benchmarks/nb05_memory.py",
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.machine()}, 1 thread",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "images": images.name,
        "seeds": list(range(args.seeds)),
        "cpu_seconds": round(time.process_time() - start),
        "values": values,
    }
    args.out.write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    sys.exit(main())
