# %% [markdown]
# # 09 · Wasserstein GANs
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/09_wasserstein_gan.ipynb)
#
# ![A film: forty orange points in the middle of the plane travel along straight grey lines to forty blue points on a ring](images/09_wasserstein_gan.gif)
#
# **In one sentence:** a discriminator with a speed limit measures how far the fakes have to go, almost.
#
# **After this lesson you can**
#
# - **compute** the distance between two heaps of points in three ways;
# - **keep** a network within a speed limit by clipping, by a penalty and by the spectral norm, and test whether it obeys;
# - **read** a critic as a distance, correct the reading, and say what all this does not cure.
#
# *Before:* [02](02_losses_and_gradients.ipynb), [03](03_gradient_descent_in_games.ipynb), [04](04_gan_laboratory_2d.ipynb), [08](08_mode_collapse.ipynb). *Study:* 42 minutes, and 20 for the exercises. *Run time:* about 45 seconds on one CPU core. *Deeper:* [the second notebook](deeper/09_wasserstein_gan.ipynb): the distance as a linear programme, six mistakes in the penalty, convolutions, and how the reading goes wrong in training.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import math

import matplotlib.pyplot as plt
import torch
from scipy.optimize import linear_sum_assignment
from torch import nn
from torch.nn.utils import parametrize

from gan_helpers import data, losses, plots, seeds
from gan_helpers.checks import nb09
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict, progress
from gan_helpers.training import play_many, stack

plots.use_course_style()
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings

# %% [markdown]
# ## 1 Moving earth
#
# Discriminators so far say how sure they are that a sample is fake. Could one say how *far* a fake has to go?
#
# Start with buckets of sand on a line. The data are buckets at 0, 1 and 5 metres. The fakes are buckets at 2, 3 and 4. You carry the fakes until they stand where the data are. Any bucket may go anywhere.

# %%
predict(
    "Real buckets at 0, 1, 5 and fake ones at 2, 3, 4. How many metres does a fake bucket travel on average, if you carry them as cheaply as possible?",
    [
        ("1 metre: the means are 2 and 3", False, "Then a wide and a narrow heap with one mean would cost nothing."),
        ("1⅓ metres: each goes to the place nearest to it", False, "Then nobody brings sand to 0."),
        ("1⅔ metres", True, "2 goes to 0, 3 to 1 and 4 to 5: that is 2 + 2 + 1 metres for three buckets."),
    ],
)

# %% [markdown]
# That number is the **earth mover's distance**, also called the **Wasserstein distance** $W_1$. For $n$ real points $x_i$ and $n$ fakes $y_i$ it is
#
# $$W_1=\min_{\text{pairings}}\ \frac1n\sum_{i=1}^n\lVert x_i-y_{\text{partner of }i}\rVert.$$
#
# **First way: search for the best pairing.** SciPy's `linear_sum_assignment` takes the table of all distances. It returns the rows and the columns of the pairing with the smallest sum.

# %%
def by_pairing(x, y):
    """W1 of points x, y (n, d), and the partner of each x: (n,)."""
    ways = torch.cdist(x.double(), y.double())
    rows, partners = linear_sum_assignment(ways)
    return ways[rows, partners].mean().item(), partners


def by_sorting(x, y):
    return (x.sort().values - y.sort().values).abs().mean().item()


# %% [markdown]
# **Second way: sort.** On a line two ways never need to cross, so the smallest goes to the smallest. That is `by_sorting`.
#
# **Third way: a critic.** Give each place on the line a score $f$, as a discriminator does. There is one rule: $f$ may never be steeper than 1. Such a function is called **1-Lipschitz**, and we call it a **critic**. Its **reading** is the mean real score minus the mean fake score. The best reading is the same distance again (Kantorovich and Rubinstein; Arjovsky et al. 2017, Eq. 2):
#
# $$W_1=\max_{f\text{ is 1-Lipschitz}}\ \mathbb E\,f(x)-\mathbb E\,f(y).$$
#
# It cannot be more, because of the rule: between partners the score changes by at most the way between them. That it can be that much is a theorem. Here is a critic for our buckets, made by hand. It falls until 3, is flat until 4, and rises from there.

# %%
x_buckets = torch.tensor([0.0, 1.0, 5.0])
y_buckets = torch.tensor([2.0, 3.0, 4.0])


def hand_made(t):
    return -t.clamp(max=3) + (t - 4).clamp(min=0)


buckets = by_pairing(x_buckets[:, None], y_buckets[:, None])[0]
reading = hand_made(x_buckets).mean() - hand_made(y_buckets).mean()

