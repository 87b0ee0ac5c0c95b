# %% [markdown]
# # 05 · An MLP GAN for digits
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/05_mlp_gan.ipynb)
#
# ![The game: noise enters G, which makes fake digits; D sees these or real digits and gives one score; the gradient of one loss moves D, that of the other passes through D and moves G](images/05_mlp_gan.png)
#
# **In one sentence:** the loop of notebook 04 learns to draw digits, as far as its discriminator can see them.
#
# **After this lesson you can**
#
# - **train** the players of notebook 04 on images, and say by a number how good the fakes are;
# - **test** whether a discriminator knows digits or only its training images, and whether the generator copies these;
# - **explain** why a rising generator loss can come from a healthy game, and a perfect loss from a broken one.
#
# *Before:* [04](04_gan_laboratory_2d.ipynb). *Study:* 42 minutes, and 20 for the exercises. *Run time:* about 60 seconds on one CPU core. *Deeper:* [the second notebook](deeper/05_mlp_gan.ipynb): the ruler on paper, ranges that fit, what a test for copies misses.

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
# ## 1 Digits out of noise (8 min)
#
# In notebook 04 a sample was a point. Now it is an image of 28×28 pixels. The loop and the losses stay; only the sizes of the players change.
#
# `make_judge` cuts the images into three parts that share nothing. The game learns from `x_fit`. The images in `x_report` are **held out**: no player ever sees them. The third part trains the judge of section 3.

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
# Dashed arrows are gradients: that of $L_G$ passes through $D$. After 1,200 rounds many fakes can be read. How did they get there?

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


def variation(fakes):
    """How much a pixel varies from fake to fake, averaged over pixels."""
    return fakes.std(0).mean()


claim(
    "At round 50 the fakes differ less than half as much as at the end.",
    each(runs, 50, variation), below=each(runs, 1200, variation) / 2,
)

# %% [markdown]
# Each column is one noise vector. The players find first what all digits share: they are bright in the middle and dark at the border. Only then the columns part, and some change their digit on the way.
#
# ## 2 A digit is a list of 784 numbers (3 min)
#
# Does this GAN know that it looks at images? We move the pixels of all images to new places, always by the same rule, and play again.

# %%
order = torch.randperm(784, generator=data.make_generator(7))  # one rule for all
x_moved = x_fit[:, order]

# %%
predict(
    "We train on moved pixels, and move the pixels of the fakes back. How good are they?",
    [
        ("Worse: strokes are gone, so they are harder to learn", False, "For you they are."),
        ("About as good as before", True, "The network never knew which pixels are neighbours."),
        ("There are no digits", False, "All that was in the images is still there."),
    ],
)

# %%
moved = train(x_moved, seeds.one())
fakes = fakes_of(moved)
moved_back = torch.empty_like(fakes)
moved_back[:, order] = fakes

# %% tags=["hide-input"]
first = fakes_of(runs[0])
rows = torch.cat([x_fit[:12], first[:12], x_moved[:12], moved_back[:12]]).view(-1, 1, 28, 28)
labels = ["images", "fakes", "moved pixels", "fakes, moved back"]
title = "You cannot read the third row, but the GAN can learn from it"
ax = plots.image_grid(rows, columns=12, row_labels=labels, title=title)
alt = "Four rows of twelve. Digits; fakes of the game with them; the same digits with all pixels moved to other places, so that nothing can be read; fakes of the game with these, moved back: equally rough digits."
plots.show(ax.figure, alt=alt)

