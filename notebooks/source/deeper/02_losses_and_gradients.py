# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 · Losses and gradients, deeper
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/deeper/02_losses_and_gradients.ipynb)
#
# Comes after [lesson 02](../02_losses_and_gradients.ipynb), and no later lesson needs it.
#
# **After this you can**
#
# - **say** at which score each way to write a loss breaks, in 32 and in 16 bits;
# - **build** a game for any $f$-divergence, and tell its value from its gradient;
# - **predict** where a game with smoothed labels comes to rest, and what its generator feels there.
#
# *Study:* 89 minutes, and 18 for the exercises. *Run time:* about 60 seconds.

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
from torch.distributions import Normal
from torch.nn import functional as F

from gan_helpers import data, plots, seeds
from gan_helpers.checks import nb02
from gan_helpers.densities import DIVERGENCES, fit_bell
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict, progress
from gan_helpers.training import gradient_sizes, play_many, stack

torch.manual_seed(seeds.one())
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings
plots.use_course_style()

# %% [markdown]
# ## 1 Five ways to write one loss, in two precisions (6 min)
#
# The lesson tried three ways to write $-\log\sigma(s)$ in 32 bits. Here are five, also in bfloat16. This number has 16 bits, the range of float32 and two to three digits.


# %%
def plain_log(s):
    return -torch.log(torch.sigmoid(s))


def log_of_P(s):
    return -torch.log(torch.sigmoid(s) + 1e-8)


def bce_on_P(s):
    P = torch.sigmoid(s)
    return F.binary_cross_entropy(P, torch.ones_like(P), reduction="none")


def bce_with_logits(s):
    return F.binary_cross_entropy_with_logits(s, torch.ones_like(s), reduction="none")


def non_saturating(s):
    return F.softplus(-s)


def slope(loss, s):
    """The derivative of the loss at each score in s, in the precision of s."""
    s = s.clone().requires_grad_()
    return torch.autograd.grad(loss(s).sum(), s)[0]


# %%
predict(
    "In float32, which way ends in NaN rather than in a slope of 0?",
    [
        ("log(P + 1e-8)", False, "It dies silently: at −18 half of its slope is gone, below −23 nearly all."),
        ("log(P)", True, "P becomes 0, its logarithm infinite, and the slope is 0 times infinity."),
        ("BCELoss on P", False, "It clamps the logarithm at −100, divides by at least 1e-12, and dies silently: at −28 half of its slope is gone."),
    ],
)

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(10, 3), sharey=True)
ways = {"log(P)": plain_log, "log(P + 1e-8)": log_of_P, "BCELoss on P": bce_on_P, "BCEWithLogitsLoss": bce_with_logits, "softplus": non_saturating}
colors = (plots.GREY, plots.PINK, plots.SKY, plots.GREEN, plots.DISC)
for ax, dtype in zip(axes, (torch.float32, torch.bfloat16), strict=True):
    s = torch.linspace(-110, 10, 1201)
    for (name, loss), color, style in zip(ways.items(), colors, ("-", "-", "-", "-", ":"), strict=True):
        values = slope(loss, s.to(dtype)).float()
        ax.plot(s[values.isfinite()], values[values.isfinite()], style, color=color, label=name, linewidth=5 if name == "log(P)" else 2)
    ax.set(xlabel="score $s$", title=str(dtype)[6:])
axes[0].set_ylabel("slope")
axes[0].legend(fontsize=9, loc="center left")
alt = "Slope against score in float32 and bfloat16. log(P + 1e-8) loses half of its slope at -18, BCELoss at -28, log(P) ends near -88; the two versions on scores stay at -1."
plots.show(fig, alt=alt)

# %%
far = torch.tensor([-30.0, -200.0])
claim("`log(P)` has no slope at −200.", bool(slope(plain_log, far)[1].isnan()), exact=True)
claim("With 1e-8 the slope is dead at −30.", slope(log_of_P, far).abs(), below=1e-5, exact=True)
grid = torch.linspace(-200, 200, 4001)
exact = -torch.sigmoid(-grid.double())
claim(
    "On scores all slopes are right in float32.",
    (slope(non_saturating, grid) - exact).abs(), below=1e-6, exact=True,
)

# %%
coarse = grid.bfloat16()  # the scores that bfloat16 can hold
gap = slope(bce_with_logits, coarse).double() + torch.sigmoid(-coarse.double())
claim("In bfloat16 they are right to a hundredth.", gap.abs(), below=0.01, exact=True)

# %% [markdown]
# The mirror image breaks earlier. $D$ pays $-\log(1-P)$ for a fake, and $1-P$ is lost as soon as $P$ rounds to 1.


# %%
def log_of_rest(s):
    return -torch.log(1 - torch.sigmoid(s))


ends = {}
for dtype in (torch.float32, torch.bfloat16):
    s = torch.linspace(-4, 24, 1121)
    broken = ~slope(log_of_rest, s.to(dtype)).isfinite()
    ends[str(dtype)[6:]] = s[broken].min()
table("first score at which -log(1 - P) has no slope", ends)
claim("In float32 that is near 17.", ends["float32"], between=(16, 18), exact=True)
claim("In bfloat16 it is near 6.", ends["bfloat16"], between=(5, 7), exact=True)

# %% [markdown]
# ## 2 No longer zero-sum, and the same place of rest (15 min)
#
# In a zero-sum game the generator goes uphill on the loss of $D$. The saturating loss does exactly that. Where does the non-saturating one go? We let generators play 300 rounds, let new discriminators run 1,000 steps ahead, and compare directions.


# %%
def saturating(s):
    return -F.softplus(s)


def loss_D_logistic(score_real, score_fake):
    return F.softplus(-score_real) + F.softplus(score_fake)


def adam(player):
    return torch.optim.Adam(player.params.values(), lr=1e-3, betas=(0.5, 0.9))


def sixteen(sizes, first):
    """Sixteen new networks with these layer widths, as one."""
    return stack([mlp(sizes, seed=first + 2 * seed) for seed in SEEDS])


# %%
SEEDS = seeds.several(16)
ring = data.ring(20_000, seed=seeds.one(), std=0.1)
z_test = torch.randn(16, 512, 2)


