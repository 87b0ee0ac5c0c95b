# %% [markdown]
# # 06 · DCGAN
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/06_dcgan.ipynb)
#
# ![Ten rows of ten white digits on black, most of them easy to read, drawn by the generator that this notebook trains in half a minute](images/06_dcgan.png)
#
# **In one sentence:** two players that know which pixels are neighbours, what makes them learn fast, and how to keep what they have learned.
#
# **After this lesson you can**
#
# - **build** convolutional players, and name the size of what leaves every layer;
# - **find** which part of a recipe brought its success, and avoid three quiet faults: checkerboards, batch norm in the wrong mode, an average without its buffers;
# - **keep** a generator: save it, walk through its noise, and go on with a stopped game bit for bit.
#
# *Before:* [04](04_gan_laboratory_2d.ipynb), [05](05_mlp_gan.ipynb). *Study:* 45 minutes, and 35 for the exercises. *Run time:* about 75 seconds on one CPU core. *Deeper:* [the second notebook](deeper/06_dcgan.ipynb) switches off one thing at a time, looks at spectra, and proves that a resumed game is the same game.

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
# To the players of notebook 05 an image was a list of numbers. A **convolution** looks at small windows, with the same few weights in each. So neighbours belong together, and a stroke is a stroke wherever it lies.
#
# Radford, Metz and Chintala (2016) built both players from convolutions, and called the result DCGAN. Here is a small one, made as they advise. At the right stands the size of what leaves a layer.

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
# Read `nn.Conv2d(1, 16, 4, 2, 1)` like this: one image goes in, 16 come out. Windows are 4×4 pixels and move by two (the **stride**), with a row of zeros around the image. So the side halves (the third layer's windows of 3 make 7 to 4). Before batch norm a bias would be lost, so `bias=False`. A **transposed convolution** goes the other way. Every pixel paints a patch of 4×4, the patches start two pixels apart, and they add up. So the side doubles. Images inside a network are called **channels**. Batch norm is for section 5.

# %% [markdown]
# ## 2 A plain DCGAN, and ours (8 min)
#
# Our own DCGAN, which later notebooks use, differs from the plain one in six things.
#
# | | plain | ours | more |
# |---|---|---|---|
# | Adam | rate 2e-4, $\beta_1=0.5$ | rate 4e-3, $\beta_1=0$ | section 3 |
# | noise | 32 normal numbers | 20 of them make a choice | below |
# | samples | from the last weights | from an average of weights | section 6 |
# | doubling | transposed convolution | another layer, "sub-pixel" | section 4 |
# | end of $D$ | the score | 64 more neurons, then the score | deeper |
# | first weights | standard deviation 0.02 | 0.05 | deeper |
#
# What is a choice? In notebook 04 $G$ could stretch its net but never tear it, so threads remained. Our noise is torn before $G$ begins: the largest of its first 20 numbers picks one of 20 categories.


# %%
class Choice(nn.Module):
    def forward(self, z):
        category = F.one_hot(z[:, :20].argmax(1), 20)  # twenty zeros, but one 1
        return torch.cat([4.0 * category, z[:, 20:]], dim=1)


# %% [markdown]
# `dcgan_game` builds our players and their optimisers. `dcgan_rounds` is `play` of notebook 04, but after each round an average of $G$'s weights moves.

# %%
LOOKS = (25, 50, 80, 100, 150, 200, 300, 400, 600, 800)


def train(game, seed, rounds=800):
    """Play; return {round: copies of G and of the average} for sampling."""
    past = {}
    played = dcgan_rounds(game, x_fit, seed=seed, rounds=rounds)
    for step, _ in enumerate(progress(played, f"seed {seed}", rounds), start=1):
        if step in LOOKS:
            past[step] = copy.deepcopy((game.G, game.average))
            past[step][0].eval()  # section 5 says why
    return past


