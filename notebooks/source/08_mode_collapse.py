# %% [markdown]
# # 08 · Mode collapse
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/08_mode_collapse.ipynb)
#
# ![A film of nine blue clusters and the orange samples of a plain GAN: they start as one small heap, spread over the plane, and draw together on one cluster](images/08_mode_collapse.gif)
#
# **In one sentence:** a generator can give up most of the data and still please its discriminator, and a few lines in the loss of $D$ prevent it.
#
# **After this lesson you can**
#
# - **count** modes, and tell a collapsed generator from one that is not trained enough;
# - **explain** by two experiments why a generator gives up modes;
# - **choose** a remedy by its measured effect, and say how fair the comparison was.
#
# *Before:* [02](02_losses_and_gradients.ipynb), [03](03_gradient_descent_in_games.ipynb), [04](04_gan_laboratory_2d.ipynb). *Study:* 45 minutes, and 25 for the exercises. *Run time:* about 45 seconds on one CPU core. *Deeper:* [the second notebook](deeper/08_mode_collapse.ipynb) has the code of ten remedies, their whole record, stacked digits, and the recipe for 25 of 25.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import copy
import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers import data, metrics, plots, seeds
from gan_helpers.checks import nb08
from gan_helpers.evidence import claim, how_sure, strip, table
from gan_helpers.losses import L_D, L_G, regularised, relativistic
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict, progress, recorded
from gan_helpers.training import half_cosine, play, play_many, stack

plots.use_course_style()
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings

# %% [markdown]
# ## 1 Collapse, on film (10 min)
#
# In lesson 04 most games covered all eight clusters of a ring. Here is a game that does not. The data are nine clusters on a grid, which we call **modes**. The generator is a small MLP, as before.
#
# The discriminator gets one new thing. An MLP is slow to learn a bumpy function, and clusters are bumps. So $D$ first turns a point into 64 numbers: the sines and cosines of 32 fixed random projections, called **random Fourier features** (Tancik et al. 2020). In the deeper notebook this $D$ finds nearly all of a known difference, a plain MLP less than a fifth.

# %%
CENTRES = data.grid_centres(3)  # (9, 2)
STD = 0.1  # of each cluster
x_nine = data.grid(20_000, seed=seeds.one(), side=3, std=STD)  # (20000, 2)


class Fourier(nn.Module):
    """Points (n, 2) -> (n, 64): sine and cosine of 32 fixed random projections."""

    def __init__(self):
        super().__init__()
        self.B = torch.randn(2, 32, generator=data.make_generator(99))

    def forward(self, x):
        angle = x @ self.B
        return math.sqrt(2) * torch.cat([angle.sin(), angle.cos()], -1)


def make_G(seed):
    return mlp((2, 64, 64, 2), seed=2 * seed)


def make_D(seed):
    return nn.Sequential(Fourier(), mlp((64, 64, 64, 1), seed=2 * seed + 1))


# %% [markdown]
# `stack` puts the players of 16 seeds side by side, and `play_many` plays the loop of lesson 04 in each. Adam has $\beta_1=0$, and its rate falls along half a cosine, from 0.004 to nearly 0.

# %%
SEEDS = seeds.several(16)
RATE = 4e-3
z_show = torch.randn(2500, 2, generator=data.make_generator(10**6))


def new_players(make_G=make_G, make_D=make_D):
    G = stack([make_G(seed) for seed in SEEDS])
    D = stack([make_D(seed) for seed in SEEDS])
    return G, D


def adam(player):
    numbers = player.params.values()
    return torch.optim.Adam(numbers, RATE, betas=(0.0, 0.99), fused=True)


def samples(G):
    """What each G makes of the same noise: (16, 2500, 2)."""
    with torch.no_grad():
        return G(z_show.expand(16, -1, -1))


# %%
LOOKS = (25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 600)


