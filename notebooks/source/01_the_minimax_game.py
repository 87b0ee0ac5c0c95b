# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · The minimax game
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/01_the_minimax_game.ipynb)
#
# ![Two rows of the same forty points on a line. In the upper row all are grey: this is what the discriminator sees. In the lower row they are blue for real and orange for fake: this is what the coin knows](images/01_the_minimax_game.png)
#
# **In one sentence:** a discriminator answers one question per sample, "real or fake?", and its answers tell how well fakes and data can be told apart, and which way each fake should go.
#
# **After this lesson you can**
#
# - **derive** the value function of a GAN from that one question, and the discriminator that answers it best;
# - **explain** what the Jensen–Shannon divergence measures, and why the generator makes it small;
# - **say** what the losses read at the end of a perfect game, and why this proves nothing.
#
# *Before this:* [00](00_start_here.ipynb). *Study:* 43 minutes, and 25 for the exercises. *Run time:* about 30 seconds on one CPU core. *Deeper:* [the second notebook](deeper/01_the_minimax_game.ipynb) finds the best discriminator in three more ways, lets a network learn it, and refutes eleven wrong formulas.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers import plots, seeds
from gan_helpers.checks import nb01
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.notebook import predict, progress

plots.use_course_style()
torch.set_num_threads(1)  # small networks on the CPU: a second thread costs more than it brings

# %% [markdown]
# ## 1 Why a discriminator at all (7 min)
#
# Why does a generator need an opponent? Let us compare fakes with real samples and make their distance small.


# %%
def draw_data(n):
    """n real samples: half of them near -2, half near 2."""
    bumps = 2 * torch.randn(n, 1).sign()  # -2 or 2, equally often
    return bumps + 0.5 * torch.randn(n, 1)


def small_net():
    return nn.Sequential(
        nn.Linear(1, 32), nn.Tanh(),
        nn.Linear(32, 32), nn.Tanh(),
        nn.Linear(32, 1),
    )  # fmt: skip


# %% [markdown]
# Each step draws 200 fakes and 200 real samples and pairs them at random. The loss is the mean squared distance of a pair.


# %%
def train_on_pairs(seed, sort=False):
    torch.manual_seed(seed)
    G = small_net()
    optimizer = torch.optim.Adam(G.parameters(), lr=1e-2)
    for _ in range(400):
        x_fake = G(torch.randn(200, 1))
        x_real = draw_data(200)
        if sort:  # the smallest with the smallest, and so on
            x_fake = x_fake.sort(dim=0).values
            x_real = x_real.sort(dim=0).values
        loss_G = (x_fake - x_real).square().mean()
        optimizer.zero_grad()
        loss_G.backward()
        optimizer.step()
    return G(torch.randn(2_000, 1)).detach()


# %%
predict(
    "The loss asks each fake to be near a real sample chosen at random. What does G learn to make?",
    [
        ("Two bumps, like the data", False, "No fake knows in which bump its next partner lies."),
        ("One broad bump over both", False, "Fakes that vary are farther from random partners."),
        ("Nearly always the same number, about 0", True, "The mean is the best guess for an unknown partner."),
    ],
)

# %%
eight = seeds.several(8)
random_pairs = torch.stack([train_on_pairs(seed) for seed in eight])  # 8 × 2,000 × 1
sorted_pairs = torch.stack([train_on_pairs(seed, sort=True) for seed in eight])

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(8.4, 2.6), sharex=True, sharey=True)
real = draw_data(20_000).flatten()
bins = torch.linspace(-4.5, 4.5, 61).tolist()
for ax, fakes, title in ((axes[0], random_pairs, "Random pairs: all fakes in the gap"), (axes[1], sorted_pairs, "Sorted pairs: two bumps")):
    for values, color in ((real, plots.REAL), (fakes[0].flatten(), plots.FAKE)):
        ax.hist(values, bins, weights=torch.full_like(values, 1 / len(values)), color=color, alpha=0.55)
    ax.set(title=title, xlabel="$x$", ylim=(0, 0.15), yticks=[])
axes[0].text(-2, 0.075, "real", color=plots.REAL, ha="center")
axes[0].text(0.35, 0.12, "fake", color=plots.FAKE)
alt = "Two histograms with the real samples in two blue bumps at -2 and 2. Left, random pairs: all fakes are one tall orange column at 0, where there are no data; the column is cut off. Right, sorted pairs: the fakes form two bumps on top of the data."
plots.show(fig, alt=alt)