# %% [markdown]
# `nn.Linear` starts with weights that are drawn alike for every pixel, and Adam treats every number on its own. So nothing in this GAN knows which pixels are neighbours. The deeper notebook tests this reason: with the same first weights the two games agree to ten digits.
#
# But we need a ruler.
#
# ## 3 A ruler for images (3 min)
#
# For images the judge is a small **classifier**, which has learned to read digits. Just before it decides, it describes an image by 64 numbers, its **features**. So the real images become one cloud of points, and the fakes another. Do they have the same centre, and the same spread in all directions?
#
# $$d=\lVert\mu_r-\mu_f\rVert^2+\operatorname{Tr}\bigl(\Sigma_r+\Sigma_f-2(\Sigma_r\Sigma_f)^{1/2}\bigr)$$
#
# The first term compares the centres $\mu$ of real ($r$) and fake ($f$) features, the second their spreads, by the covariance matrices $\Sigma$. Suppose that no two features vary together. Then both matrices are diagonal, and the second term is a plain sum: for each feature the squared difference of the two standard deviations, real and fake. In general the formula also compares which features vary together. (The trace $\operatorname{Tr}$ adds up the diagonal.)
#
# This is the **Fréchet distance** of the two clouds, squared as usual (Heusel et al. 2017). With the features of a network called Inception it is the famous FID. Ours are other features, so our numbers are no FIDs.

# %%
predict(
    "We measure 2,000 real images against 2,000 other real ones. What is the distance?",
    [
        ("Exactly 0", False, "That would need exactly equal means and covariances."),
        ("Small, but not 0", True, "Two samples of one source differ. This is the floor."),
        ("About that of a good GAN", False, "A perfect GAN would have it. Ours is far away."),
    ],
)


# %%
untrained = each(runs, 0, judge.distance)
trained = each(runs, 1200, judge.distance)
rows = {
    "untrained": untrained,
    "round 200": each(runs, 200, judge.distance),
    "round 1,200": trained,
    "round 1,200, pixels moved": judge.distance(moved_back),
}
table("distance from real images", rows, floor={"real images": judge.floor})

# %%
claim("Training brings the distance below a third.", trained, below=untrained / 3)
claim("It is still more than ten times the floor.", trained, above=10 * judge.floor)
claim(
    "With moved pixels it is of the same size: between half and twice.",
    judge.distance(moved_back) / trained[0], between=(0.5, 2),
)

# %% [markdown]
# A distance needs its two ends: the **floor** below, and a generator that has learned nothing above. Ours has come a long way, and it is far from done.
#
# *What this does not show:* the ruler sees means and covariances of 64 features, and nothing else. A generator that repeats its 4,000 training images would score the floor.
#
# ## 4 Does D know digits, or these digits? (6 min)
#
# A discriminator can win in two ways. It can learn what digits look like, or it can learn its training images by heart. We give the same game only 64 images, and as many rounds as before.

# %%
few = []
for seed in seeds.several(3):
    x_few = next(data.batches(x_fit, 64, seed=seed))  # 64 images, drawn by the seed
    few.append(train(x_few, seed))

# %% [markdown]
# A $D$ that knows digits treats a digit it has never seen like one of its own. A $D$ that remembers prefers its own. So take all pairs of a training image and a held-out one: in which share of them does the training image score higher? One half means that $D$ makes no difference. (So does a $D$ that knows nothing: one half does not prove that it knows digits.)


# %% tags=["record"]
def share_higher(a, b):
    """How often a score of a (n, 1) is higher than one of b (m, 1)."""
    return (a > b.T).float().mean().item()


# %%
def preferences(runs):
    """How often each D scores a training image higher than a held-out one."""
    found = []
    for run in runs:
        with torch.no_grad():
            found.append(share_higher(run.D(run.x), run.D(x_report)))
    return found


knows_all, knows_few = preferences(runs), preferences(few)
rows = {"4,000 images": knows_all, "64 images": knows_few}
table("how often D prefers a training image to a held-out one", rows)

# %%
claim(
    "With 4,000 images D prefers training images to new ones in half of the pairs.",
    knows_all, near=0.5, within=0.05,
)
claim("With 64 images it prefers them in clearly more than half.", knows_few, above=0.55)

# %% [markdown]
# The second $D$ also asks "have I seen this one?". Is it the *number* of images that matters? In 1,200 rounds $D$ makes 1,200 **passes** (epochs) over 64 images, but only 19 over 4,000. A **recorded run** separates the two: four numbers of images, and more rounds.

