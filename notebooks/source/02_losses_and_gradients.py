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
# ![Four panels with the same blue two-humped density and one orange Gaussian each. KL, JSD and Pearson chi-squared spread the Gaussian over both humps, reverse KL puts it on the larger hump. Dashed black curves from six games lie on the orange ones](images/02_losses_and_gradients.png)
#
# After this you can
#
# - **write** every GAN loss on scores, so that neither its value nor its gradient is lost to rounding;
# - **predict** from the scores how strongly a loss pulls the generator, and when the pull dies or explodes;
# - **tell** which divergence a generator follows: in value, in gradient, and where each game comes to rest.
#
# Before: [00 · Start here](00_start_here.ipynb), [01 · The minimax game](01_the_minimax_game.ipynb). Run time: 30 s on two CPU cores; no GPU needed.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import copy
import math

import ipywidgets as widgets
import matplotlib.pyplot as plt
import torch
from IPython.display import Markdown
from scipy.optimize import brentq, minimize
from torch import nn
from torch.distributions import Normal
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.nn import functional as F

from gan_helpers import data, plots
from gan_helpers.checks import nb02
from gan_helpers.notebook import progress

torch.manual_seed(0)  # device: the CPU, everywhere in this notebook
torch.set_num_threads(1)  # tiny networks: a second thread costs more than it brings
plots.use_course_style()

# %% [markdown]
# ## 1 From probability to score
#
# A generator feels only the *gradient* of its loss. Take the price
# of one fake that should pass for real, $-\log P=-\log\sigma(s)$ at the score $s=D(G(z))$. With $\zeta(t)=\log(1+e^t)$ (`F.softplus`),
#
# $$-\log\sigma(s)=\zeta(-s),\qquad \frac{d}{ds}\,\zeta(-s)=-\sigma(-s).$$
#
# Five ways to write it in public code, in float32 and bfloat16 (16 bits: float32's range, two to three digits; [notebook 20](20_gpu_training.ipynb)):

# %%
ways = {
    "log(P)": lambda s: -torch.log(torch.sigmoid(s)),
    "log(P + 1e-8)": lambda s: -torch.log(torch.sigmoid(s) + 1e-8),
    "BCELoss on P": lambda s: F.binary_cross_entropy(torch.sigmoid(s), torch.ones_like(s), reduction="none"),
    "BCEWithLogitsLoss": lambda s: F.binary_cross_entropy_with_logits(
        s, torch.ones_like(s), reduction="none"
    ),
    "softplus(-s)": lambda s: F.softplus(-s),
}


def value_and_slope(loss, s):
    """The loss of each score in s, and its derivative there, in the precision of s."""
    s = s.detach().requires_grad_()
    value = loss(s)
    return value.detach(), torch.autograd.grad(value.sum(), s)[0]


# %% [markdown]
# **Predict first:** at $s=-30$ the discriminator is sure that the sample is fake. The slope should be $-1$. Which of the five deliver it? (Each entry: value | slope.)

# %%
s = torch.tensor([-200.0, -100.0, -30.0, -20.0, -5.0])
for dtype in (torch.float32, torch.bfloat16):
    print(f"{str(dtype)[6:]:20}" + "".join(f"{f's = {v:.0f}':>17}" for v in s.tolist()))
    for name, loss in ways.items():
        value, slope = value_and_slope(loss, s.to(dtype))
        cells = [f"{v:.3g} | {g:.2g}" for v, g in zip(value.tolist(), slope.tolist(), strict=True)]
        print(f"{name:20}" + "".join(f"{cell:>17}" for cell in cells))

# %% [markdown]
# Three deliver −1, but only the two that take the score are right wherever the slope matters. $\log P$ is infinite once $\sigma(s)$ underflows, and its slope is NaN. The popular
# `+ 1e-8` stops the infinity by stopping the gradient: half the slope is gone at $s=\log10^{-8}\approx-18.4$, and at −30 all but $10^{-5}$. `BCELoss` clamps the
# logarithm at $-100$ and, in its backward pass, a denominator at $10^{-12}$: finite, but it dies too, from about $-28$ on (0.09 left at −30).

# %%
for dtype, tolerance in ((torch.float32, 1e-6), (torch.bfloat16, 1e-2)):
    grid = torch.linspace(-200, 200, 4001).to(dtype)  # scores that the dtype can hold
    exact = value_and_slope(lambda s: -F.logsigmoid(s), grid.double())
    for name in ("BCEWithLogitsLoss", "softplus(-s)"):
        for got, wanted in zip(value_and_slope(ways[name], grid), exact, strict=True):
            relative = 0 if name == "softplus(-s)" else tolerance  # softplus: right in relative terms, too
            assert torch.allclose(got.double(), wanted, rtol=tolerance, atol=relative + 1e-30)

dead = {name: value_and_slope(loss, torch.tensor([-30.0, -200.0])) for name, loss in ways.items()}
assert dead["log(P)"][0][1] == math.inf and dead["log(P)"][1][1].isnan()
assert abs(dead["log(P + 1e-8)"][1][0]) < 1e-5 and abs(dead["BCELoss on P"][1][0]) < 0.1
assert dead["log(P + 1e-8)"][1][1] == 0 == dead["BCELoss on P"][1][1]

# %% [markdown]
# The mirror image, the discriminator's price $-\log(1-P)$ of a fake, breaks earlier: $1-P$ is lost once $P$ rounds to 1.

# %%
s = torch.linspace(-4, 24, 1121)
lost = {}
for dtype in (torch.float32, torch.bfloat16):
    slope = value_and_slope(lambda s: -torch.log(1 - torch.sigmoid(s)), s.to(dtype))[1]
    lost[dtype] = s[~slope.isfinite()].min().item()
    print(f"{str(dtype)[6:]:9} slope of -log(1 - P) is infinite or NaN from s = {lost[dtype]:.1f} on")
assert 16 < lost[torch.float32] < 18 and 5 < lost[torch.bfloat16] < 7

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2))
s = torch.linspace(-110, 10, 1201)
colors = (plots.GREY, plots.FAKE, plots.PINK, plots.GREEN, plots.DISC)
for (name, loss), color, width, style in zip(ways.items(), colors, (6, 2, 2, 2, 2), "----:", strict=True):
    left.plot(s, value_and_slope(loss, s)[1], style, color=color, linewidth=width, label=name)
s = torch.linspace(-4, 24, 281)
right.plot(s, torch.sigmoid(s), color=plots.DISC, label="softplus(s)")
for (dtype, end), color in zip(lost.items(), (plots.FAKE, plots.PINK), strict=True):
    right.plot(s[s < end], torch.sigmoid(s[s < end]), color=color, linewidth=6, alpha=0.4)
    right.plot(end, 1, "X", color=color, markersize=10, label=f"-log(1 - P) ends, {str(dtype)[6:]}")
left.set(xlabel="score $s$", ylabel="slope", title="slope of $-\\log P$, float32")
right.set(xlabel="score $s$", title="slope of $-\\log(1-P)$")
for ax in (left, right):
    ax.legend(fontsize=8)
plots.show(
    fig,
    alt="Left: slopes against the score; log(P + 1e-8) falls to zero at -18, BCELoss at -28, log(P) stops at -88, the "
    "score versions stay at -1. Right: log(1-P) ends at 17 in float32 and near 6 in bfloat16",
)

# %% [markdown]
# Left: `+ 1e-8` dies around −18, `BCELoss` around −28, `log(P)` ends at −88, the score versions go on. Section 2 will see scores below −20. From here on losses are functions of scores.
#
# ## 2 Saturating and non-saturating
#
# The generator of the minimax game minimises $-\mathbb E_z[\zeta(D(G(z)))]$, the *saturating* loss. Goodfellow et al. (2014, Sec. 3)
# replace it by the *non-saturating* one, $\mathbb E_z[\zeta(-D(G(z)))]$. Per sample, with $P=\sigma(s)$, the slopes are
#
# $$\frac{d}{ds}\big[-\zeta(s)\big]=-P,\qquad \frac{d}{ds}\,\zeta(-s)=-(1-P):$$
#
# what one lacks the other has. **Predict first:** at which score is the non-saturating slope 99 times the other?

# %% tags=["nbval-check-output"]
saturating = lambda s: -F.softplus(s)
non_saturating = lambda s: F.softplus(-s)
with_eps = ways["log(P + 1e-8)"]

P = torch.tensor([1e-4, 0.01, 0.1, 0.5, 0.9, 0.99])
s = torch.logit(P)
slope_S, slope_NS = (value_and_slope(loss, s)[1] for loss in (saturating, non_saturating))
print("   P      score   saturating  non-saturating")
for row in zip(P.tolist(), s.tolist(), slope_S.tolist(), slope_NS.tolist(), strict=True):
    print("{:6.4f} {:8.3f} {:11.4f} {:12.4f}".format(*row))