# %%
# dim=(1, 2): over the 2,000 fakes of each seed
claim(
    "With random pairs the fakes hardly differ.",
    random_pairs.std(dim=(1, 2)), below=0.3,
)
claim(
    "They lie near 0, the mean of the data.",
    random_pairs.mean(dim=(1, 2)), near=0, within=0.4,
)
left = ((sorted_pairs + 2).abs() < 1).float().mean(dim=(1, 2))  # near -2
gap = (sorted_pairs.abs() < 1).float().mean(dim=(1, 2))
claim(
    "With sorted pairs a third or more lie in the left bump.",
    left, between=(1 / 3, 0.55),
)
claim(
    "Fewer than a fifth lie in the gap.",
    gap, below=0.2,
)

# %% [markdown]
# The pictures show one seed. (The column on the left is cut off.) No fake knows its partner in advance, so $G$ does best to aim at the mean. The right panel is the control: once the pairs are no longer random, the bumps appear. But we could sort only because our samples are single numbers, and images have no order.
#
# So we want to compare two *sets*, without pairs, and still tell each fake where to go. A discriminator does both: section 5 plays it on these bumps.
#
# ## 2 One question per sample (5 min)
#
# Toss a fair coin. Heads: draw $x$ from the data, $x\sim p_d$. Tails: draw noise $z\sim p_z$ and let the generator make a fake, $x=G(z)\sim p_g$. The discriminator sees $x$ but not the coin, and answers with a probability $P(x)$ for heads, "real".

# %% tags=["hide-input", "head-picture"]
paint = torch.Generator().manual_seed(3)  # a drawing, no experiment
dots = torch.cat([torch.randn(20, generator=paint), 1 + 1.5 * torch.randn(20, generator=paint)])
height = 0.32 * torch.rand(40, generator=paint)
colors = [plots.REAL] * 20 + [plots.FAKE] * 20
fig, ax = plt.subplots(figsize=(7.2, 2.1))
ax.scatter(dots, 1 + height, s=26, color=plots.GREY)
ax.scatter(dots, height, s=26, color=colors)
ax.text(-6.3, 1.16, "what $D$ sees", va="center", color=plots.DISC)
ax.text(-6.3, 0.16, "what the coin knows", va="center", color=plots.DISC)
ax.set(xlim=(-6.4, 4.6), ylim=(-0.15, 1.5), yticks=[], xticks=[], title="Real or fake? One question for every sample")
ax.spines[:].set_visible(False)
alt = "Two rows of the same forty points on a line. In the upper row all are grey: this is what the discriminator sees. In the lower row they are blue for real and orange for fake: this is what the coin knows. The two colours overlap."
plots.show(fig, alt=alt)

# %% [markdown]
# Each answer gets a **grade**: $\log P(x)$ if $x$ was real, $\log(1-P(x))$ if it was fake. Say that $D$ answers 0.9. If $x$ is real, the grade is $\log0.9=-0.1$. If it is fake, the grade is $\log0.1=-2.3$. So a confident wrong answer costs much. The mean grades of both sides, added, are the **value function** of a GAN:
#
# $$V(D,G)=\mathbb E_{x\sim p_d}[\log P(x)]+\mathbb E_{z\sim p_z}[\log(1-P(G(z)))],\qquad\min_G\max_D V(D,G)$$
#
# (Goodfellow et al. 2014, Eq. 1). The discriminator wants good grades and makes $V$ large. The generator wants to fool it and makes $V$ small. This is a **minimax game**.
#
# A matter of letters: that paper writes $D$ for the probability. In this course $D(x)$ is the *score*, any real number, and $P(x)=\sigma(D(x))$. The softplus $\zeta(s)=\log(1+e^s)$ of notebook 00 gives the grade of a score $s$:
#
# $$\log\sigma(s)=\log\frac1{1+e^{-s}}=-\log(1+e^{-s})=-\zeta(-s),\qquad\log(1-\sigma(s))=-\zeta(s).$$


# %%
def value(score_real, score_fake):
    """V(D, G), from the scores of real and of fake samples."""
    return -F.softplus(-score_real).mean() - F.softplus(score_fake).mean()


# %%
scores = torch.randn(1_000)  # any scores will do; the first 500 are of real samples
labels = torch.cat([torch.ones(500), torch.zeros(500)])
cross_entropy = F.binary_cross_entropy_with_logits(scores, labels)
blind = torch.zeros(500)  # the answer is always ½