# %%
predict(
    "The game with 4,000 images goes on for 150 passes. Will D prefer its images to new ones?",
    [
        ("No, a small network cannot remember 4,000 images", False, "It has 108,801 weights, and a preference is enough."),
        ("As much as it prefers 64 images after 150 passes", True, "What counts is how often D has seen an image."),
        ("No, the fakes are so good by then that D must look at them", False, "For a while they get better, but D remembers all the same."),
    ],
)

# %%
record = recorded("nb05_memory")
games = record["values"]  # {number of images: {what was measured: (seeds, looks)}}

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


after_150 = at(4000, "train_above_held", 9600)
claim("After 150 passes D prefers its 4,000 images, too.", after_150, above=0.55, recorded=record)
claim(
    "After equally many passes it prefers 64 images no more: the medians agree.",
    after_150, near=at(64, "train_above_held", 150), within=0.05,
    median=True, recorded=record,
)
claim(
    "After equally many rounds, 1,200, it prefers 64 images by far more.",
    at(64, "train_above_held", 1200), above=at(4000, "train_above_held", 1200) + 0.15,
    recorded=record,
)

# %% [markdown]
# On the right the curves come together: after 150 passes $D$ prefers its images in about six of ten pairs, whether there are 64 of them or 4,000. So the $D$ with 4,000 images was not wiser: it had seen them only 19 times. (Why the pink curve falls at the end we have not tested.)

# %%
claim(
    "After 150 passes the fakes are worse than after 38.",
    at(4000, "distance", 9600), above=at(4000, "distance", 2400),
    in_at_least=7, recorded=record,
)

# %% [markdown]
# *What surprised us:* in most seeds longer training made the fakes *worse*. *What this does not show:* larger players, and other data. In practice, count the passes over your data, and keep some images away from training.
#
# ## 5 Has G copied? (5 min)
#
# $G$ never sees the data. All it knows has come through $D$. Can it copy what $D$ remembers?


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
alt = "Fakes and their nearest training images. With 4,000 images most pairs share a class and differ in shape; with 64 many fakes look like noisy versions of their nearest training image."
plots.show(ax.figure, alt=alt)


# %% [markdown]
# Digits of one class look alike anyway. So we take as many held-out images as training images, and divide the median distance to the nearest training image by that to the nearest held-out one. Without copies this **ratio** is about 1. Copies push it down. As a control, we compare the same fakes with the 64 images of *another* game.


# %% tags=["record"]
def copy_ratio(fakes, x_train):
    """Median distance to the nearest training image over that to a held-out one."""
    n = min(len(x_train), len(x_report))  # equally many of both
    train, held_out = x_train[:n], x_report[:n]
    return metrics.memorisation(fake=fakes, train=train, held_out=held_out).ratio


# %%
ratio, ratio_few, ratio_other = [], [], []
for k in range(3):
    ratio.append(copy_ratio(fakes_of(runs[k])[:500], x_fit))
    fakes = fakes_of(few[k])[:500]
    ratio_few.append(copy_ratio(fakes, few[k].x))
    ratio_other.append(copy_ratio(fakes, few[k - 1].x))
rows = {
    "4,000 images": ratio,
    "64 images": ratio_few,
    "same fakes, 64 images of another game": ratio_other,
}
table("nearest training image ÷ nearest held-out image", rows)

# %%
claim("With 4,000 images G has no preference.", ratio, near=1, within=0.03)
claim("With 64 images its fakes are nearer to training images.", ratio_few, below=0.9)
claim("They are less near to the images of another game.", ratio_other, above=ratio_few)

# %% [markdown]
# With few images chance moves the ratio (third row), but not so far. Which comes first, a $D$ that remembers or a $G$ that copies?

# %%
claim(
    "At round 300 D clearly prefers its 64 images …",
    at(64, "train_above_held", 300), above=0.6, recorded=record,
)
claim("… while G hardly copies yet.", at(64, "copying", 300), above=0.9, recorded=record)
claim(
    "From round 600 to 2,400 the ratio falls further.",
    at(64, "copying", 2400), below=at(64, "copying", 600) - 0.1, recorded=record,
)