assert torch.allclose(slope_S + slope_NS, -torch.ones(6), atol=1e-6)
assert (slope_NS[P <= 0.01] <= -0.99 + 1e-6).all() and (slope_S[P <= 0.01] >= -0.01 - 1e-6).all()

# %% [markdown]
# At $s=-\log99\approx-4.6$: the saturating loss gives an easily spotted fake a hundredth of the slope, the wrong way round for
# learning.
#
# ### 2.1 In a real game, with a discriminator further and further ahead
#
# By the chain rule the generator's gradient is a mean of (slope of the loss in $s$) · $\nabla_xD$ · $\partial G/\partial\theta$. We know the first factor; $\nabla_xD$ depends on how $D$ was trained. Measure: `vmap` trains 16 generators and
# 16 discriminators side by side. `stack_module_state` piles the weights of 16 nets into one tensor each, `functional_call` runs one empty template (on the weightless `meta` device) with given weights. Data: eight clusters on a ring of radius 2.

# %%
SEEDS, BATCH = 16, 64


def mlp(out):
    return nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, out))


def stack(nets):
    """All parameters of equal networks, stacked, and a function (parameters of one, x) -> output."""
    params, _ = stack_module_state(nets)
    template = copy.deepcopy(nets[0]).to("meta")
    return params, lambda p, x: functional_call(template, p, (x,))


def trainable(params):
    return {name: value.detach().clone().requires_grad_() for name, value in params.items()}


# %%
torch.manual_seed(0)
G_new, G = stack([mlp(2) for _ in range(SEEDS)])
D_new, D_column = stack([mlp(1) for _ in range(SEEDS)])
D = lambda p, x: D_column(p, x).squeeze(-1)  # one score per sample
ring = data.ring(20_000, seed=0, std=0.1)

# %% [markdown]
# One step of each player, and discriminators that train against *frozen* generators:


# %%
def loss_D_bce(score_real, score_fake):
    return F.softplus(-score_real) + F.softplus(score_fake)


def D_step(D_params, G_params, loss_D, optimizer):
    x_real = ring[torch.randint(len(ring), (SEEDS, BATCH))]
    x_fake = vmap(G)(G_params, torch.randn(SEEDS, BATCH, 2)).detach()
    scores = vmap(D)(D_params, torch.cat([x_real, x_fake], 1))
    loss = loss_D(scores[:, :BATCH], scores[:, BATCH:]).mean(1).sum()  # the sum keeps the seeds independent
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def G_step(G_params, D_params, loss_G, optimizer):
    loss = loss_G(vmap(D)(D_params, vmap(G)(G_params, torch.randn(SEEDS, BATCH, 2)))).mean(1).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


# %%
def adam(params):
    return torch.optim.Adam(params.values(), lr=1e-3, betas=(0.5, 0.9))


def run_ahead(G_params, loss_D, marks):
    """Train new discriminators; return their parameters after `marks` steps, generators frozen."""
    G_params, D_params = {k: v.detach() for k, v in G_params.items()}, trainable(D_new)
    optimizer, kept = adam(D_params), []
    for step in progress(range(max(marks) + 1), "discriminators run ahead"):
        if step in marks:
            kept.append({k: v.detach().clone() for k, v in D_params.items()})
        D_step(D_params, G_params, loss_D, optimizer)
    return kept


# %% [markdown]
# Two kinds of generator: **new** ones, a small blob in the middle of the ring, and ones that have **played** 300 rounds. Where are their samples?

# %%
torch.manual_seed(1)
G_played, D_params = trainable(G_new), trainable(D_new)
opt_G, opt_D = adam(G_played), adam(D_params)
for _ in progress(range(300), "300 rounds"):
    D_step(D_params, G_played, loss_D_bce, opt_D)
    G_step(G_played, D_params, non_saturating, opt_G)

marks = (1, 3, 10, 30, 100, 300, 1000)
generators = {"new": G_new, "played": {k: v.detach() for k, v in G_played.items()}}
ahead = {name: run_ahead(G_params, loss_D_bce, marks) for name, G_params in generators.items()}

# %%
z_test = torch.randn(SEEDS, 512, 2)
for name, G_params in generators.items():
    to_centres = torch.cdist(vmap(G)(G_params, z_test), data.ring_centres(8, 2.0))
    near = (to_centres.min(2).values < 0.3).float().mean(1)  # within 3 standard deviations
    print(
        f"{name:>7} generators: {near.median():.0%} of the fakes on a cluster [{near.min():.0%}, {near.max():.0%}]"
    )
    assert near.max() < 0.01 if name == "new" else near.median() > 0.01


# %%
def grad_norm(loss_G, D_params, G_params):
    """(16,) norms of the generators' gradients, discriminators held fixed, on 512 samples each."""
    mean_loss = lambda g, d, z: loss_G(D(d, G(g, z))).mean()
    gradients = vmap(grad(mean_loss))(G_params, D_params, z_test)
    return torch.stack([g.flatten(1).square().sum(1) for g in gradients.values()]).sum(0).sqrt()


# %%
losses_G = {"saturating": saturating, "non-saturating": non_saturating, "log(P + 1e-8)": with_eps}
norms, fake_scores = {}, {}
for name, kept in ahead.items():
    fake_scores[name] = torch.stack(
        [vmap(D)(d, vmap(G)(generators[name], z_test)).median(1).values for d in kept], 1
    )
    for loss_name, loss_G in losses_G.items():
        norms[name, loss_name] = torch.stack([grad_norm(loss_G, d, generators[name]) for d in kept], 1)

# %% [markdown]
# **Predict first:** sketch the two gradient norms against the discriminator's steps, for both kinds of generator.

# %%
fig, axes = plt.subplots(2, 2, figsize=(9.6, 5.6), sharex=True, sharey="row")
for (top, bottom), name in zip(axes.T, generators, strict=True):
    for (loss_name, _), color in zip(losses_G.items(), (plots.REAL, plots.FAKE, plots.GREY), strict=True):
        plots.curves(marks, norms[name, loss_name], label=loss_name, color=color, ax=top)
    plots.curves(marks, fake_scores[name], color=plots.DISC, ax=bottom)
    top.set(title=f"{name} generators", xscale="log", yscale="log")
    bottom.set(xlabel="steps of the discriminator, generator frozen")
axes[0, 0].set_ylabel("norm of $\\nabla_\\theta L_G$")
axes[1, 0].set_ylabel("median score of fakes")
axes[0, 0].legend(fontsize=8, loc="lower left")
plots.show(
    fig,
    alt="Top: gradient norms on a log scale against discriminator steps. For new generators the saturating norm falls from 0.1 to "
    "1e-8, the non-saturating rises to 8. For played ones neither falls. Bottom: fakes' median scores fall to -22 and -5",
)

# %%
change = {key: (value[:, -1] / value[:, 0]) for key, value in norms.items()}
print("gradient norm after 1000 steps / after 1 step: median [smallest, largest] of 16 seeds")
for (name, loss_name), c in change.items():
    print(f"{name:>7} generators, {loss_name:14}  {c.median():8.1e}  [{c.min():.1e}, {c.max():.1e}]")
assert change["new", "saturating"].median() < 1e-5 and change["new", "saturating"].max() < 0.05
assert (change["new", "non-saturating"] > 5).sum() >= 14 and change["new", "non-saturating"].median() > 30
assert (change["played", "saturating"] > 1).sum() >= 10
last = {loss: norms["new", loss][:, -1].median() for loss in losses_G}
assert last["log(P + 1e-8)"] < 0.3 * last["non-saturating"]

# %% [markdown]
# (Lines: medians of 16 seeds, bands from smallest to largest.) Left: all fakes are rejected and the saturating gradient
# dies: in the median it falls to $2\cdot10^{-7}$ of its first value (slowest run of ten repeats: to 0.005), while the non-saturating one *grows* a hundredfold (about one run in 80 gets a $D$ that is flat at the fakes: every loss is dead); the `+ 1e-8` turns it down once scores pass $-18$. Right, a
# surprise: here the saturating gradient grows too in most seeds, although the median fake is rejected. "The minimax gradient vanishes" is a statement about fakes whose $P$ is practically 0: the left ones, not the right ones. (Whether a large gradient points the right way is not tested.)
#
# Why does the non-saturating gradient grow, when its slope in $s$ is at most 1? Look at the second factor, $\|\nabla_xD\|$ at the fakes:

# %%
slope_of_D = vmap(lambda d, x: vmap(grad(lambda point: D(d, point[None])[0]))(x).norm(dim=1).mean())
for name, G_params in generators.items():
    first, last = (slope_of_D(d, vmap(G)(G_params, z_test)) for d in (ahead[name][0], ahead[name][-1]))
    growth = last / first
    print(
        f"{name:>7} generators: |grad_x D| grows {growth.median():.0f}-fold [{growth.min():.0f}, {growth.max():.0f}]"
    )
    assert growth.median() > 30

# %% [markdown]
# $D$ becomes steep, and that multiplies every loss. Do accepted fakes keep the saturating gradient up? Leave them out:

