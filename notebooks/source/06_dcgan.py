# %% [markdown]
# # 06 · DCGAN
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/06_dcgan.ipynb)
#
# ![Ten rows of ten white digits on black, most of them easy to read, drawn by the generator that this notebook trains in half a minute](images/06_dcgan.png)
#
# **In one sentence:** two players that know neighbours, what makes them learn fast, and how to keep what they have learned.
#
# **After this lesson you can**
#
# - **build** convolutional players, and name the size of what leaves every layer;
# - **find** which part of a recipe brought its success, and avoid three quiet faults: checkerboards, batch norm in the wrong mode, an average without buffers;
# - **keep** a game: walk through its noise, and go on after a stop, bit for bit.
#
# *Before:* [04](04_gan_laboratory_2d.ipynb), [05](05_mlp_gan.ipynb). *Study:* 40 minutes, and 35 for the exercises. *Run time:* about 75 seconds on one CPU core. *Deeper:* [the second notebook](deeper/06_dcgan.ipynb) switches off one thing at a time, and tells how the people of lesson 00 were made.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import copy
import itertools  # noqa: F401  (an exercise)
import math  # noqa: F401  (an exercise)
import tempfile
from pathlib import Path

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

plots.use_course_style()
torch.set_num_threads(1)  # small images, small batches: a second thread brings little

# %% [markdown]
# ## 1 A network that knows neighbours (5 min)
#
# To the players of notebook 05 an image was a list of numbers. A **convolution** looks at small windows, with the same few weights in each.
#
# Radford, Metz and Chintala (2016) built both players from convolutions, and called the result DCGAN. Here is a small one. Comments say the size of what leaves a layer: `32 × 7 × 7` means 32 **channels**, which are small images of 7×7 pixels.

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


# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(9.6, 3.5))
ax.set(xlim=(0, 19.2), ylim=(-1.9, 5.2))
ax.axis("off")
stages = [
    (0.2, 0.3, 1.6, plots.FAKE, "32\nnoise $z$"), (2.0, 1.1, 0.8, plots.FAKE, "32 × 7 × 7"),
    (4.4, 0.7, 1.5, plots.FAKE, "16 × 14 × 14"), (12.1, 0.7, 1.5, plots.DISC, "16 × 14 × 14"),
    (14.1, 1.1, 0.8, plots.DISC, "32 × 7 × 7"), (16.2, 1.6, 0.45, plots.DISC, "64 × 4 × 4"),
]
for x, width, height, color, label in stages:
    ax.add_patch(plt.Rectangle((x, 1 - height / 2), width, height, color=color, alpha=0.75))
    ax.text(x + width / 2, 0.8 - height / 2, label, ha="center", va="top", fontsize=10, color=color)
with torch.no_grad():
    first_fake = plain_generator(0)(judge.noise(32)[:2])[0, 0]
for y, x, color, label in ((0.0, first_fake, plots.FAKE, "fake"), (3.0, x_fit[0, 0], plots.REAL, "real")):
    ax.imshow(x, extent=(7.6, 9.6, y, y + 2), cmap="gray", vmin=-1, vmax=1)
    ax.add_patch(plt.Rectangle((7.6, y), 2, 2, fill=False, ec=color, lw=3))
    ax.text(7.4, y + 2.0, label, color=color, ha="right", va="top", fontsize=10)
ax.text(8.6, -0.2, "1 × 28 × 28", color=plots.FAKE, ha="center", va="top", fontsize=10)
ax.text(18.5, 1, "score\n$D(x)$", ha="center", va="center", fontsize=11)
ax.text(3.6, 2.3, "$G$", color=plots.FAKE, fontsize=17, ha="center")
ax.text(15.0, 2.3, "$D$", color=plots.DISC, fontsize=17, ha="center")
arrow = {"arrowstyle": "-|>", "color": plots.GREY, "lw": 1.5}
for left, right in ((0.6, 1.9), (3.2, 4.3), (5.2, 7.5), (9.7, 12.0), (12.9, 14.0), (15.3, 16.1), (17.9, 18.2)):
    ax.annotate("", (right, 1), (left, 1), arrowprops=arrow)
