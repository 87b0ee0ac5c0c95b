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
# ![Six panels of the blue data density and an orange generator density. The black curve is the best probability of "real": high where blue is above orange, low where orange is above blue, one half where they are equal](images/01_the_minimax_game.png)
#
# **After this notebook you can**
# - **derive** the value function of a GAN from one yes/no question, and its best discriminator in two ways;
# - **compute** what the game costs the generator, and say what the two losses can *not* tell you;
# - **refute** twelve statements about GAN losses that circulate in introductions, each with a test of a few lines.
#
# *Before this:* [00 Start here](00_start_here.ipynb).
# *Run time:* about 30 seconds on two CPU cores. No GPU needed.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import math
from itertools import pairwise

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import xlogy
from torch import nn
from torch.distributions import Normal
from torch.nn import functional as F

from gan_helpers import plots
from gan_helpers.checks import nb01

torch.manual_seed(0)
plots.use_course_style()
torch.set_num_threads(1)  # networks this small (and all tensors on the CPU): a second thread only costs time

# %% [markdown]
# ## 1 One question per sample
#
# Toss a fair coin. Heads: draw $x$ from the data, $x\sim p_d$. Tails: draw noise $z\sim p_z$ and let the generator turn it
# into $x=G(z)\sim p_g$. A classifier sees $x$, not the coin, and answers with a probability $P(x)$ for heads, "real".
# This is a *two-sample test*: are the two heaps of samples from one distribution or from two?
# The usual price for a probability is the cross-entropy: $-\log P(x)$ after heads, $-\log(1-P(x))$ after tails. The
# expected price is
#
# $$H(P)=-\tfrac12\,\mathbb E_{x\sim p_d}[\log P(x)]-\tfrac12\,\mathbb E_{z\sim p_z}[\log(1-P(G(z)))].$$
#
# Drop the factor $-\tfrac12$, and the price to be kept low becomes a value to be kept high:
#
# $$V(D,G)=-2H=\mathbb E_{x\sim p_d}[\log P(x)]+\mathbb E_{z\sim p_z}[\log(1-P(G(z)))],\qquad \min_G\max_D V(D,G)$$
#
# (Goodfellow et al. 2014, Eq. 1; all such numbers below are that paper's). The discriminator wants a large $V$, the generator the
# opposite. **A matter of letters:** that paper calls the probability $D$. In this course $D(x)$ is the *score*, any real
# number, and $P(x)=\sigma(D(x))$ the probability. Since $\log\sigma(t)=-\log(1+e^{-t})=-\zeta(-t)$ and
# $\log(1-\sigma(t))=-\zeta(t)$ with the softplus $\zeta$ of notebook 00,
#
# $$V(D,G)=-\,\mathbb E_x\,[\zeta(-D(x))]-\mathbb E_z\,[\zeta(D(G(z)))].$$
#
# **Predict first:** a discriminator that always answers $D(x)=0$ knows nothing. What is $V$ then, and on which generators
# does the answer depend?

# %% tags=["nbval-check-output"]
data, fake = Normal(0.0, 1.0), Normal(1.0, 1.5)  # p_d, and p_g of the generator G(z) = 1 + 1.5 z


def value(score_real, score_fake):
    """V(D, G) from the scores of real and generated samples; the two batches may differ in size."""
    return -F.softplus(-score_real).mean() - F.softplus(score_fake).mean()


for mean, std in [(0, 1), (1, 1.5), (50, 0.01)]:
    x_real, z = torch.randn(2, 1000)
    x_fake = mean + std * z
    print(
        f"p_g = N({mean}, {std}²):  V = {value(0 * x_real, 0 * x_fake):.4f}   (-log 4 = {-math.log(4):.4f})"
    )

# %% [markdown]
# $V=-\log 4$ for *every* generator: the value of a know-nothing discriminator carries no news of $p_g$.
#
# Now a discriminator with an opinion, $D(x)=0.5-x$, and three roads to the same $V$: the coin toss with PyTorch's
# cross-entropy, two separate means, and an integral over $x$.

# %%
torch.manual_seed(0)
n = 400_000


def D(x):
    return 0.5 - x


heads = torch.rand(n) < 0.5  # road 1: toss, draw, ask, pay
x = torch.where(heads, data.sample((n,)), fake.sample((n,)))
tossed = -2 * F.binary_cross_entropy_with_logits(D(x), heads.float()).item()
sampled = value(D(data.sample((n,))), D(fake.sample((n,)))).item()  # road 2
x = torch.linspace(-9, 11, 4001, dtype=torch.float64)  # road 3
p_d, p_g = data.log_prob(x).exp(), fake.log_prob(x).exp()
integral = torch.trapezoid(p_d * F.logsigmoid(D(x)) + p_g * F.logsigmoid(-D(x)), x).item()
print(f"coin tosses {tossed:.3f}   two means {sampled:.3f}   integral {integral:.4f}")
assert max(abs(tossed - integral), abs(sampled - integral)) < 0.012

# %% [markdown]
# All three agree (20 seeds: standard deviation 0.002 for tosses, 0.001 for means, largest miss 0.005). So a
# GAN's discriminator is an ordinary classifier with an ordinary loss. Unusual: the generator can change the second heap.
#
# ## 2 The best discriminator found four times
#
# Freeze the generator. Which score is best? Write $V$ as an integral:
#
# $$V(D,G)=\int \big(p_d(x)\log P(x)+p_g(x)\log(1-P(x))\big)\,dx,$$
#
# so $P(x)$ may be chosen at each $x$ alone.
#
# **Derivation 1, calculus.** Let $a=p_d(x)$, $b=p_g(x)$ and $y=P(x)$. The slope of $a\log y+b\log(1-y)$ is $a/y-b/(1-y)$; it falls
# with $y$, so its only zero is the maximum (for $a,b>0$; where one density is 0, the best $P$ is 0 or 1 and no finite score reaches it):
#
# $$P^*(x)=\frac{p_d(x)}{p_d(x)+p_g(x)},\qquad D^*(x)=\log\frac{P^*(x)}{1-P^*(x)}=\log\frac{p_d(x)}{p_g(x)}$$
#
# (Prop. 1, Eq. 2 for $P^*$; the score is the *log density ratio*).
#
# **Derivation 2, no derivatives.** Let $q(x)$ be the probability of heads given $x$. By Bayes' rule with a fair coin,
# $q(x)=\tfrac12p_d(x)\,/\,(\tfrac12p_d(x)+\tfrac12p_g(x))$. Answering $P$ then costs, at this $x$,
#
# $$-q\log P-(1-q)\log(1-P)=\underbrace{-q\log q-(1-q)\log(1-q)}_{\text{unavoidable}}+\underbrace{\mathrm{KL}\big(q\,\|\,P\big)}_{\ge0,\ =0\text{ only for }P=q},$$
#
# with the Kullback–Leibler divergence $\mathrm{KL}(q\|P)=q\log\frac qP+(1-q)\log\frac{1-q}{1-P}$, which is never negative (use $\log t\le t-1$ on
# $-\mathrm{KL}$). So the best answer is the truth about the coin, $P^*=q$.
#
# **Predict first:** blue is $p_d=\mathcal N(0,1)$, orange is $p_g=\mathcal N(1,1.5^2)$. How often does $P^*$ cross $\tfrac12$?
#
# Two ways that do not know the formula. First an optimiser: every grid point
# gets a free score, and Newton's method climbs $V$.

