# %% [markdown]
# # 05 · An MLP GAN for digits, deeper
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/deeper/05_mlp_gan.ipynb)
#
# Comes after [lesson 05](../05_mlp_gan.ipynb), and no later lesson needs it.
#
# **After this you can**
#
# - **prove** that two games are the same game, to rounding;
# - **check** a ruler on a case that can be computed on paper;
# - **find** why a pair of data range and output activation works, by changing one thing at a time;
# - **say** what a test for copies misses.
#
# *Study:* 45 minutes, and 20 for the exercises. *Run time:* about 45 seconds on one CPU core.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import math

import torch
from torch import nn
from torch.linalg import cholesky, inv
from torch.nn import functional as F

from gan_helpers import data, metrics, plots, seeds
from gan_helpers.checks import nb05
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.judge import make_judge
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict, progress
from gan_helpers.training import play, play_many, stack

plots.use_course_style()
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings

# %% [markdown]
# The data, the players and the game are those of the lesson.

# %%
judge = make_judge(data.load_images("auto"))
x_fit = judge.parts.fit.images.flatten(1)
x_report = judge.parts.report.images.flatten(1)


def make_players(seed):
    G = mlp((64, 64, 128, 784), seed=2 * seed, last=nn.Tanh())
    D = mlp((784, 128, 64, 1), seed=2 * seed + 1)
    return G, D


def adam(player, lr=3e-3):
    return torch.optim.Adam(player.parameters(), lr=lr, betas=(0.0, 0.9))


def game_of(G, D, x, seed, rounds):
    batches = data.batches(x, 64, seed=seed, steps=rounds)
    game = play(G, D, adam(G), adam(D), batches, 64, seed=1000 + seed)
    return list(progress(game, f"seed {seed}", rounds))


# %% [markdown]
# ## 1 The same game, to ten digits (4 min)
#
# The lesson moved all pixels to new places and saw no harm. The reason it gave can be tested exactly. If nothing in the game knows which pixels are neighbours, then it is enough to give both games the same first weights, in the order of their pixels. They must then play the *same* game.

# %%
order = torch.randperm(784, generator=data.make_generator(7))


def twenty_rounds(seed, moved):
    """Losses (20, 2), with images or with moved pixels and weights."""
    G, D = make_players(seed)
    G, D, x = G.double(), D.double(), x_fit.double()
    if moved:
        x = x[:, order]
        G[-2].weight.data = G[-2].weight[order].data
        G[-2].bias.data = G[-2].bias[order].data
        D[0].weight.data = D[0].weight[:, order].data
    losses = game_of(G, D, x, seed, rounds=20)
    return torch.tensor(losses, dtype=torch.float64)


gaps = []
for seed in seeds.several(3):
    gap = twenty_rounds(seed, moved=True) - twenty_rounds(seed, moved=False)
    gaps.append(gap.abs().max().item())
claim(
    "The losses of both games agree in the first twenty rounds.",
    gaps, below=1e-10, exact=True,
)

# %% [markdown]
# We used double precision, because the order of a sum changes its rounding, and a game multiplies small differences. After some hundred rounds the two games show different digits of the same quality.
#
# ## 2 The ruler, checked on paper (6 min)
#
# A ruler should be tried where the length is known. Take two clouds in two dimensions with
#
# $$\Sigma_r=\begin{pmatrix}1&0\\0&4\end{pmatrix},\qquad\Sigma_f=\begin{pmatrix}2&-1\\-1&2\end{pmatrix}.$$
#
# The trace of a root is the sum of the roots of the eigenvalues. The product $\Sigma_r\Sigma_f$ has trace 10 and determinant 12. Its eigenvalues are therefore two numbers with sum 10 and product 12, and the square of the sum of their roots is $10+2\sqrt{12}$. With equal means the distance is $5+4-2\sqrt{10+2\sqrt{12}}$.


