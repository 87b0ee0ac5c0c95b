# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · The minimax game, deeper
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/deeper/01_the_minimax_game.ipynb)
#
# Comes after [lesson 01](../01_the_minimax_game.ipynb), and no later lesson needs it.
#
# **After this you can**
#
# - **derive** the best discriminator without calculus, and find it by two methods that do not know the formula;
# - **say** where a trained network knows the density ratio and where it invents one, and what decides that;
# - **refute** eleven statements about GAN losses, each with a test of a few lines;
# - **show** that a discriminator can see differences that do not exist, and what a generator learns from one that can see.
#
# *Study:* 81 minutes, and 15 for the exercises. *Run time:* about a minute on one CPU core.

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
from scipy.integrate import quad
from scipy.special import xlogy
from torch import nn
from torch.distributions import Normal
from torch.nn import functional as F

from gan_helpers import plots, seeds
from gan_helpers.checks import nb01
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.notebook import predict, progress

plots.use_course_style()
torch.set_num_threads(1)  # small networks on the CPU: a second thread costs more than it brings

# %% [markdown]
# ## 1 The best discriminator, three more ways (8 min)
#
# The value function and the score are those of the lesson, and so is the example: data $\mathcal N(0,1)$ and fakes $\mathcal N(1,1.5^2)$.

# %%
data, fake = Normal(0.0, 1.0), Normal(1.0, 1.5)


def value(score_real, score_fake):
    """V(D, G), from the scores of real and of fake samples."""
    return -F.softplus(-score_real).mean() - F.softplus(score_fake).mean()


# %% [markdown]
# **Without derivatives.** Let $q(x)$ be the probability of "real" if you know $x$. The coin is fair, so Bayes' rule gives $q(x)=\tfrac12p_d(x)\,/\,(\tfrac12p_d(x)+\tfrac12p_g(x))$. Whoever answers $P$ at this $x$ pays on average
#
# $$-q\log P-(1-q)\log(1-P)=\underbrace{-q\log q-(1-q)\log(1-q)}_{\text{cannot be avoided}}+\underbrace{\mathrm{KL}(q\,\|\,P)}_{\ge0,\ =0\text{ only for }P=q}$$
#
# with $\mathrm{KL}(q\|P)=q\log\frac qP+(1-q)\log\frac{1-q}{1-P}$. It is never negative: use $\log t\le t-1$ on $-\mathrm{KL}$. So the best answer is the truth about the coin, $P^*=q$. This also holds where one of the densities is 0. Then the best $P$ is 0 or 1, and no finite score reaches it.
#
# **Newton's method.** Every point of a grid gets a free score. The derivative of $V$ with respect to such a score is $p_d(1-P)-p_gP$, because $\frac{d}{dt}\log\sigma(t)=1-\sigma(t)$. The second derivative is $-(p_d+p_g)P(1-P)$.

# %%
x = torch.linspace(-5, 6, 221, dtype=torch.float64)
p_d, p_g = data.log_prob(x).exp(), fake.log_prob(x).exp()
D_star = torch.log(p_d / p_g)

score = 3 * torch.randn(5, len(x), dtype=torch.float64)  # five random starts
for _ in range(60):
    P = torch.sigmoid(score)
    slope = p_d * (1 - P) - p_g * P
    curvature = (p_d + p_g) * P * (1 - P)
    score += (slope / curvature).clamp(-1, 1)  # short steps while it is far away

claim(
    "Newton's method finds log p_d/p_g from every start.",
    (score - D_star).abs().amax(1), below=1e-8, exact=True,
)

# %% [markdown]
# **Counting.** Toss the coin 200,000 times and count, in every bin, how often it showed heads. No formula, no optimiser, no network.

# %%
edges = torch.arange(-4.0, 5.51, 0.25)
mass_d, mass_g = data.cdf(edges).diff(), fake.cdf(edges).diff()
q = mass_d / (mass_d + mass_g)  # Bayes' rule for a whole bin


def count(seed):
    """The share of heads in each bin, and how many samples fell into it."""
    torch.manual_seed(seed)
    heads = torch.rand(200_000) < 0.5
    x = torch.where(heads, data.sample(heads.shape), fake.sample(heads.shape))
    total = torch.histogram(x, edges).hist
    return torch.histogram(x[heads], edges).hist / total, total


# %%
misses = []
for seed in seeds.several(8):
    share, total = count(seed)
    errors = (share - q) / torch.sqrt(q * (1 - q) / total)  # in standard errors
    misses.append(errors[total * q > 20].abs().max())  # bins with enough heads

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7, 3.2))
plots.densities(x, p_d, p_g, P=torch.sigmoid(D_star), ax=ax)
right = ax.right_ax
right.get_legend().remove()
right.plot(x[::8], torch.sigmoid(score[0, ::8]), "o", ms=5, mfc="none", color=plots.DISC)
right.plot((edges[1:] + edges[:-1]) / 2, share, "x", ms=5, color=plots.GREEN)
right.text(-4.8, 0.75, "line: formula\ncircles: Newton", color=plots.DISC)
right.text(-4.8, 0.68, "crosses: counting", color=plots.GREEN)
ax.set_title("Three ways, one curve")
alt = "Two bell curves and the black curve P*, a hill that crosses one half twice. Circles from Newton's method and crosses from counting lie on it."
plots.show(fig, alt=alt)

# %%
claim("No bin is five standard errors from Bayes' rule.", misses, below=5)