# %% [markdown]
# In this record the preference of $D$ comes first, and the copies later. (That the one causes the other we have not tested.) A ratio of 1 does not prove that there are no copies: a few among many fakes do not move a median.
#
# ## 6 The loss goes up: is it broken? (11 min)
#
# Here is a game that *is* broken: somebody forgot the activations in $D$. Without them its three layers are together one linear function.


# %%
def linear_players(seed):
    G, _ = make_players(seed)
    D = mlp((784, 128, 64, 1), seed=2 * seed + 1, slope=1.0)  # no bend in LeakyReLU
    return G, D


broken = []
for seed in seeds.several(3):
    broken.append(train(x_fit, seed, 600, linear_players(seed)))

# %%
predict(
    "Whose generator loss looks better, the healthy game's or the broken one's?",
    [
        ("The healthy one: it falls", False, "It rises. Look at the orange line."),
        ("The broken one: it is flat, at its equilibrium value", True, "A blind opponent is soon content."),
        ("They look alike", False, "They differ, and the difference points the wrong way."),
    ],
)

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7, 3.2))
for group, color, label in ((runs, plots.FAKE, "4,000 images"), (few, plots.PINK, "64 images"), (broken, plots.DISC, "linear $D$")):
    L_G = torch.stack([run.losses[:, 1].view(-1, 50).mean(1) for run in group])
    steps = torch.arange(25, 50 * L_G.shape[1], 50)
    plots.curves(steps, L_G, color=color, ax=ax)
    ax.text(steps[-1] + 25, L_G[:, -1].median() + 0.06, label, color=color)
ax.axhline(math.log(2), color=plots.GREY, linestyle=":", linewidth=1)
ax.text(1490, math.log(2) - 0.03, r"$\log 2$", color=plots.GREY, ha="right", va="top")
ax.set(xlabel="round", ylabel="$L_G$", xlim=(0, 1500), ylim=(0, None), title="Three generator losses. Which game is going well?")
alt = "The generator loss over rounds, with a band over three seeds. Linear discriminator: flat at log 2. 4,000 images: rises slowly. 64 images: rises steeply."
plots.show(fig, alt=alt)


# %%
def loss_before(step, runs, player):
    """Mean loss of the 100 rounds before `step`; player 0 is D, 1 is G: (runs,)."""
    found = []
    for run in runs:
        found.append(run.losses[step - 100 : step, player].mean())
    return torch.tensor(found)


healthy_600 = each(runs, 600, judge.distance)
rows = {
    "linear D, round 600": each(broken, 600, judge.distance),
    "4,000 images, round 600": healthy_600,
    "64 images, round 1,200": each(few, 1200, judge.distance),
    "4,000 images, round 1,200": trained,
}
table("distance from real images", rows, floor={"real images": judge.floor})

# %%
claim(
    "With a linear D the generator's loss stays at log 2.",
    loss_before(600, broken, 1), near=math.log(2), within=0.05,
)
claim(
    "Yet its fakes are more than twice as far away as the healthy ones.",
    rows["linear D, round 600"], above=2 * healthy_600,
)
claim(
    "In the healthy game the loss ends higher than it was in the first 100 rounds.",
    loss_before(1200, runs, 1), above=loss_before(100, runs, 1),
)
claim(
    "With 64 images it ends more than a half higher still.",
    loss_before(1200, few, 1), above=loss_before(1200, runs, 1) + 0.5,
)

# %% [markdown]
# A perfect loss and a useless generator: how? Our guess is that a linear $D$ compares one thing only, a weighted sum of pixels. Then it can teach $G$ the *mean* image, and nothing else.


# %%
def mean_gap(fakes):
    """How far the mean fake is from the mean image."""
    return (fakes.mean(0) - x_fit.mean(0)).norm()


real = variation(x_fit)
claim(
    "With a linear D the mean fake is nearer to the mean image than in the healthy game.",
    each(broken, 600, mean_gap), below=each(runs, 600, mean_gap),
)
claim("But the fakes hardly differ.", each(broken, 600, variation), below=0.4 * real)

