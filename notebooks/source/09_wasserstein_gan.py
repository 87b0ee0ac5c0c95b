# %% [markdown]
# # 09 · Wasserstein GANs
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/09_wasserstein_gan.ipynb)
#
# ![Four generators, vertical lines that should move onto the blue data line at 0: eight seeds stop early with the saturating loss; cross the data and come back with the non-saturating one; some first move away with the two-sided gradient penalty; all glide in and stay with the one-sided one](images/09_wasserstein_gan.gif)
#
# **After this notebook you can**
#
# - **compute** the earth mover's distance in three ways, and say what a critic must obey to measure it;
# - **constrain** a critic by clipping, gradient penalty and spectral norm, and test whether each does what it says;
# - **read** a critic: when its reading is a distance, by how much it is off, and what it does not cure.
#
# *Before:* [02](02_losses_and_gradients.ipynb), [03](03_gradient_descent_in_games.ipynb), [04](04_gan_laboratory_2d.ipynb). *Run time:* about 70 s on two CPU cores; a GPU is used if there is one, none is needed.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import io
import math

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy import sparse, stats
from scipy.optimize import linprog
from torch import nn
from torch.func import functional_call, vmap
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from gan_helpers import data, losses, metrics, plots
from gan_helpers.checks import nb09
from gan_helpers.losses import LOSSES
from gan_helpers.networks import mlp
from gan_helpers.notebook import progress
from gan_helpers.training import play_many, stack

plots.use_course_style()
torch.set_num_threads(1)  # tiny networks: a second thread costs more than it brings
device = "cuda" if torch.cuda.is_available() else "cpu"
F64 = torch.float64

# %% [markdown]
# ## 1 Moving earth
#
# Two heaps of sand, $p$ and $q$. Moving one gram over one metre costs 1. The cheapest way to turn $q$ into $p$ costs
#
# $$W_1(p,q)=\inf_{\pi\in\Pi(p,q)}\mathbb E_{(x,y)\sim\pi}\lVert x-y\rVert$$
#
# (Arjovsky et al. 2017, Eq. 1): the **earth mover's distance**. $\Pi(p,q)$ holds all plans that take exactly $q$ away and deliver exactly $p$. For $n$ and $m$ points of equal weight a plan is an $n\times m$ table with rows that add up to $1/n$ and columns that add up to $1/m$. Cost and conditions are linear in its entries: a linear programme.


# %%
def distances(a, b):
    return torch.cdist(a.to(F64), b.to(F64), compute_mode="donot_use_mm_for_euclid_dist")


def transport(x, y):
    """Cheapest plan between x (n, d) and y (m, d), points of equal weight: (cost, plan (n, m))."""
    n, m = len(x), len(y)
    rows = sparse.kron(sparse.eye(n), np.ones((1, m)))
    columns = sparse.kron(np.ones((1, n)), sparse.eye(m))
    limits = np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)])
    plan = linprog(distances(x, y).numpy().ravel(), A_eq=sparse.vstack([rows, columns]).tocsr(), b_eq=limits)
    return plan.fun, torch.from_numpy(plan.x).view(n, m)


# %%
x = data.ring(40, seed=1, std=0.1)
y = 0.7 * torch.randn(40, 2, generator=data.make_generator(2))
cost, plan = transport(x, y)

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.4), width_ratios=(1, 1))
plots.points(x, y, ax=left)
for i, j in (plan > 1e-9).nonzero().tolist():
    left.plot(*torch.stack([x[i], y[j]]).T, color=plots.GREY, linewidth=0.8, zorder=0)
right.imshow(plan, cmap="Greys", interpolation="nearest")
right.set(xlabel="fake $y_j$", ylabel="real $x_i$", title=f"plan; cost {cost:.3f}")
plots.show(
    fig,
    alt="Left: forty real points on a ring and forty fakes in its middle, joined in pairs by straight lines that do "
    "not cross. Right: the plan as a table with one dark cell in each row and each column.",
)
shares = plan[plan > 1e-9] * 40
print(f"cost {cost:.4f}; {len(shares)} entries, each {shares.min():.3f} to {shares.max():.3f} of 1/40")
assert len(shares) == 40 and (shares - 1).abs().max() < 1e-6

# %% [markdown]
# Each fake goes to *one* place: with equal numbers of equal weights some cheapest plan always does that.
#
# **Second way.** On the line, paths need not cross: the smallest goes to the smallest. So sort both and compare, or integrate the gap between the distribution functions $F_p$, $F_q$, also for $n\ne m$. **Third way.** Every linear programme has a dual, with the same value; here (Kantorovich–Rubinstein; Arjovsky et al. 2017, Eq. 2)
#
# $$W_1(p,q)=\sup_{\lVert f\rVert_L\le1}\ \mathbb E_{x\sim p}f(x)-\mathbb E_{y\sim q}f(y),\qquad \lVert f\rVert_L\le1:\ |f(a)-f(b)|\le\lVert a-b\rVert\ \text{for all }a,b.$$
#
# $f$ is **1-Lipschitz**: never steeper than 1. (It cannot give more: each pair of a plan gains at most its way.) A discriminator with a speed limit, called a **critic**.


# %%
def dual(x, y):
    """Best 1-Lipschitz scores of the points: (E f(x) - E f(y), f(x) (n,), f(y) (m,))."""
    points, n, m = torch.cat([x, y]), len(x), len(y)
    i, j = np.nonzero(~np.eye(n + m, dtype=bool))
    k = np.arange(len(i))
    steeper = sparse.csr_matrix((np.r_[np.ones(len(i)), -np.ones(len(i))], (np.r_[k, k], np.r_[i, j])))
    gain = np.r_[np.full(n, 1 / n), np.full(m, -1 / m)]
    best = linprog(-gain, A_ub=steeper, b_ub=distances(points, points).numpy()[i, j], bounds=(None, None))
    return -best.fun, *torch.from_numpy(best.x).split([n, m])


def by_cdf(x, y):
    """W1 of 1-D samples of any sizes: the area between the two distribution functions."""
    t = torch.cat([x, y]).to(F64).sort().values
    F_x, F_y = (torch.searchsorted(s.to(F64).sort().values, t, right=True) / len(s) for s in (x, y))
    return ((F_x - F_y).abs()[:-1] * t.diff()).sum().item()


# %%
gaps = []
for seed in range(6):
    a = data.mixture_1d(30, seed=seed, stds=0.4)
    b = torch.randn(30, generator=data.make_generator(100 + seed))
    values = transport(a[:, None], b[:, None])[0], dual(a[:, None], b[:, None])[0], by_cdf(a, b)
    values += (a.sort().values - b.sort().values).abs().mean().item(), stats.wasserstein_distance(a, b)
    x_s = data.ring(40, seed=seed, std=0.1)
    y_s = 0.7 * torch.randn(40, 2, generator=data.make_generator(200 + seed))
    plane = transport(x_s, y_s)[0], dual(x_s, y_s)[0]
    gaps.append([max(values) - min(values), abs(plane[0] - plane[1])])
    print(f"seed {seed}: line {values[0]:.6f}, plane {plane[0]:.6f}")
gaps = torch.tensor(gaps).amax(0)
print(f"largest disagreement of five ways on the line {gaps[0]:.0e}, of two in the plane {gaps[1]:.0e}")
assert gaps.max() < 1e-6 and abs(by_cdf(a[:20], b) - stats.wasserstein_distance(a[:20], b)) < 1e-6

# %% [markdown]
# They agree to six digits.
#
# ## 2 JSD jumps and W1 glides
#
# Arjovsky et al. (2017, Example 1): the data are a vertical line of points $(0,u)$ with $u$ uniform on $[0,1]$, the fakes the parallel line $(\theta,u)$. **Predict first:** how do $\mathrm{JSD}$ and $W_1$ depend on $\theta$?


# %%
def jsd(x, y):
    """Jensen-Shannon divergence of two finite sets of points, in nats."""
    atoms, index = torch.unique(torch.cat([x, y]), dim=0, return_inverse=True)
    p, q = (torch.bincount(k, minlength=len(atoms)).to(F64) / len(k) for k in index.split([len(x), len(y)]))
    m = (p + q) / 2
    return (torch.special.xlogy(p, p / m) + torch.special.xlogy(q, q / m)).sum().item() / 2


def line(theta, n=32):
    return torch.stack([torch.full((n,), float(theta)), (torch.arange(n) + 0.5) / n], 1)


thetas = torch.arange(-10, 11) / 10
table = torch.tensor([[jsd(line(0), line(t)), transport(line(0), line(t))[0]] for t in thetas])
off = thetas != 0
assert (table[off, 0] - math.log(2)).abs().max() < 1e-6 and table[~off, 0].item() == 0
assert (table[:, 1] - thetas.abs()).abs().max() < 1e-6

# %% [markdown]
# $\mathrm{JSD}=\log2$ for every $\theta\ne0$, and 0 at 0; $W_1=|\theta|$. A generator feels a *gradient*, from a discriminator that is never perfect. So freeze the fakes at $\theta$, train $D$ for a while, and ask for $\partial L_G/\partial\theta$: 1 means "to the left, at full speed".
#
# The last two games need a critic that keeps the speed limit (section 4): add $10\,\mathbb E(\lVert\nabla_xD(\hat x)\rVert-1)^2$ to $L_D$, with $\hat x$ between real and fake points: **two-sided**, as published. **One-sided** counts only norms above 1.


