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
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/main/notebooks/02_losses_and_gradients.ipynb)
#
# ![Noise enters G, its fake enters D, the score enters the loss. Back from the loss to G the gradient passes three factors: the slope of the loss, how steep D is at the fake, and how the fake moves when G changes](images/02_losses_and_gradients.png)
#
# **In one sentence:** a generator feels its loss only through a product of three factors, and each of them can make it die or explode.
#
# **After this lesson you can**
#
# - **write** a GAN loss on scores, so that its gradient is not lost to rounding;
# - **predict** what a generator feels when its discriminator is far ahead, and find out which factor is to blame;
# - **choose** between five losses, and say which divergence a generator follows.
#
# *Before:* [00](00_start_here.ipynb), [01](01_the_minimax_game.ipynb). *Study:* 45 minutes, and 23 for the exercises. *Run time:* about 30 seconds. *Deeper:* [the second notebook](deeper/02_losses_and_gradients.ipynb) derives a game for every divergence, and asks what label smoothing does.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import copy

import ipywidgets as widgets
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
from gan_helpers.training import gradient_sizes, play_many, stack

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
alt = "Noise enters G, its fake enters D, the score enters the loss L_G. Below, in orange, the way back: the slope of the loss, the steepness of D at the fake, and how fakes move when the parameters of G change."
plots.show(fig, alt=alt)

# %% [markdown]
# ## 1 A loss is a function of the score (4 min)
#
# A generator never sees the value of its loss. It only gets the gradient, and the first factor of the gradient is a slope. Take one fake that wants to pass for real. Its loss is $-\log P$, with $P=\sigma(s)$ and the score $s=D(G(z))$. Without $P$ the same loss is $\zeta(-s)$, where $\zeta(t)=\log(1+e^t)$ is PyTorch's `F.softplus`. Its slope is $-\sigma(-s)$, which is $-1$ for a fake with a very low score. Public code writes this loss in three ways.


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
    s = s.clone().requires_grad_()
    return torch.autograd.grad(loss(s).sum(), s)[0]


# %%
predict(
    "At the score −30 P is about 1e-13, and the slope should be −1. What does log(P + 1e-8) give?",
    [
        ("About −1: the 1e-8 only prevents log(0)", False, "Here it is 100,000 times as large as P."),
        ("Nearly 0", True, "The safety number decides the sum, and it does not depend on s."),
        ("NaN", False, "That is log(P) without the 1e-8, at scores near −100."),
    ],
)

# %% tags=["hide-input"]
s = torch.linspace(-40, 5, 901)
ways = {
    "log(P + 1e-8)": (slope(log_of_P, s), plots.PINK),
    "BCELoss on P": (slope(bce_on_P, s), plots.SKY),
    "on scores": (slope(on_scores, s), plots.GREEN),
}
fig, ax = plt.subplots(figsize=(7, 2.8))
for (name, (values, color)), at, width in zip(ways.items(), ((-17, -0.3), (-38, -0.3), (-12, -0.9)), (2, 2, 5), strict=True):
    ax.plot(s, values, color=color, linewidth=width, alpha=0.6 if width > 2 else 1)
    ax.text(*at, name, color=color)
ax.set(xlabel="score $s$", ylabel="slope", title="Only the loss on scores keeps its slope")
alt = "Slope against score. On scores it is -1 for all low scores. With log(P + 1e-8) it falls to 0 around -18, with BCELoss on P around -28."
plots.show(fig, alt=alt)

# %%
far = torch.tensor([-30.0])
claim(
    "At −30 the safety number leaves less than a thousandth of it.",
    slope(log_of_P, far).abs(), below=1e-3, exact=True,
)
claim("`BCELoss` leaves less than a tenth.", slope(bce_on_P, far).abs(), below=0.1, exact=True)
claim("On scores the slope is −1.", slope(on_scores, far), near=-1, within=1e-6, exact=True)

# %% [markdown]
# Nothing crashes, and that is the danger: the loss looks fine while the gradient is gone. Section 3 will meet scores below $-20$. So from now on every loss is a function of scores.
#
# ## 2 Two losses, two slopes (2 min)
#
# The generator of the minimax game wants the loss of $D$ on fakes to be high, so it minimises $-\zeta(s)$. This is the **saturating** loss. Goodfellow et al. (2014) replaced it by $\zeta(-s)$, the **non-saturating** loss. Both fall when the score rises. What is the difference? (A fake is **accepted** if $s>0$, so $P>\frac12$, and **rejected** if not.)

