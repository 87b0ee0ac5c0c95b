# %% [markdown]
# # 09 · Wasserstein GANs, deeper
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/deeper/09_wasserstein_gan.ipynb)
#
# ![Forty blue points on a ring joined by straight lines to forty orange points in the middle, and the plan as a table with one dark cell in each row](../images/deeper/09_wasserstein_gan.png)
#
# Comes after [lesson 09](../09_wasserstein_gan.ipynb), and no later lesson needs it.
#
# **After this you can**
#
# - **solve** for the cheapest plan and for the best critic as linear programmes;
# - **find** six mistakes in a gradient penalty, none of which raises an error;
# - **say** by how much a critic's reading is off, and why the published penalty can stick;
# - **measure** the true norm of a convolution, which the usual spectral norm is not.
#
# *Study:* 88 minutes, and 15 for the exercises. *Run time:* about 60 seconds on one CPU core.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy import sparse
from scipy.optimize import linprog
from torch import nn
from torch.nn import functional as F

from gan_helpers import data, losses, metrics, plots, seeds
from gan_helpers.checks import nb09
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.losses import LOSSES
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict, progress
from gan_helpers.training import half_cosine, play_many, stack

plots.use_course_style()
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings
F64 = torch.float64

# %% [markdown]
# ## 1 Plan and critic as linear programmes (18 min)
#
# The lesson pairs equally many points. In general a **plan** $\pi$ says how much earth goes from each place of $q$ to each place of $p$ (Arjovsky et al. 2017, Eq. 1):
#
# $$W_1(p,q)=\inf_{\pi\in\Pi(p,q)}\mathbb E_{(x,y)\sim\pi}\lVert x-y\rVert.$$
#
# $\Pi(p,q)$ holds all plans that take exactly $q$ away and deliver exactly $p$. For $n$ and $m$ points of equal weight a plan is an $n\times m$ table. Its rows add up to $1/n$ and its columns to $1/m$. Cost and conditions are linear in its entries, so this is a linear programme.


# %%
def distances(a, b):
    exactly = "donot_use_mm_for_euclid_dist"
    return torch.cdist(a.to(F64), b.to(F64), compute_mode=exactly)


# %%
def transport(x, y):
    """Cheapest plan between x (n, d) and y (m, d): (cost, plan (n, m))."""
    n, m = len(x), len(y)
    rows = sparse.kron(sparse.eye(n), np.ones((1, m)))
    columns = sparse.kron(np.ones((1, n)), sparse.eye(m))
    add_up = sparse.vstack([rows, columns]).tocsr()
    sums = np.r_[np.full(n, 1 / n), np.full(m, 1 / m)]
    cost = distances(x, y).numpy().ravel()
    best = linprog(cost, A_eq=add_up, b_eq=sums)
    plan = torch.from_numpy(best.x)
    return best.fun, plan.view(n, m)


# %%
x = data.ring(40, seed=seeds.one(), std=0.1)
y = 0.7 * torch.randn(40, 2, generator=data.make_generator(seeds.one() + 2))
cost, plan = transport(x, y)

# %% tags=["hide-input", "head-picture"]
fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.4))
plots.points(x, y, ax=left)
for i, j in (plan > 1e-9).nonzero().tolist():
    left.plot(*torch.stack([x[i], y[j]]).T, color=plots.GREY, linewidth=0.8, zorder=0)
right.imshow(plan, cmap="Greys", interpolation="nearest")
right.set(xlabel="fake $y_j$", ylabel="real $x_i$", title="The plan: one cell in each row")
alt = "Left: forty real points on a ring and forty fakes in its middle, joined in pairs by straight lines. Right: the plan as a table with one dark cell in each row and each column."
plots.show(fig, alt=alt)

# %%
used = plan[plan > 1e-9]
used = 40 * used
claim("A cheapest plan sends each fake to one place.", used, near=1, within=1e-6, exact=True)

# %% [markdown]
# With equally many points some cheapest plan always does that. So the pairing of the lesson is enough.
#
# Every linear programme has a **dual** with the same value. Here it is the best critic. Its unknowns are the scores of all points. For each pair of points one condition says that the scores differ by no more than the distance.


# %%
def dual(x, y):
    """Best 1-Lipschitz scores: (E f(x) - E f(y), f(x) (n,), f(y) (m,))."""
    n, m = len(x), len(y)
    points = torch.cat([x, y])
    i, j = np.nonzero(~np.eye(n + m, dtype=bool))  # all pairs of two points
    ones = np.ones(len(i))
    k = np.arange(len(i))
    signs = np.r_[ones, -ones]
    places = np.r_[k, k], np.r_[i, j]
    differences = sparse.csr_matrix((signs, places))
    limits = distances(points, points).numpy()[i, j]
    gain = np.r_[np.full(n, 1 / n), np.full(m, -1 / m)]
    best = linprog(
        -gain, A_ub=differences, b_ub=limits, bounds=(None, None)
    )
    f_x, f_y = torch.from_numpy(best.x).split([n, m])
    return -best.fun, f_x, f_y