def run_ahead(G, loss_D, steps=1000):
    """Train sixteen new D against frozen G. Returns them after 1 step and after all."""
    D = sixteen((2, 32, 32, 1), first=1)
    opt_D = adam(D)
    for k in progress(range(steps), "D runs ahead"):
        x_real = ring[torch.randint(len(ring), (16, 64))]
        x_fake = G(torch.randn(16, 64, 2)).detach()
        opt_D.zero_grad()
        loss_D(D(x_real), D(x_fake)).mean(1).sum().backward()
        opt_D.step()
        if k == 0:
            first = copy.deepcopy(D)
    return first, D


def direction(G, D, loss):
    """The gradient of a loss at all parameters of G, as one vector for each game."""
    total = loss(D(G(z_test))).mean(1).sum()
    parts = torch.autograd.grad(total, list(G.params.values()))
    return torch.cat([part.flatten(1) for part in parts], dim=1)


# %%
played = sixteen((2, 32, 32, 2), first=0)
D = sixteen((2, 32, 32, 1), first=1)
batches = [data.batches(ring, 64, seed=seed, steps=300) for seed in SEEDS]
game = play_many(played, D, adam(played), adam(D), batches, 2, seeds=SEEDS)
losses = list(progress(game, "300 rounds", 300))
first, D = run_ahead(played, loss_D_logistic)

uphill = -direction(played, D, F.softplus)  # only the fakes' part of L_D depends on G
cosines = {}
for name, loss in (("saturating", saturating), ("non-saturating", non_saturating)):
    cosines[name] = F.cosine_similarity(direction(played, D, loss), uphill)
table("cosine between the gradient of L_G and that of −L_D", cosines)

# %%
claim("The saturating gradient is exactly opposed.", cosines["saturating"], above=0.9999, exact=True)
claim(
    "The non-saturating one goes its own way, in the median.",
    cosines["non-saturating"], below=0.998, median=True,
)

# %% [markdown]
# **Which fakes carry the saturating gradient?** In the lesson it was alive for generators that have played, and the steepness of $D$ made it grow. Does steepness also rescue the fakes that $D$ rejects for sure ($P\le.01$)? Split the loss in two.


# %%
def sure(s):
    return torch.sigmoid(s.detach()) <= 0.01


def saturating_sure(s):
    return saturating(s) * sure(s)


def saturating_others(s):
    return saturating(s) * ~sure(s)


def size(D, loss):
    return gradient_sizes(played, loss(D(played(z_test))).mean(1).sum())


def steepness(D):
    """Length of the gradient of D at each fake (16, 512, 1)."""
    x = played(z_test).detach().requires_grad_()
    return torch.autograd.grad(D(x).sum(), x)[0].norm(dim=2, keepdim=True)


# %%
at_first = size(first, saturating)
part_sure = size(D, saturating_sure) / at_first
part_others = size(D, saturating_others) / at_first
who = sure(D(played(z_test)))
steeper = (steepness(D) * who).sum((1, 2)) / who.sum((1, 2)).clamp(min=1)
steeper = steeper / steepness(first).mean((1, 2))
table("saturating gradient ÷ first gradient of all", {"sure": part_sure, "others": part_others})
table(
    "the sure fakes",
    {"their share": who.float().mean((1, 2)), "steepness there ÷ at first": steeper},
)

# %%
claim("D is more than ten times as steep at the sure fakes.", steeper > 10, in_at_least=14)
claim("Yet they give less than half of the first gradient.", part_sure < 0.5, in_at_least=14)
claim("The others give more than all gave at first.", part_others > 1, in_at_least=14)

# %% [markdown]
# So steepness multiplies everywhere, but where $D$ is sure, $P$ is too small for it. A slope of at most .01 is a fiftieth of the first $\frac12$, and only some of the fakes are sure. The gradient comes from the others.
#
# **Where does the non-saturating one rest?** It weighs its samples by $1-P$ instead of $P$. Does it still come to rest at $p_g=p_d$? Take the smallest game of the lesson, $p_d=\mathcal N(0,1)$ and fakes $\theta+z$, with the perfect $D$. The expectation is a sum over a fine grid of $z$.

# %%
z_line = torch.linspace(-8, 8, 4001, dtype=torch.float64)
weight = torch.softmax(-(z_line**2) / 2, dim=0)


def log_ratio(x, theta):
    return theta * (theta / 2 - x)


def gradient_at(theta, loss_G, best_D):
    """dL_G/dtheta of the fakes theta + z; D is the best one, and held fixed."""
    mean = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    loss = (weight * loss_G(best_D(mean + z_line, theta))).sum()
    return torch.autograd.grad(loss, mean)[0].item()


def over(distances, loss_G, best_D):
    found = [gradient_at(theta, loss_G, best_D) for theta in distances.tolist()]
    return torch.tensor(found, dtype=torch.float64)


# %%
both_sides = torch.tensor([-3.0, -1.0, -0.01, 0.01, 1.0, 3.0], dtype=torch.float64)
back = over(both_sides, saturating, log_ratio) * both_sides
claim("The saturating gradient leads back from either side.", back, above=0, exact=True)
back = over(both_sides, non_saturating, log_ratio) * both_sides
claim("So does the non-saturating one.", back, above=0, exact=True)
at_rest = gradient_at(0.0, saturating, log_ratio)
claim("At θ = 0 the saturating one rests.", at_rest, near=0, within=1e-12, exact=True)
at_rest = gradient_at(0.0, non_saturating, log_ratio)
claim("There the non-saturating one rests, too.", at_rest, near=0, within=1e-12, exact=True)