ax.annotate("", (12.0, 1.3), (9.7, 3.7), arrowprops=arrow)
for left, y, color, label in ((0.4, -1.3, plots.FAKE, "gradient of $L_G$: passes through $D$ and the image, moves $G$"), (12.1, -0.65, plots.DISC, "gradient of $L_D$: moves $D$")):
    ax.annotate("", (left, y), (18.5, y), arrowprops=arrow | {"color": color, "linestyle": "--"})
    ax.text((left + 18.5) / 2, y - 0.05, label, color=color, ha="center", va="top", fontsize=10)
ax.set_aspect("equal")
alt = "The players as rows of boxes. G turns 32 numbers into 32 small images of 7 by 7, then 16 of 14 by 14, then one of 28 by 28. D goes the other way, from a fake or real image to one score. Dashed arrows: the gradient of one loss moves D, that of the other passes through D and the image and moves G."
plots.show(fig, alt=alt)

# %% [markdown]
# Read `nn.Conv2d(1, 16, 4, 2, 1)` from left to right. One channel goes in, and 16 come out. Windows are 4 pixels wide, move by 2 (the **stride**), and a border of 1 zero lies around the image. So a row has 30 pixels, and windows begin at 0, 2, …, 26. These are 14: the side halves.
#
# A **transposed convolution** goes the other way. Each pixel paints a patch of 4×4, and patches begin two pixels apart. Where they overlap, they add up. From a row of 7 pixels the last patch begins at 12 and ends at 16. The last number, 1, cuts off one pixel at either end. So 14 remain, and the side doubles.
#
# A convolution has few weights, for all places share them. Of $G$'s 58,721 numbers 50,176 stand in its linear layer. (Batch norm subtracts a mean, so a bias before it would be lost: `bias=False`.)

# %% [markdown]
# ## 2 A plain DCGAN, and ours (7 min)
#
# Our own DCGAN, which later notebooks use, differs in six things. Section 3 takes them in three steps.
#
# | step | | plain | ours |
# |---|---|---|---|
# | 1 | Adam | rate 2e-4, $\beta_1=0.5$ | rate 4e-3, $\beta_1=0$ |
# | 2 | noise | 32 normal numbers | 20 of them make a choice (below) |
# | 2 | samples come from | the last weights | an average of weights (section 6) |
# | 3 | the side doubles by | transposed convolution | sub-pixel convolution (section 4) |
# | 3 | end of $D$ | 1,024 numbers → score | 1,024 → 64 → score |
# | 3 | first weights | standard deviation 0.02 | 0.05 |
#
# What is a choice? In notebook 04 $G$ could stretch its net but never tear it, so threads remained between clusters. Our noise is torn before $G$ begins. With three categories, (.3, 1.2, −.5) becomes (0, 4, 0): the largest number picks its category. The 4 is a setting, and sets categories far apart. We have 20 categories, and the other 12 numbers stay normal.
#
# `dcgan_game` builds the players, an Adam for each, and the average of $G$'s weights. `dcgan_rounds` is `play` of notebook 04, with the same losses and with batches of 64. After each round the average moves.

# %%
LOOKS = (25, 50, 80, 100, 150, 200, 300, 500, 800)


def train(game, seed, rounds=800):
    """Play; return {round: copies of G and of the average} for sampling."""
    past = {}
    played = dcgan_rounds(game, x_fit, seed=seed, rounds=rounds)
    for step, _ in enumerate(progress(played, "rounds", rounds), start=1):
        if step in LOOKS:
            past[step] = copy.deepcopy((game.G, game.average))
            past[step][0].eval()  # section 5 says why
    return past


# %%
predict(
    "Plain, ours, and the MLP of notebook 05 get 20 CPU-seconds each. Whose fakes are the worst?",
    [
        ("Those of the MLP: it knows no neighbours", False, "So we thought. Look at the table."),
        ("Those of the plain DCGAN", True, "Section 3 finds out why."),
        ("Those of our DCGAN", False, "They will be the best by far."),
    ],
)

# %%
seed = seeds.one()
plain = dcgan_game(
    seed=seed, G=plain_generator(2 * seed), D=plain_discriminator(2 * seed + 1),
    lr=2e-4, betas=(0.5, 0.999),
)
past_plain = train(plain, seed)
past_ours = train(dcgan_game(seed=seed), seed)

# %% tags=["hide-input"]
z_film = torch.randn(10, 32, generator=data.make_generator(5))
fig, axes = plt.subplots(2, 1, figsize=(6.4, 1.9), layout="constrained")


