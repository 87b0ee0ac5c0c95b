# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · Gradient descent in games, deeper
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/gans-measured/gans-measured/blob/colab/notebooks/deeper/03_gradient_descent_in_games.ipynb)
#
# Comes after [lesson 03](../03_gradient_descent_in_games.ipynb), and no later lesson needs it.
#
# **After this you can**
#
# - **predict** how fast eight training rules approach or leave an equilibrium, and say where the prediction ends;
# - **tell apart** seven games of two parameters by their eigenvalues;
# - **carry** the eigenvalues over to a network's game, and choose a learning rate where nobody can compute them.
#
# *Study:* 90 minutes, and 30 for the exercises. *Run time:* about 40 seconds on one CPU core.

# %% tags=["setup"]
import sys
from importlib.util import find_spec

if "google.colab" in sys.modules:  # on Colab only: install the course's helpers
    get_ipython().run_line_magic("pip", "install -q git+https://github.com/gans-measured/gans-measured@v0.2.0")
assert find_spec("gan_helpers"), "no gan_helpers in this kernel: choose that of .venv, or see README"

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.func import grad, jacrev, vmap
from torch.nn import functional as F

from gan_helpers import data, plots, seeds
from gan_helpers.checks import nb03
from gan_helpers.evidence import claim, how_sure, table
from gan_helpers.networks import mlp
from gan_helpers.notebook import predict, progress
from gan_helpers.training import own_rates, play_many, stack

plots.use_course_style()
torch.set_num_threads(1)  # two parameters, or tiny networks: more threads only wait for each other
F64 = torch.float64  # small differences over thousands of steps; section 7 is float32

# %% [markdown]
# ## 1 Eight rules, one number each (16 min)
#
# As in the lesson, a **field** $v$ maps the pair $w=(\theta,\psi)$ to the velocities of both players. Without a sigmoid the GAN of one data point at 0 is the **bilinear game**, $v=(\psi,-\theta)$. The lesson played four rules. Here are all of them. **Optimistic** steps extrapolate the next gradient from the last two (Daskalakis et al. 2018). Momentum $\beta$ may be negative (Gidel et al. 2019), and may go with alternating steps.

# %%
G_MOVES = torch.tensor([1.0, 0.0], dtype=F64)
D_MOVES = torch.tensor([0.0, 1.0], dtype=F64)
AT_ONCE = (G_MOVES + D_MOVES,)
IN_TURNS = (D_MOVES, G_MOVES)


def bilinear(w):
    theta, psi = w.unbind(-1)
    return torch.stack([psi, -theta], -1)


def step(w, v, h, order=AT_ONCE):
    for player in order:  # a later player answers the new parameters
        w = w + h * v(w) * player
    return w


def extragradient(w, v, h):
    return w + h * v(w + h * v(w))


# %%
def optimistic(state, v, h):
    w, last = state.chunk(2, -1)
    now = v(w)
    return torch.cat([w + h * (2 * now - last), now], -1)


def momentum(state, v, h, beta, order):
    w, m = state.chunk(2, -1)
    for player in order:
        m = torch.where(player > 0, beta * m + v(w), m)
        w = w + h * m * player
    return torch.cat([w, m], -1)


# %%
RULES = {  # name: (rule, size of its state, what else it takes)
    "simultaneous": (step, 2, (AT_ONCE,)),
    "alternating": (step, 2, (IN_TURNS,)),
    "simultaneous, β = 0.5": (momentum, 4, (0.5, AT_ONCE)),
    "simultaneous, β = −0.5": (momentum, 4, (-0.5, AT_ONCE)),
    "alternating, β = 0.5": (momentum, 4, (0.5, IN_TURNS)),
    "alternating, β = −0.5": (momentum, 4, (-0.5, IN_TURNS)),
    "optimistic": (optimistic, 4, ()),
    "extragradient": (extragradient, 2, ()),
}

# %% [markdown]
# Two tools. The **prediction** is the spectral radius $\rho$ of the update at the equilibrium. The **measurement** follows sixteen random starts over 1,000 steps. After each step they are put back to the distance $10^{-6}$, so that they neither overflow nor reach the far, nonlinear region.


# %%
def eigenvalues(rule, size, v, *options):
    def update(state):
        return rule(state, v, *options)

    J = jacrev(update)(torch.zeros(size, dtype=F64))
    return torch.linalg.eigvals(J)


def radius(name, v, h):
    rule, size, options = RULES[name]
    return eigenvalues(rule, size, v, h, *options).abs().max().item()


# %%
def growth(name, v, h, steps=1000):
    """Factor per step from 16 random starts: (16,)."""
    rule, size, options = RULES[name]
    random = torch.Generator().manual_seed(seeds.one())
    state = torch.randn(16, size, dtype=F64, generator=random)
    total = 0
    for k in range(steps):
        state = 1e-6 * F.normalize(state, dim=-1)
        state = rule(state, v, h, *options)
        if k >= steps // 4:  # by then the largest eigenvalue has won
            total = total + (state.norm(dim=-1) / 1e-6).log()
    return (total / (steps - steps // 4)).exp()


# %%
predicted = {}
rows = {}
gaps = []
for name in RULES:
    predicted[name] = radius(name, bilinear, 0.2)
    found = growth(name, bilinear, 0.2)
    rows[name + ", ρ - 1"] = predicted[name] - 1
    rows[name + ", measured"] = found - 1
    gaps.append((found - predicted[name]).abs().max())
table("bilinear game, h = 0.2: change of the distance per step", rows, unit="%")

# %%
claim("Every start of every rule grows as predicted, to 0.0003.", gaps, below=3e-4, exact=True)
inside = {name for name in RULES if predicted[name] < 1 - 1e-6}
claim(
    "Three rules arrive.",
    inside == {"alternating, β = −0.5", "optimistic", "extragradient"}, exact=True,
)
at_one = [radius(name, bilinear, 1.0) for name in RULES]
claim("At h = 1 no rule arrives.", at_one, above=1 - 1e-9, exact=True)

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2))
circle = np.exp(1j * np.linspace(0, 2 * np.pi, 400))
for ax in axes:
    ax.plot(circle.real, circle.imag, color=plots.GREY, linewidth=1)
    for marker, (name, (rule, size, options)) in zip("os^Dv<Pd", RULES.items(), strict=True):
        e = eigenvalues(rule, size, bilinear, 0.2, *options)
        color = plots.GREEN if predicted[name] < 1 - 1e-6 else plots.PINK
        ax.plot(e.real, e.imag, marker, color=color, alpha=0.8, markersize=6, label=name, linestyle="")
    ax.set(aspect="equal", xlabel="real part")
