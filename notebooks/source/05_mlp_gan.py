# %% [markdown]
# # 05 · An MLP GAN for digits
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/05_mlp_gan.ipynb)
#
# ![The game: noise enters G, which makes fake digits; D sees these or real digits and gives one score; the gradient of one loss moves D, that of the other passes through D and moves G](images/05_mlp_gan.png)
#
# **In one sentence:** the loop of notebook 04 learns to draw digits, as far as its discriminator can see them.
#
# **After this lesson you can**
#
# - **train** the players of notebook 04 on images, and measure how good the fakes are;
# - **test** whether $D$ remembers its training images, and whether $G$ comes nearer to them;
# - **explain** why a rising generator loss can come from a healthy game, and a perfect loss from a broken one.
#
# *Before:* [04](04_gan_laboratory_2d.ipynb). *Study:* 40 minutes, and 20 for the exercises. *Run time:* about 60 seconds on one CPU core. *Deeper:* [the second notebook](deeper/05_mlp_gan.ipynb): the ruler on paper, ranges that fit, what a test for copies misses.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import copy
import math
from collections import namedtuple

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers import data, metrics, plots, seeds
from gan_helpers.checks import nb05
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.judge import make_judge
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict, progress, recorded
from gan_helpers.training import play

plots.use_course_style()
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings

# %% [markdown]
# ## 1 Digits out of noise (10 min)
#
# In notebook 04 a sample was a point. Now it is an image of 28×28 pixels. Loop and losses stay. Both players are **MLPs** (multilayer perceptrons): linear layers with a bend between them. Black is $-1$ and white is $1$, so $G$ ends with `Tanh`, which makes values between these.
#
# `make_judge` cuts the images into three parts. The game learns from `x_fit`. The images in `x_report` are **held out**: no player ever sees them. A third part has trained the judge of section 3.

# %% tags=["record"]
judge = make_judge(data.load_images("auto"))
x_fit = judge.parts.fit.images.flatten(1)  # 4,000 images, each a row of 784 numbers
x_report = judge.parts.report.images.flatten(1)  # 2,000 images, held out


# %% tags=["record"]
def make_players(seed):
    G = mlp((64, 64, 128, 784), seed=2 * seed, last=nn.Tanh())  # pixels in (-1, 1)
    D = mlp((784, 128, 64, 1), seed=2 * seed + 1)  # one score
    return G, D


def adam(player):
    return torch.optim.Adam(player.parameters(), lr=3e-3, betas=(0.0, 0.9))


# %%
LOOKS = (50, 100, 200, 400, 600, 1200)
Run = namedtuple("Run", "x D past losses")  # past: {round: G as it was then}


def train(x, seed, rounds=1200, players=None):
    """Play the game of notebook 04 on images x (n, 784)."""
    G, D = players or make_players(seed)
    batches = data.batches(x, 64, seed=seed, steps=rounds)
    game = play(G, D, adam(G), adam(D), batches, 64, seed=1000 + seed)
    losses = []
    past = {0: copy.deepcopy(G)}
    for step, pair in enumerate(progress(game, f"seed {seed}", rounds), start=1):
        losses.append(pair)
        if step in LOOKS:
            past[step] = copy.deepcopy(G)
    return Run(x, D, past, torch.tensor(losses))


# %%
runs = []
for seed in seeds.several(3):
    runs.append(train(x_fit, seed))


def fakes_of(run, step=1200):
    """2,000 fakes after `step` rounds, each from 64 random numbers, always the same."""
    return judge.generate(run.past[step], z_dim=64)


# %% tags=["hide-input", "head-picture"]
def mosaic(x):
    """Sixteen images (16, 784) as one picture."""
    return x.view(4, 4, 28, 28).transpose(1, 2).reshape(112, 112)


fakes = mosaic(fakes_of(runs[0])[:16])
noise, score = "64 numbers\n(noise $z$)", "one number\n(score $D(x)$)"
ax = plots.diagram(noise, fakes, mosaic(x_report[:16]), score)
alt = "The game: noise enters G, which makes fake digits; D sees these or real digits and gives one score. The gradient of one loss moves D, that of the other passes through D and moves G."
plots.show(ax.figure, alt=alt)