# %% [markdown]
# The guess fits, but it needs a control. We let the linear $D$ see the square of each pixel, too. Means and mean squares together tell how much a pixel varies. If the guess is right, $G$ will now learn this, and still no digits.


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
varies = each(with_squares, 600, variation)
still_far = each(with_squares, 600, judge.distance)
rows = {"D linear, sees squares": still_far, "our D": healthy_600}
table("distance from real images", rows)

# %%
claim(
    "With squares the fakes vary about as much as real images.",
    varies, between=(0.6 * real, 1.2 * real),
)
claim(
    "But they are a third further from digits than with our D, or more.",
    still_far, above=4 / 3 * healthy_600,
)

# %% [markdown]
# The guess holds. The first $D$ taught the average digit. The second taught how much each pixel varies, but it cannot teach which pixels are bright *together*, because it adds up pixels one by one.
#
# And why does the loss of a healthy game *rise*? $L_G$ is the grade that $D$ gives, and $D$ learns too. To see the progress of $G$ alone, let a $D$ from *another* game grade old and new fakes.

# %%
old_grade, new_grade = [], []
for k, run in enumerate(runs):
    stranger = runs[k - 1].D  # the D of another game
    with torch.no_grad():
        old_grade.append(F.softplus(-stranger(fakes_of(run, 100))).mean())
        new_grade.append(F.softplus(-stranger(fakes_of(run))).mean())
rows = {"fakes of round 100": old_grade, "fakes of round 1,200": new_grade}
table("generator loss, graded by the D of another game", rows)
claim("To a D that never met them, the newer fakes are better.", new_grade, below=old_grade)

# %% [markdown]
# So $G$ made progress while its own examiner gave worse grades: the examiner changes, too. But a rising curve can also be a memory at work, as with 64 images, and the flat curve was the worst of all. The loss cannot tell. Ask the ruler *and* held-out images.
#
# ## 7 Print the minimum and the maximum (4 min)
#
# $G$ must be able to make the values that the data have. Ours lie in $[-1,1]$, as do those of `Tanh`. Suppose somebody takes `Sigmoid`, which gives values in $(0,1)$. As a control, the same players also get data from 0 to 1.


# %%
def sigmoid_players(seed):
    _, D = make_players(seed)
    G = mlp((64, 64, 128, 784), seed=2 * seed, last=nn.Sigmoid())
    return G, D


cannot, can = [], []
for seed in seeds.several(3):
    cannot.append(train(x_fit, seed, 200, sigmoid_players(seed)))
    can.append(train((x_fit + 1) / 2, seed, 200, sigmoid_players(seed)))

# %%
fakes = fakes_of(cannot[0], 200)
print(f"data  {x_fit.min():.2f} to {x_fit.max():.2f}")
print(f"fakes {fakes.min():.2f} to {fakes.max():.2f}")
rows = {
    "data -1 to 1, Tanh": loss_before(200, runs, 0),
    "data -1 to 1, Sigmoid": loss_before(200, cannot, 0),
    "data 0 to 1, Sigmoid": loss_before(200, can, 0),
}
table("loss of D, rounds 100 to 200", rows)

# %%
claim(
    "If G cannot reach black, D knows every fake.",
    rows["data -1 to 1, Sigmoid"], below=0.1,
)
claim(
    "With data that the same G can reach, D does not.",
    rows["data 0 to 1, Sigmoid"], above=0.5,
)

# %% [markdown]
# Most pixels of a digit are black, which is $-1$. A sigmoid gets no lower than 0, and after 200 rounds $G$ puts *every* pixel there: $D$ has won. On data from 0 to 1 it has not. So the range is the main cause, not the sigmoid. The deeper notebook tries seven pairs, with a surprise.

# %%
how_sure()