# %% tags=["hide-input"]
fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 2.6))
for y, x, height in ((2, 0, 0.35), (3, 1, 0.6), (4, 5, 0.35)):
    arrow = {"arrowstyle": "->", "color": plots.GREY, "connectionstyle": f"arc3,rad={height if x < y else -height}"}
    left.annotate("", (x, 0.06), (y, 0.06), arrowprops=arrow)
left.plot(x_buckets, [0] * 3, "o", color=plots.REAL, markersize=10)
left.plot(y_buckets, [0] * 3, "o", color=plots.FAKE, markersize=10)
left.set(ylim=(-0.2, 0.9), yticks=[], xlabel="metres", title="2 + 2 + 1 metres for three buckets")
t = torch.linspace(-0.5, 5.5, 200)
right.plot(t, hand_made(t), color=plots.DISC)
right.plot(x_buckets, hand_made(x_buckets), "o", color=plots.REAL, markersize=9)
right.plot(y_buckets, hand_made(y_buckets), "o", color=plots.FAKE, markersize=9)
right.set(xlabel="metres", ylabel="score $f$", title="A critic's reading: −1 − (−2⅔) = 1⅔")
alt = "Left: blue buckets at 0, 1 and 5, orange ones at 2, 3 and 4, with arrows from 2 to 0, from 3 to 1 and from 4 to 5. Right: a score that falls with slope 1 until 3, is flat until 4 and then rises; the real buckets have higher scores than the fakes."
plots.show(fig, alt=alt)

# %%
heaps = []
for seed in seeds.several(8):
    a = data.mixture_1d(50, seed=seed)
    b = torch.randn(50, generator=data.make_generator(100 + seed))
    heaps.append(by_pairing(a[:, None], b[:, None])[0] - by_sorting(a, b))
claim("Pairing gives 1⅔ for the buckets.", buckets, near=5 / 3, within=1e-6, exact=True)
claim("The critic made by hand reads the same.", reading, near=5 / 3, within=1e-6, exact=True)
claim("On a line sorting finds what pairing finds.", heaps, near=0, within=1e-6, exact=True)

# %% [markdown]
# Pairing works in the plane, too. The film at the top of this page is such a pairing. Each orange fake travels to its blue partner.

# %%
x_ring = data.ring(40, seed=seeds.one(), std=0.1)
y_heap = 0.7 * torch.randn(40, 2, generator=data.make_generator(seeds.one() + 2))
cost, partners = by_pairing(x_ring, y_heap)
print(f"W1 = {cost:.2f}")

# %% tags=["hide-input", "head-picture"]
fig, ax = plt.subplots(figsize=(3.4, 3.4))


def draw(k):
    ax.clear()
    now = torch.lerp(y_heap[partners], x_ring, min(k, 16) / 16)
    ax.plot(*torch.stack([y_heap[partners], x_ring]).permute(2, 0, 1), color=plots.GREY, linewidth=0.6, alpha=0.6)
    ax.scatter(*x_ring.T, s=16, color=plots.REAL, linewidths=0)
    ax.scatter(*now.T, s=16, color=plots.FAKE, linewidths=0)
    ax.set(xlim=(-2.7, 2.7), ylim=(-2.7, 2.7), aspect="equal", xticks=[], yticks=[])


alt = "A film. Forty orange points in the middle travel along straight grey lines, which do not cross, to forty blue points in eight clusters on a ring."
plots.gif(fig, draw, 17, fps=7, alt=alt)

# %% [markdown]
# ## 2 Two parallel lines
#
# Why would one want this distance? Take data on a vertical line: points $(0,u)$ with $u$ uniform between 0 and 1. The fakes lie on a parallel line, $(\theta,u)$. The generator has one parameter, $\theta$ (Arjovsky et al. 2017, Example 1).
#
# How far apart are the two? Say $\theta=0.5$. Each fake goes straight across, so $W_1=0.5$. In general $W_1=|\theta|$.
#
# Lesson 01 had another measure, the JSD. A perfect discriminator is never wrong here, because the lines share no point. So its value is $V=0$. Lesson 01 says $V=-\log4+2\,\mathrm{JSD}$, and therefore $\mathrm{JSD}=\log2$. That is so for *every* $\theta$ except 0, near or far. The JSD jumps where $W_1$ glides.

# %%
def points_on_line(theta, n=32):
    u = (torch.arange(n) + 0.5) / n
    return torch.stack([torch.full((n,), theta), u], dim=1)


thetas = torch.linspace(-1, 1, 21)
W1_lines = []
for theta in thetas.tolist():
    W1_lines.append(by_pairing(points_on_line(0.0), points_on_line(theta))[0])