# %%
def critic_loss(weight, one_sided=True):
    """L_D of a critic with gradient penalty, of the package's parts; works inside play_many."""

    def L_D(D, x_real, x_fake):
        epsilon = (torch.arange(len(x_real)).to(x_real) + 0.5) / len(x_real)  # section 4 says why
        x = torch.lerp(x_fake, x_real, epsilon[:, None])
        squares = losses.squared_norms(losses.slopes(D, x)[0])
        # the root has no slope at 0: section 4, fifth violation
        excess = torch.where(squares > 0, squares, 1).sqrt() * (squares > 0) - 1
        excess = excess.clamp_min(0) if one_sided else excess
        return D(x_fake).mean() - D(x_real).mean() + weight * excess.square().mean()

    return L_D


CRITIC, L_G = LOSSES["Wasserstein, no constraint"]  # E D(G(z)) - E D(x), and -E D(G(z))
GAMES = {name: LOSSES[name] for name in ("saturating", "non-saturating")}
GAMES |= {"two-sided penalty": (critic_loss(10.0, False), L_G), "one-sided penalty": (critic_loss(10.0), L_G)}


# %%
class Line(nn.Module):
    """G with one parameter: noise (n, 1) -> points (θ, u), u uniform on [0, 1]."""

    def __init__(self, theta):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor([theta]))

    def forward(self, z):
        return torch.cat([self.theta.expand(len(z), 1), torch.special.ndtr(z)], 1)


# %%
def lines_game(loss, thetas, seeds, rounds, d_steps=1, lr=0.0):
    """Games that start at the θ given, one per seed; after each round yield θ and ∂L_G/∂θ, (games,)."""
    u = torch.rand(4096, 1, generator=data.make_generator(0))
    x = torch.cat([torch.zeros(4096, 1), u], 1).to(device)
    G = stack([Line(t).to(device) for t in thetas])
    D = stack([mlp((2, 32, 32, 1), seed=seed).to(device) for seed in seeds])
    opt_G = torch.optim.SGD(G.params.values(), lr=lr)
    opt_D = torch.optim.Adam(D.params.values(), lr=3e-3, betas=(0.0, 0.9))
    batches = [data.batches(x, 64, seed=seed, steps=rounds * d_steps) for seed in seeds]
    for _ in play_many(G, D, opt_G, opt_D, batches, 1, seeds=seeds, loss=loss, d_steps=d_steps):
        yield G.params["theta"].detach()[:, 0].cpu(), G.params["theta"].grad[:, 0].cpu()


# %%
STARTS, LOOKS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0), (30, 100, 200)
frozen, pull = [(start, seed) for start in STARTS for seed in range(3)], {}
for name, loss in GAMES.items():
    game = lines_game(loss, *zip(*frozen, strict=True), rounds=LOOKS[-1])
    gradients = [g.clone() for _, g in progress(game, name, LOOKS[-1])]
    pull[name] = torch.stack([gradients[k - 1] for k in LOOKS]).view(len(LOOKS), len(STARTS), 3)

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.2))
left.plot(thetas, table[:, 0], ".", color=plots.DISC, label="JSD")
left.plot(thetas, table[:, 1], ".-", color=plots.GREEN, label="$W_1$")
left.set(xlabel="$θ$", title="values", xticks=(-1, -0.5, 0, 0.5, 1))
left.legend(loc="lower right")
colors = {"saturating": plots.PINK, "non-saturating": plots.FAKE, "one-sided penalty": plots.GREEN}
for name, color in colors.items():
    for k, style in enumerate((":", "--", "-")):
        middle = pull[name][k].abs().median(1).values.clamp_min(1e-6)
        right.plot(STARTS, middle, style, color=color, label=name if k == 2 else None)
right.set(xscale="log", yscale="log", xlabel="$θ$", ylim=(1e-6, 3e3))
right.set_title("$|∂L_G/∂θ|$ after 30 (dotted), 100, 200 (solid) steps of $D$", fontsize=9)
right.legend(loc="lower left", fontsize=8)
plots.show(
    fig,
    alt="Left: JSD is log 2 everywhere except for one point at 0, W1 is a V. Right: gradients over the distance. With "
    "training the saturating one falls by decades, the non-saturating one rises and is in the end largest for the nearest lines, and "
    "that of the critic stays near 1.",
)

# %%
late = {name: values[-1] for name, values in pull.items()}
print("after 200 steps  " + "".join(f"  θ={t:<6g}" for t in STARTS))
for name, values in late.items():
    print(f"{name:17}" + "".join(f" {v:9.2g}" for v in values.median(1).values))
print("two-sided, wrong sign after 30 steps:", int((pull["two-sided penalty"][0] < 0).sum()), "of 18")
unit = 1 + torch.tensor(STARTS)[:, None] / 20  # section 4: 1 + θ / (2 · 10)
assert late["saturating"][1:].abs().max() < 0.02 and (pull["one-sided penalty"] - unit).abs().max() < 0.4
assert late["non-saturating"][0].min() > 5 * late["non-saturating"][-1].max()
assert (pull["non-saturating"].diff(dim=0) > 0).all() and late["saturating"][0].median() > 0.1

# %% [markdown]
# With a better $D$, the saturating gradient dies, the later the nearer (at $\theta=0.1$ it is alive after 200 steps). The non-saturating one *grows* with the training of $D$, and in the end is largest when the lines are *nearest*. The critic's gradient is near 1 everywhere, and stays. Two-sided, some seeds begin with the wrong sign, though not in every draw of three.
#
# **Predict first:** which of the four generators reach the data when both players move? $G$ takes plain gradient steps, so that the size of the gradient shows; five steps of $D$ per step.

# %% tags=["head-picture"]
ROUNDS, paths = 120, {}
for name, loss in GAMES.items():
    game = lines_game(loss, [1.0] * 8, range(8), ROUNDS, d_steps=5, lr=0.05)
    paths[name] = torch.stack([torch.ones(8)] + [theta.clone() for theta, _ in progress(game, name, ROUNDS)])
fig, axes = plt.subplots(2, 4, figsize=(8, 3.6), sharex="row", sharey="row", height_ratios=(1, 1.4))
marks = [0, 3, 6, 9, 12, 16, 20, 25, 32, 45, 60, 80, 100, 120]


def frame(k):
    for (plane, path), (name, theta) in zip(axes.T, paths.items(), strict=True):
        plane.clear(), path.clear()
        plane.vlines(theta[marks[k]], 0, 1, color=plots.FAKE, linewidth=1)
        plane.vlines(0, 0, 1, color=plots.REAL, linewidth=2.5, alpha=0.7)
        plane.set(xlim=(-1.3, 1.5), yticks=[])
        plane.set_title(name, fontsize=9)
        path.plot(theta[: marks[k] + 1], color=plots.FAKE, linewidth=0.9)
        path.axhline(0, color=plots.REAL, linewidth=1)
        path.set(xlim=(0, ROUNDS), ylim=(-1.3, 1.5), xlabel="round")
    axes[0, 0].set_ylabel("plane")
    axes[1, 0].set_ylabel("$θ$")


plots.gif(
    fig, frame, len(marks), fps=4, colors=48,
    alt="Eight seeds of four games. Saturating: the lines stop far from the data. Non-saturating: they cross "
    "the data line, come back and settle, and some later swing again. Two-sided penalty: some first move away, then all cross the data and swing. "
    "One-sided penalty: they glide in at constant speed and stay near.",
)  # fmt: skip

# %%
for name, theta in paths.items():
    end = theta[-1].abs()
    print(
        f"{name:17} |θ| at the end {end.min():.2f} to {end.max():.2f}, farthest {theta.abs().max():.2f}, ",
        end="",
    )
    print(f"largest step {theta.diff(dim=0).abs().max():.2f}")
sat, ns, two, one = paths.values()
game = lines_game(GAMES["saturating"], [1.0] * 8, range(8), 240, d_steps=1, lr=0.05)
home = torch.stack([theta.clone() for theta, _ in game])[-20:].abs().max()
print(f"saturating, one step of D per round: |θ| in rounds 220 to 240 at most {home:.3f}")
assert sat[-1].min() > 0.5 and (sat[-1] - sat[60]).abs().max() < 0.01 and home < 0.1  # stuck, not stuck
print(
    "non-saturating: seeds that leave again after round 100:",
    int((ns[100:].abs().amax(0) > 0.3).sum()),
    "of 8",
)
assert ns.amin(0).max() < -0.3 and ns[50:60].abs().max() < 0.2  # far through the data, and back
assert one.min() > -0.25 and one[25:].abs().max() < 0.25  # hardly through, and staying
assert two[10].max() > 1.05 > one.max() and one.diff(dim=0).abs().max() < 0.08
speed = -one[3:17].diff(dim=0)
assert 0.03 < speed.min() < speed.max() < 0.07  # per round, until they arrive

# %% [markdown]
# With five steps of $D$ the saturating games stop. With *one* the same loss swings through the data and has brought all eight home by round 220: "a GAN cannot learn parallel lines" is true of the value, not of the game. The non-saturating games arrive at full speed, swing at least 0.3 beyond the data in every seed, come back and settle; by round 120 some swing again (three of these eight; of eight others, one). With a one-sided penalty they come in at constant speed, 0.05 times a slope near 1, and stop.
#
# ### 2.1 Move the fakes yourself
#
# What would *perfect* discriminators say? Data $\mathcal N(0,1)$, fakes $\mathcal N(s,w^2)$: $D^*=\log p_d/p_g$ (notebook 01), and the perfect critic has slope $\operatorname{sign}(F_g-F_d)$, of the distribution functions (section 4.1 shows why).

