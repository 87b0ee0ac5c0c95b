# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 · Losses and gradients
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/02_losses_and_gradients.ipynb)
#
# ![Noise enters G, its fake enters D, the score enters the loss. Back from the loss to G the gradient passes three factors: the slope of the loss, how steep D is at the fake, and how the fake moves when G changes. It ends at theta, the parameters of G](images/02_losses_and_gradients.png)
#
# **In one sentence:** a generator feels its loss as a gradient, which is a product of three factors, and the slope of the loss is only the first of them.
#
# **After this lesson you can**
#
# - **write** a GAN loss on scores, so that its gradient survives very low scores;
# - **predict** what a generator feels when its discriminator is far ahead, and say which factor is to blame;
# - **say** which loss has a brake, and when a simple generator forgets a mode.
#
# *Before:* [00](00_start_here.ipynb), [01](01_the_minimax_game.ipynb). *Study:* 41 minutes, and 23 for the exercises. *Run time:* about 30 seconds. *Deeper:* [the second notebook](deeper/02_losses_and_gradients.ipynb) asks whether LSGAN can die, derives a game for every divergence, and smooths labels.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import matplotlib.pyplot as plt
import torch
from torch.distributions import Normal
from torch.nn import functional as F

from gan_helpers import data, plots, seeds
from gan_helpers.checks import nb02
from gan_helpers.densities import fit_bell
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict, progress
from gan_helpers.training import gradient_sizes, stack

torch.manual_seed(seeds.one())
torch.set_num_threads(1)  # small networks: a second thread costs more than it brings
plots.use_course_style()

# %% tags=["hide-input", "head-picture"]
fig, ax = plt.subplots(figsize=(8.4, 2.7))
ax.set(xlim=(0, 14), ylim=(-0.2, 4.2))
ax.axis("off")
for left, name, color in ((2.0, "$G$", plots.FAKE), (6.2, "$D$", plots.DISC), (10.4, "$L_G$", plots.GREY)):
    ax.add_patch(plt.Rectangle((left, 1.5), 1.6, 1.4, color=color))
    ax.text(left + 0.8, 2.2, name, color="white", fontsize=16, ha="center", va="center")
for start, end, what in ((0.6, 2.0, "noise $z$"), (3.6, 6.2, "fake $x=G(z)$"), (7.8, 10.4, "score $s=D(x)$")):
    ax.annotate("", (end, 2.6), (start, 2.6), arrowprops={"arrowstyle": "-|>", "color": plots.GREY, "lw": 1.5})
    ax.text((start + end) / 2, 3.2, what, ha="center")
back = ((10.4, 7.8, "slope of the loss\n$dL_G/ds$"), (6.2, 3.6, "steepness of $D$\n$\\nabla_xD$"), (2.0, 0.6, "how fakes move\n$\\partial x/\\partial\\theta$"))
for start, end, what in back:
    ax.annotate("", (end, 1.8), (start, 1.8), arrowprops={"arrowstyle": "-|>", "color": plots.FAKE, "lw": 2.2})
    ax.text((start + end) / 2, 1.1, what, color=plots.FAKE, ha="center", va="top")
ax.text(0.4, 1.8, "$\\theta$", color=plots.FAKE, fontsize=18, ha="center", va="center")
alt = "Noise enters G, its fake enters D, the score enters the loss L_G. Below, in orange, the way back: the slope of the loss, the steepness of D at the fake, and how fakes move when theta changes. The last arrow ends at theta, the parameters of G."
plots.show(fig, alt=alt)

# %% [markdown]
# ## 1 A loss is a function of the score (5 min)
#
# A generator never sees its loss, only the gradient, and the first factor of that is the slope of the loss. A fake that wants to pass for real has the loss $-\log P$, with $P=\sigma(s)$ and the score $s=D(G(z))$:
#
# $$-\log P=-\log\frac1{1+e^{-s}}=\log(1+e^{-s})=\zeta(-s),$$
#
# where $\zeta(t)=\log(1+e^t)$ is PyTorch's `F.softplus`. Its slope is $-(1-P)$, nearly $-1$ for a very low score. Public code writes this loss in three ways.


# %%
def log_of_P(s):
    return -torch.log(torch.sigmoid(s) + 1e-8)


def bce_on_P(s):
    P = torch.sigmoid(s)
    return F.binary_cross_entropy(P, torch.ones_like(P), reduction="none")


def on_scores(s):
    return F.softplus(-s)  # the same as BCEWithLogitsLoss with label 1