# %%
predict(
    "The MLP of notebook 05 gets as many seconds. Whose fakes will be the worst?",
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
ours = dcgan_game(seed=seed)
past_plain = train(plain, seed)
past_ours = train(ours, seed)

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
plots.gif(fig, draw, 10, fps=2, colors=16, alt=alt)

# %%
def distance(G):
    """The distance of notebook 05, of 2,000 fakes from real images."""
    return judge.distance(judge.generate(G, 32))


record = recorded("nb06_what_bought_it")
after_20 = {}  # recorded: {game: distances after 20 CPU-seconds, one per seed}
for game in record["games"].values():
    for name, looks in game.items():
        after_20.setdefault(name, []).append(looks[-1]["distance"])
d_plain, d_ours = distance(past_plain[800][0]), distance(past_ours[800][1])
rows = {"plain DCGAN": d_plain, "our DCGAN": d_ours}
rows["MLP of notebook 05 (recorded)"] = after_20["MLP of notebook 05"]
table("distance from real images", rows, floor={"real images": judge.floor})
claim("Ours is more than five times nearer to the data.", d_ours, below=d_plain / 5)

# %% tags=["hide-input", "head-picture"]
title = "The first hundred samples of our DCGAN, none left out"
samples = judge.generate(past_ours[800][1], 32)[:100]
ax = plots.image_grid(samples, columns=10, title=title)
alt = "A hundred samples, ten by ten, white strokes on black. Most are easy to read, about one in five is not."
plots.show(ax.figure, alt=alt)

# %% [markdown]
# How many of the hundred can you not read?
#
# ## 3 What bought the speed? (3 min)
#
# Which of the six changes did it? It is tempting to thank the convolutions. But then the plain one should have beaten the MLP. A fair answer changes the recipe step by step, and gives everybody 20 CPU-seconds. The MLP may also play with our noise and our average.

# %%
predict(
    "We give the plain DCGAN one thing of ours. What brings it nearer to the data?",
    [
        ("The choice and the average", False, "They help the MLP. Adam's settings help this one more."),
        ("Adam's rate and momentum", True, "Twenty times the rate. Look where the green line ends."),
        ("Nothing: only all six together work", False, "Adam's settings alone bring a lot."),
    ],
)

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7.6, 3.9))
shown = {
    "MLP of notebook 05": ("MLP of notebook 05", plots.GREY),
    "MLP, noise and average": ("MLP + noise, average", plots.PINK),
    "plain DCGAN": ("plain DCGAN", plots.DISC),
    "plain, our Adam": ("plain + Adam", plots.GREEN),
    "plain, our Adam, noise and average": ("plain + Adam, noise, average", plots.SKY),
    "ours": ("ours", plots.FAKE),
}
lines = {}
for name, (label, color) in shown.items():
    runs = [[look["distance"] for look in game[name]] for game in record["games"].values()]
    lines[label] = (torch.tensor(runs), color)
looks = torch.tensor(record["looks"])
plots.lines(looks, lines, log="xy", ylim=(record["floor"] * 0.8, 900), ax=ax)
ax.axhline(record["floor"], color=plots.REAL, linestyle=":")
ax.text(1.05, record["floor"] * 1.1, "real images", color=plots.REAL)
ax.set(xlabel="CPU-seconds", ylabel="distance from real images", title="Most of the gap is closed by Adam's settings")
ax.set_xticks(record["looks"], [str(look) for look in record["looks"]])
ax.set_xticks([], minor=True)
alt = "Distance against CPU-seconds on logarithmic axes, six games, bands over seeds. The plain DCGAN falls last and ends far above all others. The MLP flattens. The MLP with noise and average, and the plain DCGAN with our Adam, end close together; with noise and average it ends a little lower, and ours ends lowest."
plots.show(fig, alt=alt)