# %%
t = torch.linspace(-8, 12, 2001, dtype=F64)


def bells(s, w):
    return [torch.distributions.Normal(torch.tensor(m, dtype=F64), float(v)) for m, v in ((0.0, 1), (s, w))]


def perfect(s, w):
    """JSD, W1, and the mean size of the pull on the fakes: saturating, non-saturating, critic."""
    p, q = bells(s, w)
    log_p, log_q, dt = p.log_prob(t), q.log_prob(t), t[1] - t[0]
    P, slope = torch.sigmoid(log_p - log_q), -t + (t - s) / w**2
    logs = log_p.exp() * F.logsigmoid(log_p - log_q) + log_q.exp() * F.logsigmoid(log_q - log_p)
    distance = ((q.cdf(t) - p.cdf(t)).abs() * dt).sum()
    felt = [(log_q.exp() * dt * (share * slope).abs()).sum() for share in (P, 1 - P)]
    return (logs * dt).sum() / 2 + math.log(2), distance, *felt


# %%
def draw_perfect(axes, s, w):
    values, (left, right) = perfect(s, w), axes
    p, q = bells(s, w)
    left.plot(t, p.log_prob(t).exp(), color=plots.REAL), left.plot(t, q.log_prob(t).exp(), color=plots.FAKE)
    left.set(xlim=(-5, 11), yticks=[], title=f"JSD {values[0]:.2f}, $W_1$ {values[1]:.2f}")
    right.bar(range(3), [*values[2:], 1.0], color=(plots.PINK, plots.FAKE, plots.GREEN))
    right.set(xticks=range(3), xticklabels=("sat.", "non-sat.", "critic"), ylim=(0, 6))
    right.set_title("mean pull on fakes", fontsize=9)


# %%
fig, axes = plt.subplots(2, 3, figsize=(8.2, 3.8))
for column, s in zip(axes.T, (0.5, 2.0, 5.0), strict=True):
    draw_perfect(column, s, 1.0)
plots.show(
    fig,
    alt="Data and fakes as two bells at distance 0.5, 2 and 5, below them the mean pull on the fakes: saturating small "
    "at every distance, non-saturating growing with distance, that of the critic always 1.",
)
pulls = torch.tensor([perfect(s, 1.0) for s in (0.5, 2.0, 5.0)])
assert (pulls[:, 1] - torch.tensor([0.5, 2.0, 5.0])).abs().max() < 1e-3 and pulls[2, 0] > 0.95 * math.log(2)
assert pulls[2, 2] < 0.05 and pulls[:, 2].max() < 0.6 and pulls[2, 3] > 4.5 and pulls[0, 3] < 0.3
assert 1.1 < perfect(0.0, 0.25)[2] < 1.25 and 1.85 < perfect(0.5, 0.25)[3] < 1.95

# %%
picture = widgets.Image(width=360)
shift = widgets.FloatSlider(0.5, min=0, max=6, step=0.25, description="shift s")
width = widgets.FloatSlider(1.0, min=0.25, max=2, step=0.25, description="width w")


def redraw(_=None):
    fig, axes = plt.subplots(2, 1, figsize=(3.6, 3.8))
    draw_perfect(axes, shift.value, width.value)
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    plt.close(fig)
    picture.value = buffer.getvalue()


# %%
for control in (shift, width):
    control.observe(redraw, "value")
redraw()
before = picture.value
shift.value = 3.0  # a notebook can turn its own knobs, so this one tests the widget
assert picture.value != before
widgets.VBox([shift, width, picture])

# %% [markdown]
# (Without a kernel, see the figure.) With *equal widths* the non-saturating pull is small near the data and large far away, the opposite of the lines, which never overlap: it depends on the pair of distributions, not on the distance alone. The saturating pull stays below 0.6. Narrow fakes ($w=0.25$) feel more: non-saturating 1.9 at $s=0.5$, saturating 1.2 at $s=0$. The perfect critic's pull is always 1.
#
# ## 3 The speed limit by clipping
#
# WGAN (Arjovsky et al. 2017, Algorithm 1): drop the sigmoid, and after each step of $D$ cut every weight to $[-c,c]$. That bounds the slope. For a critic with largest slope $K$, $D/K$ is 1-Lipschitz, so
#
# $$\frac{\mathbb E\,D(x)-\mathbb E\,D(G(z))}{K}\le W_1:$$
#
# a **lower bound**, whatever the critic. In one dimension $K$ can be read off a fine grid. Our test needs a critic that turns: data in two clusters, fakes between them.


# %%
def real_1d(n, g):
    return 1.5 * (2.0 * torch.randint(2, (n, 1), generator=g) - 1) + 0.3 * torch.randn(n, 1, generator=g)


def fake_1d(n, g):
    return 0.5 + 0.4 * torch.randn(n, 1, generator=g)


A, B = (draw(100_000, data.make_generator(k)).sort(0).values for k, draw in enumerate((real_1d, fake_1d)))
W1 = (A - B).abs().mean().item()
grid = torch.linspace(-2.5, 2.5, 2001)[:, None]
print(f"exact W1 {W1:.4f}")


# %%
def fit(L_D, seeds, draws=(real_1d, fake_1d), steps=400, lr=2e-3, sizes=(1, 64, 64, 1), clip=None):
    """Critics trained against fixed distributions, one per seed; the second half with falling rate."""
    Ds = [mlp(sizes, seed=seed).to(device) for seed in seeds]
    D, sources = stack(Ds), [data.make_generator(100 + seed) for seed in seeds]
    opt = torch.optim.Adam(D.params.values(), lr=lr, betas=(0.0, 0.9))
    cost = vmap(lambda p, x, y: L_D(lambda x: functional_call(D.net, p, (x,)), x, y))
    for step in progress(range(steps), "critics", steps):
        opt.param_groups[0]["lr"] = lr * min(1, 2.02 - 2 * step / steps)  # falls to lr / 50
        x, y = (torch.stack([draw(128, g) for g in sources]).to(device) for draw in draws)
        opt.zero_grad()
        cost(D.params, x, y).sum().backward()
        opt.step()
        if clip:
            with torch.no_grad():
                for p in D.params.values():
                    p.clamp_(-clip, clip)
    return [D.cpu() for D in Ds]


# %%
def reading(Ds):
    """Per critic: E D(x) - E D(G(z)) and the largest slope K, both (seeds,), and the slopes (seeds, 2000)."""
    with torch.no_grad():
        estimate = torch.stack([D(A).mean() - D(B).mean() for D in Ds])
        slopes = torch.stack([D(grid)[:, 0].diff() for D in Ds]) / (grid[1] - grid[0])
    return estimate, slopes.abs().amax(1), slopes


# %%
def inner_weights(Ds):
    """All weights behind the first layer."""
    return torch.cat([p.detach().flatten() for D in Ds for p in list(D.parameters())[2::2]])


sizes, deep = (1, 64, 64, 1), (1, 64, 64, 64, 64, 1)
print("                     slope K               its ceiling   bound ÷ W1      weights at a wall")
clipped, Ks, bounds = {}, {}, {}

# %%
for c, layers in ((0.01, sizes), (0.01, deep), (0.1, sizes), (0.1, deep)):
    Ds = fit(CRITIC, range(5), sizes=layers, lr=0.02 * c, clip=c)
    estimate, K, _ = reading(Ds)
    ceiling = c ** (len(layers) - 1) * math.prod(layers)
    w = inner_weights(Ds)
    wall = (w.abs() > 0.99 * c).float().mean()
    clipped[c, len(layers) - 1] = Ds
    Ks[c, len(layers) - 1], bounds[c, len(layers) - 1] = K, estimate / K / W1
    print(f"c = {c:<4} {len(layers) - 1} layers  {K.min():8.2g} to {K.max():<8.2g}{ceiling:9.2g}", end="")
    print(f"     {(estimate / K / W1).min():.2f} to {(estimate / K / W1).max():.2f}      {wall:6.0%}")
    assert K.max() < ceiling and wall > 0.8 and (estimate / K / W1).max() < 0.8
assert Ks[0.01, 5].max() < Ks[0.01, 3].min() < Ks[0.01, 3].max() < 0.01
assert bounds[0.1, 5].median() < 0.5 < min(v.min() for k, v in bounds.items() if k != (0.1, 5))
assert 1 < Ks[0.1, 3].min() and Ks[0.1, 3].max() < 5 < 10 < Ks[0.1, 5].min()

# %% [markdown]
# Under clipping nine tenths or more of the weights behind the first layer end up *at* a wall. With $n$ units a layer multiplies slopes by up to $cn$, so with $L$ layers of $n_l$ inputs the ceiling is $c^{L}\prod_l n_l$: with $c=0.01$ slopes of about a thousandth, and less with more layers; with $c=0.1$ about two, and tens with more layers. This is **the failure on purpose**: the largest slope, and with it what can reach $G$, vanishes or explodes with depth and $c$.
#
# Dividing by $K$ repairs the scale, not the shape: the bounds reach 0.5 to 0.7 of $W_1$, and in the median less than half with $c=0.1$ and five layers. For comparison, two critics of sections 4 and 5:


# %%
def fit_spectral(seed, steps=400, lr=2e-3):
    """One critic whose three weight matrices have spectral norm 1."""
    D, g = mlp(sizes, seed=seed), data.make_generator(100 + seed)
    for layer in D[::2]:
        spectral_norm(layer)
    D.to(device)
    opt = torch.optim.Adam(D.parameters(), lr=lr, betas=(0.0, 0.9))
    for step in range(steps):
        opt.param_groups[0]["lr"] = lr * min(1, 2.02 - 2 * step / steps)
        loss = CRITIC(D, real_1d(128, g).to(device), fake_1d(128, g).to(device))
        opt.zero_grad()
        loss.backward()
        opt.step()
    return D.eval().cpu()


