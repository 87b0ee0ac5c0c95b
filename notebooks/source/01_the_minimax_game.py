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
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/01_the_minimax_game.ipynb)
#
# ![Two rows of the same forty points on a line. In the upper row all are grey: this is what the discriminator sees. In the lower row they are blue for real and orange for fake: this is what the coin knows](images/01_the_minimax_game.png)
#
# **In one sentence:** a discriminator asks of each sample "real or fake?", and its answers tell how well fakes and data can be told apart, and which way each fake should go.
#
# **After this lesson you can**
#
# - **derive** the value function of a GAN from that one question, and the discriminator that answers it best;
# - **explain** what the Jensen–Shannon divergence measures, and why a generator against the best discriminator would make it small;
# - **say** what the losses read at the end of a perfect game, and why this proves nothing.
#
# *Before this:* [00](00_start_here.ipynb). *Study:* 40 minutes, and 25 for the exercises. *Run time:* about 30 seconds on one CPU core. *Deeper:* [the second notebook](deeper/01_the_minimax_game.ipynb) finds the best discriminator in three more ways, lets a network learn it, and refutes eleven wrong formulas.

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
# ## 1 Why a discriminator at all (6 min)
#
# Does a generator need an opponent? Let us make the distance of fakes to real samples small.


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
# Each step pairs 200 fakes with 200 real samples at random. The loss is the mean squared distance of a pair.


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
        ("Two bumps, like the data", False, "No fake knows in which bump its partner will lie."),
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
def share(fakes, low, high):
    """For each seed, the share of its 2,000 fakes between low and high."""
    inside = (fakes > low) & (fakes < high)
    return inside.float().mean(dim=(1, 2))


# %%
claim(
    "With random pairs the fakes hardly differ.",
    random_pairs.std(dim=(1, 2)), below=0.3,  # the standard deviation of each seed
)
claim(
    "Nearly all of them lie in the gap.",
    share(random_pairs, -1, 1), above=0.9,
)
claim(
    "With sorted pairs a third or more lie in the left bump.",
    share(sorted_pairs, -3, -1), between=(1 / 3, 0.55),
)
claim(
    "Fewer than a fifth lie in the gap.",
    share(sorted_pairs, -1, 1), below=0.2,
)

# %% [markdown]
# (The left column is cut off. Of the real samples 48 % lie in each bump and 2 % in the gap.) No fake knows its partner in advance, so $G$ does best to aim at the mean. Sorting helps, but images cannot be sorted.
#
# So we want to compare two *sets*, and still tell each fake where to go. A discriminator does both (section 5).
#
# ## 2 One question per sample (4 min)
#
# Toss a fair coin. Heads: draw $x$ from the data, $x\sim p_d$. Tails: draw noise $z\sim p_z$ and let the generator make a fake, $x=G(z)\sim p_g$. The discriminator sees $x$ but not the coin. It answers with a probability $P(x)$ for "real".

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
# Each answer gets a **mark**, and higher is better: $\log P(x)$ if $x$ was real, $\log(1-P(x))$ if it was fake. Say that $D$ answers 0.9. If $x$ is real, the mark is $\log0.9=-0.1$. If it is fake, the mark is $\log0.1=-2.3$. The mean mark of the real samples, plus that of the fakes, is the **value function** of a GAN:
#
# $$V(D,G)=\mathbb E_{x\sim p_d}[\log P(x)]+\mathbb E_{z\sim p_z}[\log(1-P(G(z)))],\qquad\min_G\max_D V(D,G)$$
#
# (Goodfellow et al. 2014, Eq. 1). The discriminator wants good marks, so a large $V$. The generator wants to fool it, so a small $V$. This is a **minimax game**.
#
# That paper writes $D$ for the probability. Here $D(x)$ is the *score*, any real number, and $P(x)=\sigma(D(x))$. With the softplus $\zeta(s)=\log(1+e^s)$ of lesson 00 the mark of a score $s$ is $\log\sigma(s)=\log\frac1{1+e^{-s}}=-\zeta(-s)$ for a real sample. For a fake it is $\log(1-\sigma(s))=-\zeta(s)$.