axes[0].set(xlim=(-1.1, 1.2), ylim=(-1.1, 1.1), ylabel="imaginary part", title="eigenvalues of one update")
axes[1].set(xlim=(0.88, 1.12), ylim=(0.08, 0.38), title="three rules lie inside the circle")
handles, labels = axes[0].get_legend_handles_labels()
fig.legend(handles, labels, loc="outside right center", fontsize=9)
alt = "Eigenvalues of one update of eight rules in the complex plane, with the unit circle. The green markers of three rules lie inside, the pink ones on the circle or outside."
plots.show(fig, alt=alt)

# %% [markdown]
# Momentum 0.5 leaves and momentum −0.5 arrives, but only in turns. Write $a$ for $h$ times the strength of the game, which is 1 here. The eigenvalues of $v$ are $\pm i$, so one update has
#
# $$\text{simultaneous: }\sqrt{1+a^2},\qquad\text{extragradient: }\sqrt{1-a^2+a^4},\qquad\text{alternating: }1\text{ as long as }a\le2 .$$
#
# An alternating round has determinant 1, and complex eigenvalues below $a=2$. It keeps $\theta^2+\psi^2-h\,\theta\psi$, so its orbit is an ellipse and not a circle.

# %%
misses = []
for a in (0.05, 0.2, 0.7, 1.0, 1.5):
    misses.append(radius("simultaneous", bilinear, a) - (1 + a**2) ** 0.5)
    misses.append(radius("extragradient", bilinear, a) - (1 - a**2 + a**4) ** 0.5)
    misses.append(radius("alternating", bilinear, a) - 1)
claim("The three formulas hold.", misses, between=(-1e-8, 1e-8), exact=True)


def run(rule, w, v, h, steps, *options):
    """All positions of a rule without memory: (steps + 1, …)."""
    path = [w]
    for _ in range(steps):
        path.append(rule(path[-1], v, h, *options))
    return torch.stack(path)


corner = torch.tensor([1.0, -1.0], dtype=F64)
orbit = run(step, corner, bilinear, 0.2, 20_000, IN_TURNS)
theta, psi = orbit.unbind(-1)
kept = theta**2 + psi**2 - 0.2 * theta * psi
claim(
    "20,000 alternating steps stay on their ellipse.",
    kept / kept[0], near=1, within=1e-11, exact=True,
)

# %% [markdown]
# ## 2 Adam, where the prediction has to stop (8 min)
#
# Adam divides the gradient by its running size, so it does not slow down near an equilibrium, and there is no useful Jacobian. With a large $\epsilon$ it does slow down. Then it is momentum $\beta_1$ with the learning rate $(1-\beta_1)h/\epsilon$, and the prediction works again.


# %%
def adam(w, v, h, steps, beta1, beta2, eps=1e-8):
    """All positions of alternating Adam; beta1 and beta2 may hold one value per row."""
    m = torch.zeros_like(w)
    s = torch.zeros_like(w)
    path = [w]
    for t in range(1, steps + 1):
        for player in IN_TURNS:
            g = v(w)
            m = m + player * (1 - beta1) * (g - m)
            s = s + player * (1 - beta2) * (g * g - s)
            size = (s / (1 - beta2**t)).sqrt() + eps
            w = w + player * h * m / (1 - beta1**t) / size
        path.append(w)
    return torch.stack(path)


# %%
misses = []
for beta1 in (0.0, 0.5, 0.9):
    path = adam(1e-30 * corner, bilinear, 0.2, 900, beta1, 0.9, eps=1.0)
    log_size = path.norm(dim=-1).log()
    # means over two stretches, 300 steps apart: the swinging cancels
    rise = log_size[600:900].mean() - log_size[300:600].mean()
    h = 0.2 * (1 - beta1)
    e = eigenvalues(momentum, 4, bilinear, h, beta1, IN_TURNS)
    misses.append((rise / 300).exp() - e.abs().max())
claim("With ε = 1, Adam grows as momentum does, to 0.0005.", misses, between=(-5e-4, 5e-4), exact=True)

# %% [markdown]
# With PyTorch's $\epsilon=10^{-8}$ we can only run it: nine pairs $(\beta_1,\beta_2)$ from eight angles, in turns.

# %%
angles = torch.linspace(0, 2 * np.pi, 9, dtype=F64)[:-1]
eight = 2**0.5 * torch.stack([angles.cos(), angles.sin()], -1)
beta1 = torch.tensor([0.0, 0.5, 0.9], dtype=F64).repeat_interleave(8).repeat(3)[:, None]
beta2 = torch.tensor([0.9, 0.99, 0.999], dtype=F64).repeat_interleave(24)[:, None]
path = adam(eight.repeat(9, 1), bilinear, 0.01, 8000, beta1, beta2)
path = path.norm(dim=-1).view(-1, 3, 3, 8)  # steps, β₂, β₁, angles
early = path[2500:3000].mean(0)
late = path[-500:].mean(0)
rows = {}
for j, b2 in enumerate((0.9, 0.99, 0.999)):
    for i, b1 in enumerate((0, 0.5, 0.9)):
        rows[f"β₁ = {b1}, β₂ = {b2}, step 3,000"] = early[j, i]
        rows[f"β₁ = {b1}, β₂ = {b2}, step 8,000"] = late[j, i]
table("radius, from 1.41", rows)