# %%
def saturating(s):
    return -F.softplus(s)


def non_saturating(s):
    return F.softplus(-s)


# %%
predict(
    "D has found out a fake: P = .01. Which loss pushes its score up more?",
    [
        ("The saturating one, because D is sure", False, "Its slope is P, here a hundredth."),
        ("Both alike, because they agree on what is good", False, "They agree on the direction, not on the size."),
        ("The non-saturating one, 99 times as much", True, "Its slope is 1 − P."),
    ],
)

# %% [markdown]
# Their derivatives are $-P$ and $-(1-P)$.

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
# The saturating loss spends its slope on accepted fakes, and leaves those alone that need help. Remember the right end of the picture, too: it will have its moment in section 4.
#
# ## 3 What arrives when D is ahead (17 min)
#
# $D$ often learns faster than $G$. What does $G$ feel then? By the chain rule, its gradient is the mean of a product:
#
# $$\nabla_\theta L_G=\mathbb E_z\Big[\,\frac{dL_G}{ds}\cdot\nabla_xD\cdot\frac{\partial G}{\partial\theta}\Big].$$
#
# We know the first factor. The second depends on how $D$ was trained, so we train it. The data are eight clusters on a circle of radius 2. There are sixteen games side by side. `stack` turns sixteen equal networks into one: `G(z)` sends batch $k$ through network $k$.

# %%
SEEDS = seeds.several(16)
ring = data.ring(20_000, seed=seeds.one(), std=0.1)


def sixteen(sizes, first):
    """Sixteen new networks with these layer widths, as one."""
    return stack([mlp(sizes, seed=first + 2 * seed) for seed in SEEDS])


def adam(player, eps=1e-8):
    return torch.optim.Adam(player.params.values(), lr=1e-3, betas=(0.5, 0.9), eps=eps)


# %% [markdown]
# In this lesson one player trains while the other stands still. One loop serves both, and keeps copies on the way.

# %%
LOOKS = (1, 3, 10, 30, 100, 300, 1000)


def train(player, optimiser, loss, steps, looks):
    """One player trains alone. Returns {step: player as it was then}."""
    kept = {}
    for k in progress(range(steps + 1), "one player trains"):
        if k in looks:
            kept[k] = copy.deepcopy(player)
        optimiser.zero_grad()
        loss().mean(1).sum().backward()  # a mean for each game, then their sum
        optimiser.step()
    return kept


def run_ahead(G):
    """Sixteen new D take 1,000 steps on the logistic loss. G stands still."""
    D = sixteen((2, 32, 32, 1), first=1)

    def loss():
        x_real = ring[torch.randint(len(ring), (16, 64))]
        x_fake = G(torch.randn(16, 64, 2)).detach()
        return F.softplus(-D(x_real)) + F.softplus(D(x_fake))

    return train(D, adam(D), loss, 1000, LOOKS)


# %% [markdown]
# We need two kinds of generator. The **new** ones have not trained at all. The **played** ones have played 300 rounds: in each, $D$ and $G$ took one step (notebook 04 writes out this loop).

# %%
new = sixteen((2, 32, 32, 2), first=0)
played = sixteen((2, 32, 32, 2), first=0)
D = sixteen((2, 32, 32, 1), first=1)
batches = [data.batches(ring, 64, seed=seed, steps=300) for seed in SEEDS]
game = play_many(played, D, adam(played), adam(D), batches, 2, seeds=SEEDS)
losses = list(progress(game, "300 rounds", 300))

ahead_of_new = run_ahead(new)
ahead_of_played = run_ahead(played)
z_test = torch.randn(16, 512, 2)  # always the same noise, to compare

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(7.6, 3.8))
mesh = plots.plane(3.0).flatten(0, 1).expand(16, -1, -1)
for ax, G, kept, title in ((axes[0], new, ahead_of_new, "new: all are found out"), (axes[1], played, ahead_of_played, "played: some still pass")):
    with torch.no_grad():
        P, fakes = torch.sigmoid(kept[1000](mesh))[0].view(60, 60), G(z_test)[0]
    plots.decision_field(P, limit=3.0, ax=ax)
    plots.points(ring[:400], fakes, limit=3.0, ax=ax)
    ax.get_legend().remove()
    ax.set(title=title)