# %% [markdown]
# ## 2 The divergence, computed twice (10 min)
#
# In the lesson the JSD is what seeing $x$ saves. Books write it with the Kullback–Leibler divergence $\mathrm{KL}(p\|m)=\int p\log\frac pm$. Let $m=\tfrac12(p_d+p_g)$ be the mixture of both. Then $P^*=\frac{p_d}{2m}$ and $1-P^*=\frac{p_g}{2m}$. The mean mark of the data is the mean of $\log\frac{p_d}{m}-\log2$ over the data, and that is $\mathrm{KL}(p_d\|m)-\log2$. The fakes give $\mathrm{KL}(p_g\|m)-\log2$. So
#
# $$V(D^*,G)=-\log4+2\,\mathrm{JSD}(p_d,p_g),\qquad\mathrm{JSD}(p_d,p_g)=\tfrac12\mathrm{KL}(p_d\|m)+\tfrac12\mathrm{KL}(p_g\|m).$$
#
# Here both sides are computed by methods that share nothing. On the left the best $P$ is put into $V$, on a fine grid. On the right are entropies $h(p)=-\int p\log p$, by adaptive quadrature. Write each $\log\frac pm$ as $\log p-\log m$, and the divergence becomes
#
# $$\mathrm{JSD}(p_d,p_g)=h(m)-\tfrac12h(p_d)-\tfrac12h(p_g).$$