# %%
def with_moments(covariance, n=50):
    """n points whose mean is exactly 0 and whose covariance is exactly as given."""
    x = torch.randn(n, 2, generator=data.make_generator(1)).double()
    x = x - x.mean(0)
    white = cholesky(inv(x.T.cov()))  # x @ white has covariance 1
    return x @ white @ cholesky(covariance).T


tall = with_moments(torch.tensor([[1.0, 0.0], [0.0, 4.0]]).double())
wide = with_moments(torch.tensor([[2.0, -1.0], [-1.0, 2.0]]).double())
paper = 9 - 2 * math.sqrt(10 + 2 * math.sqrt(12))
measured = metrics.frechet_distance(real=tall, fake=wide)
shifted = metrics.frechet_distance(real=tall, fake=wide + 0.5)
claim("The ruler gives the value on paper.", measured, near=paper, within=1e-9, exact=True)
claim("Moved by a half in both directions, it gives a half more.", shifted - measured, near=0.5, within=1e-9, exact=True)

# %% [markdown]
# The floor, too, can be understood. It is there because two finite samples differ, so it should fall when the samples grow.

# %%
predict(
    "We compare 250 real images with 250 others, and then 2,000 with 2,000. How do the floors compare?",
    [
        ("They are equal: it is the same source", False, "The source is the same, but small samples differ more."),
        ("The first is several times larger", True, "The bias of this distance falls about as one over the number."),
        ("The first is smaller: fewer images, fewer differences", False, "Distances of means are not sums over images."),
    ],
)

# %%
real, _ = judge.look_at(x_report)
other, _ = judge.look_at(x_fit[:2000])
floors = {}
for n in (250, 500, 1000, 2000):
    found = []
    for k in range(0, 2000, n):
        one, two = real[k : k + n], other[k : k + n]
        found.append(metrics.frechet_distance(real=one, fake=two))
    floors[f"{n:,}"] = sum(found) / len(found)
table("mean distance of real from real images", floors, name="images of each")

# %%
claim(
    "With an eighth of the images the floor is more than five times as high.",
    floors["250"] / floors["2,000"], above=5,
)

# %% [markdown]
# So compare distances at equal numbers of images only. Notebook 07 says what to do when you cannot.
#
# ## 3 Which ranges fit together? (17 min)
#
# The lesson ends $G$ with `Tanh`, whose values lie in $(-1,1)$ as those of the data do. Suppose somebody takes `Sigmoid`, which gives values in $(0,1)$. As a control, the same players also get data from 0 to 1.


# %%
def sigmoid_game(x, seed):
    """200 rounds with a sigmoid at the end of G: the game's fakes, and its late L_D."""
    _, D = make_players(seed)
    G = mlp((64, 64, 128, 784), seed=2 * seed, last=nn.Sigmoid())
    losses = torch.tensor(game_of(G, D, x, seed, rounds=200))
    return judge.generate(G, 64), losses[-100:, 0].mean()


cannot, can, highest = [], [], []
for seed in seeds.several(3):
    fakes, loss_D = sigmoid_game(x_fit, seed)
    cannot.append(loss_D)
    highest.append(fakes.max())
    can.append(sigmoid_game((x_fit + 1) / 2, seed)[1])
print(f"data  {x_fit.min():.2f} to {x_fit.max():.2f}")
print(f"fakes {fakes.min():.2f} to {fakes.max():.2f}")
table("L_D, rounds 100 to 200", {"data -1 to 1": cannot, "data 0 to 1": can})

# %%
claim("If G cannot reach black, D knows every fake.", cannot, below=0.1)
claim("With data that the same G can reach, D does not.", can, above=0.5)
claim("Every pixel of the fakes is at the sigmoid's lower end.", highest, below=0.05)

# %% [markdown]
# Most pixels of a digit are black, which is $-1$. A sigmoid gets no lower than 0, and after 200 rounds $G$ puts *every* pixel there: $D$ has won. On data from 0 to 1 it has not. So the range is the main cause, not the sigmoid.
#
# "Scale images to $[-1,1]$ and end with tanh" is the usual advice. What exactly must fit? We go back to the 8×8 digits of notebook 00, where five games train in a few seconds as one stack (`play_many` of notebook 04).