def train(G, D, loss, rounds=600, first=0, rate=None):
    """Play 16 games; returns {round: samples}. The rate falls unless one is given."""
    opt_G, opt_D = adam(G), adam(D)
    batches = [data.batches(x_nine, 64, seed=first + s, steps=rounds) for s in SEEDS]
    noise = [1000 + first + seed for seed in SEEDS]
    game = play_many(G, D, opt_G, opt_D, batches, 2, seeds=noise, loss=loss)
    film = {0: samples(G)}
    for step, _ in enumerate(progress(game, "16 games", rounds), start=1):
        now = rate or half_cosine(RATE, RATE / 1000, step / rounds)
        for opt in (opt_G, opt_D):
            opt.param_groups[0]["lr"] = now
        if step in LOOKS:
            film[step] = samples(G)
    return film


# %%
plain = train(*new_players(), (L_D, L_G))

# %% tags=["hide-input", "head-picture"]
def scatter(ax, x, title=""):
    ax.scatter(*x_nine[:600].T, s=3, color=plots.REAL, linewidths=0)
    ax.scatter(*x[:600].T, s=4, color=plots.FAKE, alpha=0.6, linewidths=0)
    ax.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), aspect="equal", xticks=[], yticks=[])
    ax.set_title(title, fontsize=10)


looks = list(plain)
fig, ax = plt.subplots(figsize=(3.4, 3.6))


def draw(k):
    ax.clear()
    scatter(ax, plain[looks[k]][0], f"round {looks[k]}")


alt = "Nine blue clusters. The orange samples start as one small heap in the middle, spread out beyond the clusters, and draw together until they lie on one or two clusters."
plots.gif(fig, draw, len(looks), fps=2, alt=alt)

# %% tags=["hide-input"]
fig, axes = plt.subplots(2, 8, figsize=(10, 2.9))
for k, ax in enumerate(axes.flat):
    scatter(ax, plain[600][k], f"seed {SEEDS[k]}")
fig.suptitle("Round 600: nobody covers the nine modes", fontsize=12)
alt = "The last frame of all 16 games. In most of them all samples lie on one cluster; in some they are thrown over the plane or out of the picture."
plots.show(fig, alt=alt)

# %% [markdown]
# This is **mode collapse**: the generator makes good samples of a part of the data and leaves out the rest. In a few games most samples lie outside the picture. They were flung away, which is another failure.
#
# ## 2 Three numbers (8 min)
#
# Of 2,500 samples we report three numbers.
#
# - **High quality**: the share of samples within three standard deviations of a centre, as in lesson 04.
# - **Modes**: how many centres have at least a fifth of their fair part. The fair part is $n/K$ of all $n$ samples, for $K$ modes.
# - **Reverse KL**: are the modes equally frequent? With $\hat q_k$ the share of mode $k$ among the high-quality samples,
#
# $$\mathrm{KL}(\hat q\,\|\,u)=\sum_k\hat q_k\log(K\hat q_k).$$
#
# It is 0 if all modes are equally frequent, and $\log 9\approx2.2$ if one has all.


# %%
def measure(points):
    """Three lists, one number per game, of points (games, 2500, 2)."""
    modes, quality, kl = [], [], []
    for x in points:
        m = metrics.mode_coverage(x, CENTRES, STD)
        modes.append(m.modes)
        quality.append(m.high_quality)
        kl.append(min(m.reverse_kl, math.log(9)))  # infinite without a good sample
    return modes, quality, kl


# %%
predict(
    "The same generators, before any training. What do the three numbers say?",
    [
        ("No modes, low quality", False, "They begin as a small heap in the middle, and there is a cluster."),
        ("One mode, high quality, a large KL", True, "To the three numbers they are collapsed."),
        ("All modes a little, a small KL", False, "That would need samples all over the square."),
    ],
)

# %%
perfect, blind = [], []
for seed in SEEDS:
    perfect.append(data.grid(2500, seed=1000 + seed, side=3, std=STD))
    square = 2 * torch.rand(2500, 2, generator=data.make_generator(seed)) - 1
    blind.append(2.5 * square)  # all over the square, without looking
states = {
    "perfect sampler": measure(perfect),
    "blind points": measure(blind),
    "plain GAN, round 600": measure(plain[600]),
    "plain GAN, round 0": measure(plain[0]),
}
for k, title in enumerate(("modes of nine", "high-quality share", "reverse KL")):
    table(title, {name: found[k] for name, found in states.items()})