# %% [markdown]
# Both rest at the data and only there, and close to it they agree, because at $D=0$ both slopes are $-\frac12$. Being led back is not yet arriving: here $D$ was perfect at every $\theta$. Lesson 03 looks at what happens when it is not.
#
# ## 3 A game for every divergence (22 min)
#
# Nowozin et al. (2016) turn every $f$-divergence into a game. For convex $f$ with $f(1)=0$ and its conjugate $f^*(t)=\sup_u(ut-f(u))$ we have $f(u)\ge ut-f^*(t)$. Put $u=p_d/p_g$ and $t=T(x)$, multiply by $p_g$ and integrate. Any $T$ for which $f^*(T)$ is finite gives a lower bound:
#
# $$D_f(p_d\Vert p_g)=\int p_g\,f\Big(\frac{p_d}{p_g}\Big)dx\;\ge\;\mathbb E_x[T(x)]-\mathbb E_z[f^*(T(G(z)))].$$
#
# Equality holds at $T=f'(p_d/p_g)$. Write $T=a(D)$ so that the best score is $D^*=\log p_d/p_g$ in *all* games, and $b(D)=f^*(a(D))$. Then $D$ maximises $V_f=\mathbb E_x[a(D)]-\mathbb E_z[b(D)]$. For KL, $f(u)=u\log u$ has $f'(u)=1+\log u$ and $f^*(t)=e^{t-1}$, so $a=f'(e^D)=1+D$ and $b=e^{a-1}=e^D$.
#
# | divergence | integral | $f(u)$ | $a(D)$ | $b(D)$ |
# |---|---|---|---|---|
# | KL | $\int p_d\log\frac{p_d}{p_g}$ | $u\log u$ | $1+D$ | $e^D$ |
# | reverse KL | $\int p_g\log\frac{p_g}{p_d}$ | $-\log u$ | $-e^{-D}$ | $D-1$ |
# | JSD | $\frac12\mathrm{KL}(p_d\Vert m)+\frac12\mathrm{KL}(p_g\Vert m)$ | $\frac12\big[u\log u-(1+u)\log\frac{1+u}2\big]$ | $\frac12(\log2-\zeta(-D))$ | $\frac12(\zeta(D)-\log2)$ |
# | Pearson χ² | $\int (p_d-p_g)^2/p_g$ | $(u-1)^2$ | $2e^D-2$ | $e^{2D}-1$ |
#
# Here $m=\frac12(p_d+p_g)$. First a check of the table, on the two unequal humps of the lesson.


# %%
def a_and_b(name, D):
    """The two columns of the table at the scores D."""
    if name == "KL":
        return 1 + D, torch.exp(D)
    if name == "reverse KL":
        return -torch.exp(-D), D - 1
    if name == "JSD":
        a = (math.log(2) - F.softplus(-D)) / 2
        b = (F.softplus(D) - math.log(2)) / 2
        return a, b
    if name == "Pearson":
        return 2 * torch.exp(D) - 2, torch.exp(2 * D) - 1
    raise ValueError(name)


# %%
GAMES = ("KL", "reverse KL", "JSD", "Pearson")
HUMPS = {"means": (-2.0, 1.5), "stds": (0.8, 0.4), "weights": (0.65, 0.35)}
x = torch.linspace(-14, 14, 2801, dtype=torch.float64)
log_d = data.mixture_density(x, **HUMPS).log()
log_g = Normal(-0.5, 1.5).log_prob(x)


def value(name, D):
    a, b = a_and_b(name, D)
    return torch.trapezoid(log_d.exp() * a - log_g.exp() * b, x)


# %%
gaps, lost = [], []
for name in GAMES:
    best = value(name, log_d - log_g)
    gaps.append(best - DIVERGENCES[name](x, log_d, log_g))
    for tone in torch.linspace(-3, 3, 50):
        other = log_d - log_g + 0.5 * torch.sin(tone * x + tone)
        lost.append(best - value(name, other))
claim("At the best score the value is the divergence.", gaps, near=0, within=1e-7, exact=True)
claim("No other score of 200 tried has a larger value.", lost, above=0, exact=True)

# %% [markdown]
# Now play these games. The critic is a network that sees $x$ and $x^2$, and no density ratio. The generator is a bell, $x=\mu+\sigma z$, which starts at $\mathcal N(0,1.5^2)$. Expectations are weighted sums over fixed points, not samples. Six critics play each game, all 24 side by side.

# %%
points = torch.linspace(-5.2, 3.5, 110)
mass = data.mixture_density(points, **HUMPS)
mass = mass / mass.sum()
z = torch.linspace(-4.2, 4.2, 51)
z_mass = torch.softmax(-(z**2) / 2, dim=0)


def new_critic():
    return nn.Sequential(
        nn.Linear(2, 32),
        nn.Tanh(),
        nn.Linear(32, 32),
        nn.Tanh(),
        nn.Linear(32, 1),
    )


def score(critic, x):
    """Scores (24, n) of points x (24, n)."""
    return critic(torch.stack([x / 2, x * x / 8], dim=2)).squeeze(2)


def values(critic, bell):
    """V_f of all games; six rows for each divergence."""
    x_fake = bell[0, :, None] + bell[1, :, None].exp() * z
    real = score(critic, points.expand(24, -1))
    fake = score(critic, x_fake)
    found = []
    for k, name in enumerate(GAMES):
        six = slice(6 * k, 6 * k + 6)
        a, _ = a_and_b(name, real[six])
        _, b = a_and_b(name, fake[six])
        found.append((a * mass).sum(1) - (b * z_mass).sum(1))
    return torch.cat(found)


# %%
def play_f_games(steps=450):
    """Returns mean, width and V_f of all 24 games, each (24,)."""
    critic = stack([new_critic() for _ in range(24)])
    bell = torch.tensor([[0.0], [0.4]]).repeat(1, 24)  # mean, log width
    bell.requires_grad_()
    opt_D = torch.optim.Adam(critic.params.values(), lr=3e-3, betas=(0.5, 0.999))
    opt_G = torch.optim.Adam([bell], lr=2e-2, betas=(0.5, 0.999))
    fall_D = torch.optim.lr_scheduler.CosineAnnealingLR(opt_D, steps)
    fall_G = torch.optim.lr_scheduler.CosineAnnealingLR(opt_G, steps)
    for _ in progress(range(steps), "24 games"):
        for _ in range(3):
            opt_D.zero_grad()
            (-values(critic, bell.detach()).sum()).backward()
            opt_D.step()
        opt_G.zero_grad()
        values(critic, bell).sum().backward()
        opt_G.step()
        fall_D.step()
        fall_G.step()
    mean, log_width = bell.detach()
    return mean, log_width.exp(), values(critic, bell).detach()


mean, width, V = play_f_games()

# %%
off_mean, off_width, off_value, best = [], [], [], {}
for k, name in enumerate(GAMES):
    six = slice(6 * k, 6 * k + 6)
    [best_mean], [best_width] = fit_bell(name, x, log_d, means=(0.0,), width=1.5)
    best[name] = best_mean.item(), best_width.item()
    off_mean.append((mean[six] - best_mean).abs())
    off_width.append((width[six] - best_width).abs())
    log_bells = Normal(mean[six, None].double(), width[six, None].double()).log_prob(x)
    off_value.append((V[six] - DIVERGENCES[name](x, log_d, log_bells)).abs())

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 4, figsize=(12, 2.7), sharey=True)
for k, (ax, name) in enumerate(zip(axes, GAMES, strict=True)):
    ax.fill_between(x, log_d.exp(), color=plots.REAL, alpha=0.25, linewidth=0)
    ax.plot(x, Normal(*best[name]).log_prob(x).exp(), color=plots.FAKE, linewidth=4, alpha=0.6)
    for m, s in zip(mean[6 * k : 6 * k + 6], width[6 * k : 6 * k + 6], strict=True):
        ax.plot(x, Normal(m, s).log_prob(x).exp(), "--", color=plots.DISC, linewidth=1)
    ax.set(title=f"{name}: mean {best[name][0]:.2f}, width {best[name][1]:.2f}", xlim=(-6, 5), ylim=(0, 0.6))