claim(
    "V is -2 times PyTorch's ordinary cross-entropy.",
    value(scores[:500], scores[500:]), near=-2 * cross_entropy, within=1e-5, exact=True,
)
claim(
    "A D that always answers ½ has V = -log 4.",
    value(blind, blind), near=-math.log(4), within=1e-5, exact=True,
)

# %% [markdown]
# (`exact=True` marks mathematics, which needs no seeds.) So a discriminator is an ordinary classifier with the ordinary loss, the **cross-entropy** $-V/2$. And a blind one reads $-\log4=-1.386$ for *every* generator. One answer is about one sample; the mean grade compares two *sets*.
#
# ## 3 The best answer (4 min)
#
# The generator stands still. Which answer is best? Look at one place $x$ first. Say that the density of the data is 0.3 there, and that of the fakes 0.2. So of five samples near this $x$ three are real and two are fake, on average. $D$ cannot tell them apart, and gives all five the same $P$.
#
# | the answer $P$ | ½ | 0.6 | 0.9 |
# |---|---|---|---|
# | grades of the five, $3\log P+2\log(1-P)$ | −3.47 | **−3.37** | −4.92 |
#
# The best of the three is 0.6, the share of real samples. Is it so for every $P$, and everywhere? Let $a$ and $b$ be the densities of data and fakes at $x$. The grades of the samples near $x$ are in proportion to $a\log P+b\log(1-P)$. The derivative in $P$ is $\frac aP-\frac b{1-P}$. It is 0 at $P=\frac a{a+b}$, positive before and negative after, so this is the maximum. $D$ may choose its answer at each $x$ alone, so
#
# $$P^*(x)=\frac{p_d(x)}{p_d(x)+p_g(x)},\qquad D^*(x)=\log\frac{P^*(x)}{1-P^*(x)}=\log\frac{p_d(x)}{p_g(x)}$$
#
# (Prop. 1, Eq. 2). In words: *the best answer is the share of real samples at $x$, and the best score is the logarithm of the proportion real to fake*. In our example the score is $\log\frac{0.3}{0.2}=0.41$.

# %%
predict(
    "The data are N(0, 1), the fakes N(1, 1.5²). As x runs from −5 to 6, how often does the best P cross one half?",
    [
        ("Once, between the two means", False, "So it is if both are equally wide."),
        ("Twice", True, "The fakes are wider, so they are more frequent on both outer sides."),
        ("Never: D has a favourite", False, "P is one half where the densities cross, and they do."),
    ],
)


# %%
def normal(x, mean, std):
    """The density of N(mean, std²) at the points x."""
    return torch.exp(-(((x - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))


x = torch.linspace(-5, 6, 111)
p_d = normal(x, 0, 1)
p_g = normal(x, 1, 1.5)
P_best = p_d / (p_d + p_g)

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7, 3.2))
plots.densities(x, p_d, p_g, P=P_best, ax=ax)
right = ax.right_ax
right.get_legend().remove()
right.text(-4.7, 0.72, "the best answer $P^*$\n(scale on the right)", color=plots.DISC)
right.text(-4.9, 0.52, "one half", color=plots.GREY)
ax.text(0.9, 0.36, "data", color=plots.REAL)
ax.text(3.2, 0.1, "fakes", color=plots.FAKE)
ax.set_title("The best answer is a hill, not a step")
alt = "The blue density of the data, the wider orange density of the fakes to its right, and the black curve P*, a hill that rises above one half between about -2.5 and 0.9 and falls on both sides."
plots.show(fig, alt=alt)

# %%
claim(
    "The best P crosses one half twice.",
    (P_best > 0.5).diff().sum() == 2, exact=True,
)