# %%
x = torch.linspace(-5, 6, 221, dtype=torch.float64)
p_d, p_g = data.log_prob(x).exp(), fake.log_prob(x).exp()
D = 3 * torch.randn(5, len(x), dtype=torch.float64)  # five random starts, one per row
for _ in range(60):
    D.requires_grad_()
    V = (p_d * F.logsigmoid(D) + p_g * F.logsigmoid(-D)).sum()
    (slope,) = torch.autograd.grad(V, D, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), D)  # each slope depends on its own score only
    D = (D - (slope / curvature).clamp(-1, 1)).detach()

D_star = torch.log(p_d / p_g)
gap = (D - D_star).abs().max().item()
crossings = int((D_star.sign().diff() != 0).sum())
print(f"D* runs from {D_star.min():.1f} to {D_star.max():.2f}; largest gap of any point and start: {gap:.0e}")
assert gap < 1e-8 and crossings == 2

# %% [markdown]
# Second, counting: the share of heads in each bin, after 200,000 tosses.

# %%
torch.manual_seed(0)
heads = torch.rand(200_000) < 0.5
tosses = torch.where(heads, data.sample(heads.shape), fake.sample(heads.shape))
edges = torch.arange(-4.0, 5.51, 0.25)
total = torch.histogram(tosses, edges).hist
share = torch.histogram(tosses[heads], edges).hist / total
mass_d, mass_g = data.cdf(edges).diff(), fake.cdf(edges).diff()
q = mass_d / (mass_d + mass_g)  # Bayes for a whole bin
deviation = (
    ((share - q) / torch.sqrt(q * (1 - q) / total))[total * q > 20].abs().max().item()
)  # bins with enough heads
print(f"largest deviation from Bayes' rule, in standard errors: {deviation:.1f}")
assert deviation < 5

# %%
fig, ax = plt.subplots(figsize=(6.8, 3.4))
plots.densities(x, p_d, p_g, P=torch.sigmoid(D_star), ax=ax)
found = ax.right_ax.plot(x[::8], torch.sigmoid(D[0, ::8]), "o", ms=5, mfc="none", color=plots.DISC)
counted = ax.right_ax.plot((edges[1:] + edges[:-1]) / 2, share, "x", ms=5, color=plots.GREEN)
handles = ax.right_ax.get_legend().legend_handles + found + counted
labels = ["$p_d$ data", "$p_g$ generator", "$P^*$ formula", "optimiser", "counting"]
ax.right_ax.legend(handles, labels, fontsize=8, loc="upper right")
plots.show(
    fig,
    alt="Two bell curves and the black curve P*, a hump that crosses one half twice; "
    "circles from the optimiser and crosses from counting lie on it",
)

# %% [markdown]
# All lie on one curve (over 20 seeds no bin was more than 3.4 standard errors off). It crosses ½ *twice*: the generator is wider than the data, so samples
# far out on *either* side are more likely generated. A good
# discriminator is no one-way scale from fake to real.
#
# ## 3 What is left for the generator
#
# Write $m=\tfrac12(p_d+p_g)$ for the mixture of both heaps. Then $P^*=p_d/(2m)$, so $\log P^*=\log(p_d/m)-\log2$, and likewise $\log(1-P^*)=\log(p_g/m)-\log2$. Put both into $V$:
#
# $$V(D^*,G)=-\log4+\mathrm{KL}(p_d\|m)+\mathrm{KL}(p_g\|m)=-\log 4+2\,\mathrm{JSD}(p_d,p_g)$$
#
# (Thm 1, Eq. 5–6), where $\mathrm{KL}(p\|m)=\int p\log(p/m)$ and the Jensen–Shannon divergence is the mean of the two. It is 0 for equal
# densities only and, since $p/m\le2$, at most $\log 2$. Check both sides
# separately. Left: $P^*$ put into $V$ on a midpoint grid. Right: entropies, $\mathrm{JSD}=h(m)-\tfrac12h(p_d)-\tfrac12h(p_g)$ with $h(p)=-\int p\log p$,
# by adaptive quadrature.
#
# **Predict first:** which pair below reaches $\log 2\approx0.6931$, and which lies exactly half-way?