claim("Between the lines W₁ is |θ|.", W1_lines, near=thetas.abs(), within=1e-6, exact=True)

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(5, 2.4))
ax.plot(thetas, W1_lines, color=plots.GREEN)
for part in (thetas[thetas < -0.01], thetas[thetas > 0.01]):
    ax.plot(part, [math.log(2)] * len(part), color=plots.PINK)
ax.plot([0], [0], "o", color=plots.PINK)
ax.text(1.04, math.log(2), "JSD", color=plots.PINK, va="center")
ax.text(1.04, 1, "$W_1$", color=plots.GREEN, va="center")
ax.set(xlabel="position $θ$ of the fakes", xlim=(-1, 1), title="The JSD jumps, and $W_1$ glides")
alt = "Two curves over the position of the fakes. W1 is a V with its tip at 0. The JSD is a flat line at 0.69 with a single point at 0."
plots.show(fig, alt=alt)

# %% [markdown]
# A flat value has no slope. So a GAN cannot learn parallel lines, one reads. We let it try. The loss is the saturating one of lesson 02: at the best $D$ its value is the JSD, up to constants. $G$ starts at $\theta=1$ and takes plain gradient steps, so that the size of its gradient shows.

# %%
predict(
    "Eight games with the saturating loss, and D takes one step a round. Do the generators reach the data?",
    [
        ("No: a flat value has no gradient", False, "The value is flat at the best D. This D is never the best."),
        ("Yes, all of them", True, "A half-trained D has a slope at the fakes, and G follows it."),
        ("Some do, by luck", False, "It is no luck: what decides is how well D is trained."),
    ],
)

# %%
SEEDS = seeds.several(8)
u = torch.rand(4096, 1, generator=data.make_generator(seeds.one()))
x_lines = torch.cat([torch.zeros(4096, 1), u], dim=1)


class Line(nn.Module):
    """A generator with one parameter: noise (n, 1) -> points (θ, u), (n, 2)."""

    def __init__(self, start):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor([start]))

    def forward(self, z):
        u = torch.special.ndtr(z)  # turns normal noise into uniform u
        return torch.cat([self.theta.expand(len(z), 1), u], dim=1)


# %% [markdown]
# `stack` and `play_many` play eight games side by side, as in lesson 08. `d_steps` says how many steps $D$ takes before each step of $G$. We keep $\theta$ after each round.

# %%
def lines_game(loss, d_steps, rounds, start=1.0, layers=(2, 32, 32, 1), plain=False):
    """θ of eight games, (8, rounds + 1). With `plain` also D takes plain steps."""
    G = stack([Line(start) for _ in SEEDS])
    D = stack([mlp(layers, seed=seed) for seed in SEEDS])
    opt_G = torch.optim.SGD(G.params.values(), lr=0.05)
    if plain:
        opt_D = torch.optim.SGD(D.params.values(), lr=0.05)
    else:
        opt_D = torch.optim.Adam(D.params.values(), lr=3e-3, betas=(0.0, 0.9))
    steps = rounds * d_steps
    batches = [data.batches(x_lines, 64, seed=seed, steps=steps) for seed in SEEDS]
    game = play_many(G, D, opt_G, opt_D, batches, 1, seeds=SEEDS, loss=loss, d_steps=d_steps)
    path = [torch.full((8,), start)]
    for _ in progress(game, "eight games", rounds):
        path.append(G.params["theta"].detach()[:, 0].clone())
    return torch.stack(path, dim=1)


# %%
saturating = losses.LOSSES["saturating"]
one_step = lines_game(saturating, d_steps=1, rounds=240)
five_steps = lines_game(saturating, d_steps=5, rounds=120)
usual = lines_game(losses.LOSSES["non-saturating"], d_steps=5, rounds=120)

# %% tags=["hide-input"]
def show_paths(ax, path, color, title):
    ax.axhline(0, color=plots.REAL, linewidth=2)
    ax.plot(path.T, color=color, linewidth=1)
    ax.set(xlabel="round", xlim=(0, path.shape[1] - 1), title=title)


fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 2.8), sharey=True)
show_paths(left, one_step, plots.FAKE, "One step of D a round: home")
show_paths(right, five_steps, plots.PINK, "Five steps of D a round: stuck")
left.set_ylabel("position $θ$")
alt = "Position of the fakes over the rounds, eight games in each panel, the data at 0. Left, one step of D a round: all paths swing through 0 and come to rest there. Right, five steps: all paths stop far above 0."
plots.show(fig, alt=alt)