# %%
def normal(t, mean, std):
    return np.exp(-(((t - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))


def bell(t):
    return normal(t, 0, 1)


def wide_bell(t):
    return normal(t, 0, 2)


def shifted_bell(t):
    return normal(t, 1, 1.5)


def two_bumps(t):
    return (normal(t, -2, 0.5) + normal(t, 2, 0.5)) / 2


def laplace(t):
    return np.exp(-abs(t)) / 2


def box(t):
    return ((t >= 0) & (t < 2)) / 2


def shifted_box(t):
    return box(t - 1)


def far_box(t):
    return box(t - 3)


# %%
dt = 5e-4
t = np.arange(-20, 20, dt) + dt / 2


def best_value(p_d, p_g):
    """V(D*, G), a sum over the points t."""
    a, b = p_d(t), p_g(t)
    both = a + b + 1e-300  # where both are 0, any P is as good
    return ((xlogy(a, a / both) + xlogy(b, b / both)) * dt).sum()


def entropy(p):
    """h(p) over [-20, 20], piece by piece: kinks and jumps sit on whole numbers."""

    def inside(s):
        return -xlogy(p(s), p(s))

    total = 0.0
    for left in range(-20, 20):
        total += quad(inside, left, left + 1, epsabs=1e-10)[0]
    return total


def jsd_by_entropies(p_d, p_g):
    def m(s):
        return (p_d(s) + p_g(s)) / 2

    return entropy(m) - entropy(p_d) / 2 - entropy(p_g) / 2


# %%
pairs = {
    "a bell and itself": (bell, bell),
    "N(0, 1) and N(1, 1.5²)": (bell, shifted_bell),
    "N(0, 1) and Laplace": (bell, laplace),
    "two bumps and N(0, 2²)": (two_bumps, wide_bell),
    "boxes, half shared": (box, shifted_box),
    "boxes apart": (box, far_box),
}
divergence = {name: jsd_by_entropies(*pair) for name, pair in pairs.items()}
values = np.array([best_value(*pair) for pair in pairs.values()])
table("JSD by entropies (at most log 2 = 0.693)", divergence)

# %%
claim(
    "Both sides agree for all six pairs.",
    values, near=-math.log(4) + 2 * np.array(list(divergence.values())), within=1e-6, exact=True,
)

# %% [markdown]
# **A cliff in $P$ is a straight line in $D$.** Push the fakes away, to $\mathcal N(4,1)$. The curve $P^*$ becomes a cliff half-way between the two hills, and it is nearly flat among the fakes. The score is $D^*=8-4x$, as steep there as anywhere. Which of the two does the generator feel? This is the question of notebook 02.

# %%
places = torch.tensor([2.0, 4.0], requires_grad=True)  # half-way, and among the fakes
scores = Normal(0.0, 1.0).log_prob(places) - Normal(4.0, 1.0).log_prob(places)
(slope_D,) = torch.autograd.grad(scores.sum(), places, retain_graph=True)
(slope_P,) = torch.autograd.grad(torch.sigmoid(scores).sum(), places)

claim("The slope of P is -1 half-way.", slope_P[0], near=-1, within=0.01, exact=True)
claim("It is nearly 0 among the fakes.", slope_P[1], near=0, within=0.01, exact=True)
claim("The slope of the score is -4 in both places.", slope_D, near=-4, within=1e-4, exact=True)

# %% [markdown]
# ## 3 A network learns a density ratio (19 min)
#
# In practice there are only samples. The formula $D^*=\log p_d/p_g$ is the optimum over all functions. Does a trained network come near it? In our example the truth is known at every $x$.

# %%
predict(
    "We give the network 100 times more samples. Where does its error shrink?",
    [
        ("Everywhere", False, "The tails get next to no samples, however many there are."),
        ("Where the samples fall, and not in the tails", True, "Nothing corrects the score where there are no data."),
        ("Nowhere: 400 steps are too few", False, "They suffice in the middle."),
    ],
)


# %%
def tanh_net():
    return nn.Sequential(
        nn.Linear(1, 32), nn.Tanh(),
        nn.Linear(32, 32), nn.Tanh(),
        nn.Linear(32, 1),
    )  # fmt: skip


def train_D(D, x_real, x_fake, lr=1e-2, steps=400):
    """Minimise L_D = -V on two fixed sets (n, 1); the rate falls to 2 %."""
    optimizer = torch.optim.Adam(D.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, steps)
    for _ in range(steps):
        i, j = torch.randint(len(x_real), (2, 200))
        loss_D = -value(D(x_real[i]), D(x_fake[j]))
        optimizer.zero_grad()
        loss_D.backward()
        optimizer.step()
        schedule.step()
    return D


# %%
x = torch.linspace(-6, 8, 701)
learned = {}
for n in progress((100, 1_000, 10_000), "sizes", 3):
    rows = []
    for seed in seeds.several(8):
        torch.manual_seed(seed)
        D = train_D(tanh_net(), data.sample((n, 1)), fake.sample((n, 1)))
        rows.append(D(x[:, None]).detach().squeeze(1))
    learned[n] = torch.stack(rows)  # seeds × points

# %% [markdown]
# Three numbers say how good a run is. The first is the error $|D-D^*|$, weighted as the samples fall. The second is the plain mean error in the **tails**, the two ends of our grid where one sample in a hundred falls. The third is what $V$ loses there, and this is the only thing that the training can notice.

# %%
D_star = data.log_prob(x) - fake.log_prob(x)
p_d, p_g = data.log_prob(x).exp(), fake.log_prob(x).exp()
below = (data.cdf(x) + fake.cdf(x)) / 2
tails = (below < 0.005) | (below > 0.995)


def inside(D):
    return p_d * F.logsigmoid(D) + p_g * F.logsigmoid(-D)


weighted, in_tails, lost = {}, {}, {}
for n, D in learned.items():
    error = (D - D_star).abs()
    weighted[f"n = {n:,}"] = torch.trapezoid(error * (p_d + p_g) / 2, x)
    in_tails[f"n = {n:,}"] = error[:, tails].mean(1)
    gap = (inside(D_star) - inside(D)) * tails
    lost[f"n = {n:,}"] = gap.sum(1) * (x[1] - x[0])

# %%
table("error, weighted as the samples fall", weighted)
table("error in the tails", in_tails)
table("V lost in the tails", lost)

# %% tags=["hide-input"]
fig, (left, right) = plt.subplots(1, 2, figsize=(9.4, 3.4))
for n, color in zip(learned, (plots.SKY, plots.GREEN, plots.DISC), strict=True):
    plots.curves(x, learned[n], label=f"network, n = {n:,}", color=color, ax=left)
    plots.curves(x, (learned[n] - D_star).abs(), color=color, ax=right)
left.plot(x, D_star, color=plots.PINK, linestyle="--", label="$\\log p_d/p_g$")
left.set(ylim=(-14, 4), xlabel="$x$", ylabel="score $D(x)$", title="Right in the middle, invented outside")
right.set(yscale="log", ylim=(0.005, 30), xlabel="$x$", ylabel="error $|D-D^*|$", title="More data help where data fall")
for ax in (left, right):
    for edge in (x[~tails][0], x[~tails][-1]):
        ax.axvline(edge, color=plots.GREY, linestyle=":", linewidth=1)
left.legend(fontsize=9, loc="lower center")
alt = "Left: learned scores follow the dashed log ratio between the dotted lines, where 99 of 100 samples fall, and flatten outside while the truth falls on. Right: the error on a log scale, lower in the middle for more samples, large on both sides for every number of samples."
plots.show(fig, alt=alt)

# %%
claim(
    "With 10,000 samples the weighted error is lower than with 100.",
    weighted["n = 10,000"], below=weighted["n = 100"],
)
claim(
    "In the tails it stays large.",
    in_tails["n = 10,000"], between=(3, 9),
)
claim("Yet V loses next to nothing there.", lost["n = 10,000"], below=0.004)

# %% [markdown]
# Lines are medians over seeds and bands go from the smallest to the largest; 99 of 100 samples fall between the dotted lines. In the tails the truth falls like a parabola, and the network flattens. The derivative of $V$ with respect to $D(x)$ was in section 1: without samples both of its terms are 0. So nothing corrects the score there, until a generator puts samples there.
#
# **Which samples decide about the tails?** There are 100 samples a side. Redraw only the eight outermost of each side, or only the other 92, with the same start and the same order of batches. By how much do the scores at −6 and at 8 move?


# %%
def draw(seed):
    torch.manual_seed(seed)
    samples = torch.stack([data.sample((100, 1)), fake.sample((100, 1))])
    return samples.sort(dim=1).values


def tail_scores(samples, seed):
    """D(-6) and D(8) after training on samples (2, 100, 1)."""
    torch.manual_seed(seed)
    D = train_D(tanh_net(), *samples)
    return D(torch.tensor([[-6.0], [8.0]])).detach().squeeze(1)


outer = torch.zeros(100, 1, dtype=torch.bool)
outer[:4] = outer[-4:] = True

# %%
moved = {"8 outer samples": [], "92 inner samples": [], "only the start": []}
for seed in progress(seeds.several(8), "draws"):
    old, new = draw(seed), draw(seed + 100)
    before = tail_scores(old, seed)
    changed = {
        "8 outer samples": tail_scores(torch.where(outer, new, old), seed),
        "92 inner samples": tail_scores(torch.where(outer, old, new), seed),
        "only the start": tail_scores(old, seed + 100),
    }
    for name, scores in changed.items():
        moved[name].append((scores - before).abs().sum())
table("how far D(-6) and D(8) move, added", moved)

# %%
per_outer = torch.tensor(moved["8 outer samples"]) / 8
per_inner = torch.tensor(moved["92 inner samples"]) / 92
claim(
    "Per sample, the outer ones move the tails more than the inner ones.",
    per_outer > per_inner, in_at_least=7,
)
claim(
    "The outer samples move them more than another start does.",
    torch.tensor(moved["8 outer samples"]) > torch.tensor(moved["only the start"]),
    in_at_least=5,
)

# %% [markdown]
# A few samples at the edge bend the network there, and it goes on from its last bend. In the table the eight outermost samples of each side do about as much to the tails as the other 92 together, so each of them counts far more. The start matters least. This is one number of samples and one kind of network; for others we have not tested it.
#
# **And the architecture?** Now change only the kind of network, with 10,000 samples. The third kind is linear in $x$ and $x^2$. For two normal densities this is the right family, because their log ratio is a parabola. It has far to go, so its learning rate is five times higher.


# %%
class WithSquare(nn.Module):
    def forward(self, x):
        return torch.cat([x, x**2], dim=1)


def relu_net():
    return nn.Sequential(
        nn.Linear(1, 32), nn.ReLU(),
        nn.Linear(32, 32), nn.ReLU(),
        nn.Linear(32, 1),
    )  # fmt: skip


def parabola():
    return nn.Sequential(WithSquare(), nn.Linear(2, 1))


# %%
kinds = {"tanh network": (tanh_net, 1e-2), "ReLU network": (relu_net, 1e-2)}
kinds["a + bx + cx²"] = (parabola, 5e-2)
kind_errors = {}
for name, (make_D, lr) in progress(kinds.items(), "kinds", 3):
    kind_errors[name] = []
    for seed in seeds.several(8):
        torch.manual_seed(seed)
        x_real, x_fake = data.sample((10_000, 1)), fake.sample((10_000, 1))
        D = train_D(make_D(), x_real, x_fake, lr=lr)
        error = (D(x[:, None]).detach().squeeze(1) - D_star).abs()
        kind_errors[name].append(error[tails].mean())
table("error in the tails, by the kind of network", kind_errors)

# %%
claim(
    "ReLU goes on in a straight line and errs less than tanh.",
    kind_errors["ReLU network"], below=kind_errors["tanh network"],
)
claim(
    "The parabola errs less than ReLU.",
    kind_errors["a + bx + cx²"], below=kind_errors["ReLU network"],
)

# %% [markdown]
# The samples are the same, and there are three answers where next to no samples fall. The parabola is nearly right because we knew the truth. In a GAN nobody does.
#
# ## 4 Eleven more statements (27 min)
#
# The lesson refuted one statement: the generator does not push towards ½. Call it number 3. Here are two that fall to one gradient each.
#
# 1. "The discriminator's loss is $L_D=\mathbb E[\log P(x)]+\mathbb E[\log(1-P(G(z)))]$, and training reduces it."
# 2. "The generator's loss is $V$, so it learns from the real samples, too."

# %%
scores = torch.linspace(-4, 4, 80, requires_grad=True)
F.logsigmoid(scores).sum().backward()  # log P of real samples, to be reduced
claim(
    "Statement 1: descent lowers every real score; a minus is missing.",
    -scores.grad, below=0, exact=True,
)

D, G = nn.Linear(1, 1), nn.Linear(1, 1)
F.logsigmoid(D(torch.randn(100, 1))).mean().backward()
claim("Statement 2: real samples give G no gradient.", G.weight.grad is None, exact=True)
F.logsigmoid(-D(G(torch.randn(100, 1)))).mean().backward()
claim("Fakes do give one.", G.weight.grad.abs().max() > 0, exact=True)

# %% [markdown]
# And here are nine more, in this course's letters.
#
# | | statement |
# |---|---|
# | 4 | both players have the same loss, $-\mathbb E[\log P(x)]-\mathbb E[\log(1-P(G(z)))]$ |
# | 5 | the generator's loss is the probability that it is given: $L_G=\mathbb E[P(G(z))]$ |
# | 6 | the discriminator judges a pair, $D(x,G(z))$ |
# | 7 | $L_D=\mathbb E[D(x)]-\mathbb E[D(G(z))]$: a difference of means, no logarithm needed |
# | 8 | $\mathbb E[P(x)]+\mathbb E[1-P(G(z))]$, maximised by $D$, is the same game and measures the JSD |
# | 9 | the generator minimises the discriminator's cross-entropy on fakes |
# | 10 | the discriminator maximises the cross-entropy on real samples and minimises it on fakes |
# | 11 | the discriminator outputs a label, 0 or 1, and is trained on its mistakes |
# | 12 | the discriminator's input may also be the noise $z$: $L_G=-\mathbb E[\log P(z)]$ |
#
# And here are four tests.
#
# - **shape**: does the formula run on samples $(n,1)$ and noise $(n,2)$?
# - **gradient map**: does every mean reach the parameters of the player who is said to learn from it?
# - **direction**: one step of descent shall raise the score of every real sample and lower that of every fake (player $D$), or raise that of every fake (player $G$), at scores from −4 to 4.
# - **value**: four outcomes with one free score each. Is the smallest $L_D$ equal to $\log4-2\,\mathrm{JSD}$?
#
# "Refuted" means false about the minimax game of the lesson. The losses of *other* games, such as least squares and hinge (notebook 02), need not pass.
#
# **Predict first**: write one test name per statement into the next cell. Some fall to several tests.

# %%
guess = dict.fromkeys(range(4, 13))
# for example guess[5] = "direction"; names: "shape", "gradient map", "direction", "value"

# %% [markdown]
# Each statement becomes a player and a list of means. Real samples enter as `D(x)`, fakes as `D(G(z))`.


# %%
def minus_log_P(score):
    return F.softplus(-score)


def minus_log_not_P(score):
    return F.softplus(score)


def same_loss(D, G, x, z):  # 4
    return [minus_log_P(D(x)), minus_log_not_P(D(G(z)))]


def probability(D, G, x, z):  # 5
    return [torch.sigmoid(D(G(z)))]


def judge_pairs(D, G, x, z):  # 6
    return [minus_log_P(D(x, x)), minus_log_not_P(D(x, G(z)))]


# %%
def difference(D, G, x, z):  # 7
    return [D(x), -D(G(z))]


def no_logarithms(D, G, x, z):  # 8, with a minus: losses are minimised
    return [-torch.sigmoid(D(x)), torch.sigmoid(D(G(z))) - 1]


def own_recognition(D, G, x, z):  # 9
    return [minus_log_not_P(D(G(z)))]


def one_sign_wrong(D, G, x, z):  # 10
    return [-minus_log_P(D(x)), minus_log_not_P(D(G(z)))]


def labels(D, G, x, z):  # 11
    return [(D(x) < 0).float(), (D(G(z)) > 0).float()]


def noise_in_D(D, G, x, z):  # 12
    return [minus_log_P(D(z))]


# %%
statements = {
    4: ("both", same_loss),
    5: ("G", probability),
    6: ("D", judge_pairs),
    7: ("D", difference),
    8: ("D", no_logarithms),
    9: ("G", own_recognition),
    10: ("D", one_sign_wrong),
    11: ("D", labels),
    12: ("G", noise_in_D),
}

# %% [markdown]
# A test that refutes the truth is no test, and neither is one that passes everything. So three right losses go through the same tests, and so do the same three with their sign turned.


# %%
def zero_sum(D, G, x, z):
    return [-minus_log_not_P(D(G(z)))]


def non_saturating(D, G, x, z):
    return [minus_log_P(D(G(z)))]


def turned(loss):
    """The same loss with the opposite sign."""

    def negative(D, G, x, z):
        return [-mean for mean in loss(D, G, x, z)]

    return negative


right = {"L_D": ("D", same_loss), "zero-sum": ("G", zero_sum)}
right["non-saturating"] = ("G", non_saturating)


# %%
def least_squares(D, G, x, z):
    return [(D(x) - 1) ** 2, D(G(z)) ** 2]


def hinge(D, G, x, z):
    return [F.relu(1 - D(x)), F.relu(1 + D(G(z)))]


others = {"least squares": ("D", least_squares), "hinge": ("D", hinge)}


def total(means):
    return sum(mean.mean() for mean in means)


# %%
def shape(player, loss):
    D, G = nn.Linear(1, 1), nn.Linear(2, 1)
    try:
        return total(loss(D, G, torch.randn(8, 1), torch.randn(8, 2))).ndim == 0
    except (TypeError, RuntimeError):
        return False


def gradient_map(player, loss):
    D, G = tanh_net(), nn.Linear(1, 1)  # here z has the size of x, so that D(z) runs
    learners = {"D": [D], "G": [G], "both": [D, G]}[player]
    for mean in loss(D, G, torch.randn(8, 1), torch.randn(8, 1)):
        for net in learners:
            net.zero_grad()  # sets every gradient to None
            if mean.requires_grad:
                mean.mean().backward(retain_graph=True)
            for weight in net.parameters():
                if weight.grad is None or weight.grad.abs().max() == 0:
                    return False
    return True


# %%
class SampleIsScore(nn.Module):
    """As D and as G: each sample is its own score."""

    def forward(self, t):
        return t


def direction(player, loss):
    D = G = SampleIsScore()
    real = torch.linspace(-4, 4, 9, requires_grad=True)
    made = torch.linspace(-4, 4, 9, requires_grad=True)
    total(loss(D, G, real, made)).backward()
    no_move = torch.zeros(9)
    up_real = -(no_move if real.grad is None else real.grad)
    up_made = -(no_move if made.grad is None else made.grad)
    D_is_right = bool((up_real > 0).all() and (up_made < 0).all())
    G_is_right = bool((up_made > 0).all())
    both = D_is_right and G_is_right
    return {"D": D_is_right, "G": G_is_right, "both": both}[player]


# %%
def best_loss(loss, real, made, steps=1500):
    """Smallest loss over one free score per outcome; real, made: counts."""
    outcomes = torch.arange(len(real))
    x = outcomes.repeat_interleave(torch.tensor(real))
    x_fake = outcomes.repeat_interleave(torch.tensor(made))
    score = nn.Parameter(torch.zeros(len(real)))
    optimizer = torch.optim.Adam([score], lr=0.05)
    for _ in range(steps):
        loss_D = total(loss(score.__getitem__, SampleIsScore(), x, x_fake))
        optimizer.zero_grad()
        loss_D.backward()
        optimizer.step()
    return loss_D.item()


def jsd(real, made):
    """JSD of two sets of ten samples, given as counts."""
    p, q = np.array(real) / 10, np.array(made) / 10
    m = (p + q) / 2 + 1e-300
    return (xlogy(p, p / m) + xlogy(q, q / m)).sum() / 2


# %%
REAL, MADE = [4, 3, 2, 1], [1, 2, 3, 4]


def value_test(player, loss):
    if player == "G":
        return None  # says nothing about L_D
    minimum = math.log(4) - 2 * jsd(REAL, MADE)
    return math.isclose(best_loss(loss, REAL, MADE), minimum, abs_tol=1e-3)


tests = {
    "shape": shape,
    "gradient map": gradient_map,
    "direction": direction,
    "value": value_test,
}


def judge(player, loss):
    """True: passes. False: refuted. None: does not apply, or has no gradient."""
    verdicts = {}
    for name, test in tests.items():
        try:
            verdicts[name] = test(player, loss)
        except (TypeError, RuntimeError):
            verdicts[name] = None
    return verdicts


# %%
verdicts = {number: judge(*row) for number, row in statements.items()}
of_right = {name: judge(*row) for name, row in right.items()}
of_turned = {name: judge(row[0], turned(row[1])) for name, row in right.items()}
of_others = {name: judge(*row) for name, row in others.items()}

# %% tags=["nbval-check-output"]
for number, row in verdicts.items():
    refuted_by = [test for test, passed in row.items() if passed is False]
    mine = guess[number]
    answer = ("yes" if mine in refuted_by else "no") if mine else ""
    print(f"{number:3d}  {', '.join(refuted_by):34s} {answer}".rstrip())

# %% tags=["hide-input"]
rows = verdicts | of_right | {f"{name}, other game": row for name, row in of_others.items()}
fig, ax = plt.subplots(figsize=(6.6, 4.6))
for r, (name, row) in enumerate(rows.items()):
    for c, passed in enumerate(row.values()):
        other = "other game" in str(name)
        color = {True: plots.SKY, False: plots.GREY if other else plots.PINK, None: "#EEEEEE"}[passed]
        ax.add_patch(plt.Rectangle((c, r), 0.94, 0.9, color=color, alpha=0.6))
        text = {True: "passes", False: "differs" if other else "refuted", None: "–"}[passed]
        ax.text(c + 0.47, r + 0.47, text, ha="center", va="center", fontsize=9)
ax.set(xlim=(0, 4), ylim=(len(rows), 0))
ax.set_xticks([0.47, 1.47, 2.47, 3.47], list(tests))
ax.set_yticks(np.arange(len(rows)) + 0.47, list(rows))
ax.tick_params(length=0, labeltop=True, labelbottom=False)
ax.spines[:].set_visible(False)
alt = "Table of verdicts. Each of the statements 4 to 12 is refuted by at least one of four tests; the three right losses pass all that apply; least squares and hinge differ in direction or value, because they are other games."
plots.show(fig, alt=alt)


# %%
def falls(row):
    return False in row.values()


claim("Each of the nine statements falls.", [falls(v) for v in verdicts.values()], exact=True)
claim("No right loss does.", [not falls(v) for v in of_right.values()], exact=True)
claim(
    "Each right loss falls when its sign is turned.",
    [falls(v) for v in of_turned.values()], exact=True,
)

# %% [markdown]
# - **4**: one loss for both players pushes a fake the same way, whoever moves. So it cannot be right for both, with this sign or with the other.
# - **5** and **9** teach the generator to be recognised.
# - **6** and **12**: $D$ takes one point of data space. In 12, even where the sizes fit, no gradient reaches $G$. It passes *direction* only because that test hands it $z$ as a sample.
# - **7** and **10** have a sign wrong. Descent *lowers* real scores, and the loss falls without end.
# - **8** passes three tests. Its value is a hint, and the proof comes below. **11**: a label is flat, so there is no slope to follow.
#
# Does mending the sign save statement 7? No: a difference of means falls without end, too. It needs a bound on the slope of $D$, which is then called a *critic* (notebook 09).


# %%
def mended_difference(D, G, x, z):
    return [-D(x), D(G(z))]


endless = {"statement 7": difference, "its sign mended": mended_difference}
endless["statement 10"] = one_sign_wrong
early, late = [], []
for loss in endless.values():
    early.append(best_loss(loss, REAL, MADE, steps=200))
    late.append(best_loss(loss, REAL, MADE, steps=400))
claim(
    "After twice the steps these losses are nearly twice as low.",
    np.array(late) / np.array(early), above=1.8, exact=True,
)

# %% [markdown]
# ## 5 Pairs, and no logarithms (6 min)
#
# **Statement 6 can be made to run.** Let $D$ take two arguments, call $(x,x)$ real and $(x,G(z))$ fake. We try it where $p_g=p_d$, so that $L_D$ should read 1.386. As a control, $D$ compares two *different* real samples with two fakes.


# %%
def pair_loss(seed, fair, steps=400):
    """L_D of a network that judges pairs; all samples come from one distribution."""
    torch.manual_seed(seed)
    D = nn.Sequential(
        nn.Linear(2, 32), nn.Tanh(),
        nn.Linear(32, 32), nn.Tanh(),
        nn.Linear(32, 1),
    )  # fmt: skip
    optimizer = torch.optim.Adam(D.parameters(), lr=1e-2)
    for _ in range(steps):
        a, b, c, d = torch.randn(4, 500, 1)
        real = torch.cat([a, b if fair else a], dim=1)
        made = torch.cat([c if fair else a, d], dim=1)
        loss_D = -value(D(real), D(made))
        optimizer.zero_grad()
        loss_D.backward()
        optimizer.step()
    return loss_D.item()


# %%
as_stated, fair = [], []
for seed in progress(seeds.several(8), "seeds"):
    as_stated.append(pair_loss(seed, fair=False))
    fair.append(pair_loss(seed, fair=True))

claim("With pairs (x, x) D wins against a perfect generator.", as_stated, below=0.7)
claim(
    "With two different real samples L_D reads 1.386.",
    fair, near=math.log(4), within=0.03,
)

# %% [markdown]
# The first $D$ has learned to see whether its two halves are equal, which says nothing about $p_g$. The second question is fair, and notebook 08 uses it.
#
# **What does statement 8 measure?** Its best $P$ is 1 where $p_d>p_g$ and 0 elsewhere. So the largest value is $\int\max(p_d,p_g)=1+\mathrm{TV}$ with the **total variation distance** $\mathrm{TV}=\tfrac12\int|p_d-p_g|$.

# %%
largest, one_plus_tv, divergences = [], [], []
for real in ([4, 3, 2, 1], [2, 2, 3, 3], [0, 3, 3, 4], [1, 2, 3, 4], [10, 0, 0, 0]):
    largest.append(-best_loss(no_logarithms, real, MADE))
    one_plus_tv.append(1 + np.abs(np.array(real) - MADE).sum() / 20)
    divergences.append(jsd(real, MADE))
table("JSD of the second and of the third", {"2 2 3 3": divergences[1], "0 3 3 4": divergences[2]})

# %%
claim(
    "Without logarithms D measures 1 + TV.",
    largest, near=one_plus_tv, within=2e-3, exact=True,
)
claim(
    "The second and the third read the same.",
    largest[2], near=largest[1], within=2e-3, exact=True,
)
claim(
    "Their JSDs differ.",
    divergences[2] - divergences[1], above=0.02, exact=True,
)

# %% [markdown]
# The second and the third row of counts share the reading 1.10, and their divergences differ. So statement 8 is a fair game, but it does not measure the JSD: its discriminator answers only "0" and "1".
#
# ## 6 Twenty samples (4 min)
#
# The lesson met discriminators that see too little. One can also err the other way. Let the game be finished: real and fake samples come from one distribution. But $D$ trains on only 20 of each.

# %%
predict(
    "p_g = p_d, so the true value is −log 4 = −1.386. D trains on 20 samples of each. What does V read on these, and what on new samples?",
    [
        ("About −1.386 on both", False, "So it is with 5,000 samples."),
        ("Higher on these, about −1.386 on new ones", False, "A blind D reads −1.386 on new samples. This one is sure of its answers, and often wrong."),
        ("Higher on these, lower than −1.386 on new ones", True, "It is sure of differences that do not exist."),
    ],
)


# %%
def one_distribution(n, seed):
    """V after training on n samples a side: (on these, on new ones)."""
    torch.manual_seed(seed)
    x_real, x_fake = torch.randn(2, n, 1)
    new_real, new_fake = torch.randn(2, 10_000, 1)
    D = train_D(tanh_net(), x_real, x_fake, steps=800)
    own = value(D(x_real), D(x_fake))
    new = value(D(new_real), D(new_fake))
    return torch.stack([own, new]).detach()


few, many = torch.zeros(2, 8, 2)  # seeds × (own, new)
for k, seed in enumerate(progress(seeds.several(8), "seeds")):
    few[k] = one_distribution(20, seed)
    many[k] = one_distribution(5_000, seed)

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7, 2.5))
rows = {"20: own samples": (few[:, 0], plots.DISC), "20: new samples": (few[:, 1], plots.GREEN), "5,000: own samples": (many[:, 0], plots.DISC), "5,000: new samples": (many[:, 1], plots.GREEN)}
for k, (values, color) in enumerate(rows.values()):
    ax.plot(values, [k] * 8, "o", ms=6, color=color, alpha=0.6)