# %%
penalised = fit(critic_loss(10.0), range(5))
spectral = [fit_spectral(seed) for seed in range(5)]
critics = {"clipping, c = 0.1": clipped[0.1, 3], "spectral norm": spectral, "gradient penalty": penalised}
bound = {name: reading(Ds)[0] / reading(Ds)[1] / W1 for name, Ds in critics.items()}
for name, values in bound.items():
    print(f"{name:18} lower bound ÷ W1: {values.min():.2f} to {values.max():.2f}")
assert (
    bound["gradient penalty"].min()
    > 0.88
    > 0.8
    > torch.cat([bound["spectral norm"], bound["clipping, c = 0.1"]]).max()
)
assert max(values.max() for values in bound.values()) < 1.01

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.1))
F_A, F_B = (torch.searchsorted(s[:, 0], grid[:, 0]) / len(s) for s in (A, B))
flow = F_B - F_A
ideal = torch.cat([torch.zeros(1), (flow.sign()[:-1] * grid[:, 0].diff()).cumsum(0)])
left.plot(grid, ideal - ideal.mean(), color=plots.DISC, linewidth=3, alpha=0.35, label="perfect critic")
for (name, Ds), color in zip(critics.items(), (plots.PINK, plots.SKY, plots.GREEN), strict=True):
    with torch.no_grad():
        f = Ds[0](grid) / reading(Ds)[1][0]
    left.plot(grid, f - f.mean(), color=color, label=name)
left.set(xlabel="$x$", title="critics, divided by their largest slope")
left.legend(fontsize=8)
bins = torch.linspace(-0.4, 0.4, 81).tolist()
for Ds, name, color in (
    (critics["clipping, c = 0.1"], "clipping, c = 0.1", plots.PINK),
    (penalised, "gradient penalty", plots.GREEN),
):
    right.hist(
        inner_weights(Ds).numpy(), bins, density=True, histtype="step", linewidth=1.6, color=color, label=name
    )
right.set(xlim=(-0.4, 0.4), xlabel="weight", yscale="log", title="weights of layers 2 and 3")
right.legend(fontsize=8)
plots.show(
    fig,
    alt="Left: the perfect critic falls with slope 1 and rises again; the critic with gradient penalty follows it, the "
    "clipped one and the one with spectral norm fall as well but go flat instead of rising. Right: clipped weights stand in two spikes at "
    "the walls, those of the penalised critic spread out.",
)

# %% [markdown]
# The perfect critic falls towards the fakes and rises behind them. The penalised network follows. The other two fall and go flat; the clipped one's weights take little more than two values, $\pm c$.
#
# ## 4 The speed limit by penalty
#
# Why slope *exactly* 1 (Gulrajani et al. 2017, Proposition 1)? Let the best plan $\pi$ join $x$ and $y$, and $f$ be a best critic. Then $f(x)-f(y)=\lVert x-y\rVert$: each pair must use its limit to the full, or the sup would stay below the inf. On the way $x_t=tx+(1-t)y$ no stretch can make up for a slower one, so
#
# $$f(x_t)=f(y)+t\,\lVert x-y\rVert\quad\Rightarrow\quad \text{slope 1 along the whole path of transport.}$$
#
# With the plan and the dual of section 1: continue the LP's scores to the plane by $f(a)=\min_i\,(f_i+\lVert a-a_i\rVert)$, with $a_i$ all the points, which is 1-Lipschitz and keeps them.

# %%
_, f_x, f_y = dual(x, y)
points, scores = torch.cat([x, y]), torch.cat([f_x, f_y])


def slope_along(x, y, h=1e-4):
    """Directional slope from y to x at a random place between, for pairs (n, 2)."""
    place = 0.05 + 0.9 * torch.rand(len(x), 1, generator=data.make_generator(3), dtype=F64)
    middle, step = y + place * (x - y), h * F.normalize(x.to(F64) - y)
    value = lambda z: (scores + distances(z, points)).amin(1)
    return (value(middle + step) - value(middle - step)) / (2 * h)


# %%
on_plan = slope_along(x, y[plan.argmax(1)])
at_random = slope_along(x, y[torch.randperm(40, generator=data.make_generator(4))])
print(
    f"f(x) - f(y) = |x - y| on the plan: {(f_x - f_y[plan.argmax(1)] - (x - y[plan.argmax(1)]).norm(dim=1)).abs().max():.0e}"
)
print(
    f"slope along the plan {on_plan.min():.6f} to {on_plan.max():.6f}; random pairs {at_random.min():.2f} to {at_random.max():.2f}"
)
assert (on_plan - 1).abs().max() < 1e-4 and at_random.max() < 1 + 1e-6 and at_random.mean() < 0.9

# %% [markdown]
# But a training step does not know the plan. WGAN-GP takes *random* pairs, where the Lipschitz condition asks for slope at most 1, and penalises any other norm than 1 (their Eq. 3, with $D$ for the critic, $\lambda=10$; our $\gamma$ is kept for penalties that ask for slope 0):
#
# $$L_D=\mathbb E\,D(G(z))-\mathbb E\,D(x)+\lambda\,\mathbb E\bigl(\lVert\nabla_{\hat x}D(\hat x)\rVert_2-1\bigr)^2,\qquad\hat x=\varepsilon x+(1-\varepsilon)G(z),\ \varepsilon\sim U[0,1].$$


# %%
def gradient_penalty(D, x_real, x_fake, epsilon, weight=10.0):
    """WGAN-GP's penalty, one number; epsilon (n,), one per sample."""
    epsilon = epsilon.view(-1, *[1] * (x_real.ndim - 1))
    x = (epsilon * x_real + (1 - epsilon) * x_fake).detach().requires_grad_()  # on the segment
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    norm = slope.flatten(1).norm(dim=1)  # (n,): over all pixels and channels of one sample
    return weight * (norm - 1).square().mean()


# %%
for seed in range(5):
    g = data.make_generator(seed)
    D = nn.Sequential(nn.Flatten(), *mlp((64, 32, 1), seed=seed)).double()
    real, fake, epsilon = (
        torch.rand(16, *shape, generator=g, dtype=F64) for shape in ((1, 8, 8), (1, 8, 8), ())
    )
    values = gradient_penalty(D, real, fake, epsilon), losses.one_centred(D, real, fake, 10.0, epsilon)
    grads = [
        torch.cat([p.flatten() for p in torch.autograd.grad(v, list(D.parameters())[::2])]) for v in values
    ]
    assert abs(values[0] - values[1]) < 1e-12 and (grads[0] - grads[1]).abs().max() < 1e-12
w = torch.tensor([[3.0, 4.0]])  # on paper: D(x) = w·x has slope |w| = 5 everywhere, so 10 · (5 - 1)² = 160
print("linear critic:", gradient_penalty(lambda x: x @ w.T, x[:8], y[:8], torch.rand(8)).item())
assert abs(gradient_penalty(lambda x: x @ w.T, x[:8], y[:8], torch.rand(8)).item() - 160) < 1e-3

# %% [markdown]
# It agrees with the package's in value and in $D$'s gradient. (The package's default is $\varepsilon_i=(i+\tfrac12)/n$: pairs come in random order, which averages over uniform $\varepsilon$ with less noise.)
#
# Six violations: (1) $\varepsilon$ from a normal; (2) one $\varepsilon$ per batch; (3) no `create_graph`; (4) batch norm in $D$; (5) the norm of a slope of 0; (6) on images, the norm over one axis only. **Predict first:** which of them raises an error?

# %%
g, D = data.make_generator(0), mlp((1, 64, 64, 1), seed=0)
real, fake = real_1d(256, g), fake_1d(256, g)
uniform, normal = torch.rand(10_000, generator=g), torch.randn(10_000, generator=g)
outside = ((normal < 0) | (normal > 1)).float().mean()
print(f"1 ε from a normal: {outside:.0%} of the points lie outside the segment (uniform: 0%)")
noise = []
for shape in ((256,), ()):
    values = [
        gradient_penalty(clipped[0.1, 3][0], real, fake, torch.rand(shape, generator=g).expand(256)).item()
        for _ in range(60)
    ]
    noise.append(torch.tensor(values).std())

# %%
print(f"2 one ε per batch: the penalty of the same batch scatters {noise[1] / noise[0]:.0f} times as much")
loss, parameters = CRITIC(D, real, fake), list(D.parameters())
inner = real.clone().requires_grad_()
(slope,) = torch.autograd.grad(D(inner).sum(), inner)  # no create_graph
wrong = loss + 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()
both = [torch.autograd.grad(value, parameters, retain_graph=True) for value in (loss, wrong)]
same = all(torch.equal(a, b) for a, b in zip(*both, strict=True))
print(f"3 no create_graph: gradients equal to those without any penalty: {same}; no error")
assert abs(outside - 0.6587) < 0.02 and noise[1] > 4 * noise[0] and same and wrong > loss + 1