alt = "Four panels with the two-humped data in blue, the bell of direct descent in orange and the bells of six games dashed on top of it. KL, JSD and Pearson span both humps, reverse KL sits on the larger one."
plots.show(fig, alt=alt)

# %%
mean_found, width_found = torch.cat(off_mean) < 0.03, torch.cat(off_width) < 0.03
claim("Nearly all games end within .03 of direct descent's mean.", mean_found, in_at_least=22)
claim("And within .03 of its width.", width_found, in_at_least=22)
claim("The critics read the divergence to a hundredth.", torch.cat(off_value), below=0.01)

# %% [markdown]
# Critics that were shown no ratio lead to the same four bells, so $a$ and $b$ decide. KL takes over mean and width of the data exactly; Pearson, which squares the ratio, spreads wider still.
#
# **Which data make a bell seek?** The non-saturating loss (lesson) and reverse KL (above) left one hump of this mixture. Change one thing at a time: move the humps from 3.5 to 2 apart, make them equally wide, or equally heavy.

# %%
changes = {
    "nearer": {"means": (-1.25, 0.75)},
    "equal widths": {"stds": (0.8, 0.8)},
    "equal weights": {"weights": (0.5, 0.5)},
}
line = torch.linspace(-8, 8, 601, dtype=torch.float64)
widths = {}
for change, new_values in changes.items():
    humps = HUMPS | new_values
    log_humps = data.mixture_density(line, **humps).log()
    left, right = humps["means"]
    starts = (left, (left + right) / 2, right)
    for name in ("KL", "JSD", "2 KL(m, p_d)", "reverse KL"):
        widths[change, name] = fit_bell(name, line, log_humps, means=starts)[1]

# %%
nearer = [found for (change, _), found in widths.items() if change == "nearer"]
claim("Nearer humps are covered by all four.", torch.cat(nearer), between=(1, 1.3), exact=True)
same = widths["equal widths", "reverse KL"]
claim("If both are wide, even reverse KL covers.", same, above=1.5, exact=True)
equal = [widths["equal weights", name] for name in ("2 KL(m, p_d)", "reverse KL")]
claim("With equal weights both seek as before.", torch.cat(equal), below=0.9, exact=True)

# %% [markdown]
# So distance and width of the humps decide together with the divergence. Weights alone did not change these two.
#
# ## 4 The value is not the gradient (11 min)
#
# The generators above followed $V_f$ itself. Many do not. LSGAN (Mao et al. 2017) regresses the scores to labels $a$ for fakes, $b$ for real samples and $c$ for what $G$ wants (these letters are not the functions above):
#
# $$L_D=\tfrac12\mathbb E_x[(D(x)-b)^2]+\tfrac12\mathbb E_z[(D(G(z))-a)^2],\qquad L_G=\tfrac12\mathbb E_z[(D(G(z))-c)^2].$$
#
# With $a=0$, $b=1$ the best score is $D^*=p_d/(p_d+p_g)$. Put back, its *value* is a divergence. Let $\Delta=\int\frac{(p_d-p_g)^2}{p_d+p_g}dx$: Pearson's χ² of $2p_g$ against $p_d+p_g$, and not of $p_d$ against $p_g$. Then $\min_DL_D=\frac14-\frac18\Delta$. The coding of the paper's proof is $a=-1$, $b=1$, $c=0$, with $\frac12\mathbb E_x[(D(x)-c)^2]$ added to $L_G$. Its value is $\frac12\Delta$.


# %%
def delta_of(log_g):
    """Δ of N(0, 1) and a density on the grid x."""
    p_d, p_g = Normal(0.0, 1.0).log_prob(x).exp(), log_g.exp()
    return torch.trapezoid((p_d - p_g) ** 2 / (p_d + p_g), x)


gap_value, gap_coded = [], []
for center, std in ((0.0, 1.0), (1.0, 1.0), (0.0, 2.0), (0.5, 0.8), (5.0, 1.0)):
    p_d, log_g = Normal(0.0, 1.0).log_prob(x).exp(), Normal(center, std).log_prob(x)
    p_g = log_g.exp()
    P = p_d / (p_d + p_g)
    lowest = torch.trapezoid(p_d * (P - 1) ** 2 + p_g * P**2, x) / 2
    coded = torch.trapezoid((p_d + p_g) * (2 * P - 1) ** 2, x) / 2  # D* = 2P - 1, c = 0
    gap_value.append(lowest - (1 / 4 - delta_of(log_g) / 8))
    gap_coded.append(coded - delta_of(log_g) / 2)
claim("The lowest loss of D is 1/4 − Δ/8.", gap_value, near=0, within=1e-7, exact=True)
claim("The other coding has the value Δ/2.", gap_coded, near=0, within=1e-7, exact=True)

# %% [markdown]
# Exact in value. Is it exact in the gradient that a generator follows while $D$ is held fixed? Compare three generators of LSGAN with the slope of $\Delta/8$. Likewise the non-saturating loss, for which Arjovsky and Bottou (2017) derived $\nabla[\mathrm{KL}(p_g\Vert p_d)-2\,\mathrm{JSD}]$. This difference is the $2\,\mathrm{KL}(m\Vert p_d)$ of the lesson, which Shannon et al. (2020) call softened reverse KL.

# %%
predict(
    "All three generators of LSGAN face the best D. Which one follows the slope of Δ/8?",
    [
        ("All three, because the value is Δ", False, "The value is. With D held fixed the gradient is another one."),
        ("Only the zero-sum one, which maximises the loss of D", True, "Only it follows the value itself."),
        ("Only the one of the paper's proof", False, "Near the data it feels almost nothing."),
    ],
)


# %%
def zero_sum(s):
    return -(s**2) / 2


def towards_1(s):
    return (s - 1) ** 2 / 2


def towards_0(s):
    return s**2 / 2


def best_01(x, theta):
    return torch.sigmoid(log_ratio(x, theta))