# %%
for name, G_params in generators.items():
    P = torch.sigmoid(vmap(D)(ahead[name][-1], vmap(G)(G_params, z_test)))
    accepted, mean_P = (P > 0.5).float().mean(1), P.mean(1)
    alone = grad_norm(lambda s: saturating(s) * (s <= 0), ahead[name][-1], G_params)  # rejected fakes only
    grown = (alone > norms[name, "saturating"][:, 0]).sum()
    print(f"{name:>7} generators: accepted {accepted.median():.1%} [{accepted.min():.1%}, {accepted.max():.1%}], "
          f"mean P {mean_P.median():.0e} [{mean_P.min():.0e}, {mean_P.max():.0e}]; gradient of the rejected alone grew in {grown} of 16")  # fmt: skip
    tiny = (mean_P < 1e-6).sum()
    assert (tiny >= 14 and grown <= 1) if name == "new" else (mean_P.median() > 0.01 and grown >= 10)

# %% [markdown]
# No: in most seeds the rejected fakes of played generators alone give a larger gradient than all gave at first. The steepness outweighs their small $P$.
#
# ### 2.2 No longer zero-sum, and the same place of rest
#
# In a zero-sum game $\nabla_\theta L_G=-\nabla_\theta L_D$. Measure the cosine of the angle between the two sides in the 16 played games (100 steps ahead; saturating: it must be 1).


# %%
def flat_gradient(loss, D_params, G_params):
    gradients = vmap(grad(lambda g, d, z: loss(D(d, G(g, z))).mean()))(G_params, D_params, z_test)
    return torch.cat([g.flatten(1) for g in gradients.values()], 1)


D_params, G_params = ahead["played"][4], generators["played"]
uphill = -flat_gradient(F.softplus, D_params, G_params)  # only the fakes' part of L_D depends on G
for name, loss_G in (("saturating", saturating), ("non-saturating", non_saturating)):
    cosine = F.cosine_similarity(flat_gradient(loss_G, D_params, G_params), uphill)
    print(f"{name:14}  cosine with -grad L_D: median {cosine.median():.4f}, smallest {cosine.min():.4f}")
    assert cosine.min() > 0.9999 if name == "saturating" else cosine.median() < 0.998

# %% [markdown]
# The non-saturating generator goes a different way, 9° to 19° off in the median seed (six runs), up to 48° in single ones: it weights its samples by $1-P$ instead of $P$. Does it still come to rest at
# $p_g=p_d$? Take the smallest game: $p_d=\mathcal N(0,1)$, $G(z)=\theta+z$, and the *perfect* discriminator $D^*(x)=\log p_d/p_g=\theta(\theta/2-x)$. The expectation over $z$ is a
# sum over a fine grid. Call $dL_G/d\theta$, with $D$ fixed, the **pull**. Descent moves against it: a pull with the sign of $\theta$ means back towards 0.

# %%
z = torch.linspace(-8, 8, 8001, dtype=torch.float64)
weight = Normal(0.0, 1.0).log_prob(z).exp()
weight /= weight.sum()
log_ratio = lambda theta: lambda x: theta * (theta / 2 - x)  # D* for p_d = N(0, 1), p_g = N(theta, 1)


def pull(theta, D, loss_G):
    """dL_G/dtheta for x_fake = theta + z, D a fixed function of x."""
    theta = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad((weight * loss_G(D(theta + z))).sum(), theta)[0].item()


# %%
print("theta   saturating  non-saturating")
for theta in (-3.0, -1.0, -0.01, 0.0, 0.01, 1.0, 3.0):
    pulls = [pull(theta, log_ratio(theta), loss) for loss in (saturating, non_saturating)]
    print(f"{theta:5.2f} {pulls[0]:11.4f} {pulls[1]:13.4f}")
    assert all(p * theta > 0 if theta else p == 0 for p in pulls)
    assert abs(theta) > 0.1 or abs(pulls[0] - pulls[1]) < 1e-4
    believed = (weight * torch.sigmoid(log_ratio(theta)(theta + z))).sum().item()  # E[P]
    assert abs(pulls[0] - theta * believed) + abs(pulls[1] - theta * (1 - believed)) < 1e-9

# %% [markdown]
# Both rest at $\theta=0$ and only there ($\nabla_xD^*=-\theta$, so the pulls are $\theta\,\mathbb E[P]$ and $\theta\,\mathbb E[1-P]$), and close to it they are equal: at $D=0$ both slopes are $-\tfrac12$.
# (Drawn to it is not yet there: here $D$ was perfect at every $\theta$.)
#
# ### 2.3 A failure on purpose: who hides the dead gradient?
#
# Freeze the discriminators that are 1000 steps ahead. The new generators alone take 100 steps on either loss, with plain gradient descent (SGD), Adam, and Adam with $\epsilon$ practically 0.
# **Predict first:** which of the six still move their samples?

# %%
torch.manual_seed(2)
D_params = ahead["new"][-1]
x_start = vmap(G)(G_new, z_test).detach()
optimizers = {
    "SGD": lambda p: torch.optim.SGD(p.values(), lr=0.01),
    "Adam": adam,
    "Adam, ε = 1e-16": lambda p: torch.optim.Adam(p.values(), lr=1e-3, betas=(0.5, 0.9), eps=1e-16),
}
moved, off_ring, off_start = {}, {}, (x_start.norm(dim=2) - 2).abs().mean(1)
print(f"at the start the samples are {off_start.median():.2f} off the circle of the data")
for name in ("non-saturating", "saturating"):
    for optimizer, make in optimizers.items():
        G_params = trainable(G_new)
        opt_G = make(G_params)
        for _ in range(100):
            G_step(G_params, D_params, losses_G[name], opt_G)
        x_end = vmap(G)(G_params, z_test).detach()
        m = moved[optimizer, name] = (x_end - x_start).norm(dim=2).mean(1)
        off = off_ring[optimizer, name] = (x_end.norm(dim=2) - 2).abs().mean(1)
        print(
            f"{name:14} {optimizer:15} moved by {m.median():7.2g} [{m.min():.2g}, {m.max():.2g}],"
            f" now {off.median():.2f} off the circle, {(off < off_start).sum()} of 16 nearer"
        )

# %%
still, below = moved["SGD", "saturating"], norms["new", "saturating"][:, -1] < 1e-8
m = moved["Adam", "saturating"][below]
print(
    f"saturating gradient below 1e-8 at the start in {below.sum()} seeds; there Adam moved by {m.min():.2g} to {m.max():.2g}"
)
assert (m > 0.05).float().mean() > 0.75
assert still.median() < 1e-6 and (still < 0.02).sum() >= 14 <= (moved["SGD", "non-saturating"] > 0.5).sum()
assert min(moved[a, "saturating"].median() for a in ("Adam", "Adam, ε = 1e-16")) > 0.5
nearer = {key: (off < off_start).sum() for key, off in off_ring.items()}
assert nearer["Adam", "non-saturating"] >= 14 and 2 <= nearer["Adam", "saturating"] <= 12
assert nearer["Adam, ε = 1e-16", "saturating"] <= 3
assert off_ring["Adam", "saturating"].median() > 0.75 * off_start.median()
assert off_ring["Adam, ε = 1e-16", "saturating"].median() > off_start.median() + 0.5

# %% [markdown]
# With plain descent the saturating generator stands still (median: $10^{-10}$). Adam steps by about (learning rate) · (mean gradient) / (root mean square gradient + $\epsilon$), so a gradient of any size above $\epsilon$ gives the same
# step: it makes the dead one *move*, even where the gradient starts below $\epsilon=10^{-8}$: the first steps are shorter, not zero. But not to the data: with the usual $\epsilon$ 5 to 9 of 16 seeds end nearer the circle (six runs), with $\epsilon$ gone nearly all overshoot it and end farther off. The non-saturating generator comes nearer in all or nearly all. Rescaling a dead gradient gives it length, not sense.
#
# ## 3 Which divergence?
#
# Notebook 01: with the best discriminator, the minimax generator minimises the JSD. Others have their own games (f-GAN, Nowozin et al. 2016). For convex $f$ with $f(1)=0$
# and its conjugate $f^*(t)=\sup_u(ut-f(u))$ we have $f(u)\ge ut-f^*(t)$. Put $u=p_d/p_g$ and $t=T(x)$, multiply by $p_g$ and integrate: any function $T$ (with $f^*(T)$ finite) gives a lower bound,
#
# $$D_f(p_d\|p_g)=\int p_g\,f\!\left(\frac{p_d}{p_g}\right)dx\;\ge\;\mathbb E_x[T(x)]-\mathbb E_z[f^*(T(G(z)))],$$
#
# with equality at $T=f'(p_d/p_g)$. Write $T=a(D)$ so that the best score is $D^*=\log p_d/p_g$ in *all* games; then $b(D)=f^*(a(D))$, and $D$ maximises
# $V_f=\mathbb E_x[a(D)]-\mathbb E_z[b(D)]$. For KL, $f(u)=u\log u$ has $f'(u)=1+\log u$ and $f^*(t)=e^{t-1}$, so $a=f'(e^D)=1+D$ and $b=e^{a-1}=e^D$.
#
# | divergence | integral | $f(u)$ | $a(D)$ | $b(D)$ |
# |---|---|---|---|---|
# | KL | $\int p_d\log\frac{p_d}{p_g}$ | $u\log u$ | $1+D$ | $e^D$ |
# | reverse KL | $\int p_g\log\frac{p_g}{p_d}$ | $-\log u$ | $-e^{-D}$ | $D-1$ |
# | JSD | $\frac12\mathrm{KL}(p_d\Vert m)+\frac12\mathrm{KL}(p_g\Vert m)$ | $\frac12\big[u\log u-(1+u)\log\frac{1+u}2\big]$ | $\frac12(\log2-\zeta(-D))$ | $\frac12(\zeta(D)-\log2)$ |
# | Pearson χ² | $\int (p_d-p_g)^2/p_g$ | $(u-1)^2$ | $2e^D-2$ | $e^{2D}-1$ |
#
# ($m=\tfrac12(p_d+p_g)$, as in notebook 01.) The target: two unequal humps. The model: one Gaussian. First a check of the table.