# %% [markdown]
# Too far to the left is suspicious, and so is too far to the right.
#
# ## 4 What is left for the generator (8 min)
#
# Suppose that $D$ always gives the best answer. How much better is it than a guess? Let us count what an answer *costs*, which is minus its grade. Someone who may *not* see $x$ can only answer ½, and pays $-\log\frac12=0.693$ at each toss. Someone who sees $x$ pays less.
#
# **In numbers.** Let $x$ be only "left" or "right". Of ten real samples eight are left, and of ten fakes two. So among ten samples on the left eight are real, and the best answer there is 0.8.
#
# | $x$ is | best answer | a real sample costs | a fake costs | mean cost |
# |---|---|---|---|---|
# | left | 0.8 | $-\log0.8=0.22$ (8 of 10) | $-\log0.2=1.61$ (2 of 10) | $0.8\cdot0.22+0.2\cdot1.61=0.50$ |
# | right | 0.2 | $-\log0.2=1.61$ (2 of 10) | $-\log0.8=0.22$ (8 of 10) | 0.50 |
#
# So to see $x$ saves $0.69-0.50=0.19$ a toss. This saving is *how much one sample tells about the coin*. It is called the **Jensen–Shannon divergence** of data and fakes, the JSD:
#
# $$\mathrm{JSD}=\underbrace{\log2}_{\text{cost without seeing }x}-\;\underbrace{\text{mean cost of the best answers}}_{\text{seeing }x}$$
#
# It is never negative, because ½ is still allowed. It is at most $\log2$, because nobody can save more than he pays. And it is 0 only if ½ is the best answer everywhere, which means $p_g=p_d$.
#
# **Back to $V$.** It adds the mean grades of both sides of the coin, in the example $-0.50$ and $-0.50$. But a toss shows one side only, so it costs $-V/2$ on average: 0.50. With the best answers we get $-V(D^*,G)/2=\log2-\mathrm{JSD}$. Multiply by $-2$:
#
# $$V(D^*,G)=-\log4+2\,\mathrm{JSD}(p_d,p_g)$$
#
# (Thm 1, Eq. 5–6). So a generator that makes $V$ small against the best discriminator makes the JSD small, and only a perfect one reaches 0. (The loss of notebook 00 is another one: notebook 02.)
#
# <details><summary>How books write the JSD</summary>
#
# $\mathrm{JSD}(p_d,p_g)=\tfrac12\mathrm{KL}(p_d\|m)+\tfrac12\mathrm{KL}(p_g\|m)$. Here $m=\tfrac12(p_d+p_g)$ is the mixture of both, and $\mathrm{KL}(p\|m)=\int p\log\frac pm$ is the Kullback–Leibler divergence. Section 2 of the [deeper notebook](deeper/01_the_minimax_game.ipynb) shows that it is the same number.
# </details>
#
# **Two boxes.** Now the data are uniform on $[0,1]$, and the fakes on $[s,s+1]$. At $s=\frac12$ half of the samples fall where the boxes overlap, and cost $\log2$. The others fall in one box only, so the best answer is sure and costs 0. The saving, the JSD, is $\frac12\log2$.

# %%
predict(
    "At s = 1 the boxes just touch. We move the fakes on, from s = 1 to s = 3. What happens to the JSD?",
    [
        ("It becomes three times as large", False, "A distance would. The JSD only asks what x tells about the coin."),
        ("It grows, but ever more slowly", False, "So it is for two distant bells, which still overlap a little."),
        ("Nothing at all", True, "At s = 1 each sample already tells everything, and nobody can save more than log 2."),
    ],
)

# %%
dx = 1e-3
line = torch.arange(-16, 16, dx, dtype=torch.float64) + dx / 2
TINY = 1e-300  # where both densities are 0, this avoids 0/0


def cost(p_d, p_g):
    """The mean cost of the best answers, -V/2, for densities on `line`."""
    both = p_d + p_g + TINY
    # xlogy(a, b) is a log b: here a grade, times how often it is given
    grades = torch.xlogy(p_d, p_d / both) + torch.xlogy(p_g, p_g / both)
    return -grades.sum() * dx / 2


def jsd(p_d, p_g):
    """What seeing x saves, compared with answering ½."""
    return math.log(2) - cost(p_d, p_g)


# %%
def box(left):
    """The density of the uniform distribution on [left, left + 1]."""
    return ((line >= left) & (line < left + 1)).double()


left_right = jsd(0.8 * box(0) + 0.2 * box(1), 0.2 * box(0) + 0.8 * box(1))
shifts = torch.linspace(0, 6, 49)
bell = normal(line, 0, 1)
boxes = torch.tensor([jsd(box(0), box(s)) for s in shifts])
bells = torch.tensor([jsd(bell, normal(line, s, 1)) for s in shifts])

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(6.8, 2.9))
ax.plot(shifts, boxes, color=plots.PINK)
ax.plot(shifts, bells, color=plots.GREEN)
ax.axhline(math.log(2), color=plots.GREY, linestyle=":", linewidth=1)
ax.text(6.05, math.log(2), r"$\log 2$", color=plots.GREY, va="center")
ax.text(0.62, 0.5, "boxes", color=plots.PINK, ha="right")
ax.text(2.3, 0.33, r"bells, $\mathcal{N}(0,1)$ and $\mathcal{N}(s,1)$", color=plots.GREEN)
ax.set(xlabel="shift $s$ of the fakes", ylabel="JSD", xlim=(0, 6), ylim=(0, 0.78), title="Once the boxes are apart, distance no longer counts")
alt = "The JSD against the shift. For the boxes it rises on a straight line to log 2 at a shift of 1 and is flat from there on. For the bells it rises in an S-shaped curve that flattens near log 2."
plots.show(fig, alt=alt)