# %%
def slope(loss, s):
    """The derivative of the loss at each score in s."""
    s = s.clone().requires_grad_()  # each score is in one term of the sum only
    return torch.autograd.grad(loss(s).sum(), s)[0]


# %%
s = torch.linspace(-40, 5, 901)
by_log, by_bce, by_score = slope(log_of_P, s), slope(bce_on_P, s), slope(on_scores, s)
table(
    "score below which more than half of the slope −1 is lost",
    {"log(P + 1e-8)": s[by_log < -0.5].min(), "BCELoss on P": s[by_bce < -0.5].min()},
)

# %% tags=["hide-input"]
ways = {"log(P + 1e-8)": (by_log, plots.PINK), "BCELoss on P": (by_bce, plots.SKY), "on scores": (by_score, plots.GREEN)}
fig, ax = plt.subplots(figsize=(7, 2.8))
for (name, (values, color)), at, width in zip(ways.items(), ((-17, -0.3), (-38, -0.3), (-12, -0.9)), (2, 2, 5), strict=True):
    ax.plot(s, values, color=color, linewidth=width, alpha=0.6 if width > 2 else 1)
    ax.text(*at, name, color=color)
ax.set(xlabel="score $s$", ylabel="slope", title="Only the loss on scores keeps its slope")
alt = "Slope against score. On scores it is -1 for all low scores. With log(P + 1e-8) half of it is lost at -18 and nearly all below -23; with BCELoss on P half is lost at -28."
plots.show(fig, alt=alt)

# %%
far = torch.tensor([-30.0])
claim(
    "At −30 the safety number leaves less than a thousandth of it.",
    slope(log_of_P, far).abs(), below=1e-3, exact=True,
)
claim("`BCELoss` on P leaves less than a tenth.", slope(bce_on_P, far).abs(), below=0.1, exact=True)
claim("On scores the slope is −1.", slope(on_scores, far), near=-1, within=1e-6, exact=True)

# %% [markdown]
# At $-18$ $P$ itself is 1e-8. `BCELoss` has a safety number of its own, 1e-12. Nothing crashes: the loss looks fine while the gradient is gone. Section 3 will meet scores near $-20$, where the first way fails. So every loss is now written on scores.
#
# ## 2 Two losses, two slopes (2 min)
#
# A fake is **accepted** if $s>0$, so $P>\frac12$, and **rejected** if not. The generator of the minimax game wants the loss of $D$ on fakes to be high, so it minimises $-\zeta(s)$. This loss **saturates**: where $D$ rejects, its curve becomes flat. So Goodfellow et al. (2014) replaced it by $\zeta(-s)$, the **non-saturating** loss, which is flat only where $D$ accepts.

# %%
def saturating(s):
    return -F.softplus(s)


def non_saturating(s):
    return F.softplus(-s)


# %% [markdown]
# Their derivatives are $-P$ and $-(1-P)$. If $D$ gives a fake $P=.01$, the saturating loss pushes with a hundredth, and the non-saturating one with 99 hundredths.

# %% tags=["hide-input"]
s = torch.linspace(-8, 8, 321)
pair = {"saturating, $-P$": (slope(saturating, s), plots.PINK), "non-saturating, $-(1-P)$": (slope(non_saturating, s), plots.GREEN)}
fig, ax = plt.subplots(figsize=(8, 2.7))
plots.lines(s, pair, ax=ax)
ax.axvline(0, color=plots.GREY, linewidth=1, linestyle=":")
for at, what in ((-4, "rejected fakes"), (4, "accepted fakes")):
    ax.text(at, -0.5, what, color=plots.GREY, ha="center")
ax.set(xlabel="score $s$ of the fake", ylabel="slope", title="What one loss lacks, the other has")
alt = "Two slopes against the score. The saturating one is 0 for rejected fakes and -1 for accepted ones. The non-saturating one is the other way round."
plots.show(fig, alt=alt)

# %%
s = torch.tensor([-9.0, -1.0, 0.0, 3.0])
claim(
    "The two slopes always add up to −1.",
    slope(saturating, s) + slope(non_saturating, s), near=-1, within=1e-6, exact=True,
)