def best_11(x, theta):
    return 2 * best_01(x, theta) - 1


# %%
def slope_of(divergence, theta):
    theta = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(divergence(Normal(theta, 1.0).log_prob(x)), theta)[0]


def softened(log_g):
    return DIVERGENCES["2 KL(m, p_d)"](x, Normal(0.0, 1.0).log_prob(x), log_g)


def twice_jsd(log_g):
    return 2 * DIVERGENCES["JSD"](x, Normal(0.0, 1.0).log_prob(x), log_g)


thetas = torch.linspace(0.02, 6, 60, dtype=torch.float64)
exact = torch.stack([slope_of(delta_of, theta) / 8 for theta in thetas.tolist()])
exact_ns = torch.stack([slope_of(softened, theta) for theta in thetas.tolist()])
exact_sat = torch.stack([slope_of(twice_jsd, theta) for theta in thetas.tolist()])
codings = {
    "zero-sum": over(thetas, zero_sum, best_01),
    "labels 0, 1, 1": over(thetas, towards_1, best_01),
    "labels −1, 1, 0": over(thetas, towards_0, best_11),
}

# %% tags=["hide-input"]
looks = zip(codings.items(), (plots.DISC, plots.GREEN, plots.PINK), strict=True)
ax = plots.lines(thetas, {name: (found / exact, color) for (name, found), color in looks}, log="y", ax=plt.subplots(figsize=(8, 3))[1])
ax.set(xlabel="distance $\\theta$", ylabel="gradient ÷ slope of $\\Delta/8$", title="Same value, three gradients")
alt = "Ratio of the gradient of three LSGAN generators to the slope of delta over 8. Zero-sum: 1 everywhere. Labels 0, 1, 1: from 1 to 2.7. Labels -1, 1, 0: from nearly 0 to 3.3."
plots.show(ax.figure, alt=alt)

# %%
ratio = {name: found / exact for name, found in codings.items()}
claim("The zero-sum generator follows Δ/8.", ratio["zero-sum"], near=1, within=1e-5, exact=True)
claim(
    "With labels −1, 1, 0 nothing is left near the data.",
    ratio["labels −1, 1, 0"][0], below=1e-3, exact=True,
)
ns = over(thetas, non_saturating, log_ratio) / exact_ns
claim("The non-saturating gradient is the slope of 2 KL(m, p_d).", ns, near=1, within=1e-5, exact=True)
sat = over(thetas, saturating, log_ratio) / exact_sat
claim("The saturating one is the slope of 2 JSD.", sat, near=1, within=1e-5, exact=True)

# %% [markdown]
# With labels 0, 1, 1 the generator agrees with $\Delta/8$ near the data, and feels 2.7 times as much at $\theta=6$. With labels $-1$, 1, 0 its gradient falls with $\theta^3$ near the data. Its value is in order, its force is not.
#
# ## 5 Can LSGAN die? (4 min)
#
# The generator of LSGAN wants the label 1, so its slope is $s-1$. A rejected fake has an LSGAN score near 0, so its slope is near $-1$. The non-saturating slope of a fake that is rejected for sure is $-1$, too. Is $G$ safe, then? Take the smallest game again: the data $\mathcal N(0,1)$, and the fakes $\theta+z$.

# %%
predict(
    "Data and fakes are eight standard deviations apart and D is perfect. Which loss still gives G a gradient?",
    [
        ("LSGAN, because its slope cannot vanish there", False, "The slope does not. But the best D is flat there."),
        ("The non-saturating one", True, "Its best D is a line: it slopes everywhere."),
        ("Neither, because a perfect D leaves nothing to learn", False, "A perfect D can still say where the data are."),
    ],
)

# %% [markdown]
# If $\theta$ grows by .1, every fake moves by .1, so the factor $\partial G/\partial\theta$ is 1. Look at the steepness of the best $D$.
#
# - **LSGAN.** Say that at some $x$ there are three real samples and one fake. Their labels are 1, 1, 1, 0. The number with the smallest squared error to all four is their mean, ¾. So the best score is $P^*$, the share of the data at $x$. Far from the data it is 0 all around: flat.
# - **Saturating and non-saturating.** Here the best score is the logarithm of the ratio, $\log\frac31$ in our example. For the two bells it is $\theta(\theta/2-x)$: a line, as steep as $\theta$ everywhere.
#
# Now the products, for $\theta=8$ and the fake $x=8$ in the middle of the bell. The line is at $8\,(4-8)=-32$ there, so $P^*=\sigma(-32)$, about $10^{-14}$.
#
# | | slope, size | × steepness of the best $D$ | = gradient |
# |---|---|---|---|
# | saturating | $P^*=10^{-14}$ | $\theta=8$ | $10^{-13}$ |
# | non-saturating | $1-P^*=1$ | $\theta=8$ | 8 |
# | LSGAN | $1-P^*=1$ | $\theta\,P^*(1-P^*)=10^{-13}$, the slope of $P^*$ | $10^{-13}$ |
#
# The mean over all fakes is larger, because a few lie nearer to the data.

# %%
distances = torch.linspace(0.1, 8, 80, dtype=torch.float64)
felt = {
    "saturating": over(distances, saturating, log_ratio),
    "non-saturating": over(distances, non_saturating, log_ratio),
    "LSGAN": over(distances, towards_1, best_01),
}

# %% tags=["hide-input"]
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2))
places = torch.linspace(-4, 14, 400, dtype=torch.float64)
for mean, color, name in ((0.0, plots.REAL, "data"), (8.0, plots.FAKE, "fakes")):
    left.fill_between(places, 3 * Normal(mean, 1.0).log_prob(places).exp(), color=color, alpha=0.3, linewidth=0)
    left.text(mean, 1.35, name, color=color, ha="center")
left.plot(places, 8 * (4 - places), color=plots.GREEN)
left.plot(places, torch.sigmoid(8 * (4 - places)), color=plots.SKY)
left.text(4.4, -1.2, "logistic", color=plots.GREEN)
left.text(11, 0.12, "LSGAN", color=plots.SKY)
left.set(xlabel="$x$", ylabel="best score", ylim=(-2, 2), title="Under the fakes $P^*$ is flat")
colors = dict(zip(felt, (plots.PINK, plots.GREEN, plots.SKY), strict=True))
plots.lines(distances, {n: (felt[n], c) for n, c in colors.items()}, log="y", ylim=(1e-4, 20), ax=right)
right.set(xlabel="distance $\\theta$", ylabel="gradient", title="So LSGAN dies far away")
alt = "Left: data at 0, fakes at 8. The best logistic score is a steep falling line. The best score of LSGAN is 1 at the data, falls to 0 in the middle, and is flat under the fakes. Right: gradient against distance on a log scale. Saturating and LSGAN fall below a thousandth at distance 8, non-saturating rises to 8."
plots.show(fig, alt=alt)