alt = "Eight blue clusters on a circle, and fakes of one generator in orange, on the field of its D after 1,000 steps. New: a blob in the middle, deep in the rejected region. Played: a cloud stretched towards the clusters, partly in the accepted region."
plots.show(fig, alt=alt)

# %% [markdown]
# This is the first of the sixteen games of each kind, after 1,000 steps of $D$. On orange ground $D$ rejects.

# %%
predict(
    "The new generators stand still while D takes 1,000 steps. What happens to the non-saturating gradient?",
    [
        ("It at most doubles: its slope was ½ and cannot exceed 1", False, "True of the slope. But there are two more factors."),
        ("It vanishes, because D is too good", False, "The slope of this loss does not vanish for rejected fakes."),
        ("It grows about a hundredfold", True, "D becomes steep, and that multiplies every loss."),
    ],
)

# %% [markdown]
# We build the gradient from its factors, so that we can change one of them and see what it did.


# %%
def look(G, D):
    """Scores of the fakes (16, 512, 1), and the gradient of D at each (16, 512, 2)."""
    x = G(z_test).detach().requires_grad_()
    score = D(x)
    steep = torch.autograd.grad(score.sum(), x)[0]
    return score.detach(), steep


def gradient_of(G, loss_slope, steep):
    """Length of the mean of the three factors' product, for each generator: (16,)."""
    total = (loss_slope * steep * G(z_test)).sum(2).mean(1).sum()
    return gradient_sizes(G, total)  # differentiates by the parameters of G


# %% [markdown]
# Now the measurement, with its control. If the steepness of $D$ is to blame for a growth, then the growth must go away without it. So in the control every $\nabla_xD$ has the length 1 and keeps only its direction.


# %%
def growth(G, ahead, loss, steepness=True):
    """Size of the gradient at each look, divided by that at the first: (16, 7)."""
    sizes = []
    for k in LOOKS:
        score, steep = look(G, ahead[k])
        if not steepness:
            steep = F.normalize(steep, dim=2)  # length 1
        sizes.append(gradient_of(G, slope(loss, score), steep))
    sizes = torch.stack(sizes, dim=1)
    return sizes / sizes[:, :1]


# %%
ns = growth(new, ahead_of_new, non_saturating)
ns_control = growth(new, ahead_of_new, non_saturating, steepness=False)
sat = growth(new, ahead_of_new, saturating)

# %% tags=["hide-input"]
three = {"non-saturating": (ns, plots.GREEN), "the same, steepness out": (ns_control, plots.GREY), "saturating": (sat, plots.PINK)}
ax = plots.lines(LOOKS, three, log="xy", ax=plt.subplots(figsize=(8, 3.2))[1])
ax.set(xlabel="steps of $D$", ylabel="gradient ÷ first gradient", title="New generators: one gradient dies, the other explodes")
alt = "Gradient sizes of new generators over the steps of D, medians with bands over sixteen games. Non-saturating: rises a hundredfold. The same without steepness: stays near 1. Saturating: rises a little, then falls to 1e-7."
plots.show(ax.figure, alt=alt)

# %%
claim("The saturating gradient falls below a thousandth.", sat[:, -1], below=1e-3)
claim("The non-saturating gradient grows more than tenfold.", ns[:, -1], above=10)
claim("Without the steepness of D it hardly changes.", ns_control[:, -1], between=(1 / 3, 3))

# %% [markdown]
# Lines are medians of sixteen games, bands reach from the smallest to the largest. "At most doubled" is right about the slope. The rest is steepness, and the control shows it. Even the saturating gradient grows at first, while $D$ is steeper but not yet sure. Then $P$ wins.
#
# So "the saturating gradient vanishes when $D$ is good"? Look at the generators that have played.

# %%
sat_played = growth(played, ahead_of_played, saturating)[:, -1]
table("saturating gradient after 1,000 steps of D ÷ after 1", {"new": sat[:, -1], "played": sat_played})
claim("For generators that have played it grows, in nearly all games.", sat_played > 1, in_at_least=14)