# %% [markdown]
# ## 3 What arrives when D is ahead (16 min)
#
# What does $G$ feel when $D$ is ahead? By the chain rule, its gradient is the mean of a product:
#
# $$\nabla_\theta L_G=\mathbb E_z\Big[\,\frac{dL_G}{ds}\cdot\nabla_xD\cdot\frac{\partial G}{\partial\theta}\Big].$$
#
# - The **slope** of the loss is $-P$ or $-(1-P)$.
# - The **steepness** of $D$ says how fast the score changes when the fake moves.
# - How the fake moves with $\theta$ is a matter of $G$ alone. Here $G$ will stand still, so this factor does not change.
#
# The data are eight clusters on a circle of radius 2.
#
# One game could be luck, so sixteen run side by side. `stack` packs sixteen networks into one object: batch $k$ goes through network $k$.

# %%
ring = data.ring(20_000, seed=seeds.one(), std=0.1)


def sixteen(sizes, first):
    """Sixteen new networks as one. first: 0 for G, 1 for D: no seed twice."""
    nets = [mlp(sizes, seed=first + 2 * seed) for seed in seeds.several(16)]
    return stack(nets)


def adam(player, eps=1e-8):
    params = player.params.values()
    return torch.optim.Adam(params, lr=1e-3, betas=(0.5, 0.9), eps=eps)


# %%
def step(optimiser, losses):
    """One step of all sixteen. losses: one for each game and sample (16, 64, 1)."""
    optimiser.zero_grad()
    per_game = losses.mean(1)  # the mean of a batch, as always: (16, 1)
    per_game.sum().backward()  # each game's parameters feel their own game only
    optimiser.step()


def losses_of_D(D, G):
    some = torch.randint(len(ring), (16, 64))
    x_real = ring[some]
    x_fake = G(torch.randn(16, 64, 2)).detach()
    return F.softplus(-D(x_real)) + F.softplus(D(x_fake))


# %% [markdown]
# There are two kinds of generator. The **new** ones have not trained. The **played** ones have played 300 rounds: in each, $D$ takes one step, then $G$.

# %%
new = sixteen((2, 32, 32, 2), first=0)
played = sixteen((2, 32, 32, 2), first=0)

D = sixteen((2, 32, 32, 1), first=1)
opt_D, opt_G = adam(D), adam(played)
for _ in progress(range(300), "300 rounds"):
    step(opt_D, losses_of_D(D, played))
    z = torch.randn(16, 64, 2)
    step(opt_G, non_saturating(D(played(z))))

# %% [markdown]
# Now both kinds stand still, and new $D$ take 1,000 steps against them.

# %%
def run_ahead(G):
    """New D train against frozen G. Returns them after 1,000 steps."""
    D = sixteen((2, 32, 32, 1), first=1)
    opt_D = adam(D)
    for _ in progress(range(1000), "D runs ahead"):
        step(opt_D, losses_of_D(D, G))
    return D


D_new = run_ahead(new)
D_played = run_ahead(played)
z_test = torch.randn(16, 512, 2)  # always the same noise, to compare

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(7.6, 3.8))
mesh = plots.plane(3.0).flatten(0, 1).expand(16, -1, -1)
for ax, G, D, title in ((axes[0], new, D_new, "new: all are found out"), (axes[1], played, D_played, "played: many are not found out")):
    with torch.no_grad():
        P, fakes = torch.sigmoid(D(mesh))[0].view(60, 60), G(z_test)[0]
    plots.decision_field(P, limit=3.0, ax=ax)
    plots.points(ring[:400], fakes, limit=3.0, ax=ax)
    ax.get_legend().remove()
    ax.set(title=title)
alt = "Eight blue clusters on a circle, and fakes of one generator in orange, on the field of its D after 1,000 steps. New: a blob in the middle, deep in the rejected region. Played: a cloud stretched towards the clusters, partly in the accepted region."
plots.show(fig, alt=alt)

# %% [markdown]
# The first game of each kind. On orange ground $D$ rejects. We call a fake **found out** if $P<.01$, so if its score is below $-4.6$.

# %%
score_new = D_new(new(z_test)).detach().flatten(1)  # (16, 512)
score_played = D_played(played(z_test)).detach().flatten(1)
median = score_new.median(1).values
highest = score_new.amax(1)
not_found = (torch.sigmoid(score_played) >= 0.01).float().mean(1)
table("scores of the new fakes", {"median": median, "highest": highest})
table("played fakes that are not found out", {"share": not_found}, unit="%")
claim("All new fakes are found out.", highest, below=-4.6)
claim("Half of them score below −20.", median, below=-20)
claim(
    "Over 5 % of the played fakes are not found out, in nearly all games.",
    not_found > 0.05, in_at_least=14,
)