# %%
table("distance after 20 CPU-seconds", after_20, floor={"real images": record["floor"]})
claim(
    "After 20 seconds the plain DCGAN is behind the MLP of notebook 05.",
    after_20["plain DCGAN"], above=after_20["MLP of notebook 05"], recorded=record,
)
claim(
    "With our Adam the same DCGAN is more than three times nearer.",
    after_20["plain, our Adam"], below=torch.tensor(after_20["plain DCGAN"]) / 3,
    recorded=record,
)
claim(
    "Noise and average bring the MLP to less than half of its distance.",
    after_20["MLP, noise and average"],
    below=torch.tensor(after_20["MLP of notebook 05"]) / 2, recorded=record,
)

# %% [markdown]
# So the plain DCGAN was not a bad network, but a slow one. With twenty times the rate, and without momentum, the same layers leave the MLP behind. An MLP with noise and average keeps up with the green line. What is left for the convolutions?

# %%
claim(
    "With the same noise and average, the DCGAN is nearer than the MLP in most seeds.",
    after_20["plain, our Adam, noise and average"],
    below=after_20["MLP, noise and average"], in_at_least=4, recorded=record,
)
claim(
    "Ours is the nearest of all six games.",
    after_20["ours"], below=after_20["plain, our Adam, noise and average"], recorded=record,
)

# %% [markdown]
# In one seed it goes the other way. *What surprised us:* how little is left for the convolutions in this order of the steps. In another order they bring more: the MLP of notebook 05, which has a fast Adam too, is three times as far away as the green line. *What this does not show:* longer games (the black line still falls), and wide networks on a GPU. (In the deeper notebook we move all pixels. Then our DCGAN is left behind, so it does use neighbours.)
#
# ## 4 A checkerboard, and what to change (4 min)
#
# Look again at the film. After 300 rounds the plain game's fakes have a fine pattern, light and dark in turn, called a **checkerboard**. Odena et al. (2016) explained one kind: where the stride does not divide the window, some pixels are painted more often than others. But our windows of 4 at stride 2 paint all pixels equally often.

# %%
predict(
    "Will a new G with such windows show a checkerboard?",
    [
        ("No, all pixels are painted equally often", False, "Equally often, but with different weights."),
        ("Yes, before it has learned anything", True, "The four pixels of a block have weights of their own."),
        ("Only after training", False, "It is there at the start."),
    ],
)

# %% [markdown]
# We suspect the weights: each pixel of a 2×2 block has its own. **Sub-pixel** convolution shows it best: it computes four channels and lays them out as a block. An **even start** copies the weights of one place to all four. Then the same network must begin without a checkerboard.


# %%
def checkerboard(G):
    """How much the four places of 2 × 2 blocks differ in brightness."""
    x = judge.generate(G, 32)
    places = F.pixel_unshuffle(x, 2).mean((2, 3))  # (n, 4): the mean of each place
    return (places.std(1) / x.std((1, 2, 3))).mean().item()


WAYS = {
    "transposed": {"upsampling": "transposed"},
    "sub-pixel": {"even": False},
    "sub-pixel, even start": {},  # ours
    "resize": {"upsampling": "resize"},
}
found = {}
for name, way in WAYS.items():
    found[name] = []
    for seed in seeds.several(5):
        found[name].append(checkerboard(dcgan_generator(seed=seed, **way)))
table("checkerboard", found)

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 5, figsize=(10, 2.4))
pictures = {"plain game, round 300": past_plain[300][0]}
for name, way in WAYS.items():
    pictures[f"new, {name}"] = dcgan_generator(seed=0, **way)
for ax, (name, net) in zip(axes, pictures.items(), strict=True):
    x = judge.generate(net, 32)[0, 0]
    ax.imshow(x, cmap="gray", vmin=x.min(), vmax=x.max())
    ax.set(xticks=[], yticks=[])
    ax.set_title(name.replace(", ", ",\n", 1), fontsize=10)
alt = "Five images, contrast stretched. The plain game at round 300 and new transposed and sub-pixel generators show a fine pattern of light and dark pixels. With an even start there are only coarse squares, with resize only soft clouds."
plots.show(fig, alt=alt)

# %%
claim("A new transposed generator has a strong checkerboard.", found["transposed"], above=0.1)
claim("So has a new sub-pixel generator.", found["sub-pixel"], above=0.1)
claim("With an even start it has none.", found["sub-pixel, even start"], below=0.02)