# %%
claim("With one step of D a round all eight come home.", one_step[:, -20:].abs().amax(1), below=0.1)
claim("With five steps all stop on the way.", five_steps[:, -1], above=0.4)
claim("The non-saturating loss with five steps runs through the data first.", usual.amin(1), below=-0.2)

# %% [markdown]
# "A GAN cannot learn parallel lines" is true of the *value* and not of the *game*. What stops the game is a $D$ that is too good: its saturating slope dies (lesson 02). The non-saturating loss of lesson 02 does not stop, but it arrives at full speed and runs through the data. So in both games a better teacher does not mean a better lesson. We want a $D$ that we can train as well as we like.
#
# ## 3 One question, three answers
#
# That is the promise of the critic: train it well, and its slope at the fakes is 1, near or far. The loss has no sigmoid. The critic makes its reading large:
#
# $$L_D=\mathbb E\,D(G(z))-\mathbb E\,D(x).$$
#
# But a network does not know the speed limit. Twice the score is twice the reading, so without a limit the scores run away. **How do you keep a network below slope 1?** Here are the three best-known answers.
#
# 1. **Clip** (Arjovsky et al. 2017). After each step cut every weight to $[-c,c]$. Small weights cannot make steep functions.
# 2. **Penalise** (Gulrajani et al. 2017). Add a penalty to the loss where the slope is not 1. R1 in lesson 08 charged for any slope. This penalty allows the speed limit.
# 3. **Normalise** (Miyato et al. 2018). Divide each weight matrix by its **spectral norm**, the largest factor by which it can stretch a vector. Then no layer stretches by more than 1, and the network does not either.
#
# The first changes the weights after each step, the second the loss, the third the network. Here are the first and the third. `parametrize` is PyTorch's way to compute a weight from the one that is trained.

# %%
def clip(weights, c=0.1):
    for w in weights:
        w.clamp_(-c, c)


class Normalised(nn.Module):
    """The weight W that is trained -> W / σ(W), the one that is used."""

    def forward(self, W):
        return W / torch.linalg.matrix_norm(W, 2)  # 2: the spectral norm


def plain_critic(seed):
    return mlp((1, 64, 64, 1), seed=seed)


def spectral_critic(seed):
    D = plain_critic(seed)
    for layer in D[::2]:  # the three linear layers
        parametrize.register_parametrization(layer, "weight", Normalised())
    return D


# %% [markdown]
# The second answer is a penalty *between* real and fake points, where the fakes have to travel. Each real point of the batch is joined to a fake, and a place on the way is chosen. `losses.slopes` returns the slope of $D$ there; it is `autograd.grad` with `create_graph=True`, as in lesson 08, for many games at once. The published penalty is **two-sided**: it charges for slopes below 1, too. The **one-sided** penalty (Petzka et al. 2018) charges only above 1.

# %%
def penalty(D, x_real, x_fake, weight=10.0, one_sided=True):
    n = len(x_real)
    share = (torch.arange(n) + 0.5) / n  # evenly spread; published: drawn at random
    x_between = torch.lerp(x_fake, x_real, share[:, None])
    slope, _ = losses.slopes(D, x_between)
    excess = slope.norm(dim=1) - 1  # one norm per sample
    if one_sided:
        excess = excess.clamp_min(0)
    return weight * excess.square().mean()


def critic_D(D, x_real, x_fake):
    return D(x_fake).mean() - D(x_real).mean()


def critic_G(D, x_real, x_fake):
    return -D(x_fake).mean()


# %% [markdown]
# We try them where the right answer is known. The data are two heaps on a line, around −1.5 and 1.5. The fakes are one heap around 0.5 that never moves: its generator has rate 0. The exact $W_1$ comes from sorting.

# %%
class Still(nn.Module):
    def __init__(self):
        super().__init__()
        self.centre = nn.Parameter(torch.tensor(0.5))

    def forward(self, z):
        return self.centre + 0.4 * z


x_heaps = data.mixture_1d(20_000, seed=seeds.one(), means=(-1.5, 1.5), stds=0.3)[:, None]
z_heap = torch.randn(20_000, 1, generator=data.make_generator(seeds.one() + 1))
y_still = Still()(z_heap).detach()
W1 = by_sorting(x_heaps[:, 0], y_still[:, 0])