# %% [markdown]
# ## Exercises (20 min)
#
# ### Exercise · Break it: the same batch twice
#
# ●○○ · 10 minutes · you need: section 4. A slip of the hand: $D$ makes two moves on the *same* batch before $G$ makes one. **Predict first:** will $D$ learn its images by heart? Will the fakes be better, worse, or as good as before? Then set `RUN = True`.

# %% tags=["exercise-break"]
RUN = False  # True takes about ten seconds


def twice(x, steps, seed):
    """Every batch two times in a row: 2 * steps batches."""
    for batch in data.batches(x, 64, seed=seed, steps=steps):
        yield batch
        yield batch


if RUN:
    seed = seeds.one()
    G, D = make_players(seed)
    batches = twice(x_fit, 1200, seed)  # 2,400 for D, in 1,200 rounds of two moves
    game = play(G, D, adam(G), adam(D), batches, 64, d_steps=2, seed=1000 + seed)
    losses = torch.tensor(list(progress(game, "twice", 1200)))[-100:].mean(0)
    knows = share_higher(D(x_fit), D(x_report))
    print(f"L_D {losses[0]:.2f}, L_G {losses[1]:.2f}")
    print(f"D prefers its images in {knows:.2f} of pairs")
    distance = judge.distance(judge.generate(G, 64))
    print(f"distance {distance:.0f}, before {trained[0]:.0f}")

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
# It breaks nothing. $D$ has now made 38 passes over its images, and section 4 says that this is not enough. In our four seeds $D$ made no difference between its images and new ones, and the fakes were neither clearly better nor clearly worse. With two *new* batches they were better in three of four.
#
# But look at the losses: $L_D$ fell and $L_G$ rose by about a half, in every seed, only because $D$ moves twice before $G$ answers. Whoever reads losses would have seen a disaster.
# </details>
#
# ### Exercise 1 · Back to bytes
#
# ●○○ · 5 minutes · you need: section 7. To save fakes as a picture you need bytes: map $[-1,1]$ to 0…255, rounded to the nearest, as `torch.uint8`. The numbers may overshoot by a hair, and bytes wrap round. So think about what must happen before the conversion.


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
# ●○○ · 5 minutes · you need: section 3. For one feature all the matrices are numbers. Simplify the formula, and write it without a matrix function. Variances divide by $n-1$, as `torch.var` does.


# %% tags=["exercise-2"]
def frechet_1d(a, b):
    """a (n,), b (m,): one feature of two sets of images. Returns one number."""
    return None  # <- your answer


# %% tags=["check-2"]
nb05.check_2(frechet_1d)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# For one feature the means and the covariances are numbers. Write the formula of
# section 3 with $\sigma_a^2$ and $\sigma_b^2$ in the place of the matrices.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The trace becomes $\sigma_a^2+\sigma_b^2-2\sqrt{\sigma_a^2\sigma_b^2}$, which is the
# square of a difference. Add the square of the difference of the means; `torch.std`
# divides by $n-1$ as it is.
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
# 1. The loop of notebook 04 makes digits: first what all digits share, then the differences ([section 1](#1-Digits-out-of-noise-(8-min))).
# 2. To an MLP an image is a list of numbers, so it learns from moved pixels, too ([section 2](#2-A-digit-is-a-list-of-784-numbers-(3-min))).
# 3. The Fréchet distance compares two clouds of features; floor and untrained generator belong beside it ([section 3](#3-A-ruler-for-images-(3-min))).
# 4. After many passes over its images $D$ remembers them, and $G$ may copy; only held-out images show it ([section 4](#4-Does-D-know-digits,-or-these-digits?-(6-min)), [section 5](#5-Has-G-copied?-(5-min))).
# 5. $G$ learns what $D$ can see, and its loss is the grade of a changing examiner: rising can be healthy, flat can be blind ([section 6](#6-The-loss-goes-up:-is-it-broken?-(11-min))).
#
# **Further reading.** Goodfellow et al. 2014 (arXiv:1406.2661), Section 5: the first MLP GANs on MNIST · Heusel et al. 2017 (1706.08500), the Fréchet distance. Next: [06](06_dcgan.ipynb).