# %%
modes_end, quality_end, kl_end = measure(plain[600])
claim("The plain GAN covers at most three of nine modes.", modes_end, below=4)
claim("Untrained generators cover one mode …", states["plain GAN, round 0"][0], below=2)
claim("… with mostly good samples.", states["plain GAN, round 0"][1], above=0.5)

# %% [markdown]
# Read the first row first. Even a perfect sampler leaves a hundredth of its points outside, and has a small KL by chance. Blind points show why no number suffices alone: their KL is small, and nearly all of them are bad.
#
# *What surprised us* is the last row. Few modes with high quality is a collapse, people say. But a generator that has learned nothing looks the same: it begins as a heap near one cluster. So a collapse is a *history*: the samples had spread out, and then drew together.


# %%
def width(points):
    """Spread of each game's samples, in units of the data's: (games,)."""
    return points.std(1).mean(-1) / x_nine.std(0).mean()


widths = torch.stack([width(points) for points in plain.values()], dim=1)

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7, 3))
for k in range(16):
    kind = plots.FAKE if quality_end[k] > 0.6 else plots.GREY
    ax.plot(list(plain), widths[k], color=kind, linewidth=1.3)
ax.axhline(1, color=plots.REAL, linestyle=":")
ax.text(607, 1, "the data", color=plots.REAL, va="center")
ax.text(607, 0.05, "collapsed", color=plots.FAKE, va="center")
ax.text(607, 7, "flung away", color=plots.GREY, va="center")
ax.set(yscale="log", xlabel="round", ylabel="width of the samples", xlim=(0, 600), title="Out, and together again: that is a collapse")
alt = "Width of the samples of 16 games on a logarithmic axis. All start near a twentieth of the data's, rise to one or more within fifty rounds. Most (orange) then fall to a twentieth again; some (grey) stay at many times the data's width."
plots.show(fig, alt=alt)

# %%
claim(
    "Every generator was once nearly as wide as the data, or wider.",
    widths.amax(1), above=0.7,
)
claim(
    "In most games the width then fell below half of its largest value.",
    widths[:, -1] < widths.amax(1) / 2, in_at_least=10,
)

# %% [markdown]
# Why did lesson 04's generator keep its clusters? The new thing here is what $D$ sees. So we leave the Fourier features out.


# %%
def plain_D(seed):
    return mlp((2, 64, 64, 1), seed=2 * seed + 1)  # sees the point itself


no_features = train(*new_players(make_D=plain_D), (L_D, L_G), rounds=300)
claim(
    "Without features the samples stay about as wide as the data.",
    width(no_features[300]), between=(0.6, 1.5),
)

# %% [markdown]
# None collapses within 300 rounds, and none is sharp. So in this game it takes a $D$ that sees the clusters. Why a sharper $D$ brings collapse we have not tested any further.
#
# ## 3 Why: who answers whom (7 min)
#
# $L_G$ is a mean over samples, and $D$ scores each one alone. Nothing in it asks for variety. If $D$ stood still, the best generator would put *everything* where $D$ is highest. Is that the reason? Here is a toy with four modes and no networks. $G$ is a list of probabilities $q$, $D$ is a list of scores $d$, and the data have probabilities $p$:
#
# $$V(q,d)=\sum_kp_k\log\sigma(d_k)+\sum_kq_k\log(1-\sigma(d_k)).$$
#
# $G$ makes $V$ small and $D$ makes it large. We play it in two orders. In **minimax** $G$ moves, and $D$ gives its best answer to each move. In **maximin** $D$ moves, and $G$ gives its best answer. Von Neumann's theorem says that both end at the same value, here $-\log4$.

# %%
predict(
    "Both orders have the same value. Do they end with the same generator?",
    [
        ("Yes: the same value, the same solution", False, "The value is the same, but not the generator."),
        ("No: one order keeps all modes, the other has one mode at a time", True, "Who answers last decides."),
        ("No: one order never comes to rest and reaches another value", False, "It does not rest, but its value is the same."),
    ],
)

# %%
p = torch.tensor([0.1, 0.2, 0.3, 0.4])  # the data