# %%
def train_critics(loss_D, make=plain_critic, after_step=None, steps=300):
    """Eight critics, one per seed, against fakes that do not move."""
    critics = [make(seed) for seed in SEEDS]
    G, D = stack([Still() for _ in SEEDS]), stack(critics)
    opt_G = torch.optim.SGD(G.params.values(), lr=0.0)
    opt_D = torch.optim.Adam(D.params.values(), lr=2e-3, betas=(0.0, 0.9))
    batches = [data.batches(x_heaps, 128, seed=seed, steps=steps) for seed in SEEDS]
    game = play_many(G, D, opt_G, opt_D, batches, 1, seeds=SEEDS, loss=(loss_D, critic_G))
    for step, _ in enumerate(progress(game, "critics", steps)):
        opt_D.param_groups[0]["lr"] = 2e-3 * min(1, 2.02 - 2 * step / steps)
        if after_step:
            with torch.no_grad():
                after_step(D.params.values())
    return critics


# %%
def charged(weight=10.0, one_sided=True):
    """L_D of a critic with a gradient penalty."""

    def loss_D(D, x_real, x_fake):
        paid = penalty(D, x_real, x_fake, weight, one_sided)
        return critic_D(D, x_real, x_fake) + paid

    return loss_D


critics = {
    "no limit": train_critics(critic_D, steps=100),
    "clipping": train_critics(critic_D, after_step=clip),
    "spectral norm": train_critics(critic_D, make=spectral_critic),
    "penalty, one-sided": train_critics(charged()),
    "penalty, two-sided": train_critics(charged(one_sided=False)),
}

# %% [markdown]
# The rate falls in the second half of the steps. For each critic we take its reading, and its largest slope on a fine grid, which we call $K$. No critic here keeps the limit exactly. But $D/K$ does, whatever $D$ is. So **reading divided by $K$ is never more than $W_1$**. A critic with slope 2 everywhere reads twice too much, and half of that is honest.

# %%
grid = torch.linspace(-2.5, 2.5, 2001)[:, None]


def look(D):
    """The reading of a critic, and its largest slope K."""
    with torch.no_grad():
        reading = D(x_heaps).mean() - D(y_still).mean()
        steps = D(grid).diff(dim=0) / (grid[1] - grid[0])
    return reading.item(), steps.abs().max().item()


largest, honest = {}, {}
for name, eight in critics.items():
    both = torch.tensor([look(D) for D in eight])  # (8, 2)
    largest[name] = both[:, 1]
    honest[name] = both[:, 0] / both[:, 1] / W1

# %%
predict(
    "The best critic falls on the left of 0.5 and rises on the right, both with slope 1. Which trained critics come near?",
    [
        ("All that keep the limit", False, "Keeping a limit is one thing, using it is another."),
        ("Only the one with the one-sided penalty", True, "Clipping and spectral norm go flat where they should rise."),
        ("Both penalties, and neither of the others", False, "The two-sided penalty has a trap on the line."),
    ],
)

# %% [markdown]
# In the picture each critic is divided by its largest slope. Look at the right half: does it rise as the black line does?

# %% tags=["hide-input"]
best = (grid[:, 0] - 0.5).abs()
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
shown = {"penalty, one-sided": plots.GREEN, "spectral norm": plots.SKY, "clipping": plots.PINK}
for ax, seed in ((left, 0), (right, 1)):
    ax.plot(grid, best - best.mean(), color=plots.DISC, linewidth=4, alpha=0.4)
    for name, color in shown.items():
        with torch.no_grad():
            f = critics[name][seed](grid) / largest[name][seed]
        ax.plot(grid, f - f.mean(), color=color)
        if ax is right:
            ax.text(2.6, (f - f.mean())[-1].item(), name, color=color, va="center")
    ax.set(xlabel="$x$", xlim=(-2.5, 2.5), title=f"seed {SEEDS[seed]}")
right.text(2.6, 1.35, "best critic", color=plots.GREY, va="center")
left.set_ylabel("score, divided by $K$")
alt = "Scores over x for two seeds. The best critic is a V with its tip at 0.5. The critic with the one-sided penalty follows it. The clipped critic and the one with spectral norm fall on the left as well, but on the right they stay flat."
plots.show(fig, alt=alt)

# %%
table("largest slope K", largest)
table("reading ÷ K, as a share of W₁", honest)

# %%
claim("Without a limit the slope runs away.", largest["no limit"], above=100)
claim("The one-sided penalty finds most of the distance.", honest["penalty, one-sided"], above=0.88)
lost = torch.maximum(honest["clipping"], honest["spectral norm"])
claim("Clipping and spectral norm find less than four fifths.", lost, below=0.8)