# %%
MEANS, STDS, SHARES = (-2.0, 1.5), (0.8, 0.4), (0.65, 0.35)
x = torch.linspace(-14, 14, 2801, dtype=torch.float64)
log_d = data.mixture_density(x, MEANS, STDS, SHARES).log()
integrate = lambda values: torch.trapezoid(values, x)

a = {"KL": lambda D: 1 + D, "reverse KL": lambda D: -torch.exp(-D)}
b = {"KL": torch.exp, "reverse KL": lambda D: D - 1}
a["JSD"], b["JSD"] = lambda D: (math.log(2) - F.softplus(-D)) / 2, lambda D: (F.softplus(D) - math.log(2)) / 2
a["Pearson χ²"], b["Pearson χ²"] = lambda D: 2 * torch.exp(D) - 2, lambda D: torch.exp(2 * D) - 1


# %%
def gaussian(mean, std):
    return Normal(torch.tensor(mean, dtype=torch.float64), torch.tensor(std, dtype=torch.float64))


def divergence(name, log_d, log_g):
    """The integral of the table's second column, from log densities on the grid x."""
    p_d, p_g, log_m = log_d.exp(), log_g.exp(), torch.logaddexp(log_d, log_g) - math.log(2)
    if name == "JSD":
        return integrate(p_d * (log_d - log_m) + p_g * (log_g - log_m)) / 2
    if name == "Pearson χ²":
        return integrate((2 * log_d - log_g).exp()) - 1
    if name == "2 KL(m, p_d)":  # for section 3.3
        return 2 * integrate(log_m.exp() * (log_m - log_d))
    return integrate((p_d if name == "KL" else -p_g) * (log_d - log_g))


# %%
torch.manual_seed(0)
log_g = gaussian(-0.5, 1.5).log_prob(x)
value_f = lambda name, D: integrate(log_d.exp() * a[name](D) - log_g.exp() * b[name](D)).item()
print("             integral   V at D*   best V of 200 other scores")
for name in a:
    exact, at_best = divergence(name, log_d, log_g).item(), value_f(name, log_d - log_g)
    bumps = [amount * torch.sin(tone * x + shift) for amount, tone, shift in torch.randn(200, 3)]
    others = max(value_f(name, log_d - log_g + bump) for bump in bumps)
    print(f"{name:11} {exact:9.6f} {at_best:9.6f} {others:15.6f}")
    assert abs(exact - at_best) < 1e-8 and others < at_best

# %% [markdown]
# ### 3.1 By direct minimisation
#
# One Gaussian cannot match two humps; each divergence must choose what to give up. **Predict first:** for each of the four, will the fit cover both humps or
# sit on one? First without discriminator: BFGS (descent with estimated curvature) on the integral, from six starts (five for Pearson, whose integral is $4\cdot10^{45}$ at $\mathcal N(1.5,0.6^2)$).


# %%
def fit_directly(name, mean, std):
    """(divergence, mean, std) of the local minimum that BFGS reaches from a start."""

    def value_and_gradient(parameters):
        q = torch.tensor(parameters, requires_grad=True)
        value = divergence(name, log_d, Normal(q[0], q[1].exp()).log_prob(x))
        return value.item(), torch.autograd.grad(value, q)[0].numpy()

    found = minimize(value_and_gradient, [mean, math.log(std)], jac=True, options={"gtol": 1e-8})
    return round(found.fun, 5), round(found.x[0], 4), round(math.exp(found.x[1]), 4)


starts = [(-0.5, 2.0), (0.0, 1.5), (-2.0, 1.0), (-2.0, 2.5), (1.5, 0.6), (1.5, 2.0)]
minima = {}
for name in a:
    tried = [start for start in starts if name != "Pearson χ²" or start != (1.5, 0.6)]  # there: 4e45
    minima[name] = sorted({fit_directly(name, *start) for start in tried})
    print(f"{name:11}", "   ".join(f"{v:.4f} at N({m:.4f}, {s:.4f}²)" for v, m, s in minima[name]))
best = {name: found[0] for name, found in minima.items()}

# %%
mean_d = integrate(x * log_d.exp()).item()
std_d = math.sqrt(integrate((x - mean_d) ** 2 * log_d.exp()))
print(f"the mixture itself has mean {mean_d:.4f} and standard deviation {std_d:.4f}")
assert abs(best["KL"][1] - mean_d) < 1e-3 and abs(best["KL"][2] - std_d) < 1e-3
assert best["JSD"][2] < best["KL"][2] < best["Pearson χ²"][2] and best["JSD"][2] > 1.5
assert abs(best["reverse KL"][1] + 2) < 0.05 and abs(best["reverse KL"][2] - 0.8) < 0.05
assert [len(minima[name]) for name in a] == [1, 2, 3, 1]

# %% [markdown]
# KL takes exactly the mixture's mean and standard deviation: *mode covering*. Pearson, which squares the ratio, spreads wider still. Reverse KL sits on the larger hump, *mode seeking*, and has a second
# minimum on the smaller one. The JSD covers here, but has local minima on either hump: which it takes depends on the start. "GANs minimise the JSD, hence drop modes": not here.
#
# ### 3.2 By playing the game
#
# The critic (a discriminator whose output is no probability) sees $x$ and $x^2$ but no density ratio; the generator $x=\mu+\sigma z$ starts at $\mathcal N(0,1.5^2)$ and follows $\nabla V_f$ through the critic. Expectations are
# weighted sums over fixed nodes, not samples. Six seeds each.

# %%
names, seeds = list(a), 6
nodes = torch.linspace(-5.2, 3.5, 110)
node_weight = data.mixture_density(nodes, MEANS, STDS, SHARES)
node_weight /= node_weight.sum()
z_nodes = torch.linspace(-4.2, 4.2, 51)
z_weight = Normal(0.0, 1.0).log_prob(z_nodes).exp()
z_weight /= z_weight.sum()


def new_critic():
    return nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))


def values(score_real, score_fake, w_real, w_fake):
    """V_f of every game; rows are ordered divergence by divergence."""
    rows = zip(names, score_real.chunk(4), score_fake.chunk(4), strict=True)
    return torch.cat([(a[k](r) * w_real).sum(1) - (b[k](f) * w_fake).sum(1) for k, r, f in rows])


# %%
def play_f_games(seed, steps=450, critic_steps=3):
    """Minimise V_f over (mu, sigma) while critics maximise it; start at N(0, 1.5²). Returns mu, sigma, V_f."""
    torch.manual_seed(seed)
    params, critic = stack([new_critic() for _ in range(4 * seeds)])
    score = vmap(lambda p, x: critic(p, torch.stack([x, x * x / 4], -1) / 2).squeeze(-1))  # sees x and x²
    game = torch.tensor([[0.0], [0.4]]).repeat(1, 4 * seeds).requires_grad_()  # rows: mu, log sigma
    opt_D = torch.optim.Adam(params.values(), lr=3e-3, betas=(0.5, 0.999))
    opt_G = torch.optim.Adam([game], lr=2e-2, betas=(0.5, 0.999))
    decay = lambda step: (1 + math.cos(math.pi * step / steps)) / 2 + 0.002
    schedules = [torch.optim.lr_scheduler.LambdaLR(opt, decay) for opt in (opt_D, opt_G)]
    x_real = nodes.expand(4 * seeds, -1)
    for _ in progress(range(steps), "24 games"):
        for _ in range(critic_steps):
            x_fake = (game[0, :, None] + game[1, :, None].exp() * z_nodes).detach()
            V = values(score(params, x_real), score(params, x_fake), node_weight, z_weight)
            opt_D.zero_grad()
            (-V.sum()).backward()
            opt_D.step()
        x_fake = game[0, :, None] + game[1, :, None].exp() * z_nodes
        V = values(score(params, x_real), score(params, x_fake), node_weight, z_weight)
        opt_G.zero_grad()
        V.sum().backward()
        opt_G.step()
        for schedule in schedules:
            schedule.step()
    return (v.detach().view(4, seeds) for v in (game[0], game[1].exp(), V))