ax.axvline(-math.log(4), color=plots.GREY, linestyle=":", linewidth=1)
ax.text(-math.log(4) + 0.02, -0.75, r"the truth, $-\log 4$", color=plots.GREY, va="center")
ax.set_yticks(range(4), list(rows))
ax.set(xlabel="$V$, one dot for each of 8 seeds", ylim=(3.5, -1.1), title="Twenty samples: a difference that does not exist")
alt = "One dot per seed on four rows. With 20 samples V on the own samples lies to the right of -log 4, and on new samples to the left of it. With 5,000 samples all dots lie on -log 4."
plots.show(fig, alt=alt)

# %%
claim(
    "With 20 samples V reads too high on these samples.",
    few[:, 0], above=-1.33,
)
claim("On new samples it reads below -log 4.", few[:, 1], below=-1.43)
claim(
    "With 5,000 samples V is right on both.",
    (many + math.log(4)).abs().amax(1), below=0.02,
)

# %% [markdown]
# With 20 samples $D$ finds a difference where there is none, and on new samples it does worse than a blind one. With 5,000 samples and all else equal, the fault is gone. So a finished game need not even read 1.386. On new samples $V$ is wrong, too, but it errs towards "no difference". So read it there.
#
# *What this does not show:* how many samples images need (notebook 05).
#
# ## 7 The two bumps again (7 min)
#
# In the lesson random pairs drove all fakes into the gap between two bumps, and a game against a discriminator did not (section 5). Is any discriminator good enough? The control is the lesson's blind player, a *linear* $D$, in the same loop.

