# %% [markdown]
# # 06 · DCGAN

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import copy
import itertools
import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers import data, plots, seeds
from gan_helpers.checks import nb06
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.judge import make_judge
from gan_helpers.networks import dcgan_generator, initialise
from gan_helpers.notebook import predict, progress, recorded
from gan_helpers.training import ema_update, play

plots.use_course_style()
torch.set_num_threads(1)  # small images, small batches: a second thread brings little

# %% tags=["record"]
judge = make_judge(data.load_images("auto"))
x_fit = judge.parts.fit.images  # 4,000 images, (4000, 1, 28, 28)


# %% tags=["record"]
def plain_generator(seed):
    net = nn.Sequential(
        nn.Linear(32, 1568, bias=False),                  # 1,568 numbers
        nn.Unflatten(1, (32, 7, 7)),                      # 32 × 7 × 7
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 4, 2, 1, bias=False),  # 16 × 14 × 14
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 4, 2, 1),               # 1 × 28 × 28
        nn.Tanh(),                                        # values in (-1, 1)
    )
    return initialise(net, seed=seed, std=0.02)


def plain_discriminator(seed):
    net = nn.Sequential(
        nn.Conv2d(1, 16, 4, 2, 1),                        # 16 × 14 × 14
        nn.LeakyReLU(0.2),
        nn.Conv2d(16, 32, 4, 2, 1, bias=False),           # 32 × 7 × 7
        nn.BatchNorm2d(32),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 3, 2, 1, bias=False),           # 64 × 4 × 4
        nn.BatchNorm2d(64),
        nn.LeakyReLU(0.2),
        nn.Flatten(),                                     # 1,024 numbers
        nn.Linear(1024, 1),                               # one score
    )
    return initialise(net, seed=seed, std=0.02)