def draw(k):
    """Ten fakes of either game after so many rounds."""
    step = LOOKS[k]
    with torch.no_grad():
        rows = past_plain[step][0](z_film), past_ours[step][1](z_film)
    for ax, fakes, name in zip(axes, rows, ("plain", "ours"), strict=True):
        ax.clear()
        ax.imshow(fakes.view(10, 28, 28).transpose(0, 1).reshape(28, 280), cmap="gray", vmin=-1, vmax=1)
        ax.set(xticks=[], yticks=[], ylabel=name)
    axes[0].set_title(f"round {step}")


alt = "A film of two rows of ten fakes, each from fixed noise. Upper row, plain: grey clouds for a long time, then blurred white blobs and rough strokes. Lower row, ours: blobs after 50 rounds, strokes after 100, clear digits from round 300 on."
plots.gif(fig, draw, len(LOOKS), fps=2, colors=16, alt=alt)

# %% tags=["hide-input", "head-picture"]
title = "The first hundred samples of our DCGAN, none left out"
samples = judge.generate(past_ours[800][1], 32)[:100]
ax = plots.image_grid(samples, columns=10, title=title)
alt = "A hundred samples, ten by ten, white strokes on black. Most are easy to read, about one in five is not."
plots.show(ax.figure, alt=alt)

# %% [markdown]
# How many of the hundred can you not read? And now the prediction. A record has played each game with five seeds for 20 CPU-seconds. It measures the distance of notebook 05, of 2,000 fakes from real images.

# %%
record = recorded("nb06_what_bought_it")
after_20, rounds = {}, {}  # {game: one number per seed}
for game in record["games"].values():
    for name, looks in game.items():
        after_20.setdefault(name, []).append(looks[-1]["distance"])
        rounds.setdefault(name, []).append(looks[-1]["rounds"])
three = ("plain DCGAN", "MLP of notebook 05", "ours")
far = {name: after_20[name] for name in three}
table("distance after 20 CPU-seconds", far, floor={"real images": record["floor"]})
table("rounds in 20 CPU-seconds", rounds)

# %%
claim(
    "The plain DCGAN is behind the MLP.",
    after_20["plain DCGAN"], above=after_20["MLP of notebook 05"], recorded=record,
)

# %% [markdown]
# A round of the MLP is cheaper, so it plays more of them.
#
# ## 3 What bought the speed? (1 min)
#
# Convolutions, one would say. But then the plain DCGAN should have beaten the MLP. So we go from plain to ours step by step, always in 20 CPU-seconds. Step 1 gives the plain DCGAN our Adam, step 2 our noise and average, step 3 the rest. The MLP may take step 2, too (its Adam is fast already).

# %%
predict(
    "The plain DCGAN gets our Adam, and nothing else. Where does it end?",
    [
        ("Still behind the MLP", False, "Compare the two rows below."),
        ("Ahead of the MLP", True, "The same layers, other settings of Adam."),
        ("Far away: that rate is too large", False, "We feared so, too."),
    ],
)

# %%
table("distance after 20 CPU-seconds", after_20, floor={"real images": record["floor"]})
claim(
    "With our Adam the same DCGAN is more than three times nearer.",
    after_20["plain, our Adam"], below=torch.tensor(after_20["plain DCGAN"]) / 3,
    recorded=record,
)
claim(
    "Step 3 brings us nearer still.",
    after_20["ours"], below=after_20["plain, our Adam, noise and average"], recorded=record,
)

# %% [markdown]
# So the plain DCGAN was not a bad network, but a slow one. Step 1 changes two settings, the rate and $\beta_1$. Put back alone in our own game, the old rate makes the distance more than five times as large, and the old $\beta_1$ about twice (deeper).
#
# And the convolutions? With our noise and average the MLP ends close to the DCGAN that has them, too (last table). So how much the DCGAN's layers bring depends on what came before (deeper).
#
# *What this does not show:* longer games, and wide networks on a GPU.
#
# ## 4 A checkerboard (5 min)
#
# Look again at the film. At round 300 the plain game's fakes have a fine pattern, light and dark in turn, called a **checkerboard**. A *new* G, which never played, has one as well. Why?
#
# We suspect the weights. Cut the result of a transposed convolution into blocks of 2×2 pixels. Its kernel has 16 weights, and each of the four places in a block uses another four of them. Say the input is 1 everywhere, and these four weights add up to .3, −.2, .1 and .4. Then *every* block is .3, −.2, .1, .4, and that is a checkerboard.
#
# If this is the reason, equal weights must remove it. So we put the mean of each kernel's 16 weights in all 16 places, and change nothing else.