# %%
claim(
    "Left or right: one sample saves 0.193.",
    left_right, near=0.193, within=0.0005, exact=True,
)
claim(
    "From s = 1 on the boxes stay at log 2.",
    boxes[shifts >= 1], near=math.log(2), within=1e-6, exact=True,
)

# %% [markdown]
# Look at the flat part: once the boxes share nothing, nobody can save more. The JSD does not say how far away the fakes are, nor which way is back (notebooks 02 and 09).
#
# ## 5 A number and a direction (6 min)
#
# One number cannot say *what* is wrong. Here are two generators. One is shifted to the right, one is too wide, and both are chosen to have a JSD of 0.150.

# %%
shifted = normal(line, 1.185, 1)
wide = normal(line, 0, 2.570)
divergences = [jsd(bell, shifted), jsd(bell, wide)]

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(8.6, 2.8), sharey=True)
seen = (line > -5) & (line < 5)
for ax, name, p_fake in ((axes[0], "shifted", shifted), (axes[1], "too wide", wide)):
    plots.densities(line[seen], bell[seen], p_fake[seen], P=(bell / (bell + p_fake))[seen], ax=ax)
    ax.right_ax.get_legend().remove()
    ax.set(title=f"{name}: JSD = {jsd(bell, p_fake):.3f}", ylabel="")
axes[0].right_ax.set(ylabel="", yticks=[])
axes[0].set_ylabel("density")
axes[0].text(-2.9, 0.3, "data", color=plots.REAL)
axes[0].text(2.3, 0.3, "fakes", color=plots.FAKE)
axes[0].right_ax.text(-4.8, 0.9, "$P^*$", color=plots.DISC)
alt = "Two panels with the same data in blue. Left, fakes shifted to the right: the black curve P* falls from left to right. Right, fakes too wide: P* is a hill over the middle. The JSD is 0.150 in both."
plots.show(fig, alt=alt)

# %%
claim(
    "Both generators have a JSD of 0.150.",
    divergences, near=0.150, within=0.0005, exact=True,
)
claim(
    "Left: the best score falls from left to right.",
    torch.log(bell / shifted).diff(), below=0, exact=True,
)
claim(
    "Right: it falls from the middle outwards.",
    torch.log(bell / wide)[line > 0].diff(), below=0, exact=True,
)

# %% [markdown]
# The number is the same, but the slopes are not. A fake scores higher if it moves to the left in the left panel, and inwards in the right one. So the score gives each fake a direction, and no fake needs a partner. It does not say how far to go.
#
# **Back to the two bumps.** The same $G$ as in section 1 now plays against a $D$, in the loop of notebook 00.


# %%
def train_on_scores(seed):
    """600 rounds of the loop of notebook 00. Returns 2,000 fakes."""
    torch.manual_seed(seed)
    G, D = small_net(), small_net()
    opt_G = torch.optim.Adam(G.parameters(), lr=5e-3, betas=(0.0, 0.99))
    opt_D = torch.optim.Adam(D.parameters(), lr=5e-3, betas=(0.0, 0.99))
    for _ in range(600):
        x_fake = G(torch.randn(100, 1))
        loss_D = -value(D(draw_data(100)), D(x_fake.detach()))
        opt_D.zero_grad()
        loss_D.backward()
        opt_D.step()
        loss_G = F.softplus(-D(x_fake)).mean()
        opt_G.zero_grad()
        loss_G.backward()
        opt_G.step()
    return G(torch.randn(2_000, 1)).detach()


played = torch.stack([train_on_scores(seed) for seed in progress(eight, "seeds")])

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(5.4, 2.5))
for values, color in ((real, plots.REAL), (played[0].flatten(), plots.FAKE)):
    ax.hist(values, bins, weights=torch.full_like(values, 1 / len(values)), color=color, alpha=0.55)
ax.set(title="Against a discriminator: two bumps (one seed)", xlabel="$x$", yticks=[])
alt = "A histogram with the real samples in two blue bumps at -2 and 2. The orange fakes of a generator that played against a discriminator stand in both bumps, but more crowded than the data."
plots.show(fig, alt=alt)