# %%
claim("β₁ = 0.9 ends above radius 1 with every β₂.", late[:, 2].flatten(), above=1, exact=True)
claim("β₁ = 0 ends below 0.6 with every β₂.", late[:, 0].flatten(), below=0.6, exact=True)
claim(
    "β₁ = 0.5 with β₂ = 0.999 comes in, and goes out again.",
    late[2, 1] / early[2, 1], above=1.05, exact=True,
)

# %% [markdown]
# So $\beta_1=0.9$ ends farther out with every $\beta_2$, also in turns. The order of the players is not what drives it. And a run that has come nearer may still go out again, so 3,000 steps are too few to judge.
#
# ## 3 Seven games (20 min)
#
# With the sigmoid the bilinear game becomes the minimax GAN, of strength $\sigma(0)=\tfrac12$. Here are seven games (Mescheder et al. 2018). WGAN-GP asks $D$ for slope 1, with weight 0.7. Instance noise adds $\mathcal N(0,0.7^2)$ to data and fakes. In the consensus game both players also make the whole field small.


# %%
def r1(gamma):
    """Minimax with the penalty R1; γ = 0 is minimax alone."""

    def field(w):
        theta, psi = w.unbind(-1)
        P = torch.sigmoid(theta * psi)
        return torch.stack([psi * P, -theta * P - gamma * psi], -1)

    return field


def non_saturating(w):
    theta, psi = w.unbind(-1)
    P = torch.sigmoid(theta * psi)
    return torch.stack([psi * (1 - P), -theta * P], -1)


def wgan_gp(w):
    psi = w[..., 1:]
    return bilinear(w) - 0.7 * (psi.abs() - 1) * psi.sign() * D_MOVES


# %%
nodes, weights = np.polynomial.hermite_e.hermegauss(40)
noise = 0.7 * torch.tensor(nodes)  # N(0, 0.7²): points, and their weights in a mean
weights = torch.tensor(weights / weights.sum())


def instance_noise(w):
    theta, psi = w[..., :1], w[..., 1:]
    fake = weights * torch.sigmoid(psi * (theta + noise))
    real = weights * torch.sigmoid(-psi * noise)
    of_D = (noise * real - (theta + noise) * fake).sum(-1)
    return torch.stack([(psi * fake).sum(-1), of_D], -1)


# %%
def consensus(w):
    """Both players also descend 0.3 / 2 · |v|²."""
    energy = grad(lambda u: r1(0.0)(u).square().sum() / 2)
    return r1(0.0)(w) - 0.3 * energy(w)


GAMES = {
    "minimax": r1(0.0),
    "non-saturating": non_saturating,
    "R1": r1(0.3),
    "instance noise": instance_noise,
    "consensus": consensus,
    "WGAN, clip 1": bilinear,
    "WGAN-GP": wgan_gp,
}

# %% [markdown]
# These fields are written out by hand, because that runs faster. Are they the gradients of the losses? Automatic differentiation says so, at 50 random points.

# %%
def noisy_fit(theta, psi):
    real = weights * F.softplus(-psi * noise)
    fake = weights * F.softplus(psi * (theta + noise))
    return (real + fake).sum()


def losses(name, theta, psi):
    """L_D and L_G of a game, up to a constant; the score of the data is 0."""
    fit = F.softplus(psi * theta)
    if name == "non-saturating":
        return fit, F.softplus(-psi * theta)
    if name == "R1":
        return fit + 0.3 / 2 * psi**2, -fit
    if name == "instance noise":
        return noisy_fit(theta, psi), -noisy_fit(theta, psi)
    if name == "WGAN-GP":
        return psi * theta + 0.7 / 2 * (psi.abs() - 1) ** 2, -psi * theta
    return fit, -fit  # minimax


# %%
points = torch.randn(50, 2, dtype=F64, generator=torch.Generator().manual_seed(0))
misses = []
for name in ("minimax", "non-saturating", "R1", "instance noise", "WGAN-GP"):
    for point in points:
        theta, psi = point.clone().requires_grad_()
        L_D, L_G = losses(name, theta, psi)
        of_G = torch.autograd.grad(L_G, theta, retain_graph=True)[0]
        of_D = torch.autograd.grad(L_D, psi)[0]
        velocity = GAMES[name](point)
        misses += [velocity[0] + of_G, velocity[1] + of_D]
claim(
    "The fields are minus the gradients of their losses.",
    torch.stack(misses).detach().abs(), below=1e-9, exact=True,
)

# %% [markdown]
# Two more names bring nothing new here. R2 penalises the slope at the fakes, and $D$ has the same slope $\psi$ everywhere, so it is R1. Relativistic pairing has the losses $\zeta(\psi\theta)$ and $\zeta(-\psi\theta)$, so it is the non-saturating game.

# %%
predict(
    "Which games come to rest at the equilibrium with simultaneous steps?",
    [
        ("All that damp the slope of D: R1, clipping, WGAN-GP", False, "Clipping only limits it, and WGAN-GP asks for slope 1."),
        ("R1, instance noise and consensus", True, "Only these move the eigenvalues to the left."),
        ("Those and the non-saturating game", False, "It comes nearer, and stops at a cycle."),
    ],
)


# %%
def game_run(name, order, steps=500, w=corner):
    """Positions (steps + 1, …); the clipped game puts ψ back to [−1, 1]."""
    low = torch.tensor([-np.inf, -1.0 if "clip" in name else -np.inf])
    path = [w]
    for _ in range(steps):
        w = step(w, GAMES[name], 0.2, order)
        path.append(w.clamp(low, -low))
        w = path[-1]
    return torch.stack(path)


paths = {}
rows = {}
for name in GAMES:
    paths[name] = game_run(name, AT_ONCE), game_run(name, IN_TURNS)
    for way, path in zip(("at once", "in turns"), paths[name], strict=True):
        rows[f"{name}, {way}"] = path[-1].norm()
table("distance after 500 steps from (1, −1), h = 0.2", rows)