# %%
def equal_weights(G):
    G = copy.deepcopy(G)
    for layer in G:
        if isinstance(layer, nn.ConvTranspose2d):
            weight = layer.weight.data  # (channels in, channels out, 4, 4)
            weight[:] = weight.mean((2, 3), keepdim=True)
    return G


# %% [markdown]
# How do we measure a checkerboard? We take the upper left pixels of all blocks, then all upper right ones and so on. Without a checkerboard these four groups have the same mean.


# %%
def checkerboard(x):
    """How much the four places of 2 × 2 blocks differ in brightness."""
    places = F.pixel_unshuffle(x, 2).mean((2, 3))  # (n, 4): the mean of each place
    return (places.std(1) / x.std((1, 2, 3))).mean().item()


new = {"new plain G": [], "its weights made equal": []}
for seed in seeds.several(5):
    G = plain_generator(seed)
    for name, net in zip(new, (G, equal_weights(G)), strict=True):
        new[name].append(checkerboard(judge.generate(net, 32)))
real = checkerboard(x_fit)
table("checkerboard", new, floor={"real images": real})

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 3, figsize=(7.2, 2.7))
G = plain_generator(0)
pictures = {
    "plain game, round 300": past_plain[300][0], "new plain G": G,
    "the same, equal weights": equal_weights(G),
}
for ax, (name, net) in zip(axes, pictures.items(), strict=True):
    x = judge.generate(net, 32)[0, 0]
    ax.imshow(x, cmap="gray", vmin=x.min(), vmax=x.max())
    ax.set(xticks=[], yticks=[])
    ax.set_title(name, fontsize=10)
alt = "Three images, contrast stretched. The plain game at round 300 and the new plain generator show a fine pattern of light and dark pixels. With equal weights there are only soft, coarse squares."
plots.show(fig, alt=alt)

# %%
claim(
    "A new plain generator has more than three times that of real images.",
    new["new plain G"], above=3 * real,
)
claim(
    "With equal weights it has less than twice that of real images.",
    new["its weights made equal"], below=2 * real,
)

# %% [markdown]
# The suspicion holds. Our own G uses **sub-pixel convolution**: four channels are computed, and the four numbers of each place become a block. The four begin with equal weights, so a new one has no checkerboard. After 20 rounds it has one, too, for training moves the weights apart.
#
# What helps? Train on at our rate: after 300 rounds hardly anything is left, while the plain game, at its small rate, still shows it. Or use **resize**, which copies each pixel to 2×2 and then convolves (deeper).
#
# ## 5 Batch norm has two modes (4 min)
#
# Batch norm subtracts the mean of each channel and divides by its standard deviation. In **train** mode these are the batch's own, in **eval** mode running averages of earlier batches. A network stays in train mode until somebody calls `.eval()`.

# %%
predict(
    "G is in train mode. The same z comes twice, each time with three other z in its batch. Two equal images?",
    [
        ("Yes, a network is a function of its input", False, "Its input is the whole batch."),
        ("No, the others change its image", True, "The mean is that of all four."),
        ("Yes, if we write torch.no_grad()", False, "That only turns off gradients."),
    ],
)


# %%
def change(G, mode):
    """Draw one z in two batches: largest changes of a pixel, of a running average."""
    G = copy.deepcopy(G).train(mode == "train")
    z, before = judge.noise(32), G[3].running_mean.clone()
    with torch.no_grad():
        first = G(z[:4])[0]
        second = G(z[[0, 4, 5, 6]])[0]
    pixel = (first - second).abs().max().item()
    return pixel, (G[3].running_mean - before).abs().max().item()


# %%
three = seeds.several(3)
short = [train(dcgan_game(seed=seed), seed, rounds=80)[80] for seed in three]
pixel, moved = {"train": [], "eval": []}, {"train": [], "eval": []}
for G, _ in short:
    for mode in pixel:
        of_pixel, of_average = change(G, mode)
        pixel[mode].append(of_pixel)
        moved[mode].append(of_average > 0)