# %% [markdown]
# Many fakes can be read. How did they get there?

# %%
predict(
    "We watch twelve fixed noise vectors. What does G make of them after 50 rounds?",
    [
        ("Twelve different shapes, all blurred", False, "The shapes part later."),
        ("Nearly the same blob, twelve times", True, "It learns first what all digits share."),
        ("Grey noise, as at the start", False, "Fifty rounds teach it where digits are bright."),
    ],
)

# %% tags=["hide-input"]
z_film = torch.randn(12, 64, generator=data.make_generator(5))
with torch.no_grad():
    frames = [G(z_film) for G in runs[0].past.values()]
labels = [f"round {step:,}" for step in runs[0].past] + ["real"]
film = torch.cat([*frames, x_report[:12]]).view(-1, 1, 28, 28)
title = "First one blob for every noise vector, then different digits"
ax = plots.image_grid(film, columns=12, row_labels=labels, title=title)
alt = "A filmstrip with one column for each of twelve noise vectors and one row for each look: grey noise at round 0, nearly the same blob everywhere at round 50, then strokes, and at the end rough digits. The last row is real."
plots.show(ax.figure, alt=alt)


# %%
def each(runs, step, measure):
    """measure(fakes) for every run, as it was after `step` rounds: (runs,)."""
    found = []
    for run in runs:
        found.append(measure(fakes_of(run, step)))
    return torch.tensor(found)


def mean_gap(fakes):
    """How far the mean fake is from the mean image."""
    return (fakes.mean(0) - x_fit.mean(0)).norm()


def in_common(x):
    """How much of the brightness (squared) is the mean image's: 1 if all are equal."""
    x = x + 1  # now black is 0
    return (x.mean(0) ** 2).sum() / (x**2).mean(0).sum()


bright = (x_fit + 1).view(-1, 1, 28, 28)
blurred = F.avg_pool2d(bright, 7, stride=1, padding=3).flatten(1) - 1  # over 7×7 pixels
claim(
    "At round 50 the mean fake is nearer to the mean image than at the start, by half.",
    each(runs, 50, mean_gap), below=each(runs, 0, mean_gap) / 2,
)
claim(
    "At round 50 fakes have more in common than real digits, blurred.",
    each(runs, 50, in_common), above=in_common(blurred),
)

# %% [markdown]
# Each column is one noise vector. $G$ learns first what all digits share: bright in the middle, dark at the border. Only then the columns part.
#
# ## 2 A digit is a list of 784 numbers (3 min)
#
# Does this GAN know that it sees images? We move all pixels by one rule.

# %%
order = torch.randperm(784, generator=data.make_generator(7))  # one rule for all
x_moved = x_fit[:, order]

# %%
predict(
    "We train on moved pixels, and move the pixels of the fakes back. How good are they?",
    [
        ("Worse: without strokes they are harder to learn", False, "For you they are."),
        ("About as good as before", True, "The network never knew which pixels are neighbours."),
        ("There are no digits", False, "All that was in the images is still there."),
    ],
)

# %%
moved = []
for seed in seeds.several(3):
    moved.append(train(x_moved, seed, 600))


def move_back(x):
    """Every pixel back to its place: (n, 784)."""
    back = torch.empty_like(x)
    back[:, order] = x
    return back


# %% tags=["hide-input"]
first = fakes_of(runs[0], 600)
moved_back = move_back(fakes_of(moved[0], 600))
rows = torch.cat([x_fit[:12], first[:12], x_moved[:12], moved_back[:12]]).view(-1, 1, 28, 28)
labels = ["images", "fakes", "moved pixels", "fakes, moved back"]
title = "You cannot read the third row, but the GAN can learn from it"
ax = plots.image_grid(rows, columns=12, row_labels=labels, title=title)
alt = "Four rows of twelve. Digits; fakes of the game with them; the same digits with all pixels moved to other places, so that nothing can be read; fakes of the game with these, moved back: equally rough digits."
plots.show(ax.figure, alt=alt)