# %% tags=["hide-input"]
fig, axes = plt.subplots(2, 4, figsize=(10, 5.4), sharex=True, sharey=True)
mesh = plots.plane(2.3, 12).double()
for ax, (name, (at_once, in_turns)) in zip(axes.flat, paths.items(), strict=False):
    ax.quiver(*mesh.unbind(-1), *GAMES[name](mesh).unbind(-1), color="#c0c0c0", scale=22, width=0.005)
    ax.plot(*at_once.T, color=plots.PINK, linewidth=1)
    ax.plot(*in_turns.T, color=plots.GREEN, linewidth=1)
    ax.plot(1, -1, "k.", markersize=8)
    ax.set(title=name, xlim=(-2.5, 2.5), ylim=(-2.5, 2.5), aspect="equal")
axes[1, 3].axis("off")
axes[1, 3].text(-2, 0.6, "simultaneous", color=plots.PINK)
axes[1, 3].text(-2, -0.6, "alternating", color=plots.GREEN)
fig.supxlabel("generator $θ$ (data at 0)")
fig.supylabel("slope $ψ$ of $D$")
alt = "Seven phase portraits. Minimax, WGAN with clipping and WGAN-GP circle or leave; the non-saturating game spirals in slowly; R1, instance noise and consensus spiral into the origin."
plots.show(fig, alt=alt)

# %%
rest = ("R1", "instance noise", "consensus")
ends = []
for name in rest:
    ends += [rows[f"{name}, at once"], rows[f"{name}, in turns"]]
claim("R1, instance noise and consensus come to rest.", ends, below=0.02, exact=True)
crowd = torch.cat([0.14 * eight, 0.5 * eight, 1.4 * eight])  # 24 starts
for_ever = []
for name in ("WGAN, clip 1", "WGAN-GP"):
    for order in (AT_ONCE, IN_TURNS):
        late = game_run(name, order, w=crowd)[300:].norm(dim=-1)
        for_ever.append(late.min())
claim("Clipping and WGAN-GP come to rest from none of 24 starts.", for_ever, above=0.15, exact=True)
claim(
    "The non-saturating game is at 0.64, as an independent calculation says.",
    rows["non-saturating, at once"], near=0.640, within=0.004, exact=True,
)

# %% [markdown]
# Now the prediction: what are the eigenvalues of each smooth field, and does their real part tell?

# %%
real_part = {}
for name in ("minimax", "non-saturating", *rest):
    J = jacrev(GAMES[name])(torch.zeros(2, dtype=F64))
    real_part[name] = torch.linalg.eigvals(J).real.max()
table("largest real part of the eigenvalues of v", real_part)
damped = torch.stack([real_part[name] for name in rest])
claim("The three that rest have real parts below −0.05.", damped, below=-0.05, exact=True)
undamped = [real_part["minimax"], real_part["non-saturating"]]
claim("Minimax and the non-saturating game have real part 0.", undamped, between=(-1e-9, 1e-9), exact=True)

# %% [markdown]
# A simultaneous step multiplies by $1+h\lambda$, and $|1+h\lambda|^2=1+2h\,\mathrm{Re}\,\lambda+h^2|\lambda|^2$. So no $h$ helps if a real part is not negative. If all are, $h$ must stay below $-2\,\mathrm{Re}\,\lambda/|\lambda|^2$ for every $\lambda$. With R1, $\lambda=-\frac\gamma2\pm\sqrt{\frac{\gamma^2}4-\frac14}$. The other rules have limits, too. Here is what theory says, tried just below and just above.

# %%
LIMITS = (
    ("extragradient", 0.0, 2.0),
    ("optimistic", 0.0, 2 / 3**0.5),
    ("alternating", 0.0, 4.0),
    ("simultaneous", 0.1, 0.4),
    ("simultaneous", 0.3, 1.2),
    ("simultaneous", 1.0, 4.0),
    ("simultaneous", 2.0, 1.0718),
    ("simultaneous", 10.0, 0.2005),
)
holds = []
for name, gamma, limit in LIMITS:
    holds.append(radius(name, r1(gamma), 0.999 * limit) < 1 + 1e-9)
    holds.append(radius(name, r1(gamma), 1.001 * limit) > 1)
claim("All eight limits of the learning rate are right to a thousandth.", holds, exact=True)

# %% [markdown]
# In the lesson Adam with $\beta_1=0.9$ needed more R1 than $\gamma=0.3$. Momentum of 0.9 does, too:

# %%
claim(
    "Momentum 0.9, h = 0.02, leaves with γ = 0.3.",
    eigenvalues(momentum, 4, r1(0.3), 0.02, 0.9, AT_ONCE).abs().max(), above=1.01, exact=True,
)
claim(
    "It arrives with γ = 1.",
    eigenvalues(momentum, 4, r1(1.0), 0.02, 0.9, AT_ONCE).abs().max(), below=0.96, exact=True,
)

# %% [markdown]
# ## 4 Where linearisation stops (6 min)
#
# The prediction holds *near* the equilibrium. How far is near? We start at 25 radii and look at the factor per step over one turn. And what if $\rho$ is exactly 1, as for alternating steps?

# %%
predict(
    "Alternating steps kept the ellipse of the bilinear game over 20,000 steps. Does the minimax GAN circle as well?",
    [
        ("Yes, its ρ is 1, too", False, "With ρ = 1 the first order says nothing."),
        ("No, its orbits slowly widen", True, "From radius 1.4 they do. Near the centre it is too slow to see."),
        ("No, its orbits slowly shrink", False, "That is the non-saturating game."),
    ],
)


# %%
radii = torch.logspace(-3, 1, 25, dtype=F64)
around = radii[:, None, None] * eight / 2**0.5
near = run(step, around, r1(0.0), 0.2, 62).norm(dim=-1)
local = (near[-1] / near[0]) ** (1 / 62)  # 62 steps are about one turn: (25, 8)
gap = (local - 1.01**0.5).abs().amax(-1)

