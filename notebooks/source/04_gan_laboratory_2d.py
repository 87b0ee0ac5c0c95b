# %% [markdown]
# # 04 · The 2-D laboratory

# %% tags=["setup"]
import sys

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured")

import io
import itertools
import json
import math
import time
from pathlib import Path
from types import SimpleNamespace

import ipywidgets as widgets
import matplotlib.pyplot as plt
import torch
from torch.nn import functional as F

from gan_helpers import data, plots, training
from gan_helpers.machine import progress
from gan_helpers.networks import mlp
from gan_helpers.training import play_many, stack

plots.use_course_style()
torch.set_num_threads(1)  # tiny networks: a second thread costs more than it brings

# %%
x_all = data.ring(20_000, seed=0, std=0.1)
Z_DIM, BATCH = 2, 64


def make_players(seed):
    """New players of one seed: G (n, 2) -> (n, 2) makes points of noise, D (n, 2) -> (n, 1) scores points."""
    return mlp((Z_DIM, 32, 32, 2), seed=2 * seed), mlp((2, 32, 32, 1), seed=2 * seed + 1)


def adam(params, lr, beta1=0.5):
    return torch.optim.Adam(params, lr=lr, betas=(beta1, 0.9))


# %%
def coverage(x, centres=data.ring_centres(), std=0.1):
    """(modes covered, share of the points within 3σ of a centre) for points x (n, 2)."""
    distance, mode = torch.cdist(x, centres).min(1)
    good = distance < 3 * std
    hits = torch.bincount(mode[good], minlength=len(centres))
    return (hits >= 0.2 * len(x) / len(centres)).sum().item(), good.float().mean().item()


# %%
z_test = torch.randn(2500, Z_DIM, generator=data.make_generator(10**6))


def train(seeds, lr_G, lr_D, *, beta1=0.5, rounds=800, d_steps=1, every=40):
    """Play all seeds at once: generators, losses (rounds, 2, seeds), modes and share (snapshots, seeds)."""
    Gs, Ds = zip(*map(make_players, seeds), strict=True)
    G, D = stack(Gs), stack(Ds)
    opt_G, opt_D = adam(G.params.values(), lr_G, beta1), adam(D.params.values(), lr_D, beta1)
    batches = [data.batches(x_all, BATCH, seed=seed, steps=rounds * d_steps) for seed in seeds]
    noise = [1000 + seed for seed in seeds]
    losses, seen = [], []
    for step, pair in enumerate(
        play_many(G, D, opt_G, opt_D, batches, Z_DIM, seeds=noise, d_steps=d_steps), start=1
    ):
        losses.append(torch.stack(pair))
        if step % every == 0:
            with torch.no_grad():
                seen.append([coverage(G_k(z_test)) for G_k in Gs])
    modes, share = torch.tensor(seen).unbind(-1)
    return SimpleNamespace(Gs=Gs, Ds=Ds, losses=torch.stack(losses), modes=modes, share=share)


def late(values):
    """Median over the last five snapshots, one number per seed."""
    return values[-5:].median(0).values


# %%
def judge(Gs, rounds=300):
    """(seeds,) loss_D of fresh, larger discriminators against generators that stand still; new data."""
    G, D = stack(Gs), stack([mlp((2, 64, 64, 1), seed=10_000 + k) for k in range(len(Gs))])
    opt_G = torch.optim.SGD(G.params.values(), lr=0.0)  # the same loop, and G does not move
    opt_D = torch.optim.Adam(D.params.values(), lr=1e-2, betas=(0.9, 0.99))
    x_new = data.ring(20_000, seed=1, std=0.1)
    batches = [data.batches(x_new, 128, seed=k, steps=rounds) for k in range(len(Gs))]
    seeds = [20_000 + k for k in range(len(Gs))]
    losses = [pair[0] for pair in play_many(G, D, opt_G, opt_D, batches, Z_DIM, seeds=seeds)]
    return torch.stack(losses)[-100:].mean(0)