def value(q, d):
    return (p * F.logsigmoid(d) + q * F.logsigmoid(-d)).sum()


def minimax(seed):
    """G moves against the D that is best for this very q, which is log p/q."""
    u = torch.randn(4, generator=data.make_generator(seed)).requires_grad_()
    opt = torch.optim.Adam([u], lr=0.05)
    for _ in range(500):
        q = u.softmax(0)
        loss = value(q, (p / q).log().detach())
        opt.zero_grad()
        loss.backward()
        opt.step()
    return q.detach()


# %%
def maximin(seed):
    """D moves against the G that is best for this very d: the mode of highest score."""
    d = torch.randn(4, generator=data.make_generator(seed))
    visits = []
    for step in range(3000):
        q = F.one_hot(d.argmax(), 4).float()
        visits.append(q)
        slope = p * torch.sigmoid(-d) - q * torch.sigmoid(d)  # of V, in d
        d = d + 0.3 / (1 + step / 100) * slope
    return torch.stack(visits), d


visits, scores = maximin(seeds.one())
q_minimax, q_maximin = minimax(seeds.one()), visits[1000:].mean(0)

# %% tags=["hide-input"]
fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 2.7), width_ratios=(1, 2.2))
left.bar(range(4), q_minimax, color=plots.FAKE, width=0.5)
left.plot(range(4), p, "o", color=plots.REAL)
left.set(title="Minimax: G is the data", xlabel="mode", ylabel="probability", ylim=(0, 1), xticks=range(4))
for k in range(4):
    when = visits[:150, k].nonzero().squeeze(1)
    right.plot(when, 0 * when + k, "|", color=plots.FAKE, markersize=14)
right.set(title="Maximin: G is on one mode, and hops", xlabel="round", ylabel="mode", yticks=range(4), ylim=(-0.5, 3.5))
alt = "Left: bars of the generator's probabilities at the end of minimax, with the data's as dots on their tops. Right: in maximin all probability sits on one mode at a time and hops between them, more often to those that the data have more of."
plots.show(fig, alt=alt)

# %%
ends = [value(q_minimax, (p / q_minimax).log()), value(visits[-1], scores)]
claim(
    "Both orders end at the value −log 4.",
    torch.stack(ends), near=-math.log(4), within=0.01, exact=True,
)
claim("In minimax G becomes the data.", (q_minimax - p).abs().max(), below=0.01, exact=True)
claim(
    "In maximin only its average over time does.",
    (q_maximin - p).abs().max(), below=0.03, exact=True,
)

# %% [markdown]
# Both experiments have the same players and the same $V$. Only the order differs, so the order is the cause. A $G$ that must be good against *every* answer of $D$ is the data. A $G$ that only answers the present $D$ is one mode at every moment. In a training loop each player takes one step. We should expect collapse where $G$ gets far before $D$ has moved (Goodfellow 2016).

# %% [markdown]
# ## 4 Two changes of the loss (5 min)
#
# So $G$ should not get far in one step. **R1** and **R2** (Mescheder et al. 2018) keep $D$ flat: they charge for its slope $\lVert\nabla_xD(x)\rVert$, R1 at real and R2 at fake points. Lesson 03 met R1 in a game of two numbers. **Relativistic pairing** (Jolicoeur-Martineau 2018) scores a fake only against a real sample. Each is three lines.


# %% tags=["three-lines"]
def slope_penalty(D, x):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return slope.square().sum(1).mean() / 2


def paired_D(D, x_real, x_fake):
    return F.softplus(D(x_fake) - D(x_real)).mean()


def paired_G(D, x_real, x_fake):
    return F.softplus(D(x_real) - D(x_fake)).mean()


# %% [markdown]
# `create_graph=True` keeps the computation of the slope, so that the penalty has a gradient itself. The package has the same lines for many games at once.

# %%
CURE = regularised(relativistic, r1=0.5, r2=0.5)  # γ = 0.5 for both
G_cured, D_cured = new_players()
cured = train(G_cured, D_cured, CURE)