# %%
free = reading(fit(CRITIC, range(4), steps=200))[1]
print(f"  … so the slope runs away: {free.min():.0f} to {free.max():.0f} after 200 steps, where 1 was asked")
plain, shares = mlp((2, 32, 1), seed=0), []
for D in (nn.Sequential(plain[0], nn.BatchNorm1d(32), *plain[1:]), plain):
    J = torch.autograd.functional.jacobian(lambda x: D(x)[:, 0], x[:8]).norm(dim=2)  # (8, 8)
    shares.append((1 - J.diagonal().sum() / J.sum()).item())
print(f"4 batch norm: {shares[0]:.0%} of |∂D(x_i)/∂x_j| has i ≠ j (without: {abs(shares[1]):.0%})")

# %%
zero, at_zero = nn.Linear(2, 1), []
nn.init.zeros_(zero.weight)
for name in ("pow(2).sum(1).sqrt()", "norm(dim=1)"):
    inner = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(zero(inner).sum(), inner, create_graph=True)
    norm = slope.norm(dim=1) if name.startswith("norm") else slope.pow(2).sum(1).sqrt()
    (norm - 1).square().mean().backward()
    print(f"5 {name:21} of a slope of 0: the gradient is {zero.weight.grad.abs().max().item()}")
    at_zero.append(zero.weight.grad.abs().max().item())
    zero.weight.grad = None
assert math.isnan(at_zero[0]) and at_zero[1] == 0
assert free.min() > 20 and 0.3 < shares[0] < 0.95 and abs(shares[1]) < 1e-6

# %% [markdown]
# None raises an error. With batch norm a score depends on the whole batch, so the gradient of the summed scores by $x_i$ is not the slope of sample $i$. The fifth gives NaN at once with the root, and no push at all with `norm`. The sixth: on images $(n,1,H,W)$, `norm(dim=1)` is the norm over the *channel*, one number per pixel. We train both, real digits against noise.


# %%
def per_pixel(D, x_real, x_fake):
    x = torch.lerp(x_fake, x_real, ((torch.arange(128).to(x_real) + 0.5) / 128).view(-1, 1, 1, 1))
    return (losses.slopes(D, x)[0].norm(dim=1) - 1).square().mean()  # norm: (n, H, W)


digits = data.digits8().images.to(device)
shapes, learned = [], {}

# %%
for name, penalty in (
    ("norm of shape (n, 8, 8)", per_pixel),
    ("norm of shape (n,)", lambda *a: losses.one_centred(*a, 1.0)),
):
    learned[name] = []
    for seed in range(4):
        D, g = nn.Sequential(nn.Flatten(), *mlp((64, 64, 1), seed=seed)).to(device), data.make_generator(seed)
        opt = torch.optim.Adam(D.parameters(), lr=5e-3, betas=(0.0, 0.9))
        for x_real in data.batches(digits, 128, seed=seed, steps=150):
            x_fake = (2 * torch.rand(128, 1, 8, 8, generator=g) - 1).to(device)
            loss = CRITIC(D, x_real, x_fake) + 10 * penalty(D, x_real, x_fake)
            opt.zero_grad()
            loss.backward()
            opt.step()
        learned[name].append(losses.slopes(D, digits[:500])[0].flatten(1).norm(dim=1).median().item())
    print(f"{name:24} slope per sample on digits: " + " ".join(f"{v:.2f}" for v in learned[name]))
assert min(learned["norm of shape (n, 8, 8)"]) > 10 and max(learned["norm of shape (n,)"]) < 1.6

# %% [markdown]
# Slope 1 per *pixel* would be $\sqrt{64}=8$ per image, and the mean over pixels divides the weight by 64. The slope it leaves is 23 where 1 was asked; the right norm leaves 1.1 to 1.4.
#
# ### 4.1 How far off is the estimate?
#
# Call $\mathbb E D(x)-\mathbb E D(G(z))$ the critic's **reading**. In one dimension we can solve for what a penalty does to it. Write $m=F_g-F_d$; integrating by parts, $\mathbb E D(x)-\mathbb E D(G(z))=\int D'm$. Let $r$ be the density of $\hat x$. Maximise $D'm-\lambda r\,(|D'|-1)^2$ at each place:
#
# $$|D'|=1+\frac{|m|}{2\lambda r},\qquad \mathbb E D(x)-\mathbb E D(G(z))=W_1+\int\frac{m^2}{2\lambda r}\,dx .$$
#
# So the critic of WGAN-GP is *meant* to break the limit, and overestimates. For two points at distance $\theta$ it is steeper by $\theta/2\lambda$ (the small surplus in section 2). With $\lambda=0.1$, the choice of the published toy code, the formula predicts 8.5 $W_1$. The logged $-L_D$ contains the penalty too, which takes back half of the surplus: $-L_D=W_1+\int m^2/(4\lambda r)$.

# %%
g = data.make_generator(9)
epsilon = torch.rand(100_000, 1, generator=g)
mixed = epsilon * real_1d(100_000, g) + (1 - epsilon) * fake_1d(100_000, g)
r = torch.histc(mixed, 100, -2.5, 2.5) / len(mixed) / 0.05
m = flow[:-1].view(100, 20).mean(1)
rows, fitted = {}, {}


def surplus(weight):
    return (m**2 / (2 * weight * r.clamp_min(1e-4)) * 0.05).sum() / W1


print(f"λ = 0.1: predicted reading ÷ W1 {1 + surplus(0.1):.1f}")

# %%
for weight in (1.0, 10.0, 100.0):
    fitted[weight] = penalised if weight == 10 else fit(critic_loss(weight), range(5))
    estimate, K, slopes = reading(fitted[weight])
    predicted = 1 + surplus(weight)
    rows[weight] = torch.stack([estimate / W1, estimate / K / W1])
    excess = (slopes.abs() - 1).clamp_min(0).square()
    minus_L = estimate - weight * (torch.repeat_interleave(r, 20) * excess).mean(1) * 5  # a length of 5
    print(
        f"λ = {weight:<4g} reading ÷ W1 {rows[weight][0].min():.3f} to {rows[weight][0].max():.3f} ", end=""
    )
    print(
        f"(predicted {predicted:.3f}); divided by K: {rows[weight][1].min():.3f} to {rows[weight][1].max():.3f}"
    )
    print(f"         -L_D ÷ W1 {(minus_L / W1).min():.3f} to {(minus_L / W1).max():.3f}")
    assert (rows[weight][0] / predicted - 1).abs().max() < 0.04
    assert (minus_L / W1 / (1 + surplus(weight) / 2) - 1).abs().max() < 0.04
assert (rows[100.0][0] - 1).abs().max() < 0.03 and 0.9 < rows[100.0][1].min()
assert rows[1.0][0].min() > 1.5 and rows[10.0][1].min() > 0.88

# %% [markdown]
# With $\lambda=100$ all five networks (and 20 others) are within 5 % of the exact distance, also after division by $K$. With $\lambda=10$ the reading is some 7 % too large, as predicted; with $\lambda=1$ three quarters of $W_1$ come on top. $-L_D$ is off by half as much.
#
# ### 4.2 One side or two?
#
# All that used $\max(0,\cdot)$, the **one-sided** penalty (Petzka et al. 2018). The two-sided penalty has the same optimum. **Predict first:** will training find it?

# %%
stuck = fit(critic_loss(10.0, one_sided=False), range(5))
start = [mlp(sizes, seed=seed) for seed in range(5)]
estimate, _, slopes = reading(stuck)
print("two-sided, reading ÷ W1:", " ".join(f"{v:.2f}" for v in estimate / W1))
signs = [(reading(Ds)[2] > 0).float().mean(1) for Ds in (start, stuck, penalised)]
for name, values in zip(("untrained", "two-sided", "one-sided"), signs, strict=True):
    print(f"{name}: share of places with rising D", " ".join(f"{v:.2f}" for v in values))
assert (estimate / W1 < 0.7).sum() >= 4 and ((signs[1] < 0.05) | (signs[1] > 0.95)).sum() >= 4
print(f"untrained: slopes of at most {reading(start)[1].max():.2f}")
assert reading(start)[1].max() < 0.4

# %%
right = (flow > 0)[:-1]
for weight in (0.1, 10.0):
    held = (m.abs() < 2 * weight * r)[m > 0].float().mean()
    print(f"λ = {weight:g}: 2λr exceeds m at {held:.0%} of the places where D should rise")
weak = reading(fit(critic_loss(0.1, one_sided=False), range(5), steps=200))
print("two-sided, λ = 0.1, reading ÷ W1:", " ".join(f"{v:.2f}" for v in weak[0] / W1))
assert (weak[2] > 0)[:, right].float().mean(1).min() > 0.9 > 0.1 > (weak[2] > 0)[:, ~right].float().mean()
assert (weak[0] / W1 / (1 + surplus(0.1)) - 1).abs().max() < 0.08


# %%
def sphere(radii, d):
    def draw(n, g):
        direction = F.normalize(torch.randn(n, d, generator=g))
        return direction * torch.tensor(radii)[torch.randint(len(radii), (n, 1), generator=g)]

    return draw