# %% [markdown]
# The suspicion holds: only the start differs. What should you change when you see a checkerboard? First, train on, and look again. Second, let the stride divide the window. Third, take sub-pixel convolution with an even start, or **resize**: copy each pixel to 2×2, then convolve.
#
# ## 5 Batch norm has two modes (3 min)
#
# Batch norm subtracts the mean of each channel and divides by its standard deviation. In **train** mode these are the numbers of the batch at hand, in **eval** mode running averages of earlier batches. A network stays in train mode until somebody calls `.eval()`.

# %%
predict(
    "G is in train mode. The same z comes twice, each time with three other z in its batch. Two equal images?",
    [
        ("Yes, a network is a function of its input", False, "Its input is the whole batch."),
        ("No, the others change its image", True, "Mean and deviation are those of all four."),
        ("Yes, if we write torch.no_grad()", False, "That turns off gradients, not batch norm."),
    ],
)


# %%
def in_company(G, mode):
    """Images of one z in eight batches, each time with three others."""
    G = copy.deepcopy(G).train(mode == "train")
    one, others = judge.noise(32)[:25].split([1, 24])
    images = []
    for three in others.split(3):
        with torch.no_grad():
            images.append(G(torch.cat([one, three]))[:1])
    return torch.cat(images)


# %%
short = []
for seed in seeds.several(3):
    short.append(train(dcgan_game(seed=seed), seed, rounds=80)[80])
spread = {"train": [], "eval": []}
for G, _ in short:
    for mode, values in spread.items():
        images = in_company(G, mode)
        values.append((images.amax(0) - images.amin(0)).max())
table("largest difference of a pixel, after 80 rounds", spread)
claim("In train mode an image depends on its company.", spread["train"], above=0.1)
claim("In eval mode it does not.", spread["eval"], below=1e-4)

# %% [markdown]
# So samples are drawn in eval mode. Whoever samples in train mode also moves the running averages, even under `no_grad`.
#
# ## 6 An average of weights (5 min)
#
# The last weights are an accident of the last batches. So we sample from an **exponential moving average** (EMA) of $G$'s weights $\theta$. After round $k$ it moves a little:
#
# $$\bar\theta\leftarrow\beta\,\bar\theta+(1-\beta)\,\theta,\qquad\beta=\min\left(.998,\tfrac{1+k}{10+k}\right).$$
#
# The fraction lets a young average forget its random first weights.


# %%
def move(average, G, decay):
    """Move the average towards G: weights, and batch norm's running averages."""
    states = zip(average.state_dict().values(), G.state_dict().values(), strict=True)
    for old, new in states:
        if old.is_floating_point():  # all but batch norm's counter
            old.lerp_(new, 1 - decay)  # decay · old + (1 - decay) · new


# %% [markdown]
# Why should it help? Our guess: with large steps the last weights wander about some place, and the average lies nearer to it. Then the average must *not* help at a small rate. We look at recorded games of 300 rounds, with our rate and with the paper's.

# %%
ablation = recorded("nb06_ablation")
better = {}
for name in ("main game", "rate 2e-4"):
    better[name] = []
    for game in ablation["games"][name].values():
        better[name].append(game["last_weights"]["distance"] / game["distance"])
table("distance of the last weights ÷ distance of the average", better)

# %%
claim("At our rate the average is better.", better["main game"], above=1, recorded=ablation)
claim("At a twentieth of the rate it is worse.", better["rate 2e-4"], below=1, recorded=ablation)

# %% [markdown]
# The average removes wandering, and it pays by looking back. In a game that still moves in one direction it only lags behind.
#
# One trap is left. Batch norm's running averages are **buffers**: they are in `state_dict()`, but not among `parameters()`. What if somebody averages only parameters?

# %%
whole, stale = [], []
for _, average in short:
    G = dcgan_generator(seed=0).eval()  # its running averages are still 0 and 1
    G.load_state_dict(dict(average.named_parameters()), strict=False)
    whole.append(distance(average))
    stale.append(distance(G))