table("largest difference of a pixel, after 80 rounds", pixel)
claim("In train mode other company changes a pixel by more than .1.", pixel["train"], above=0.1)
claim("In eval mode it changes nothing.", pixel["eval"], below=1e-4)
claim("Even under no_grad, sampling in train mode moves the running averages.", moved["train"])

# %% [markdown]
# So samples are drawn in eval mode.
#
# ## 6 An average of weights (5 min)
#
# We sample from an **exponential moving average** (EMA) $\bar\theta$ of $G$'s weights $\theta$. After round $k$ it moves a little: $\bar\theta\leftarrow\beta\,\bar\theta+(1-\beta)\,\theta$. Its **decay** $\beta$ is $(1+k)/(10+k)$, but at most .998. So a young average forgets its random first weights: $\beta$ is .1 at $k=0$, .90 at $k=80$ and .989 at $k=800$.


# %%
def move(average, G, decay):
    """Move the average towards G: weights, and batch norm's running averages."""
    states = zip(average.state_dict().values(), G.state_dict().values(), strict=True)
    for old, new in states:
        if old.is_floating_point():  # all but batch norm's counter
            old.lerp_(new, 1 - decay)  # decay · old + (1 - decay) · new


# %% [markdown]
# Why should it help? Our guess: with large steps the last weights wander about some place, and the average lies nearer to it. But an average also **lags**: it is made of older weights, and in a young game older is worse. With small steps there is less to gain, and the lag remains. So at a small rate it should be worse. Here are recorded games of 300 rounds.

# %%
ablation = recorded("nb06_ablation")
better = {}
for name in ("main game", "rate 2e-4"):
    games = ablation["games"][name].values()
    better[name] = [g["last_weights"]["distance"] / g["distance"] for g in games]
table("distance of the last weights ÷ distance of the average", better)

# %%
claim("At our rate the average is better.", better["main game"], above=1, recorded=ablation)
claim("At a twentieth of the rate it is worse.", better["rate 2e-4"], below=1, recorded=ablation)

# %% [markdown]
# Both fit the guess. *What this does not show:* at the small rate the games are still far from their goal, with distances of more than 170. There the average lags. Whether it would help at the end of a slow game we have not tested.
#
# One trap is left. Batch norm's running averages are **buffers**: they are in `state_dict()`, but not among `parameters()`. What if they are forgotten?

# %%
def distance(G):
    return judge.distance(judge.generate(G, 32))


whole, stale = [], []
for _, average in short:
    G = dcgan_generator(seed=0).eval()  # its running averages are still 0 and 1
    G.load_state_dict(dict(average.named_parameters()), strict=False)
    whole.append(distance(average))
    stale.append(distance(G))
table("distance after 80 rounds", {"average": whole, "its parameters only": stale})
claim("Without its buffers the average is more than twice as far away.", stale, above=2 * torch.tensor(whole))

# %% [markdown]
# The weights are right, but the running averages are still those of a new network. (PyTorch's `AveragedModel` wants `use_buffers=True`.)
#
# ## 7 A walk through its noise (6 min)
#
# We walk in a straight line between two noise vectors, inside a category and from one to another.

# %%
z = judge.noise(32)
category = z[:, :20].argmax(1)
same = z[category == category[0]][1]
other = z[category != category[0]][0]
t = torch.linspace(0, 1, 10)[:, None]
walks = torch.cat([torch.lerp(z[0], same, t), torch.lerp(z[0], other, t)])

# %% [markdown]
# Radford et al. became famous for **arithmetic** with noise. We try "bold − thin + any digit". Category 0 alone says what bold means: the mean noise of its bolder half, minus that of its thinner half. Call this difference $b$, twelve numbers. Digits of all *other* categories are then drawn at $z+2b$ and at $z-2b$, and we compare their ink. Any direction may change the ink, so there is a control: the same twelve numbers, moved to other places.


# %%
def ink(z):
    with torch.no_grad():
        return past_ours[800][1](z).mean((1, 2, 3))  # mean brightness of each fake


mine = z[category == 0]
is_bold = ink(mine) > ink(mine).median()
bolder = mine[is_bold].mean(0) - mine[~is_bold].mean(0)
b = bolder[20:]  # the first 20 numbers are the choice: leave it alone


def gain(b):
    """How much more ink each fake has at z + 2b than at z - 2b."""
    step = F.pad(2 * b, (20, 0))
    return ink(z + step) - ink(z - step)