# %% [markdown]
# `nn.Linear` draws its first weights alike for every pixel, and Adam treats every number on its own. So nothing here knows which pixels are neighbours. (The deeper notebook proves it.)
#
# "About as good" is what the eye says. We need a ruler.
#
# ## 3 A ruler for images (3 min)
#
# The judge is a small **classifier** that has learned to name digits. Just before it names one, it describes the image by 64 numbers, its **features**. These we compare.
#
# Begin with *one* feature. Suppose that over the real images its mean is 2 and its standard deviation is 1. Over the fakes they are 1.5 and 0.4. So the fakes are wrong on average, and they are too much alike. Square both differences and add:
#
# $$d=(2-1.5)^2+(1-0.4)^2=0.25+0.36=0.61.$$
#
# With 64 features it is the same: each gives such a number, and $d$ is their sum. (If no two vary together; the fold has the general formula.)
#
# This is the **Fréchet distance** (Heusel et al. 2017). With features of a network called Inception it is the famous FID. `judge.distance` compares 2,000 fakes with the 2,000 held-out images.
#
# <details><summary>The formula for features that vary together</summary>
#
# Let $\mu_r,\mu_f$ be the means of the features of real images and fakes, and $\Sigma_r,\Sigma_f$ their covariance matrices. Then $d=\lVert\mu_r-\mu_f\rVert^2+\operatorname{Tr}\bigl(\Sigma_r+\Sigma_f-2(\Sigma_r\Sigma_f)^{1/2}\bigr)$. The trace $\operatorname{Tr}$ adds up the diagonal. The root $(\ldots)^{1/2}$ is the matrix without negative eigenvalues whose square is $\Sigma_r\Sigma_f$. For one feature all these are numbers, and $d$ is the sum of two squares above.
# </details>

# %%
predict(
    "We measure 2,000 real images against 2,000 other real ones. What is the distance?",
    [
        ("Exactly 0", False, "That would need exactly equal means."),
        ("Small, but not 0", True, "Two samples of one source differ. This is the floor."),
        ("About that of our GAN", False, "Ours is still far away."),
    ],
)


# %%
untrained = each(runs, 0, judge.distance)
healthy = each(runs, 600, judge.distance)
healthy_moved = each(moved, 600, lambda x: judge.distance(move_back(x)))
trained = each(runs, 1200, judge.distance)
table(
    "distance from real images",
    {
        "untrained": untrained,
        "round 600": healthy,
        "round 600, pixels moved": healthy_moved,
        "round 1,200": trained,
    },
    floor={"real images": judge.floor},
)

# %%
claim("Training brings the distance below a third.", trained / untrained, below=1 / 3)
claim("It is still above ten times the floor.", trained, above=10 * judge.floor)
claim(
    "With moved pixels the distance is between half and twice as large.",
    healthy_moved / healthy, between=(1 / 2, 2),
)

# %% [markdown]
# A distance needs its two ends: the **floor** below, and an untrained generator above. Ours lies between, far from both.
#
# *What this does not show:* a generator that repeats its 4,000 training images would score the floor. Does that happen?
#
# ## 4 Does D know digits, or these digits? (7 min)
#
# A discriminator can learn what digits look like, or learn its training images by heart. How could you tell?
#
# Show it held-out digits. A $D$ that remembers gives higher scores to its own. We ask only which of two is higher, because scores have no unit. Suppose that two training images score 1 and 3, and two held-out images 0 and 2. In three of the four pairs the training image is higher ($1>0$, $3>0$, $3>2$). So the share is 0.75. One half means no difference.
#
# To get a $D$ that remembers, we play the same game with only 64 images.

# %%
few = []
for seed in seeds.several(3):
    x_few = next(data.batches(x_fit, 64, seed=seed))  # 64 images, drawn by the seed
    few.append(train(x_few, seed))


# %% tags=["record"]
def share_higher(a, b):
    """How often a score of a (n, 1) is higher than one of b (m, 1)."""
    higher = a > b.T  # a column against a row: all pairs, (n, m)
    return higher.float().mean().item()  # the share of True


# %%
def preference(D, x):
    """How often D scores a training image in x higher than a held-out one."""
    with torch.no_grad():
        return share_higher(D(x), D(x_report))