# %%
predict(
    "How large is the non-saturating gradient of the new generators, compared with an untrained D?",
    [
        ("At most twice: its slope was ½ and cannot exceed 1", False, "True of the slope. But D has a factor of its own."),
        ("Nearly zero, because D is too good", False, "The slope of this loss does not vanish for rejected fakes."),
        ("More than ten times", True, "D becomes steep, and that multiplies the gradient."),
    ],
)

# %% [markdown]
# The slope at most doubles the gradient. So look at the steepness.

# %%
def steepness(D, x):
    """Length of the gradient of D at each fake of x (16, 512, 2): (16, 512, 1)."""
    x = x.detach().requires_grad_()
    [uphill] = torch.autograd.grad(D(x).sum(), x)
    return uphill.norm(dim=2, keepdim=True)


untrained = sixteen((2, 32, 32, 1), first=1)
steep_before = steepness(untrained, new(z_test)).mean((1, 2))
steep_ahead = steepness(D_new, new(z_test)).mean((1, 2))
table("steepness at the new fakes", {"D untrained": steep_before, "D ahead": steep_ahead})
claim("D ahead is more than twenty times as steep.", steep_ahead / steep_before, above=20)

# %% [markdown]
# Follow one fake, with rounded numbers. An untrained $D$ scores it near 0, where both slopes have the size ½. The $D$ ahead scores it $-23$, so $P=e^{-23}=10^{-10}$.
#
# | | slope, size | × steepness | = product |
# |---|---|---|---|
# | $D$ untrained, either loss | ½ | .07 | .035 |
# | $D$ ahead, non-saturating | $1-P=1$ | 7 | 7, or 200 times as much |
# | $D$ ahead, saturating | $P=10^{-10}$ | 7 | $7\cdot10^{-10}$, next to nothing |
#
# Now measure the whole gradient, the mean over 512 fakes.


# %%
def gradient(G, losses):
    """Length of dL_G/dtheta for each game (16,), from losses (16, 512, 1)."""
    return gradient_sizes(G, losses.mean(1).sum())


def growth(G, D, loss):
    """Gradient with D ahead, divided by that with D untrained: (16,)."""
    x = G(z_test)
    return gradient(G, loss(D(x))) / gradient(G, loss(untrained(x)))


# %%
sat = growth(new, D_new, saturating)
ns = growth(new, D_new, non_saturating)
table("new: gradient with D ahead ÷ with D untrained", {"saturating": sat, "non-saturating": ns})
claim("The saturating gradient falls below a thousandth.", sat, below=1e-3)
claim("The non-saturating one grows more than tenfold.", ns, above=10)

# %% [markdown]
# The non-saturating gradient **explodes**. If steepness is the reason, the growth must go away without it. So we divide the loss of each fake by the steepness of $D$ at this fake, held fixed. Where it is 7, loss and gradient become a seventh, as if $D$ had steepness 1 there.


# %%
def growth_without(G, D, loss):
    """The same growth, with the steepness of D taken out: (16,)."""
    x = G(z_test)
    ahead = loss(D(x)) / steepness(D, x)
    before = loss(untrained(x)) / steepness(untrained, x)
    return gradient(G, ahead) / gradient(G, before)


ns_out = growth_without(new, D_new, non_saturating)
table("new, steepness taken out", {"non-saturating": ns_out})
claim("Without the steepness of D it hardly changes.", ns_out, between=(0.33, 3))

# %% [markdown]
# So it explodes because $D$ becomes steep. (The slope alone would double it. The [deeper notebook](deeper/02_losses_and_gradients.ipynb), section 6, says why it is less.) The saturating loss meets the same $D$. But a hundred times the steepness does not make up for a slope of $10^{-10}$.
#
# Many texts stop here: "the saturating gradient vanishes when $D$ is good." And for the played generators?

# %%
sat_played = growth(played, D_played, saturating)
sat_played_out = growth_without(played, D_played, saturating)
table(
    "played: gradient with D ahead ÷ with D untrained",
    {"saturating": sat_played, "saturating, steepness out": sat_played_out},
)
claim("For played generators it grows, in nearly all games.", sat_played > 1, in_at_least=14)
claim(
    "Without the steepness of D it falls, but over a hundredth is left.",
    sat_played_out, between=(0.01, 1),
)