# %%
starts = torch.cat([eight, 0.07 * eight])  # radius 1.41, and 0.1
drift = {}
for name, v in (("minimax", r1(0.0)), ("non-saturating", non_saturating)):
    path = run(step, starts, v, 0.5, 12_000, IN_TURNS).norm(dim=-1)
    ratio = path[-2000:].amax(0) / path[:2000].amax(0)
    drift[name + ", from 1.41"] = ratio[:8]
    drift[name + ", from 0.1"] = ratio[8:]
table("alternating, h = 0.5, 12,000 steps: radius at the end ÷ at the start", drift)
both = torch.cat([0.1 * eight, eight])
cycle = run(step, both, non_saturating, 0.2, 12_000)[-500:].norm(dim=-1)

# %% tags=["hide-input"]
fig, ax = plt.subplots(figsize=(7, 3))
plots.curves(radii, local.T, color=plots.SKY, ax=ax)
ax.axhline(1.01**0.5, color=plots.GREY, linestyle=":")
ax.text(0.0012, 1.0052, "predicted", color=plots.GREY)
ax.set(xscale="log", xlabel="starting radius", ylabel="factor per step", title="The prediction holds up to a radius of about 1")
alt = "Factor per step of simultaneous minimax against the starting radius: flat on the dotted prediction 1.005 up to about 1, then falling towards 1, with a band over eight angles."
plots.show(ax.figure, alt=alt)

# %%
claim("Up to radius 0.46 the prediction is right to 0.0001.", gap[radii < 0.5], below=1e-4, exact=True)
claim("At radius 3 it is wrong by more than 0.001.", gap[radii > 2.9][0], above=1e-3, exact=True)
claim("Alternating minimax widens from 1.41.", drift["minimax, from 1.41"], above=1.2, exact=True)
claim("The non-saturating game shrinks.", drift["non-saturating, from 1.41"], below=0.7, exact=True)
claim(
    "With simultaneous steps it ends on a cycle near 0.63, from inside and from outside.",
    [cycle.min(), cycle.max()], between=(0.6, 0.7), exact=True,
)

# %% [markdown]
# Only the bilinear game neither grows nor shrinks. The non-saturating game has the same eigenvalues as minimax, and yet it creeps inwards. With simultaneous steps its creeping and the outward factor 1.005 balance on a cycle. So an eigenvalue on the unit circle decides nothing.
#
# ## 5 Two learning rates, and steps per player (11 min)
#
# Give $G$ the rate $h_G$, $D$ the rate $h_D$, and $n_D$ steps per round. Without a penalty alternating rounds circle as long as $\sqrt{n_Dh_Gh_D}\,\tfrac12<2$. With R1 we predict every cell of a map, then run it.


# %%
def rounds(w, v, h_G, h_D, n_D):
    """n_D steps of D, then one of G; the rates may be a whole map of them."""
    for _ in range(n_D):
        w = w + h_D * v(w) * D_MOVES
    return w + h_G * v(w) * G_MOVES


# %%
def map_radius(v, h_G, h_D, n_D):
    """ρ of one round for each pair of rates (cells, 1): (cells,)."""

    def one(w, g, d):
        return rounds(w, v, g, d, n_D)

    J = vmap(jacrev(one))(torch.zeros(len(h_G), 2, dtype=F64), h_G, h_D)
    return torch.linalg.eigvals(J).abs().amax(-1)


def map_growth(v, h_G, h_D, n_D):
    """The measured factor per round of each cell."""
    w = torch.tensor([[0.6, 0.8]], dtype=F64).repeat(len(h_G), 1)
    total = 0
    for k in range(700):
        w = rounds(1e-6 * F.normalize(w, dim=-1), v, h_G, h_D, n_D)
        if k >= 200:
            total = total + (w.norm(dim=-1) / 1e-6).log()
    return (total / 500).exp()


# %%
axis = torch.logspace(-1, 1, 24, dtype=F64)
h_G = axis.repeat_interleave(24)[:, None]
h_D = axis.repeat(24)[:, None]
maps = {}
wrong = []
for gamma, n_D in ((0.0, 1), (0.0, 5), (0.5, 1), (0.5, 5)):
    rho = map_radius(r1(gamma), h_G, h_D, n_D)
    found = map_growth(r1(gamma), h_G, h_D, n_D)
    maps[gamma, n_D] = rho.view(24, 24), found.view(24, 24)
    wrong.append(((rho > 1.01) != (found > 1.01)).sum())

# %% tags=["hide-input"]
fig, axes = plt.subplots(1, 4, figsize=(10, 2.9), sharey=True)
for ax, ((gamma, n_D), (rho, found)) in zip(axes, maps.items(), strict=True):
    colors = ax.pcolormesh(axis, axis, found, cmap="RdBu_r", vmin=0.5, vmax=1.5)
    ax.contour(axis, axis, rho, levels=[1.01], colors="k")
    ax.plot([0.1, 10], [0.1, 10], ":", color="k", linewidth=0.8)
    ax.set(xscale="log", yscale="log", xlabel="$h_D$", title=f"$γ={gamma}$, $n_D={n_D}$")
axes[0].set_ylabel("$h_G$")
fig.colorbar(colors, ax=axes, label="measured factor per round")
alt = "Four maps over the two learning rates: measured factor per round in colour, blue shrinking, red growing, and the predicted border as a black line that follows the change of colour. Without R1 nothing is blue. With R1 a blue valley runs along small rates of D."
plots.show(fig, alt=alt)

# %%
claim("At most 4 of 576 cells lie on the wrong side.", wrong, below=5, exact=True)
free = [maps[0.0, 1][0].min(), maps[0.0, 5][0].min()]
claim("Without R1 no pair of rates arrives.", free, above=1 - 1e-6, exact=True)
slowest = maps[0.5, 1][0][0]  # h_G = 0.1
claim("With R1 the map ends near h_D = 2/γ.", axis[slowest < 1].max() / 4, between=(0.8, 1.1), exact=True)

# %% [markdown]
# Five steps of $D$ only move the border. Should $D$ be the faster player? With small steps and $h_G$ held fixed, the return is fastest where the two eigenvalues meet, at $h_D/h_G=1/\gamma^2$. We try a row of ratios. Then we hold something else fixed: neither rate may exceed 0.05.