knows_all, knows_few = [], []
for k in range(3):
    knows_all.append(preference(runs[k].D, x_fit))
    knows_few.append(preference(few[k].D, few[k].x))

table(
    "how often D prefers a training image to a held-out one",
    {"4,000 images": knows_all, "64 images": knows_few},
)

# %%
claim("With 4,000 images D prefers its own in half of the pairs.", knows_all, near=0.5, within=0.05)
claim("With 64 images it prefers them in six of ten, or more.", knows_few, above=0.6)

# %% [markdown]
# With 64 images $D$ remembers. With 4,000 it makes next to no difference. (Nor would an untrained $D$: one half is no proof that it knows digits.)
#
# Is it the *number* of images that matters? One **pass** (epoch) uses every image once. Over 64 images this is one round, over 4,000 it is 62. So $D$ saw each of its 64 images 1,200 times, but each of its 4,000 only 19 times. A **recorded run** separates the two: the same game, four numbers of images, eight seeds each.

# %%
predict(
    "The game with 4,000 images goes on for 150 passes. Will D prefer its images to new ones?",
    [
        ("No, a small network cannot remember 4,000", False, "It has 108,801 weights, and a preference is enough."),
        ("Yes, as it prefers few images after 150 passes", True, "What counts is how often D has seen an image."),
        ("No, good fakes keep D busy", False, "It still remembers."),
    ],
)

# %%
record = recorded("nb05_memory")
games = record["values"]  # {number of images: {what was measured: (seeds, looks)}}

# %% [markdown]
# Both panels show the same games. If the number decides, the curves stay apart. If the passes decide, they come together on the right.

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.1), sharey=True)
colors = {"64": plots.PINK, "250": plots.GREEN, "1000": plots.SKY, "4000": plots.DISC}
for n, color in colors.items():
    rounds, shares = torch.tensor(games[n]["rounds"]), torch.tensor(games[n]["train_above_held"])
    for ax, x in zip(axes, (rounds, rounds * 64 / int(n)), strict=True):
        plots.curves(x, shares, color=color, ax=ax)
for y, (n, color) in zip((0.9, 0.8, 0.7, 0.6), colors.items(), strict=True):
    axes[1].text(0.04, y, f"{int(n):,} images", color=color, transform=axes[1].transAxes)
axes[0].set(title="Few images are remembered sooner …", xlabel="round", xscale="log")
axes[1].set(title="… because they are seen more often", xlabel="passes over the images", xscale="log")
axes[0].set_xticks([100, 1000, 10_000], ["100", "1,000", "10,000"])
axes[1].set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1,000"])
axes[0].set_ylabel("D prefers training images\n(share of pairs)")
alt = "How often the discriminator puts a training image above a held-out one, four numbers of images, bands over eight seeds. Left, over rounds: the fewer images, the sooner the share rises above one half. Right, over the number of passes: the four curves lie close together."
plots.show(fig, alt=alt)

# %%
def at(n, key, step):
    """What the record holds for n images at one round: one number per seed."""
    column = games[str(n)]["rounds"].index(step)
    return torch.tensor(games[str(n)][key])[:, column]


key = "train_above_held"
claim(
    "After 600 rounds D prefers its 250 images by more than its 4,000.",
    at(250, key, 600) - at(4000, key, 600), above=0.04, recorded=record,
)
claim(
    "After about 150 passes it prefers its 4,000 no less than its 250.",
    at(4000, key, 9600), above=at(250, key, 600), recorded=record,
)
claim(
    "Yet it puts held-out digits above fakes, in four of five pairs.",
    at(4000, "held_above_fake", 9600), above=0.8, recorded=record,
)

# %% [markdown]
# Compare green and black: apart on the left, near on the right. (Why pink falls we have not tested.) So the $D$ with 4,000 images was not wiser. It had seen each only 19 times.
#
# Digits, or these digits? Both: $D$ prefers its own to new ones, and new ones to fakes.

# %%
claim(
    "After 150 passes the fakes are worse than after 38.",
    at(4000, "distance", 9600), above=at(4000, "distance", 2400),
    in_at_least=7, recorded=record,
)