print("shells: real at radius 1 and 3, fake at radius 2, W1 = 1")
for d in (8,):
    draws, g = (sphere((1.0, 3.0), d), sphere((2.0,), d)), data.make_generator(5)
    x_big, y_big = (draw(20_000, g) for draw in draws)
    for one_sided in (False, True):
        Ds = fit(critic_loss(10.0, one_sided), range(4), draws, sizes=(d, 64, 64, 1), steps=400)
        with torch.no_grad():
            values = torch.stack([D(x_big).mean() - D(y_big).mean() for D in Ds])
        print(f"d = {d}, {'one' if one_sided else 'two'}-sided: {values.min():.2f} to {values.max():.2f}")
        assert values.min() > 0.9 if one_sided else values.max() < 0.85

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.1), sharey=True)
place = grid[:-1, 0]
density = torch.repeat_interleave(r, 20).clamp_min(1e-4)
for weight, color in ((1.0, plots.FAKE), (10.0, plots.GREEN)):
    left.plot(
        place,
        flow[:-1].sign() * (1 + flow[:-1].abs() / (2 * weight * density)),
        color=plots.DISC,
        linewidth=3,
        alpha=0.3,
    )
    for slopes in reading(fitted[weight])[2][:3]:
        left.plot(place, slopes, color=color, linewidth=0.8)
    left.plot([], [], color=color, label=f"one-sided, λ = {weight:g}")
for k, slopes in enumerate(reading(stuck)[2]):
    right.plot(place, slopes, color=plots.PINK, linewidth=0.8, label="two-sided, λ = 10" if k == 0 else None)
left.plot([], [], color=plots.DISC, linewidth=3, alpha=0.3, label="formula")
for ax in (left, right):
    ax.set(xlim=(-2.2, 2.2), ylim=(-3, 3), xlabel="$x$")
    ax.legend(fontsize=8, loc="lower right")
left.set_ylabel("slope $D'(x)$")
plots.show(
    fig,
    alt="Slopes of trained critics over x. Left, one-sided: three networks for each of two weights follow the formula, -1 and "
    "below, then +1 and above. Right, two-sided: each of five networks has a slope near +1 everywhere or near -1 everywhere.",
)

# %% [markdown]
# Left: with one side the slopes follow the formula of section 4.1 and turn at 0.5; at both ends points are few and $r$ is noise.
#
# **On the line the two-sided penalty leaves one sign.** Untrained slopes are at most 0.2 and of both signs; soon one wins everywhere (in 23 of 25 others too). At slope 0 the penalty pushes back with $2\lambda r$, the data push with $|m|$: where $|m|<2\lambda r$ no slope can turn. With $\lambda=0.1$ all five networks (and 25 others; with $\lambda=1$ nine of 30) find the right signs, and the predicted 8.5. In more dimensions a gradient can turn round without passing 0; on shells in eight the reading after 400 steps is about half of $W_1$. Longer training, or images: not tested.
#
# ## 5 The speed limit by spectral norm
#
# A matrix stretches vectors by at most its **spectral norm** $\sigma(W)$, its largest singular value (not the sigmoid). LeakyReLU stretches by at most 1. Dividing every $W$ by $\sigma(W)$ gives a 1-Lipschitz network (Miyato et al. 2018). $\sigma$ comes from **power iteration**: multiply by $W$ and $W^\top$ in turn; the direction that is stretched most takes over.


# %%
def power_iteration(W, steps, seed=0):
    """Estimates of σ(W) after 1, …, steps iterations: (steps,)."""
    v, estimates = torch.randn(W.shape[1], generator=data.make_generator(seed), dtype=W.dtype), []
    for _ in range(steps):
        u = F.normalize(W @ v, dim=0)
        v = F.normalize(W.T @ u, dim=0)
        estimates.append(u @ W @ v)
    return torch.stack(estimates)


# %%
for name, steps, tolerance in (("1", 1, 0.6), ("10", 10, 0.15), ("1000", 1000, 1e-5)):
    errors = []
    for seed in range(10):
        W = torch.randn(64, 48, generator=data.make_generator(seed), dtype=F64)
        errors.append((1 - power_iteration(W, steps)[-1] / torch.linalg.svdvals(W)[0]).item())
    print(f"{name:>4} iterations: too small by {abs(min(errors)):.0e} to {max(errors):.0e} of σ")
    assert -1e-12 < min(errors) and max(errors) < tolerance
layer = mlp((48, 64), seed=0)[0].double()
W = layer.weight.detach().clone()
_ = spectral_norm(layer)

# %%
for _ in range(1000):
    layer(torch.zeros(1, 48, dtype=F64))  # in train mode each use makes one iteration
ratio = (layer.weight - W / power_iteration(W, 1000)[-1]).abs().max().item()
print(f"PyTorch's spectral_norm against ours: {ratio:.0e}")
assert ratio < 1e-7
after = torch.tensor([[torch.linalg.svdvals(layer.weight)[0].item() for layer in D[::2]] for D in spectral])
print(f"σ of the 15 trained matrices of section 3: {after.min():.4f} to {after.max():.4f}")
s = reading(spectral)[2].abs()
left, right = s[:, :1100].mean(1), s[:, 1300:].mean(1)  # of the turn at 0.5
print(
    f"their critics' mean slope: left {left.min():.2f} to {left.max():.2f}, right {right.min():.2f} to {right.max():.2f}"
)
assert left.min() > 0.85 and right.max() < 0.25
half, place = torch.tensor([0.5, 0.5]).sqrt(), torch.linspace(-3, 3, 7)[:, None]
assert (after - 1).abs().max() < 0.15
assert torch.allclose(F.relu(place * half * torch.tensor([1, -1])) @ half, place[:, 0].abs() / 2)

# %% [markdown]
# One iteration on a new matrix is far off, always too small. PyTorch makes one per call in train mode, here two per step, and keeps the vectors: weights move slowly, so the estimate catches up. The matrices of section 3 end within a tenth of norm 1. The network is 1-Lipschitz up to that, *and loses capacity as well*: its bound is 0.7 of $W_1$ there. Norm 1 in every layer is stricter than slope 1 of the whole. One hidden layer of ReLUs (no leak: no proof for section 3) $\sum_ia_i\max(0,w_ix)$ with $\lVert a\rVert=\lVert w\rVert=1$: its slopes to the left and right use different units, and their sizes add up to at most $\lVert a\rVert\lVert w\rVert=1$. So $|x|$ is reached with slope ½ only (last line). With one budget for both sides, and an objective linear in both slopes, the best critic spends all on the better side and goes flat on the other: slopes 0.98 and 0.04 in section 3.
#
# ### 5.1 Convolutions
#
# For a convolution the usual code takes $\sigma$ of the kernel *reshaped* to (out, in · k · k). Is that the map's norm? Power iteration needs only $Wv$ and $W^\top u$ (for a layer, its *adjoint*: the same convolution run backwards), so it runs on the layer itself. The Fourier transform checks it (Sedghi et al. 2019): with circular padding each frequency has its own small matrix.


# %%
def conv_norm(kernel, side=16, steps=200, circular=False):
    """Operator norm of a convolution (stride 1, padding k // 2) on side x side images."""
    k = kernel.shape[-1] // 2
    pad = lambda v: F.pad(v, (k,) * 4, mode="circular") if circular else F.pad(v, (k,) * 4)
    back = kernel.flip(2, 3).transpose(0, 1)  # the adjoint: kernel turned round, channels exchanged
    v = torch.randn(1, kernel.shape[1], side, side, generator=data.make_generator(0), dtype=kernel.dtype)
    for _ in range(steps):
        u = F.conv2d(pad(v / v.norm()), kernel)
        v = F.conv2d(pad(u / u.norm()), back)
    return v.norm()


def by_fourier(kernel, side=16):
    matrices = torch.fft.fft2(kernel, (side, side)).permute(2, 3, 0, 1)
    return torch.linalg.svdvals(matrices).max()


def reshaped(kernel):
    return torch.linalg.svdvals(kernel.flatten(1))[0]


# %%
ratios, narrow = [], []
for seed in range(6):
    kernel = torch.randn(16, 3, 3, 3, generator=data.make_generator(seed), dtype=F64)
    eye = torch.eye(3 * 36, dtype=F64).view(-1, 3, 6, 6)
    dense = torch.linalg.svdvals(F.conv2d(eye, kernel, padding=1).flatten(1))[0]
    assert abs(conv_norm(kernel, 6) / dense - 1) < 5e-3
    assert abs(conv_norm(kernel, circular=True) / by_fourier(kernel) - 1) < 5e-3
    ratios.append(conv_norm(kernel) / reshaped(kernel))
    wide = torch.randn(4, 64, 3, 3, generator=data.make_generator(seed), dtype=F64)
    narrow.append(conv_norm(wide) / reshaped(wide))
flat = torch.ones(1, 1, 3, 3, dtype=F64)
blur = conv_norm(flat) / reshaped(flat), conv_norm(flat, circular=True) / reshaped(flat)
print(
    f"true ÷ reshaped, random 3×3 kernels, 3 → 16 channels: {min(ratios):.2f} to {max(ratios):.2f}; "
    f"64 → 4: {min(narrow):.2f} to {max(narrow):.2f}"
)
print(f"a box blur: {blur[0]:.2f} with zeros at the border, {blur[1]:.4f} circular; the limit is k = 3")
assert (
    1.5 < min(ratios)
    and max(ratios) < 3
    and 1 < min(narrow)
    and max(narrow) < 1.4
    and abs(blur[1] - 3) < 1e-6
    and 2.8 < blur[0] < 3
)

# %% [markdown]
# **A convolution with "spectral norm 1" is not 1-Lipschitz.** Each pixel is read by $k^2$ windows, so the true norm may be up to $k$ times that of the reshaped kernel; random ones have 1.1 to 2.4 times, a blur has all of it. Dividing by the reshaped norm, as SN-GAN does, is a brake, no speed limit.
#
# ## 6 Is the critic's reading a distance during training?
#
# Now both move. Three clusters on a line, eight seeds; every ten rounds the exact $W_1$ of 4,096 points, by sorting, beside the critic's reading and largest slope.