# %%
def normal(mean, std):
    return lambda t: np.exp(-(((t - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))


def uniform(low, high):
    return lambda t: ((low <= t) & (t < high)) / (high - low)


def two_bumps(t):
    return (normal(-2, 0.5)(t) + normal(2, 0.5)(t)) / 2


def laplace(t):
    return np.exp(-abs(t)) / 2


# %%
def best_value(p_d, p_g, t, dt):
    """V(D*, G) as a midpoint sum over the points t; where both densities are 0 any P is as good."""
    a, b = p_d(t), p_g(t)
    P = np.divide(a, a + b, out=np.full_like(t, 0.5), where=a + b > 0)
    one_minus_P = np.divide(b, a + b, out=np.full_like(t, 0.5), where=a + b > 0)
    return ((xlogy(a, P) + xlogy(b, one_minus_P)) * dt).sum()


def entropy(p):
    """-∫ p log p over [-20, 20], piece by piece: kinks and jumps sit on whole numbers."""

    def f(t):
        return -xlogy(p(t), p(t))

    return sum(quad(f, a, b, epsabs=1e-10)[0] for a, b in pairwise(range(-20, 21)))


# %% tags=["nbval-check-output"]
pairs = {
    "N(0, 1)       N(0, 1)": (normal(0, 1), normal(0, 1)),
    "N(0, 1)       N(1, 1.5²)": (normal(0, 1), normal(1, 1.5)),
    "N(0, 1)       Laplace(0, 1)": (normal(0, 1), laplace),
    "two bumps     N(0, 2²)": (two_bumps, normal(0, 2)),
    "U[0, 2]       U[1, 3]": (uniform(0, 2), uniform(1, 3)),
    "U[0, 1]       U[3, 4]": (uniform(0, 1), uniform(3, 4)),
}
dt = 5e-4
t = np.arange(-20, 20, dt) + dt / 2
print(f"{'p_d           p_g':29s} [V(D*,G) + log 4] / 2       JSD")
for name, (a, b) in pairs.items():
    left = best_value(a, b, t, dt) + math.log(4)
    jsd = entropy(lambda s, a=a, b=b: (a(s) + b(s)) / 2) - entropy(a) / 2 - entropy(b) / 2
    print(f"{name:29s} {round(left / 2, 5) + 0:13.5f} {round(jsd, 5) + 0:18.5f}")
    assert abs(left - 2 * jsd) < 1e-6

# %% [markdown]
# Both sides agree to $10^{-6}$. Disjoint supports (no $x$ where both densities are positive) give $\log 2$, half-overlapping boxes exactly half of it. So
# *if* the discriminator is always the best one, the generator minimises a divergence that is 0 only at $p_g=p_d$. Now slide
# $p_g$ away.

# %%
shifts = np.linspace(0, 6, 49)
LOG2 = math.log(2)
bell = np.array([best_value(normal(0, 1), normal(s, 1), t, dt) for s in shifts]) / 2 + LOG2
box = np.array([best_value(uniform(0, 1), uniform(s, s + 1), t, dt) for s in shifts]) / 2 + LOG2

# %%
fig, ax = plt.subplots(figsize=(6.4, 2.9))
ax.plot(shifts, bell, label="$\\mathcal{N}(0,1)$ and $\\mathcal{N}(s,1)$")
ax.plot(shifts, box, color=plots.PINK, label="boxes $U[0,1]$ and $U[s,s+1]$")
ax.axhline(math.log(2), color=plots.GREY, linestyle=":", label="$\\log 2$")
ax.set(xlabel="shift $s$", ylabel="JSD", ylim=(0, 0.75))
ax.legend(loc="lower right")
plots.show(
    fig, alt="JSD against shift: boxes rise on a straight line to log 2 at s = 1, then flat; bells bend over"
)
print(f"JSD of the boxes: s = 1 → {box[8]:.6f},  s = 6 → {box[-1]:.6f};  bells, s = 6 → {bell[-1]:.4f}")
assert abs(box[8:] - math.log(2)).max() < 1e-9 and (np.diff(bell) > 0).all()

# %% [markdown]
# The boxes pay $\log 2$ from $s=1$ on: once the supports part, the JSD has slope zero and no longer says which way is
# back. The bells always overlap a little, yet their curve flattens too.
#
# ### Move the generator yourself
#
# **Predict first:** the three lower generators at the head of this notebook have the same $V$. How would you move each of them, and which
# curve tells you?


# %%
def draw_game(ax, mean, std):
    """Draw p_d = N(0, 1), p_g = N(mean, std²) and the best P, with V(D*, G) and the JSD in the title."""
    grid = torch.linspace(-8, 8, 401, dtype=torch.float64)
    log_d, log_g = Normal(0.0, 1.0).log_prob(grid), Normal(float(mean), float(std)).log_prob(grid)
    plots.densities(grid, log_d.exp(), log_g.exp(), P=torch.sigmoid(log_d - log_g), ax=ax)
    V = best_value(normal(0, 1), normal(mean, std), t, dt)
    jsd = max(V / 2 + LOG2, 0)
    ax.set(title=f"mean {mean:.2f}, std {std:.2f}:\n$V$ = {V:.3f}, JSD = {jsd:.3f}", ylim=(0, 1.1))


# %%
def live(mean, std):
    fig, ax = plt.subplots(figsize=(5.5, 3.2))
    draw_game(ax, mean, std)
    plots.show(fig, alt="densities of data and generator with the best discriminator")


mean_slider = widgets.FloatSlider(value=1.0, min=-5, max=5, step=0.1, continuous_update=False)
std_slider = widgets.FloatSlider(value=1.5, min=0.4, max=4, step=0.1, continuous_update=False)
_ = widgets.interact(live, mean=mean_slider, std=std_slider)
# %% [markdown]
# Without a kernel: three generators tuned to one JSD, and three others.


# %%
def jsd_of(mean, std):
    return best_value(normal(0, 1), normal(mean, std), t, dt) / 2 + LOG2


shifted = brentq(lambda mean: jsd_of(mean, 1) - 0.15, 0.1, 4)
narrow = brentq(lambda std: jsd_of(0, std) - 0.15, 0.1, 1)
wide = brentq(lambda std: jsd_of(0, std) - 0.15, 1, 9)

# %% tags=["head-picture"]
fig, axes = plt.subplots(2, 3, figsize=(10, 5.6))
games = [(0, 1), (4, 1), (2, 0.5), (shifted, 1), (0, narrow), (0, wide)]
for ax, (mean, std) in zip(axes.flat, games, strict=True):
    draw_game(ax, mean, std)
    ax.right_ax.get_legend().remove()
    ax.label_outer()
    if ax not in axes[:, -1]:
        ax.right_ax.set(ylabel="", yticks=[])
lines = [*axes[0, 0].lines, axes[0, 0].right_ax.lines[0]]
fig.legend(handles=lines, loc="outside lower center", ncols=3)
plots.show(
    fig,
    alt="Six panels of data density, generator density and best P: equal, far right, right and narrow; below shifted, "
    "too narrow, too wide, all three with JSD 0.150. P is high where the data density is larger, else low",
)
assert max(abs(jsd_of(m, s) - 0.15) for m, s in games[3:]) < 1e-6

# %% [markdown]
# Lower row: one value, $V=-1.086$. The *number* does not say what is wrong; the black *curve*
# does: generated samples are pushed uphill on it, to the left, outward, inward.
# Upper row, middle: how steep is the curve between the hills ($x=2$) and among the orange samples ($x=4$)?

# %%
places = torch.tensor([2.0, 4.0], requires_grad=True)
score = Normal(0.0, 1.0).log_prob(places) - Normal(4.0, 1.0).log_prob(places)
(slope_D,) = torch.autograd.grad(score.sum(), places, retain_graph=True)
(slope_P,) = torch.autograd.grad(torch.sigmoid(score).sum(), places)
print(
    "slope of P: {:.3f} and {:.3f}".format(*slope_P),
    "  slope of the score: {:.1f} and {:.1f}".format(*slope_D),
)
assert slope_P[0] < -0.99 and slope_P[1] > -0.01 and (slope_D + 4).abs().max() < 1e-4

# %% [markdown]
# A cliff, and nearly flat – $P$ only: the score $D^*=8-4x$ is as steep as ever. (Which of the two the generator feels: notebook 02.)
#
# ## 4 A network learns a density ratio
#
# In practice there are only samples. Prop. 1 gives the optimum over all functions, $D^*=\log p_d/p_g$; does
# a trained network come near it? With $\mathcal N(0,1)$ and $\mathcal N(1,1.5^2)$ we know the truth at every $x$.
#
# **Predict first:** with 100 times more samples, where does the error shrink, and where does it stay?


# %%
def new_D():
    return nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))


def train_D(D, x_real, x_fake, steps=400, batch=500, lr=1e-2):
    """Train D on two fixed heaps (n, 1) by minimising L_D = -V on random batches; lr falls to 2 %."""
    optimizer = torch.optim.Adam(D.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, steps)
    for _ in range(steps):
        i, j = torch.randint(len(x_real), (2, batch))
        loss_D = -value(D(x_real[i]), D(x_fake[j]))
        optimizer.zero_grad()
        loss_D.backward()
        optimizer.step()
        schedule.step()
    return D


# %%
x = torch.linspace(-6, 8, 701)
scores = {}
for n in (100, 1_000, 10_000):
    rows = []
    for seed in range(5):
        torch.manual_seed(seed)
        D = train_D(new_D(), data.sample((n, 1)), fake.sample((n, 1)))
        rows.append(D(x[:, None]).detach().squeeze(1))
    scores[n] = torch.stack(rows)  # (seeds, grid)