# %% [markdown]
# *What surprised us:* in most seeds longer training made the fakes *worse*. (Whether memory is the reason we have not tested.)
#
# ## 5 Has G copied? (5 min)
#
# $G$ never sees the data, only gradients through $D$. Can it copy what $D$ remembers?


# %% tags=["hide-input"]
def neighbours(run):
    """Twelve fakes and their nearest training images."""
    with torch.no_grad():
        fakes = run.past[1200](z_film)
    return [fakes, run.x[torch.cdist(fakes, run.x).argmin(1)]]


rows = torch.cat(neighbours(runs[0]) + neighbours(few[0]))
labels = ["fake, 4,000 images", "nearest of these", "fake, 64 images", "nearest of these"]
title = "Which fakes are copies?"
ax = plots.image_grid(rows.view(-1, 1, 28, 28), columns=12, row_labels=labels, title=title)
alt = "Fakes and their nearest training images. With 4,000 images most pairs, not all, share a class, and they differ in shape. With 64 there are fewer kinds of digits, and many fakes look like noisy versions of their nearest training image."
plots.show(ax.figure, alt=alt)


# %% [markdown]
# Below each fake stands the nearest training image. With 64 images the two look more alike. But digits of one class look alike anyway. So we need the nearest *held-out* image, too. Suppose that a fake is 4 away from its nearest training image, and 5 from its nearest held-out one. The **ratio** is $4/5=0.8$: nearer to what $D$ has seen. A $G$ that knows digits in general has a ratio of about 1.
#
# We take medians over 500 fakes, and equally many training and held-out images.


# %% tags=["record"]
def copy_ratio(fakes, x_train):
    """Median distance to the nearest training image over that to a held-out one."""
    n = min(len(x_train), len(x_report))  # equally many of both
    train, held_out = x_train[:n], x_report[:n]
    return metrics.memorisation(fake=fakes, train=train, held_out=held_out).ratio


# %%
ratio = [copy_ratio(fakes_of(run)[:500], run.x) for run in runs]
ratio_few = [copy_ratio(fakes_of(run)[:500], run.x) for run in few]
table(
    "nearest training image ÷ nearest held-out image",
    {"4,000 images": ratio, "64 images": ratio_few},
)

# %%
claim("With 4,000 images G has no preference.", ratio, near=1, within=0.03)
claim("With 64 images its fakes are nearer to training images.", ratio_few, below=0.9)

# %% [markdown]
# Which comes first, a $D$ that remembers or fakes that come near? Here are the recorded games with 64 images. Dotted lines: no preference.

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(8.4, 2.8), layout="constrained")
panels = (("train_above_held", 0.5, "D prefers training images"), ("copying", 1, "ratio of the fakes"))
for ax, (what, rest, name) in zip(axes, panels, strict=True):
    color = plots.DISC if rest == 0.5 else plots.FAKE
    plots.curves(torch.tensor(games["64"]["rounds"]), torch.tensor(games["64"][what]), color=color, ax=ax)
    ax.axhline(rest, color=plots.GREY, linestyle=":", linewidth=1)
    ax.set(xlabel="round", ylabel=name, xscale="log")
    ax.set_xticks([100, 300, 600, 1200, 2400], ["100", "300", "600", "1,200", "2,400"])
    ax.minorticks_off()
axes[0].set_title("D remembers first …")
axes[1].set_title("… then fakes come nearer")
alt = "Two curves over rounds, 64 images, bands over eight seeds. Left: how often D prefers training images rises from one half to about .7 at round 300. Right: the ratio of the fakes is still about .95 at round 300, and falls to .76 at round 1,200 and .69 at round 2,400."
plots.show(fig, alt=alt)

# %%
claim(
    "At round 600 D has made more than half of its way to round 2,400 …",
    at(64, key, 600) - 0.5, above=(at(64, key, 2400) - 0.5) / 2, recorded=record,
)
claim(
    "… and the ratio less than half of its own, in every seed.",
    1 - at(64, "copying", 600), below=(1 - at(64, "copying", 2400)) / 2, recorded=record,
)