# %%
claim("At distance 2 LSGAN still has .15.", felt["LSGAN"][19], near=0.15, within=0.01, exact=True)
claim(
    "At distance 8 LSGAN and saturating are below a thousandth.",
    [felt["LSGAN"][-1], felt["saturating"][-1]], below=1e-3, exact=True,
)
claim(
    "The non-saturating gradient is then 8.",
    felt["non-saturating"][-1], near=8, within=0.01, exact=True,
)
few = z_line < -3  # one fake in 740
of_each = weight * torch.sigmoid(log_ratio(8 + z_line, 8.0)) * 8
part = of_each[few].sum() / felt["saturating"][-1]
claim("Nearly all that is left comes from one fake in 740.", part, above=0.99, exact=True)

# %% [markdown]
# Far from the data two losses die. Saturating dies by its slope, LSGAN by a flat $D$. So ask also for the $D$ that comes with a loss.
#
# ## 6 LSGAN and hinge with networks (15 min)
#
# That was a *perfect* $D$ of LSGAN. That of hinge leaves less. At each $x$ its score minimises $p_d\max(0,1-s)+p_g\max(0,1+s)$. We try all scores on a grid, for two bells at distance 4.

# %%
p_d, p_g = Normal(0.0, 1.0).log_prob(x).exp(), Normal(4.0, 1.0).log_prob(x).exp()
tried = torch.linspace(-2, 2, 401, dtype=torch.float64)
pays = p_d[:, None] * F.relu(1 - tried) + p_g[:, None] * F.relu(1 + tried)
best_score = tried[pays.argmin(1)]
apart = (x - 2).abs() > 0.01  # at x = 2 both densities are equal
claim("The best hinge score is 1 or −1.", best_score[apart].abs(), near=1, within=1e-6, exact=True)
right_sign = best_score[apart].sign() == (p_d - p_g)[apart].sign()
claim("It is 1 where the data are denser, and −1 elsewhere.", right_sign, exact=True)

# %% [markdown]
# So it is flat but for a jump. What do networks leave, which are 1,000 steps ahead of new generators?


# %%
def loss_D_squares(score_real, score_fake):
    return (score_real - 1) ** 2 / 2 + score_fake**2 / 2


def loss_D_hinge(score_real, score_fake):
    return F.relu(1 - score_real) + F.relu(1 + score_fake)


def linear(s):
    return -s


def linear_until_1(s):
    return -s * (s <= 1)  # control: a fake beyond the margin adds nothing


new = sixteen((2, 32, 32, 2), first=0)
ahead = {
    "non-saturating": run_ahead(new, loss_D_logistic),
    "LSGAN": run_ahead(new, loss_D_squares),
    "hinge": run_ahead(new, loss_D_hinge),
}

# %%
losses_G = {"non-saturating": non_saturating, "LSGAN": towards_1, "hinge": linear}
growth, scores = {}, {}
for name, (first, last) in ahead.items():
    sizes = []
    for D in (first, last):
        loss = losses_G[name](D(new(z_test)))
        sizes.append(gradient_sizes(new, loss.mean(1).sum()))
    growth[name] = sizes[1] / sizes[0]
    scores[name] = last(new(z_test)).flatten(1).median(1).values
table("gradient after 1,000 steps of D ÷ after 1", growth)
table("median score of the fakes", scores)

# %%
calm = torch.maximum(growth["LSGAN"], growth["hinge"])
claim("Both gradients grow less than the non-saturating one.", calm, below=growth["non-saturating"])
past = (scores["hinge"] < -1) & (scores["hinge"] > -2)
claim("Hinge scores stop a little past −1, in nearly all games.", past, in_at_least=14)
claim("LSGAN scores stop at 0.", scores["LSGAN"], near=0, within=0.2)

# %% [markdown]
# Neither dies and neither explodes. Their scores stop where the loss is satisfied, and these networks are not yet flat. We have not tested whether the one is the reason of the other.
#
# Now freeze these $D$, and let new generators follow them. A slope of $-1$ has no brake. Does hinge run away from its own $D$, and is the missing brake the reason?


# %%
def follow(loss_G, D, steps=100):
    """Mean distance from the circle after some steps of new generators: (16,)."""
    G = sixteen((2, 32, 32, 2), first=0)
    opt_G = adam(G)
    for _ in progress(range(steps), "G follows"):
        opt_G.zero_grad()
        loss_G(D(G(torch.randn(16, 64, 2)))).mean(1).sum().backward()
        opt_G.step()
    return (G(z_test).norm(dim=2) - 2).abs().mean(1).detach()


start = (new(z_test).norm(dim=2) - 2).abs().mean(1).detach()
ends = {
    "LSGAN": follow(towards_1, ahead["LSGAN"][1]),
    "hinge": follow(linear, ahead["hinge"][1]),
    "hinge, fakes above 1 out": follow(linear_until_1, ahead["hinge"][1]),
}
table("distance from the circle after 100 steps", ends, floor={"at the start": start})

# %%
claim("Hinge runs away from its own D, in nearly all games.", ends["hinge"] > start, in_at_least=14)
claim("With a brake it comes nearer.", ends["hinge, fakes above 1 out"], below=start)
claim("LSGAN comes nearer without help.", ends["LSGAN"], below=start)

# %% [markdown]
# The logistic $D$ of the lesson does the same to these losses, so the brake is in the loss of $G$. And how long does the non-saturating loss stay near the circle, if we wait for 600 steps instead of 200?

# %%
logistic = ahead["non-saturating"][1]
later = {
    "LSGAN, 200 steps": follow(towards_1, logistic, 200),
    "slope −1, 200 steps": follow(linear, logistic, 200),
    "saturating, 600 steps": follow(saturating, logistic, 600),
    "non-saturating, 600 steps": follow(non_saturating, logistic, 600),
}
table("distance from the circle, logistic D", later, floor={"at the start": start})

# %%
claim("LSGAN comes nearer to this D, too.", later["LSGAN, 200 steps"], below=start)
claim("The slope −1 runs away from it.", later["slope −1, 200 steps"], above=start)
slow = later["non-saturating, 600 steps"] < later["saturating, 600 steps"] / 10
claim("Non-saturating is at most a tenth as far as saturating.", slow)