# %%
def value(score_real, score_fake):
    """V(D, G), from the scores of real and of fake samples."""
    return -F.softplus(-score_real).mean() - F.softplus(score_fake).mean()


# %%
scores = torch.randn(1_000)  # any scores will do; the first 500 are of real samples
labels = torch.cat([torch.ones(500), torch.zeros(500)])
cross_entropy = F.binary_cross_entropy_with_logits(scores, labels)

claim(
    "V is -2 times PyTorch's ordinary cross-entropy.",
    value(scores[:500], scores[500:]), near=-2 * cross_entropy, within=1e-5, exact=True,
)
claim(
    "A D that always answers ½ has V = -log 4.",
    value(torch.zeros(500), torch.zeros(500)), near=-math.log(4), within=1e-5, exact=True,
)

# %% [markdown]
# (`exact=True` marks mathematics, which needs no seeds.) So a discriminator is an ordinary classifier with the ordinary loss, the **cross-entropy** $-V/2$. A blind one has $V=-\log4=-1.386$ for *every* generator.
#
# ## 3 The best answer (4 min)
#
# The generator stands still. Which answer is best at one place $x$? Say that the density of the data is 0.3 there, and that of the fakes 0.2. So of five samples near this $x$ three are real, on average. $D$ gives all five the same $P$.
#
# | the answer $P$ | ½ | 0.6 | 0.9 |
# |---|---|---|---|
# | marks of the five, added: $3\log P+2\log(1-P)$ | −3.47 | **−3.37** | −4.92 |
#
# The best of the three is 0.6, the share of real samples. Is it the best of all? Let the densities be $a$ for the data and $b$ for the fakes, in place of 0.3 and 0.2. Where is $a\log P+b\log(1-P)$ largest? Its derivative in $P$ is $\frac aP-\frac b{1-P}$. This is 0 at $P=\frac a{a+b}$, positive before and negative after, so here is the maximum. If $D$ can choose its answer at each $x$ alone (a network may not quite), the best one is
#
# $$P^*(x)=\frac{p_d(x)}{p_d(x)+p_g(x)},\qquad D^*(x)=\log\frac{P^*(x)}{1-P^*(x)}=\log\frac{p_d(x)}{p_g(x)}$$
#
# (Prop. 1, Eq. 2). In words: *the best answer is the share of real samples at $x$, and the best score is the logarithm of the proportion real to fake*. Here the score is $\log\frac{0.3}{0.2}=0.41$.

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
# ## 4 What is left for the generator (6 min)
#
# How much better is the best $D$ than a blind one?
#
# Let $x$ be only "left" or "right". Of ten real samples eight are left, and of ten fakes two. So eight of the ten samples on the left are real, and the best answer there is 0.8. On the right it is 0.2.
#
# | | on the left | on the right | mean mark |
# |---|---|---|---|
# | real samples | 8 of 10, mark $\log0.8=-0.22$ | 2 of 10, mark $\log0.2=-1.61$ | $0.8\cdot(-0.22)+0.2\cdot(-1.61)=-0.50$ |
# | fakes | 2 of 10, mark $\log0.2=-1.61$ | 8 of 10, mark $\log0.8=-0.22$ | $-0.50$ |
#
# $V$ adds both mean marks, so $V=-0.50-0.50=-1.00$. The blind one has $V=-1.386$.
#
# But a toss is either real or fake, equally often. So the mean mark of a toss is not the sum of the two means but half of it, $\frac V2=-0.50$. We say that a toss *costs* 0.50, which is minus its mark. Someone who may *not* see $x$ can only answer ½, and pays $-\log\frac12=0.69$. So to see $x$ saves $0.69-0.50=0.19$ a toss.
#
# This saving is *how much one sample tells about the coin*, and is called the **Jensen–Shannon divergence** (JSD):
#
# $$\mathrm{JSD}=\underbrace{\log2}_{\text{cost without seeing }x}-\;\underbrace{\left(-\tfrac12V(D^*,G)\right)}_{\text{cost with the best answers}}\qquad\text{so}\qquad V(D^*,G)=-\log4+2\,\mathrm{JSD}(p_d,p_g)$$
#
# (Thm 1, Eq. 5–6; here $-1.386+2\cdot0.193=-1.00$). The JSD is never negative, because ½ is still allowed. It is at most $\log2$, because nobody can save more than he pays. And it is 0 only if ½ is best everywhere, which means $p_g=p_d$.
#
# So against the best discriminator a small $V$ is a small JSD, and only a perfect generator reaches 0.
#
# <details><summary>How books write the JSD</summary>
#
# $\mathrm{JSD}(p_d,p_g)=\tfrac12\mathrm{KL}(p_d\|m)+\tfrac12\mathrm{KL}(p_g\|m)$. Here $m=\tfrac12(p_d+p_g)$ is the mixture of both, and $\mathrm{KL}(p\|m)=\int p\log\frac pm$ is the Kullback–Leibler divergence. Section 2 of the [deeper notebook](deeper/01_the_minimax_game.ipynb) shows that it is the same number.
# </details>
#
# **Two boxes.** The data are uniform on $[0,1]$, the fakes on $[s,s+1]$. At $s=\frac12$ half of the samples fall where the boxes overlap, and cost $\log2$. The others cost 0. So the JSD is $\frac12\log2$.