# %% [markdown]
# Three numbers per run: the error $|D-D^*|$ averaged *with the weight of the samples* $m=\tfrac12(p_d+p_g)$, the plain average over the tails of the grid from −6 to 8 (where
# one sample in a hundred falls), and what $V$ loses there, the only thing that the training can see.

# %%
D_star = data.log_prob(x) - fake.log_prob(x)
p_d, p_g = data.log_prob(x).exp(), fake.log_prob(x).exp()
below = (data.cdf(x) + fake.cdf(x)) / 2
tails = (below < 0.005) | (below > 0.995)


def integrand(D):
    return p_d * F.logsigmoid(D) + p_g * F.logsigmoid(-D)


table = {}
for n, D in scores.items():
    error = (D - D_star).abs()
    weighted = torch.trapezoid(error * (p_d + p_g) / 2, x)
    lost = ((integrand(D_star) - integrand(D)) * tails).sum(1) * (x[1] - x[0])
    table[n] = torch.stack([weighted, error[:, tails].mean(1), lost])
print("median [smallest, largest] of 5 seeds")
print(f"{'n':>6} {'weighted error':>20} {'error in the tails':>21} {'V lost in the tails':>27}")
for n, rows in table.items():
    cells = [
        f"{r.median():.{d}f} [{r.min():.{d}f}, {r.max():.{d}f}]" for r, d in zip(rows, (2, 1, 4), strict=True)
    ]
    print(f"{n:>6} {cells[0]:>20} {cells[1]:>21} {cells[2]:>27}")
assert table[10_000][0].median() < table[100][0].median() / 2 and table[10_000][0].max() < table[100][0].min()
assert all(3 < rows[1].min() and rows[1].max() < 9 for rows in table.values())
assert table[10_000][2].max() < 0.002

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9.4, 3.4))
for n, color in zip(scores, (plots.SKY, plots.GREEN, plots.DISC), strict=True):
    plots.curves(x, scores[n], label=f"network, n = {n:,}", color=color, ax=left)
    plots.curves(x, (scores[n] - D_star).abs(), label=f"n = {n:,}", color=color, ax=right)
left.plot(x, D_star, color=plots.PINK, linestyle="--", label="$\\log p_d/p_g$")
left.set(ylim=(-14, 4), xlabel="$x$", ylabel="score $D(x)$")
right.set(yscale="log", ylim=(0.005, 30), xlabel="$x$", ylabel="error $|D-D^*|$")
for ax in (left, right):
    for k, edge in enumerate((x[~tails][0], x[~tails][-1])):
        ax.axvline(edge, color=plots.GREY, linestyle=":", label=None if k else "99 % of samples between")
left.legend(fontsize=8, loc="lower center")
plots.show(
    fig,
    alt="Left: learned scores follow the dashed log ratio from about -2 to 3 and flatten outside, the truth falls on. "
    "Right: the error on a log scale, lower in the middle for larger n, large on both sides for every n",
)

# %% [markdown]
# (Lines: medians of 5 seeds, bands from smallest to largest; at the dips a curve crosses the truth.)
# Where samples fall, 100 times more of them cut the median weighted error from 0.28 to 0.08 (four other groups of five seeds: from 0.31–0.57 to 0.08–0.09;
# single runs: up to 0.12 with 10,000 samples, down to 0.16 with 100). In the tails of this grid the error is 4 to 7 whatever $n$ is (other seeds: up to 7.3): the truth falls like a parabola, the network
# flattens, on the right from $x\approx3$ on. The slope of $V$ with respect to $D(x)$ is $p_d(x)(1-P(x))-p_g(x)P(x)$, since $\frac{d}{dt}\log\sigma(t)=1-\sigma(t)$; without samples it is 0, and at $n=10{,}000$ both tails together cost less than
# 0.002 of $V$: no data correct the score there, until a generator puts samples there. At 10,000
# samples the 400 steps limit the error too (1,600 steps: 0.07).
#
# What does choose the tails? At $n=100$, vary one thing at a time.


# %%
def tail_scores(data_seed, start_seed):
    """D(-6) and D(8) after training on one draw of 100 samples a side, from one start, with one order of batches."""
    torch.manual_seed(data_seed)
    x_real, x_fake = data.sample((100, 1)), fake.sample((100, 1))
    torch.manual_seed(start_seed)
    return train_D(new_D(), x_real, x_fake)(torch.tensor([[-6.0], [8.0]])).detach().squeeze(1)


# %%
new_data = torch.stack([tail_scores(seed, 100) for seed in range(5)])
new_start = torch.stack([tail_scores(0, 100 + seed) for seed in range(5)])
spreads = [rows.amax(0) - rows.amin(0) for rows in (new_data, new_start)]
for name, spread in zip(("five draws of data", "five starts"), spreads, strict=True):
    print(f"{name:19s} D(-6) varies by {spread[0]:.1f}, D(8) by {spread[1]:.1f}")
assert (spreads[0] > 2 * spreads[1]).all() and (spreads[1] > 0.01).all()  # the starts differ, too

# %% [markdown]
# The data *in the middle* decide most (three other groups: 4 to 20 times as much as the start): the tail is what the network makes of its fit there.
# Now change only the architecture, at $n=10{,}000$. The last of three kinds, linear in $x$ and
# $x^2$, is the right family for two normal densities.


# %%
def tail_errors(make_D, features, lr=1e-2):
    errors = []
    for seed in range(5):
        torch.manual_seed(seed)
        x_real, x_fake = data.sample((10_000, 1)), fake.sample((10_000, 1))  # first: the same for every kind
        D = train_D(make_D(), features(x_real), features(x_fake), lr=lr)
        error = (D(features(x[:, None])).detach().squeeze(1) - D_star).abs()
        errors.append(error[tails].mean().item())
    return np.array(errors)


# %%
relu_D = lambda: nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
kinds = {
    "tanh network": tail_errors(new_D, lambda x: x),
    "ReLU network": tail_errors(relu_D, lambda x: x),
    "a + bx + cx²": tail_errors(
        lambda: nn.Linear(2, 1), lambda x: torch.cat([x, x**2], 1), lr=5e-2
    ),  # three numbers with far to go
}
for kind, errors in kinds.items():
    print(f"{kind:14s} error in the tails {np.median(errors):.1f} [{errors.min():.1f}, {errors.max():.1f}]")
tanh, relu, square = kinds.values()
assert tanh.min() > 4.5 > relu.max() and relu.min() > 1 > square.max()