# %%
claim(
    "Against D over a quarter of the fakes lie in the left bump.",
    ((played + 2).abs() < 1).float().mean(dim=(1, 2)), above=0.25,
)
claim(
    "And over a quarter in the right one.",
    ((played - 2).abs() < 1).float().mean(dim=(1, 2)), above=0.25,
)

# %% [markdown]
# This answers section 1: no fake had a partner, and both bumps get their share. The shapes are not right yet.
#
# *What this does not show:* that $G$ finds all of *many* bumps (notebook 08).
#
# ## 6 What the losses read (9 min)
#
# In a program both players *minimise* a loss. The discriminator takes $L_D=-V$. Only the second mean of $V$ contains $G$: the **zero-sum** generator takes that one.
#
# | player | loss | if $P=\tfrac12$ everywhere |
# |---|---|---|
# | discriminator | $L_D=\mathbb E_x[\zeta(-D(x))]+\mathbb E_z[\zeta(D(G(z)))]$ | $\log 4=1.386$ |
# | generator, zero-sum | $L_G=\mathbb E_z[\log(1-P(G(z)))]=-\mathbb E_z[\zeta(D(G(z)))]$ | $-\log2=-0.693$ |
# | generator of notebook 00, called **non-saturating** (why: notebook 02) | $L_G=-\mathbb E_z[\log P(G(z))]=\mathbb E_z[\zeta(-D(G(z)))]$ | $\log2=0.693$ |
#
# When $p_g=p_d$, the best $P$ is ½, so a finished game reads $L_D=1.386$ and $L_G=0.693$. May we turn this round: *stop when the losses read these numbers?* We freeze three generators and train a $D$ against each:
#
# 1. **finished**: $p_g=p_d$, and $D$ is a network that works;
# 2. **collapsed**: all fakes are near 0, the mean of the data, and $D$ is *linear*, $D(x)=ax+b$;
# 3. **far away**: all fakes are near 5, and $D$ is *dead*: its ReLU units are off for every sample.

# %%
predict(
    "Which of the three games read L_D = 1.386 and L_G = 0.693?",
    [
        ("Only the finished one", False, "That is what the stopping rule hopes for."),
        ("The finished and the collapsed one", False, "And what can a dead D say except one half?"),
        ("All three", True, "The losses tell what this D sees, and two see nothing."),
    ],
)


# %%
def linear_D():
    return nn.Linear(1, 1)


def working_D():
    return nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 1))


def dead_D():
    D = working_D()
    nn.init.constant_(D[0].bias, -100.0)  # every unit is off for our samples
    return D


# %%
def play_frozen(make_D, mean, std, seed):
    """Train D against fakes N(mean, std²). Returns D and both losses on new samples."""
    torch.manual_seed(seed)
    D = make_D()
    optimizer = torch.optim.Adam(D.parameters(), lr=1e-2)
    for _ in range(300):
        x_fake = mean + std * torch.randn(200, 1)
        loss_D = -value(D(torch.randn(200, 1)), D(x_fake))
        optimizer.zero_grad()
        loss_D.backward()
        optimizer.step()
    x_fake = mean + std * torch.randn(10_000, 1)
    loss_D = -value(D(torch.randn(10_000, 1)), D(x_fake))
    loss_G = F.softplus(-D(x_fake)).mean()  # non-saturating
    return D, loss_D.item(), loss_G.item()


# %% [markdown]
# The last three games are controls. Each changes one thing above: the kind of $D$, or the place of the fakes.

# %%
games = {
    "finished": (working_D, 0, 1),
    "collapsed, linear D": (linear_D, 0, 0.05),
    "far away, dead D": (dead_D, 5, 0.3),
    "collapsed, working D": (working_D, 0, 0.05),
    "collapsed elsewhere, linear D": (linear_D, 5, 0.05),
    "far away, working D": (working_D, 5, 0.3),
}
trained, L_D, L_G = {}, {}, {}
for name, (make_D, mean, std) in progress(games.items(), "games", 6):
    L_D[name] = []  # one number for each seed
    L_G[name] = []
    for seed in eight:
        D, loss_D, loss_G = play_frozen(make_D, mean, std, seed)
        L_D[name].append(loss_D)
        L_G[name].append(loss_G)
    trained[name] = D  # of the last seed, for the picture

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(8.6, 2.8), sharey=True)
grid = torch.linspace(-3.5, 6.5, 401)
p_real = normal(grid, 0, 1)
for ax, mean, std, name in ((axes[0], 0, 0.05, "collapsed"), (axes[1], 5, 0.3, "far away")):
    p_fake = normal(grid, mean, std)
    for p, color in ((p_real, plots.REAL), (p_fake, plots.FAKE)):
        ax.fill_between(grid, p / p.max(), color=color, alpha=0.4, linewidth=0)
    blind = "linear" if name == "collapsed" else "dead"
    for kind, color in (("working", plots.GREEN), (blind, plots.DISC)):
        score = trained[f"{name}, {kind} D"](grid[:, None]).detach().flatten()
        ax.plot(grid, torch.sigmoid(score), color=color)
    ax.set(title=f"{name}, and a {blind} $D$ (one seed)", xlabel="$x$", ylim=(0, 1.05))