# %%
predict(
    "At s = 1 the boxes just touch. We move the fakes on, from s = 1 to s = 3. What happens to the JSD?",
    [
        ("It becomes three times as large", False, "A distance would. The JSD only asks what x tells about the coin."),
        ("It grows, but ever more slowly", False, "So it is for two distant bells, which still overlap a little."),
        ("Nothing at all", True, "At s = 1 each sample already tells everything."),
    ],
)

# %%
dx = 1e-3
line = torch.arange(-16, 16, dx, dtype=torch.float64) + dx / 2
TINY = 1e-300  # where both densities are 0, this avoids 0/0


def jsd(p_d, p_g):
    """What seeing x saves, log 2 + V/2, for densities on `line`."""
    both = p_d + p_g + TINY
    # xlogy(a, b) is a · log b, and 0 where a is 0
    mark_real = torch.xlogy(p_d, p_d / both).sum() * dx  # log P*
    mark_fake = torch.xlogy(p_g, p_g / both).sum() * dx  # log(1 - P*)
    return math.log(2) + (mark_real + mark_fake) / 2


# %%
def box(left):
    """The density of the uniform distribution on [left, left + 1]."""
    return ((line >= left) & (line < left + 1)).double()


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
    jsd(0.8 * box(0) + 0.2 * box(1), 0.2 * box(0) + 0.8 * box(1)),
    near=0.193, within=0.0005, exact=True,
)
claim(
    "From s = 1 on the boxes stay at log 2.",
    boxes[shifts >= 1], near=math.log(2), within=1e-6, exact=True,
)

# %% [markdown]
# Once the boxes share nothing, nobody can save more. There the JSD does not say how far away the fakes are, or where (lesson 09).
#
# ## 5 A number and a direction (6 min)
#
# One number cannot say *what* is wrong. Here are a shifted generator and one that is too wide, chosen to have a JSD of 0.150.

# %%
shifted = normal(line, 1.185, 1)
wide = normal(line, 0, 2.570)

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
    [jsd(bell, shifted), jsd(bell, wide)], near=0.150, within=0.0005, exact=True,
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
# The number is the same, but the slopes are not. A fake scores higher if it moves to the left in the first panel, and inwards in the second. So the score gives each fake a direction. It does not say where to stop: in the first panel it rises beyond the data.
#
# **Back to the two bumps.** The same $G$ as in section 1 now plays against a $D$, in the loop of lesson 00.