# %%
ratios = torch.logspace(-1, 1.2, 60, dtype=F64)[:, None]
best = {}
gain = {}
for gamma in (0.3, 0.5, 1.0, 2.0):
    fixed = torch.full((60, 1), 0.05, dtype=F64)
    found = map_radius(r1(gamma), fixed, fixed * ratios, 1)
    best[f"γ = {gamma}"] = ratios[found.argmin()].item() * gamma**2
    capped = 0.05 / ratios.clamp(min=1)  # the larger rate is 0.05
    any_ratio = map_radius(r1(gamma), capped, capped * ratios, 1).min()
    equal = map_radius(r1(gamma), fixed[:1], fixed[:1], 1)
    gain[gamma] = (equal - any_ratio).item()
table("best ratio h_D / h_G, times γ²", best)
claim("The best ratio is 1/γ², to a sixth.", list(best.values()), between=(0.84, 1.17), exact=True)
weak = [gain[0.3], gain[0.5]]
claim("With the cap, equal rates are best for a weak penalty.", weak, below=1e-4, exact=True)
claim("For γ = 2 they are not.", gain[2.0], above=1e-4, exact=True)

# %% [markdown]
# "The discriminator needs the larger rate" depends on what is held fixed. With $h_G$ fixed it is true for a weak penalty, and at $\gamma=2$ the best $h_D$ is four times *smaller*.
#
# ## 6 The eigenvalues of a network's game (17 min)
#
# Does this survive a hidden layer? We need an equilibrium that we know. The data are 64 points on a short line, $x=(0.4,0.2)\,z$. The generator is linear, with 4 parameters, so it can match them. The discriminator is an MLP 2–6–1 with tanh and 25 parameters. If $G$ is exact and the output layer of $D$ is zero, nobody has a gradient, whatever the 18 hidden weights are. ($L_G$ is non-saturating.)

# %%
theta_star = torch.tensor([0.4, 0.2, 0.0, 0.0], dtype=F64)


def G(theta, z):
    return z * theta[:2] + theta[2:]


def D(psi, x):
    A, b, c, d = psi[:12].view(2, 6), psi[12:18], psi[18:24], psi[24]
    return torch.tanh(x @ A + b) @ c + d


# %%
def velocity(w, z, gamma):
    """Of all 29 parameters; z: (points, 1)."""

    def L_G(theta, psi):
        return F.softplus(-D(psi, G(theta, z))).mean()

    def L_D(psi, theta):
        x_real = G(theta_star, z)
        slope = grad(lambda x: D(psi, x).sum())(x_real)
        fit = F.softplus(-D(psi, x_real)) + F.softplus(D(psi, G(theta, z)))
        return fit.mean() + gamma / 2 * slope.square().sum(1).mean()

    theta, psi = w[:4], w[4:]
    return -torch.cat([grad(L_G)(theta, psi), grad(L_D)(psi, theta)])


# %% [markdown]
# Eight seeds draw the hidden weights of $D$.

# %%
predict(
    "Of the 29 eigenvalues of one update, how many are exactly 1?",
    [
        ("None, the equilibrium is a single point", False, "The hidden weights may be anything there."),
        ("At least 18, one for each hidden weight", True, "With a zero output layer they have no gradient."),
        ("29, because nobody has a gradient", False, "Nobody has one there. One step aside they do."),
    ],
)


# %%
def equilibria(bias=True):
    w = []
    for seed in seeds.several(8):
        random = torch.Generator().manual_seed(seed)
        hidden = torch.randn(18, dtype=F64, generator=random)
        if not bias:
            hidden[12:] = 0
        w.append(torch.cat([theta_star, hidden, torch.zeros(7, dtype=F64)]))
    return torch.stack(w)


def spectrum(w, z, gamma):
    """Eigenvalues of the field at each of the states w: (8, 29)."""

    def one(state):
        return jacrev(velocity)(state, z, gamma)

    return torch.linalg.eigvals(vmap(one)(w))


# %%
line = torch.linspace(-1.5, 1.5, 64, dtype=F64)[:, None]
w_star = equilibria()
fields = {"no R1": spectrum(w_star, line, 0.0), "R1": spectrum(w_star, line, 0.3)}


def largest_step(values):
    """The limit of section 3, over the eigenvalues that move: (8,)."""
    limit = -2 * values.real / values.abs() ** 2
    return torch.where(values.abs() > 1e-7, limit, torch.inf).amin(1)


limits = {name: largest_step(values) for name, values in fields.items()}
table("largest learning rate that arrives", limits)

# %%
still = (fields["no R1"].abs() < 1e-7).sum(1)
claim("At least 18 eigenvalues are 0: these directions do not move.", still, above=17.5)
claim(
    "Without R1 the network arrives, with a small learning rate only.",
    limits["no R1"], between=(1e-6, 0.5),
)
claim("R1 lets it take steps of 0.6.", limits["R1"], above=0.6)

# %% [markdown]
# This verdict is new. In two parameters no learning rate works without R1, and here a small one does. What damps the network? The data have more than one point now. And the hidden units of $D$ do not vanish at the data, so $D$ feels its output weights even when fake and data agree. We test both. First we use one data point only, at 0. Then we also take the hidden biases away, so that all hidden units are 0 at that point.

# %%
point = torch.zeros(1, 1, dtype=F64)
one_point = spectrum(w_star, point, 0.0)
no_features = spectrum(equilibria(bias=False), point, 0.0)


def slowest(values):
    """Largest real part over the eigenvalues that move."""
    return torch.where(values.abs() > 1e-7, values.real, -torch.inf).amax(1)


claim("With one data point all real parts are negative, too.", slowest(one_point), below=-1e-7)
claim(
    "Without hidden units at the data they are 0, as with two parameters.",
    slowest(no_features).abs().max(), below=1e-12, exact=True,
)

# %% [markdown]
# So the number of points is not the reason. Hidden units that are active at the data are, and when they are removed, the damping goes. Now we predict a whole curve. If $G$ starts wrong by a small $\delta$, the error after $n$ steps should be $J^n\delta$.