# %% [markdown]
# The same samples, three answers where there are almost none: `tanh` flattens, `ReLU` goes on in a straight line, the parabola is
# right (40 seeds: below 0.8) because we knew the truth. In a GAN nobody does.
#
# ## 5 What the losses read and what they do not
#
# Both players *minimise* a loss. $D$ takes $L_D=-V$. Only the second term of $V$ meets $G$, so the *zero-sum* generator takes
# that term. Notebook 00 played another loss: instead of making "generated" improbable, $G$ makes "real" probable. Both fall as $D(G(z))$ rises,
# but the first flattens ("saturates") where $D$ is sure that a sample is generated (notebook 02).
#
# | loss | formula | at $P=\tfrac12$ |
# |---|---|---|
# | discriminator | $L_D=-V=\mathbb E_x[\zeta(-D(x))]+\mathbb E_z[\zeta(D(G(z)))]$ | $2\log2=1.386$ |
# | generator, zero-sum ("saturating") | $L_G=\mathbb E_z[\log(1-P(G(z)))]=-\mathbb E_z[\zeta(D(G(z)))]$ | $-\log2=-0.693$ |
# | generator, non-saturating (paper's Sec. 3) | $L_G=-\mathbb E_z[\log P(G(z))]=\mathbb E_z[\zeta(-D(G(z)))]$ | $\log2=0.693$ |
#
# At $p_g=p_d$ the best $D$ is 0, so a finished game reads $L_D=1.386$ and, non-saturating, $L_G=0.693$. Common advice turns this round: *stop when
# $P$ is ½*. The next cell freezes four generators: a finished one; two that *collapsed*, to one point and to two *spikes*, judged by a linear
# $D$; and one far away, judged by a *dead* $D$, whose hidden units are off for every sample.
# **Predict first:** which of the four will read $(1.386,\ 0.693)$?


# %%
def sample_spikes(n):
    return 1.5 * torch.randn(n, 1).sign() + 0.05 * torch.randn(n, 1)


def spikes(t):
    return (normal(-1.5, 0.05)(t) + normal(1.5, 0.05)(t)) / 2


jsd_spikes = best_value(normal(0, 1), spikes, t, dt) / 2 + LOG2


def dead_D():
    """A ReLU network whose hidden units are off for every sample: only its last bias can still learn."""
    D = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 1))
    nn.init.constant_(D[0].bias, -100.0)
    return D


def linear_D():
    return nn.Linear(1, 1)


cases = {  # name: (generator's samples, its true JSD to N(0, 1), discriminator)
    "finished: $p_g=p_d$": (lambda n: torch.randn(n, 1), 0.0, new_D),
    "collapsed, linear $D$": (lambda n: 0.05 * torch.randn(n, 1), jsd_of(0, 0.05), linear_D),
    "two spikes, linear $D$": (sample_spikes, jsd_spikes, linear_D),
    "far away, dead $D$": (lambda n: 5 + 0.3 * torch.randn(n, 1), jsd_of(5, 0.3), dead_D),
}


# %%
def losses(sample_fake, make_D, seed):
    """Train D on 10,000 samples a side, then read L_D, non-saturating L_G and the mean |P - 1/2| on fresh ones."""
    torch.manual_seed(seed)
    D = train_D(make_D(), torch.randn(10_000, 1), sample_fake(10_000), steps=300)
    with torch.no_grad():
        score_real, score_fake = D(torch.randn(10_000, 1)), D(sample_fake(10_000))
    off = (torch.sigmoid(torch.cat([score_real, score_fake])) - 0.5).abs().mean()
    return [-value(score_real, score_fake).item(), F.softplus(-score_fake).mean().item(), off.item()]


print(
    f"{'median of 5 seeds':24s} {'JSD':>6} {'L_D':>7} {'L_G':>7} {'|P-½|':>7}   L_D of a working D (minimum)"
)
for name, (sample_fake, jsd, make_D) in cases.items():
    minimum = math.log(4) - 2 * jsd
    asked = np.array([losses(sample_fake, make_D, seed) for seed in range(5)])
    working = np.array([losses(sample_fake, new_D, seed)[0] for seed in range(5)])
    reading = "{:7.3f} {:7.3f} {:7.3f}".format(*np.median(asked, axis=0))
    control = f"{np.median(working):.3f} ({minimum:.3f})"
    print(f"{name.replace('$', ''):24s} {jsd:6.3f} {reading}   {control}")
    assert abs(asked - [2 * math.log(2), math.log(2), 0]).max() < 0.05
    assert minimum - 0.02 < working.min() and working.max() < minimum + 0.35

# %%
fig, axes = plt.subplots(1, 4, figsize=(11, 2.7), sharex=True)
torch.manual_seed(0)
grid = torch.linspace(-4, 6.5, 300)
for ax, (name, (sample_fake, jsd, make_D)) in zip(axes, cases.items(), strict=True):
    D = train_D(make_D(), torch.randn(10_000, 1), sample_fake(10_000), steps=300)
    for samples, color in ((torch.randn(10_000, 1), plots.REAL), (sample_fake(10_000), plots.FAKE)):
        heights, edges = torch.histogram(samples, torch.linspace(-4, 6.5, 106))
        ax.stairs(heights / heights.max(), edges, color=color, fill=True, alpha=0.5)
    ax.plot(grid, torch.sigmoid(D(grid[:, None])).detach(), color=plots.DISC)
    ax.set(title=f"{name}\nJSD = {jsd:.2f}", xlabel="$x$", ylim=(0, 1.05))
    ax.axhline(0.5, color=plots.GREY, linestyle=":")
axes[0].set(ylabel="$P(x)$; counts, scaled")
plots.show(
    fig,
    alt="Four panels: generated samples equal to the data, collapsed to a needle, in two spikes, far to the right. "
    "The trained P is close to one half in all four",
)

# %% [markdown]
# (Blue: data; orange: generated, in the second panel a needle at 0; black: $P$.) All four games read $(1.386,\ 0.693)$ – and the true JSD runs from 0 to 0.69. Over 25 seeds no loss was more than 0.02 off. A linear score cannot tell heaps of
# equal mean, and a dead network cannot tell anything; both find their optimum at $D=0$. The last column is the control: a working network
# reads far below 1.386 wherever $p_g\neq p_d$, near the minimum $\log4-2\,\mathrm{JSD}$ of section 3 (the thin spikes ask for more than 300 steps: with 1,500 it reads 0.25).
# So $P=\tfrac12$ says that *this* discriminator sees no difference. For the best discriminator it means $p_g=p_d$; for a trained one it is
# neither sufficient (this figure) nor necessary (section 7). Stopping needs a measure outside the game: notebook 07.
#
# ## 6 The wall of wrong formulas
#
# Twelve statements that circulate in introductory texts, in this course's letters. Losses are minimised.
#
# | | statement |
# |---|---|
# | A | $L_D=\mathbb E[\log P(x)]+\mathbb E[\log(1-P(G(z)))]$, and training reduces it |
# | B | both players have the same loss, $-\mathbb E[\log P(x)]-\mathbb E[\log(1-P(G(z)))]$ |
# | C | $L_G=\mathbb E[\log P(x)]+\mathbb E[\log(1-P(G(z)))]$: the generator learns from both terms |
# | D | the generator's loss is the probability that it is given: $L_G=\mathbb E[P(G(z))]$ |
# | E | the discriminator judges a pair, $D(x,G(z))$ |
# | F | $L_D=\mathbb E[D(x)]-\mathbb E[D(G(z))]$: a difference of means, no logarithm needed |
# | G | $\mathbb E[P(x)]+\mathbb E[1-P(G(z))]$, maximised by $D$, is the same game and measures the JSD |
# | H | the generator pushes the discriminator's answer towards ½ |
# | I | the generator minimises the discriminator's cross-entropy on generated samples |
# | J | the discriminator maximises the cross-entropy on real samples and minimises it on generated ones |
# | K | the discriminator outputs a label, 0 or 1, and is trained on its mistakes |
# | L | the discriminator's input may also be the noise $z$: $L_G=-\mathbb E[\log P(z)]$ |
#
# Four tests. "Refuted" means false about the minimax game of section 1. Good losses of other games
# fail some tests (last two rows of the picture: least-squares and hinge discriminator, notebook 02).
#
# - **shape**: does the formula run on a batch of samples $(n,1)$ and noise $(n,2)$?
# - **gradient map**: does every term reach the parameters of the player who is said to learn from it?
# - **direction**: take $D(t)=t$, so that each sample *is* its score. Does one descent step raise every real and lower every generated
#   score (player $D$), or raise every generated one (player $G$)? Scores from −4 to 4.
# - **value**: four outcomes $x$, one free score each. Is the smallest $L_D$ equal to $\log4-2\,\mathrm{JSD}$?
#
# A dash in the picture: the test does not apply to this player, or the formula does not run or has no gradient.
#
# **Predict first**: write one test name per letter into the next cell. Some fall to several tests.