mu, sigma, V = play_f_games(seed=0)

# %%
print("             direct fit            game, furthest of 6 seeds           V_f from the integral")
for k, name in enumerate(names):
    truth = [
        divergence(name, log_d, Normal(m, s).log_prob(x)).item()
        for m, s in zip(mu[k].double(), sigma[k].double(), strict=True)
    ]
    value_gap = (V[k] - torch.tensor(truth)).abs().max().item()
    fit = min(minima[name], key=lambda found: abs(found[1] - mu[k, 0].item()))
    off = (mu[k] - fit[1]).abs().max().item(), (sigma[k] - fit[2]).abs().max().item()
    print(
        f"{name:11} N({fit[1]:7.4f}, {fit[2]:.4f}²)   mean off by {off[0]:.4f}, std by {off[1]:.4f}     off by {value_gap:.5f}"
    )
    assert fit == best[name] and max(off) < 0.02 and value_gap < 0.01

# %% tags=["head-picture"]
fig, axes = plt.subplots(1, 4, figsize=(12, 2.9), sharey=True)
fine = torch.linspace(-6, 5, 441, dtype=torch.float64)
for k, (ax, name) in enumerate(zip(axes, names, strict=True)):
    value, mean, std = best[name]
    plots.densities(
        fine, data.mixture_density(fine, MEANS, STDS, SHARES), gaussian(mean, std).log_prob(fine).exp(), ax=ax
    )
    for m, s in zip(mu[k], sigma[k], strict=True):
        game = ax.plot(fine, Normal(m, s).log_prob(fine).exp(), "--", color=plots.DISC, linewidth=1)[0]
    ax.set(title=f"{name} = {value:.4f}\nmean {mean:.2f}, std {std:.2f}", ylim=(0, 0.6))
    ax.get_legend().remove()
    ax.label_outer()
game.set_label("six games with critics")
handles, labels = axes[0].get_legend_handles_labels()
fig.legend(
    [*handles, game],
    ["$p_d$", "direct minimum $p_g$", "six games with critics"],
    loc="outside lower center",
    ncols=3,
)
plots.show(
    fig,
    alt="Four panels with the two-humped data density and a fitted Gaussian: KL, JSD and Pearson span both humps, reverse KL sits "
    "on the larger left hump; dashed curves of six games lie on each fit",
)

# %% [markdown]
# Critics that were shown no ratio lead to the same four Gaussians (within 0.01 in every game of seven repeats) and the same values: $a$ and $b$ decide. (With $x$ alone, or from $\mathcal N(-2,1)$, Pearson's games end elsewhere.) But a GAN has samples, not nodes.
# How much noise does a batch of 500 put on each $V_f$, with a perfect critic at the best fit?

# %%
torch.manual_seed(0)
draws = (1000, 500)  # batches, samples in each
x_real = data.mixture_1d(500_000, seed=0, means=MEANS, stds=STDS, weights=SHARES).double()
noise = {}
for name, (value, *fit) in best.items():
    D_star = lambda t, fit=fit: (
        data.mixture_density(t, MEANS, STDS, SHARES).log() - gaussian(*fit).log_prob(t)
    )
    x_fake = gaussian(*fit).sample((500_000,))
    V = a[name](D_star(x_real)).view(draws).mean(1) - b[name](D_star(x_fake)).view(draws).mean(1)
    noise[name] = (V.std() / value).item()
    print(
        f"{name:11} value {value:.4f}, standard deviation over 1000 batches {V.std():.4f} ({noise[name]:.0%})"
    )
assert 0.06 < noise["reverse KL"] < 0.1 and 0.13 < noise["Pearson χ²"] < 0.2

# %% [markdown]
# Between 7–8 % (reverse KL) and 16 % (Pearson) of the value, before any critic has made a mistake.
#
# ### 3.3 The value is not the gradient
#
# The generators above followed $V_f$ itself. Many do not. LSGAN (Mao et al. 2017) drops the sigmoid and regresses the scores to labels $a,b,c$ ($a,b$ are not the functions above):
#
# $$L_D=\tfrac12\mathbb E_x[(D(x)-b)^2]+\tfrac12\mathbb E_z[(D(G(z))-a)^2],\qquad L_G=\tfrac12\mathbb E_z[(D(G(z))-c)^2].$$
#
# With $a=0,b=1$ the best score is $D^*=p_d/(p_d+p_g)$, the old probability. Put back in, its *value* is a divergence. Let
# $\Delta=\int\frac{(p_d-p_g)^2}{p_d+p_g}dx$: in the order of our table, Pearson's χ² of $2p_g$ against $p_d+p_g$, *not* of $p_d$ against $p_g$. Then
# $\min_DL_D=\tfrac12\int\frac{p_dp_g}{p_d+p_g}dx=\tfrac14-\tfrac18\Delta$, since $\Delta=2-4\int\frac{p_dp_g}{p_d+p_g}dx$. The coding of the paper's proof, $a=-1,b=1,c=0$ with $\tfrac12\mathbb E_x[(D(x)-c)^2]$ added to $L_G$, gives $\tfrac12\Delta$.

# %%
z_pairs = {"equal": (0, 1), "shifted": (1, 1), "wide": (0, 2), "narrow": (0.5, 0.8), "far": (5, 1)}
print("p_g           Δ   1/4 - Δ/8    min L_D   2 L_G, coding -1/1/0   chi²(p_d, p_g)")
for label, (mean, std) in z_pairs.items():
    p_d, p_g = gaussian(0.0, 1.0).log_prob(x).exp(), gaussian(mean, std).log_prob(x).exp()
    delta = integrate((2 * p_g - (p_d + p_g)) ** 2 / (p_d + p_g))
    P = p_d / (p_d + p_g)
    lowest = integrate(p_d * (P - 1) ** 2 + p_g * P**2) / 2
    coded = integrate((p_d + p_g) * (2 * P - 1) ** 2)  # D* = 2P - 1, c = 0, both terms
    pearson = integrate((p_d - p_g) ** 2 / p_g)
    print(f"{label:8} {delta:8.5f} {1 / 4 - delta / 8:10.6f} {lowest:10.6f} {coded:12.5f} {pearson:20.4g}")
    assert abs(lowest - (1 / 4 - delta / 8)) < 1e-9 and abs(coded - delta) < 1e-9

# %% [markdown]
# Exact in value. And the gradient that the generator follows while $D$ is fixed? In the smallest game compare with the slope of $\Delta/8$ three generators: the zero-sum one ($L_G=-L_D$), the 0/1 coding ($c=b=1$), and
# the coding $-1/1/0$ (the added term has no gradient). Likewise the non-saturating loss, for which Arjovsky and Bottou (2017) derived
# $\nabla\,[\mathrm{KL}(p_g\|p_d)-2\,\mathrm{JSD}]$.

# %%
least_squares = lambda target, sign=1: lambda s: sign * (s - target) ** 2 / 2
P_star = lambda theta: lambda x: torch.sigmoid(log_ratio(theta)(x))


def slopes_of_divergences(theta):
    """d/dtheta of Δ/8 and of KL(p_g, p_d) - 2 JSD for N(0, 1) and N(theta, 1), by differentiating integrals."""
    theta = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    log_0, log_1 = Normal(0.0, 1.0).log_prob(x), Normal(theta, 1.0).log_prob(x)
    delta = integrate((log_0.exp() - log_1.exp()) ** 2 / (log_0.exp() + log_1.exp()))
    log_m = torch.logaddexp(log_0, log_1) - math.log(2)
    jsd = integrate(log_0.exp() * (log_0 - log_m) + log_1.exp() * (log_1 - log_m)) / 2
    mixed = integrate(log_1.exp() * (log_1 - log_0)) - 2 * jsd
    return [torch.autograd.grad(v, theta, retain_graph=True)[0].item() for v in (delta / 8, mixed)]


# %%
thetas = torch.linspace(0.02, 6, 60, dtype=torch.float64).tolist()
exact = torch.tensor([slopes_of_divergences(t) for t in thetas], dtype=torch.float64)
pulls_at = lambda D, loss: torch.tensor([pull(t, D(t), loss) for t in thetas], dtype=torch.float64)
codings = {
    "zero-sum": pulls_at(P_star, least_squares(0, -1)),
    "a = 0, b = c = 1": pulls_at(P_star, least_squares(1)),
    "a = -1, b = 1, c = 0": pulls_at(lambda t: lambda x: 2 * P_star(t)(x) - 1, least_squares(0)),
}
ns = pulls_at(log_ratio, non_saturating)
print(f"zero-sum LSGAN against dΔ/8:                 {(codings['zero-sum'] - exact[:, 0]).abs().max():.0e}")
print(f"non-saturating against d[KL(p_g,p_d) - 2 JSD]: {(ns - exact[:, 1]).abs().max():.0e}")
assert torch.allclose(codings["zero-sum"], exact[:, 0], rtol=1e-6) and torch.allclose(
    ns, exact[:, 1], rtol=1e-6
)