# %%
def by_cdf(x, y):
    """W1 on the line, any sizes: the area between the distribution functions."""
    x, y = x.to(F64).sort().values, y.to(F64).sort().values
    t = torch.cat([x, y]).sort().values
    F_x = torch.searchsorted(x, t, right=True) / len(x)
    F_y = torch.searchsorted(y, t, right=True) / len(y)
    gap = (F_x - F_y).abs()[:-1]
    area = gap * t.diff()
    return area.sum().item()


# %%
on_line, in_plane = [], []
for seed in seeds.several(4):
    a = data.mixture_1d(30, seed=seed, stds=0.4)
    b = torch.randn(30, generator=data.make_generator(100 + seed))
    plan_cost, _ = transport(a[:, None], b[:, None])
    critic, *_ = dual(a[:, None], b[:, None])
    sorting = (a.sort().values - b.sort().values).abs().mean().item()
    ways = plan_cost, critic, by_cdf(a, b), sorting
    on_line.append(max(ways) - min(ways))

    x_s = data.ring(30, seed=seed, std=0.1)
    y_s = 0.7 * torch.randn(30, 2, generator=data.make_generator(200 + seed))
    plan_cost, _ = transport(x_s, y_s)
    critic, *_ = dual(x_s, y_s)
    in_plane.append(plan_cost - critic)
claim("Plan, critic, sorting and area agree on the line.", on_line, below=1e-6, exact=True)
claim("Plan and critic agree in the plane.", in_plane, near=0, within=1e-6, exact=True)

# %% [markdown]
# **Why is the slope 1 on the way?** Let the best plan join $x$ and $y$, and let $f$ be a best critic. Each pair must use its limit to the full, or the two values would differ: $f(x)-f(y)=\lVert x-y\rVert$. On the way between them no stretch can make up for a slower one. So the slope is 1 along the whole path (Gulrajani et al. 2017, Proposition 1).
#
# We test it. The programme knows scores of points only. $f(a)=\min_i(f_i+\lVert a-a_i\rVert)$ continues them to the plane, where $a_i$ are all the points.

# %%
_, f_x, f_y = dual(x, y)
points = torch.cat([x, y])
scores = torch.cat([f_x, f_y])


def score(z):
    return (scores + distances(z, points)).amin(1)


def slope_along(x, y, h=1e-4):
    """Slope of the best critic from y to x, at a random place between: (n,)."""
    source = data.make_generator(3)
    place = 0.05 + 0.9 * torch.rand(len(x), 1, generator=source, dtype=F64)
    middle = torch.lerp(y.to(F64), x.to(F64), place)
    step = h * F.normalize(x.to(F64) - y)
    above, below = score(middle + step), score(middle - step)
    return (above - below) / (2 * h)


# %%
others = torch.randperm(40, generator=data.make_generator(4))
on_plan = slope_along(x, y[plan.argmax(1)])
at_random = slope_along(x, y[others])
claim("Along the plan the slope is 1.", on_plan, near=1, within=1e-4, exact=True)
claim("Between random pairs it is at most 1 …", at_random, below=1 + 1e-6, exact=True)
claim("… and mostly below.", at_random.mean().item(), below=0.9, exact=True)

# %% [markdown]
# That is the weak spot of the published penalty. It asks for slope 1 between *random* pairs, where the best critic has less.
#
# ## 2 What D tells the generator (12 min)
#
# Take the parallel lines of the lesson, freeze the fakes at $\theta$, and train $D$. What does $G$ feel, $\partial L_G/\partial\theta$? A value of 1 means "to the left, at full speed". The critic has a penalty, as in the lesson. In the picture both axes are logarithmic.


# %%
def penalty(D, x_real, x_fake, weight=10.0, one_sided=True):
    n = len(x_real)
    share = (torch.arange(n) + 0.5) / n
    x_between = torch.lerp(x_fake, x_real, share[:, None])
    slope, _ = losses.slopes(D, x_between)
    excess = slope.norm(dim=1) - 1
    if one_sided:
        excess = excess.clamp_min(0)
    return weight * excess.square().mean()


def charged(weight=10.0, one_sided=True):
    def loss_D(D, x_real, x_fake):
        paid = penalty(D, x_real, x_fake, weight, one_sided)
        return D(x_fake).mean() - D(x_real).mean() + paid

    return loss_D


free_D, critic_G = LOSSES["Wasserstein, no constraint"]  # no penalty at all; -E D(G(z))
GAMES = {
    "saturating": LOSSES["saturating"],
    "non-saturating": LOSSES["non-saturating"],
    "critic": (charged(), critic_G),
}
SEEDS = seeds.several(8)

# %%
def games(generators, players, x, loss, rounds, rates, d_steps=1, z_dim=2, beta=0.0):
    """Eight games side by side. After each round: step, G, D, opt_D, L_D (8,)."""
    G = stack(generators)
    D = stack(players)
    opt_G = torch.optim.Adam(G.params.values(), lr=rates[0], betas=(beta, 0.9))
    opt_D = torch.optim.Adam(D.params.values(), lr=rates[1], betas=(beta, 0.9))
    batches, noise = [], []
    for seed in SEEDS:
        batches.append(data.batches(x, 128, seed=seed, steps=rounds * d_steps))
        noise.append(1000 + seed)
    game = play_many(
        G, D, opt_G, opt_D, batches, z_dim,
        seeds=noise, loss=loss, d_steps=d_steps,
    )
    for step, (loss_D, _) in enumerate(progress(game, "eight games", rounds)):
        yield step, G, D, opt_D, loss_D