# %% [markdown]
# **This surprised us.** Most of these fakes are rejected, and yet the gradient is alive. Does steepness rescue it? Split the fakes in two: those that $D$ rejects for sure ($P\le.01$), and the others.

# %%
score, steep = look(played, ahead_of_played[1000])
score_first, steep_first = look(played, ahead_of_played[1])
first = gradient_of(played, slope(saturating, score_first), steep_first)
sure = torch.sigmoid(score) <= 0.01
part_sure = gradient_of(played, slope(saturating, score) * sure, steep) / first
part_others = gradient_of(played, slope(saturating, score) * ~sure, steep) / first
length = (steep.norm(dim=2, keepdim=True) * sure).sum((1, 2))  # 0 for the others
steeper = length / sure.sum((1, 2)).clamp(min=1) / steep_first.norm(dim=2).mean(1)
table(
    "saturating gradient of some fakes ÷ first gradient of all",
    {"sure": part_sure, "others": part_others},
)
table(
    "the sure fakes",
    {"their share": sure.float().mean((1, 2)), "steepness there ÷ at first": steeper},
)

# %%
claim("D is more than ten times as steep at the sure fakes.", steeper > 10, in_at_least=14)
claim("Yet they give less than half of the first gradient.", part_sure < 0.5, in_at_least=14)
claim("The others give more than all gave at first.", part_others > 1, in_at_least=14)

# %% [markdown]
# For a sure fake $P\le.01$, so its slope is at most a fiftieth of the ½ at first. $D$ is sixty times as steep there, but only a sixth of the fakes are sure: $60\cdot\frac1{50}\cdot\frac16=\frac15$ at most. So steepness is real, but it does not save the gradient where $D$ is sure. The gradient comes from the other fakes. "It vanishes" is a statement about fakes that are *all* found out.
#
# *What this does not show:* whether a large gradient points to the data.
#
# ## 4 Can Adam wake a dead gradient? (8 min)
#
# Adam divides each gradient by its own typical size, so even a millionth should give full steps. We freeze the $D$ that are 1,000 steps ahead, and let new generators take 100 steps. When Adam divides, it adds $\epsilon=10^{-8}$, which is no longer small here. We set it to $10^{-16}$, and show the usual value beside it.


# %%
def train_G(loss_G, make_optimiser):
    """Sixteen new G take 100 steps. D is 1,000 steps ahead and stands still."""
    G, D = sixteen((2, 32, 32, 2), first=0), ahead_of_new[1000]

    def loss():
        return loss_G(D(G(torch.randn(16, 64, 2))))

    return train(G, make_optimiser(G), loss, 100, range(0, 101, 5))


def sgd(player):
    return torch.optim.SGD(player.params.values(), lr=0.01)


def adam_tiny(player):
    return adam(player, eps=1e-16)


# %%
predict(
    "New generators follow the saturating loss with Adam, against a frozen D that is far ahead. Where are their fakes after 100 steps?",
    [
        ("Where they were: a dead gradient knows no direction", False, "It is tiny, but it has a direction, and Adam gives it length."),
        ("On the circle, like those of the non-saturating loss", False, "They pass near it, but do not stop."),
        ("Beyond the circle", True, "First they come nearer. Then they run on."),
    ],
)

# %%
films = {
    "non-saturating": train_G(non_saturating, adam_tiny),
    "saturating": train_G(saturating, adam_tiny),
    "saturating, usual ε": train_G(saturating, adam),
    "saturating, no Adam": train_G(saturating, sgd),
}

# %% tags=["hide-input"]
fig, axes = plt.subplots(2, 3, figsize=(7.4, 5.2), sharex=True, sharey=True)
with torch.no_grad():
    P_frozen = torch.sigmoid(ahead_of_new[1000](plots.plane(6.0).flatten(0, 1).expand(16, -1, -1)))[0].view(60, 60)
for row, name in zip(axes, ("non-saturating", "saturating"), strict=True):
    for ax, k in zip(row, (0, 45, 100), strict=True):
        plots.decision_field(P_frozen, limit=6.0, ax=ax)
        plots.points(ring[:400], films[name][k](z_test)[0], limit=6.0, ax=ax)
        ax.get_legend().remove()
        ax.set(title=f"{name}, step {k}", xlabel="", ylabel="")