# %% [markdown]
# So $D$ remembers first, and the fakes come nearer later. (We have not tested whether one causes the other.) Nearer is not yet copied: in the deeper notebook blends of two training images have a ratio of about 0.8, too. And a few copies do not move a median.
#
# ## 6 The loss goes up: is it broken? (5 min)
#
# In one of two games somebody forgot the activations in $D$, so it is one linear function. The other game is ours.


# %%
def linear_players(seed):
    G, _ = make_players(seed)
    D = mlp((784, 128, 64, 1), seed=2 * seed + 1, slope=1.0)  # no bend in LeakyReLU
    return G, D


broken = []
for seed in seeds.several(3):
    broken.append(train(x_fit, seed, 600, linear_players(seed)))

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(6, 2.8))
for group, color, name in ((broken, plots.DISC, "game A"), (runs, plots.FAKE, "game B")):
    L_G = torch.stack([run.losses[:600, 1].view(-1, 50).mean(1) for run in group])
    steps = torch.arange(25, 600, 50)
    plots.curves(steps, L_G, color=color, ax=ax)
    ax.text(585, L_G[:, -1].median(), name, color=color, va="bottom")
ax.axhline(math.log(2), color=plots.GREY, linestyle=":", linewidth=1)
ax.text(690, math.log(2) - 0.03, r"$\log 2$", color=plots.GREY, ha="right", va="top")
ax.set(xlabel="round", ylabel="$L_G$", xlim=(0, 700), ylim=(0, 1.5), title="Two generator losses. Which game makes digits?")
alt = "The generator loss over 600 rounds, with a band over three seeds. Game A: ends flat at log 2. Game B: rises slowly to about 1."
plots.show(fig, alt=alt)

# %%
predict(
    "Which game makes digits, A or B?",
    [
        ("Game A: its loss is that of a finished game", False, "So is that of a blind opponent."),
        ("Game B: its loss rises", True, "As in notebook 04: its opponent learns, too."),
        ("Neither: a loss should fall", False, "One of them makes digits."),
    ],
)


# %%
def generator_losses(runs):
    """Of every run and round: (runs, rounds)."""
    return torch.stack([run.losses[:, 1] for run in runs])


blind = each(broken, 600, judge.distance)
rows = {"game A: linear D": blind, "game B: ours": healthy}
table("distance from real images, round 600", rows, floor={"real images": judge.floor})

# %%
claim(
    "With a linear D the generator's loss ends at log 2.",
    generator_losses(broken)[:, -100:].mean(1), near=math.log(2), within=0.05,
)
claim("Yet its fakes are more than twice as far away as ours.", blind / healthy, above=2)
claim(
    "In the healthy game the loss ends higher than it began.",
    generator_losses(runs)[:, -100:].mean(1),
    above=generator_losses(runs)[:, :100].mean(1),
)

# %% [markdown]
# Why can a healthy loss rise? $L_G$ is the grade that $D$ gives, and $D$ learns, too. To see $G$ alone, let one examiner grade old and new fakes: the last $D$ of *another* game.

# %%
def grade(x, D):
    """The loss of a generator that makes x, if D is its examiner."""
    with torch.no_grad():
        return F.softplus(-D(x)).mean()


rows = {}
for step in (0, 100, 1200):
    fakes_graded = []
    for k, run in enumerate(runs):  # runs[k - 1] is another game
        fakes_graded.append(grade(fakes_of(run, step), runs[k - 1].D))
    rows[f"fakes of round {step:,}"] = fakes_graded
rows["real images"] = [grade(x_report, run.D) for run in runs]
table("generator loss, graded by the D of another game", rows)
claim(
    "To a D that never met them, the newer fakes are better.",
    rows["fakes of round 1,200"], below=rows["fakes of round 100"],
)

# %% [markdown]
# So $G$ made progress while its own examiner gave worse grades.
#
# ## 7 What D cannot see, G does not learn (5 min)
#
# A linear $D$ adds up the pixels, each with its weight. Take images of two pixels: half of the data are $(1,0)$ and half $(0,1)$. Let all fakes be the mean image, $(½,½)$. Then data and fakes have the same mean score, whatever the weights are. So we guess: a linear $D$ can teach $G$ the *mean* image, and nothing else.