# %%
class Line(nn.Module):
    """G with one parameter: noise (n, 1) -> points (θ, u), u uniform."""

    def __init__(self, theta):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(theta))

    def forward(self, z):
        u = torch.special.ndtr(z)
        return torch.cat([self.theta.expand(len(z), 1), u], 1)


STARTS = (0.1, 0.5, 1.0, 4.0)
# %%
u = torch.rand(4096, 1, generator=data.make_generator(seeds.one()))
x_lines = torch.cat([torch.zeros(4096, 1), u], 1)


# %%
def felt(loss, start, rounds=200):
    """∂L_G/∂θ at a fixed θ after 30 and after 200 steps of D: (2, 8)."""
    lines = [Line(start) for _ in SEEDS]
    players = [mlp((2, 32, 32, 1), seed=seed) for seed in SEEDS]
    found = []
    for _, G, *_ in games(lines, players, x_lines, loss, rounds, (0.0, 3e-3), z_dim=1):
        found.append(G.params["theta"].grad.clone())
    return torch.stack([found[29], found[-1]])


# %%
gradients = {}
for name, loss in GAMES.items():
    gradients[name] = torch.stack([felt(loss, start) for start in STARTS])

# %% tags=["hide-input"]
colors = {"saturating": plots.PINK, "non-saturating": plots.FAKE, "critic": plots.GREEN}
fig, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
for k, ax in enumerate(axes):
    curves = {name: (g[:, k].abs().clamp_min(1e-6).T, colors[name]) for name, g in gradients.items()}
    plots.lines(torch.tensor(STARTS), curves, log="xy", ylim=(1e-6, 3e2), ax=ax)
    ax.set(xlabel="distance $θ$ of the lines", title=f"after {(30, 200)[k]} steps of D")
    ax.set_xticks(STARTS, STARTS)
    ax.set_xticks([], minor=True)
axes[0].set_ylabel("$|∂L_G/∂θ|$, at least 1e-6")
for text in axes[0].texts:
    text.remove()
alt = "Size of the gradient over the distance, after 30 and after 200 steps of D. The critic stays near 1 in both. The saturating gradient falls by decades with training, except for the nearest lines. The non-saturating one rises, and is largest for the nearest lines."
plots.show(fig, alt=alt)

# %%
dying = gradients["saturating"][:, 1]
growing = gradients["non-saturating"]
limited = gradients["critic"][:, 1]
claim("After 200 steps the saturating gradient is below .05 from θ = 0.5 on.", dying[1:].abs().amax(0), below=0.05)
more = (growing[:, 1] > growing[:, 0]).all(0)
claim("The non-saturating gradient grows with the training of D.", more)
claim(
    "In the end it is several times larger for the nearest lines than for the farthest.",
    growing[0, 1], above=3 * growing[-1, 1],
)
claim("The critic's gradient is within .5 of 1 at each distance.", (limited - 1).abs().amax(0), below=0.5)

# %% [markdown]
# So the usual gradients depend on how long $D$ was trained, and on the pair of distributions. For lines that never overlap the non-saturating one is largest nearby. (For two bell curves of one width it is the other way round.) The critic's gradient is about 1 in all cases.
#
# ## 3 Clipping and depth (9 min)
#
# With $n$ units a clipped layer multiplies slopes by at most $cn$. With $L$ layers of $n_l$ inputs the ceiling is $c^L\prod_ln_l$. How near do trained critics come? The data are the two heaps of the lesson, and the fakes one heap between them that never moves.

# %%
class Still(nn.Module):
    def __init__(self):
        super().__init__()
        self.centre = nn.Parameter(torch.tensor(0.5))

    def forward(self, z):
        return self.centre + 0.4 * z


x_heaps = data.mixture_1d(20_000, seed=seeds.one(), means=(-1.5, 1.5), stds=0.3)
x_heaps = x_heaps[:, None]
z_heap = torch.randn(20_000, 1, generator=data.make_generator(seeds.one() + 1))
y_still = Still()(z_heap).detach()
W1 = by_cdf(x_heaps[:, 0], y_still[:, 0])
grid = torch.linspace(-2.5, 2.5, 2001)[:, None]


# %%
def train(loss_D, sizes=(1, 64, 64, 1), rate=2e-3, steps=300, clip=None):
    """Eight critics, one per seed, against fakes that do not move."""
    critics = [mlp(sizes, seed=seed) for seed in SEEDS]
    still = [Still() for _ in SEEDS]
    loss = loss_D, critic_G
    for step, _, D, opt_D, _ in games(
        still, critics, x_heaps, loss, steps, (0.0, rate), z_dim=1
    ):
        opt_D.param_groups[0]["lr"] = half_cosine(rate, rate / 100, step / steps)
        if clip:
            with torch.no_grad():
                for p in D.params.values():
                    p.clamp_(-clip, clip)
    return critics