# %%
guess = {letter: None for letter in "ABCDEFGHIJKL"}
# for example guess["A"] = "direction"; names: "shape", "gradient map", "direction", "value"

# %% [markdown]
# Each statement becomes a list of terms, averaged and added; so do three losses that are right for this game (a test that refutes the
# truth is no test) and two of another.

# %%
P, log_P, log_not_P = torch.sigmoid, F.logsigmoid, lambda s: F.logsigmoid(-s)
wall = {  # letter: (player, terms of the loss that is minimised)
    "A": ("D", lambda D, G, x, z: [log_P(D(x)), log_not_P(D(G(z)))]),
    "B": ("both", lambda D, G, x, z: [-log_P(D(x)), -log_not_P(D(G(z)))]),
    "C": ("G", lambda D, G, x, z: [log_P(D(x)), log_not_P(D(G(z)))]),
    "D": ("G", lambda D, G, x, z: [P(D(G(z)))]),
    "E": ("D", lambda D, G, x, z: [-log_P(D(x, x)), -log_not_P(D(x, G(z)))]),
    "F": ("D", lambda D, G, x, z: [D(x), -D(G(z))]),
    "G": ("D", lambda D, G, x, z: [-P(D(x)), P(D(G(z))) - 1]),
    "H": ("G", lambda D, G, x, z: [(P(D(G(z))) - 0.5) ** 2]),
    "I": ("G", lambda D, G, x, z: [-log_not_P(D(G(z)))]),
    "J": ("D", lambda D, G, x, z: [log_P(D(x)), -log_not_P(D(G(z)))]),
    "K": ("D", lambda D, G, x, z: [(D(x) < 0).float(), (D(G(z)) > 0).float()]),
    "L": ("G", lambda D, G, x, z: [-log_P(D(z))]),
    "right: L_D": ("D", lambda D, G, x, z: [-log_P(D(x)), -log_not_P(D(G(z)))]),
    "right: L_G zero-sum": ("G", lambda D, G, x, z: [log_not_P(D(G(z)))]),
    "right: L_G non-sat.": ("G", lambda D, G, x, z: [-log_P(D(G(z)))]),
    "other: least squares": ("D", lambda D, G, x, z: [(D(x) - 1) ** 2, D(G(z)) ** 2]),
    "other: hinge": ("D", lambda D, G, x, z: [F.relu(1 - D(x)), F.relu(1 + D(G(z)))]),
}


def total_loss(terms):
    return sum(term.mean() for term in terms)


# %%
def shape(player, loss):
    D, G = nn.Linear(1, 1), nn.Linear(2, 1)
    try:
        return total_loss(loss(D, G, torch.randn(8, 1), torch.randn(8, 2))).ndim == 0
    except (TypeError, RuntimeError):
        return False


# %%
def gradient_map(player, loss):
    D = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    G = nn.Linear(1, 1)  # here z has the size of x, so that D(z) runs
    learners = {"D": [D], "G": [G], "both": [D, G]}[player]
    for term in loss(D, G, torch.randn(8, 1), torch.randn(8, 1)):
        for net in learners:
            net.zero_grad()
            if term.requires_grad:
                term.mean().backward(retain_graph=True)
            if all(p.grad is None or p.grad.abs().max() == 0 for p in net.parameters()):
                return False
    return True


# %%
def direction(player, loss):
    def same(t):
        return t

    real, made = (torch.linspace(-4, 4, 9).requires_grad_() for _ in range(2))
    total_loss(loss(same, same, real, made)).backward()

    def raised(score):
        return score.grad is not None and bool((score.grad < 0).all())

    def lowered(score):
        return score.grad is not None and bool((score.grad > 0).all())

    D_is_right = raised(real) and lowered(made)
    return {"D": D_is_right, "G": raised(made), "both": D_is_right and raised(made)}[player]