# %%
claim(
    "With a linear D the mean fake is nearer to the mean image than with ours.",
    each(broken, 600, mean_gap), below=each(runs, 600, mean_gap),
)
claim(
    "But the fakes have more in common than blurred digits.",
    each(broken, 600, in_common), above=in_common(blurred),
)

# %% [markdown]
# The guess fits, but it needs a control. Let the linear $D$ see the *square* of each pixel, too. In the example the mean square is ½ in the data, but $(½)^2=¼$ in the fakes. So this $D$ sees that the fakes vary too little. But it cannot see which pixels are bright *together*: fakes $(0,0)$ and $(1,1)$ have the means and mean squares of the data.
#
# If the guess is right, the fakes now vary as real images do, but neighbours do not vary together, as in a stroke.


# %%
class AddSquares(nn.Module):
    def forward(self, x):
        return torch.cat([x, x**2], dim=1)  # 784 pixels and 784 squares


def players_with_squares(seed):
    G, _ = make_players(seed)
    linear = mlp((1568, 128, 64, 1), seed=2 * seed + 1, slope=1.0)
    return G, nn.Sequential(AddSquares(), linear)


with_squares = []
for seed in seeds.several(3):
    with_squares.append(train(x_fit, seed, 600, players_with_squares(seed)))

# %% tags=["hide-input"]
with torch.no_grad():
    rows = [group[0].past[600](z_film) for group in (broken, with_squares, runs)]
rows = torch.cat([*rows, x_report[:12]]).view(-1, 1, 28, 28)
labels = ["D linear", "D linear, sees squares", "our D", "real"]
ax = plots.image_grid(rows, columns=12, row_labels=labels, title="G learns what D can see")
alt = "Fakes at round 600. Linear D: grey clouds that hardly differ. Linear D with squares: black and white noise in the place of a digit. Our D: rough digits. Last row: real digits."
plots.show(ax.figure, alt=alt)

# %%
def together(x):
    """Correlation of a pixel and its right neighbour, around their means."""
    deviation = (x - x.mean(0)).view(-1, 28, 28)
    products = deviation[:, :, :-1] * deviation[:, :, 1:]
    return products.sum() / deviation.square().sum()


table(
    "how much neighbours vary together",
    {
        "D linear, sees squares": each(with_squares, 600, together),
        "our D": each(runs, 600, together),
    },
    floor={"real images": together(x_report)},
)

# %%
claim(
    "With squares the fakes have about as much in common as real images.",
    each(with_squares, 600, in_common), near=in_common(x_report), within=0.15,
)
claim(
    "But neighbours vary together less than half as much.",
    each(with_squares, 600, together), below=0.5 * together(x_report),
)


# %% [markdown]
# Both times $G$ learned what its $D$ can see: the average digit, then how much pixels vary.

# %%
how_sure()

# %% [markdown]
# ## Exercises (20 min)
#
# ### Exercise · Break it: the same batch twice
#
# ●○○ · 10 minutes · you need: section 4. A slip of the hand: $D$ makes two moves on the *same* batch before $G$ makes one. **Predict first:** will $D$ learn its images by heart? Will the fakes be better, worse, or as good as before? Then set `RUN = True`.

# %% tags=["exercise-break"]
RUN = False  # True takes about half a minute


def twice(x, steps, seed):
    """Every batch two times in a row: 2 * steps batches."""
    for batch in data.batches(x, 64, seed=seed, steps=steps):
        yield batch
        yield batch


