# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import math
import time
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers import data, metrics, networks, plots, seeds
from gan_helpers.checks import nb10
from gan_helpers.evidence import claim, how_sure, interval, paired, strip, table
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.judge import digit_classifier, features_and_logits, make_judge
from gan_helpers.losses import L_D, L_G, LOSSES, regularised, relativistic
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict, progress, recorded
from gan_helpers.training import half_cosine, play_many, stack

plots.use_course_style()
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings

# %% tags=["record"]
class Fourier(nn.Module):
    """Points (n, 2) -> (n, 64): sine and cosine of 32 fixed random projections."""

    def __init__(self):
        super().__init__()
        self.B = torch.randn(2, 32, generator=data.make_generator(99))

    def forward(self, x):
        angle = x @ self.B
        return math.sqrt(2) * torch.cat([angle.sin(), angle.cos()], -1)


class Spectral(nn.Module):
    """A linear layer, its matrix divided by its largest singular value, times scale."""

    def __init__(self, layer, scale):
        super().__init__()
        self.weight, self.bias, self.scale = layer.weight, layer.bias, scale

    def forward(self, x):
        u = torch.ones_like(self.weight[:, 0])
        with torch.no_grad():
            for _ in range(8):  # power iteration, as in lesson 09
                v = F.normalize(self.weight.T @ u, dim=0)
                u = F.normalize(self.weight @ v, dim=0)
        largest = u @ self.weight @ v
        return F.linear(x, self.scale * self.weight / largest, self.bias)


# %% tags=["record"]
def bounded(D, scale):
    """D with spectral norm in every linear layer."""
    layers = []
    for part in D.modules():
        if isinstance(part, nn.Linear):
            layers.append(Spectral(part, scale))
        elif not list(part.children()):  # an activation, or the features
            layers.append(part)
    return nn.Sequential(*layers)


def loss_of(name, gamma):
    """The pair (L_D, L_G) that a row's name says."""
    if name in ("hinge", "spectral norm"):
        return LOSSES["hinge"]
    if name == "least squares":
        return LOSSES["least squares"]
    base = relativistic if name.startswith("relativistic") else (L_D, L_G)
    r1 = gamma if "R1" in name else 0.0
    r2 = gamma if "R2" in name else 0.0
    return regularised(base, r1=r1, r2=r2)


# %% tags=["record"]
def train(task, name, seeds, rounds, gamma=1.0, scale=1.0, rate=None):
    """Play one game per seed; returns samples (games, 2500, ...), G, D and seconds."""
    first, rate = gamma, rate or task.rate
    gamma = torch.tensor(first)
    Gs, Ds = [task.make_G(seed) for seed in seeds], [task.make_D(seed) for seed in seeds]
    if name == "spectral norm":
        Ds = [bounded(D, scale) for D in Ds]
    G, D = stack(Gs), stack(Ds)
    opts = []
    for player in (G, D):
        numbers = player.params.values()
        opts.append(torch.optim.Adam(numbers, rate, betas=(0.0, 0.99), fused=True))
    batches = [data.batches(task.x, 64, seed=seed, steps=rounds) for seed in seeds]
    noise = [1000 + seed for seed in seeds]
    loss = loss_of(name, gamma)
    game = play_many(G, D, *opts, batches, task.z_dim, seeds=noise, loss=loss)
    start = time.process_time()
    for step, _ in enumerate(progress(game, name, rounds), start=1):
        gamma.fill_(half_cosine(first, first / 10, step / rounds))
        for opt in opts:
            opt.param_groups[0]["lr"] = half_cosine(rate, rate / 100, step / rounds)
    seconds = (time.process_time() - start) / len(seeds)
    z = torch.randn(2500, task.z_dim, generator=data.make_generator(10**6))
    with torch.no_grad():
        x = G(z.expand(len(seeds), *z.shape))
    return SimpleNamespace(x=x, G=G, D=D, seconds=seconds)


# %% tags=["record"]
def counted(hits, n, good):
    """(modes, share of good samples, share misplaced) from hits (modes,) of n samples."""
    q, fair = hits.double() / n, good / len(hits)
    modes = (q >= 0.2 / len(hits)).sum().item()
    gap = (q - fair).abs().sum() + (q.sum() - good).abs()
    return modes, q.sum().item(), gap.item() / 2


def count_grid(x):
    x = x.nan_to_num(1e6, 1e6, -1e6).clamp(-1e6, 1e6)  # diverged: near no centre
    hits = metrics.mode_coverage(x, data.grid_centres(), 0.1).hits
    return counted(hits, len(x), 1 - math.exp(-4.5))