table("distance after 80 rounds", {"average": whole, "its parameters only": stale})
claim("Without its buffers the average is more than twice as far away.", stale, above=2 * torch.tensor(whole))

# %% [markdown]
# The weights are right, but every batch norm divides by the wrong number. (PyTorch's `AveragedModel` averages buffers only with `use_buffers=True`.)
#
# ## 7 People (4 min)
#
# Does the recipe carry over? The course has a second data set: people in colour, 32×32 pixels. A program draws them, so it knows who wears glasses. What do the settings of the digits make of them?
#
# ![Twenty-eight noisy small faces. Many look alike, and the same few pictures come again](images/06_people_digits.png)
#
# Above, the settings of the digits after a minute. Below, `games.people_game` after a minute.
#
# ![Twenty-eight small faces, softer and cleaner, each different from the others](images/06_people_ours.png)
#
# Its rate begins at a quarter and falls to a tenth of that. It also has smaller batches, plain noise, R1 (notebook 03) instead of batch norm in $D$, and smooths each image a little at the end. Which of these matters? A record takes back one at a time.

# %%
people = recorded("nb06_people")
minute = [game[-1]["distance"] for game in people["main"]]
digits_settings = [game["distance"] for game in people["digits"]]
after_half = {}  # one thing changed, half a minute each, two seeds
for name, games in people["settings"].items():
    after_half[name] = [game["distance"] for game in games]
table("distance after half a minute", after_half, floor={"real people": people["floor"]})

# %%
claim(
    "The settings of the digits end at twice our distance or more.",
    digits_settings, above=2 * max(minute), recorded=people,
)
claim(
    "Their rate alone makes it three times as large.",
    after_half["rate 4e-3, not falling"],
    above=3 * max(after_half["ours"]), recorded=people,
)

# %% [markdown]
# It was the rate. The other rows lie much closer, and two seeds decide little about them. *What surprised us:* we had expected the noise categories and batch norm in $D$ to fail, too. (The [deeper notebook](deeper/06_dcgan.ipynb) counts how many wear glasses.)
#
# ## 8 Keep it, and walk through its noise (6 min)
#
# Save the numbers and not the object: `state_dict()` holds weights *and* buffers.

# %%
folder = Path(tempfile.mkdtemp())
torch.save(ours.average.state_dict(), folder / "digits.pt")

# %% [markdown]
# The next cell could stand in another program. It builds the same layers and fills in the numbers. A file from a stranger could run code, and `weights_only=True` refuses that.

# %%
G = dcgan_generator(seed=0)  # other weights, for a moment
G.load_state_dict(torch.load(folder / "digits.pt", weights_only=True))
G.eval()  # and it shows the layers of ours

# %% [markdown]
# The simplest walk is a straight line between two noise vectors. We take one inside a category, and one to another category.

# %%
z = judge.noise(32)
category = z[:, :20].argmax(1)
same = z[category == category[0]][1]
other = z[category != category[0]][0]
t = torch.linspace(0, 1, 10)[:, None]
walks = torch.cat([torch.lerp(z[0], same, t), torch.lerp(z[0], other, t)])

# %% [markdown]
# Radford et al. became famous for **arithmetic** with noise: "smiling woman − woman + man" gave a smiling man. We try "bold − thin + any digit". *One* category says what bold means, and digits of all *other* categories must become bolder.


# %%
def ink(z):
    with torch.no_grad():
        return G(z).mean((1, 2, 3))  # mean brightness of each fake


mine, others = z[category == 0], z[category != 0]
is_bold = ink(mine) > ink(mine).median()
style = (mine[is_bold].mean(0) - mine[~is_bold].mean(0))[20:]  # leave the choice alone
bolder = F.pad(style, (20, 0))
gain = ink(others + 2 * bolder) - ink(others - 2 * bolder)