if RUN:
    for k, seed in enumerate(seeds.several(3)):
        G, D = make_players(seed)
        batches = twice(x_fit, 1200, seed)  # 2,400 for D, in 1,200 rounds of two moves
        game = play(G, D, adam(G), adam(D), batches, 64, d_steps=2, seed=1000 + seed)
        losses = torch.tensor(list(progress(game, "twice", 1200)))[-100:].mean(0)
        before = runs[k].losses[-100:].mean(0)
        knows = share_higher(D(x_fit), D(x_report))
        distance = judge.distance(judge.generate(G, 64))
        print(f"seed {seed}: D prefers its images in {knows:.3f} of pairs")
        print(f"  L_D {losses[0]:.2f} (was {before[0]:.2f})")
        print(f"  L_G {losses[1]:.2f} (was {before[1]:.2f})")
        print(f"  distance {distance:.0f} (was {trained[k]:.0f})")

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# In 1,200 rounds $D$ makes 19 passes over 4,000 images, now 38. How many did $D$ of section 4 make over its 64?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Is it the *same* batch that matters, or the second move? Use `data.batches(x_fit, 64, seed=seed, steps=2400)` in place of `twice(...)`: two moves, each on a new batch.
# </details>
#
# <details><summary>Solution</summary>
#
# It breaks nothing. $D$ has now made 38 passes over its images. Section 4 shows what this means: a share that is hardly above one half. The fakes are no better, or worse. With two *new* batches they were better in two of our three seeds.
#
# But look at the losses: $L_D$ falls and $L_G$ rises by a third or more, in every seed. (With two new batches they do so, too, but less.) Whoever reads losses would have seen a disaster.
# </details>
#
# ### Exercise 1 · Back to bytes
#
# ●○○ · 5 minutes · you need: section 1. To save fakes as a picture you need bytes: map $[-1,1]$ to 0…255, rounded to the nearest, as `torch.uint8`. The numbers may overshoot by a hair, and bytes wrap round. So think about what must happen before the conversion.


# %% tags=["exercise-1"]
def to_bytes(x):
    """x: values about in [-1, 1]. Returns a uint8 tensor of the same shape."""
    return None  # <- your answer


# %% tags=["check-1"]
nb05.check_1(to_bytes)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# One straight line takes $-1$ to 0 and $1$ to 255. What is its slope? Then run
# `torch.tensor([254.6, 256.0]).to(torch.uint8)`, and say what went wrong with each.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Add 1 and multiply by 127.5. Converting cuts off what is behind the point, and 256
# becomes 0. So `round` and `clamp` must have done their work before it.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def to_bytes(x):
#     return ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
# ```
# It undoes `data`'s own `pixels / 127.5 - 1` exactly.
# </details>
#
# ### Exercise 2 · The ruler in one dimension
#
# ●○○ · 5 minutes · you need: section 3. There we computed the distance of *one* feature from four numbers that were given. Write it for the features themselves. Variances divide by $n-1$, as `torch.var` does.


# %% tags=["exercise-2"]
def frechet_1d(a, b):
    """a (n,), b (m,): one feature of two sets of images. Returns one number."""
    return None  # <- your answer


# %% tags=["check-2"]
nb05.check_2(frechet_1d)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Which four numbers did section 3 use, and which functions of `torch` give them for `a` and `b`?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Two means and two standard deviations. Square the difference of the means, square the difference of the standard deviations, and add. `torch.std` divides by $n-1$ as it is.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def frechet_1d(a, b):
#     return (a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2
# ```
# It sees means and standard deviations and nothing else: two clusters and one broad one can score 0.
# </details>
#
# ## Recap (1 min)
#
# 1. The loop of notebook 04 makes digits: first what all share, then the differences ([section 1](#1-Digits-out-of-noise-(10-min))).
# 2. To an MLP an image is a list of numbers, so it learns from moved pixels, too ([section 2](#2-A-digit-is-a-list-of-784-numbers-(3-min))).
# 3. The Fréchet distance compares means and spreads of features; floor and untrained generator belong beside it ([section 3](#3-A-ruler-for-images-(3-min))).
# 4. After many passes $D$ remembers its images, and later the fakes come nearer to them; only held-out images show it ([section 4](#4-Does-D-know-digits,-or-these-digits?-(7-min)), [section 5](#5-Has-G-copied?-(5-min))).
# 5. $G$ learns what $D$ can see, and its loss is the grade of a changing examiner: rising can be healthy, flat can be blind ([section 6](#6-The-loss-goes-up:-is-it-broken?-(5-min)), [section 7](#7-What-D-cannot-see,-G-does-not-learn-(5-min))).
#
# **Further reading.** Goodfellow et al. 2014 (arXiv:1406.2661), Section 5: the first MLP GANs on MNIST · Heusel et al. 2017 (1706.08500), the Fréchet distance. Next: [06](06_dcgan.ipynb).