# %%
small = make_judge(data.digits8())
x_small = small.parts.fit.images.flatten(1)


class Output(nn.Module):
    """An activation made of a function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def train_small(low, high, last, look=None, rounds=500):
    """Five games, data in [low, high], D sees look(x): distances, L_D, fakes."""
    x = low + (x_small + 1) / 2 * (high - low)
    Gs, Ds, batches = [], [], []
    for seed in seeds.several(5):
        Gs.append(mlp((16, 64, 64, 64), seed=2 * seed, last=last))
        D = mlp((64, 64, 64, 1), seed=2 * seed + 1)
        Ds.append(nn.Sequential(Output(look), D) if look else D)
        batches.append(data.batches(x, 64, seed=seed, steps=rounds))
    G, D = stack(Gs), stack(Ds)
    opt_G = torch.optim.Adam(G.params.values(), lr=2e-3, betas=(0.0, 0.9))
    opt_D = torch.optim.Adam(D.params.values(), lr=2e-3, betas=(0.0, 0.9))
    noise = [1000 + seed for seed in seeds.several(5)]
    game = play_many(G, D, opt_G, opt_D, batches, 16, seeds=noise)
    losses = [loss_D for loss_D, _ in progress(game, "five games", rounds)]
    distances, shown = [], []
    for G in Gs:
        fakes = 2 * (small.generate(G, 16) - low) / (high - low) - 1
        fakes = fakes.clamp(-1, 1)  # clipped, as a viewer does
        shown.append(fakes[:12])
        distances.append(small.distance(fakes))
    late = torch.stack(losses[-100:]).mean(0)
    return torch.tensor(distances), late, shown[0]


# %%
predict(
    "Data in [0, 1] and an output of tanh, which also makes values below 0: what happens?",
    [
        ("The game fails: the ranges differ", False, "D punishes values below 0, and G can avoid them."),
        ("It works as well as the usual pair", True, "The range of the data can be reached, with room beyond its ends."),
        ("Half of the pixels stay negative", False, "Some do, and clipping hides them. Print minimum and maximum."),
    ],
)

# %%
pairs = {
    "[-1, 1], tanh": (-1, 1, nn.Tanh()),
    "[0, 1], tanh": (0, 1, nn.Tanh()),
    "[-1, 1], no activation": (-1, 1, None),
    "[0, 16], 8 + 8 tanh": (0, 16, Output(lambda x: 8 + 8 * x.tanh())),
    "[0, 1], sigmoid": (0, 1, nn.Sigmoid()),
    "[-1, 1], sigmoid": (-1, 1, nn.Sigmoid()),
    "[0, 16], tanh": (0, 16, nn.Tanh()),
}
found, loss_D, shown = {}, {}, {}
for name, (low, high, last) in pairs.items():
    found[name], loss_D[name], shown[name] = train_small(low, high, last)
table("distance from real images, clipped to the data's range", found, floor={"real images": small.floor}, name="data, output")
table("L_D, last 100 rounds", loss_D, name="data, output")

# %% tags=["hide-input"]
rows = torch.cat([*shown.values(), small.parts.report.images[:12].flatten(1)])
ax = plots.image_grid(rows.view(-1, 1, 8, 8), columns=12, row_labels=[*shown, "real"], title="Five pairs work, two cannot")
alt = "Fakes of one seed for each pair of data range and output: rough digits in the first four rows, blotchy ones for a sigmoid in 0 to 1, plain grey and black where the range cannot be reached. The last row is real."
plots.show(ax.figure, alt=alt)

# %%
usual = found["[-1, 1], tanh"]
claim(
    "If G cannot reach the black of the data, D knows its fakes.",
    loss_D["[-1, 1], sigmoid"], below=0.4,
)
claim(
    "If the data are sixteen times as large as what G can make, it knows them, too.",
    loss_D["[0, 16], tanh"], below=0.4,
)
claim(
    "Data sixteen times as large do no harm in the median seed, if G reaches them.",
    found["[0, 16], 8 + 8 tanh"], below=1.5 * usual.median(), median=True,
)
claim(
    "A range that fits is not enough: [0, 1] with a sigmoid is worse in every seed.",
    found["[0, 1], sigmoid"], above=usual,
)

# %% [markdown]
# The last claim asks for a reason. A sigmoid *is* a tanh: $\sigma(t)=(1+\tanh(t/2))/2$. So this pair differs from the usual one in two things only. The slope is that of $t/2$, and $D$ sees numbers in $[0,1]$ in place of $[-1,1]$. We can undo each of them alone.

# %%
def half_tanh(x):
    return (1 + x.tanh()) / 2  # in [0, 1], with the slope of tanh


def centred(x):
    return 2 * x - 1  # from [0, 1] to [-1, 1]


slope, _, _ = train_small(0, 1, Output(half_tanh))
scale, _, _ = train_small(0, 1, nn.Sigmoid(), look=centred)
undone = {
    "[0, 1], sigmoid": found["[0, 1], sigmoid"],
    "slope undone: (1 + tanh) / 2": slope,
    "scale undone: D sees 2x - 1": scale,
    "both undone: [-1, 1], tanh": found["[-1, 1], tanh"],
}
table("distance from real images", undone, floor={"real images": small.floor})

# %%
nothing = found["[0, 1], sigmoid"]
claim("Undoing the slope alone helps in the median seed.", slope, below=nothing, median=True)
claim("Undoing the scale alone helps in the median seed.", scale, below=nothing, median=True)

# %% [markdown]
# Both matter. But why should a slope matter, if the range is the same? Most pixels of a digit are black, exactly $-1$. A tanh reaches $-1$ only at minus infinity, and a flatter one is even slower. If this is the reason, then an output that goes a little *beyond* the data should be better than the usual one.

# %%
def wide_tanh(x):
    return 1.5 * x.tanh()


beyond, _, _ = train_small(-1, 1, Output(wide_tanh))
rows = {"tanh": found["[-1, 1], tanh"], "1.5 tanh": beyond}
table("distance from real images, data in [-1, 1]", rows, name="output")
claim(
    "An output that reaches beyond the data is nearer to real digits in the median seed.",
    beyond, below=usual, median=True,
)

# %% [markdown]
# *What surprised us:* data in $[0,1]$ with tanh, a known bug of public scripts, belongs to this kind, and so does no activation at all. Both score better here than the advice that everybody follows. The judge sees their fakes clipped, as a viewer does.
#
# *What this does not show:* the order may be another for larger images and longer games. On the 28×28 digits, in three seeds of 600 rounds, data in $[0,1]$ with tanh were a little worse than the usual pair.
#
# ## 4 What a test for copies misses (9 min)
#
# The lesson compared the nearest training image with the nearest held-out one. Two questions are open. Is a ratio a little below 1 more than chance? And which copies would it miss? For the first, we ask the same fakes about other sets of 64 images, which their game has never seen.

# %%
fakes, own_images = [], []
for seed in seeds.several(3):
    x = next(data.batches(x_fit, 64, seed=seed))
    G, D = make_players(seed)
    game_of(G, D, x, seed, rounds=600)
    own_images.append(x)
    fakes.append(judge.generate(G, 64)[:500])


def ratio(fake, train):
    """Median distance to the nearest training image over that to a held-out one."""
    held_out = x_report[: len(train)]
    return metrics.memorisation(fake=fake, train=train, held_out=held_out).ratio


# %%
own, others = [], []
strangers = x_report[64:1344].split(64)  # twenty sets that no game has seen
for k in range(3):
    own.append(ratio(fakes[k], own_images[k]))
    lowest = 1.0
    for stranger in strangers:
        lowest = min(lowest, ratio(fakes[k], stranger))
    others.append(lowest)
rows = {"their own 64 images": own, "lowest of 20 other sets": others}
table("nearest training ÷ nearest held-out", rows)

# %%
claim("The fakes are nearer to their own images than to any of twenty other sets.", own, below=others)

# %% [markdown]
# So 600 rounds with 64 images leave a trace that chance alone does not make. Now known copies in the place of fakes. One set is moved sideways by one or two pixels. In the other, exact copies hide among fakes of a healthy game.

# %%
G, D = make_players(seeds.one())
game_of(G, D, x_fit, seeds.one(), rounds=600)
healthy = judge.generate(G, 64)[:500]
square = own_images[0].view(-1, 28, 28)
one_pixel = ratio(square.roll(1, dims=2).flatten(1), own_images[0])
two_pixels = ratio(square.roll(2, dims=2).flatten(1), own_images[0])
mixed = torch.cat([x_fit[:50], healthy[50:]])
few_copies = ratio(mixed, x_fit[:2000])
no_copies = ratio(healthy, x_fit[:2000])
rows = {
    "64 copies, one pixel to the right": one_pixel,
    "64 copies, two pixels to the right": two_pixels,
    "50 exact copies among 500 fakes": few_copies,
    "500 fakes without copies": no_copies,
}
table("nearest training ÷ nearest held-out", rows)

# %%
claim("Copies moved by one pixel are still found.", one_pixel, below=0.85)
claim("By two pixels they hardly are.", two_pixels, above=0.85)
claim(
    "A tenth of copies among the fakes does not show: the difference.",
    few_copies - no_copies, near=0, within=0.03,
)

# %% [markdown]
# A median is made by the majority, so a few copies cannot move it. A ratio near 1 does not prove that nothing was copied. A test for single copies must look at single fakes.
#
# Does a ratio below 1 prove that something was copied? Take two sets that hold no copy, but know nothing except the 64 images: means of two of them, and draws of a Gaussian with their mean and covariance.

# %%
blends, gaussian = [], []
for k, x in enumerate(own_images):
    source = data.make_generator(k)
    first = torch.randint(64, (500,), generator=source)
    second = (first + torch.randint(1, 64, (500,), generator=source)) % 64
    blends.append(ratio((x[first] + x[second]) / 2, x))
    deviation = x - x.mean(0)
    weights = torch.randn(500, 64, generator=source) / math.sqrt(63)
    gaussian.append(ratio((x.mean(0) + weights @ deviation).clamp(-1, 1), x))
rows = {"means of two of the 64 images": blends, "Gaussian of the 64 images": gaussian}
table("nearest training ÷ nearest held-out", rows)

# %%
claim("Means of two images are nearer to these, though none is a copy.", blends, below=0.9)
claim("A Gaussian, which copies none, is a little nearer, too.", gaussian, between=(0.88, 0.99))

# %% [markdown]
# So a ratio below 1 says only that the fakes are *nearer* to the training images. It does not tell a copy from a blend.
#
# ## 5 One game, two readings of its loss (4 min)
#
# The lesson plotted $L_G$ as the loop yields it. That is the loss *before* $G$ moves, and just after $D$ has moved. What if we look after $G$ has answered?


# %%
def both_readings(seed, rounds=600):
    """L_G of every round, before and after the generator's own move: (rounds, 2)."""
    G, D = make_players(seed)
    z = torch.randn(64, 64, generator=data.make_generator(77))
    batches = data.batches(x_fit, 64, seed=seed, steps=rounds)
    game = play(G, D, adam(G), adam(D), batches, 64, seed=1000 + seed)
    found = []
    for _, before in progress(game, f"seed {seed}", rounds):
        with torch.no_grad():
            after = F.softplus(-D(G(z))).mean().item()
        found.append((before, after))
    return torch.tensor(found)