# %%
def best_loss(loss, p, q, steps=1500):
    """Smallest loss over one free score per outcome; p and q are counts of each outcome."""
    real, made = (torch.repeat_interleave(torch.arange(len(c)), torch.tensor(c)) for c in (p, q))
    score = torch.zeros(len(p), requires_grad=True)
    optimizer = torch.optim.Adam([score], lr=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        total = total_loss(loss(lambda i: score[i], lambda i: i, real, made))
        total.backward()
        optimizer.step()
    return total.item()


# %%
p, q = np.array([4, 3, 2, 1]), np.array([1, 2, 3, 4])  # real and generated counts of four outcomes


def kl(a, b):
    return xlogy(a, a / b).sum() / 10


truth = math.log(4) - kl(p, (p + q) / 2) - kl(q, (p + q) / 2)


# %%
def value_test(player, loss):
    if player == "G":
        return None
    return bool(abs(best_loss(loss, p.tolist(), q.tolist()) - truth) < 1e-3)


tests = {"shape": shape, "gradient map": gradient_map, "direction": direction, "value": value_test}


def verdict(test, player, loss):
    """True: passes. False: refuted. None: the test does not apply, or the formula does not run or has no gradient."""
    try:
        return test(player, loss)
    except (TypeError, RuntimeError):
        return None


torch.manual_seed(0)
verdicts = {name: [verdict(test, *row) for test in tests.values()] for name, row in wall.items()}

# %% tags=["nbval-check-output"]
for name, row in verdicts.items():
    refuted_by = [test for test, passed in zip(tests, row, strict=True) if passed is False]
    mine = (guess.get(name) or "").replace("_", " ") or None
    mark = "" if mine is None else "  ✓" if mine in refuted_by else f"  ✗ (you: {mine})"
    result = "refuted by " + ", ".join(refuted_by) if refuted_by else "passes"
    print(f"{name:20s} {result:42s}{mark}".rstrip())
    assert bool(refuted_by) != name.startswith("right")  # all fall but the three right losses

# %%
mended_F = ("D", lambda D, G, x, z: [-D(x), D(G(z))])
for name, (_, loss) in {**{k: wall[k] for k in "AFJ"}, "F, sign mended": mended_F}.items():
    early, late = (best_loss(loss, p.tolist(), q.tolist(), steps) for steps in (200, 400))
    print(f"{name:15s} smallest loss after 200 steps {early:6.1f}, after 400 {late:6.1f}")
    assert late < 1.8 * early < 0  # no end in sight

# %%
fig, ax = plt.subplots(figsize=(6.4, 4.6))
shades = {True: plots.SKY, False: plots.FAKE, None: "#EEEEEE"}
for r, row in enumerate(verdicts.values()):
    for c, passed in enumerate(row):
        ax.add_patch(plt.Rectangle((c, r), 0.94, 0.9, color=shades[passed]))
        text = {True: "passes", False: "REFUTED", None: "–"}[passed]
        ax.text(c + 0.47, r + 0.47, text, ha="center", va="center", fontsize=8)
ax.set(xlim=(0, 4), ylim=(len(verdicts), 0))
ax.set_xticks([0.47, 1.47, 2.47, 3.47], list(tests))
ax.set_yticks(np.arange(len(verdicts)) + 0.47, list(verdicts))
ax.tick_params(length=0, labeltop=True, labelbottom=False)
ax.spines[:].set_visible(False)
plots.show(
    fig,
    alt="Table of verdicts: each of the statements A to L is refuted by at least one of four tests, "
    "most by direction; the three right losses pass all that apply",
)

# %% [markdown]
# In words:
#
# - **A, F, J** have a sign wrong: descent *lowers* real scores, and the loss falls without end (twice the steps, twice as low). Nor has F an optimum with its sign mended: a difference of means needs a bound on the slope of $D$ (a *critic*, notebook 09).
# - **B**: one expression for both players has no game in it. With this sign the generator helps the discriminator; with the other sign the discriminator undoes itself (row A).
# - **C** is the $V$ of section 1. To minimise it is right, "learns from both terms" is wrong: the first never meets $G$ and only shifts the
#   printed number.
# - Statements **D** and **I** teach the generator to be recognised. **H** pulls back every sample that is ahead ($P>\tfrac12$); the minimax
#   generator never does.
# - **E, L**: $D$ takes one point of data space. In L, even where the sizes fit, no gradient
#   reaches $G$; it passes *direction* only because that test hands it $z$ as a sample.
# - **G** passes three tests; its value is a hint, the proof comes below. **K**: a label is flat, so there is no slope to follow.
#
# The tests do not prove the right losses good for training: notebook 02.
#
# A $D$ of two arguments, as in E, does run. Call $(x,x)$ real and $(x,G(z))$ generated, at $p_g=p_d$, where $L_D$
# should read 1.386. Then two *different* real samples against two generated ones:


# %%
def pair_loss(seed, pairs, steps):
    """L_D of a network that judges pairs; all samples are from one distribution: the generator is perfect."""
    torch.manual_seed(seed)
    D = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(D.parameters(), lr=1e-2)
    for _ in range(steps):
        real, made = pairs(*torch.randn(4, 500, 1))
        loss_D = -value(D(torch.cat(real, 1)), D(torch.cat(made, 1)))
        optimizer.zero_grad()
        loss_D.backward()
        optimizer.step()
    return loss_D.item()


# %%
as_in_E = [pair_loss(seed, lambda a, _, c, __: ((a, a), (a, c)), steps=600) for seed in range(5)]
fair = [pair_loss(seed, lambda a, b, c, d: ((a, b), (c, d)), steps=300) for seed in range(5)]
print("L_D at p_g = p_d, pairs as in E:   " + "  ".join(f"{r:.2f}" for r in as_in_E))
print("two real against two generated:    " + "  ".join(f"{r:.2f}" for r in fair))
assert max(as_in_E) < 0.3 and max(abs(r - 2 * math.log(2)) for r in fair) < 0.02

# %% [markdown]
# The first $D$ has learned to see whether its two halves are equal, which says nothing about $p_g$. The second question is fair; notebook 08 uses it.
#
# What does statement G measure? Its best $P$ is 1 where $p_d>p_g$ and 0 elsewhere, so the largest value is $\int\max(p_d,p_g)=1+\mathrm{TV}$, with the total variation distance $\mathrm{TV}=\tfrac12\int|p_d-p_g|$.

# %% tags=["nbval-check-output"]
no_logs, made, rows = wall["G"][1], np.array([1, 2, 3, 4]), []
for counts in ([4, 3, 2, 1], [2, 2, 3, 3], [0, 3, 3, 4], [1, 2, 3, 4], [10, 0, 0, 0]):
    largest = -best_loss(no_logs, counts, made.tolist())
    tv, m = np.abs(counts - made).sum() / 20, (counts + made) / 2
    jsd = (kl(np.array(counts), m) + kl(made, m)) / 2
    print(f"real {counts!s:14} largest without logs {largest:.2f}   1 + TV {1 + tv:.2f}   JSD {jsd:.3f}")
    assert abs(largest - 1 - tv) < 2e-3
    rows.append([largest, jsd])
assert abs(rows[1][0] - rows[2][0]) < 2e-3 and rows[2][1] - rows[1][1] > 0.02

# %% [markdown]
# Rows two and three: one reading, 1.10, for two JSDs. So G is a fair game but does not measure the JSD; its discriminator
# answers only "0" and "1".
#
# ## 7 A failure on purpose
#
# Make the question unanswerable: real and generated samples from *one* distribution. The best $D$ is 0, the true value $-\log4=-1.386$. Train
# on 20 samples a side, and on 5,000, everything else equal. **Predict first:** what will $V$ read on the training samples after 800 steps, and what on fresh ones?

# %%
steps, every = 800, 50
curves = {20: [], 5_000: []}  # samples a side: per seed and time, V on the training samples and on fresh ones
for n, runs in curves.items():
    for seed in range(5):
        torch.manual_seed(seed)
        heaps, fresh = torch.randn(2, n, 1), torch.randn(2, 10_000, 1)  # (real, generated)
        D = new_D()
        optimizer = torch.optim.Adam(D.parameters(), lr=1e-2)
        runs.append([])
        for step in range(1, steps + 1):
            i, j = torch.randint(n, (2, 100))
            loss_D = -value(D(heaps[0, i]), D(heaps[1, j]))
            optimizer.zero_grad()
            loss_D.backward()
            optimizer.step()
            if step % every == 0:
                with torch.no_grad():
                    runs[-1].append((value(*D(heaps)).item(), value(*D(fresh)).item()))
curves = {n: np.array(runs) for n, runs in curves.items()}  # (seeds, times, 2)

# %%
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.1), sharey=True)
when = np.arange(every, steps + 1, every)
for ax, (n, runs) in zip(axes, curves.items(), strict=True):
    plots.curves(when, runs[..., 0], label="on its training samples", color=plots.DISC, ax=ax)
    plots.curves(when, runs[..., 1], label="on fresh samples", color=plots.GREEN, ax=ax)
    ax.axhline(-math.log(4), color=plots.GREY, linestyle=":", label="$-\\log 4$, the truth")
    ax.set(title=f"n = {n:,} samples a side", xlabel="steps")