# %%
predict(
    "The data have bumps at −2 and 2. Which discriminator makes G find both?",
    [
        ("Both do: any D beats random pairs", False, "A linear D can only ask for more, or for less."),
        ("The network does, the linear D does not", True, "G learns only those differences that D can see."),
        ("Neither: a GAN drops one of the bumps", False, "This happens (notebook 08), but not here."),
    ],
)


# %%
def draw_bumps(n):
    bumps = 2 * torch.randn(n, 1).sign()  # -2 or 2, equally often
    return bumps + 0.5 * torch.randn(n, 1)


def linear_D():
    return nn.Linear(1, 1)


def play_bumps(make_D, seed):
    """600 rounds of the loop of notebook 00. Returns 2,000 fakes (2000, 1)."""
    torch.manual_seed(seed)
    G, D = tanh_net(), make_D()
    opt_G = torch.optim.Adam(G.parameters(), lr=5e-3, betas=(0.0, 0.99))
    opt_D = torch.optim.Adam(D.parameters(), lr=5e-3, betas=(0.0, 0.99))
    for _ in range(600):
        x_fake = G(torch.randn(100, 1))
        loss_D = -value(D(draw_bumps(100)), D(x_fake.detach()))
        opt_D.zero_grad()
        loss_D.backward()
        opt_D.step()
        loss_G = F.softplus(-D(x_fake)).mean()
        opt_G.zero_grad()
        loss_G.backward()
        opt_G.step()
    return G(torch.randn(2_000, 1)).detach()