# %%
predict(
    "Round 100 of the cured games: few modes are covered, in some games none. Have they collapsed, too?",
    [
        ("Yes: few modes is collapse, and the cure does not work", False, "Look at quality and KL, too."),
        ("No: samples are everywhere, but not sharp yet", True, "Low quality, small KL, full width."),
        ("Yes, but all games come back from a collapse", False, "They had not been there."),
    ],
)

# %% tags=["hide-input"]
fig, axes = plt.subplots(3, 6, figsize=(9, 4.9))
for row, (points, name) in enumerate(((plain[600], "plain, 600"), (cured[100], "cure, 100"), (cured[600], "cure, 600"))):
    for k in range(6):
        scatter(axes[row, k], points[k])
    axes[row, 0].set_ylabel(name)
fig.suptitle("The same first weights, the same data, another loss", fontsize=12)
alt = "Six games. Top: the plain game at round 600, most on one cluster or out of the picture. Middle: the cured game at round 100, samples all over the square. Bottom: the cured game at round 600, samples gathered on the clusters, with threads between them."
plots.show(fig, alt=alt)

# %%
modes_100, quality_100, kl_100 = measure(cured[100])
modes_cured, quality_cured, kl_cured = measure(cured[600])
rows = {"plain, round 600": modes_end, "cure, round 100": modes_100}
table("modes of nine", rows | {"cure, round 600": modes_cured})
claim("At round 100 the cured games have few good samples …", quality_100, below=0.3)
claim("… but as much width as the data.", width(cured[100]), between=(0.7, 1.3))
claim("At round 600 they cover at least five modes of nine.", modes_cured, above=4)

# %% [markdown]
# Few modes with low quality and full width is **under-trained**, and calls for patience. Few modes with high quality, after the samples were wide, calls for another loss. *What this does not show:* good samples. More than half still lie between the clusters. Section 8 mends that.
#
# ## 5 Take the cure away again (4 min)
#
# Section 3 blamed a $G$ that gets far while $D$ stands still. We can test that with the networks. All 16 cured pairs go on for 250 rounds, now at the full rate of 0.004. In the first trial $D$ stands still, and only $G$ moves.

# %%
predict(
    "A cured generator plays on against its own cured D, frozen. What happens to its modes?",
    [
        ("It keeps them: this D has taught them", False, "A frozen D has a highest point, and G finds it."),
        ("It loses most of them", True, "Its best answer to a D that stands still is a point."),
        ("It gets better: D is a perfect teacher by now", False, "D scores each sample alone. Nothing asks for variety."),
    ],
)


# %%
def go_on(loss, rate):
    """Modes of all games after 250 more rounds from the cured players."""
    G, D = copy.deepcopy((G_cured, D_cured))
    points = train(G, D, loss, rounds=250, first=3000, rate=rate)[250]
    return torch.tensor(measure(points)[0])


def frozen(D, x_real, x_fake):
    return 0 * D(x_real).sum()  # a loss without a gradient: D stays as it is


# %%
trials = {
    "before": modes_cured,
    "D frozen": go_on((frozen, paired_G), RATE),
    "D frozen, a tenth of the rate": go_on((frozen, paired_G), RATE / 10),
    "D moves, no penalty": go_on(relativistic, RATE),
    "D moves, with the cure": go_on(CURE, RATE),
}
table("modes of nine after 250 more rounds", trials)

# %%
before = torch.tensor(modes_cured)
lost = before - trials["D frozen"]
claim(
    "Against a frozen D nearly all generators lose at least three modes.",
    lost >= 3, in_at_least=13,
)
slow = before - trials["D frozen, a tenth of the rate"]
claim("At a tenth of the rate nearly all lose at most one.", slow <= 1, in_at_least=14)
more = trials["D moves, with the cure"] > trials["D moves, no penalty"]
claim("If D moves, the cure keeps more modes than no penalty.", more, in_at_least=10)

# %% [markdown]
# So both halves of the reason are needed. $D$ must stand still *and* $G$ must get far: at a tenth of the rate the same frozen $D$ does no harm in 250 moves. (It may do it later; we stopped there.) But a $D$ that moves is not enough. Without the penalty about half of the modes are lost, and at the full rate even the cured games lose some. Why does flatness help a moving $D$? That a step of $G$ then leads less far is our guess. We have not tested it.
#
# ## 6 What helps, and what does not, here (4 min)
#
# Twenty-four rows of remedies played this game in a **recorded run**, with 16 seeds each and 1,600 rounds. They are ranked by the share of samples that would have to move to make a perfect sampler.