axes[0].set(ylabel="$V$")
axes[0].legend(fontsize=8, loc="lower left")
plots.show(
    fig,
    alt="V against steps. With 20 samples V on the training samples rises and on fresh samples falls far below -log 4; "
    "with 5,000 both stay near -log 4",
)

# %%
for n, runs in curves.items():
    train, fresh = np.median(runs[:, -1], axis=0)
    jsd = (train + math.log(4)) / 2
    print(f"n = {n:5d}: V in training {train:.2f}, on fresh samples {fresh:.2f}; JSD claimed {jsd:.2f}")
small, large = curves[20][:, -1], curves[5_000][:, -1]
assert small[:, 0].min() > -1.25 and small[:, 1].max() < -math.log(4) - 0.05
assert abs(large + math.log(4)).max() < 0.05

# %% [markdown]
# (Lines and bands as before; on the right the two curves coincide.) The **symptom**: the two curves part. With 20 samples the training value claims a divergence between two identical distributions, while on fresh samples
# $V$ falls *below* $-\log 4$: worse than a discriminator that says nothing.
# Over 50 seeds the training value ended between −1.16 and −0.48, the fresh one between −3.48 and −1.60.
# The **remedy**: more samples.
# The **habit**: read $V$ on held-out samples. How many samples images need it does not show.
#
# ## Exercises

# %% [markdown]
# ### Exercise 1 · How often is the best discriminator right?
#
# ●○○ · 5 minutes · you need: section 2
#
# Turn the best discriminator into a yes/no judge: "real" where $P^*(x)>\tfrac12$. Real and generated samples are equally frequent.
# Given the probabilities of $K$ outcomes (tensors `p_d`, `p_g` of shape `(K,)`; both may be 0 at an outcome), return the share of correct judgements.


# %% tags=["exercise-1"]
def best_accuracy(p_d, p_g):
    """p_d, p_g: probabilities (K,), 0 allowed. Returns one number, the share of right judgements."""
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
# At one outcome, $\tfrac12p_d$ of all samples is real and $\tfrac12p_g$ is generated.
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
# This is $\tfrac12(1+\mathrm{TV})$: the game of statement G in section 6 is the accuracy game.
# </details>

# %% [markdown]
# ### Exercise 2 · An unfair coin
#
# ●●○ · 10 minutes · you need: section 2
#
# Now a share `share` of the tosses is real (0 < share < 1). Return the best *score* $D^*$ at points where the densities are `p_d` and `p_g` (positive tensors of one shape).


# %% tags=["exercise-2"]
def best_score(p_d, p_g, share):
    """p_d, p_g: densities, positive, any shape; share: number. Returns scores of the same shape."""
    return None  # ← your answer


# %% tags=["check-2"]
nb01.check_2(best_score)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Repeat derivation 2 with Bayes' rule, but let the share of real samples be `share`
# instead of one half. The score is the log-odds of the probability that you find.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The odds of "real" at a point are `share * p_d` against `(1 - share) * p_g`. Take the
# logarithm of their ratio.
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
# ●●○ · 10 minutes · you need: section 3
#
# Write $\mathrm{JSD}(p,q)$ with natural logarithms for two probability vectors of shape `(K,)`. Outcomes may have probability 0 under one of them, or both.


# %% tags=["exercise-3"]
def jsd_of_outcomes(p, q):
    """p, q: probabilities (K,), 0 allowed. Returns one number, with natural logarithms."""
    return None  # ← your answer


# %% tags=["check-3"]
nb01.check_3(jsd_of_outcomes)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# The trouble is the product of a zero and a logarithm of zero. Look for a form of the
# divergence in which every term is a number times its own logarithm, as on the
# right-hand side in section 3.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# JSD is the entropy of the mixture minus the mean of the two entropies. `torch.xlogy(a,
# b)` is $a\log b$ and returns 0 where $a=0$.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def jsd_of_outcomes(p, q):
#     entropy = lambda p: -torch.xlogy(p, p).sum()
#     return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
# ```
# </details>

# %% [markdown]
# ### Exercise 4 · Build the direction test
#
# ●●● · 15 minutes · you need: section 6
#
# `loss_G` takes the scores of generated samples, a float64 tensor of shape `(n,)`, and returns one number. Return `True` if minimising it raises the score of a generated
# sample at *every* score between −5 and 5, else `False`.


# %% tags=["exercise-4"]
def pushes_up(loss_G):
    """loss_G: a function from scores (n,) to one number. Returns True or False."""
    return None  # ← your answer


# %% tags=["check-4"]
nb01.check_4(pushes_up)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Descent moves a score against the slope of the loss. So ask for the sign of the slope,
# and ask at many scores at once.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Make a fine grid from −5 to 5 in float64 with `requires_grad=True`, and call
# `torch.autograd.grad(loss_G(grid), grid)`. Every slope must be smaller than 0, because
# a flat loss does not push.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def pushes_up(loss_G):
#     score = torch.linspace(-5, 5, 201, dtype=torch.float64, requires_grad=True)
#     (slope,) = torch.autograd.grad(loss_G(score), score)
#     return bool((slope < 0).all())
# ```
# </details>

# %% [markdown]
# ## Recap
#
# - The value function is the cross-entropy of a two-sample test, times −2 ([section 1](#1-One-question-per-sample)).
# - The best score is the log density ratio $\log p_d/p_g$; calculus, Bayes' rule, an optimiser and counting agree ([section 2](#2-The-best-discriminator-found-four-times)).
# - Against the best discriminator the generator minimises a Jensen–Shannon divergence, which is flat at $\log2$ once the supports part ([section 3](#3-What-is-left-for-the-generator)).
# - A network learns that ratio where samples fall and invents it elsewhere, and with 20 samples a side it finds a difference where there is none ([section 4](#4-A-network-learns-a-density-ratio), [section 7](#7-A-failure-on-purpose)).
# - $P=\tfrac12$ and losses $(2\log2,\log2)$ are where a finished game ends, and also what a blind discriminator reads; a formula is trusted after it passed a test ([section 5](#5-What-the-losses-read-and-what-they-do-not), [section 6](#6-The-wall-of-wrong-formulas)).
#
# **Further reading.** I. Goodfellow et al., *Generative Adversarial Nets*, 2014, [arXiv:1406.2661](https://arxiv.org/abs/1406.2661): besides the equations, why the generator's loss is
# changed in practice (Sec. 3) and the training loop (Alg. 1). Next: [02 · Losses and gradients](02_losses_and_gradients.ipynb).