alt = "Fakes of one generator (orange) and the eight clusters (blue) at steps 0, 45 and 100. Non-saturating: the blob spreads towards the circle and stays there. Saturating: at step 45 it is on its way, at step 100 it lies partly far outside."
plots.show(fig, alt=alt)

# %% [markdown]
# They do not stop. Why? Recall the right end of the picture in section 2: the saturating slope is largest for *accepted* fakes. And this frozen $D$ accepts everything far outside (blue ground). We can test that reason. Take the accepted fakes out of the loss, and look again.


# %%
def saturating_rejected(s):
    return saturating(s) * (s <= 0)  # an accepted fake adds nothing


def off_circle(film):
    """Mean distance of the fakes from the circle of the data: (16, 21)."""
    distances = []
    for G in film.values():
        distances.append((G(z_test).norm(dim=2) - 2).abs().mean(1).detach())
    return torch.stack(distances, dim=1)


films["saturating, accepted out"] = train_G(saturating_rejected, adam_tiny)
off = {}
for name, film in films.items():
    off[name] = off_circle(film)

# %% tags=["hide-input"]
colors = {"non-saturating": plots.GREEN, "saturating": plots.PINK, "saturating, accepted out": plots.GREY, "saturating, no Adam": plots.SKY}
chosen = {name: (off[name], color) for name, color in colors.items()}
ax = plots.lines(range(0, 101, 5), chosen, ylim=(0, 6), ax=plt.subplots(figsize=(8, 3.2))[1])
ax.set(xlabel="steps of $G$, $D$ frozen", ylabel="distance from the circle", title="Without the accepted fakes nobody runs away")
alt = "Distance of the fakes from the circle over 100 steps. Non-saturating: falls and stays low. Saturating: falls to half, then rises to twice the start. Saturating without accepted fakes: falls and stays low. Without Adam: constant."
plots.show(ax.figure, alt=alt)

# %%
start = off["saturating"][:, 0]
end = {name: distances[:, -1] for name, distances in off.items()}
table("distance from the circle after 100 steps", end, floor={"at the start": start})
claim("Without Adam they do not move.", end["saturating, no Adam"], near=start, within=1e-3)
claim(
    "With Adam nearly all end farther away than they began.",
    end["saturating"] > start, in_at_least=14,
)
claim("Without accepted fakes all end nearer.", end["saturating, accepted out"], below=start)

# %% [markdown]
# So Adam does wake the dead gradient, and it points the right way. What is missing is a brake: the saturating slope is full on the far side, while the non-saturating one goes to zero there. With the usual $\epsilon$ the ends lie farther apart.
#
# *What this does not show:* in a game $D$ is not frozen, and would soon reject what lies outside. And all fakes of a generator rush to one side, which the distance hides.
#
# ## 5 Three losses without a sigmoid (6 min)
#
# | loss | $L_D$ | $L_G$ | slope of $L_G$ |
# |---|---|---|---|
# | least squares (LSGAN) | $\frac12\mathbb E_x[(D-1)^2]+\frac12\mathbb E_z[D^2]$ | $\frac12\mathbb E_z[(D-1)^2]$ | $s-1$ |
# | hinge | $\mathbb E_x[\max(0,1-D)]+\mathbb E_z[\max(0,1+D)]$ | $-\mathbb E_z[D]$ | $-1$ |
# | Wasserstein | $\mathbb E_z[D]-\mathbb E_x[D]$, with $D$ nowhere steeper than 1 | $-\mathbb E_z[D]$ | $-1$ |
#
# Do their generators run away, too? We change only the first factor: the frozen $D$ of section 4 stays, and $G$ gets another loss.


# %%
def squares(s):
    return (s - 1) ** 2 / 2


def linear(s):
    return -s  # hinge and Wasserstein


lsgan = off_circle(train_G(squares, adam_tiny))[:, -1]
others = off_circle(train_G(linear, adam_tiny))[:, -1]
table(
    "distance from the circle after 100 steps",
    {"LSGAN": lsgan, "hinge, Wasserstein": others}, floor={"at the start": start},
)
claim("Hinge and Wasserstein run away, in nearly all games.", others > start, in_at_least=14)
claim("LSGAN comes nearer.", lsgan, below=start)