# %% [markdown]
# **This surprised us.** The gradient is alive. Fakes that are *not* found out keep it alive, because their $P$ is not tiny. Without steepness a tenth is left; steepness makes it grow. (The [deeper notebook](deeper/02_losses_and_gradients.ipynb), section 2, takes these fakes out, and the gradient falls.) So "it vanishes" is a statement about fakes that are *all* found out.
#
# ## 4 Can Adam wake a dead gradient? (10 min)
#
# Adam divides each number of the gradient by its own typical size plus $\epsilon=10^{-8}$. A large number becomes about 1. In a dead gradient, say that a number is $10^{-10}$. Divided by $10^{-10}+10^{-8}$ it becomes .01: a hundred million times as much as before.
#
# Is this enough? We freeze `D_new`, and let new generators follow it with Adam. The control is Adam with $\epsilon=1$. It divides a small number by about 1, so the number stays small. Nothing else differs.

# %%
FILM = range(0, 201, 10)


def train_G(loss_G, make_optimiser):
    """New G follow the frozen D_new. Returns fakes on the way (21, 16, 512, 2)."""
    G = sixteen((2, 32, 32, 2), first=0)
    opt_G, film = make_optimiser(G), []
    for k in progress(range(201), "G trains"):
        if k in FILM:
            film.append(G(z_test).detach())
        z = torch.randn(16, 64, 2)
        step(opt_G, loss_G(D_new(G(z))))
    return torch.stack(film)


def adam_without_division(player):
    return adam(player, eps=1)


def off_circle(film):
    """Mean distance of the fakes from the circle of the data: (21, 16)."""
    radius = film.norm(dim=3)
    return (radius - 2).abs().mean(2)


# %%
predict(
    "New generators follow the saturating loss with Adam, and D stands still. Where are their fakes after 200 steps?",
    [
        ("Where they were: a dead gradient knows no direction", False, "It is tiny, but it has a direction, and Adam makes it longer."),
        ("On the circle, like those of the non-saturating loss", False, "They come nearer at first, but do not stop."),
        ("Beyond the circle", True, "First they come nearer. Then they run on."),
    ],
)

# %%
films = {
    "non-saturating": train_G(non_saturating, adam),
    "saturating": train_G(saturating, adam),
    "saturating, ε = 1": train_G(saturating, adam_without_division),
    "non-saturating, ε = 1": train_G(non_saturating, adam_without_division),
}
off = {}
for name, film in films.items():
    off[name] = off_circle(film)
start = off["saturating"][0]

# %% tags=["hide-input"]
fig, axes = plt.subplots(2, 3, figsize=(7.4, 5.2), sharex=True, sharey=True)
with torch.no_grad():
    P_frozen = torch.sigmoid(D_new(plots.plane(6.0).flatten(0, 1).expand(16, -1, -1)))[0].view(60, 60)
