# %% [markdown]
# # 10 · A modern GAN
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/10_a_modern_gan.ipynb)
#
# ![Three rows of twelve digits: samples of the DCGAN of notebook 06, samples of a GAN without batch norm after equally many seconds, and real digits](images/10_a_modern_gan.png)
#
# **After this notebook you can**
#
# - **build** the loss of a modern GAN term by term, and say what each term is worth, with an interval;
# - **start** a deep network without batch norm so that its signal neither dies nor explodes;
# - **compare** two recipes fairly: in turns, at equal seconds, over seeds and over learning rates.
#
# *Before:* [06](06_dcgan.ipynb), [08](08_mode_collapse.ipynb), [09](09_wasserstein_gan.ipynb). *Run time:* about 65 s on two CPU cores; a GPU is used if there is one, none is needed.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import math
import time

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers import data, networks, plots, seeds
from gan_helpers.checks import nb10
from gan_helpers.evidence import claim, how_sure, interval, strip, table
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.judge import make_judge
from gan_helpers.losses import L_D, L_G, regularised, relativistic
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict, progress, recorded
from gan_helpers.training import half_cosine, play_many, stack

plots.use_course_style()
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings

# %% tags=["record-race"]
judge = make_judge(data.load_images("auto"))
x_fit = judge.parts.fit.images  # 4,000 images, (4000, 1, 28, 28)


def modern_game(seed):
    G = networks.modern_generator(seed=2 * seed)
    D = networks.modern_discriminator(seed=2 * seed + 1)
    return dcgan_game(seed=seed, G=G, D=D)


def modern_rounds(game, seed, rounds):
    """Pairs, R1 and R2; γ and the learning rate fall along half a cosine."""
    gamma = torch.tensor(5.0)
    loss = regularised(relativistic, r1=gamma, r2=gamma)
    playing = dcgan_rounds(game, x_fit, seed=seed, rounds=rounds, loss=loss)
    for k in range(rounds):
        gamma.fill_(half_cosine(5.0, 1.0, k / rounds))
        for opt in (game.opt_G, game.opt_D):
            opt.param_groups[0]["lr"] = half_cosine(0.004, 0.001, k / rounds)
        yield next(playing)


# %% tags=["record-race"]
def race(seed, rounds, shares):
    """Both games in turns; looks at each after these shares of its rounds."""
    modern, dcgan = modern_game(seed), dcgan_game(seed=seed)
    games = {"modern": modern, "DCGAN": dcgan}
    playing = {
        "modern": modern_rounds(modern, seed, rounds["modern"]),
        "DCGAN": dcgan_rounds(dcgan, x_fit, seed=seed),
    }
    seconds, played = {"modern": 0.0, "DCGAN": 0.0}, {"modern": 0, "DCGAN": 0}
    seen = {"modern": [], "DCGAN": []}
    for share in shares:
        for name, game in games.items():
            start = time.process_time()
            while played[name] < round(share * rounds[name]):
                next(playing[name])
                played[name] += 1
            seconds[name] += time.process_time() - start
            fakes = judge.generate(game.average, 32)
            seen[name].append((seconds[name], judge.distance(fakes)))
    return seen, games