# %%
def train(w, gamma, steps, h=0.5):
    def one(state):
        return velocity(state, line, gamma)

    path = [w]
    for _ in range(steps):
        path.append(path[-1] + h * vmap(one)(path[-1]))
    return torch.stack(path)


def forecast(w, delta, gamma, steps, h=0.5):
    """J^n δ for n = 0 … steps."""

    def one(state):
        return jacrev(velocity)(state, line, gamma)

    J = torch.eye(29, dtype=F64) + h * vmap(one)(w)
    path = [delta]
    for _ in range(steps):
        path.append((J @ path[-1][:, :, None])[:, :, 0])
    return torch.stack(path)


# %%
random = torch.Generator().manual_seed(seeds.one())
delta = torch.zeros(8, 29, dtype=F64)
delta[:, :4] = 1e-5 * F.normalize(torch.randn(8, 4, dtype=F64, generator=random), dim=1)
error = {}
expected = {}
for name, gamma in (("no R1", 0.0), ("R1", 0.3)):
    moved = train(w_star + delta, gamma, 500) - w_star
    foreseen = forecast(w_star, delta, gamma, 500)
    error[name] = moved[..., :4].norm(dim=-1)  # of G's four parameters
    expected[name] = foreseen[..., :4].norm(dim=-1)

# %% tags=["hide-input"]
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
left.plot(circle.real, circle.imag, color=plots.GREY, linewidth=1)
for name, color in (("no R1", plots.PINK), ("R1", plots.GREEN)):
    e = 1 + 0.5 * fields[name][fields[name].abs() > 1e-7]
    left.plot(e.real, e.imag, "o", color=color, alpha=0.5, markersize=5, markeredgewidth=0)
    right.semilogy(error[name][:, 0], color=color, linewidth=1.5, label=name)
    right.semilogy(expected[name][:, 0].clamp(max=30), "--", color=plots.DISC, linewidth=0.8)
left.set(xlim=(-0.25, 1.2), ylim=(-0.65, 0.65), aspect="equal", xlabel="real part", ylabel="imaginary part", title="eigenvalues that are not 1, $h=0.5$")
right.set(ylim=(1e-7, 20), xlabel="step", ylabel="error of $G$", title="first seed; dashed: $J^n\\delta$")
right.legend(loc="upper left")
alt = "Left: eigenvalues of one update in the complex plane, without R1 some lie outside the unit circle, with R1 all shown lie inside. Right: the error of the generator grows without R1 and falls with R1, on the dashed predictions until it is large."
plots.show(fig, alt=alt)

# %%
misses = []
for name in error:
    small = expected[name].cummax(0).values < 1e-3
    relative = (error[name] / expected[name] - 1).abs()
    misses.append(torch.where(small, relative, 0).amax(0))
claim("While the error is below 0.001, the curve is the predicted one.", torch.cat(misses), below=0.1)
claim("With R1 and h = 0.5 the error shrinks.", error["R1"][-1], below=0.9 * error["R1"][0])
claim("Without R1 it grows, and stays bounded.", error["no R1"].amax(0), between=(2e-5, 5.0))

# %% [markdown]
# The tool carries over to 29 parameters. *What this does not show:* that training finds the equilibrium from a random start, with Adam or batches, or when $G$ cannot be exact.
#
# ## 7 Choosing a learning rate without eigenvalues (11 min)
#
# In practice nobody computes eigenvalues, and a protocol remains.
#
# 1. Fix a budget, a measure and *selection seeds*.
# 2. Sweep the rate in factors of three, from too small to too large, once for each schedule.
# 3. Choose by the worst seed, not by the mean. Then report on *fresh seeds*.
#
# The data are the ring of lesson 02, with 800 rounds. `play_many` plays many games side by side, and `own_rates` gives each its own learning rate. The measure is the share of 2,500 fakes within three standard deviations of a cluster.

# %%
ring = data.ring(20_000, seed=seeds.one(), std=0.1)
CENTRES = data.ring_centres()


# %%
def ring_games(game_seeds):
    """Stacked players with their optimisers, batches and seeds of noise."""
    Gs, Ds, batches, noises = [], [], [], []
    for seed in game_seeds:
        Gs.append(mlp((4, 32, 32, 2), seed=2 * seed))
        Ds.append(mlp((2, 32, 32, 1), seed=2 * seed + 1))
        batches.append(data.batches(ring, 64, seed=seed, steps=600))
        noises.append(1000 + seed)
    G, D = stack(Gs), stack(Ds)
    opt_G = torch.optim.Adam(G.params.values(), lr=1.0, betas=(0.5, 0.9))
    opt_D = torch.optim.Adam(D.params.values(), lr=1.0, betas=(0.5, 0.9))
    game = play_many(G, D, opt_G, opt_D, batches, 4, seeds=noises)
    return G, opt_G, opt_D, game