# %%
def slopes_of(D):
    """Slopes on the grid: (2000,)."""
    with torch.no_grad():
        rise = D(grid)[:, 0].diff()
    return rise / (grid[1] - grid[0])


# %%
def reading(D):
    with torch.no_grad():
        return (D(x_heaps).mean() - D(y_still).mean()).item()


# %%
rows, shares = {}, {}
for c in (0.01, 0.1):
    for sizes in ((1, 64, 64, 1), (1, 64, 64, 64, 64, 1)):
        K, honest = [], []
        for D in train(free_D, sizes, rate=0.02 * c, steps=250, clip=c):
            steepest = slopes_of(D).abs().max().item()
            K.append(steepest)
            honest.append(reading(D) / steepest / W1)
        layers = len(sizes) - 1
        ceiling = c**layers * math.prod(sizes)
        name = f"c = {c:g}, {layers} layers, ceiling {ceiling:.2g}"
        rows[name], shares[name] = K, honest
table("largest slope K", rows)
table("reading ÷ K, as a share of W₁", shares)

# %%
thin3, thin5, thick3, thick5 = rows.values()
claim("With c = .01 five layers are flatter than three.", thin5, below=thin3)
claim("With c = .1 they are steeper.", thick5, above=thick3)
every = torch.tensor(list(shares.values()))
claim("No clipped critic finds four fifths of W₁.", every.amax(0), below=0.8)

# %% [markdown]
# What can reach $G$ vanishes or explodes with the depth. Dividing by $K$ repairs the scale and not the shape.
#
# ## 4 Six mistakes, no error (12 min)
#
# The published penalty (Gulrajani et al. 2017, Eq. 3) takes $\hat x=\varepsilon x+(1-\varepsilon)G(z)$ with $\varepsilon\sim U[0,1]$, one per sample.