for row, name in zip(axes, ("non-saturating", "saturating"), strict=True):
    for ax, k in zip(row, (0, 60, 120), strict=True):
        plots.decision_field(P_frozen, limit=6.0, ax=ax)
        plots.points(ring[:400], films[name][k // 10][0], limit=6.0, ax=ax)
        ax.get_legend().remove()
        ax.set(title=f"{name}, step {k}", xlabel="", ylabel="")
alt = "Fakes of one generator (orange) and the eight clusters (blue) at steps 0, 60 and 120. Non-saturating: the blob spreads towards the circle and stays near it, at a few clusters only. Saturating: at step 60 it is on its way, at step 120 it lies far outside."
plots.show(fig, alt=alt)

# %%
stay = off["saturating, ε = 1"][-1]
claim("Without division the saturating fakes hardly move.", stay, near=start, within=0.1)
claim("Without it the others come nearer.", off["non-saturating, ε = 1"][-1], below=start)

# %% [markdown]
# So Adam's division wakes the dead gradient. But why do the fakes not stop at the data? Far outside, this $D$ accepts them (blue ground). There the non-saturating slope is small (section 2): a **brake**. The saturating slope is full, so it has none.
#
# Does Adam not undo the brake? In each number of the gradient, a fake's share stays the same. So a fake far outside still counts little beside one that $D$ hardly accepts. Below, `only_signs` tests this: an Adam that turns every number into 1 or −1.
#
# If the brake is the reason, whoever gets it should mostly stay. So exchange it: each mixed loss takes the other's slope for accepted fakes.
#
# | loss | slope, rejected | slope, accepted | brake |
# |---|---|---|---|
# | saturating | $-P$ | $-P$ | no |
# | non-saturating | $-(1-P)$ | $-(1-P)$ | yes |
# | `saturating_with_brake` | $-P$ | $-(1-P)$ | yes |
# | `non_saturating_without` | $-(1-P)$ | $-P$ | no |


# %%
def saturating_with_brake(s):
    return torch.where(s > 0, non_saturating(s), saturating(s))


def non_saturating_without(s):
    return torch.where(s > 0, saturating(s), non_saturating(s))


def only_signs(player):
    params = player.params.values()
    return torch.optim.Adam(params, lr=1e-3, betas=(0.0, 0.0))  # knows this step only


off["saturating, with the brake"] = off_circle(train_G(saturating_with_brake, adam))
off["non-saturating, without"] = off_circle(train_G(non_saturating_without, adam))
off["non-saturating, only signs"] = off_circle(train_G(non_saturating, only_signs))

# %% tags=["hide-input"]
colors = {"non-saturating": plots.GREEN, "saturating": plots.PINK, "saturating, with the brake": plots.SKY, "non-saturating, without": plots.GREY}
chosen = {name: (off[name].T, color) for name, color in colors.items()}
ax = plots.lines(FILM, chosen, log="y", ylim=(0.2, 40), ax=plt.subplots(figsize=(8, 3.2))[1])
ax.set(xlabel="steps of $G$, $D$ frozen", ylabel="distance from the circle", title="With the brake most stay, without it they run away")
alt = "Distance of the fakes from the circle over 200 steps, on a log scale. Non-saturating, and saturating with the brake: they fall, and most games stay low, though a few end high. Saturating, and non-saturating without the brake: they fall at first, then rise to several times the start."
plots.show(ax.figure, alt=alt)

# %%
end = {name: distances[-1] for name, distances in off.items()}
table("distance from the circle after 200 steps", end, floor={"at the start": start})
claim(
    "Nearly all saturating fakes end farther away than they began.",
    end["saturating"] > start, in_at_least=14,
)
claim(
    "Most non-saturating ones end nearer.",
    end["non-saturating"] < start, in_at_least=13,
)

# %%
claim(
    "With the brake most saturating fakes end nearer.",
    end["saturating, with the brake"] < start, in_at_least=12,
)
claim(
    "Without it nearly all non-saturating ones end farther away.",
    end["non-saturating, without"] > start, in_at_least=14,
)
claim(
    "Signs do not undo it: most non-saturating fakes end nearer.",
    end["non-saturating, only signs"] < start, in_at_least=13,
)

# %% [markdown]
# The brake changes hands, and the fate mostly follows. Signs do not undo it; whether our reason is the whole one, we have not tested. And it is no stop: the slope is never zero, and single games leave (see the largest numbers).
#
# *What this does not show:* the fakes near the circle sit at few clusters, and in a game $D$ would soon reject what lies outside.
#
# ## 5 What a simple generator gives up (5 min)
#
# Let the data have two humps (**modes**), and $G$ only one bell. It can **cover** both modes, but then fakes lie between them, where no data are. Or it can **seek** one mode, and forget the other.
#
# Which mistake is dear? If $D$ is perfect at each step, each loss makes a distance between data and fakes smaller, a **divergence**. Which one depends on the loss; we quote:
#
# - saturating: the JSD (lesson 01);
# - non-saturating: $2\,\mathrm{KL}(m\Vert p_d)$, where $m=\frac12(p_d+p_g)$ is the mixture (Arjovsky and Bottou 2017; [deeper notebook](deeper/02_losses_and_gradients.ipynb), section 4).
#
# Both are made of $\mathrm{KL}(p\Vert q)=\int p\log\frac pq\,dx$. We compare them with $\mathrm{KL}(p_d\Vert p_g)$.
#
# What does one place $x$ add to the integral? The **forgotten** place has $p_d=.3$ and $p_g=.003$. To KL it adds $.3\log\frac{.3}{.003}=.3\cdot4.6=1.4$. At the **invented** place the two are exchanged.
#
# | divergence | forgotten adds | invented adds |
# |---|---|---|
# | KL, $\mathrm{KL}(p_d\Vert p_g)$ | 1.4 | −.01 |
# | JSD, $\frac12\mathrm{KL}(p_d\Vert m)+\frac12\mathrm{KL}(p_g\Vert m)$ | .1 | .1 |
# | $2\,\mathrm{KL}(m\Vert p_d)$ | −.2 | 1.2 |
#
# (A negative number is no reward: the whole integral is never below 0.) For KL the forgotten place is dear, so it should cover. For $2\,\mathrm{KL}(m\Vert p_d)$ the invented place is dear, so it should seek. For the JSD both cost the same.
#
# Do bells do that? `fit_bell` moves mean and width of a bell downhill on a divergence, from three starts: on the left hump, between the humps, and on the right one. One end may hide another: for the JSD, right lies under middle.

# %%
x = torch.linspace(-8, 8, 601, dtype=torch.float64)
humps = data.mixture_density(x, (-2.0, 1.5), (0.8, 0.4), (0.65, 0.35)).log()
fits = {}
for name in ("KL", "JSD", "2 KL(m, p_d)"):
    fits[name] = fit_bell(name, x, humps)  # means (3,) and widths (3,)

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 3, figsize=(9, 2.9), sharex=True, sharey=True)
titles = ("KL", "JSD\n(saturating)", "2 KL(m, p_d)\n(non-saturating)")
starts = (("left", "-", 1.6), ("middle", "--", 2.4), ("right", ":", 3.2))
for ax, bells, title in zip(axes, fits.values(), titles, strict=True):
    ax.fill_between(x, humps.exp(), color=plots.REAL, alpha=0.25, linewidth=0)
    for mean, width, (label, style, thick) in zip(*bells, starts, strict=True):
        ax.plot(x, Normal(mean, width).log_prob(x).exp(), style, color=plots.FAKE, linewidth=thick, label=label)
    ax.set(xlim=(-6, 5), ylim=(0, 1.05), title=title)
axes[0].legend(title="start", fontsize=9, title_fontsize=9, loc="upper left")
alt = "Data of two unequal humps in blue, and in orange the bells that three starts lead to. KL: one broad bell over both, from every start. JSD: a broad bell, but from the left start one on the larger hump. 2 KL(m, p_d): bells on single humps only."
plots.show(fig, alt=alt)

# %%
mean, width = fits["2 KL(m, p_d)"]
claim("2 KL(m, p_d) ends on one hump.", mean, near=[-2, -2, 1.5], within=0.1, exact=True)
claim("And narrow: it seeks from every start.", width, below=0.9, exact=True)
claim("The JSD seeks from the left start.", fits["JSD"][1][0], below=1, exact=True)
broad = torch.cat([fits["KL"][1], fits["JSD"][1][1:]])
claim("All other bells are broad: they cover.", broad, above=1.4, exact=True)

# %% [markdown]
# KL covers. The non-saturating loss, the usual one, seeks. The JSD does both. So "GANs minimise the JSD, hence they drop modes" is not the whole story.
#
# *What this does not show:* other data (if the humps are closer, all three cover: deeper notebook), or a $D$ that is not perfect.
#
# ## 6 What to take (1 min)
#
# | loss of $G$ | when $D$ is ahead | beyond the data, $D$ frozen | follows, if $D$ is perfect |
# |---|---|---|---|
# | saturating | dies, if all fakes are found out ([3](#3-What-arrives-when-D-is-ahead-(16-min))) | runs away, with Adam ([4](#4-Can-Adam-wake-a-dead-gradient?-(10-min))) | JSD ([5](#5-What-a-simple-generator-gives-up-(5-min))) |
# | non-saturating | grows with the steepness of $D$ ([3](#3-What-arrives-when-D-is-ahead-(16-min))) | has a brake: mostly near the circle for 200 steps ([4](#4-Can-Adam-wake-a-dead-gradient?-(10-min))) | $2\,\mathrm{KL}(m\Vert p_d)$ ([5](#5-What-a-simple-generator-gives-up-(5-min))) |
#
# *What this does not show:* which loss wins when $D$ moves, and whether growth does harm.

# %%
how_sure()

# %% [markdown]
# ## Exercises (23 min)
#
# ### Exercise 1 · the hinge pair
#
# ●○○ · 5 minutes · you need: section 2. The hinge game has $L_D=\mathbb E_x[\max(0,1-D)]+\mathbb E_z[\max(0,1+D)]$ and $L_G=-\mathbb E_z[D]$. Return both hinge losses, the pair `(loss_D, loss_G)`, each averaged over its batch, each to be minimised.
# The two batches may differ in size.


# %% tags=["exercise-1"]
def hinge_losses(score_real, score_fake):
    """Two 1-D tensors of scores. Returns two scalar tensors: loss_D, loss_G."""
    return None  # ← your answer


# %% tags=["check-1"]
nb02.check_1(hinge_losses)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Above which score does a real sample cost nothing, and below which score a
# generated one? Then ask whether the generator's loss bends anywhere.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# `F.relu(1 - score_real)` is what a real score pays, and for a fake the sign in front
# of the score is reversed. Average each batch alone and add. The generator's loss is
# linear: minus the mean score.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def hinge_losses(score_real, score_fake):
#     loss_D = F.relu(1 - score_real).mean() + F.relu(1 + score_fake).mean()
#     return loss_D, -score_fake.mean()
# ```
# </details>
#
# ### Exercise 2 · one-sided smoothing that survives any score
#
# ●●○ · 8 minutes · you need: section 1. *One-sided label smoothing* (Salimans et al. 2016) asks $D$ for the label $1-\alpha$ on real samples instead of 1, and for 0 on generated ones. Return this loss of $D$, from scores: the mean over real samples plus the mean over generated ones. It must be right, in value and gradient, at scores of ±200 in float32.


# %% tags=["exercise-2"]
def smoothed_loss_D(score_real, score_fake, alpha):
    """Two 1-D tensors of scores, a float. Returns a scalar tensor, to be minimised."""
    return None  # ← your answer


# %% tags=["check-2"]
nb02.check_2(smoothed_loss_D)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# A real sample pays for both labels now. Write its price with probabilities first, then
# replace each logarithm by a function of the score, as in section 1. The
# other one was in lesson 01: what is $1-P$ at the score $s$?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# A real sample pays $-(1-\alpha)\log P-\alpha\log(1-P)$. Here $-\log P$ is
# `F.softplus(-score)` and $-\log(1-P)$ is `F.softplus(score)`. The fakes pay as before.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def smoothed_loss_D(score_real, score_fake, alpha):
#     real = (1 - alpha) * F.softplus(-score_real) + alpha * F.softplus(score_real)
#     return real.mean() + F.softplus(score_fake).mean()
# ```
# </details>
#
# ### Exercise 3 · the KL fit without an optimiser
#
# ●●○ · 10 minutes · you need: section 5. Given a mixture of Gaussians, return mean and standard deviation of the one Gaussian $p_g$ that minimises $\mathrm{KL}(p_d\|p_g)$, in closed form.


# %% tags=["exercise-3"]
def kl_fit(means, stds, weights):
    """Three 1-D tensors of equal length; weights add up to 1. Returns (mean, std)."""
    return None  # ← your answer


# %% tags=["check-3"]
nb02.check_3(kl_fit)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Only $-\int p_d\log p_g\,dx$ depends on $p_g$. For a Gaussian, $-\log p_g$ is
# $\log\sigma+(x-\mu)^2/(2\sigma^2)$ plus a constant. Which $\mu$ and $\sigma$ make its mean
# over the data smallest?
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The Gaussian takes over mean and variance of the mixture. The variance has two parts:
# the weighted mean of the humps' own variances, and the spread of their means around
# the common mean.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def kl_fit(means, stds, weights):
#     mean = (weights * means).sum()
#     variance = (weights * (stds**2 + (means - mean) ** 2)).sum()
#     return mean, variance.sqrt()
# ```
# </details>
#
# ## Recap (1 min)
#
# 1. Write losses on scores: a safety number in the logarithm silently kills the slope ([section 1](#1-A-loss-is-a-function-of-the-score-(5-min))).
# 2. The saturating slope is $-P$, the non-saturating $-(1-P)$ ([section 2](#2-Two-losses,-two-slopes-(2-min))).
# 3. A steep $D$ makes the non-saturating gradient explode. The saturating one stays alive if many fakes are not found out ([section 3](#3-What-arrives-when-D-is-ahead-(16-min))).
# 4. Against a $D$ that stands still, Adam wakes a dead gradient. Then a loss without a brake runs past the data ([section 4](#4-Can-Adam-wake-a-dead-gradient?-(10-min))).
# 5. Against a perfect $D$, the loss decides whether a too simple $G$ covers the modes or seeks one (one example): the non-saturating loss seeks ([section 5](#5-What-a-simple-generator-gives-up-(5-min))).
#
# **Further reading.** Goodfellow et al. 2014, Sec. 3 (arXiv:1406.2661) · Arjovsky and Bottou 2017 (1701.04862), Thm 2.5 · Lim and Ye 2017, hinge (1705.02894). Next: [03 · Gradient descent in games](03_gradient_descent_in_games.ipynb).