axes[0].set_ylabel("$P(x)$; densities, scaled")
axes[1].text(-3.3, 0.53, "what this $D$ answers", color=plots.DISC)
axes[1].text(-3.3, 0.91, "a $D$ that works", color=plots.GREEN)
alt = "Two panels. Left: the data are a blue bell, the fakes a thin orange needle in its middle. Right: the fakes are a narrow hill far to the right of the data. In both the black line, the answer of the blind discriminator, is at one half or close to it everywhere. The green line, a network that works, is high on the data and falls to 0 where the fakes are."
plots.show(fig, alt=alt)

# %%
table("L_D on new samples", L_D)

# %%
D_games = torch.tensor(list(L_D.values()))  # 6 games × 8 seeds
G_games = torch.tensor(list(L_G.values()))
# amax(0): the worst of the three games, for each seed
claim(
    "The first three games read L_D = 1.386, to 0.01.",
    (D_games[:3] - math.log(4)).abs().amax(0), below=0.01,
)
claim(
    "They read L_G = 0.693, to 0.05.",
    (G_games[:3] - math.log(2)).abs().amax(0), below=0.05,
)
claim(
    "The three controls read less than half of 1.386.",
    D_games[3:].amax(0), below=0.693,
)

# %% [markdown]
# The first three rows say 1.386. (For the dead $D$ all seeds agree, and the table rounds the number.) A linear score can only go up or down along the line. Fakes and data have the same mean, so neither direction helps, and the best it can do is to answer ½, but for chance. Move the needle, so that the means differ, and the same linear $D$ reads far less. A dead network has only one constant to say. Without its bias of $-100$ it reads nearly 0.
#
# So $P=\tfrac12$ says that *this* discriminator sees no difference, not that there is none.
#
# *What this does not show:* how a $D$ becomes blind in a real game.

# %%
how_sure()

# %% [markdown]
# ## 7 What the generator wants (2 min)
#
# A finished game ends at $P=\tfrac12$. So is it true that "the generator pushes the discriminator's answer towards ½"? Decide first: $D$ believes a fake, with $P=0.73$. Does a step of $G$ push its score up or down?
#
# Gradient descent moves a score *against* the slope of the loss. We compare both losses of $G$ with one that really pushes towards ½.

# %%
def push(loss):
    """How gradient descent on this loss moves scores from -4 to 4."""
    scores = torch.linspace(-4, 4, 80, requires_grad=True)
    loss(scores).sum().backward()
    return -scores.grad  # positive: up


def non_saturating(scores):
    return F.softplus(-scores)  # -log P


def zero_sum(scores):
    return -F.softplus(scores)  # log(1 - P)


def towards_half(scores):
    return (torch.sigmoid(scores) - 0.5).square()


# %%
claim("The generator pushes every fake up.", push(non_saturating), above=0, exact=True)
claim("So does the zero-sum generator.", push(zero_sum), above=0, exact=True)
claim(
    "A loss that pushes towards ½ pulls the believed fakes down.",
    push(towards_half)[40:], below=0, exact=True,
)

# %% [markdown]
# Up. For fakes below ½ the sentence looks right, because up is towards ½. But fakes above ½ are pushed up as well. So ½ is where a finished game *ends*, and not what the generator *wants*: to be believed.
#
# ## Exercises (25 min)
#
# ### Exercise 1 · How often is the best discriminator right?
#
# ●○○ · 5 minutes · you need: section 3
#
# Turn the best discriminator into a yes/no judge: "real" where $P^*(x)>\tfrac12$. Real and fake samples are equally frequent. Given the probabilities of $K$ outcomes (tensors `p_d`, `p_g` of shape `(K,)`; both may be 0 at an outcome), return the share of correct judgements.


# %% tags=["exercise-1"]
def best_accuracy(p_d, p_g):
    """p_d, p_g: probabilities (K,), 0 allowed. Returns a number."""
    return None  # ← your answer