# %% [markdown]
# A slope of $-1$ has no brake. LSGAN has one built in, because its slope is zero at the score 1. (Hinge runs away from its own $D$, too: see the deeper notebook.)
#
# Now the second factor. What would a *perfect* $D$ of each kind leave? Take the smallest game: the data are $\mathcal N(0,1)$, the fakes are $\theta+z$, and $\theta$ is their distance. Lesson 01 gave the best score for the logistic losses, $\log p_d/p_g=\theta(\theta/2-x)$. Its steepness is $\theta$ everywhere. The best $D$ of LSGAN is $P$ itself, that of hinge jumps from 1 to $-1$, that of Wasserstein is $-x$. The third factor is 1, because $\theta+z$ moves as $\theta$ does.
#
# | | size of the slope | steepness of the best $D$ |
# |---|---|---|
# | saturating | $P$ | $\theta$ |
# | non-saturating | $1-P$ | $\theta$ |
# | LSGAN | $1-P$ | $\theta\,P(1-P)$ |
# | hinge | 1 | 0, but for the jump |
# | Wasserstein | 1 | 1 |

# %%
predict(
    "Data and fakes are eight widths apart and D is perfect. Which losses still give G a gradient?",
    [
        ("LSGAN and hinge, because no sigmoid can saturate", False, "Their best D is flat where the fakes are."),
        ("Non-saturating and Wasserstein", True, "Their best D still slopes there, and so does the loss."),
        ("None, because a perfect D leaves nothing to learn", False, "Its slope still says where the data are."),
    ],
)

# %%
distances = torch.linspace(0.1, 8, 80, dtype=torch.float64)
z = torch.linspace(-8, 8, 4001, dtype=torch.float64)
weight = torch.softmax(-(z**2) / 2, dim=0)  # the bell: a mean over z is a weighted sum
theta = distances[:, None]  # one row for each distance
P = torch.sigmoid(theta * (theta / 2 - (theta + z)))  # of the fakes theta + z

felt = {
    "saturating": P * theta,
    "non-saturating": (1 - P) * theta,
    "LSGAN": (1 - P) * theta * P * (1 - P),
    "Wasserstein": torch.ones_like(P),
}
for name, product in felt.items():
    felt[name] = (product * weight).sum(1)

# %% tags=["hide-input"]
colors = dict(zip(felt, (plots.PINK, plots.GREEN, plots.SKY, plots.DISC), strict=True))
ax = plots.lines(distances, {n: (felt[n], c) for n, c in colors.items()}, log="y", ylim=(1e-4, 20), ax=plt.subplots(figsize=(8, 3.2))[1])
ax.set(xlabel="distance $\\theta$", ylabel="gradient", title="What a perfect $D$ leaves of the gradient (of hinge: nothing)")
alt = "Gradient against distance on a log scale. Saturating and LSGAN fall below a thousandth at distance 8, Wasserstein stays at 1, non-saturating rises to 8."
plots.show(ax.figure, alt=alt)


# %% tags=["hide-input"]
def draw(theta):
    k = int((distances - theta).abs().argmin())
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8))
    x = torch.linspace(-5, 12, 500, dtype=torch.float64)
    p_d, p_g = Normal(0.0, 1.0).log_prob(x).exp(), Normal(theta, 1.0).log_prob(x).exp()
    plots.densities(x, p_d, p_g, P=p_d / (p_d + p_g), ax=left)
    right.barh(list(felt), [felt[name][k] for name in felt], color=list(colors.values()))
    right.set(xscale="log", xlim=(1e-4, 20), xlabel="gradient", title=f"$\\theta$ = {theta:.1f}")
    right.invert_yaxis()
    plots.show(fig, alt=f"Data and fakes {theta:.1f} apart with P, and bars of the four gradients")


slider = widgets.FloatSlider(value=3.0, min=0.1, max=8, step=0.1, description="θ", continuous_update=False)
_ = widgets.interact(draw, theta=slider)

# %%
claim(
    "At distance 8 saturating and LSGAN are below a thousandth.",
    [felt["saturating"][-1], felt["LSGAN"][-1]], below=1e-3, exact=True,
)
claim(
    "The non-saturating gradient is then 8.",
    felt["non-saturating"][-1], near=8, within=0.01, exact=True,
)