# %%
predict(
    "Popular advice against collapse: give G more noise dimensions. We tried 8, 64 and 256. What do 16 seeds say?",
    [
        ("It helps, and more helps more", False, "Nothing to see at any number of dimensions."),
        ("It makes no visible difference", True, "G had enough noise. It did not use it."),
        ("It helps a little, like packs of samples", False, "Packs helped a little, noise did not."),
    ],
)

# %%
record = recorded("nb08_mode_collapse_cures")
misplaced = {}
for name, run in record["equal_steps"].items():
    misplaced[name] = torch.tensor(run["misplaced"])
order = sorted(misplaced, key=lambda name: misplaced[name].mean())

# %% tags=["hide-input"]
rows = {name: misplaced[name] for name in order}
ax = strip(rows, title="Six help in every seed", xlabel="share of samples in the wrong place (one tick a seed)")
ax.axhline(5.5, color=plots.GREY, linestyle=":")
ax.axhline(order.index("plain"), color=plots.FAKE, linewidth=7, alpha=0.25)
ax.set_xlim(0, 1.02)
alt = "One row per remedy, best on top, one tick per seed. Six stand apart on top: R1 with R2, with and without pairs, R1 alone, WGAN-GP, instance noise and the spectral norm. Packs of four follow at a distance. All others lie beside the plain GAN, near nine tenths."
plots.show(ax.figure, alt=alt)

# %% [markdown]
# | helps, in every seed | does not, here |
# |---|---|
# | R1 · R1 + R2 · pairs + R1 + R2 · WGAN-GP: a charge for the slope of $D$ | more noise dimensions, fewer too · other rates, momenta, two time scales |
# | spectral norm: a bound on the slope | weights drawn anew · several discriminators · minibatch features |
# | instance noise: blurs what $D$ sees, less and less | pairs alone · looking ahead (unrolled, six times the time) |
# | *a little:* packs of four samples | packs at a quarter of the rate |

# %%
HELPS = ["R1", "R1 + R2", "relativistic + R1 + R2"]
HELPS += ["WGAN-GP", "spectral norm", "instance noise"]


def gain(names):
    """How much less is misplaced than by the plain GAN: (remedies, seeds)."""
    return torch.stack([misplaced["plain"] - misplaced[name] for name in names])


claim("The six help in each of 16 seeds.", gain(HELPS).amin(0), above=0, recorded=record)
NOISE = ["8-dimensional noise", "64-dimensional noise", "256-dimensional noise"]
claim(
    "More noise gains less than a tenth on average.",
    gain(NOISE).mean(1).max(), below=0.1, recorded=record,
)

# %% [markdown]
# All six are *meant* to keep $D$ flat. For the spectral norm the bound was varied, and a looser bound helped less. Pairs alone do nothing here, and add nothing to the penalties that 16 seeds could show.
#
# <details><summary><b>How fair was each trial?</b></summary>
#
# The players, the data, the rounds and the seeds are the same in each row. A remedy with a knob got three to five settings, and the best was chosen on three other seeds. The plain GAN got the same: "smaller steps", "two time scales" and "momentum" are its rows. At equal seconds instead of equal steps the same six lead; which of them is first is not decided.
#
# Three settings are few, and for most remedies the best lay at the edge. Three seeds are few, too: they could not tell packs of four at the full rate from packs at a quarter of it, and chose the wrong one. We added that row after the ranking. Unrolling was hardly tested: it used plain gradient steps inside against a D that Adam moves, its best step size was the smallest tried, and the number of steps was hardly varied.
#
# Does this contradict the papers? They had other players. Our D sees every cluster from the start, and rates and features were tuned until the penalties worked.
# </details>
#
# ## 7 Too much of the cure (1 min)
#
# $\gamma=0.5$ helps. Does $\gamma=50$ help more?