# %%
bump_fakes = {}
for name, make_D in (("network", tanh_net), ("linear D", linear_D)):
    runs = []
    for seed in progress(seeds.several(8), name):
        runs.append(play_bumps(make_D, seed))
    bump_fakes[name] = torch.stack(runs)  # seeds × 2,000 × 1

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(8.4, 2.6), sharex=True, sharey=True)
real, bins = draw_bumps(20_000).flatten(), torch.linspace(-4.5, 4.5, 61).tolist()
titles = {"network": "$D$ is a network: two bumps", "linear D": "$D$ is linear: no bumps"}
for ax, (name, title) in zip(axes, titles.items(), strict=True):
    for values, color in ((real, plots.REAL), (bump_fakes[name][0].flatten(), plots.FAKE)):
        ax.hist(values, bins, weights=torch.full_like(values, 1 / len(values)), color=color, alpha=0.55)
    ax.set(title=title, xlabel="$x$", ylim=(0, 0.15), yticks=[])
alt = "Two histograms with the real samples in two blue bumps at -2 and 2. Left, against a network: the orange fakes stand in both bumps, but more crowded than the data. Right, against a linear D: all fakes stand in one narrow orange column, which is cut off."
plots.show(fig, alt=alt)

# %%
near_left = ((bump_fakes["network"] + 2).abs() < 1).float().mean(dim=(1, 2))
near_right = ((bump_fakes["network"] - 2).abs() < 1).float().mean(dim=(1, 2))
claim(
    "Against a network each bump gets more than a quarter of the fakes.",
    torch.minimum(near_left, near_right), above=0.25,
)
claim(
    "Against a linear D the fakes spread less than half as far as the data.",
    bump_fakes["linear D"].std(dim=(1, 2)), below=1.03,
)