# %% tags=["hide-input"]
bold = torch.cat([others[:10] - 2 * bolder, others[:10], others[:10] + 2 * bolder])
labels = ["walk in a category", "walk to another", "− 2 (bold − thin)", "as drawn", "+ 2 (bold − thin)"]
title = "Two walks through the noise, and arithmetic with it"
with torch.no_grad():
    x = torch.cat([G(walks), G(bold)])
ax = plots.image_grid(x, columns=10, row_labels=labels, title=title)
alt = "Five rows of ten digits. A walk inside a category, where the digit changes its shape step by step. A walk to another category, where it jumps. Then ten digits with thin strokes, as drawn, and with bold strokes."
plots.show(ax.figure, alt=alt)

# %%
claim(
    "In other categories ink grows by more than a standard deviation.",
    gain.mean() / ink(others).std(), above=1,
)

# %% [markdown]
# Inside a category the walk changes the image step by step. To another category it jumps, because the choice jumps. And what one category knows of boldness holds for the others, although nobody told $G$ what bold is.
#
# ## 9 Stop, and go on (4 min)
#
# To *go on* as if nothing had happened, a file needs everything that changes: both players, both optimisers with their memories, the average, and the state of the noise. The number of rounds gives the place in the data.

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
# One game plays twelve rounds. Another stops after seven. A third, with other weights and noise, goes on from the file.

# %%
whole, stopped, resumed = dcgan_game(seed=0), dcgan_game(seed=0), dcgan_game(seed=99)
losses = list(dcgan_rounds(whole, x_fit, seed=0, rounds=12))
list(dcgan_rounds(stopped, x_fit, seed=0, rounds=7))
save(stopped, 7, folder / "game.pt")

step = load(resumed, folder / "game.pt")
rest = list(dcgan_rounds(resumed, x_fit, seed=0, rounds=12, start=step))
claim("The resumed game has the same losses, bit for bit.", rest == losses[7:], exact=True)
z = judge.noise(32)[:10]
claim("And its average draws the same.", torch.equal(whole.average(z), resumed.average(z)), exact=True)

# %% [markdown]
# The danger is silence: leave out a part on both sides, and nothing complains. The deeper notebook proves that nothing is missing here, and leaves out every part once.

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
# No error, no strange loss: a wrong mode is found only by looking at `D.training`.
# </details>
#
# ### Exercise 1 · How large does it get?
#
# ●○○ · 10 minutes · you need: section 1. A transposed convolution gets `side` pixels. How many does it return?


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
    """decay between 0 and 1. Returns a number of updates (it need not be whole)."""
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
# ●●○ · 10 minutes · you need: section 9. This code resumes a game, and every later batch is another than it should be. Return the right ones.
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
# 1. A convolution uses the same few weights at every place and knows which pixels are neighbours ([section 1](#1-A-network-that-knows-neighbours-(5-min))).
# 2. A plain DCGAN with the paper's learning rate is slow on one core. At equal seconds Adam's settings brought most; what convolutions bring depends on what else is there ([section 3](#3-What-bought-the-speed?-(3-min))).
# 3. The four pixels of a block have weights of their own, so a new generator shows a checkerboard, unless it starts evenly ([section 4](#4-A-checkerboard,-and-what-to-change-(4-min))).
# 4. Sample in eval mode, and average weights *and* buffers. The average helps where the last weights wander, and lags where they do not ([section 5](#5-Batch-norm-has-two-modes-(3-min)), [section 6](#6-An-average-of-weights-(5-min))).
# 5. A saved generator can be walked through, and one direction makes digits of all categories bolder. A resumed game needs everything that changes ([section 8](#8-Keep-it,-and-walk-through-its-noise-(6-min)), [section 9](#9-Stop,-and-go-on-(4-min))).
#
# **Further reading.** Radford, Metz and Chintala 2016 (arXiv:1511.06434), Sections 3 and 6 · Odena, Dumoulin and Olah 2016, *Deconvolution and checkerboard artifacts* (Distill). Next: [07](07_measuring_gans.ipynb), where the ruler itself is measured.