early, late = [], []
for seed in seeds.several(3):
    losses = both_readings(seed)
    early.append(losses[100:200].mean(0))
    late.append(losses[-200:].mean(0))
early, late = torch.stack(early), torch.stack(late)  # (seeds, 2)
rows = {
    "before its move, rounds 100 to 200": early[:, 0],
    "before its move, rounds 400 to 600": late[:, 0],
    "after its move, rounds 100 to 200": early[:, 1],
    "after its move, rounds 400 to 600": late[:, 1],
}
table("generator loss", rows)

# %%
claim("After its own move G reads a lower loss.", late[:, 1], below=late[:, 0])
claim("Read before its move, the loss rises.", late[:, 0], above=early[:, 0])
claim("Read after its move, it rises as well.", late[:, 1], above=early[:, 1])

# %% [markdown]
# One move of $G$ is worth about as much as the whole rise over hundreds of rounds. A program that logs the loss one line later shows a better game. This is one more reason not to compare losses between programs. But the rise is there in both, so it is no matter of when we look.

# %%
how_sure()

# %% [markdown]
# ## Exercises (20 min)
#
# ### Exercise 3 · The nearest training image
#
# ●●○ · 10 minutes · you need: section 4. For each image of `x` find the index of the training image with the smallest Euclidean distance. Here the images are not flattened yet, so think about the shapes first.