# %% [markdown]
# Clipping and spectral norm keep *a* limit, but they lose *shapes*. With spectral norm no layer may stretch by more than 1, and that is stricter than the whole network: the deeper notebook shows that such a layer of ReLUs makes $|x|$ with slope ½ only. Clipping pushes most weights against a wall.
#
# And the scale of clipping is an accident. Take $c=0.01$ and our three layers with 1, 64 and 64 inputs. The slope is at most $0.01^3\cdot64\cdot64=0.004$. With $c=0.1$ it is at most 4, and with more layers the two part further: one vanishes, the other explodes.
#
# **What surprised us** is the last row. The published two-sided penalty keeps the limit and misses the distance.

# %%
weights = []
for D in critics["clipping"]:
    inner = torch.cat([D[2].weight.flatten(), D[4].weight.flatten()])
    weights.append((inner.abs() > 0.099).float().mean().item())
two_sided = honest["penalty, two-sided"]
claim("Clipping puts most weights behind the first layer at a wall.", weights, above=0.7)
claim("The two-sided penalty mostly reads less than half of W₁.", two_sided < 0.5, in_at_least=5)

# %% [markdown]
# Our critic has to fall and then rise, so somewhere its slope must pass 0. The two-sided penalty charges for slope 0, and soon one sign wins everywhere. The deeper notebook has the control: with a hundredth of the weight the same critic finds both signs. In more dimensions a slope can turn round without passing 0. There the trap is weaker, but we still found it on spheres in eight dimensions.
#
# ## 4 The reading, and its correction
#
# So we take the one-sided penalty. Its reading, not divided by $K$, was a little *more* than $W_1$. By how much?
#
# Think of two points at distance 1. A critic with slope $s$ between them reads $s$. Above slope 1 it pays $\lambda(s-1)^2$, with the weight $\lambda$. With $\lambda=10$ it is best at $s=1.05$: it gains 0.05 and pays 0.025. So the critic is *meant* to break the limit a little.

# %%
predict(
    "A smaller weight, λ = 1. What does the best critic read for two points at distance 1?",
    [
        ("1: the penalty only has to be there", False, "At slope 1 a little more slope costs nothing yet, and it gains."),
        ("1.5", True, "s − (s − 1)² is largest at s = 1.5. It pays 0.25 for that."),
        ("2: with so small a weight it takes what it can get", False, "From 1.5 on the penalty grows faster than the gain."),
    ],
)

# %% [markdown]
# Now look at the two lines of this sum: reading 1.5, penalty 0.25. Then $1.5-2\cdot0.25=1$, which is the distance. For $\lambda=10$ it is $1.05-2\cdot0.025=1$, too. So there is a correction, and it needs only what the training loop prints anyway:
#
# $$W_1\approx\text{reading}-2\cdot\text{penalty}.$$
#
# Why is that so? The best slope is $s=1+\frac1{2\lambda}$. The reading is too large by $\frac1{2\lambda}$, and the penalty is $\lambda(\frac1{2\lambda})^2=\frac1{4\lambda}$, just half of that. On a line the same holds at every place, whatever the two heaps are (derived in the deeper notebook). Here are our heaps, with the penalty measured on all 20,000 pairs.

# %%
readings, corrected = {}, {}
for weight in (1.0, 10.0, 100.0):
    if weight == 10:
        eight = critics["penalty, one-sided"]
    else:
        eight = train_critics(charged(weight))
    raw = torch.tensor([look(D)[0] for D in eight])
    paid = torch.tensor([penalty(D, x_heaps, y_still, weight).item() for D in eight])
    readings[weight] = raw / W1
    corrected[weight] = (raw - 2 * paid) / W1

# %%
table("reading, as a share of W₁", {f"λ = {w:g}": values for w, values in readings.items()})
table("reading − 2 · penalty", {f"λ = {w:g}": values for w, values in corrected.items()})
claim("With λ = 1 the reading is too large by more than half.", readings[1.0], above=1.5)
claim("With λ = 10 it is too large by a few per cent.", readings[10.0], between=(1.04, 1.12))
every = torch.stack(list(corrected.values()))
claim("Corrected, all are within 5 % of W₁.", (every - 1).abs().amax(0), below=0.05)

# %% [markdown]
# Three weights that differ by a factor of 100 give three readings, and one distance. *What this does not show:* this critic was trained to the end, on a line, against fakes that stand still. In more dimensions the corrected reading is still a little too large. And in a game the critic is never finished.
#
# ## 5 Both move
#
# Back to the parallel lines. The critic gets the one-sided penalty with $\lambda=10$ and five steps a round, which got the saturating games stuck.

# %%
critic = charged(), critic_G
glide = lines_game(critic, d_steps=5, rounds=120)