# %%
strong = train(*new_players(), regularised(relativistic, r1=50.0, r2=50.0), rounds=200)
modes_strong, quality_strong, kl_strong = measure(strong[200])
rows = {"γ = 0.5": measure(cured[200])[1], "γ = 50": quality_strong}
table("high-quality share at round 200", rows, floor={"blind points": states["blind points"][1]})

# %%
claim("With γ = 50 hardly a sample is good …", quality_strong, below=0.15)
claim("… and the modes are about evenly hit.", kl_strong, below=0.7)

# %% [markdown]
# That is no better than blind points. A $D$ that may hardly be steep cannot say where a cluster begins. So the usual recipe lets $\gamma$ *fall*: first find all modes, then sharpen.
#
# ## 8 Twenty-five of twenty-five (3 min)
#
# Papers use a grid of 25 clusters, half as wide as ours. The recipe takes pairs, R1 and R2, and a $\gamma$ that falls from 0.6 to 0.005. $D$ gets features on many scales. One thing more is for $G$. It is continuous, so its samples form bridges between clusters. **Noise that chooses** needs no bridge: two numbers of $z$ pick one of 32 each. The film is a short game of the deeper notebook.
#
# ![A film: orange samples lie all over a square with 25 blue clusters, and gather on the clusters until each has its share](images/deeper/08_mode_collapse.gif)

# %%
moon = recorded("nb08_moonshot_grid")
hits = []
for part in moon["runs"]["recipe"]:
    hits += part["average"]  # good samples of 2,500, counted by mode, of each seed
hits = torch.tensor(hits)
covered = (hits >= 0.2 * 2500 / 25).sum(1)
claim("The whole recipe covers 25 of 25, in every seed.", covered == 25, recorded=moon)
claim("More than 97 % of its samples are good.", hits.sum(1) / 2500, above=0.97, recorded=moon)

# %% [markdown]
# The whole recipe takes 20 CPU-seconds a seed: five times the rounds of the film, a larger batch, and an average of the weights. Each part was left out once. Without the choice in $z$ at most four modes are reached, and without penalties at most twenty. *What this does not show:* that the recipe carries over to images.

# %%
how_sure()

# %% [markdown]
# ## Exercises (25 min)
#
# ### Exercise · Break it: forget `create_graph`
#
# ●●○ · 10 minutes · you need: section 4. A common slip: R1 and R2 are there, and their value is printed, but `create_graph=True` is missing. **Predict first:** an error, a slower cure, or no cure at all? Then set `RUN = True`.

# %% tags=["exercise-break"]
RUN = False  # True takes about 15 seconds


def slope_penalty_of(D, x, create_graph):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=create_graph)
    return slope.square().sum(1).mean() / 2


def broken_game(seed, create_graph):
    """Modes of one game of 600 rounds."""
    G, D = make_G(seed), make_D(seed)

    def cost_D(D, x_real, x_fake):
        penalty = slope_penalty_of(D, x_real, create_graph)
        penalty = penalty + slope_penalty_of(D, x_fake, create_graph)
        return paired_D(D, x_real, x_fake) + 0.5 * penalty

    opt_G = torch.optim.Adam(G.parameters(), RATE, betas=(0.0, 0.99), fused=True)
    opt_D = torch.optim.Adam(D.parameters(), RATE, betas=(0.0, 0.99), fused=True)
    batches = data.batches(x_nine, 64, seed=seed, steps=600)
    loss = cost_D, paired_G
    game = play(G, D, opt_G, opt_D, batches, 2, seed=1000 + seed, loss=loss)
    for step, _ in enumerate(game, start=1):
        for opt in (opt_G, opt_D):
            opt.param_groups[0]["lr"] = half_cosine(RATE, RATE / 1000, step / 600)
    with torch.no_grad():
        modes = metrics.mode_coverage(G(z_show), CENTRES, STD).modes
    value = slope_penalty(D, x_nine[:500]).item()
    print(f"seed {seed}, {create_graph}: {modes} modes, penalty {value:.2f}")