# %%
def gradient_penalty(D, x_real, x_fake, epsilon, weight=10.0):
    """WGAN-GP's penalty, one number; epsilon (n,), one per sample."""
    epsilon = epsilon.view(-1, *[1] * (x_real.ndim - 1))
    x = (epsilon * x_real + (1 - epsilon) * x_fake).detach().requires_grad_()
    (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    norm = slope.flatten(1).norm(dim=1)  # over all pixels of one sample
    return weight * (norm - 1).square().mean()


# %%
w = torch.tensor([[3.0, 4.0]])
on_paper = gradient_penalty(lambda x: x @ w.T, x[:8], y[:8], torch.rand(8)).item()
claim("A linear critic of slope 5 pays 10 · (5 − 1)² = 160.", on_paper, near=160, within=1e-3, exact=True)

# %%
predict(
    "ε from a normal · one ε for the whole batch · no `create_graph` · batch norm in D · the norm of a slope of 0 · on images, the norm over one axis. Which of the six raises an error?",
    [
        ("The third and the fifth", False, "The third trains without a penalty, the fifth may give NaN. Both are silent."),
        ("The last: the shapes do not fit", False, "They fit: the mean over all numbers is a number."),
        ("None", True, "Each of them runs, and each is another penalty."),
    ],
)

# %% [markdown]
# 1. **ε from a normal** (`randn` for `rand`): two thirds of the points lie outside the segment.
# 2. **One ε per batch**: the same penalty on average, from one place of the way only.

# %%
source = data.make_generator(seeds.one())
normal = torch.randn(10_000, generator=source)
outside = (normal < 0) | (normal > 1)
outside = outside.float().mean().item()
claim("With a normal ε two thirds of the points lie outside.", outside, between=(0.63, 0.69), exact=True)

# %% [markdown]
# 3. **No `create_graph`**: the penalty is a constant to autograd. $D$ never feels it, and its slope runs away (lesson 08).
# 4. **Batch norm in $D$**: a score depends on the whole batch. The gradient of the summed scores is not the slope of one sample.
# 5. **A slope of 0**: the root has no slope there. With `sqrt` its gradient is NaN, with `norm` it is 0.

# %%
D = mlp((1, 64, 64, 1), seed=seeds.one())
real, fake = x_heaps[:256], y_still[:256]
loss = free_D(D, real, fake)
inner = real.clone().requires_grad_()
(slope,) = torch.autograd.grad(D(inner).sum(), inner)  # no create_graph
excess = slope.norm(dim=1) - 1
penalised = loss + 10 * excess.square().mean()
weights = list(D.parameters())
without = torch.autograd.grad(loss, weights, retain_graph=True)
with_penalty = torch.autograd.grad(penalised, weights)
same = []
for a, b in zip(without, with_penalty, strict=True):
    same.append(torch.equal(a, b))
claim("Without `create_graph` the gradients are those without a penalty.", same, exact=True)


# %%
def from_others(D, x):
    """Share of |∂D(x_i)/∂x_j| with i ≠ j."""

    def scores(x):
        return D(x)[:, 0]

    J = torch.autograd.functional.jacobian(scores, x)  # (8, 8, 2)
    J = J.norm(dim=2)
    own = J.diagonal().sum()
    share = own / J.sum()
    return 1 - share.item()


# %%
mixed, alone = [], []
for seed in seeds.several(8):
    plain = mlp((2, 32, 1), seed=seed)
    normed = nn.Sequential(plain[0], nn.BatchNorm1d(32), *plain[1:])
    mixed.append(from_others(normed, x[:8]))
    alone.append(from_others(plain, x[:8]))
claim("With batch norm a large part of a score's slope belongs to other samples.", mixed, above=0.25)
claim("Without it none does.", alone, near=0, within=1e-6, exact=True)

# %%
zero = nn.Linear(2, 1)
nn.init.zeros_(zero.weight)
at_zero = {}
for name in ("root", "norm"):
    inner = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(zero(inner).sum(), inner, create_graph=True)
    norm = slope.norm(dim=1)
    if name == "root":
        norm = slope.square().sum(1).sqrt()
    cost = (norm - 1).square().mean()
    (gradient,) = torch.autograd.grad(cost, zero.weight)
    at_zero[name] = gradient.abs().max().item()
claim("At a slope of 0 the root gives NaN.", math.isnan(at_zero["root"]), exact=True)
claim("There `norm` gives 0.", at_zero["norm"] == 0, exact=True)

# %% [markdown]
# 6. **One axis only**: on images $(n,1,H,W)$ `norm(dim=1)` is the norm over the *channel*, one number per pixel. A critic with slope 1 at each of 64 pixels has slope $\sqrt{64}=8$ per image, and pays nothing.

# %%
images = torch.zeros(4, 1, 8, 8, requires_grad=True)
(slope,) = torch.autograd.grad(images.sum(), images)  # D(x): the sum of the pixels
pixels = slope.norm(dim=1)
whole = slope.flatten(1).norm(dim=1)
claim("Each pixel's norm is 1.", pixels.flatten(), near=1, within=1e-6, exact=True)
claim("Each image's norm is 8.", whole, near=8, within=1e-6, exact=True)

# %% [markdown]
# ## 5 By how much is a reading off? (10 min)
#
# Write $m=F_g-F_d$ for the difference of the distribution functions: the earth that passes over a place. Integrating by parts, $\mathbb E\,D(x)-\mathbb E\,D(G(z))=\int D'm\,dx$. Let $r$ be the density of $\hat x$, where the penalty looks. At each place a one-sided critic maximises $sm-\lambda r(s-1)^2$ over its slope $s$ in the direction of $m$:
#
# $$|D'|=1+\frac{|m|}{2\lambda r},\qquad\text{reading}=W_1+\int\frac{m^2}{2\lambda r}\,dx,\qquad\text{penalty}=\int\frac{m^2}{4\lambda r}\,dx.$$
#
# So the penalty is half the surplus at every place. Reading minus twice the penalty is $W_1$, as in the lesson. The logged $-L_D$, reading minus penalty, takes back only half of the surplus.

# %%
def distribution(points):
    """The distribution function on the grid: (2001,)."""
    ordered = points[:, 0].sort().values
    return torch.searchsorted(ordered, grid[:, 0]) / len(points)


flow = distribution(y_still) - distribution(x_heaps)
share = torch.rand(20_000, 1, generator=data.make_generator(9))
mixed = torch.lerp(y_still, x_heaps, share)
counts = torch.histc(mixed, 100, -2.5, 2.5)  # bins of width 0.05
r = (counts / len(mixed) / 0.05).clamp_min(1e-4)
m = flow[:-1].view(100, 20).mean(1)


# %%
def surplus(weight):
    too_much = m.square() / (2 * weight * r)
    total = 0.05 * too_much.sum()
    return total.item() / W1


# %%
off, logged, fitted = [], [], {}
for weight in (1.0, 10.0):
    fitted[weight] = train(charged(weight))
    too_much = surplus(weight)
    for D in fitted[weight]:
        paid = penalty(D, x_heaps, y_still, weight).item()
        minus_L = (reading(D) - paid) / W1
        off.append(reading(D) / W1 - (1 + too_much))
        logged.append(minus_L - (1 + too_much / 2))
    print(f"λ = {weight:g}: predicted reading {1 + too_much:.3f} of W1")
off = torch.tensor(off).view(2, 8)  # two weights, eight seeds
logged = torch.tensor(logged).view(2, 8)
claim("The readings are as predicted, within .07 of W₁.", off.abs().amax(0), below=0.07)
claim("So is the logged −L_D.", logged.abs().amax(0), below=0.07)

# %% [markdown]
# **In more dimensions** the earth may take other ways. With a flow $w$ of earth, the same maximisation says: reading − 2 · penalty $=\int\lVert w\rVert$ for the flow that is best under the penalty. That is never less than $W_1$, and it tends to $W_1$ as $\lambda$ grows.
#
# ### 5.1 One side or two?
#
# The two-sided penalty $(|D'|-1)^2$ has the same best critic. Training need not find it. At slope 0 the penalty pushes back with $2\lambda r$ and the data push with $|m|$. Where $|m|<2\lambda r$ no slope can turn. The control: a hundredth of the weight, with which the data are the stronger nearly everywhere.

# %%
stuck = train(charged(10.0, one_sided=False))
weak = train(charged(0.1, one_sided=False))
rising = {}
trained = {"λ = 10": stuck, "λ = 0.1": weak, "one-sided, λ = 10": fitted[10.0]}
for name, eight in trained.items():
    shares = []
    for D in eight:
        shares.append((slopes_of(D) > 0).float().mean())
    rising[name] = torch.stack(shares)
table("share of places where D rises (best critic: 0.4)", rising)
share = rising["λ = 10"]
one_sign = (share < 0.1) | (share > 0.9)
claim("Two-sided with λ = 10 mostly one sign is left.", one_sign, in_at_least=5)
claim("With λ = 0.1 both signs are there.", rising["λ = 0.1"], between=(0.2, 0.7))
held = m.abs() < 2 * 10 * r
held = held[m > 0.01].float().mean().item()  # where D should rise
claim("With λ = 10 the penalty is the stronger at most of these places.", held, above=0.5, exact=True)

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
place = grid[:-1, 0]
formula = flow[:-1].sign() * (1 + flow[:-1].abs() / (2 * torch.repeat_interleave(r, 20)))
axes[0].plot(place, formula, color=plots.DISC, linewidth=4, alpha=0.3)
for D in fitted[1.0]:
    axes[0].plot(place, slopes_of(D), color=plots.GREEN, linewidth=0.8)
for D in stuck:
    axes[1].plot(place, slopes_of(D), color=plots.PINK, linewidth=0.8)
axes[0].set(xlim=(-2.2, 2.2), ylim=(-3, 3), xlabel="$x$", ylabel="slope $D'(x)$")
axes[0].set_title("One-sided, λ = 1: as the formula (grey)")
axes[1].set(xlim=(-2.2, 2.2), xlabel="$x$", title="Two-sided, λ = 10: one sign")
alt = "Slopes of eight critics over x. Left, one-sided: all follow the grey formula, below -1 on the left and above 1 on the right of 0.5. Right, two-sided: each critic has nearly the same sign of slope everywhere, near 1 or near -1."
plots.show(fig, alt=alt)

# %% [markdown]
# So with one weight the penalty is the stronger, and the slopes are of one sign. With a hundredth of it the data are, and both signs appear. *What this does not show:* more dimensions, where a slope can turn round without passing 0, longer training, and images.
#
# ## 6 The spectral norm (11 min)
#
# $\sigma(W)$ comes from **power iteration**: multiply by $W$ and $W^\top$ in turn, and the direction that is stretched most takes over.


# %%
def power_iteration(W, steps, seed=0):
    """Estimate of σ(W)."""
    v = torch.randn(W.shape[1], generator=data.make_generator(seed), dtype=W.dtype)
    for _ in range(steps):
        u = F.normalize(W @ v, dim=0)
        v = F.normalize(W.T @ u, dim=0)
    return u @ W @ v


# %%
short = {1: [], 10: [], 1000: []}
for seed in seeds.several(8):
    W = torch.randn(64, 48, generator=data.make_generator(seed), dtype=F64)
    for steps, found in short.items():
        sigma = torch.linalg.svdvals(W)[0]
        found.append((power_iteration(W, steps) / sigma).item())
table("estimate ÷ σ", {f"{steps} iterations": found for steps, found in short.items()})
claim("One iteration on a new matrix is far too small.", short[1], below=0.9, exact=True)
claim("A thousand give σ.", short[1000], near=1, within=1e-4, exact=True)

# %% [markdown]
# PyTorch's `spectral_norm(layer)` makes one iteration per call in train mode, and keeps the vectors. Weights move slowly, so the estimate catches up. (The lesson took the exact norm.)

# %% [markdown]
# **Why does it lose shapes?** Take one hidden layer of ReLUs, $\sum_ia_i\max(0,w_ix)$ with $\lVert a\rVert=\lVert w\rVert=1$. Its slopes to the left and to the right use different units. Their sizes add up to at most $\lVert a\rVert\lVert w\rVert=1$. So $|x|$ is reached with slope ½ only.

# %%
place = torch.linspace(-3, 3, 7)[:, None]
half = torch.tensor([0.5, 0.5]).sqrt()  # length 1
both_ways = half * torch.tensor([1, -1])
made = F.relu(place * both_ways) @ half
half_of_x = place[:, 0].abs() / 2
claim("Norm 1 in both layers makes |x| / 2.", made, near=half_of_x, within=1e-6, exact=True)

# %% [markdown]
# ### 6.1 Convolutions
#
# For a convolution the usual code takes $\sigma$ of the kernel *reshaped* to (out, in · k · k). Is that the norm of the map? Power iteration needs only $Wv$ and $W^\top u$. For a convolution the second is the **adjoint**: the same convolution run backwards. So it runs on the layer itself. With circular padding the Fourier transform knows the answer, one small matrix per frequency (Sedghi et al. 2019).


# %%
def conv_norm(kernel, side=16, steps=200, circular=False):
    """Operator norm of a convolution with padding k // 2 on side × side images."""
    border = (kernel.shape[-1] // 2,) * 4
    mode = "circular" if circular else "constant"
    back = kernel.flip(2, 3).transpose(0, 1)  # the adjoint
    source = data.make_generator(0)
    shape = 1, kernel.shape[1], side, side
    v = torch.randn(shape, generator=source, dtype=F64)
    for _ in range(steps):
        v = F.pad(v / v.norm(), border, mode=mode)
        u = F.conv2d(v, kernel)
        u = F.pad(u / u.norm(), border, mode=mode)
        v = F.conv2d(u, back)
    return v.norm().item()


# %%
def by_fourier(kernel, side=16):
    matrices = torch.fft.fft2(kernel, (side, side))
    matrices = matrices.permute(2, 3, 0, 1)
    return torch.linalg.svdvals(matrices).max().item()


def reshaped(kernel):
    return torch.linalg.svdvals(kernel.flatten(1))[0].item()


# %%
ratios = {"3 → 16 channels": [], "64 → 4 channels": []}
checks = []
for seed in seeds.several(6):
    source = data.make_generator(seed)
    kernel = torch.randn(16, 3, 3, 3, generator=source, dtype=F64)
    wide = torch.randn(4, 64, 3, 3, generator=source, dtype=F64)
    checks.append(conv_norm(kernel, circular=True) / by_fourier(kernel))
    ratios["3 → 16 channels"].append(conv_norm(kernel) / reshaped(kernel))
    ratios["64 → 4 channels"].append(conv_norm(wide) / reshaped(wide))
blur = torch.ones(1, 1, 3, 3, dtype=F64)
ratios["a box blur"] = conv_norm(blur, circular=True) / reshaped(blur)
table("true norm ÷ norm of the reshaped kernel", ratios)

# %%
claim("Power iteration on the layer is the Fourier answer.", checks, near=1, within=5e-3, exact=True)
claim("Random kernels stretch by more than their reshaped norm says.", ratios["3 → 16 channels"], above=1.4, exact=True)
claim("A blur stretches by k = 3 times as much.", ratios["a box blur"], near=3, within=1e-6, exact=True)

# %% [markdown]
# **A convolution with "spectral norm 1" is not 1-Lipschitz.** Each pixel is read by $k^2$ windows, so its norm may be up to $k$ times that of the reshaped kernel. Dividing by the reshaped norm is a brake and not a speed limit.
#
# ## 7 The reading during training (9 min)
#
# Three heaps on a line, as in the lesson. Papers show that $-L_D$ falls together with sample quality. Is that evidence? *Minus the round number* falls, too. We keep the exact $W_1$, $-L_D$ and the reading every ten rounds.

# %%
HEAPS = {"means": (-2.0, 0.0, 3.0), "stds": 0.3, "weights": (1, 1, 2)}
x_three = data.mixture_1d(20_000, seed=seeds.one(), **HEAPS)[:, None]
x_new = data.mixture_1d(4096, seed=seeds.one() + 7, **HEAPS).sort().values
z_new = torch.randn(4096, 2, generator=data.make_generator(99))


def exact_of(G):
    with torch.no_grad():
        return (G(z_new)[:, 0].sort().values - x_new).abs().mean().item()


# %%
def watched_game(loss, d_steps, rounds=200):
    """(2, 8, looks): exact W1 and −L_D of eight games."""
    generators = [mlp((2, 32, 32, 1), seed=2 * seed) for seed in SEEDS]
    players = [mlp((1, 32, 32, 1), seed=2 * seed + 1) for seed in SEEDS]
    film = []
    for step, *_, loss_D in games(
        generators, players, x_three, loss, rounds, (1e-3, 2e-3), d_steps
    ):
        if step % 10 == 0:
            exact = torch.tensor([exact_of(G) for G in generators])
            film.append(torch.stack([exact, -loss_D]))
    return torch.stack(film).permute(1, 2, 0)


one_sided = charged(), critic_G
two_sided = charged(10.0, False), critic_G
films = {
    "two-sided, 5 steps": watched_game(two_sided, 5),
    "one-sided, 5 steps": watched_game(one_sided, 5),
    "one-sided, 1 step, 600 rounds": watched_game(one_sided, 1, rounds=600),
}


# %%
def correlation(a, b):
    """Over training, one per seed."""
    a = a - a.mean(1, keepdim=True)
    b = b - b.mean(1, keepdim=True)
    return F.cosine_similarity(a, b, dim=1)


exact, minus_L = films["one-sided, 5 steps"]
clock = -torch.arange(20.0).expand(8, 20)
rows = {
    "−L_D": correlation(exact, minus_L),
    "minus the round": correlation(exact, clock),
    "−L_D, without the first look": correlation(exact[:, 1:], minus_L[:, 1:]),
    "minus the round, without it": correlation(exact[:, 1:], clock[:, 1:]),
}
table("correlation with the exact W₁ over training", rows)
ends = {"at the start": exact[:, 0]}
for name, film in films.items():
    ends[name] = film[0, :, -3:].mean(1)
table("exact W₁ at the end", ends)

# %%
claim("Minus the round number correlates, too.", rows["minus the round"], above=0.6)
later = rows["−L_D, without the first look"]
clock_later = rows["minus the round, without it"]
claim("Without the first look −L_D does better than the clock.", later, above=clock_later, median=True)
farther = ends["two-sided, 5 steps"] > exact[:, 0]
claim("With the two-sided penalty most games end farther away than they began.", farther, in_at_least=4)
claim(
    "600 rounds with one step end nearer than 200 with five.",
    ends["one-sided, 1 step, 600 rounds"],
    below=ends["one-sided, 5 steps"], median=True,
)

# %% [markdown]
# So a falling curve is no evidence of a distance. The *size* of the reading is, which no clock has, and that is what the lesson compares. Five steps of $D$ help *per round*. At equal numbers of updates one step is the better bargain here.
#
# On the line the two-sided penalty of the paper, at its $\lambda=10$, drives the fakes away. One `clamp` repairs it.
#
# ## 8 Is it faster at covering modes? (4 min)
#
# WGAN-GP is often named as the cure of mode collapse. In [deeper 08](08_mode_collapse.ipynb) it was one of six remedies that helped in every seed. Here nothing collapses. We ask for speed: 25 clusters, 200 rounds, five steps of $D$ a round.

# %%
centres = data.grid_centres() / 2
STD = 0.1
x_grid = data.grid(20_000, seed=seeds.one(), std=2 * STD) / 2
z_grid = torch.randn(2500, 2, generator=data.make_generator(10**6))


def grid_game(loss, rounds=200):
    """Modes covered, and share of good samples, of eight games: two lists."""
    generators = [mlp((2, 64, 64, 2), seed=2 * seed) for seed in SEEDS]
    players = [mlp((2, 64, 64, 1), seed=2 * seed + 1) for seed in SEEDS]
    for _ in games(
        generators, players, x_grid, loss, rounds, (3e-3, 5e-3), d_steps=5, beta=0.5
    ):
        pass
    modes, good = [], []
    for G in generators:
        with torch.no_grad():
            found = metrics.mode_coverage(G(z_grid), centres, STD)
        modes.append(found.modes)
        good.append(found.high_quality)
    return torch.tensor(modes), torch.tensor(good)


# %%
usual, usual_good = grid_game(LOSSES["non-saturating"])
limited, limited_good = grid_game(one_sided)
table("modes of 25", {"usual GAN": usual, "one-sided critic": limited})
claim("The usual GAN covers more modes, in most seeds.", usual > limited, in_at_least=5)
worst = torch.maximum(usual_good, limited_good)
claim("Both are under-trained: few samples are good.", worst, below=0.7)

# %% [markdown]
# In speed the usual GAN leads here, although the penalty is the one-sided one. This says nothing about a cure, or about images.

# %%
how_sure()

# %% [markdown]
# ## Exercise (15 min)
#
# ### Exercise 4 · The norm of any linear map
#
# ●●● · 15 minutes · you need: section 6.1. You get a linear map and its adjoint as functions, and a start; return the operator norm, also of a convolution.


# %% tags=["exercise-4"]
def operator_norm(forward, adjoint, v, steps=300):
    """forward: v -> u, adjoint: u -> v. Returns the largest stretch, one number."""
    return None  # <- your answer


# %% tags=["check-4"]
nb09.check_4(operator_norm)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Section 6.1's `conv_norm` does the same for a convolution. What must you do with a
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
# ## Recap (1 min)
#
# 1. The cheapest plan and the best critic are two linear programmes with one value, and the slope along the plan is 1 ([section 1](#1-Plan-and-critic-as-linear-programmes-(18-min))).
# 2. The gradients of the usual losses depend on the training of $D$ and on the pair of distributions; the critic's hardly does ([section 2](#2-What-D-tells-the-generator-(12-min))).
# 3. Clipping vanishes or explodes with depth, and six mistakes in a penalty raise no error ([section 3](#3-Clipping-and-depth-(9-min)), [section 4](#4-Six-mistakes,-no-error-(12-min))).
# 4. The surplus of a reading is known, and the two-sided penalty can stick with one sign ([section 5](#5-By-how-much-is-a-reading-off?-(10-min))).
# 5. A convolution divided by its reshaped norm is not 1-Lipschitz; a falling curve is no evidence of a distance ([section 6](#6-The-spectral-norm-(11-min)), [section 7](#7-The-reading-during-training-(9-min))).
#
# **Further reading.** Gulrajani et al. 2017 (arXiv:1704.00028) · Petzka, Fischer and Lukovnikov 2018 (1709.08894), the one-sided penalty · Miyato et al. 2018 (1802.05957), spectral norm · Sedghi, Gupta and Long 2019 (1805.10408), singular values of convolutions · Anil, Lucas and Grosse 2019 (1811.05381), what norm 1 in each layer costs a ReLU network.