# %% [markdown]
# Move the slider. LSGAN cannot saturate, and yet it dies here, by the second factor: its best $D$ is flat at the fakes. Saturating dies by the first factor. So never ask about the loss alone.
#
# ## 6 Which divergence a generator follows (5 min)
#
# In lesson 01 the best $D$ turned the minimax loss into the JSD of data and fakes. With the same $D$, the non-saturating gradient is that of another divergence, $2\,\mathrm{KL}(m\Vert p_d)$ with $m=\frac12(p_d+p_g)$ (Arjovsky and Bottou 2017; the deeper notebook checks it).
#
# Does it matter which? Only if $G$ cannot match the data. Let the data have two humps, and give $G$ a single bell. For comparison take KL, $\int p_d\log\frac{p_d}{p_g}$, and reverse KL, $\int p_g\log\frac{p_g}{p_d}$.

# %%
predict(
    "One bell, two humps. Where does it sit when it minimises the reverse KL?",
    [
        ("Across both humps", False, "Between them p_d is small, and log(p_g/p_d) large."),
        ("On one hump", True, "It only counts where the fakes are, and forgets the other hump."),
        ("In the gap, at the mean of the data", False, "There it would be punished most."),
    ],
)


# %% [markdown]
# `fit_bell` minimises a divergence by descent on mean and width of the bell, from three starts. It knows both densities, so it needs no $D$.

# %%
NAMES = ("KL", "JSD", "2 KL(m, p_d)", "reverse KL")
x = torch.linspace(-8, 8, 601, dtype=torch.float64)
unequal = data.mixture_density(x, (-2.0, 1.5), (0.8, 0.4), (0.65, 0.35)).log()
close = data.mixture_density(x, (-1.5, 1.5), 0.8).log()
fits, fits_close = {}, {}
for name in NAMES:
    fits[name] = fit_bell(name, x, unequal)  # means and widths of three bells
    fits_close[name] = fit_bell(name, x, close)

# %% tags=["hide-input"]
fig, axes = plt.subplots(2, 4, figsize=(11, 4.2), sharex=True, sharey=True)
for row, log_d, found in ((axes[0], unequal, fits), (axes[1], close, fits_close)):
    for ax, bells in zip(row, found.values(), strict=True):
        ax.fill_between(x, log_d.exp(), color=plots.REAL, alpha=0.25, linewidth=0)
        for mean, width in zip(*bells, strict=True):
            ax.plot(x, Normal(mean, width).log_prob(x).exp(), color=plots.FAKE)
        ax.set(xlim=(-6, 5), ylim=(0, 1.05))
for ax, name in zip(axes[0], ("KL", "JSD\n(saturating)", "2 KL(m, p_d)\n(non-saturating)", "reverse KL"), strict=True):
    ax.set_title(name)
alt = "Data in blue, and in orange the bells that three starts lead to. Above, two unequal humps. KL: one broad bell over both. JSD: a broad bell, or one on the larger hump. 2 KL(m, p_d) and reverse KL: bells on single humps only. Below, two close humps: all four give one broad bell."
plots.show(fig, alt=alt)

# %%
claim("KL covers the unequal humps from every start.", fits["KL"][1], above=1.5, exact=True)
claim(
    "Reverse KL and 2 KL(m, p_d) end on one hump from every start.",
    torch.cat([fits["reverse KL"][1], fits["2 KL(m, p_d)"][1]]), below=0.9, exact=True,
)
covering = torch.cat([widths for _, widths in fits_close.values()])
claim("With two closer, equal humps all four cover both.", covering, above=1.4, exact=True)