def grid_G(seed):
    return mlp((2, 64, 64, 2), seed=2 * seed)


def grid_D(seed):
    return nn.Sequential(Fourier(), mlp((64, 64, 64, 1), seed=2 * seed + 1))


# %% tags=["record"]
grid = SimpleNamespace(
    x=data.grid(20_000, seed=0, std=0.1),
    make_G=grid_G, make_D=grid_D, z_dim=2, rate=4e-3, count=count_grid,
)  # fmt: skip


# %% tags=["record"]
small = data.split(data.digits8(), seed=0, fit=0.4, select=0.4, report=0.2)
reader = digit_classifier(small.select)


def pairs_of(images, n, seed):
    """(n, 128): two random 8 x 8 digits behind each other."""
    chosen = torch.randint(len(images), (n, 2), generator=data.make_generator(seed))
    return images[chosen].flatten(1)


def read_pairs(x):
    """Hits of the 100 pairs of digits among x (n, 128), where both are read surely."""
    _, logits = features_and_logits(reader, x.reshape(-1, 1, 8, 8))
    sure, digit = logits.softmax(1).max(1)
    pair = 10 * digit.view(-1, 2)[:, 0] + digit.view(-1, 2)[:, 1]
    return torch.bincount(pair[sure.view(-1, 2).amin(1) > 0.9], minlength=100)


# %% tags=["record"]
unseen = read_pairs(pairs_of(small.report.images, 2500, 5))
readable = unseen.sum().item() / 2500  # of real pairs that the reader has not seen


def count_stacked(x):
    return counted(read_pairs(x.nan_to_num(0.0).clamp(-1, 1)), len(x), readable)


def digits_G(seed):
    return mlp((16, 128, 128, 128), seed=2 * seed, last=nn.Tanh())


def digits_D(seed):
    return mlp((128, 128, 128, 1), seed=2 * seed + 1)


stacked = SimpleNamespace(
    x=pairs_of(small.fit.images, 20_000, 0),
    make_G=digits_G, make_D=digits_D, z_dim=16, rate=2e-3, count=count_stacked,
)  # fmt: skip


# %% tags=["record"]
judge = make_judge(data.load_images("auto"))
x_fit = judge.parts.fit.images
FULL = {
    "pairs": True,
    "r1": True,
    "r2": True,
    "gamma": (5.0, 1.0),  # first and last
    "rate": (0.004, 0.001),
    "G_blocks": 1,
    "D_blocks": 0,
    "scale": 0.2,  # of a block's branch
    "D_std": 0.05,  # of D's first weights
    "upsampling": "subpixel",
    "G_norm": False,  # True: the generator of lesson 06
    "D_norm": False,  # True: its discriminator
}
NO_TERMS = {"pairs": False, "r1": False, "r2": False}
DCGAN = FULL | NO_TERMS | {"rate": (0.004, 0.004), "G_norm": True, "D_norm": True}


# %% tags=["record"]
def players(recipe, seed):
    G = networks.modern_generator(
        seed=2 * seed, blocks=(recipe["G_blocks"], 0),
        scale=recipe["scale"], upsampling=recipe["upsampling"],
    )  # fmt: skip
    D = networks.modern_discriminator(
        seed=2 * seed + 1, blocks=(0, recipe["D_blocks"], 0),
        scale=recipe["scale"], std=recipe["D_std"],
    )  # fmt: skip
    if recipe["G_norm"]:
        G = networks.dcgan_generator(seed=2 * seed)
    if recipe["D_norm"]:
        D = networks.dcgan_discriminator(seed=2 * seed + 1)
    return G, D


def play_images(recipe, seed, rounds, factor=1.0, until=None):
    """Play a game whose schedules end after `rounds`, up to round `until`."""
    G, D = players(recipe, seed)
    game = dcgan_game(seed=seed, G=G, D=D)
    gamma = torch.tensor(recipe["gamma"][0])
    r1, r2 = gamma if recipe["r1"] else 0.0, gamma if recipe["r2"] else 0.0
    loss = regularised(relativistic if recipe["pairs"] else (L_D, L_G), r1=r1, r2=r2)
    playing = dcgan_rounds(game, x_fit, seed=seed, rounds=until or rounds, loss=loss)
    for step in range(until or rounds):
        gamma.fill_(half_cosine(*recipe["gamma"], step / rounds))
        rate = factor * half_cosine(*recipe["rate"], step / rounds)
        for opt in (game.opt_G, game.opt_D):
            opt.param_groups[0]["lr"] = rate
        next(playing)
    return game