# %%
def train_on_scores(seed):
    """600 rounds of the loop of lesson 00. Returns 2,000 fakes."""
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
ax.set(title="Against a discriminator: two bumps (one seed)", xlabel="$x$", ylim=(0, 0.15), yticks=[])
alt = "A histogram with the real samples in two blue bumps at -2 and 2. The orange fakes of a generator that played against a discriminator stand in both bumps, but more crowded than the data; their highest columns are cut off."
plots.show(fig, alt=alt)

# %%
claim(
    "Against D over a quarter of the fakes lie in the left bump.",
    share(played, -3, -1), above=0.25,
)
claim(
    "And over a quarter in the right one.",
    share(played, 1, 3), above=0.25,
)
claim(
    "Fewer than a tenth lie in the gap.",
    share(played, -1, 1), below=0.1,
)

# %% [markdown]
# No fake had a partner, and both bumps get their share. Their shapes are not right: the highest columns are cut off. (Many bumps: lesson 08.)
#
# ## 6 What the losses read (9 min)
#
# In a program both players *minimise* a loss. The discriminator takes $-V$. The **zero-sum** generator takes the second mean of $V$, because only this one contains $G$.
#
# | player | loss | if $P=\tfrac12$ everywhere |
# |---|---|---|
# | discriminator | $L_D=\mathbb E_x[\zeta(-D(x))]+\mathbb E_z[\zeta(D(G(z)))]$ | $\log 4=1.386$ |
# | generator, zero-sum | $L_G=\mathbb E_z[\log(1-P(G(z)))]=-\mathbb E_z[\zeta(D(G(z)))]$ | $-\log2=-0.693$ |
# | generator of lesson 00, called **non-saturating** (why: lesson 02) | $L_G=-\mathbb E_z[\log P(G(z))]=\mathbb E_z[\zeta(-D(G(z)))]$ | $\log2=0.693$ |
#
# A finished game, $p_g=p_d$, reads $L_D=1.386$ and $L_G=0.693$. So may we *stop when the losses read these numbers?* We freeze three generators and train a $D$ against each:
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
def draw_fakes(places, std, n):
    """n fakes around the given places, each place equally often."""
    centres = torch.tensor(places)[torch.randint(len(places), (n, 1))]
    return centres + std * torch.randn(n, 1)


def play_frozen(make_D, places, std, seed):
    """Train D against frozen fakes. Returns D and both losses on new samples."""
    torch.manual_seed(seed)
    D = make_D()
    optimizer = torch.optim.Adam(D.parameters(), lr=1e-2)
    for _ in range(300):
        loss_D = -value(D(torch.randn(200, 1)), D(draw_fakes(places, std, 200)))
        optimizer.zero_grad()
        loss_D.backward()
        optimizer.step()
    x_fake = draw_fakes(places, std, 10_000)
    loss_D = -value(D(torch.randn(10_000, 1)), D(x_fake))
    loss_G = F.softplus(-D(x_fake)).mean()  # non-saturating
    return D, loss_D.item(), loss_G.item()


# %% [markdown]
# The other four are controls. "On both sides" means near −5 or near 5, equally often.