# %%
def play_rings(rates, game_seeds, decays):
    """Share of good fakes of one game per entry of the three lists: (games,)."""
    rates = torch.tensor(rates)
    decays = torch.tensor(decays)
    G, opt_G, opt_D, game = ring_games(game_seeds)
    for k in progress(range(600), "rings"):
        part = torch.where(decays, 1 - k / 600, 1.0)  # linear, or constant
        own_rates(opt_G, rates * part)
        own_rates(opt_D, rates * part)
        next(game)
    z = torch.randn(2500, 4, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        x = G(z.expand(len(rates), -1, -1))
    distance = torch.cdist(x, CENTRES).amin(-1)
    return (distance < 0.3).float().mean(1)


# %%
LADDER = [1e-3, 3e-3, 1e-2, 3e-2]
four = seeds.several(4)
rates, game_seeds, decays = [], [], []
for decay in (False, True):
    for rate in LADDER:
        rates += [rate] * 4
        game_seeds += four
        decays += [decay] * 4
sweep = play_rings(rates, game_seeds, decays).view(2, 4, 4)  # schedule, rate, seed
worst = sweep.amin(2)
constant, decayed = [LADDER[k] for k in worst.argmax(1)]

# %%
fresh = seeds.several(108)[100:]  # eight others
rates = [constant] * 8 + [decayed] * 8
final = play_rings(rates, fresh * 2, [False] * 8 + [True] * 8).view(2, 8)
rows = {f"constant {constant:g}": final[0], f"decay from {decayed:g}": final[1]}
table("good fakes, fresh seeds", rows, unit="%")

# %% tags=["hide-input"]
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
for share, color, name in zip(sweep, (plots.PINK, plots.GREEN), ("constant", "decay"), strict=True):
    plots.curves(LADDER, share.T, label=name, color=color, ax=left)
left.set(xscale="log", xlabel="learning rate at the start", ylabel="share of good fakes", title="four selection seeds")
left.legend(loc="upper left")
right.plot([0, 1], final, "o-", color=plots.GREY, linewidth=0.8)
right.set_xticks([0, 1], list(rows))
right.set(xlim=(-0.4, 1.4), ylabel="share of good fakes", title="eight fresh seeds")
alt = "Left: share of good fakes against the learning rate, for a constant and a decaying rate. Right: the share on eight fresh seeds, one line per seed."
plots.show(fig, alt=alt)

# %%
claim("At the common rate 0.003 decay looks harmful.", sweep[1, 1], below=sweep[0, 1])
gap = final[1] - final[0]
claim("Decay has more good fakes in most fresh seeds.", gap > 0, in_at_least=5)
claim("Decay has more good fakes in the mean of the fresh seeds.", gap.mean(), above=0)

# %% [markdown]
# Left: at the one rate 0.003 decay looks harmful, and with a rate of its own it is the better schedule. Right: a line joins the two games of one seed, which begin with the same weights and see the same data. *What this does not show:* 600 rounds are few. The protocol carries over, but the rates belong to this ring and these networks.

# %%
how_sure()

# %% [markdown]
# ## Exercises (30 min)
#
# ### Exercise 4 · The hinge loss with R1
#
# ●●○ · 15 minutes · you need: section 3. Many GANs use the hinge loss, $L_D=\max(0,1-D(x_{real}))+\max(0,1+D(x_{fake}))$ and $L_G=-D(x_{fake})$. Write the field of the game of two parameters for this pair, with R1, $\tfrac\gamma2\psi^2$, added to $L_D$.


# %% tags=["exercise-4"]
def hinge_r1(w, gamma):
    """Velocities (…, 2) of θ and ψ at w (…, 2)."""
    return None  # ← your answer


# %% tags=["check-4"]
nb03.check_4(hinge_r1)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# Write both losses with $D(x)=\psi x$, real data at 0 and the fake at $\theta$. The
# velocities are $-\partial L_G/\partial\theta$ and $-\partial L_D/\partial\psi$.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# The first maximum has $D(0)=0$ in it, whatever $\psi$ is, so it sends no velocity. The
# second one has slope $\theta$ while $\theta\psi>-1$ and slope 0 below, and R1 adds
# $-\gamma\psi$ at all times.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def hinge_r1(w, gamma):
#     theta, psi = w.unbind(-1)
#     active = (theta * psi > -1).to(w.dtype)
#     return torch.stack([psi, -theta * active - gamma * psi], -1)
# ```
# Near the equilibrium `active` is 1: the bilinear game plus damping, twice as strong as minimax, so $\gamma_{crit}=2$.
# </details>
#
# ### Exercise 5 · Reading a rate off a run
#
# ●●● · 15 minutes · you need: sections 1 and 4. `radii` holds a run's distances from the equilibrium; they *oscillate* while they grow or shrink. Return the factor per
# step, right to 0.002.


# %% tags=["exercise-5"]
def growth_per_step(radii):
    """Factor per step of a run; radii: positive tensor (n,)."""
    return None  # ← your answer


# %% tags=["check-5"]
nb03.check_5(growth_per_step)

# %% [markdown]
# <details><summary>Hint: first step</summary>
#
# In which drawing of the radii is a constant factor per step a straight line? Use all
# points, because the two ends oscillate.
# </details>
#
# <details><summary>Hint: almost there</summary>
#
# Fit a straight line to the logarithms of the radii, with an intercept. The factor per
# step is the exponential of its slope.
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def growth_per_step(radii):
#     n = torch.arange(len(radii), dtype=torch.float64)
#     n = n - n.mean()
#     return ((n * radii.double().log()).sum() / n.square().sum()).exp()
# ```
# </details>
#
# ## Recap (1 min)
#
# 1. One number predicts eight rules; three of them arrive, if the learning rate is small ([section 1](#1-Eight-rules,-one-number-each-(16-min))). Adam has no such number, and drifts for thousands of steps ([section 2](#2-Adam,-where-the-prediction-has-to-stop-(8-min))).
# 2. R1, instance noise and consensus move the eigenvalues to the left; clipping and WGAN-GP do not come to rest there ([section 3](#3-Seven-games-(20-min))).
# 3. Where $\rho$ is exactly 1 it decides nothing: minimax creeps out, the non-saturating game creeps in ([section 4](#4-Where-linearisation-stops-(6-min))).
# 4. No pair of rates makes the game without a penalty arrive, and the faster player depends on what is held fixed ([section 5](#5-Two-learning-rates,-and-steps-per-player-(11-min))).
# 5. In a network hidden units that are active at the data add damping, and eigenvalues still predict the run ([section 6](#6-The-eigenvalues-of-a-network's-game-(17-min))); elsewhere sweep the rate once per schedule, and report on fresh seeds ([section 7](#7-Choosing-a-learning-rate-without-eigenvalues-(11-min))).
#
# **Further reading.** Mescheder, Geiger and Nowozin 2018, *Which Training Methods for GANs do actually Converge?* · Mescheder, Nowozin and Geiger 2017, *The Numerics of GANs* (consensus) · Gidel et al. 2019, *Negative Momentum for Improved Game Dynamics* · Daskalakis et al. 2018, *Training GANs with Optimism*.