# %%
ratios = {name: coding / exact[:, 0] for name, coding in codings.items()}
fig, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.3))
for name, style, color in zip(codings, ("--", "-", "-"), (plots.DISC, plots.GREEN, plots.PINK), strict=True):
    left.plot(thetas, codings[name], style, label=name, color=color)
    right.plot(thetas, ratios[name], style, color=color)
left.plot(thetas, exact[:, 0], color=plots.GREY, linewidth=5, alpha=0.4, label="slope of $\\Delta/8$")
left.set(xlabel="distance $\\theta$", ylabel="pull")
right.set(xlabel="distance $\\theta$", ylabel="pull / slope of $\\Delta/8$", yscale="log")
left.legend(fontsize=8)
plots.show(
    fig,
    alt="Left: the zero-sum LSGAN pull lies on the slope of Δ/8, the 0/1 coding is higher, the 0-target coding starts flat. "
    "Right: their ratios to the slope of Δ/8, from 1 to 2.7 and from almost 0 to 3.3",
)
close, beyond = ratios["a = -1, b = 1, c = 0"][[0, -1]].tolist()
near, far = ratios["a = 0, b = c = 1"][[0, -1]].tolist()
print(
    f"pull over slope of Δ/8 at θ = 0.02 and 6: coding -1/1/0 {close:.5f}, {beyond:.2f}; 0/1/1 {near:.2f}, {far:.2f}"
)
twice = (
    pull(0.04, lambda x: 2 * P_star(0.04)(x) - 1, least_squares(0))
    / codings["a = -1, b = 1, c = 0"][0].item()
)
print(f"coding -1/1/0: twice the distance, {twice:.2f} times the pull")
assert close < 1e-3 and 3.2 < beyond < 3.5 and abs(twice - 8) < 0.1
assert abs(near - 1) < 0.02 and 2.5 < far < 2.8

# %% [markdown]
# Of the three only the zero-sum generator follows the slope of $\Delta$. The 0/1 coding agrees with it near the equilibrium and pulls 2.7 times harder at $\theta=6$. The coding with $c=0$ has *no linear pull* near the equilibrium (it falls with
# $\theta^3$), and pulls 3.3 times too hard at $\theta=6$: its value is in order, its force is not. The non-saturating loss follows its difference of divergences to six digits.
# That difference is $2\,\mathrm{KL}(m\|p_d)$, a softened reverse KL. **Predict first:** on the two humps of 3.1, will it cover or seek?

# %%
for mean, std in z_pairs.values():
    log_0, log_1 = gaussian(0.0, 1.0).log_prob(x), gaussian(mean, std).log_prob(x)
    difference = divergence("reverse KL", log_0, log_1) - 2 * divergence("JSD", log_0, log_1)
    assert abs(difference - divergence("2 KL(m, p_d)", log_0, log_1)) < 1e-9
softened = sorted({fit_directly("2 KL(m, p_d)", *start) for start in starts})
print("2 KL(m, p_d):", "   ".join(f"{v:.4f} at N({m:.4f}, {s:.4f}²)" for v, m, s in softened))
assert all(std < 0.9 for _, _, std in softened) and abs(softened[0][1] + 2) < 0.05

# %% [markdown]
# It seeks: from all six starts the fit ends on one hump, where the JSD covered. So the default loss follows, while its $D$ is perfect, a divergence that drops a hump when the generator cannot match the data.
#
# ## 4 Losses without a sigmoid
#
# Two more: the **hinge** loss (Lim and Ye 2017), $L_D=\mathbb E_x[\max(0,1-D)]+\mathbb E_z[\max(0,1+D)]$, and the **Wasserstein** critic (Arjovsky et al. 2017), $L_D=\mathbb E_z[D]-\mathbb E_x[D]$ with $D$ kept
# 1-Lipschitz (slope at most 1 everywhere). Both generators minimise $-\mathbb E_z[D]$: slope $-1$ at every score.
# **Predict first:** which of the five below still feels a pull at $\theta=8$ from a *perfect* discriminator of its kind?

# %%
linear = lambda s: -s
steep_sign = lambda theta: (
    lambda x: (5 * log_ratio(theta)(x)).clamp(-1, 1)
)  # hinge: D* is the sign of log p_d/p_g, drawn as a steep ramp so that it has a slope
players = {
    "saturating": (saturating, log_ratio, plots.REAL),
    "non-saturating": (non_saturating, log_ratio, plots.FAKE),
    "LSGAN 0/1": (least_squares(1), P_star, plots.GREEN),
    "hinge": (linear, steep_sign, plots.PINK),
    "Wasserstein": (
        linear,
        lambda theta: lambda x: -x,
        plots.DISC,
    ),  # theta > 0: the best 1-Lipschitz critic is -x
}
# %%
scores = torch.linspace(-10, 10, 401)
distances = torch.linspace(0.1, 8, 80, dtype=torch.float64).tolist()
pulls_over = lambda D, loss: torch.tensor([pull(t, D(t), loss) for t in distances], dtype=torch.float64)
pulls = {name: pulls_over(D, loss) for name, (loss, D, _) in players.items()}

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.5))
for name, (loss, _, color) in players.items():
    style = "--" if name == "hinge" else "-"
    left.plot(
        scores,
        value_and_slope(loss, scores)[1],
        style,
        color=color,
        label=name,
        zorder=3 if name == "hinge" else 2,
    )
    right.plot(distances, pulls[name], style, color=color)
left.set(xlabel="score $D(G(z))$", ylabel="slope of $L_G$", ylim=(-3, 1.5), title="what the loss says")
right.set(xlabel="distance $\\theta$", ylabel="pull", yscale="log", title="what a perfect $D$ leaves of it")
left.legend(fontsize=8)
plots.show(
    fig,
    alt="Left: slope against score; saturating and non-saturating between 0 and -1, LSGAN a rising line, hinge and Wasserstein "
    "flat at -1. Right: pull against distance on a log scale; saturating, LSGAN and hinge fall together below 1e-3, "
    "Wasserstein stays at 1, non-saturating rises to 8",
)
for name, p in pulls.items():
    print(f"{name:15} pull at theta = 1: {p[9]:.3f},  at theta = 8: {p[-1]:.1e}")
assert max(pulls[name][-1] for name in ("saturating", "LSGAN 0/1", "hinge")) < 1e-3
assert abs(pulls["non-saturating"][-1] - 8) < 0.01 and (pulls["Wasserstein"] - 1).abs().max() < 1e-9

# %% [markdown]
# On the left LSGAN and hinge cannot saturate; on the right they do. Their perfect discriminator is *flat* where the fakes are: a slope has nothing to multiply.
# (Hinge drops below $\theta\approx0.5$ because a ramp stands for its $D^*$, a sign.)
# The perfect score $\log p_d/p_g$ is not flat; there the saturating loss dies of its own slope, the non-saturating does not. Move the generator yourself.