if RUN:
    for seed in seeds.several(2):
        broken_game(seed, create_graph=True)
        broken_game(seed, create_graph=False)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# What is needed to compute the value of the penalty, and what to compute its gradient with respect to the weights of $D$?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Without `create_graph` the slope is a plain number to autograd, a constant. What is the gradient of a constant?
# </details>
#
# <details><summary>Solution</summary>
#
# No cure at all, and no error. Without `create_graph` the penalty is a constant for autograd, so $D$ never feels it. In our three seeds the games with it covered 7 or 8 modes, and those without 1 or 2.
#
# The value of the penalty tells: about 0.01 where it works, and 15 to 20 where $D$ does not feel it. A penalty that only grows is one that nobody minimises.
# </details>
#
# ### Exercise 1 · The reverse KL
#
# ●○○ · 5 minutes · you need: section 2. From the counts of all $K$ modes, some perhaps 0, to $\mathrm{KL}(\hat q\,\|\,u)$ in nats.


# %% tags=["exercise-1"]
def kl_to_uniform(hits):
    """hits (K,): integer tensor of counts. Returns one number, from 0 to log K."""
    return None  # <- your answer


# %% tags=["check-1"]
nb08.check_1(kl_to_uniform)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Turn the counts into shares first. Then ask what a mode that was never hit adds to the
# sum.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# A mode with share 0 adds $0\log0$, which is 0 here. `torch.xlogy(a, b)` is $a\log b$
# with that convention, and $\log\frac{\hat q}{1/K}$ is $\log(K\hat q)$.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def kl_to_uniform(hits):
#     q = hits / hits.sum()
#     return torch.xlogy(q, len(q) * q).sum()
# ```
# It is $\log K$ minus the entropy of $\hat q$.
# </details>
#
# ### Exercise 2 · Better in 13 of 16 seeds
#
# ●●○ · 10 minutes · you need: section 6. A remedy beats the plain GAN in $k$ of $n$ seeds (paired, no ties). If it made no difference, each seed would be a fair coin. Return the exact two-sided probability of a count at least as extreme.


# %% tags=["exercise-2"]
def sign_test(k, n):
    """k of n seeds are better. Returns a probability, at most 1."""
    return None  # <- your answer


# %% tags=["check-2"]
nb08.check_2(sign_test)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Which counts are at least as extreme as $k$? There are some on both sides of $n/2$.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# `math.comb(n, j)` of the $2^n$ outcomes have the count $j$. Add them up from the
# larger of $k$ and $n-k$ to $n$, double the sum because both sides are equally extreme,
# and keep it at most 1.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def sign_test(k, n):
#     tail = sum(math.comb(n, j) for j in range(max(k, n - k), n + 1)) / 2**n
#     return min(1.0, 2 * tail)
# ```
# 13 of 16: 0.021. With 23 remedies on trial at once, expect 23 · 0.021 = 0.49 such results from luck alone.
# </details>
#
# ## Recap (1 min)
#
# 1. Modes, quality and KL are read together, beside a perfect sampler and blind points; an untrained generator looks collapsed, so look at the history ([section 2](#2-Three-numbers-(8-min))).
# 2. Minimax and maximin have one value and different generators: who only answers the present $D$ is one mode ([section 3](#3-Why:-who-answers-whom-(7-min))).
# 3. Penalties on the slope of $D$ and pairs, three lines each, keep most modes in every seed ([section 4](#4-Two-changes-of-the-loss-(5-min))).
# 4. A frozen $D$ and a $G$ that gets far lose modes; a small rate, or a moving $D$ with the penalty, keeps them ([section 5](#5-Take-the-cure-away-again-(4-min))).
# 5. Of 24 rows, six that are meant to keep $D$ flat help in every seed, and too much flatness leaves a blur ([section 6](#6-What-helps,-and-what-does-not,-here-(4-min)), [section 7](#7-Too-much-of-the-cure-(1-min))).
#
# **Further reading.** Mescheder et al. 2018 (arXiv:1801.04406), R1 and R2 · Huang et al. 2024 (2501.05441), pairs with both · Goodfellow 2016 (1701.00160), Sec. 5.1. Next: [09](09_wasserstein_gan.ipynb), where $D$ measures a distance.