# %%
MEANS, SHARES = (-2.0, 0.0, 3.0), (1, 1, 2)
x_line = data.mixture_1d(20_000, seed=0, means=MEANS, stds=0.3, weights=SHARES)[:, None].to(device)
held, other = (
    data.mixture_1d(4096, seed=s, means=MEANS, stds=0.3, weights=SHARES).sort().values for s in (7, 8)
)
z_test = torch.randn(4096, 2, generator=data.make_generator(99)).to(device)


# %%
def look(G, D):
    """Exact W1, the critic's reading, its largest slope on the points' range; each (seeds,)."""
    fake = vmap(lambda p: functional_call(G.net, p, (z_test,)))(G.params)
    score = vmap(lambda p, x: functional_call(D.net, p, (x,))[:, 0])
    real = held.to(device)[None, :, None].expand(len(fake), -1, 1)
    both = torch.cat([fake, real], 1)
    grid = torch.lerp(both.amin(1), both.amax(1), torch.linspace(-0.02, 1.02, 801).to(device))[..., None]
    slopes = score(D.params, grid).diff(dim=1) / grid[..., 0].diff(dim=1)
    exact = (fake[..., 0].sort(1).values - held.to(device)).abs().mean(1)
    return torch.stack([exact, (score(D.params, real) - score(D.params, fake)).mean(1), slopes.abs().amax(1)])


# %%
def line_game(loss, d_steps, rounds=200, seeds=range(8)):
    """Play; every ten rounds look. Returns (looks, 4, seeds): exact W1, reading, slope, L_D."""
    G = stack([mlp((2, 32, 32, 1), seed=2 * seed).to(device) for seed in seeds])
    D = stack([mlp((1, 32, 32, 1), seed=2 * seed + 1).to(device) for seed in seeds])
    opts = [torch.optim.Adam(p.params.values(), lr=lr, betas=(0.0, 0.9)) for p, lr in ((G, 1e-3), (D, 2e-3))]
    batches = [data.batches(x_line, 128, seed=seed, steps=rounds * d_steps) for seed in seeds]
    noise, film = [1000 + seed for seed in seeds], []
    game = play_many(G, D, *opts, batches, 2, seeds=noise, loss=loss, d_steps=d_steps)
    for k, (loss_D, _) in enumerate(progress(game, "eight games", rounds)):
        if k % 10 == 0:
            with torch.no_grad():
                film.append(torch.cat([look(G, D), loss_D[None]]).cpu())
    return torch.stack(film)


# %%
def correlation(a, b):
    """Per seed, over training."""
    return F.cosine_similarity(a - a.mean(0), b - b.mean(0), dim=0)


# %%
floor = (held - other).abs().mean()
one_sided, films = (critic_loss(10.0), L_G), {}
films["usual GAN, 5 steps"] = line_game(LOSSES["non-saturating"], 5)
films["two-sided, 5 steps"] = line_game((critic_loss(10.0, False), L_G), 5)
for d_steps in (1, 5, 10):
    films[f"one-sided, {d_steps} step{'s' * (d_steps > 1)}"] = line_game(one_sided, d_steps)
long = line_game(one_sided, 1, rounds=600)[-3:, 0].mean(0)  # 1,200 updates, as 200 rounds of five + one

# %%
print(
    f"W1 of two sets of real points: {floor:.2f}; untrained generators: {films['usual GAN, 5 steps'][0, 0].median():.2f}"
)
print(
    "                       W1 at the end     correlation of W1 with -L_D [minus the round]  reading ÷ W1      ÷ K"
)
print("                                         all looks                without the first")
summary, clock = {}, -torch.arange(20.0)[:, None].expand(20, 8)

# %%
for name, film in films.items():
    exact, shown, K, L_D = film.unbind(1)
    end = exact[-3:].mean(0)
    corr, time, corr_later, time_later = (
        correlation(v[k:], exact[k:]) for k in (0, 1) for v in (-L_D, clock)
    )
    far = exact > 0.3
    ratio, limited = (torch.where(far, v / exact, torch.nan).nanmedian(0).values for v in (shown, shown / K))
    summary[name] = end, corr, time, ratio, corr_later, time_later
    print(f"{name:19} {end.median():6.2f} ({end.min():.2f}–{end.max():.2f})", end="")
    for ours, round_number in ((corr, time), (corr_later, time_later)):
        print(
            f" {ours.median():6.2f} ({ours.min():.2f}–{ours.max():.2f}) [{round_number.median():.2f}]", end=""
        )
    size = f"{ratio.median():8.2f} ({ratio.min():.2f}–{ratio.max():.2f}) {limited.median():6.2f}"
    print("" if "usual" in name else size)
    assert (shown / K / exact)[far].max() < 1.005

# %%
end, corr, time, ratio, corr_later, time_later = (
    torch.stack(column) for column in zip(*summary.values(), strict=True)
)
assert (corr[3:] > 0.4).all() and (time[3:].median(1).values > corr[3:].median(1).values).all()
assert (corr_later[3:] > time_later[3:]).all() and corr_later[3:].min() > 0.8
exact, shown, *_ = films["one-sided, 10 steps"].unbind(1)
assert (shown[0] < exact[0] / 2).sum() >= 6 and ((shown / exact)[2:].amin(0) < 0.6).sum() >= 4
assert ratio[2].median() < 0.7 < 0.75 < ratio[3:].median(1).values.min()
assert 0.5 < ratio[3:].min() and ratio[3:].max() < 1.05
print(
    f"one-sided, 1 step, but 600 rounds: W1 at the end {long.median():.2f} ({long.min():.2f}–{long.max():.2f})"
)
start = films["two-sided, 5 steps"][0, 0]
assert (end[1] > 0.8 * start).all() and (end[1] > 1.5 * start).sum() >= 4
assert (long < end[3]).sum() >= 6 and end[3].max() < 1
assert end[2].median() > 1.2 * end[3:].median(1).values.max()

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.2))
rounds = torch.arange(0, 200, 10)
exact, shown, K, _ = films["one-sided, 10 steps"].unbind(1)
plots.curves(rounds, exact.T, color=plots.DISC, label="exact $W_1$ (10 steps)", ax=left)
plots.curves(rounds, shown.T, color=plots.GREEN, label="reading, 10 steps", ax=left)
left.axhline(floor, color=plots.REAL, linestyle=":", label="real against real")
left.set(xlabel="round", ylim=(-0.5, 3), title="median and range of eight seeds")
left.legend(fontsize=8)
for name, color in (("one-sided, 10 steps", plots.GREEN), ("one-sided, 1 step", plots.FAKE)):
    exact, shown, *_ = films[name].unbind(1)
    right.scatter(exact, shown, s=6, color=color, alpha=0.5, linewidths=0, label=name)
right.plot([0, 2.4], [0, 2.4], color=plots.GREY, linewidth=1)
right.set(xlim=(0, 2.4), ylim=(-0.5, 3), xlabel="exact $W_1$", ylabel="critic's reading")
right.legend(fontsize=8, loc="lower right", markerscale=2)
plots.show(
    fig,
    alt="Left: exact W1 falls from 2 towards the floor; the critic with ten steps per round begins too low, then follows it "
    "with a dip in between. Right: readings against exact values; ten steps lie near the diagonal, one step below.",
)

# %% [markdown]
# Both fall, so anything that falls correlates with $W_1$: *minus the round number* at 0.85, better than $-L_D$ (0.69 and 0.77 with five and ten steps). The first look does that: without it $-L_D$ reaches 0.94, the clock 0.82 and 0.83, less in every seed (and 40 others). Nor can a clock give the *size*. With five or ten steps per round the reading is, in the median of a run, 0.7 to 1.0 of the exact distance in every seed (and 40 others); with one step it lags (0.53 in the median seed; 0.30 and 0.42 in two other sets of eight). Even ten steps begin too low (0.6 of 2.0) and later fail for a while (here around round 80), unexplained. Divided by its slope it stays below $W_1$ exactly, up to the grid on which $K$ is read.
#
# Five steps help the generator *per round*; ten no further. At equal numbers of updates they do not: 600 rounds with one step end nearer than 200 with five, in each of these and 16 other seeds. With the two-sided penalty at the published $\lambda=10$ every seed ends **farther from the data than it began** (of 16 others 13, several times as far; three ended where they began). Here one `max` repairs the published method (section 4.2).
#
# ## 7 What the penalty does not cure
#
# **It does not converge where R1 does.** On [the two-parameter GAN of the deeper notebook 03](deeper/03_gradient_descent_in_games.ipynb#3-Seven-games-(20-min)) WGAN-GP circled for as long as we played. At rest the slope should be 0; the two-sided penalty asks for 1, the one-sided one does nothing below 1: neither damps. The parallel lines with a *linear* critic contain that game; here with a network beside it, one step each, $\theta$ starting at 0.3. **Predict first:** is the network better or worse at coming to rest?


# %%
def rest(loss, layers, lr_D, rounds=400):
    """Root mean square of θ in the last 100 rounds, one per seed; D steps along its plain gradient."""
    G = stack([Line(0.3).to(device) for _ in range(5)])
    D = stack([mlp(layers, seed=seed).to(device) for seed in range(5)])
    opts = [torch.optim.SGD(player.params.values(), lr=lr) for player, lr in ((G, 0.05), (D, lr_D))]
    u = torch.rand(4096, 1, generator=data.make_generator(0))
    x = torch.cat([torch.zeros(4096, 1), u], 1).to(device)
    batches = [data.batches(x, 64, seed=seed, steps=rounds) for seed in range(5)]
    game = play_many(G, D, *opts, batches, 1, seeds=range(5), loss=loss)
    path = [G.params["theta"].detach()[:, 0].cpu().clone() for _ in progress(game, "at rest?", rounds)]
    return torch.stack(path)[-100:].square().mean(0).sqrt()