# %%
games = {
    "finished": (working_D, [0.0], 1),
    "collapsed, linear D": (linear_D, [0.0], 0.05),
    "far away, dead D": (dead_D, [5.0], 0.3),
    "on both sides, linear D": (linear_D, [-5.0, 5.0], 0.3),
    "collapsed, working D": (working_D, [0.0], 0.05),
    "far away, working D": (working_D, [5.0], 0.3),
    "far away, linear D": (linear_D, [5.0], 0.3),
}
trained, L_D, L_G = {}, {}, {}
for name, (make_D, places, std) in progress(games.items(), "games", 7):
    L_D[name] = []  # one number for each seed
    L_G[name] = []
    for seed in eight:
        D, loss_D, loss_G = play_frozen(make_D, places, std, seed)
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
axes[0].text(6.4, 0.4, "a linear $D$", color=plots.DISC, ha="right")
axes[0].text(6.4, 0.9, "a $D$ that works", color=plots.GREEN, ha="right")
axes[1].text(-3.3, 0.4, "a dead $D$", color=plots.DISC)
axes[1].text(-3.3, 0.91, "a $D$ that works", color=plots.GREEN)
alt = "Two panels. Left: the data are a blue bell, the fakes a thin orange needle in its middle. Right: the fakes are a narrow hill far to the right of the data. In both the black line, the answer of the blind discriminator, is at one half or close to it everywhere. The green line, a network that works, is high on the data and falls to 0 where the fakes are."
plots.show(fig, alt=alt)

# %%
table("L_D on new samples", L_D)

# %%
D_games = torch.tensor(list(L_D.values()))  # 7 games × 8 seeds
G_games = torch.tensor(list(L_G.values()))
# amax(0): the worst of these games, for each seed
claim(
    "The first four games read L_D = 1.386, to 0.01.",
    (D_games[:4] - math.log(4)).abs().amax(0), below=0.01,
)
claim(
    "They read L_G = 0.693, to 0.05.",
    (G_games[:4] - math.log(2)).abs().amax(0), below=0.05,
)
claim(
    "The last three read less than half of 1.386.",
    D_games[4:].amax(0), below=0.693,
)

# %% [markdown]
# All three games of the prediction say 1.386 (1.4 is rounded). A dead network has only one constant to say. With living units it reads nearly 0.
#
# A linear score can only go up or down along the line. So it sees only a difference of *means*. In the last row all fakes are near 5, and it sees them. Put half of them near −5, so that the mean is 0. Now it is blind, though no fake is near the data.
#
# So $P=\tfrac12$ says that *this* discriminator sees no difference, not that there is none.

# %%
how_sure()

# %% [markdown]
# ## 7 What the generator wants (2 min)
#
# A finished game ends at $P=\tfrac12$. Is it true that "the generator pushes the discriminator's answer towards ½"? $D$ believes a fake, with $P=0.73$. Does a step of $G$ push its score up or down? We compare both losses of $G$ with one that really pushes towards ½.

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
# Up. For fakes below ½, up is towards ½. But fakes above ½ are pushed up as well. So ½ is where a finished game *ends*, and not what the generator *wants*: to be believed.
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
# Write $\mathrm{JSD}(p,q)$ with natural logarithms for two probability vectors of shape `(K,)`. Outcomes may have probability 0 under one of them, or both. The tiny number of section 4 does not help: `1e-300` is 0 in `float32`, PyTorch's usual type.


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
# 1. A fake has no real partner; a discriminator compares sets, and gives each fake a direction ([section 1](#1-Why-a-discriminator-at-all-(6-min)), [section 5](#5-A-number-and-a-direction-(6-min))).
# 2. The value function is the cross-entropy of one question per sample, times −2 ([section 2](#2-One-question-per-sample-(4-min))).
# 3. The best answer is the share of real samples at $x$, and the best score is $\log p_d/p_g$ ([section 3](#3-The-best-answer-(4-min))).
# 4. Against it a small $V$ is a small JSD. It is how much one sample tells about the coin, and flat where the two share nothing ([section 4](#4-What-is-left-for-the-generator-(6-min))).
# 5. A finished game ends at $P=\tfrac12$, but a blind discriminator reads the same losses, and no generator pulls a believed fake back to ½ ([section 6](#6-What-the-losses-read-(9-min)), [section 7](#7-What-the-generator-wants-(2-min))).
#
# **Further reading.** I. Goodfellow et al., *Generative Adversarial Nets*, 2014, [arXiv:1406.2661](https://arxiv.org/abs/1406.2661), Sections 3 and 4. Next: [02 · Losses and gradients](02_losses_and_gradients.ipynb).