# %% tags=["hide-input"]
others = z[category != 0][:10]
step = F.pad(2 * b, (20, 0))
bold = torch.cat([others - step, others, others + step])
labels = ["walk in a category", "walk to another", "− 2 (bold − thin)", "as drawn", "+ 2 (bold − thin)"]
title = "Two walks through the noise, and arithmetic with it"
with torch.no_grad():
    x = past_ours[800][1](torch.cat([walks, bold]))
ax = plots.image_grid(x, columns=10, row_labels=labels, title=title)
alt = "Five rows of ten digits. A walk inside a category, where the digit changes its shape step by step. A walk to another category, where it jumps. Then ten digits with thin strokes, as drawn, and with bold strokes."
plots.show(ax.figure, alt=alt)

# %%
known = gain(b)[category != 0].mean()
control = []
for k in range(1, 12):
    control.append(gain(b.roll(k))[category != 0].mean().abs())
table("change of ink", {"along b": known, "same numbers, other places": control})
claim("On average other directions change ink less than half as much.", sum(control) / 11, below=known / 2)

# %% [markdown]
# Inside a category the walk changes the image step by step. To another it jumps, as the choice does. And what one category knows of boldness holds for the others, although nobody told $G$ what bold is. All this is one game.
#
# ## 8 Keep it, stop, and go on (4 min)
#
# For samples, `average.state_dict()` is enough: it holds weights *and* buffers. To *go on* as if nothing had happened, a file needs everything that changes: both players, both optimisers with their memories, the average, and the state of the noise. The number of rounds gives the place in the data. (A stranger's file could run code. `weights_only=True` refuses that.)

# %%
PARTS = ("G", "D", "opt_G", "opt_D", "average")


def save(game, step, file):
    state = {"step": step, "noise": game.noise.get_state()}
    for name in PARTS:
        state[name] = getattr(game, name).state_dict()
    torch.save(state, file)


def load(game, file):
    state = torch.load(file, weights_only=True)
    game.noise.set_state(state["noise"])
    for name in PARTS:
        getattr(game, name).load_state_dict(state[name])
    return state["step"]


# %% [markdown]
# One game plays twelve rounds, and another stops after seven. A third, with other weights and noise, goes on from the file.

# %%
whole, stopped, resumed = dcgan_game(seed=0), dcgan_game(seed=0), dcgan_game(seed=99)
losses = list(dcgan_rounds(whole, x_fit, seed=0, rounds=12))
list(dcgan_rounds(stopped, x_fit, seed=0, rounds=7))
file = Path(tempfile.mkdtemp()) / "game.pt"
save(stopped, 7, file)

step = load(resumed, file)
rest = list(dcgan_rounds(resumed, x_fit, seed=0, rounds=12, start=step))
claim("The resumed game has the same losses, bit for bit.", rest == losses[7:])

# %% [markdown]
# The danger is silence: if `save` and `load` both forget a part, nothing complains (deeper).

# %%
how_sure()

# %% [markdown]
# ## Exercises (35 min)
#
# ### Exercise · Break it: D in eval mode
#
# ●○○ · 10 minutes · you need: section 5. Somebody calls `.eval()` on $D$ before training. **Predict first:** will the game fail, get worse, or hardly notice? Then set `RUN = True`.

# %% tags=["exercise-break"]
RUN = False  # True takes about twenty seconds

if RUN:
    for asleep in (False, True):
        game = dcgan_game(seed=seeds.one())
        game.D.train(not asleep)
        rounds = dcgan_rounds(game, x_fit, seed=seeds.one(), rounds=300)
        for _ in progress(rounds, "rounds", 300):
            pass
        mode = "eval" if asleep else "train"
        print(f"D in {mode} mode: distance {distance(game.average):.0f}")

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# In eval mode batch norm uses its running averages. Who moves them, if $D$ is never in train mode?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Print `game.D[3].running_mean` and `game.D[3].running_var` after the game. What does a layer do that subtracts 0 and divides by 1?
# </details>
#
# <details><summary>Solution</summary>
#
# It hardly notices, and that is the danger. Nobody moves the running averages, so they stay 0 and 1, and each batch norm only multiplies by its weight and adds its bias. $D$ plays as if it had no batch norm. A recorded run has played that game, 300 rounds with four seeds: distances of 14 to 26, and with batch norm 11 to 21. Which of the two is better, these four seeds do not decide.
#
# There is no error: a wrong mode is found only by looking at `D.training`.
# </details>
#
# ### Exercise 1 · How large does it get?
#
# ●○○ · 10 minutes · you need: section 1. A transposed convolution gets `side` pixels. How many does it return? `output_padding` is new: so many pixels are added at one end.