# %% [markdown]
# Only the discriminator differs. On the right, a linear $D$ can compare the two means only. For it one narrow heap is as good as two bumps, so nothing pushes the heap apart. A generator learns only those differences that its discriminator can see.
#
# *What this does not show:* that a network always finds every bump. In two dimensions many get lost (notebook 08).

# %%
how_sure()

# %% [markdown]
# ## Exercises (15 min)
#
# ### Exercise 4 · Build the direction test
#
# ●●● · 15 minutes · you need: section 4
#
# `loss_G` takes the scores of fakes, a float64 tensor of shape `(n,)`, and returns one number. Return `True` if minimising it raises the score of a fake at *every* score between −5 and 5, else `False`.


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
#
# ## Recap (1 min)
#
# 1. Bayes' rule, Newton's method and counting find the same best discriminator as calculus ([section 1](#1-The-best-discriminator,-three-more-ways-(8-min))).
# 2. $-\log4+2\,\mathrm{JSD}$ holds for six pairs, by two methods that share nothing ([section 2](#2-The-divergence,-computed-twice-(10-min))).
# 3. A network knows the density ratio where samples fall and invents it elsewhere ([section 3](#3-A-network-learns-a-density-ratio-(19-min))).
# 4. A formula is trusted after it has passed a test, and a test is trusted after it has refuted the opposite; without logarithms the game measures total variation ([section 4](#4-Eleven-more-statements-(27-min)), [section 5](#5-Pairs,-and-no-logarithms-(6-min))).
# 5. With twenty samples $D$ is sure of differences that do not exist, and a generator learns only the differences that its $D$ can see ([section 6](#6-Twenty-samples-(4-min)), [section 7](#7-The-two-bumps-again-(7-min))).