# %% [markdown]
# KL punishes every place that has data and no fakes, so it **covers**. Reverse KL punishes fakes where there are no data, so it **seeks** one mode. In the upper row the default loss of GANs seeks, too, and the JSD does either, depending on the start. So "GANs minimise the JSD, hence they drop modes" is not what we see. And the lower row warns: whether a divergence seeks depends on the data as well.
#
# *What this does not show:* all this assumes a perfect $D$. The deeper notebook plays games with networks.
#
# ## 7 What to take (1 min)
#
# | loss of $G$ | when all fakes are found out | beyond the data, $D$ frozen | follows, if $D$ is perfect |
# |---|---|---|---|
# | saturating | dies ([3](#3-What-arrives-when-D-is-ahead-(17-min))) | runs on ([4](#4-Can-Adam-wake-a-dead-gradient?-(8-min))) | JSD ([6](#6-Which-divergence-a-generator-follows-(5-min))) |
# | non-saturating | explodes with the steepness of $D$ ([3](#3-What-arrives-when-D-is-ahead-(17-min))) | stops ([4](#4-Can-Adam-wake-a-dead-gradient?-(8-min))) | $2\,\mathrm{KL}(m\Vert p_d)$ ([6](#6-Which-divergence-a-generator-follows-(5-min))) |
# | LSGAN, hinge | dies if $D$ is perfect ([5](#5-Three-losses-without-a-sigmoid-(6-min))) | LSGAN stops, hinge runs on ([5](#5-Three-losses-without-a-sigmoid-(6-min))) | the deeper notebook |
# | Wasserstein | steady, if $D$ is nowhere steeper than 1 ([5](#5-Three-losses-without-a-sigmoid-(6-min))) | runs on ([5](#5-Three-losses-without-a-sigmoid-(6-min))) | a distance, in notebook 09 |
#
# Take the non-saturating loss and watch its gradient. If it grows with $D$, make $D$ less steep (notebooks 03 and 10).

# %%
how_sure()

# %% [markdown]
# ## Exercises (23 min)
#
# ### Exercise 1 · the hinge pair
#
# ●○○ · 5 minutes · you need: section 5. Return both hinge losses, the pair `(loss_D, loss_G)`, each averaged over its batch, each to be minimised.
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
# On which side of its margin does a real score cost nothing, and on which side a
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
# ●●○ · 8 minutes · you need: section 1. *One-sided label smoothing* (Salimans et al. 2016) asks $D$ for the label $1-\alpha$ on real samples instead of 1, and for 0 on generated ones. Return this loss of $D$, from scores. It must be right, in value and gradient, at scores of ±200 in float32.


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
# replace each logarithm by a function of the score, as in section 1.
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
# ●●○ · 10 minutes · you need: section 6. Given a mixture of Gaussians, return mean and standard deviation of the one Gaussian $p_g$ that minimises $\mathrm{KL}(p_d\|p_g)$, in closed form.


# %% tags=["exercise-3"]
def kl_fit(means, stds, weights):
    """Three 1-D tensors of equal length; weights add up to 1. Returns (mean, std)."""
    return None  # ← your answer


# %% tags=["check-3"]
nb02.check_3(kl_fit)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Only one term of $\mathrm{KL}(p_d\|p_g)$ depends on $p_g$, and minimising it is
# maximum likelihood with endless data. Which mean and which variance does that give?
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
#     variance = (weights * (stds**2 + means**2)).sum() - mean**2
#     return mean, variance.sqrt()
# ```
# </details>
#
# ## Recap (1 min)
#
# 1. A generator feels only a gradient, so a loss must be written on scores: a safety number inside the logarithm silently kills the slope ([section 1](#1-A-loss-is-a-function-of-the-score-(4-min))).
# 2. The saturating slope is $-P$, the non-saturating $-(1-P)$: what one lacks, the other has ([section 2](#2-Two-losses,-two-slopes-(2-min))).
# 3. The slope is one factor of three. When $D$ is ahead, its steepness makes the non-saturating gradient explode, and a small $P$ kills the saturating one only where all fakes are found out ([section 3](#3-What-arrives-when-D-is-ahead-(17-min))).
# 4. Adam wakes a dead gradient, and then a loss without a brake runs past the data ([section 4](#4-Can-Adam-wake-a-dead-gradient?-(8-min))); LSGAN has a brake, hinge has none, and a perfect $D$ leaves both nothing ([section 5](#5-Three-losses-without-a-sigmoid-(6-min))).
# 5. If $G$ cannot match the data, the divergence decides together with the data whether it covers or seeks ([section 6](#6-Which-divergence-a-generator-follows-(5-min))).
#
# **Further reading.** Goodfellow et al. 2014, Sec. 3 (arXiv:1406.2661) · Arjovsky and Bottou 2017 (1701.04862), Thm 2.5 · Mao et al. 2017, LSGAN (1611.04076) · Lim and Ye 2017, hinge (1705.02894) · Arjovsky et al. 2017, Wasserstein GAN (1701.07875) · Shannon et al. 2020, softened reverse KL (2010.08029). Next: [03 · Gradient descent in games](03_gradient_descent_in_games.ipynb).