# %% tags=["exercise-1"]
def side_out(side, kernel, stride, padding, output_padding):
    """Five whole numbers. Returns the side of the result."""
    return None  # <- your answer


# %% tags=["check-1"]
nb06.check_1(side_out)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Draw three input pixels and the patches that they write, for stride 2 and kernel 4.
# Where does the last patch begin, and where does it end?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The patches begin at 0, stride, 2·stride and so on. The last one therefore begins at
# `(side - 1) * stride`, and it is `kernel` long. `padding` is cut off at both ends,
# `output_padding` is added at one.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def side_out(side, kernel, stride, padding, output_padding):
#     return (side - 1) * stride + kernel - 2 * padding + output_padding
# ```
# With kernel 4, stride 2, padding 1 this is 2·side: the doubling of section 1.
# </details>
#
# ### Exercise 2 · How long does an average remember?
#
# ●○○ · 5 minutes · you need: section 6. After how many updates has a sudden change of $\theta$ reached $\bar\theta$ by half, for a fixed decay $\beta$?


# %% tags=["exercise-2"]
def half_life(decay):
    """decay between 0 and 1. Returns a number of updates, not rounded."""
    return None  # <- your answer


# %% tags=["check-2"]
nb06.check_2(half_life)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# How much weight does the old value of $\theta$ still have after one update, after two,
# after $n$?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# After $n$ updates the old value has the weight $\beta^n$. Set this to one half and
# solve for $n$ with logarithms. The result need not be whole.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def half_life(decay):
#     return math.log(0.5) / math.log(decay)
# ```
# 346 rounds for .998. With .998 from the start, a fifth of the average would still be random first weights at round 800; section 6's fraction is .989 there, which forgets half in 62 rounds.
# </details>
#
# ### Exercise 3 · The bug in a resume
#
# ●●○ · 10 minutes · you need: section 8. This code resumes a game, and every later batch is another than it should be. Return the right ones.
#
# ```python
# step = load(game, file)
# fed = data.batches(x, batch, seed=seed + step)
# ```


# %% tags=["exercise-3"]
def rest_of_batches(x, batch, seed, step):
    """x (n, ...). Returns an iterator over all batches after the first `step`."""
    return None  # <- your answer


# %% tags=["check-3"]
nb06.check_3(rest_of_batches)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# The same seed shuffles in the same way. So which stream did the interrupted game read
# from, and how far had it come?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Make the stream with the game's own `seed`, and skip what was played:
# `itertools.islice(iterator, start, None)` leaves out the first `start` items and has
# no end.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def rest_of_batches(x, batch, seed, step):
#     return itertools.islice(data.batches(x, batch, seed=seed), step, None)
# ```
# </details>
#
# ## Recap (1 min)
#
# 1. A convolution uses the same few weights at every place, so it knows neighbours ([section 1](#1-A-network-that-knows-neighbours-(5-min))).
# 2. A plain DCGAN is slow on one core, and Adam's settings brought most. What the layers bring depends on what came before ([section 3](#3-What-bought-the-speed?-(1-min))).
# 3. The four pixels of a block have their own weights, so a new generator shows a checkerboard. Equal weights remove it ([section 4](#4-A-checkerboard-(5-min))).
# 4. Sample in eval mode, and average weights *and* buffers. An average helps where weights wander, and lags where they do not ([section 5](#5-Batch-norm-has-two-modes-(4-min)), [section 6](#6-An-average-of-weights-(5-min))).
# 5. A direction of the noise that category 0 calls bold makes other digits bolder, too. A resumed game needs everything that changes ([section 7](#7-A-walk-through-its-noise-(6-min)), [section 8](#8-Keep-it,-stop,-and-go-on-(4-min))).
#
# **Further reading.** Radford, Metz and Chintala 2016 (arXiv:1511.06434), Sections 3 and 6 · Odena, Dumoulin and Olah 2016, *Deconvolution and checkerboard artifacts* (Distill). Next: [07](07_measuring_gans.ipynb), where the ruler itself is measured.