# %% tags=["check-1"]
nb01.check_1(best_accuracy)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Look at a single outcome first. Which fraction of all samples lands there, and which
# part of it does the judge get right?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# At one outcome, $\tfrac12p_d$ of all samples is real and $\tfrac12p_g$ is fake.
# The judge gets the larger of the two right, so add up the larger ones over all
# outcomes.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def best_accuracy(p_d, p_g):
#     return torch.maximum(p_d, p_g).sum() / 2
# ```
# This is $\tfrac12(1+\mathrm{TV})$ with the total variation distance $\mathrm{TV}=\tfrac12\sum|p_d-p_g|$.
# The deeper notebook meets it again, as the game without logarithms.
# </details>

# %% [markdown]
# ### Exercise 2 · An unfair coin
#
# ●●○ · 10 minutes · you need: section 3
#
# Now a share `share` of the tosses is real (0 < share < 1). Return the best *score* $D^*$ at points where the densities are `p_d` and `p_g` (positive tensors of one shape).


# %% tags=["exercise-2"]
def best_score(p_d, p_g, share):
    """p_d, p_g: positive densities of one shape; share: a number. Returns scores."""
    return None  # ← your answer


# %% tags=["check-2"]
nb01.check_2(best_score)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Think of all samples that land near one point. Which part of them is real, and which
# part is fake, if the coin is unfair? The score is the logarithm of this proportion.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The proportion of real to fake at a point is `share * p_d` to `(1 - share) * p_g`. Take
# the logarithm of their ratio.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def best_score(p_d, p_g, share):
#     return torch.log(p_d / p_g) + math.log(share / (1 - share))
# ```
# An unfair coin shifts every score by one constant. So "$P(x)$ is the probability that $x$ is real" holds for the best $D$ and for the share it was trained with.
# </details>

# %% [markdown]
# ### Exercise 3 · A divergence that survives zeros
#
# ●●○ · 10 minutes · you need: section 4
#
# Section 4 adds a tiny number, to avoid 0/0. Do without: write $\mathrm{JSD}(p,q)$ with natural logarithms for two probability vectors of shape `(K,)`. Outcomes may have probability 0 under one of them, or both.


# %% tags=["exercise-3"]
def jsd_of_outcomes(p, q):
    """p, q: probabilities (K,), 0 allowed. Returns a number (natural logarithms)."""
    return None  # ← your answer


# %% tags=["check-3"]
nb01.check_3(jsd_of_outcomes)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# The trouble is the logarithm of a zero, or a zero divided by a zero. A sample never falls
# where its probability is 0. So which outcomes can you leave out?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The best answer is $P=p/(p+q)$. Real samples cost $-\sum p\log P$, over the outcomes with
# $p>0$ only: choose them with `p[p > 0]`. Fakes cost $-\sum q\log(1-P)$, over those with
# $q>0$. Half of the sum of both is the mean cost of a toss.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def jsd_of_outcomes(p, q):
#     both = p + q
#     real, fake = p > 0, q > 0
#     cost_real = -(p[real] * torch.log(p[real] / both[real])).sum()
#     cost_fake = -(q[fake] * torch.log(q[fake] / both[fake])).sum()
#     return math.log(2) - (cost_real + cost_fake) / 2
# ```
# </details>

# %% [markdown]
# ## Recap (1 min)
#
# 1. A fake has no real partner; a discriminator compares sets, and gives each fake a direction ([section 1](#1-Why-a-discriminator-at-all-(7-min)), [section 5](#5-A-number-and-a-direction-(6-min))).
# 2. The value function is the cross-entropy of one question per sample, times −2 ([section 2](#2-One-question-per-sample-(5-min))).
# 3. The best answer is the share of real samples at $x$, and the best score is $\log p_d/p_g$ ([section 3](#3-The-best-answer-(4-min))).
# 4. Against it a generator that makes $V$ small makes the JSD small, which is how much one sample tells about the coin, and is flat where the two share nothing ([section 4](#4-What-is-left-for-the-generator-(8-min))).
# 5. A finished game ends at $P=\tfrac12$, but a blind discriminator reads the same losses, and the generator pulls no believed fake back to ½ ([section 6](#6-What-the-losses-read-(9-min)), [section 7](#7-What-the-generator-wants-(2-min))).
#
# **Further reading.** I. Goodfellow et al., *Generative Adversarial Nets*, 2014, [arXiv:1406.2661](https://arxiv.org/abs/1406.2661), Sections 3 and 4. Next: [02 · Losses and gradients](02_losses_and_gradients.ipynb).