# %% [markdown]
# After 600 steps the saturating fakes are hundreds away. The non-saturating fakes of most games are still near, but look at the largest number: single games have left. The slope $-(1-P)$ is small for accepted fakes and never zero, and Adam enlarges what is small. So this brake is slow, and no stop.
#
# **Why less than double?** With the steepness taken out, the non-saturating gradient of new generators grew a little less than its slope, which doubles. $D$ sends the fakes in different directions, and these may cancel in part. If that is the reason, it must double when we send all fakes in one direction.


# %%
def without_steepness(D, one_direction):
    """Size of the non-saturating gradient of new generators, D as steep as 1: (16,)."""
    x = new(z_test)
    here = x.detach().requires_grad_()
    s = D(here)
    to = F.normalize(torch.autograd.grad(s.sum(), here)[0], dim=2)
    if one_direction:
        to = torch.tensor([1.0, 0.0])
    push = -torch.sigmoid(-s.detach()) * (x * to).sum(2, keepdim=True)
    return gradient_sizes(new, push.mean(1).sum())


early, late = ahead["non-saturating"]
grown = {}
for name, one in (("own directions", False), ("one direction", True)):
    grown[name] = without_steepness(late, one) / without_steepness(early, one)
table("growth without steepness", grown)
claim("In one direction it doubles.", grown["one direction"], near=2, within=0.4)
less = grown["own directions"] < grown["one direction"]
claim("In its own directions it grows less, in nearly all games.", less, in_at_least=14)

# %% [markdown]
# ## 7 Where each game comes to rest (3 min)
#
# Set $p_g=p_d$. Each sample is then as often real as fake, and a free score minimises what a real and a fake sample pay together. Descend from five starts.


# %%
def loss_D_wasserstein(score_real, score_fake):
    return score_fake - score_real


def loss_D_smoothed(score_real, score_fake):
    real = 0.9 * F.softplus(-score_real) + 0.1 * F.softplus(score_real)
    return real + F.softplus(score_fake)


games = {
    "logistic": loss_D_logistic,
    "LSGAN": loss_D_squares,
    "hinge": loss_D_hinge,
    "Wasserstein": loss_D_wasserstein,
    "logistic, real label 0.9": loss_D_smoothed,
}
starts = torch.tensor([-3.0, -0.6, 0.0, 0.6, 3.0])
rest = {}
for name, loss_D in games.items():
    s = starts.clone().requires_grad_()
    optimiser = torch.optim.SGD([s], lr=0.1)
    for _ in range(500):
        optimiser.zero_grad()
        loss_D(s, s).sum().backward()
        optimiser.step()
    rest[name] = s.detach()
table("score at rest, from five starts", rest)

# %%
claim("The logistic game rests at 0.", rest["logistic"], near=0, within=1e-4, exact=True)
claim("LSGAN rests at ½.", rest["LSGAN"], near=0.5, within=1e-4, exact=True)
claim("Hinge rests anywhere between −1 and 1.", rest["hinge"], between=(-1.11, 1.11), exact=True)

# %% [markdown]
# Where the score at rest is unique, the best $D$ at $p_g=p_d$ is flat and gives the generator no gradient. Hinge and Wasserstein merely allow that: a Wasserstein score stays wherever it starts. Only the logistic game reads $L_D=2\log2$ and $L_G=\log2$ there.
#
# ## 8 Smoothed labels (11 min)
#
# Salimans et al. (2016) replace the label 1 of real samples by $1-\alpha$. With a label $\beta$ for fakes as well, the cross-entropy at each $x$ is lowest at
#
# $$P^*=\frac{(1-\alpha)\,p_d+\beta\,p_g}{p_d+p_g}.$$


# %%
def smoothed(s, p_d, p_g, alpha, beta):
    """The integrand of L_D with labels 1 - alpha on data and beta on fakes."""
    real = (1 - alpha) * F.softplus(-s) + alpha * F.softplus(s)
    fake = (1 - beta) * F.softplus(s) + beta * F.softplus(-s)
    return p_d * real + p_g * fake


def best_smoothed(x, theta, alpha, beta):
    """The best score for these labels; 1 - P is a sigmoid, too: no cancellation."""
    P, rest = torch.sigmoid(log_ratio(x, theta)), torch.sigmoid(-log_ratio(x, theta))
    high = (1 - alpha) * P + beta * rest
    return torch.log(high) - torch.log(alpha * P + (1 - beta) * rest)


# %%
grid = torch.linspace(-3, 7, 201, dtype=torch.float64)
p_d, p_g = Normal(0.0, 1.0).log_prob(grid).exp(), Normal(4.0, 1.0).log_prob(grid).exp()
s = torch.logit((0.9 * p_d + 0.1 * p_g) / (p_d + p_g)).requires_grad_()  # α = β = .1
slope_there = torch.autograd.grad(smoothed(s, p_d, p_g, 0.1, 0.1).sum(), s)[0]
claim("At the formula's score the slope is zero.", slope_there, near=0, within=1e-12, exact=True)
gap = s - best_smoothed(grid, 4.0, 0.1, 0.1)
claim("The careful form is the same score.", gap, near=0, within=1e-9, exact=True)

# %%
predict(
    "Data and fakes are 8 apart and D is perfect. What does one-sided smoothing (α = .1, β = 0) do to the non-saturating gradient?",
    [
        ("It makes it a tenth smaller", False, "Not even that."),
        ("Nothing at all", True, "The loss of G only gets a constant more."),
        ("It removes it", False, "That is what a label for the fakes does."),
    ],
)


# %%
def hard(x, theta):
    return best_smoothed(x, theta, 0.0, 0.0)


def one_sided(x, theta):
    return best_smoothed(x, theta, 0.1, 0.0)


def two_sided(x, theta):
    return best_smoothed(x, theta, 0.1, 0.1)


felt = {
    "hard labels": over(distances, non_saturating, hard),
    "α = .1": over(distances, non_saturating, one_sided),
    "α = β = .1": over(distances, non_saturating, two_sided),
}

# %% tags=["hide-input"]
looks = {"hard labels": plots.GREY, "α = .1": plots.GREEN, "α = β = .1": plots.PINK}
ax = plots.lines(distances, {name: (felt[name], color) for name, color in looks.items()}, log="y", ax=plt.subplots(figsize=(8, 3))[1])
ax.set(xlabel="distance $\\theta$", ylabel="gradient", title="A label for the fakes removes the way back")
alt = "Gradient of the non-saturating loss against distance. Hard labels and one-sided smoothing coincide and rise to 8. With a label for fakes it falls below a thousandth."
plots.show(ax.figure, alt=alt)