# %%
def draw_pulls(theta):
    """Densities and perfect P for N(0, 1) and N(theta, 1), and the five pulls as bars."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8))
    grid = torch.linspace(-5, 12, 500, dtype=torch.float64)
    densities = (Normal(m, 1.0).log_prob(grid).exp() for m in (0.0, theta))
    plots.densities(grid, *densities, P=P_star(theta)(grid), ax=left)
    bars = [pull(theta, D(theta), loss) for loss, D, _ in players.values()]
    right.barh(list(players), bars, color=[color for *_, color in players.values()])
    right.set(xscale="log", xlim=(1e-4, 20), xlabel="pull towards the data", title=f"$\\theta$ = {theta:.1f}")
    right.invert_yaxis()
    plots.show(fig, alt=f"Data and generator {theta:.1f} apart with P; bars of the five pulls")


slider = widgets.FloatSlider(value=3.0, min=0.1, max=8, step=0.1, description="θ", continuous_update=False)
_ = widgets.interact(draw_pulls, theta=slider)

# %% [markdown]
# (Without a kernel: the right panel above has the same five numbers.)
#
# ### 4.1 The same with networks
#
# Train 16 discriminators ahead of the *new* generators again, now with the least-squares and the hinge loss.

# %%
torch.manual_seed(3)
games = {
    "saturating": (loss_D_bce, saturating),
    "non-saturating": (loss_D_bce, non_saturating),
    "LSGAN 0/1": (lambda r, f: ((r - 1) ** 2 + f**2) / 2, least_squares(1)),
    "hinge": (lambda r, f: F.relu(1 - r) + F.relu(1 + f), linear),
}
felt, seen = {}, {}
for name, (loss_D, loss_G) in games.items():
    kept = ahead["new"] if loss_D is loss_D_bce else run_ahead(G_new, loss_D, marks)
    felt[name] = torch.stack([grad_norm(loss_G, d, G_new) for d in kept], 1)
    seen[name] = vmap(D)(kept[-1], vmap(G)(G_new, z_test)).median(1).values

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.2))
for name, runs in felt.items():
    plots.curves(marks, runs, label=name, color=players[name][2], ax=ax)
ax.set(
    xscale="log", yscale="log", xlabel="steps of the discriminator", ylabel="norm of $\\nabla_\\theta L_G$"
)
ax.legend(fontsize=8)
plots.show(
    fig,
    alt="Gradient norms of new generators against discriminator steps: saturating dies, non-saturating grows to 8, LSGAN and "
    "hinge stay between 0.05 and 1",
)
for name, runs in felt.items():
    change = runs[:, -1] / runs[:, 0]
    print(
        f"{name:15} × {change.median():.1e} [{change.min():.1e}, {change.max():.1e}], fakes' score {seen[name].median():6.2f}"
    )
bounded = {name: felt[name][:, -1] / felt[name][:, 0] for name in ("LSGAN 0/1", "hinge")}
assert all(0.1 < ratio.median() < 15 and (ratio < 100).sum() >= 14 for ratio in bounded.values())
assert ((seen["hinge"] > -2) & (seen["hinge"] < -1)).sum() >= 14 and seen["LSGAN 0/1"].abs().median() < 0.1

# %% [markdown]
# After 1000 steps neither LSGAN nor hinge has died in the median, nor exploded: scores stop where the loss is satisfied (0, and a little past $-1$); these networks are not yet the flat, perfect $D$ of section 4.
#
# ### 4.2 Where each game comes to rest
#
# Set $p_g=p_d$. Each sample is then as often real as fake: a free score $D$ minimises $\ell_r(D)+\ell_f(D)$, its price on a real plus a fake sample. Descend from five starts. (The last row is the smoothed label of section 5.)

# %%
per_sample = {name: game for name, game in games.items() if name != "saturating"}
per_sample["Wasserstein"] = (lambda r, f: f - r, linear)
per_sample["smoothed, α = 0.1"] = (
    lambda r, f: 0.9 * F.softplus(-r) + 0.1 * F.softplus(r) + F.softplus(f),
    non_saturating,
)
rest = {}
for name, (loss_D, loss_G) in per_sample.items():
    score = torch.tensor([-3.0, -0.6, 0.0, 0.6, 3.0])
    for _ in range(500):
        score = score - 0.1 * value_and_slope(lambda s, loss_D=loss_D: loss_D(s, s), score)[1]
    rest[name] = score, loss_D(score, score), loss_G(score)
    print(
        f"{name:18} score "
        + " ".join(f"{v:6.3f}" for v in score)
        + f"   L_D {rest[name][1][2]:.4f}   L_G {rest[name][2][2]:7.4f}"
    )
assert rest["non-saturating"][0].abs().max() < 1e-4 and (rest["LSGAN 0/1"][0] - 0.5).abs().max() < 1e-4
assert torch.equal(rest["hinge"][0][1:4], torch.tensor([-0.6, 0.0, 0.6]))  # stay where they are
assert rest["hinge"][0].abs().max() < 1.11 and (rest["hinge"][1] - 2).abs().max() < 0.12  # one step of 0.1
assert torch.equal(rest["Wasserstein"][0], torch.tensor([-3.0, -0.6, 0.0, 0.6, 3.0]))
assert (rest["smoothed, α = 0.1"][0] - math.log(0.45 / 0.55)).abs().max() < 1e-4

two_logs = torch.tensor([2 * math.log(2), math.log(2)])
off = {name: (torch.stack([L_D[2], L_G[2]]) - two_logs).abs().max() for name, (_, L_D, L_G) in rest.items()}
assert off.pop("non-saturating") < 1e-4 and min(off.values()) > 0.05

# %% [markdown]
# The score at rest depends on the loss: 0, ½, anything from $-1$ to $1$ for hinge, anything for Wasserstein, $\log\frac{0.45}{0.55}=-0.20$ with a smoothed label. Where it is unique, the best $D$ at $p_g=p_d$ is flat and gives the generator no gradient; hinge and Wasserstein merely allow that. Only the first row reads
# $L_D=2\log2$ and $L_G=\log2$.
#
# ## 5 Smoothed labels
#
# Salimans et al. (2016) replace the label 1 of real samples by $1-\alpha$. With a label $\beta$ for fakes as well, minimising the cross-entropy at each $x$ gives
#
# $$P^*=\frac{(1-\alpha)\,p_d+\beta\,p_g}{p_d+p_g}.$$
#
# Check with free scores on a grid. **Predict first:** far from the data, what is $P^*$ with $\beta=0.1$?


# %%
def smoothed_bce(score, p_d, p_g, alpha, beta):
    """The integrand of L_D with labels 1 - alpha on data and beta on fakes."""
    real = (1 - alpha) * F.softplus(-score) + alpha * F.softplus(score)
    fake = (1 - beta) * F.softplus(score) + beta * F.softplus(-score)
    return p_d * real + p_g * fake


grid = torch.linspace(-3, 7, 201, dtype=torch.float64)
p_d, p_g = (Normal(m, 1.0).log_prob(grid).exp() for m in (0.0, 4.0))
labels = {"hard labels": (0.0, 0.0), "α = 0.1": (0.1, 0.0), "α = β = 0.1": (0.1, 0.1)}
smoothed_P = {}
for name, (alpha, beta) in labels.items():
    score = torch.zeros_like(grid)
    for _ in range(60):  # Newton's method, one free score per grid point
        slope = vmap(grad(smoothed_bce), (0, 0, 0, None, None))(score, p_d, p_g, alpha, beta)
        curvature = (p_d + p_g) * torch.sigmoid(score) * torch.sigmoid(-score)
        score = score - (slope / curvature).clamp(-1, 1)
    smoothed_P[name] = torch.sigmoid(score)
    formula = ((1 - alpha) * p_d + beta * p_g) / (p_d + p_g)
    print(f"{name:12} largest gap to the formula {(smoothed_P[name] - formula).abs().max():.0e}")
    assert (smoothed_P[name] - formula).abs().max() < 1e-6

# %% [markdown]
# The pull of the non-saturating loss with each perfect, smoothed discriminator:


# %%
def smoothed_D(theta, alpha, beta):
    """The perfect score for labels 1 - alpha and beta; P_fake = 1 - P without cancellation."""

    def score(x):
        P_real, P_fake = torch.sigmoid(log_ratio(theta)(x)), torch.sigmoid(-log_ratio(theta)(x))
        return torch.log((1 - alpha) * P_real + beta * P_fake) - torch.log(
            alpha * P_real + (1 - beta) * P_fake
        )

    return score


# %%
felt_smoothed = {
    name: pulls_over(lambda t, ab=ab: smoothed_D(t, *ab), non_saturating) for name, ab in labels.items()
}
fig, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.3))
looks = zip(labels, (plots.DISC, plots.GREEN, plots.PINK), ("-", "--", "-"), strict=True)
for name, color, style in looks:
    left.plot(grid, smoothed_P[name], style, color=color, label=name)
    right.plot(distances, felt_smoothed[name], style, color=color)
for density, color, name in ((p_d, plots.REAL, "$p_d$"), (p_g, plots.FAKE, "$p_g$")):
    left.fill_between(grid, density, color=color, alpha=0.25, linewidth=0, label=name)
left.set(xlabel="$x$", ylabel="$P^*$", title="perfect discriminators at $\\theta=4$")
right.set(xlabel="distance $\\theta$", yscale="log", ylabel="pull", title="the generator's pull")
left.legend(fontsize=8)
plots.show(
    fig,
    alt="Left: P* falls from 1, or 0.9 when smoothed, to 0; with beta 0.1 it levels off at 0.1. Right: the pull without and with "
    "one-sided smoothing coincides and rises to 8; with beta it falls below 1e-3",
)
one_sided = (felt_smoothed["α = 0.1"] / felt_smoothed["hard labels"] - 1).abs().max().item()
print(f"one-sided smoothing changes the pull by at most {one_sided:.0e}")
print(
    f"pull at θ = 8: hard labels {felt_smoothed['hard labels'][-1]:.2f}, with β = 0.1 {felt_smoothed['α = β = 0.1'][-1]:.5f}"
)
assert one_sided < 1e-9 and felt_smoothed["α = β = 0.1"][-1] < 1e-3 * felt_smoothed["hard labels"][-1]

# %% [markdown]
# With $\beta>0$ a fake far from all data has $P^*=\beta$, and so has its neighbour: no slope, no way back. One-sided smoothing changes the non-saturating pull *not at all*: $L_G=-\log P^*=-\log(1-\alpha)-\log\frac{p_d}{p_d+p_g}$, a constant more.
# If it helps, then because real discriminators are not perfect. Ask the networks.

# %%
torch.manual_seed(4)
reaction, earlier = {"hard labels": ahead["new"][-1]}, {}
for name, (alpha, beta) in list(labels.items())[1:]:
    loss_D = lambda r, f, ab=(alpha, beta): smoothed_bce(r, 1, 0, *ab) + smoothed_bce(f, 0, 1, *ab)
    *_, at_300, reaction[name] = run_ahead(G_new, loss_D, marks)
    earlier[name] = grad_norm(non_saturating, at_300, G_new).median()
    print(f"{name:12} gradient after 300 steps {earlier[name]:.2f}")

# %%
x_real = ring[:2000].expand(SEEDS, -1, -1)
smooth_norm = {}
for name, d in reaction.items():
    score_real, score_fake = (
        vmap(D)(d, x_real).median(1).values,
        vmap(D)(d, vmap(G)(G_new, z_test)).median(1).values,
    )
    smooth_norm[name] = grad_norm(non_saturating, d, G_new)
    print(f"{name:12} real {score_real.median():5.1f}  fake {score_fake.median():6.1f}  gradient {smooth_norm[name].median():.2f} "
          f"[{smooth_norm[name].min():.2f}, {smooth_norm[name].max():.2f}]")  # fmt: skip
    assert name == "hard labels" or (score_real - math.log(9)).abs().max() < 0.3
    assert name != "α = β = 0.1" or ((score_fake + math.log(9)).abs() < 0.3).sum() >= 14
assert 0.2 < (smooth_norm["α = 0.1"].median() / smooth_norm["hard labels"].median()) < 0.6
assert smooth_norm["α = β = 0.1"].median() < 0.3 * smooth_norm["α = 0.1"].median()
assert smooth_norm["α = 0.1"].median() > 1.3 * earlier["α = 0.1"]

# %% [markdown]
# One-sided smoothing holds the real scores at $\log9\approx2.2$ and leaves, after 1000 steps, 30 to 42 % of the gradient (six runs; it still grows); with $\beta$ the fakes are pinned at $-2.2$, and about four fifths of that are gone.
#
# **Smoothing the generator's target.** Asked for the label $t=0.9$, it minimises $t\,\zeta(-s)+(1-t)\,\zeta(s)$ with slope $\sigma(s)-t$. Where does that change sign?

# %% tags=["nbval-check-output"]
target = lambda t: lambda s: t * F.softplus(-s) + (1 - t) * F.softplus(s)
for t in (0.7, 0.9, 0.95):
    slope_at = lambda s, t=t: value_and_slope(target(t), torch.tensor(s, dtype=torch.float64))[1].item()
    turn = brentq(slope_at, -10, 10, xtol=1e-12)
    print(f"t = {t:.2f}: the slope changes sign at s = {turn:.4f}, where P = {1 / (1 + math.exp(-turn)):.4f}")
    assert abs(1 / (1 + math.exp(-turn)) - t) < 1e-8 and slope_at(turn - 1) < 0 < slope_at(turn + 1)

# %% [markdown]
# Above $s=2.197$ ($P=0.9$) the generator *lowers* the scores of its most accepted samples. At the equilibrium, $s=0$, there are none; count yours before you smooth.
#
# ## 6 What to take, from this notebook's own numbers


# %%
def entry(name):
    score, loss_D, _ = rest["non-saturating" if name == "saturating" else name]
    at_rest = (
        f"{score[2].abs():.1f}"
        if score.max() - score.min() < 1e-3
        else f"not unique ({score[1]:.1f}, {score[3]:.1f}, …)"
    )
    slope = value_and_slope(players[name][0], torch.tensor(-10.0))[1].item()
    change = (felt[name][:, -1] / felt[name][:, 0]).median() if name in felt else math.nan
    network = f"× {change:.1e}" if name in felt else "needs a constraint"
    return f"| {name} | {at_rest} | {loss_D[2]:.3f} | {slope:.2g} | {pulls[name][-1]:.1e} | {network} |"


head = "| generator's loss | score at rest | $L_D$ at rest | slope at $s=-10$ | pull at θ = 8, perfect $D$ | gradient of new generators: after 1000 steps of a network $D$ ÷ after 1 (median) |"
Markdown("\n".join([head, "|---|---|---|---|---|---|", *map(entry, players)]))

# %% [markdown]
# **Saturating**, only while $P$ at the fakes is not practically 0; **non-saturating**, the default, with an eye on a gradient that grows with $D$ (smooth one-sidedly, or penalise $D$: notebooks 03 and 10);
# **LSGAN** and **hinge** (LSGAN's scores do not come near $-10$), bounded scores and gradients with small networks over 1000 steps, nothing from a perfect $D$; **Wasserstein**, a steady pull once $D$ is constrained (09). The table knows one toy and no sample quality (notebooks 04 and 08).
#
# ## Exercises
#
# ### Exercise 1 · where a softened target turns round
#
# ●○○ · 3 minutes · you need: section 5. A generator is trained with the label $t$ in $(0,1)$ for its fakes. Return the score above which its gradient
# pushes samples *away* from "real".


# %% tags=["exercise-1"]
def turning_score(t):
    """t: a float between 0 and 1. Returns a float."""
    return None  # ← your answer


# %% tags=["check-1"]
nb02.check_1(turning_score)

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
# ### Exercise 2 · the hinge pair
#
# ●○○ · 5 minutes · you need: section 4. Return both hinge losses, the pair `(loss_D, loss_G)`, each averaged over its batch, each to be minimised.
# The two batches may differ in size.


# %% tags=["exercise-2"]
def hinge_losses(score_real, score_fake):
    """Two 1-D tensors of scores. Returns two scalar tensors: loss_D, loss_G."""
    return None  # ← your answer


# %% tags=["check-2"]
nb02.check_2(hinge_losses)

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
# ### Exercise 3 · one-sided smoothing that survives any score
#
# ●●○ · 8 minutes · you need: sections 1 and 5. Return the discriminator's loss with label $1-\alpha$ for real and 0 for generated samples, from scores. It must be right, in value and gradient, at scores of ±200 in float32.


# %% tags=["exercise-3"]
def smoothed_loss_D(score_real, score_fake, alpha):
    """Two 1-D tensors of scores and a float. Returns a scalar tensor, to be minimised."""
    return None  # ← your answer


# %% tags=["check-3"]
nb02.check_3(smoothed_loss_D)

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
# ### Exercise 4 · the KL fit without an optimiser
#
# ●●○ · 10 minutes · you need: section 3.1. Given a mixture of Gaussians, return mean and standard deviation of the one Gaussian $p_g$ that minimises $\mathrm{KL}(p_d\|p_g)$, in closed form.


# %% tags=["exercise-4"]
def kl_fit(means, stds, weights):
    """Three 1-D tensors of equal length; weights add up to 1. Returns (mean, std) as floats or 0-d tensors."""
    return None  # ← your answer


# %% tags=["check-4"]
nb02.check_4(kl_fit)

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
# ## Recap
#
# 1. Losses are functions of scores: anything that goes through $P$ loses its gradient or becomes NaN at confident scores ([section 1](#1-From-probability-to-score)).
# 2. The saturating slope is $-P$, the non-saturating $-(1-P)$; in a game the first dies when $P$ is practically 0 at every fake, and the second grows with the discriminator ([section 2](#2-Saturating-and-non-saturating)).
# 3. On our two humps KL and Pearson cover, reverse KL seeks, and the JSD has minima of both kinds; games with critics lead to the same four fits ([section 3](#3-Which-divergence?)).
# 4. A value is not a gradient: LSGAN's value is, up to scale and shift, a χ² of $2p_g$ against $p_d+p_g$, but of the three generators tried only the zero-sum one follows its slope ([section 3.3](#3.3-The-value-is-not-the-gradient)), the non-saturating loss follows a softened reverse KL; with a perfect $D$ LSGAN and hinge die, Wasserstein not ([section 4](#4-Losses-without-a-sigmoid)).
# 5. One-sided smoothing leaves a perfect game's pull as it is and calms real discriminators; a label $\beta>0$ for fakes removes the pull, a softened target $t$ for the generator reverses it above $s=\log\frac t{1-t}$ ([section 5](#5-Smoothed-labels)).
#
# **Further reading.** Goodfellow et al. 2014, Sec. 3 (arXiv:1406.2661) · Arjovsky and Bottou 2017, on perfect discriminators (1701.04862) · Nowozin et al. 2016, f-GAN (1606.00709) · Mao et al. 2017, LSGAN (1611.04076) ·
# Lim and Ye 2017, Geometric GAN (1705.02894) · Arjovsky et al. 2017, Wasserstein GAN (1701.07875) · Salimans et al. 2016, label smoothing (1606.03498). Next: [03 · Gradient descent in games](03_gradient_descent_in_games.ipynb).