# %%
R1 = losses.regularised((CRITIC, L_G), r1=1.0)  # the same loss: only the penalty differs
calm = {}
for critic, layers in (("linear", (2, 1)), ("network", (2, 32, 32, 1))):
    for name, loss in (
        ("two-sided", GAMES["two-sided penalty"]),
        ("one-sided", one_sided),
        ("R1, γ = 1", R1),
    ):
        calm[critic, name] = rest(loss, layers, 0.05)
        values = " ".join(f"{v:.3f}" for v in calm[critic, name].tolist())
        print(f"{critic:8} {name:10} θ swings by {values}")
swing = {
    critic: torch.stack([calm[critic, side] for side in ("two-sided", "one-sided")])
    for critic in ("linear", "network")
}
assert swing["network"].max() < 0.2 < swing["linear"].min() and swing["network"].median() < 0.05
assert calm["linear", "R1, γ = 1"].max() < 0.02 and calm["network", "R1, γ = 1"].max() < 0.05

# %% [markdown]
# With the linear critic neither penalty lets any seed rest; R1 on the same loss does. With a network both come nearly to rest: in 24 seeds the median swing is 0.01 two-sided, 0.005 one-sided, the largest 0.09 and 0.06 (R1, 45 seeds: 0.001, 0.014). The Dirac-GAN proves that WGAN-GP *can* fail to converge, not that it will.
#
# **It is not faster at covering modes.** The 25 clusters of notebook 08, the same few rounds and five steps of $D$ per round.


# %%
centres, STD = data.grid_centres() / 2, 0.1
x_grid = (data.grid(20_000, seed=0, std=2 * STD) / 2).to(device)
z_grid = torch.randn(2500, 2, generator=data.make_generator(10**6)).to(device)


def grid_game(loss, rounds=200, seeds=range(8)):
    """Modes covered and share of good samples (within 3σ of a centre) per seed."""
    Gs = [mlp((2, 64, 64, 2), seed=2 * seed).to(device) for seed in seeds]
    G, D = stack(Gs), stack([mlp((2, 64, 64, 1), seed=2 * seed + 1).to(device) for seed in seeds])
    opts = [torch.optim.Adam(p.params.values(), lr=lr, betas=(0.5, 0.9)) for p, lr in ((G, 3e-3), (D, 5e-3))]
    batches = [data.batches(x_grid, 64, seed=seed, steps=5 * rounds) for seed in seeds]
    noise = [1000 + seed for seed in seeds]
    game = play_many(G, D, *opts, batches, 2, seeds=noise, loss=loss, d_steps=5)
    for _ in progress(game, "eight grids", rounds):
        pass
    with torch.no_grad():
        return [metrics.mode_coverage(G(z_grid).cpu(), centres, STD) for G in Gs]


# %%
print("perfect sampler:", metrics.mode_coverage(data.grid(2500, seed=5, std=2 * STD) / 2, centres, STD)[:2])
modes, good = {}, {}
for name, loss in (
    ("usual GAN", LOSSES["non-saturating"]),
    ("two-sided, λ = 10", GAMES["two-sided penalty"]),
    ("two-sided, λ = 0.1", (critic_loss(0.1, False), L_G)),
    ("one-sided, λ = 10", one_sided),
):
    found = grid_game(loss)
    modes[name] = torch.tensor([f.modes for f in found]).double()
    good[name] = torch.tensor([f.high_quality for f in found]).median()
    print(
        f"{name:19} modes",
        " ".join(f"{m:2.0f}" for m in modes[name]),
        f"  good samples, median {good[name]:.0%}",
    )
usual, *others = modes.values()
assert all((usual > other).sum() >= 5 and usual.median() >= other.median() + 2 for other in others)
assert max(good.values()) < 0.5  # under-trained, all four

# %% [markdown]
# WGAN-GP is often named as the cure of mode collapse, and in [notebook 08](deeper/08_mode_collapse.ipynb#4-The-record:-24-rows,-16-seeds-(11-min)) (nine modes, other players, 1,600 rounds) it was one of six remedies that helped in every seed. Here nothing collapses: with 19 to 33 % good samples all four are *under-trained*. In speed the usual GAN leads: 23 clusters in the median seed, against 9 with the published penalty, 16 or 17 with $\lambda=0.1$ or one side. This says nothing about a cure, or images.
#
# ## Exercises
#
# ### Exercise 1 · The earth mover's distance on the line
#
# ●○○ · 5 minutes · you need: section 1. Two samples of the same size, in any order.


# %% tags=["exercise-1"]
def w1(a, b):
    """a (n,), b (n,): two samples. Returns their earth mover's distance, one number."""
    return None  # <- your answer


# %% tags=["check-1"]
nb09.check_1(w1)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Who goes to whom? On the line, two paths need not cross.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The smallest of `a` goes to the smallest of `b`, the second to the second, and so on.
# Sort both, and average the distances.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def w1(a, b):
#     return (a.sort().values - b.sort().values).abs().mean()
# ```
# </details>
#
# ### Exercise 2 · One norm per image
#
# ●●○ · 10 minutes · you need: section 4. Return $\lVert\nabla_xD\rVert_2$ for each image of a batch, so that a penalty made of it can train $D$.


# %% tags=["exercise-2"]
def slope_norms(D, x):
    """D: images (n, c, h, w) -> scores (n, 1). Returns (n,) norms that can be differentiated again."""
    return None  # <- your answer


# %% tags=["check-2"]
nb09.check_2(slope_norms)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Scores of different images do not depend on each other, so one call of
# `torch.autograd.grad` gives all slopes. Of which number must you take the gradient?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Take the gradient of the *sum* of the scores, and pass the keyword that keeps the
# graph: `create_graph=True`. `norm` takes at most two axes at once, so flatten all but
# the first.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def slope_norms(D, x):
#     x = x.detach().requires_grad_()
#     (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
#     return slope.flatten(1).norm(dim=1)
# ```
# </details>
#
# ### Exercise 3 · One side only
#
# ●○○ · 5 minutes · you need: section 4.2. Turn norms into the one-sided penalty.


# %% tags=["exercise-3"]
def one_sided_penalty(norms, weight):
    """norms (n,). Returns weight times the mean squared excess over 1, one number."""
    return None  # <- your answer


# %% tags=["check-3"]
nb09.check_3(one_sided_penalty)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Which norms cost something, and how much of them? Keep the order of the steps in mind.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Subtract 1 first, then cut at 0, then square. Average over all norms, also over those
# that cost nothing, and multiply by the weight.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def one_sided_penalty(norms, weight):
#     return weight * (norms - 1).clamp_min(0).square().mean()
# ```
# </details>
#
# ### Exercise 4 · The norm of any linear map
#
# ●●● · 15 minutes · you need: section 5. You get a linear map and its adjoint as functions, and a start; return the operator norm, also of a convolution.


# %% tags=["exercise-4"]
def operator_norm(forward, adjoint, v, steps=300):
    """forward: v -> u and adjoint: u -> v, tensors of any shapes. Returns the largest stretch, one number."""
    return None  # <- your answer


# %% tags=["check-4"]
nb09.check_4(operator_norm)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Section 5.1's `conv_norm` does the same for a convolution. What must you do with a
# vector before you send it through the map again?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# In each round normalise, go forward, normalise, and go back with the adjoint. The
# length of what comes back tends to the norm. `F.normalize` divides along one axis
# only, so use `v / v.norm()`.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def operator_norm(forward, adjoint, v, steps=300):
#     for _ in range(steps):
#         u = forward(v / v.norm())
#         v = adjoint(u / u.norm())
#     return v.norm()
# ```
# </details>
#
# ## Recap
#
# 1. A linear programme, sorting and the best 1-Lipschitz scores give the same earth mover's distance ([section 1](#1-Moving-earth)).
# 2. Between parallel lines JSD jumps and $W_1$ glides; a usual discriminator's pull depends on its training and on the pair, a speed-limited critic's hardly ([section 2](#2-JSD-jumps-and-W1-glides)).
# 3. Clipping and spectral norm keep a limit and lose shapes; a convolution divided by its reshaped norm is not 1-Lipschitz ([section 3](#3-The-speed-limit-by-clipping), [section 5](#5-The-speed-limit-by-spectral-norm)).
# 4. The gradient penalty overestimates $W_1$ by a known amount; two-sided with a large weight it leaves one sign on the line ([section 4](#4-The-speed-limit-by-penalty)).
# 5. With five or ten steps the critic's reading is, in a run's median, 0.7 to 1.0 of the exact distance; neither rest nor, in a short run, more modes come with it ([section 6](#6-Is-the-critic's-reading-a-distance-during-training?), [section 7](#7-What-the-penalty-does-not-cure)).
#
# **Further reading.** Arjovsky, Chintala and Bottou 2017 (arXiv:1701.07875) · Gulrajani et al. 2017 (1704.00028) · Petzka, Fischer and Lukovnikov 2018 (1709.08894): the one-sided penalty · Miyato et al. 2018 (1802.05957): spectral norm · Sedghi, Gupta and Long 2019 (1805.10408): singular values of convolutions · Mescheder et al. 2018 (1801.04406). Next: 10, where R1, R2 and a relativistic loss take over.