# %% tags=["hide-input"]
fig, (left, right) = plt.subplots(1, 2, figsize=(8.6, 2.8), sharey=True)
show_paths(left, usual, plots.FAKE, "Non-saturating: at full speed, through")
show_paths(right, glide, plots.GREEN, "Critic: at constant speed, and stays near")
left.set_ylabel("position $θ$")
alt = "Position of the fakes over 120 rounds, eight games in each panel, the data at 0. Left, the non-saturating loss: all paths run through 0, come back, and some swing again. Right, the critic: all paths fall along one straight line to 0 and stay near it."
plots.show(fig, alt=alt)

# %%
speed = (glide[:, 3] - glide[:, 15]) / 12
claim("With the critic θ moves by about 0.05 a round.", speed, between=(0.035, 0.07))
claim("After it has arrived it stays within 0.3.", glide[:, 40:].abs().amax(1), below=0.3)

# %% [markdown]
# The rate of $G$ is 0.05 and the slope is about 1, so each round brings it 0.05 nearer, near or far. That is what the speed limit is for: now a well-trained $D$ is a good teacher.
#
# Can we also *watch* the distance while a GAN learns? Here $G$ is a network, and the data are three heaps on a line. Every ten rounds we sort 4,096 fakes and real points for the exact $W_1$, and read the critic beside it, with the correction.

# %%
HEAPS = {"means": (-2.0, 0.0, 3.0), "stds": 0.3, "weights": (1, 1, 2)}
x_three = data.mixture_1d(20_000, seed=seeds.one(), **HEAPS)[:, None]
x_new = data.mixture_1d(4096, seed=seeds.one() + 7, **HEAPS)[:, None]
z_new = torch.randn(4096, 2, generator=data.make_generator(99))


def watch(G, D):
    """Exact W1, and the critic's corrected reading, of one game."""
    with torch.no_grad():
        fake = G(z_new)
        reading = D(x_new).mean() - D(fake).mean()
    paid = penalty(D, x_new, fake)
    exact = by_sorting(x_new[:, 0], fake[:, 0])
    return exact, (reading - 2 * paid).item()


# %%
def watched_game(d_steps, rounds=200):
    """(2, 8, looks): exact and corrected reading of eight games."""
    generators = [mlp((2, 32, 32, 1), seed=2 * seed) for seed in SEEDS]
    players = [mlp((1, 32, 32, 1), seed=2 * seed + 1) for seed in SEEDS]
    G, D = stack(generators), stack(players)
    opt_G = torch.optim.Adam(G.params.values(), lr=1e-3, betas=(0.0, 0.9))
    opt_D = torch.optim.Adam(D.params.values(), lr=2e-3, betas=(0.0, 0.9))
    steps = rounds * d_steps
    batches = [data.batches(x_three, 128, seed=seed, steps=steps) for seed in SEEDS]
    noise = [1000 + seed for seed in SEEDS]
    game = play_many(G, D, opt_G, opt_D, batches, 2, seeds=noise, loss=critic, d_steps=d_steps)
    film = []
    for step, _ in enumerate(progress(game, "eight games", rounds)):
        if step % 10 == 0:
            film.append([watch(*pair) for pair in zip(generators, players, strict=True)])
    return torch.tensor(film).permute(2, 1, 0)


exact_1, read_1 = watched_game(d_steps=1)
exact_5, read_5 = watched_game(d_steps=5)

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(9, 2.9), sharey=True)
rounds = torch.arange(0, 200, 10)
for ax, exact, read, name in ((axes[0], exact_1, read_1, "One step"), (axes[1], exact_5, read_5, "Five steps")):
    plots.curves(rounds, exact, color=plots.DISC, label="exact $W_1$", ax=ax)
    plots.curves(rounds, read, color=plots.GREEN, label="critic, corrected", ax=ax)
    ax.set(xlabel="round", title=f"{name} of D a round")
axes[0].legend(fontsize=9)
alt = "Exact distance (black) and the critic's corrected reading (green) over 200 rounds, median and range of eight games. With one step of D a round the reading stays well below the exact distance. With five steps it starts too low, then follows it, somewhat below."
plots.show(fig, alt=alt)

# %%
def share_read(exact, read):
    """Median over the looks of reading ÷ exact, where W1 > 0.3: (8,)."""
    return torch.where(exact > 0.3, read / exact, torch.nan).nanmedian(1).values


share_1, share_5 = share_read(exact_1, read_1), share_read(exact_5, read_5)
rows = {"one step of D a round": share_1, "five steps": share_5}
table("corrected reading, as a share of the exact W₁", rows)
claim("With five steps the critic reads more than half of W₁, and not more than W₁.", share_5, between=(0.5, 1.05))
claim("With one step it reads less of it.", share_1, below=share_5)