# %%
ratio = felt["α = .1"] / felt["hard labels"]
claim("One-sided smoothing changes nothing.", ratio, near=1, within=1e-9, exact=True)
claim("A label for the fakes removes the gradient at 8.", felt["α = β = .1"][-1], below=0.008, exact=True)

# %% [markdown]
# With $\beta>0$ a fake far from all data has $P^*=\beta$, and so has its neighbour: no slope, no way back. One-sided smoothing leaves $L_G=-\log P^*=-\log(1-\alpha)-\log\frac{p_d}{p_d+p_g}$, which is a constant more. If it helps in practice, then not by way of a perfect $D$. Ask the networks, 1,000 steps ahead of the new generators.


# %%
def loss_D_one_sided(score_real, score_fake):
    return smoothed(score_real, 1, 0, 0.1, 0.0) + smoothed(score_fake, 0, 1, 0.1, 0.0)


def loss_D_two_sided(score_real, score_fake):
    return smoothed(score_real, 1, 0, 0.1, 0.1) + smoothed(score_fake, 0, 1, 0.1, 0.1)


x_real = ring[:2000].expand(16, -1, -1)
reaction = {"hard labels": ahead["non-saturating"][1]}
reaction["α = .1"] = run_ahead(new, loss_D_one_sided)[1]
reaction["α = β = .1"] = run_ahead(new, loss_D_two_sided)[1]
size, real = {}, {}
for name, D in reaction.items():
    size[name] = gradient_sizes(new, non_saturating(D(new(z_test))).mean(1).sum())
    real[name] = D(x_real).flatten(1).median(1).values
table("gradient of new generators, D 1,000 steps ahead", size)
table("median score of real samples", real)

# %%
claim("One-sided smoothing holds real scores near log 9.", real["α = .1"], near=math.log(9), within=0.4)
less = size["α = .1"] < size["hard labels"]
claim("It leaves less than the whole gradient, in nearly all games.", less, in_at_least=14)
less = size["α = β = .1"] < size["α = .1"]
claim("With β nearly all games keep less still.", less, in_at_least=14)

# %% [markdown]
# So real discriminators become calmer. Whether that makes better samples is another question, which this notebook does not ask.
#
# **Smoothing the generator's target.** Asked for the label $t$, the generator minimises $t\,\zeta(-s)+(1-t)\,\zeta(s)$, whose slope is $\sigma(s)-t$. It changes sign where $P=t$: for $t=.9$ the generator *lowers* the scores of its most accepted fakes. Exercise 4 asks where.

# %%
how_sure()

# %% [markdown]
# ## Exercises (18 min)
#
# ### Exercise 4 · where a softened target turns round
#
# ●○○ · 3 minutes · you need: section 8. A generator is trained with the label $t$ in $(0,1)$ for its fakes. Return the score above which its gradient
# pushes samples *away* from "real".


# %% tags=["exercise-4"]
def turning_score(t):
    """t: a float between 0 and 1. Returns a float."""
    return None  # ← your answer


# %% tags=["check-4"]
nb02.check_4(turning_score)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Gradient descent changes its direction where the slope of the loss is zero. Write down
# the slope of this loss as a function of the score.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The slope is $\sigma(s)-t$. Set it to zero and solve for $s$, with the inverse of the
# sigmoid.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def turning_score(t):
#     return math.log(t / (1 - t))
# ```
# </details>
#
# ### Exercise 5 · a fifth row for the table
#
# ●●● · 15 minutes · you need: section 3. The squared Hellinger distance $\int(\sqrt{p_d}-\sqrt{p_g})^2dx$ is the $f$-divergence with $f(u)=(\sqrt u-1)^2$, whose conjugate is $f^*(t)=t/(1-t)$ for $t<1$.
# Find $a(D)=f'(e^D)$ and $b(D)=f^*(a(D))$ and return $V_f=\mathbb E_x[a(D)]-\mathbb E_z[b(D)]$, to be *maximised* by the discriminator.


# %% tags=["exercise-5"]
def hellinger_value(score_real, score_fake):
    """Two 1-D tensors of scores. Returns a scalar tensor."""
    return None  # ← your answer


# %% tags=["check-5"]
nb02.check_5(hellinger_value)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Differentiate $f$, and only then put in $u=e^D$. Keep the result as short as you can
# before you go on to $b$.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# $f'(u)=1-u^{-1/2}$, so $a(D)=1-e^{-D/2}$. Now simplify $a/(1-a)$: the denominator is
# $e^{-D/2}$. Average each batch and subtract.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def hellinger_value(score_real, score_fake):
#     return (1 - torch.exp(-score_real / 2)).mean() - (torch.exp(score_fake / 2) - 1).mean()
# ```
# </details>
#
# ## Recap (1 min)
#
# 1. Five ways to write one loss: in either precision only the two on scores keep their slope ([section 1](#1-Five-ways-to-write-one-loss,-in-two-precisions-(6-min))).
# 2. The non-saturating generator leaves the zero-sum direction, and rests where the zero-sum one does ([section 2](#2-No-longer-zero-sum,-and-the-same-place-of-rest-(15-min))).
# 3. Every $f$-divergence is the value of a game, and critics that know no ratio find it ([section 3](#3-A-game-for-every-divergence-(22-min))).
# 4. A value is not a gradient: of three LSGAN generators one follows it ([section 4](#4-The-value-is-not-the-gradient-(11-min))). LSGAN dies where its best $D$ is flat ([section 5](#5-Can-LSGAN-die?-(4-min))), and hinge runs away from its own $D$ for want of a brake ([section 6](#6-LSGAN-and-hinge-with-networks-(15-min))).
# 5. A perfect $D$ makes one-sided smoothing do nothing, and a label for fakes takes the gradient away ([section 8](#8-Smoothed-labels-(11-min))).
#
# **Further reading.** Nowozin et al. 2016, f-GAN (arXiv:1606.00709), Sec. 2 · Arjovsky and Bottou 2017 (1701.04862) · Mao et al. 2017, LSGAN (1611.04076), Sec. 3 · Shannon et al. 2020 (2010.08029) · Salimans et al. 2016, label smoothing (1606.03498), Sec. 3.4.