# %% tags=["exercise-3"]
def nearest_index(x, train):
    """x (n, 1, H, W), train (m, 1, H, W). Returns (n,) indices into train."""
    return None  # <- your answer


# %% tags=["check-3"]
nb05.check_3(nearest_index)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Make one list of numbers out of each image first. Then you need the distances of all
# pairs, and one answer for each image of `x`.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# `torch.cdist` wants shapes (n, d) and (m, d) and gives (n, m). Flatten all axes but
# the first, of any image size, and take `argmin` along the axis that belongs to
# `train`.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def nearest_index(x, train):
#     return torch.cdist(x.flatten(1), train.flatten(1)).argmin(1)
# ```
# No single distance decides about copies: pixels miss shifted ones, and features are unsure about noisy ones.
# </details>
#
# ### Exercise 4 · Overfitting in one number
#
# ●●○ · 10 minutes · you need: section 4 of the lesson. Write the probability that a random training image scores higher than a random held-out one, a tie counting half. (It is the area under the ROC curve.) The lesson builds a table of all pairs; write it by sorting `held_out` once.


# %% tags=["exercise-4"]
def share_higher(train, held_out):
    """train (n,), held_out (m,): scores of D. Returns one number from 0 to 1."""
    return None  # <- your answer


# %% tags=["check-4"]
nb05.check_4(share_higher)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# For one training score it is enough to know how many held-out scores are below it and
# how many are equal to it. A sorted list tells both without a look at every entry.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# `torch.searchsorted(s, train)` counts, for each training score, the entries of the
# sorted `s` below it, and with `right=True` also those equal to it. The mean of the two
# counts is what a tie of one half asks for. Divide by the number of held-out scores.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def share_higher(train, held_out):
#     s = held_out.sort().values
#     below, not_above = torch.searchsorted(s, train), torch.searchsorted(s, train, right=True)
#     return (below + not_above).float().mean() / (2 * len(s))
# ```
# A difference of means would depend on the scale of $D$, which means nothing; pairs do not.
# </details>
#
# ## Recap (1 min)
#
# 1. With first weights moved like the pixels, the game with moved pixels is the same game ([section 1](#1-The-same-game,-to-ten-digits-(4-min))).
# 2. The ruler gives the value on paper, and its floor falls with the number of images ([section 2](#2-The-ruler,-checked-on-paper-(6-min))).
# 3. The output must reach the data, and it is better if it reaches them easily ([section 3](#3-Which-ranges-fit-together?-(17-min))).
# 4. A ratio below 1 says that fakes are nearer to the training images, not that they are copies, and a ratio of 1 does not exclude a few copies ([section 4](#4-What-a-test-for-copies-misses-(9-min))).
# 5. The loss depends on when in a round it is read ([section 5](#5-One-game,-two-readings-of-its-loss-(4-min))).