# %% [markdown]
# Look at the right panel. The green curve starts too low, because the first critic has learned nothing yet. Then it follows the black one, somewhat below. With one step a round it lags behind all the time. So a reading is a distance only if the critic had the time to find it. When it is wrong in a game, it is too small: fakes look nearer than they are.
#
# Is it evidence that the reading *falls* together with $W_1$? Anything that falls does that. Minus the number of the round correlates with $W_1$, too (deeper notebook). The *size* is the evidence.
#
# ## 6 What it does not cure
#
# Does a critic that knows the distance also bring the game to rest? Lesson 03 had a control: R1 asks $D$ for slope 0 and brings the smallest GAN to rest; a penalty that asks for slope 1 does not. Here is the same question on the parallel lines. $\theta$ starts at 0.3, and both players take one plain step a round. First $D$ is a *linear* function, then a network.

# %%
predict(
    "θ is near the data already. Where does the game with the speed limit come to rest?",
    [
        ("With both: near the data W₁ is near 0", False, "A linear D keeps its slope, and drives θ through the data."),
        ("With the network, but not with the linear D", True, "The linear game circles, as the Dirac-GAN of lesson 03."),
        ("With the linear D only: it has less to learn", False, "It can only lean to one side or the other."),
    ],
)

# %%
R1 = losses.regularised((critic_D, critic_G), r1=1.0)
swing = {}
trials = {
    "linear D, speed limit": (critic, (2, 1)),
    "linear D, R1": (R1, (2, 1)),
    "network, speed limit": (critic, (2, 32, 32, 1)),
}
for name, (loss, layers) in trials.items():
    path = lines_game(loss, 1, 300, start=0.3, layers=layers, plain=True)
    swing[name] = path[:, -100:].square().mean(1).sqrt()
table("swing of θ in the last 100 rounds (root mean square)", swing)

# %%
claim("With a linear D the speed limit does not bring θ to rest.", swing["linear D, speed limit"], above=0.2)
claim("R1 on the same loss does.", swing["linear D, R1"], below=0.02)
claim("With a network θ comes nearly to rest.", swing["network, speed limit"], below=0.1)

# %% [markdown]
# With a linear $D$ the game circles on, as the smallest GAN did. At rest $D$ should be flat. The speed limit asks nothing of a slope below 1, so nothing makes $D$ flat. The control is R1: the same loss, and only the penalty differs. With it the same game comes to rest.
#
# With a network the game comes nearly to rest, with the same speed limit. So the smallest GAN shows that a Wasserstein GAN *can* fail to converge, and not that it will.
#
# Nor does it cover modes sooner. In the deeper notebook the usual GAN covers more of 25 clusters within 200 rounds. Lesson 08 asked something else, and there WGAN-GP helped against *collapse* in every seed.

# %%
how_sure()

# %% [markdown]
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
# ●●○ · 10 minutes · you need: section 3. Return $\lVert\nabla_xD\rVert_2$ for each image of a batch, so that a penalty made of it can train $D$.


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
# ●○○ · 5 minutes · you need: section 3. Turn the norms of slopes into the one-sided penalty.


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
# ## Recap
#
# 1. The cheapest pairing, sorting and the best critic give the same distance $W_1$ ([section 1](#1-Moving-earth)).
# 2. Between parallel lines the JSD jumps and $W_1$ glides; a GAN is stuck there only if its $D$ is too well trained ([section 2](#2-Two-parallel-lines)).
# 3. Clipping and spectral norm keep a limit and lose shapes, and the one-sided penalty finds the best critic ([section 3](#3-One-question,-three-answers)).
# 4. A critic with the penalty reads too much, and the reading minus twice the penalty is $W_1$ ([section 4](#4-The-reading,-and-its-correction)).
# 5. In a game the reading is a distance only if the critic keeps up, and a speed limit does not bring every game to rest ([section 5](#5-Both-move), [section 6](#6-What-it-does-not-cure)).
#
# **Further reading.** Arjovsky, Chintala and Bottou 2017 (arXiv:1701.07875) · Gulrajani et al. 2017 (1704.00028), the penalty · Petzka, Fischer and Lukovnikov 2018 (1709.08894), one-sided · Miyato et al. 2018 (1802.05957), spectral norm · Mescheder et al. 2018 (1801.04406), rest. Next: [10](10_a_modern_gan.ipynb), where R1, R2 and pairs take over.
